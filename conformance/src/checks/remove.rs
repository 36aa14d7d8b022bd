//! Remove: everything of this machine goes, and nothing else.

mod supplied;
mod suspended;

use machine_driver::{ErrorKind, Result};
use machine_mock_providers::faults::{FaultKind, FaultPlan, When};

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    provider::objects_of,
    world::Object,
};

pub(crate) const CHECKS: &[Check] = &[
    EVERYTHING_IS_GONE,
    WORKS_WHEN_STOPPED,
    suspended::WORKS_WHEN_SUSPENDED,
    INSTANCE_ALREADY_GONE,
    NEVER_CREATED,
    FAULTS_ARE_NOT_ABSENCE,
    IS_REPEATABLE,
    FOREIGN_INSTANCE_SURVIVES,
    NAME_IS_FREE_AT_ONCE,
    NEEDS_NO_GUEST,
    NEEDS_NO_LOCAL_FILES,
    WORKS_FROM_THE_RECORD,
    STAYS_IN_ITS_FOLDER,
    supplied::SUPPLIED_OBJECTS_SURVIVE,
    supplied::SUPPLIED_GROUPS_STAY_AS_THEY_ARE,
];

const EVERYTHING_IS_GONE: Check = Check {
    id: "remove::everything_is_gone",
    title: "After Remove of a running machine its instance and everything made for it are gone",
    clauses: &["RM-001", "RM-002", "RM-005"],
    needs: &[Need::Machine, Need::Inventory],
    why: "Whatever is left is paid for, and blocks the name.",
    good: "Remove of a Swarm master, which has a port more to open, returns nil, and the inventory is back at what it was \
           before Create.",
    bad: "The server is gone, its key pair stays, or the rule for the port.",
    run: |cx| {
        Box::pin(async move {
            let baseline = cx.inventory().await?;
            // With more than the least: some drivers make a further object for the port.
            let machine = cx.created_swarm_master().await?;
            if !cx.rule("RM-005").succeeds(&machine.remove().await, "Remove of a running machine") {
                return Ok(());
            }
            if let Err(left) = cx.back_to(&baseline).await {
                let instances = cx.instances().await?;
                let clause = if instances.len() > instances_in(&baseline) { "RM-001" } else { "RM-002" };
                cx.rule(clause).broken("the inventory back at the baseline", left);
            }
            Ok(())
        })
    },
};

const WORKS_WHEN_STOPPED: Check = Check {
    id: "remove::works_when_stopped",
    title: "Remove works on a stopped machine",
    clauses: &["RM-006"],
    needs: &[Need::Machine, Need::Power, Need::Inventory],
    why: "Most machines are stopped for a while before somebody removes them.",
    good: "Stop, Remove: nil, and the inventory is back at the baseline.",
    bad: "Remove tries to shut the machine down first and fails because it is off.",
    run: |cx| {
        Box::pin(async move {
            let baseline = cx.inventory().await?;
            let machine = cx.stopped().await?;
            removed(&cx, "RM-006", "Remove of a stopped machine", &machine.remove().await, &baseline).await;
            Ok(())
        })
    },
};

const INSTANCE_ALREADY_GONE: Check = Check {
    id: "remove::instance_already_gone",
    title: "Remove succeeds when the instance is already gone, and still deletes what depended on it",
    clauses: &["RM-008", "RM-009"],
    needs: &[Need::Machine, Need::Inventory, Need::OutOfBand],
    why: "People delete instances in the console; the record could never be removed otherwise, and the key would stay.",
    good: "The server is deleted at the provider; Remove returns nil and deletes the key.",
    bad: "Remove fails with `404 server not found`.",
    run: |cx| {
        Box::pin(async move {
            let baseline = cx.inventory().await?;
            let machine = cx.created().await?;
            cx.tenant().delete_instance(machine.name()).await?;
            if cx
                .rule("RM-008")
                .succeeds(&machine.remove().await, "Remove of a machine whose instance is gone")
                && let Err(left) = cx.back_to(&baseline).await
            {
                cx.rule("RM-009").broken("the inventory back at the baseline", left);
            }
            Ok(())
        })
    },
};

const NEVER_CREATED: Check = Check {
    id: "remove::never_created",
    title: "Remove of a machine that was never created returns nil",
    clauses: &["RM-010"],
    needs: &[Need::Machine],
    why: "That is what `rm` gets after a Create that failed: the record from before it.",
    good: "Remove returns nil, and no request carries an empty id.",
    bad: "Remove sends `DELETE /v1/servers/` and crashes on the answer.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            machine.save().await.map_err(|error| cx.prerequisite("saving the record", &error))?;
            let outcome = machine.fresh_process().await?.remove().await;
            cx.rule("RM-010").succeeds(&outcome, "Remove of a machine that was never created");
            if cx.offers(Need::RequestLog) {
                let empty: Vec<_> = cx
                    .tenant()
                    .requests()
                    .await?
                    .into_iter()
                    .map(|request| request.operation)
                    .filter(|operation| operation.ends_with('/') || operation.contains("//"))
                    .collect();
                cx.rule("RM-010").holds(empty.is_empty(), "no request with an empty id", || empty.join(", "));
            }
            Ok(())
        })
    },
};

