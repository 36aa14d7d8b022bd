//! Start: the same machine, up again.

mod endpoint;
mod suspended;

use machine_driver::State;

use crate::{
    check::{Check, Need},
    provider::{is_forwarded, objects_of},
};

pub(crate) const CHECKS: &[Check] = &[
    REACHES_RUNNING,
    SSH_WORKS,
    DISK_SURVIVES,
    KEEPS_THE_IDENTITY,
    ADDRESS_IS_NEW_EVERYWHERE,
    ON_RUNNING_IS_HARMLESS,
    REPEATED_CALLS_RETURN_NIL,
    VANISHED_INSTANCE_IS_AN_ERROR,
    endpoint::SSH_ANSWERS_AT_ONCE,
    endpoint::IS_RECORDED,
    suspended::RESUMES,
];

const REACHES_RUNNING: Check = Check {
    id: "start::reaches_running",
    title: "Start brings a stopped machine to Running",
    clauses: &["START-001"],
    needs: &[Need::Machine, Need::Power],
    why: "That is what Start is for.",
    good: "Start returns nil, and GetState answers 1 (Running) within the settle window.",
    bad: "Start returns nil, and the machine stays Stopped.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            cx.rule("START-001").succeeds(&machine.start().await, "Start of a stopped machine");
            Ok(())
        })
    },
};

const SSH_WORKS: Check = Check {
    id: "start::ssh_works",
    title: "After Start, SSH works",
    clauses: &["START-002"],
    needs: &[Need::Machine, Need::Power, Need::Guest],
    why: "Hosts look for the engine over SSH after every start.",
    good: "`exit 0` over SSH ends with 0.",
    bad: "GetSSHHostname still answers the address from before the stop.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            machine.guest("exit 0").await.map_err(|error| cx.prerequisite("logging in before", &error))?;
            machine.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            machine.start().await.map_err(|error| cx.prerequisite("Start", &error))?;
            cx.rule("START-002").succeeds(&machine.guest("exit 0").await, "logging in after Start");
            Ok(())
        })
    },
};

const DISK_SURVIVES: Check = Check {
    id: "start::disk_survives",
    title: "Data on the disk survives stop and start",
    clauses: &["START-009"],
    needs: &[Need::Machine, Need::Power, Need::Guest],
    why: "That is the difference between Stop and Remove.",
    good: "A file written before Stop is there after Start.",
    bad: "Start makes a new instance from the image.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let mark = cx.mark_disk(&machine).await?;
            machine.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            machine.start().await.map_err(|error| cx.prerequisite("Start", &error))?;
            cx.rule("START-009").equals(
                "the file after stop and start",
                &mark,
                &cx.disk_mark(&machine).await?,
            );
            Ok(())
        })
    },
};

const KEEPS_THE_IDENTITY: Check = Check {
    id: "start::keeps_the_identity",
    title: "Stop, start, kill and restart keep the instance and everything attached",
    clauses: &["START-012"],
    needs: &[Need::Machine, Need::Power, Need::Inventory],
    why: "A new instance under the old name has lost its data.",
    good: "The inventory lists the same ids after each step.",
    bad: "Stop deletes the instance, Start makes another.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = objects_of(&cx.inventory().await?);
            for (step, outcome) in [
                ("Stop", machine.stop().await),
                ("Start", machine.start().await),
                ("Restart", machine.restart().await),
                ("Kill", machine.kill().await),
                ("Start", machine.start().await),
            ] {
                outcome.map_err(|error| cx.prerequisite(step, &error))?;
            }
            cx.rule("START-012").equals(
                "the inventory after the steps",
                &before,
                &objects_of(&cx.inventory().await?),
            );
            Ok(())
        })
    },
};

