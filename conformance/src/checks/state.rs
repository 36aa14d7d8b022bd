//! GetState: the provider's truth, now.

use std::collections::BTreeSet;

use machine_driver::{ErrorKind, State};

use crate::{
    check::{Check, Need},
    world::Transition,
};

pub(crate) const CHECKS: &[Check] = &[
    BEFORE_CREATE,
    DECLARED_VALUES,
    SEEN_FROM_A_FRESH_PROCESS,
    POWERED_OFF_IS_STOPPED,
    VANISHED_IS_NOT_ALIVE,
    UNKNOWN_IS_AN_ERROR,
    GETTERS_ONLY_READ,
    ANSWERS_FOR_A_HUNG_GUEST,
    TRANSITIONS_ARE_TOLD,
    SUSPENDED_IS_TOLD,
];

const BEFORE_CREATE: Check = Check {
    id: "state::before_create",
    title: "Getters of a machine that was never created neither crash nor claim that it lives",
    clauses: &["STATE-010"],
    needs: &[],
    why: "`ls` and `status` run while another process is still in Create.",
    good: "GetState fails, or answers 0 (None); the process lives.",
    bad: "GetState answers 1 (Running), or the process dies of a missing id.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let session = machine.session();
            let state = session.state().await;
            if let Ok(state) = state {
                let accepted = [State::None, State::Error, State::Starting, State::NotFound];
                // A driver that owns no instance reports a host that exists before Create.
                let owns_instances = cx.offers(Need::Inventory);
                cx.rule("STATE-010").holds(
                    accepted.contains(&state) || !owns_instances,
                    "an error, None, Error or Starting before Create",
                    || state.to_string(),
                );
            }
            let outcomes = [
                ("GetIP", session.ip().await.err()),
                ("GetURL", session.url().await.err()),
                ("GetSSHHostname", session.ssh_hostname().await.err()),
                ("GetState", session.state().await.err()),
            ];
            for (method, error) in outcomes {
                let crashed = error.as_ref().is_some_and(|error| {
                    matches!(error.kind(), ErrorKind::Connection | ErrorKind::Panic)
                        || error.to_string().contains("Panic in the driver")
                });
                cx.rule("STATE-010").holds(!crashed, format!("{method} answers before Create"), || {
                    format!(
                        "{method} ended the process: {}",
                        error.map(|error| error.to_string()).unwrap_or_default()
                    )
                });
            }
            Ok(())
        })
    },
};

const DECLARED_VALUES: Check = Check {
    id: "state::declared_values",
    title: "GetState answers only with declared numbers",
    clauses: &["STATE-009"],
    needs: &[Need::Machine],
    why: "Hosts print every other number as an empty text.",
    good: "0 to 8, or 9 for rancher-machine.",
    bad: "16, a number of the provider.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let mut answers = vec![("before Create", machine.session().state().await)];
            machine.create().await.map_err(|error| cx.prerequisite("Create", &error))?;
            answers.push(("after Create", machine.session().state().await));
            if cx.offers(Need::Power) && machine.stop().await.is_ok() {
                answers.push(("after Stop", machine.session().state().await));
            }
            for (when, answer) in answers {
                let undeclared = answer.as_ref().err().filter(|error| error.kind() == ErrorKind::Protocol);
                cx.rule("STATE-009").holds(undeclared.is_none(), format!("a declared state {when}"), || {
                    undeclared.map(ToString::to_string).unwrap_or_default()
                });
            }
            Ok(())
        })
    },
};

const SEEN_FROM_A_FRESH_PROCESS: Check = Check {
    id: "state::seen_from_a_fresh_process",
    title: "A stop behind the driver's back is seen by the same and by a fresh process",
    clauses: &["STATE-002"],
    needs: &[Need::Machine, Need::OutOfBand],
    why: "People use the provider's console too; a remembered state leads hosts to wrong actions.",
    good: "The instance is powered off at the provider, and the next GetState answers 4 (Stopped).",
    bad: "GetState answers from the record.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.fresh_process().await?;
            session.state().await.map_err(|error| cx.prerequisite("GetState", &error))?;
            cx.tenant().power_off(machine.name()).await?;
            let seen = session.state().await;
            let not_running = !matches!(seen, Ok(State::Running));
            cx.rule("STATE-002")
                .holds(not_running, "not Running after a power-off at the provider", || "Running".to_owned());
            let fresh = machine.fresh_process().await?.state().await;
            let not_running = !matches!(fresh, Ok(State::Running));
            cx.rule("STATE-002")
                .holds(not_running, "not Running in a fresh process", || "Running".to_owned());
            Ok(())
        })
    },
};

const POWERED_OFF_IS_STOPPED: Check = Check {
    id: "state::powered_off_is_stopped",
    title: "A machine that is powered off is Stopped",
    clauses: &["STATE-003"],
    needs: &[Need::Machine, Need::OutOfBand],
    why: "Only from Stopped does `start` start it again.",
    good: "The instance is powered off at the provider, and GetState answers 4 (Stopped).",
    bad: "GetState answers 7 (Error) or 0 (None).",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().power_off(machine.name()).await?;
            machine.fresh_process().await?;
            cx.rule("STATE-003")
                .succeeds(&machine.settle(State::Stopped).await, "waiting for Stopped after a power-off");
            Ok(())
        })
    },
};