const FAULTS_ARE_NOT_ABSENCE: Check = Check {
    id: "remove::faults_are_not_absence",
    title: "A provider that refuses or fails is not read as `already gone`",
    clauses: &["RM-011"],
    needs: &[Need::Machine, Need::Inventory, Need::Faults],
    why: "The host throws the record away when Remove returns nil; the instance runs on unseen.",
    good: "The provider answers 401, 500, or 404 for the page and not the server: Remove fails; when it works again, Remove \
           finishes the job.",
    bad: "Remove takes 401 for `there is no such server` and returns nil.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            cx.tenant().revoke_credentials().await?;
            let refused = machine.remove().await;
            cx.rule("RM-011").fails(&refused, "Remove while the provider answers 401");
            cx.tenant().heal().await?;
            cx.tenant().break_provider().await?;
            let broken = machine.remove().await;
            cx.rule("RM-011").fails(&broken, "Remove while the provider answers 500");
            cx.tenant().heal().await?;
            let nowhere = FaultKind::HttpError {
                status: 404,
                code: Some("no_such_page".to_owned()),
                message: Some("there is no such page".to_owned()),
                acted: false,
            };
            if cx.tenant().can_inject(&nowhere) {
                cx.tenant().set_faults(FaultPlan::one(When::always(), nowhere)).await?;
                let lost = machine.remove().await;
                cx.rule("RM-011")
                    .fails(&lost, "Remove while 404 is about a page, as proxies and wrong addresses have it");
                cx.tenant().heal().await?;
            }
            let instances = cx.instances().await?;
            cx.rule("RM-011").holds(
                !instances.is_empty(),
                "the instance still there after a failed Remove",
                || objects_of(&instances),
            );
            Ok(())
        })
    },
};

const IS_REPEATABLE: Check = Check {
    id: "remove::is_repeatable",
    title: "A second Remove returns nil and changes nothing",
    clauses: &["RM-012", "IDEM-001"],
    needs: &[Need::Machine, Need::Inventory],
    why: "Users and orchestrators retry.",
    good: "Remove, Remove: nil both times.",
    bad: "The second fails because the key is gone.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let record =
                machine.saved().await.map_err(|error| cx.prerequisite("reading the record", &error))?;
            machine.remove().await.map_err(|error| cx.prerequisite("the first Remove", &error))?;
            let before = objects_of(&cx.inventory().await?);
            let again = machine.fresh_process_with(&record).await?.remove().await;
            cx.rule("RM-012").succeeds(&again, "the second Remove");
            cx.rule("RM-012").equals(
                "the inventory after the second Remove",
                &before,
                &objects_of(&cx.inventory().await?),
            );
            Ok(())
        })
    },
};

const FOREIGN_INSTANCE_SURVIVES: Check = Check {
    id: "remove::other_machine_survives",
    title: "Remove deletes nothing of another machine",
    clauses: &["CONC-003", "RM-016"],
    needs: &[Need::Machine, Need::Inventory],
    why: "A shared group or a search by a prefix of the name destroys somebody else's machine.",
    good: "Two machines; removing one leaves all objects of the other.",
    bad: "Remove deletes every server whose name starts with the machine's name.",
    run: |cx| {
        Box::pin(async move {
            let name = cx.machine_name();
            let other = cx.machine_with(format!("{name}-2"), cx.options()?).await?;
            other.configure().await.map_err(|error| cx.prerequisite("SetConfigFromFlags", &error))?;
            cx.create(&other).await?;
            let others = cx.inventory().await?;
            let machine = cx.machine_with(name, cx.options()?).await?;
            machine.configure().await.map_err(|error| cx.prerequisite("SetConfigFromFlags", &error))?;
            cx.create(&machine).await?;
            machine.remove().await.map_err(|error| cx.prerequisite("Remove", &error))?;
            let now = cx.inventory().await?;
            let lost: Vec<_> =
                others.iter().filter(|old| !now.iter().any(|new| new.id == old.id)).cloned().collect();
            cx.rule("CONC-003").holds(
                lost.is_empty(),
                "all objects of the other machine still there",
                || format!("gone: {}", objects_of(&lost)),
            );
            Ok(())
        })
    },
};

const NAME_IS_FREE_AT_ONCE: Check = Check {
    id: "remove::name_is_free_at_once",
    title: "After Remove the same name can be created again",
    clauses: &["IDEM-008", "RM-017"],
    needs: &[Need::Machine, Need::Inventory],
    why: "Replacing a machine under its name is everyday work.",
    good: "Create, Remove, Create with one name: both Creates return nil.",
    bad: "The second fails: a key pair of that name exists.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            machine.remove().await.map_err(|error| cx.prerequisite("Remove", &error))?;
            // In the same store: drivers that mark what is theirs with it must find their own name free.
            let again = machine.anew().await?;
            again.configure().await.map_err(|error| cx.prerequisite("SetConfigFromFlags", &error))?;
            cx.rule("IDEM-008").succeeds(&again.create().await, "Create with the name of a removed machine");
            Ok(())
        })
    },
};