const ADDRESS_IS_NEW_EVERYWHERE: Check = Check {
    id: "start::new_address_is_seen",
    title: "After Start all getters and the record have the current address",
    clauses: &["START-004"],
    needs: &[Need::Machine, Need::Power, Need::Readdress],
    why: "Clouds give a new address at every start; the old one belongs to somebody else by then.",
    good: "GetIP, GetURL and GetSSHHostname answer the provider's address.",
    bad: "GetURL answers the address from before the stop.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let old = cx.instance_address(machine.name()).await?;
            let before = machine.session();
            let known = [before.ip().await, before.ssh_hostname().await, before.url().await];
            let [ip, host, url] = &known;
            let forwarded = host.as_ref().is_ok_and(|host| is_forwarded(host));
            let is_old =
                |answer: &machine_driver::Result<String>| answer.as_ref().is_ok_and(|answer| *answer == old);
            let exact = is_old(ip) && (forwarded || is_old(host));
            if !exact || url.as_ref().is_ok_and(|url| !url.contains(&old)) {
                return Err(cx.prerequisite(
                    "seeing the first address",
                    &format!("the getters answer {known:?}, not {old}"),
                ));
            }
            machine.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            machine.start().await.map_err(|error| cx.prerequisite("Start", &error))?;
            let session = machine.session();
            let ip = session.ip().await.map_err(|error| cx.prerequisite("GetIP", &error))?;
            let truth = cx.instance_address(machine.name()).await?;
            cx.rule("START-004").equals(
                &format!("GetIP after Start (the address before was {old})"),
                &truth,
                &ip,
            );
            if !forwarded {
                cx.rule("START-004").answers(
                    "GetSSHHostname after Start",
                    &truth,
                    &session.ssh_hostname().await,
                );
            }
            match session.url().await {
                Ok(url) => {
                    cx.rule("START-004")
                        .holds(url.contains(&truth), format!("{truth} in GetURL"), || format!("{url:?}"));
                }
                Err(error) => {
                    cx.rule("START-004").broken("GetURL answers", format!("GetURL failed: {error}"));
                }
            }
            Ok(())
        })
    },
};

const ON_RUNNING_IS_HARMLESS: Check = Check {
    id: "start::on_running_is_harmless",
    title: "Start of a running machine neither reboots it nor makes anything",
    clauses: &["START-005"],
    needs: &[Need::Machine, Need::Power, Need::Guest, Need::Inventory],
    why: "Programs that embed drivers call Start without asking for the state first.",
    good: "Start returns nil at once; the boot id is the same.",
    bad: "Start resets the machine.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let (boot, objects) = (cx.boot_id(&machine).await?, objects_of(&cx.inventory().await?));
            // Both outcomes are accepted; only the effect counts.
            let _ = machine.fresh_process().await?.start().await;
            cx.rule("START-005").equals(
                "the boot id after Start on a running machine",
                &boot,
                &cx.boot_id(&machine).await?,
            );
            cx.rule("START-005").equals(
                "the inventory after Start on a running machine",
                &objects,
                &objects_of(&cx.inventory().await?),
            );
            Ok(())
        })
    },
};

const REPEATED_CALLS_RETURN_NIL: Check = Check {
    id: "start::repeated_calls_return_nil",
    title: "Start, Stop and Kill return nil when the state is already reached",
    clauses: &["IDEM-003", "IDEM-002"],
    needs: &[Need::Machine, Need::Power],
    why: "Minikube and rancher call drivers without the host layer that filters such calls.",
    good: "The second Stop returns nil.",
    bad: "The second Stop fails with the provider's `wrong state`.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.rule("IDEM-003")
                .succeeds(&machine.fresh_process().await?.start().await, "Start of a running machine");
            machine.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            cx.rule("IDEM-003")
                .succeeds(&machine.fresh_process().await?.stop().await, "Stop of a stopped machine");
            cx.rule("IDEM-003")
                .succeeds(&machine.fresh_process().await?.kill().await, "Kill of a stopped machine");
            cx.rule("IDEM-002").answers(
                "GetState at the end",
                &State::Stopped,
                &machine.session().state().await,
            );
            Ok(())
        })
    },
};

const VANISHED_INSTANCE_IS_AN_ERROR: Check = Check {
    id: "start::vanished_instance_is_an_error",
    title: "Start of a vanished instance fails and makes no new one",
    clauses: &["START-007"],
    needs: &[Need::Machine, Need::Power, Need::OutOfBand, Need::Inventory],
    why: "A fresh instance under the old name hides that all data is lost.",
    good: "Start fails and says that the instance is gone.",
    bad: "Start makes a new instance and returns nil.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().delete_instance(machine.name()).await?;
            let before = objects_of(&cx.instances().await?);
            cx.rule("START-007")
                .fails(&machine.fresh_process().await?.start().await, "Start of a deleted instance");
            cx.rule("START-007").equals(
                "the instances afterwards",
                &before,
                &objects_of(&cx.instances().await?),
            );
            Ok(())
        })
    },
};
