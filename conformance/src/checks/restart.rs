//! Restart: a new boot of the same machine.

use machine_driver::State;

use crate::{
    check::{Check, Need},
    provider::{is_forwarded, objects_of},
};

pub(crate) const CHECKS: &[Check] = &[
    BOOTS_ANEW,
    RETURNS_ON_THE_NEW_BOOT,
    KEEPS_THE_ADDRESS,
    ON_STOPPED_IS_CONSISTENT,
    KEEPS_THE_IDENTITY,
    VANISHED_INSTANCE_IS_AN_ERROR,
    NEW_ADDRESS_IS_SEEN,
];

const BOOTS_ANEW: Check = Check {
    id: "restart::boots_anew",
    title: "After Restart the machine runs, SSH works, and the boot is a new one",
    clauses: &["RST-001"],
    needs: &[Need::Machine, Need::Power, Need::Guest],
    why: "The state stays Running during a reboot, so only the boot id proves that anything happened.",
    good: "/proc/sys/kernel/random/boot_id differs before and after.",
    bad: "Restart returns nil and does nothing.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = cx.boot_id(&machine).await?;
            if !cx.rule("RST-001").succeeds(&machine.restart().await, "Restart of a running machine") {
                return Ok(());
            }
            let changed = cx.boot_id_changes(&machine, &before).await;
            cx.rule("RST-001").succeeds(&changed, "waiting for a new boot id over SSH");
            Ok(())
        })
    },
};

const RETURNS_ON_THE_NEW_BOOT: Check = Check {
    id: "restart::returns_on_the_new_boot",
    title: "The first login after Restart is on the new boot",
    clauses: &["RST-002"],
    needs: &[Need::Machine, Need::Power, Need::Guest],
    why: "Hosts cannot see the gap; a login before the reboot is cut off in the middle.",
    good: "Restart returns when the new boot answers.",
    bad: "Restart returns when the request is accepted; the next command runs on the old boot.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = cx.boot_id(&machine).await?;
            // A provider that cannot be slowed down is a real one, and slow enough.
            let _ = cx.tenant().slow_shutdown().await;
            machine
                .fresh_process()
                .await?
                .restart()
                .await
                .map_err(|error| cx.prerequisite("Restart", &error))?;
            // The first one counts: later ones only tell that the guest comes back at some time.
            let first = cx.boot_id_at_once(&machine).await?;
            let on_the_new_boot = first.as_ref().is_ok_and(|after| *after != before);
            cx.rule("RST-002").holds(on_the_new_boot, "a new boot id in the first login", || match first {
                Ok(after) => format!("still {after}"),
                Err(error) => error.to_string(),
            });
            Ok(())
        })
    },
};

const KEEPS_THE_ADDRESS: Check = Check {
    id: "restart::keeps_the_address",
    title: "Restart keeps the address where the provider can reboot",
    clauses: &["RST-004"],
    needs: &[Need::Machine, Need::Power, Need::Inventory],
    why: "Everybody who knows the address has to be told a new one.",
    good: "GetIP answers the same before and after.",
    bad: "Restart is a stop and a start, and the provider hands out a new address.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = machine.session().ip().await.map_err(|error| cx.prerequisite("GetIP", &error))?;
            machine.restart().await.map_err(|error| cx.prerequisite("Restart", &error))?;
            cx.rule("RST-004").answers("GetIP after Restart", &before, &machine.session().ip().await);
            Ok(())
        })
    },
};

const ON_STOPPED_IS_CONSISTENT: Check = Check {
    id: "restart::on_stopped_is_consistent",
    title: "Restart of a stopped machine starts it or fails",
    clauses: &["RST-005"],
    needs: &[Need::Machine, Need::Power],
    why: "Hosts start it themselves in that case; libraries do not.",
    good: "Restart returns nil and the machine reaches Running, or it fails and the machine stays Stopped.",
    bad: "Restart returns nil, and the machine stays Stopped.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            if machine.fresh_process().await?.restart().await.is_ok() {
                cx.rule("RST-005").succeeds(
                    &machine.settle(State::Running).await,
                    "waiting for Running after Restart returned nil",
                );
            }
            Ok(())
        })
    },
};

