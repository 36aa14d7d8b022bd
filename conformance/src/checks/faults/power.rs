use std::time::{Duration, Instant};

use machine_driver::State;
use machine_mock_providers::faults::{Fault, FaultKind, When};

use super::{answers::requests_since, inject_plan};
use crate::{
    check::{Check, Need, Stop},
    provider::objects_of,
};

/// Reads that show the state before, while a provider catches up.
const STALE_READS: u32 = 3;
/// Looks at the state, to see it flap.
const LOOKS: usize = 8;
/// Calls for one address that are no polling.
const FEW_CALLS: usize = 6;
/// Time for an address that is no polling.
const QUICK: Duration = Duration::from_secs(5);

pub(super) const EXPIRED_CREDENTIALS_CHANGE_NOTHING: Check = Check {
    id: "faults::expired_credentials_change_nothing",
    title: "With expired credentials Remove and the power methods fail, and the machine is left alone",
    clauses: &["FAULT-010", "RM-011"],
    needs: &[Need::Machine, Need::Power, Need::Inventory, Need::Faults],
    why: "Records outlive tokens; a refused token says nothing about the machine.",
    good: "Start, Stop, Restart, Kill and Remove fail and name the credentials; afterwards the machine runs.",
    bad: "Remove takes 401 for \"gone\", deletes the local key and returns nil.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = objects_of(&cx.inventory().await?);
            cx.tenant().revoke_credentials().await?;
            let session = machine.fresh_process().await?;
            let when = "while the provider refuses the credentials";
            let rule = cx.rule("FAULT-010");
            rule.fails(&session.start().await, &format!("Start {when}"));
            rule.fails(&session.stop().await, &format!("Stop {when}"));
            rule.fails(&session.restart().await, &format!("Restart {when}"));
            rule.fails(&session.kill().await, &format!("Kill {when}"));
            rule.fails(&session.remove().await, &format!("Remove {when}"));
            cx.tenant().heal().await?;
            rule.equals("the inventory afterwards", &before, &objects_of(&cx.inventory().await?));
            let state = machine.fresh_process().await?.state().await;
            rule.answers("GetState with valid credentials", &State::Running, &state);
            Ok(())
        })
    },
};

pub(super) const HALF_A_RESTART_IS_AN_ERROR: Check = Check {
    id: "faults::half_a_restart_is_an_error",
    title: "Restart fails if the machine stops and cannot be started",
    clauses: &["RST-008"],
    needs: &[Need::Machine, Need::Power, Need::Faults, Need::RequestLog],
    why: "Who restarts a machine does not expect to find it off.",
    good: "The stop succeeds, the provider refuses the start, and Restart says so.",
    bad: "Restart returns nil after the stop.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let begun = Instant::now();
            let restarted = machine.restart().await;
            restarted.map_err(|error| cx.prerequisite("Restart without faults", &error))?;
            let mut changes = requests_since(&cx, begun).await?;
            changes.retain(|request| request.mutating);
            let (Some(last), true) = (changes.last(), changes.len() > 1) else {
                return Err(Stop::NotApplicable(
                    "Restart is one request of the provider, not a stop and a start".to_owned(),
                ));
            };
            let refused = Fault::new(When::operation(&last.name), FaultKind::failing("no capacity"));
            inject_plan(&cx, refused.into()).await?;
            let outcome = machine.fresh_process().await?.restart().await;
            cx.tenant().heal().await?;
            cx.rule("RST-008").fails(&outcome, &format!("Restart whose {} is refused", last.name));
            Ok(())
        })
    },
};

pub(super) const STATE_DOES_NOT_FLAP: Check = Check {
    id: "faults::state_does_not_flap",
    title: "After Stop returned nil the state does not go back, although reads lag behind",
    clauses: &["STATE-012"],
    needs: &[Need::Machine, Need::Power, Need::Faults],
    why: "Hosts that see Running after Stopped start their own repair.",
    good: "The provider shows the old state three more times; Stop waits until it shows the new one.",
    bad: "Stop returns at once, and GetState answers Stopped, Running, Stopped.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.fresh_process().await?;
            let reads = When { mutating: Some(false), ..When::default() };
            // The first read is before the request.
            let stale = Fault::new(reads, FaultKind::Stale).skip(1).times(STALE_READS);
            inject_plan(&cx, stale.into()).await?;
            session.stop().await.map_err(|error| cx.prerequisite("Stop with stale reads", &error))?;
            let mut seen = Vec::new();
            for _ in 0..LOOKS {
                seen.push(session.state().await);
            }
            cx.tenant().heal().await?;
            let stopped = |state: &Result<State, _>| matches!(state, Ok(State::Stopped));
            let flaps = seen.iter().skip_while(|state| !stopped(state)).any(|state| !stopped(state));
            cx.rule("STATE-012")
                .holds(!flaps, "Stopped in every answer after the first Stopped", || format!("{seen:?}"));
            Ok(())
        })
    },
};

pub(super) const ADDRESS_WHEN_STOPPED_IS_QUICK: Check = Check {
    id: "faults::address_when_stopped_is_quick",
    title: "GetIP and GetURL of a stopped machine answer soon, without polling",
    clauses: &["NET-013"],
    needs: &[Need::Machine, Need::Power, Need::RequestLog],
    why: "`ls` asks all machines, and gives up after ten seconds.",
    good: "One look at the provider, then \"Host is not running\".",
    bad: "GetIP polls a minute for an address that a stopped machine does not get.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            let session = machine.fresh_process().await?;
            for method in ["GetIP", "GetURL"] {
                let begun = Instant::now();
                // What they answer is a matter of other checks.
                let _ = match method {
                    "GetIP" => session.ip().await,
                    _ => session.url().await,
                };
                let took = begun.elapsed();
                let calls = requests_since(&cx, begun).await?.len();
                cx.rule("NET-013").holds(
                    took <= cx.limits().process_waits().scale(QUICK) && calls <= FEW_CALLS,
                    format!(
                        "{method} of a stopped machine with at most {FEW_CALLS} calls, in at most {QUICK:?}"
                    ),
                    || format!("{calls} calls, {took:?}"),
                );
            }
            Ok(())
        })
    },
};
