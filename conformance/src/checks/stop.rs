//! Stop: down, in an orderly way, and nothing lost.

use machine_driver::State;

use crate::{
    check::{Check, Need},
    provider::objects_of,
};

pub(crate) const CHECKS: &[Check] = &[
    REACHES_STOPPED,
    RETURNS_WHEN_STOPPED,
    IS_ORDERLY,
    DELETES_NOTHING,
    ON_STOPPED_IS_HARMLESS,
    VANISHED_INSTANCE_IS_AN_ERROR,
    ENDS_WHEN_THE_GUEST_IGNORES_IT,
    WORKS_WHEN_PAUSED,
];

const REACHES_STOPPED: Check = Check {
    id: "stop::reaches_stopped",
    title: "Stop brings a running machine to Stopped",
    clauses: &["STOP-001"],
    needs: &[Need::Machine, Need::Power],
    why: "Hosts poll GetState after Stop and give up after 60 polls of 3 s.",
    good: "Stop returns nil, and GetState answers 4 (Stopped) within the settle window.",
    bad: "Stop returns nil, and the machine goes on running.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.rule("STOP-001").succeeds(&machine.stop().await, "Stop of a running machine");
            Ok(())
        })
    },
};

const RETURNS_WHEN_STOPPED: Check = Check {
    id: "stop::returns_when_stopped",
    title: "Stop returns only when the machine is stopped",
    clauses: &["STOP-002"],
    needs: &[Need::Machine, Need::Power],
    why: "Who removes a disk right after Stop must not find it in use.",
    good: "The first GetState after Stop answers 4 (Stopped).",
    bad: "It answers 5 (Stopping).",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            // A provider that cannot be slowed down is a real one, and slow enough.
            let _ = cx.tenant().slow_shutdown().await;
            let session = machine.fresh_process().await?;
            session.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            cx.rule("STOP-002").answers("GetState right after Stop", &State::Stopped, &session.state().await);
            Ok(())
        })
    },
};

const IS_ORDERLY: Check = Check {
    id: "stop::is_orderly",
    title: "Stop asks the guest to shut down instead of cutting its power",
    clauses: &["STOP-003", "KILL-006"],
    needs: &[Need::Machine, Need::Power, Need::RequestLog],
    why: "A file system that loses power loses data.",
    good: "The provider's log shows a shutdown request.",
    bad: "The log shows a power-off.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = cx.tenant().requests().await?.len();
            machine.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            let forced: Vec<_> = cx
                .tenant()
                .requests()
                .await?
                .split_off(before)
                .into_iter()
                .filter(|request| {
                    let forced = ["power_off", "Force=true", "poweroff"];
                    request.mutating && forced.iter().any(|word| request.body.contains(word))
                })
                .map(|request| format!("{} {}", request.operation, request.body))
                .collect();
            cx.rule("STOP-003")
                .holds(forced.is_empty(), "no forced power-off during Stop", || forced.join(", "));
            Ok(())
        })
    },
};

const DELETES_NOTHING: Check = Check {
    id: "stop::deletes_nothing",
    title: "Stop deletes neither the instance nor what belongs to it",
    clauses: &["STOP-004"],
    needs: &[Need::Machine, Need::Power, Need::Inventory],
    why: "A stopped machine is started again later.",
    good: "The inventory is the same before and after Stop.",
    bad: "The instance is gone.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = objects_of(&cx.inventory().await?);
            machine.fresh_process().await?.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            // What was ordered takes a while at most providers. Whether it ends in Stopped decides another check.
            let _ = machine.settle(State::Stopped).await;
            cx.rule("STOP-004").equals(
                "the inventory after Stop",
                &before,
                &objects_of(&cx.inventory().await?),
            );
            Ok(())
        })
    },
};

const ON_STOPPED_IS_HARMLESS: Check = Check {
    id: "stop::on_stopped_is_harmless",
    title: "Stop of a stopped machine leaves it stopped",
    clauses: &["STOP-005"],
    needs: &[Need::Machine, Need::Power],
    why: "Upgrades and restarts call Stop without asking for the state.",
    good: "Stop returns nil, or an error that names the state; GetState answers 4 (Stopped).",
    bad: "Stop hangs, waiting for a change that never comes.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            let session = machine.fresh_process().await?;
            let _ = session.stop().await;
            cx.rule("STOP-005").answers(
                "GetState after a second Stop",
                &State::Stopped,
                &session.state().await,
            );
            Ok(())
        })
    },
};

const VANISHED_INSTANCE_IS_AN_ERROR: Check = Check {
    id: "stop::vanished_instance_is_an_error",
    title: "Stop of a vanished instance fails",
    clauses: &["STOP-006"],
    needs: &[Need::Machine, Need::Power, Need::OutOfBand],
    why: "nil means that the machine can be started again, which it cannot.",
    good: "Stop fails and says that the instance is gone.",
    bad: "Stop returns nil.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().delete_instance(machine.name()).await?;
            cx.rule("STOP-006")
                .fails(&machine.fresh_process().await?.stop().await, "Stop of a deleted instance");
            Ok(())
        })
    },
};

const ENDS_WHEN_THE_GUEST_IGNORES_IT: Check = Check {
    id: "stop::ends_when_the_guest_ignores_it",
    title: "Stop ends although the guest ignores the request",
    clauses: &["STOP-007"],
    needs: &[Need::Machine, Need::Power, Need::OutOfBand, Need::Guest],
    why: "Hosts put no limit on Stop.",
    good: "Stop fails after its own deadline and suggests Kill, or forces the machine off.",
    bad: "Stop waits for ever.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().freeze_guest(machine.name()).await?;
            let session = machine.fresh_process().await?;
            if session.stop().await.is_ok() {
                // It may still be Stopping: that Stop waits is another rule (STOP-002).
                cx.rule("STOP-007").succeeds(
                    &machine.settle(State::Stopped).await,
                    "Stop returned nil for a guest that ignores it, so reaching Stopped",
                );
            }
            Ok(())
        })
    },
};

const WORKS_WHEN_PAUSED: Check = Check {
    id: "stop::works_when_paused",
    title: "Stop of a paused machine stops it",
    clauses: &["STOP-008"],
    needs: &[Need::Machine, Need::Power, Need::Pause],
    why: "A paused guest hears no power button; who only presses it waits in vain.",
    good: "Stop lets the guest go on, asks it to shut down, and GetState answers 4 (Stopped).",
    bad: "Stop fails, or returns nil and leaves the machine paused.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.suspend(&machine, State::Paused).await?;
            cx.rule("STOP-008").succeeds(&machine.stop().await, "Stop of a paused machine");
            Ok(())
        })
    },
};
