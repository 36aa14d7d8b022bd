#!/usr/bin/env bash
# Runs the suite and writes the reports. The verdict is left to verdict.sh, so that the reports are uploaded first.
#
#   SUITE, DRIVER, PROFILE, PROVIDER, OPTIONS, PARTITION, FORMATS, REPORTS   the inputs of the action
set -euo pipefail

mkdir -p "${REPORTS:?}"
name=report
arguments=()
[[ -z "${DRIVER:-}" ]] || arguments+=("$DRIVER")
[[ -z "${PROFILE:-}" ]] || arguments+=(--profile "$PROFILE")
[[ -z "${PROVIDER:-}" ]] || arguments+=(--provider "$PROVIDER")
if [[ -n "${PARTITION:-}" ]]; then
    arguments+=(--partition "$PARTITION")
    name="report-$(tr -c '[:alnum:]\n' - <<<"$PARTITION")" # parts may end up in one folder
fi
while read -r -a words; do
    arguments+=("${words[@]}")
done <<<"${OPTIONS:-}"
for format in ${FORMATS:-json}; do
    case "$format" in
        github) [[ -z "${GITHUB_STEP_SUMMARY:-}" ]] || arguments+=(--report "github=$GITHUB_STEP_SUMMARY") ;;
        junit) arguments+=(--report "junit=$REPORTS/$name.xml") ;;
        badge) arguments+=(--report "badge=$REPORTS/$name.svg") ;;
        submission) arguments+=(--report "submission=$REPORTS/$name") ;;
        *) arguments+=(--report "$format=$REPORTS/$name.$format") ;;
    esac
done

code=0
"${SUITE:?}" run "${arguments[@]}" || code=$?

verdict="" warnings=0
if [[ -s "$REPORTS/$name.json" ]]; then
    verdict="$(sed -n 's/^  "verdict": "\(.*\)",\{0,1\}$/\1/p' "$REPORTS/$name.json" | head -n 1)"
    warnings="$(grep -c '^      "verdict": "warn"' "$REPORTS/$name.json" || true)"
fi
{
    echo "exit-code=$code"
    echo "verdict=$verdict"
    echo "warnings=$warnings"
    echo "reports=$REPORTS"
} >>"${GITHUB_OUTPUT:?}"
