//! How the executable begins.

use std::{collections::BTreeSet, process::Output};

use futures_util::future::join_all;
use machine_driver::plugin::TOKEN_VARIABLE;
use tokio::time::timeout;

use super::raw::{self, answers_as_plugin, first_line, is_address};
use crate::{
    check::{Check, Need, Stop},
    checks::name::isolation::Isolation,
    context::Context,
};

/// Processes that run at once (PLUG-012).
const MANY: usize = 20;

pub(super) const FIRST_LINE_IS_THE_ADDRESS: Check = Check {
    id: "plugin::first_line_is_the_address",
    title: "The first line on standard output is the address of the RPC server",
    clauses: &["PLUG-001"],
    needs: &[Need::Process],
    why: "Hosts read one line and dial it, whatever it says.",
    good: "127.0.0.1:46087",
    bad: "A library prints its banner first; the host says \"dial tcp: missing address\".",
    run: |cx| {
        Box::pin(async move {
            let limit = cx.limits().process_waits().scale(cx.limits().orphan().deadline);
            let line = first_line(&cx, [], limit).await?;
            let Some(text) = &line.text else {
                let fate = line.exit.map_or_else(
                    || "nothing came".to_owned(),
                    |status| format!("the process ended: {status}"),
                );
                cx.rule("PLUG-001").broken("host:port on the first line of standard output", fate);
                return Ok(());
            };
            if cx.rule("PLUG-001").holds(
                is_address(text),
                "host:port on the first line of standard output",
                || format!("{text:?}"),
            ) && let Err(problem) = answers_as_plugin(text.trim(), cx.limits().getter()).await
            {
                cx.rule("PLUG-001").broken(format!("an RPC server at {}", text.trim()), problem);
            }
            Ok(())
        })
    },
};

pub(super) const ADDRESS_COMES_IN_TIME: Check = Check {
    id: "plugin::address_comes_in_time",
    title: "The address line comes within 10 s, with or without a network",
    clauses: &["PLUG-002"],
    needs: &[Need::Process],
    why: "Hosts wait no longer; the user reads \"Failed to dial the plugin server in 10s\".",
    good: "The line is there before anything else is initialised.",
    bad: "The driver looks for a newer version of itself first, and waits for an answer.",
    run: |cx| {
        Box::pin(async move {
            let quiet = Isolation::new(&cx).await?;
            let waits = cx.limits().process_waits();
            let (limit, patience) =
                (waits.scale(cx.limits().address().deadline), waits.scale(cx.limits().orphan().deadline));
            for (surroundings, environment) in
                [("", Default::default()), (" without network", quiet.environment())]
            {
                let line = first_line(&cx, environment, patience).await?;
                let expected = format!("the address line within {:.0} s{surroundings}", limit.as_secs_f64());
                match (&line.text, line.exit) {
                    (Some(_), _) => {
                        let seconds = line.after.as_secs_f64();
                        cx.rule("PLUG-002")
                            .holds(line.after <= limit, expected, || format!("it came after {seconds:.1} s"));
                    }
                    // That there is none at all is the matter of another check.
                    (None, Some(status)) if surroundings.is_empty() => {
                        return Err(Stop::Prerequisite(format!(
                            "the process ended before it printed an address: {status}"
                        )));
                    }
                    (None, Some(status)) => {
                        cx.rule("PLUG-002").broken(expected, format!("the process ended: {status}"));
                    }
                    (None, None) => cx
                        .rule("PLUG-002")
                        .broken(expected, format!("no line in {:.1} s", line.after.as_secs_f64())),
                }
            }
            Ok(())
        })
    },
};

pub(super) const NEEDS_THE_TOKEN: Check = Check {
    id: "plugin::needs_the_token",
    title: "Started by hand the executable says what it is, and fails",
    clauses: &["PLUG-003"],
    needs: &[Need::Process],
    why: "Users find the executable in their PATH and try it.",
    good: "\"This is a plugin\" on standard error, exit status 1.",
    bad: "It prints an address and waits for a host that never comes.",
    run: |cx| {
        Box::pin(async move {
            if cx.executable()?.selected_name().is_some() {
                return Err(Stop::NotApplicable(
                    "the executable is more than a plugin: without the token it is something else".to_owned(),
                ));
            }
            for token in [None, Some("41")] {
                let start = token.map_or_else(
                    || format!("without {TOKEN_VARIABLE}"),
                    |token| format!("with {TOKEN_VARIABLE}={token}"),
                );
                match started_by_hand(&cx, token).await? {
                    None => cx
                        .rule("PLUG-003")
                        .broken(format!("{start} the executable ends"), "it went on running"),
                    Some(output) => {
                        cx.rule("PLUG-003").holds(
                            !output.status.success(),
                            format!("{start} an exit status that is not 0"),
                            || output.status.to_string(),
                        );
                        let notice = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                        cx.rule("PLUG-003").holds(
                            !notice.is_empty(),
                            format!("{start} a notice on standard error"),
                            || {
                                format!(
                                    "nothing there, and {:?} on standard output",
                                    String::from_utf8_lossy(&output.stdout).trim()
                                )
                            },
                        );
                    }
                }
            }
            Ok(())
        })
    },
};

pub(super) const MANY_PROCESSES_RUN_AT_ONCE: Check = Check {
    id: "plugin::many_processes_run_at_once",
    title: "Twenty processes of the driver run at once",
    clauses: &["PLUG-012"],
    needs: &[Need::Process],
    why: "`ls` starts one process for every machine, all at the same time.",
    good: "Twenty processes print twenty addresses, and each answers.",
    bad: "The second one fails, because the first one holds a lock or a fixed port.",
    run: |cx| {
        Box::pin(async move {
            // Whether it starts at all is the matter of other checks.
            let first = cx.process().await?;
            let started = join_all((1..MANY).map(|_| cx.try_process(Default::default()))).await;
            let failures: Vec<String> =
                started.iter().filter_map(|one| one.as_ref().err().map(ToString::to_string)).collect();
            let sessions: Vec<_> = std::iter::once(first).chain(started.into_iter().flatten()).collect();
            cx.rule("PLUG-012").holds(failures.is_empty(), format!("{MANY} processes start"), || {
                format!(
                    "{} of them failed, the first with: {}",
                    failures.len(),
                    failures.first().cloned().unwrap_or_default()
                )
            });
            let names = join_all(sessions.iter().map(|session| session.driver_name())).await;
            for error in names.iter().filter_map(|name| name.as_ref().err()) {
                cx.rule("PLUG-012")
                    .broken(format!("each of {} processes answers DriverName", sessions.len()), error);
            }
            let mut addresses = BTreeSet::new();
            for session in &sessions {
                addresses.insert(raw::host(session)?.address_line().to_owned());
            }
            cx.rule("PLUG-012").equals(
                "the number of different addresses",
                &sessions.len(),
                &addresses.len(),
            );
            join_all(sessions.iter().map(|session| session.close())).await;
            Ok(())
        })
    },
};

/// Runs the executable as a user does; `None` if it does not end.
async fn started_by_hand(cx: &Context, token: Option<&str>) -> Result<Option<Output>, Stop> {
    let mut command = cx.executable()?.plain_command();
    command.envs(token.map(|token| (TOKEN_VARIABLE, token)));
    let limit = cx.limits().process_waits().scale(cx.limits().exit().deadline);
    match timeout(limit, command.output()).await {
        Ok(Ok(output)) => Ok(Some(output)),
        Ok(Err(error)) => Err(Stop::Environment(format!("the executable cannot be started: {error}"))),
        Err(_) => Ok(None),
    }
}
