//! Errors: there when they must be, and useful to whoever reads them.

use machine_driver::State;
use machine_mock_providers::faults::{FaultKind, FaultPlan, When};

use super::plugin::{is_crash, life::live_if_alone};
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
};

pub(crate) const CHECKS: &[Check] = &[
    UNSUPPORTED_POWER_IS_REFUSED,
    UNSUPPORTED_RESTART_IS_REFUSED,
    NOT_FOUND_MEANS_GONE,
    HAVE_TEXT,
    DO_NOT_END_THE_PROCESS,
];

/// What rancher-machine looks for in errors of Remove and GetState, in any case.
const GONE: &str = "not found";

const UNSUPPORTED_POWER_IS_REFUSED: Check = Check {
    id: "errors::unsupported_power_is_refused",
    title: "Start, Stop and Kill fail if the driver cannot do them, and change nothing",
    clauses: &["KILL-007", "ERR-004"],
    needs: &[Need::NoPower, Need::Machine],
    why: "Hosts take nil for done, and then wait three minutes for a state that never comes.",
    good: "\"this driver does not support stop\"; the state is what it was.",
    bad: "Stop returns nil, and the machine runs on.",
    run: |cx| {
        Box::pin(async move {
            let machine = existing(&cx).await?;
            let session = machine.session();
            let before = session.state().await;
            cx.rule("KILL-007").fails(&session.stop().await, "Stop");
            cx.rule("KILL-007").fails(&session.kill().await, "Kill");
            cx.rule("KILL-007").fails(&session.start().await, "Start");
            if let Ok(before) = before {
                cx.rule("KILL-007").answers(
                    "GetState after refused operations",
                    &before,
                    &session.state().await,
                );
            }
            Ok(())
        })
    },
};

const UNSUPPORTED_RESTART_IS_REFUSED: Check = Check {
    id: "errors::unsupported_restart_is_refused",
    title: "Restart fails if the driver cannot do it",
    clauses: &["KILL-007", "ERR-004"],
    needs: &[Need::NoPower, Need::Machine],
    why: "Users restart a machine to get rid of a problem; they must know that nothing happened.",
    good: "\"hosts without a driver cannot be restarted\".",
    bad: "Restart returns nil, and the guest was up all the time.",
    run: |cx| {
        Box::pin(async move {
            let machine = existing(&cx).await?;
            let session = machine.session();
            let before = if cx.offers(Need::Guest) { cx.boot_id(&machine).await.ok() } else { None };
            if session.restart().await.is_err() {
                return Ok(());
            }
            // A driver without power may still reboot its guest; then nil is right.
            let Some(before) = before else {
                let alive = matches!(session.state().await, Ok(State::Running));
                if alive {
                    return Err(Stop::NotTested(
                        "Restart returned nil, and the suite cannot look into the guest".to_owned(),
                    ));
                }
                cx.rule("KILL-007").broken(
                    "Restart returns an error",
                    "Restart returned nil for a machine that does not run",
                );
                return Ok(());
            };
            cx.rule("KILL-007").succeeds(
                &cx.boot_id_changes(&machine, &before).await,
                "Restart returned nil; waiting for another boot of the guest",
            );
            Ok(())
        })
    },
};

/// Why a provider fails that does not find something else than the machine.
const SOMETHING_ELSE: &str = "the controller of the rack was not found";

const NOT_FOUND_MEANS_GONE: Check = Check {
    id: "errors::not_found_means_gone",
    title: "Errors say \"not found\" only if the machine itself is gone",
    clauses: &["ERR-007"],
    needs: &[Need::Machine, Need::Faults],
    why: "rancher-machine takes an error with these words for success of Remove, and for the state Not Found.",
    good: "With refused credentials Remove fails with \"the provider refuses the token\".",
    bad: "It fails with \"rack controller not found\", as the provider says: the machine is forgotten, and its server runs on.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().revoke_credentials().await?;
            says_not_gone(&cx, &machine, "while the provider refuses the credentials").await?;
            cx.tenant().heal().await?;
            cx.tenant().break_provider().await?;
            says_not_gone(&cx, &machine, "while the provider fails").await?;
            cx.tenant().heal().await?;
            let elsewhere = FaultKind::failing(SOMETHING_ELSE);
            if cx.tenant().can_inject(&elsewhere) {
                cx.tenant().set_faults(FaultPlan::one(When::always(), elsewhere)).await?;
                says_not_gone(&cx, &machine, "while the provider misses something of its own").await?;
                cx.tenant().heal().await?;
            }
            Ok(())
        })
    },
};

const HAVE_TEXT: Check = Check {
    id: "errors::have_text",
    title: "Every error of this run says what went wrong",
    clauses: &["ERR-001"],
    needs: &[Need::WholeRun],
    why: "Only the text of an error crosses the plugin protocol; types and causes are lost.",
    good: "\"start server 81: provider answered 503: maintenance\".",
    bad: "\"exit status 1\", or nothing at all.",
    run: |cx| {
        Box::pin(async move {
            let lived = live_if_alone(&cx).await;
            for what in cx.observations().empty_errors {
                cx.rule("ERR-001").broken("an error that says what went wrong", what);
            }
            lived
        })
    },
};

const DO_NOT_END_THE_PROCESS: Check = Check {
    id: "errors::do_not_end_the_process",
    title: "No method of this run ended the driver's process instead of returning an error",
    clauses: &["ERR-008"],
    needs: &[Need::Process, Need::WholeRun],
    why: "Whoever calls log.Fatal in a driver takes the error away from the host, which only sees the connection end.",
    good: "Every error came back as the answer to its call.",
    bad: "GetIP of a stopped machine ends the process with status 1.",
    run: |cx| {
        Box::pin(async move {
            let lived = live_if_alone(&cx).await;
            for (method, how) in cx.observations().deaths.into_iter().filter(|(_, how)| !is_crash(how)) {
                cx.rule("ERR-008").broken(format!("the process survives {method}"), how);
            }
            lived
        })
    },
};

/// A machine that was created, whatever state it is in.
async fn existing(cx: &Context) -> Result<std::sync::Arc<Machine>, Stop> {
    let machine = cx.configured().await?;
    machine.create().await.map_err(|error| cx.prerequisite("Create", &error))?;
    Ok(machine)
}

/// Looks at the errors of a machine that exists. No error at all is a matter of other checks.
async fn says_not_gone(cx: &Context, machine: &Machine, when: &str) -> Result<(), Stop> {
    let session = machine.fresh_process().await?;
    let outcomes = [
        ("GetState", session.state().await.map(drop)),
        ("GetURL", session.url().await.map(drop)),
        ("Remove", session.remove().await),
    ];
    for (method, outcome) in outcomes {
        let Err(error) = outcome else { continue };
        let text = error.to_string();
        cx.rule("ERR-007").holds(
            !text.to_lowercase().contains(GONE),
            format!("{method} {when} fails without the words \"{GONE}\", for the machine is there"),
            || text.clone(),
        );
    }
    Ok(())
}