const KEEPS_THE_IDENTITY: Check = Check {
    id: "restart::keeps_the_identity",
    title: "Restart keeps the instance and its disk",
    clauses: &["RST-006"],
    needs: &[Need::Machine, Need::Power, Need::Guest, Need::Inventory],
    why: "A restart that loses data is a re-creation.",
    good: "The same instance id, and a file written before is there afterwards.",
    bad: "Restart deletes and creates.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = objects_of(&cx.inventory().await?);
            let mark = cx.mark_disk(&machine).await?;
            machine.restart().await.map_err(|error| cx.prerequisite("Restart", &error))?;
            cx.rule("RST-006").equals("the file after Restart", &mark, &cx.disk_mark(&machine).await?);
            cx.rule("RST-006").equals(
                "the inventory after Restart",
                &before,
                &objects_of(&cx.inventory().await?),
            );
            Ok(())
        })
    },
};

const VANISHED_INSTANCE_IS_AN_ERROR: Check = Check {
    id: "restart::vanished_instance_is_an_error",
    title: "Restart of a vanished instance fails",
    clauses: &["RST-007"],
    needs: &[Need::Machine, Need::Power, Need::OutOfBand],
    why: "nil means that the machine runs again.",
    good: "Restart fails and says that the instance is gone.",
    bad: "Restart returns nil.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().delete_instance(machine.name()).await?;
            cx.rule("RST-007")
                .fails(&machine.fresh_process().await?.restart().await, "Restart of a deleted instance");
            Ok(())
        })
    },
};

const NEW_ADDRESS_IS_SEEN: Check = Check {
    id: "restart::new_address_is_seen",
    title: "An address that changes with Restart is seen by all getters",
    clauses: &["RST-003"],
    needs: &[Need::Machine, Need::Power, Need::Readdress, Need::Inventory],
    why: "Who takes the old address after a restart talks to a stranger's machine.",
    good: "The provider gives another address; GetIP, GetURL and GetSSHHostname answer it after Restart.",
    bad: "Restart writes the address from before into the record, and GetSSHHostname answers it.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let old = cx.instance_address(machine.name()).await?;
            let known = [machine.session().ip().await, machine.session().ssh_hostname().await];
            let [ip, host] = &known;
            let url = machine.session().url().await;
            let forwarded = host.as_ref().is_ok_and(|host| is_forwarded(host));
            let is_old =
                |answer: &machine_driver::Result<String>| answer.as_ref().is_ok_and(|answer| *answer == old);
            let exact = is_old(ip) && (forwarded || is_old(host));
            if !exact || !url.as_ref().is_ok_and(|url| url.contains(&old)) {
                return Err(cx.prerequisite(
                    "seeing the first address",
                    &format!("the getters answer {known:?} and {url:?}, not {old}"),
                ));
            }
            // A fresh process, which has not been asked for an address yet.
            let session = machine.fresh_process().await?;
            cx.tenant().readdress(machine.name()).await?;
            session.restart().await.map_err(|error| cx.prerequisite("Restart", &error))?;
            machine.settle(State::Running).await.map_err(|error| cx.prerequisite("Restart", &error))?;
            let truth = cx.instance_address(machine.name()).await?;
            let getters = [("GetIP", session.ip().await), ("GetSSHHostname", session.ssh_hostname().await)];
            let shown = if forwarded { 1 } else { getters.len() };
            for (getter, answer) in getters.into_iter().take(shown) {
                cx.rule("RST-003").answers(
                    &format!("{getter} after a Restart with another address"),
                    &truth,
                    &answer,
                );
            }
            let url = session.url().await;
            cx.rule("RST-003").holds(
                url.as_ref().is_ok_and(|url| url.contains(&truth)),
                format!("{truth} in GetURL after a Restart with another address"),
                || format!("{url:?}"),
            );
            Ok(())
        })
    },
};
