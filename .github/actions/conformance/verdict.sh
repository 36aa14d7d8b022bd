#!/usr/bin/env bash
# The last step: fails by the level that the user chose.
#
#   EXIT_CODE   of the suite
#   WARNINGS    number of checks that warned
#   FAIL_ON     must, should or never
set -euo pipefail

fail() {
    echo "::error title=machine-conformance::$1"
    exit "$2"
}

[[ "${EXIT_CODE:-}" =~ ^[0-9]+$ ]] || fail "the suite did not run" 3
case "${FAIL_ON:-must}" in
    must | should | never) ;;
    *) fail "fail-on: write must, should or never, not \"$FAIL_ON\"" 2 ;;
esac
case "$EXIT_CODE" in
    0)
        if [[ "$FAIL_ON" == should ]] && ((${WARNINGS:-0} > 0)); then
            fail "the driver breaks a SHOULD: $WARNINGS warned" 1
        fi
        ;;
    1)
        [[ "$FAIL_ON" == never ]] || fail "the driver is not conformant" 1
        echo "The driver is not conformant; the step passes because of fail-on: never."
        ;;
    2) fail "the inputs or the profile are wrong" 2 ;;
    3) fail "the environment is at fault, not the driver" 3 ;;
    4) [[ "$FAIL_ON" == never ]] || fail "nothing ran, so nothing can be said about the driver" 4 ;;
    *) fail "the suite ended with exit code $EXIT_CODE" "$EXIT_CODE" ;;
esac