const NEEDS_NO_GUEST: Check = Check {
    id: "remove::needs_no_guest",
    title: "Remove works while the guest hangs",
    clauses: &["RM-019"],
    needs: &[Need::Machine, Need::Inventory, Need::OutOfBand, Need::Guest],
    why: "Broken machines are the ones that get removed.",
    good: "The guest answers nothing; Remove returns nil, and everything is gone.",
    bad: "Remove waits for a clean shutdown.",
    run: |cx| {
        Box::pin(async move {
            let baseline = cx.inventory().await?;
            let machine = cx.created().await?;
            cx.tenant().freeze_guest(machine.name()).await?;
            removed(
                &cx,
                "RM-019",
                "Remove of a machine with a hung guest",
                &machine.remove().await,
                &baseline,
            )
            .await;
            Ok(())
        })
    },
};

const NEEDS_NO_LOCAL_FILES: Check = Check {
    id: "remove::needs_no_local_files",
    title: "Remove works without the key and other local files",
    clauses: &["RM-020"],
    needs: &[Need::Machine, Need::Inventory],
    why: "Stores get lost, copied in part, or restored from the record alone.",
    good: "The machine's folder is deleted except for its record; Remove returns nil.",
    bad: "Remove reads the public key first and fails.",
    run: |cx| {
        Box::pin(async move {
            let baseline = cx.inventory().await?;
            let machine = cx.created().await?;
            let record =
                machine.saved().await.map_err(|error| cx.prerequisite("reading the record", &error))?;
            tokio::fs::remove_dir_all(machine.store())
                .await
                .map_err(|error| Stop::Environment(format!("cannot delete the store: {error}")))?;
            let outcome = machine.fresh_process_with(&record).await?.remove().await;
            removed(&cx, "RM-020", "Remove without local files", &outcome, &baseline).await;
            Ok(())
        })
    },
};

const WORKS_FROM_THE_RECORD: Check = Check {
    id: "remove::works_from_the_record",
    title: "Remove in a fresh process fed with the saved record finds everything",
    clauses: &["RM-021", "PERSIST-002"],
    needs: &[Need::Machine, Need::Inventory],
    why: "Every command is a new process; what is not in the record does not exist for it.",
    good: "A new process gets the record and removes server and key.",
    bad: "The server's id is in a field that is not serialised; Remove returns nil and does nothing.",
    run: |cx| {
        Box::pin(async move {
            let baseline = cx.inventory().await?;
            let machine = cx.created().await?;
            let outcome = machine.fresh_process().await?.remove().await;
            removed(&cx, "RM-021", "Remove from the saved record", &outcome, &baseline).await;
            Ok(())
        })
    },
};

const STAYS_IN_ITS_FOLDER: Check = Check {
    id: "remove::stays_in_its_folder",
    title: "Remove touches no local file outside of the machine's folder",
    clauses: &["RM-022"],
    needs: &[Need::Machine],
    why: "The store holds other machines and the certificates of all of them.",
    good: "Files beside the machine's folder are unchanged.",
    bad: "Remove deletes the folder above its own.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let sentinels = [
                machine.store().join("certs/ca.pem"),
                machine.store().join("machines/neighbour/config.json"),
                cx.private_dir().join("sentinel"),
            ];
            for sentinel in &sentinels {
                write_sentinel(sentinel)
                    .await
                    .map_err(|error| Stop::Environment(format!("cannot write a file: {error}")))?;
            }
            machine.remove().await.map_err(|error| cx.prerequisite("Remove", &error))?;
            for sentinel in &sentinels {
                let text = tokio::fs::read(sentinel).await;
                cx.rule("RM-022").holds(
                    text.as_ref().is_ok_and(|text| text == SENTINEL),
                    format!("{} unchanged", sentinel.display()),
                    || format!("{text:?}"),
                );
            }
            Ok(())
        })
    },
};

const SENTINEL: &[u8] = b"not yours\n";

async fn write_sentinel(path: &std::path::Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await?;
    }
    tokio::fs::write(path, SENTINEL).await
}

/// Expects that Remove succeeded and left nothing.
async fn removed(cx: &Context, clause: &'static str, what: &str, outcome: &Result<()>, baseline: &[Object]) {
    let timed_out = outcome.as_ref().is_err_and(|error| error.kind() == ErrorKind::Timeout);
    if cx.rule(clause).succeeds(outcome, what)
        && !timed_out
        && let Err(left) = cx.back_to(baseline).await
    {
        cx.rule(clause).broken("the inventory back at the baseline", left);
    }
}

fn instances_in(objects: &[Object]) -> usize {
    objects.iter().filter(|object| matches!(object.kind.as_str(), "server" | "instance" | "vm")).count()
}
