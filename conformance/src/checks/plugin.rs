//! The executable as a plugin: start, end, and what it says beside its answers.

mod calls;
pub(super) mod life;
mod lines;
pub(super) mod processes;
pub(super) mod raw;
mod start;
mod surroundings;

use std::{collections::BTreeMap, time::Instant};

use machine_driver::plugin::HEARTBEAT_TIMEOUT_VARIABLE;

use crate::check::{Check, Need};

use processes::descendants;

pub(crate) const CHECKS: &[Check] = &[
    // Takes 10 s of waiting with most drivers, so it begins first.
    ENDS_WITHOUT_HEARTBEATS,
    start::FIRST_LINE_IS_THE_ADDRESS,
    start::ADDRESS_COMES_IN_TIME,
    start::NEEDS_THE_TOKEN,
    start::MANY_PROCESSES_RUN_AT_ONCE,
    calls::OFFERS_EVERY_METHOD,
    calls::ANSWERS_DURING_CREATE,
    CLOSE_ENDS_THE_PROCESS,
    surroundings::READS_NO_INPUT,
    surroundings::OPENS_NO_BROWSER,
    lines::GO_TO_THE_RIGHT_STREAM,
    lines::ARE_SHORT_ENOUGH,
    NEVER_PANICS,
];

const ENDS_WITHOUT_HEARTBEATS: Check = Check {
    id: "plugin::ends_without_heartbeats",
    title: "Without heartbeats the process ends by itself",
    clauses: &["PLUG-005"],
    needs: &[Need::Process],
    why: "A host that is killed cannot say good-bye; its plugins must not stay for ever.",
    good: "10 s after the last heartbeat the process ends with status 1.",
    bad: "It goes on running until somebody finds it.",
    run: |cx| {
        Box::pin(async move {
            // Drivers on this SDK shorten their 10 s on request, so that the check need not take as long.
            let shortened = BTreeMap::from([(HEARTBEAT_TIMEOUT_VARIABLE.to_owned(), "1".to_owned())]);
            let session = cx.process_in(shortened).await?;
            let host = raw::host(&session)?;
            host.pause_heartbeat();
            let limit = cx.limits().process_waits().scale(cx.limits().orphan().deadline);
            let exit = host.wait_exit(limit).await;
            cx.rule("PLUG-005").holds(
                exit.is_some(),
                "the process ends about 10 s after the last heartbeat",
                || format!("it still runs after {:.0} s", limit.as_secs_f64()),
            );
            Ok(())
        })
    },
};

const CLOSE_ENDS_THE_PROCESS: Check = Check {
    id: "plugin::close_ends_the_process",
    title: "Close ends the process at once, with status 0 and without children",
    clauses: &["PLUG-006"],
    needs: &[Need::Process],
    why: "Hosts start a process for every machine and command and do not wait for their ends.",
    good: "Within a moment after Close the process has ended with status 0.",
    bad: "It waits for a connection to the provider, or leaves a helper process behind.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.named().await?;
            let session = machine.session();
            let host = raw::host(&session)?;
            let children = descendants(host.pid()).unwrap_or_default();
            let (started, limit) =
                (Instant::now(), cx.limits().process_waits().scale(cx.limits().exit().deadline));
            session.close().await;
            let exit = host.wait_exit(limit).await;
            let seconds = started.elapsed().as_secs_f64();
            cx.rule("PLUG-006").holds(
                exit.is_some_and(|status| status.code() == Some(0)),
                format!("the process ends with status 0 within {:.0} s after Close", limit.as_secs_f64()),
                || {
                    exit.map_or_else(
                        || format!("it still runs after {seconds:.1} s"),
                        |status| format!("{status} after {seconds:.1} s"),
                    )
                },
            );
            let mut left = children;
            left.retain(|pid, command_line| processes::is_running(*pid, command_line));
            cx.rule("PLUG-006")
                .holds(left.is_empty(), "no children left after Close", || format!("{left:?}"));
            Ok(())
        })
    },
};

const NEVER_PANICS: Check = Check {
    id: "plugin::never_panics",
    title: "No method panicked or crashed in this run",
    clauses: &["PLUG-007"],
    needs: &[Need::WholeRun],
    why: "A panic ends the process; the user reads \"unexpected EOF\", and what the method had made is forgotten.",
    good: "Every call of the run got an answer.",
    bad: "Remove of a machine that was never created follows an unset pointer; exit status 2.",
    run: |cx| {
        Box::pin(async move {
            let lived = life::live_if_alone(&cx).await;
            let observed = cx.observations();
            for (method, text) in observed.panics {
                cx.rule("PLUG-007").broken(format!("{method} does not panic"), text);
            }
            for (method, how) in observed.deaths.into_iter().filter(|(_, how)| is_crash(how)) {
                cx.rule("PLUG-007").broken(format!("the process survives {method}"), how);
            }
            lived
        })
    },
};

/// Whether a process ended in a way that only a crash has: a signal, or the status of a panic in Go (2) or Rust
/// (101). Every other status is a deliberate exit (ERR-008).
pub(super) fn is_crash(how: &str) -> bool {
    match how.split_once("exit status: ") {
        Some((_, status)) => {
            let digits: String = status.chars().take_while(char::is_ascii_digit).collect();
            matches!(digits.as_str(), "2" | "101")
        }
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::is_crash;

    #[test]
    fn crashes_are_told_from_exits() {
        for how in [
            "the process ended: exit status: 2",
            "exit status: 101",
            "signal: 6 (SIGABRT)",
            "the connection broke",
        ] {
            assert!(is_crash(how), "{how}");
        }
        for how in
            ["the process ended: exit status: 1", "exit status: 0", "exit status: 255", "exit status: 20"]
        {
            assert!(!is_crash(how), "{how}");
        }
    }
}