const VANISHED_IS_NOT_ALIVE: Check = Check {
    id: "state::vanished_is_not_alive",
    title: "A vanished instance is neither Running nor Stopped",
    clauses: &["STATE-006"],
    needs: &[Need::Machine, Need::OutOfBand],
    why: "Stopped makes hosts start it, Running makes them wait for it; both for ever.",
    good: "GetState fails, or answers None, Error or Not Found.",
    bad: "GetState answers 4 (Stopped).",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().delete_instance(machine.name()).await?;
            if let Ok(state) = machine.fresh_process().await?.state().await {
                let wrong = [State::Running, State::Stopped, State::Paused, State::Saved];
                cx.rule("STATE-006").holds(
                    !wrong.contains(&state),
                    "an error, None, Error or Not Found for a deleted instance",
                    || state.to_string(),
                );
            }
            Ok(())
        })
    },
};

const UNKNOWN_IS_AN_ERROR: Check = Check {
    id: "state::unknown_is_an_error",
    title: "If the provider cannot be asked, GetState fails",
    clauses: &["STATE-005"],
    needs: &[Need::Machine, Need::Faults],
    why: "An invented state starts, stops or re-creates machines.",
    good: "The provider answers 500 or 401, and GetState returns its reason as an error.",
    bad: "GetState answers 4 (Stopped) while the provider is down.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.fresh_process().await?;
            cx.tenant().break_provider().await?;
            cx.rule("STATE-005").fails(&session.state().await, "GetState while the provider answers 500");
            cx.tenant().heal().await?;
            cx.tenant().revoke_credentials().await?;
            cx.rule("STATE-005").fails(&session.state().await, "GetState while the provider answers 401");
            cx.tenant().heal().await?;
            Ok(())
        })
    },
};

const GETTERS_ONLY_READ: Check = Check {
    id: "state::getters_only_read",
    title: "Getters change nothing at the provider",
    clauses: &["STATE-007"],
    needs: &[Need::Machine, Need::RequestLog],
    why: "Hosts poll them every few seconds.",
    good: "Twenty rounds of all getters, and the provider's log has only reads.",
    bad: "GetIP allocates an address.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.fresh_process().await?;
            let before = cx.tenant().requests().await?.len();
            for _ in 0..20 {
                // Only the effects count here; answers are judged by other checks.
                let _ = (session.state().await, session.ip().await, session.url().await);
                let _ =
                    (session.ssh_hostname().await, session.ssh_port().await, session.ssh_username().await);
                let _ =
                    (session.ssh_key_path().await, session.machine_name().await, session.driver_name().await);
            }
            let writes: BTreeSet<_> = cx
                .tenant()
                .requests()
                .await?
                .split_off(before)
                .into_iter()
                .filter(|request| request.mutating)
                .map(|request| request.operation)
                .collect();
            cx.rule("STATE-007").holds(writes.is_empty(), "getters that only read", || format!("{writes:?}"));
            Ok(())
        })
    },
};

const ANSWERS_FOR_A_HUNG_GUEST: Check = Check {
    id: "state::answers_for_a_hung_guest",
    title: "GetState works while the guest hangs",
    clauses: &["STATE-014"],
    needs: &[Need::Machine, Need::OutOfBand, Need::Guest],
    why: "A hung machine is when people look at its state.",
    good: "The guest stops answering, and GetState answers 1 (Running) from the provider.",
    bad: "GetState waits for SSH and fails.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().freeze_guest(machine.name()).await?;
            let state = machine.fresh_process().await?.state().await;
            cx.rule("STATE-014").answers("GetState while the guest hangs", &State::Running, &state);
            Ok(())
        })
    },
};

const TRANSITIONS_ARE_TOLD: Check = Check {
    id: "state::transitions_are_told",
    title: "A machine that comes up is Starting, one that goes down is Stopping",
    clauses: &["STATE-004"],
    needs: &[Need::Machine, Need::Transitions],
    why: "A host that is told Running takes a machine that goes down for one that works.",
    good: "The provider says `shutting-down`, and GetState answers 5 (Stopping).",
    bad: "GetState answers 1 (Running), because the driver knows `off` and takes all else for running.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.fresh_process().await?;
            for (transition, expected) in
                [(Transition::Starting, State::Starting), (Transition::Stopping, State::Stopping)]
            {
                cx.tenant().hold(machine.name(), transition).await?;
                cx.rule("STATE-004").answers(
                    &format!("GetState of a machine that the provider holds in the state {expected}"),
                    &expected,
                    &session.state().await,
                );
            }
            Ok(())
        })
    },
};

const SUSPENDED_IS_TOLD: Check = Check {
    id: "state::suspended_is_told",
    title: "A paused machine is Paused, a saved one is Saved",
    clauses: &["STATE-013"],
    needs: &[Need::Machine, Need::Pause],
    why: "A host that is told Running waits for an answer of the guest; one that is told None does not know what to offer.",
    good: "The VM is paused in VirtualBox's window, and GetState answers 2 (Paused).",
    bad: "GetState answers 0 (None), because the driver knows `running` and `poweroff` only.",
    run: |cx| {
        Box::pin(async move {
            for &state in cx.suspended_states() {
                let machine = cx.created().await?;
                cx.suspend(&machine, state).await?;
                let told = machine.fresh_process().await?.state().await;
                let right = matches!(told, Ok(State::Paused | State::Saved));
                cx.rule("STATE-013").holds(
                    right,
                    format!("Paused or Saved for a machine that is {state}"),
                    || told.map_or_else(|error| error.to_string(), |told| told.to_string()),
                );
            }
            Ok(())
        })
    },
};
