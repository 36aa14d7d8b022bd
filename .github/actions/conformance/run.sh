#!/usr/bin/env bash
# Runs the suite, or merges what parts of it found, and writes the reports. The verdict is left to verdict.sh, so that the reports are uploaded first.
#
#   SUITE, DRIVER, PROFILE, PROVIDER, OPTIONS, PARTITION, MERGE, FORMATS, REPORTS   the inputs of the action
set -euo pipefail

mkdir -p "${REPORTS:?}"
name=report
if [[ -n "${MERGE:-}" ]]; then
    shopt -s nullglob
    parts=("$MERGE"/*.json)
    if ((${#parts[@]} == 0)); then
        echo "::error title=machine-conformance::merge: there are no JSON reports in $MERGE"
        exit 2
    fi
    arguments=(report merge "${parts[@]}")
else
    arguments=(run)
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
fi
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
"${SUITE:?}" "${arguments[@]}" || code=$?

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
