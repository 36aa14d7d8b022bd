//! Kill: down, whatever the guest does.

use std::time::{Duration, Instant};

use futures_util::future::try_join;
use machine_driver::State;

use crate::{
    check::{Check, Need},
    provider::objects_of,
    world::Transition,
};

pub(crate) const CHECKS: &[Check] = &[
    STOPS_A_HUNG_GUEST,
    REACHES_STOPPED,
    START_WORKS_AFTERWARDS,
    ON_STOPPED_IS_HARMLESS,
    DOES_NOT_WAIT_FOR_THE_GUEST,
    WORKS_WHEN_PAUSED,
    WORKS_WHILE_STOPPING,
];

/// A Kill that takes less, at a real provider, waits for the provider and not for the guest.
const PROMPT: Duration = Duration::from_secs(30);

const REACHES_STOPPED: Check = Check {
    id: "kill::reaches_stopped",
    title: "Kill brings a running machine to Stopped",
    clauses: &["KILL-001"],
    needs: &[Need::Machine, Need::Power],
    why: "Kill is the last resort; if it does not work, only Remove is left.",
    good: "Kill returns nil, and GetState answers 4 (Stopped) within the settle window.",
    bad: "Kill returns nil, and the machine goes on running.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.rule("KILL-001").succeeds(&machine.kill().await, "Kill of a running machine");
            Ok(())
        })
    },
};

const STOPS_A_HUNG_GUEST: Check = Check {
    id: "kill::stops_a_hung_guest",
    title: "Kill stops a machine whose guest hangs",
    clauses: &["KILL-001"],
    needs: &[Need::Machine, Need::Power, Need::OutOfBand, Need::Guest],
    why: "A hung guest is what Kill is for.",
    good: "The guest answers nothing, and Kill still brings the machine to Stopped.",
    bad: "Kill sends the same request as Stop and waits for the guest.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().freeze_guest(machine.name()).await?;
            cx.rule("KILL-001").succeeds(&machine.kill().await, "Kill of a machine with a hung guest");
            Ok(())
        })
    },
};

const START_WORKS_AFTERWARDS: Check = Check {
    id: "kill::start_works_afterwards",
    title: "Kill deletes nothing, and Start works afterwards",
    clauses: &["KILL-003"],
    needs: &[Need::Machine, Need::Power, Need::Inventory],
    why: "Kill is not Remove.",
    good: "The inventory is the same after Kill, and Start brings the machine to Running.",
    bad: "Kill destroys the instance.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = objects_of(&cx.inventory().await?);
            let killed = machine.fresh_process().await?.kill().await;
            killed.map_err(|error| cx.prerequisite("Kill", &error))?;
            cx.rule("KILL-003").equals(
                "the inventory after Kill",
                &before,
                &objects_of(&cx.inventory().await?),
            );
            cx.rule("KILL-003").succeeds(&machine.start().await, "Start after Kill");
            Ok(())
        })
    },
};

const ON_STOPPED_IS_HARMLESS: Check = Check {
    id: "kill::on_stopped_is_harmless",
    title: "Kill of a stopped machine leaves it stopped",
    clauses: &["KILL-004"],
    needs: &[Need::Machine, Need::Power],
    why: "Who kills wants it down; it is.",
    good: "Kill returns nil, or an error; GetState answers 4 (Stopped).",
    bad: "Kill starts the machine to stop it.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            let session = machine.fresh_process().await?;
            let _ = session.kill().await;
            cx.rule("KILL-004").answers(
                "GetState after Kill of a stopped machine",
                &State::Stopped,
                &session.state().await,
            );
            Ok(())
        })
    },
};

const DOES_NOT_WAIT_FOR_THE_GUEST: Check = Check {
    id: "kill::does_not_wait_for_the_guest",
    title: "Kill of a hung guest is faster than Stop",
    clauses: &["KILL-002"],
    needs: &[Need::Machine, Need::Power, Need::OutOfBand, Need::Guest, Need::Parallel],
    why: "Who kills a machine has mostly waited for Stop before.",
    good: "Stop waits three minutes for the hung guest; Kill cuts the power at once.",
    bad: "Kill asks the guest first, and cuts the power when the guest has not answered for three minutes.",
    run: |cx| {
        Box::pin(async move {
            let machines = cx.several_created(2).await?;
            for machine in &machines {
                cx.tenant().freeze_guest(machine.name()).await?;
            }
            let (killed, stopped) =
                try_join(machines[0].fresh_process(), machines[1].fresh_process()).await?;
            let prompt = cx.limits().machine_waits().scale(PROMPT);
            let began = Instant::now();
            let mut stop = Box::pin(async {
                // How it ends is the matter of other checks; here only how long it takes.
                let _ = stopped.stop().await;
                began.elapsed()
            });
            let mut kill = Box::pin(killed.kill());
            let (outcome, stop_took) = tokio::select! {
                outcome = &mut kill => (outcome, None),
                took = &mut stop => (kill.await, Some(took)),
            };
            let kill_took = began.elapsed();
            outcome.map_err(|error| cx.prerequisite("Kill of a machine with a hung guest", &error))?;
            if kill_took > prompt {
                let stop_took = match stop_took {
                    Some(took) => took,
                    None => stop.await,
                };
                cx.rule("KILL-002").holds(
                    kill_took * 2 < stop_took,
                    "Kill of a hung guest takes less than half as long as Stop",
                    || format!("Kill took {kill_took:.1?}, Stop {stop_took:.1?}"),
                );
            }
            stopped.abandon().await;
            Ok(())
        })
    },
};

const WORKS_WHEN_PAUSED: Check = Check {
    id: "kill::works_when_paused",
    title: "Kill of a paused machine ends in Stopped",
    clauses: &["KILL-005"],
    needs: &[Need::Machine, Need::Power, Need::Pause],
    why: "A machine that is stuck half-way is what Kill is for; there is nothing else that a user could do.",
    good: "The instance is paused; Kill cuts its power, and GetState answers 4 (Stopped).",
    bad: "Kill looks for Running, finds another state, and returns nil without doing anything.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.suspend(&machine, State::Paused).await?;
            cx.rule("KILL-005").succeeds(&machine.kill().await, "Kill of a paused machine");
            Ok(())
        })
    },
};

const WORKS_WHILE_STOPPING: Check = Check {
    id: "kill::works_while_stopping",
    title: "Kill of a machine that is stuck in its shutdown ends in Stopped",
    clauses: &["KILL-005"],
    needs: &[Need::Machine, Need::Power, Need::Cloud, Need::Transitions],
    why: "Who kills a machine has mostly tried Stop before, and it hangs in what Stop has begun.",
    good: "The instance is `stopping` and stays so; Kill cuts its power, and GetState answers 4 (Stopped).",
    bad: "Kill sees Stopping, asks for nothing, and waits for a shutdown that never ends.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().hold(machine.name(), Transition::Stopping).await?;
            cx.rule("KILL-005").succeeds(&machine.kill().await, "Kill of a machine that is stopping");
            Ok(())
        })
    },
};
