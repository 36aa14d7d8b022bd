//! Names that somebody else has already, and Creates that break off.

use std::sync::Arc;

use machine_driver::State;

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
    provider::{INSTANCE_KINDS, left_over},
    world::Object,
};

pub(super) const TAKEN_NAME_IS_LEFT_ALONE: Check = Check {
    id: "create::taken_name_is_left_alone",
    title: "An instance of somebody else with the machine's name is neither touched nor taken over",
    clauses: &["CREATE-013", "RM-016", "PRE-004"],
    needs: &[Need::Machine, Need::Inventory, Need::Namesakes],
    why: "A driver that takes the name for the machine deletes the data of whoever had it first.",
    good: "PreCreateCheck fails: the provider has a server of this name. The server is as it was, also after Remove.",
    bad: "Create fails because of the name, and its roll-back deletes the server of that name.",
    run: |cx| {
        Box::pin(async move {
            let name = cx.machine_name();
            let theirs = cx.tenant().seed_namesakes(&name).await?;
            let before = cx.inventory().await?;
            let machine = cx.configured_with(name, cx.options()?).await?;
            let checked = machine.session().pre_create_check().await;
            let created = machine.create().await;
            untouched(&cx, "CREATE-013", &theirs, "after Create").await?;
            match (&checked, &created) {
                (_, Ok(())) => {
                    cx.rule("CREATE-013").succeeds(
                        &machine.settle(State::Running).await,
                        "Create returned nil; waiting for the machine",
                    );
                    let made = left_over(&before, &cx.instances().await?);
                    cx.rule("CREATE-013").holds(
                        made.len() == 1,
                        "Create returned nil, so there is one more instance",
                        || format!("{} more", made.len()),
                    );
                }
                (Ok(()), Err(error)) => cx.rule("PRE-004").broken(
                    "PreCreateCheck fails if Create would fail because of the name",
                    format!("PreCreateCheck returned nil, and then Create failed: {error}"),
                ),
                (Err(_), Err(_)) => {}
            }
            // Without a saved record no host would call Remove.
            if machine.saved().await.is_ok() {
                // Checks about Remove decide what it returns.
                let _ = machine.remove().await;
                untouched(&cx, "RM-016", &theirs, "after Remove").await?;
            }
            Ok(())
        })
    },
};

pub(super) const KILLED_CREATE_CAN_BE_REMOVED: Check = Check {
    id: "create::killed_create_can_be_removed",
    title: "Remove finds what a Create made that was killed half-way",
    clauses: &["CREATE-012"],
    needs: &[Need::Process, Need::Machine, Need::Inventory],
    why: "Ctrl-C ends host and plugin at once; the record is the one saved before Create, without any id.",
    good: "Objects carry the machine's name and a mark, and Remove looks for them.",
    bad: "Remove returns nil because the record has no id; the instance runs for months.",
    run: |cx| {
        Box::pin(async move {
            let mut too_fast = Vec::new();
            for (moment, kinds) in [
                ("when the first object is there", None),
                ("when the instance is there", Some(INSTANCE_KINDS.as_slice())),
            ] {
                let baseline = cx.inventory().await?;
                let machine = cx.configured().await?;
                if !killed(&cx, &machine, &baseline, kinds).await? {
                    too_fast.push(moment);
                }
                let removed = machine.remove().await;
                if cx
                    .rule("CREATE-012")
                    .succeeds(&removed, &format!("Remove after Create was killed {moment}"))
                    && let Err(left) = cx.back_to(&baseline).await
                {
                    cx.rule("CREATE-012")
                        .broken(format!("nothing left of a machine whose Create was killed {moment}"), left);
                }
            }
            if too_fast.is_empty() {
                return Ok(());
            }
            Err(Stop::NotTested(format!("Create ended before it could be killed {}", too_fast.join(" and "))))
        })
    },
};

/// Starts a Create and kills its process as soon as there is a new object of these kinds, or of any kind. `false` if
/// Create was faster.
async fn killed(
    cx: &Context,
    machine: &Arc<Machine>,
    baseline: &[Object],
    kinds: Option<&[&str]>,
) -> Result<bool, Stop> {
    let made = async {
        loop {
            let new = left_over(baseline, &cx.inventory().await?);
            if new.iter().any(|object| kinds.is_none_or(|kinds| kinds.contains(&object.kind.as_str()))) {
                return Ok::<(), Stop>(());
            }
            cx.limits().process_waits().pause(&cx.limits().sample()).await;
        }
    };
    tokio::select! {
        outcome = machine.create() => {
            outcome.map_err(|error| cx.prerequisite("Create", &error))?;
            Ok(false)
        }
        made = made => {
            machine.session().abandon().await;
            made.map(|()| true)
        }
    }
}

/// Expects objects of somebody else to be as they were.
async fn untouched(cx: &Context, clause: &'static str, theirs: &[Object], when: &str) -> Result<(), Stop> {
    let now = cx.inventory().await?;
    for object in theirs {
        let found = now.iter().find(|other| other.kind == object.kind && other.id == object.id);
        cx.rule(clause).holds(
            found == Some(object),
            format!("the {} {} of somebody else is as it was {when}", object.kind, object.id),
            || match found {
                None => format!("the {} {} is gone", object.kind, object.id),
                Some(found) => format!("it was {object:?} and is {found:?}"),
            },
        );
    }
    Ok(())
}
