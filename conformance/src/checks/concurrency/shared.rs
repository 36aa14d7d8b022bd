//! What machines of one account share: objects, and the patience of the provider.

use futures_util::future::{join, join_all};

use super::MACHINES;
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
    provider::{left_over, objects_of},
    world::Object,
};

/// Machines that `ls` asks at once (CONC-009).
const LISTED: usize = 20;
/// Calls that a provider answers at once before it limits the rate: Amazon's EC2 allows 100 reads in a burst and 20 a
/// second from then on ("Request throttling for the Amazon EC2 API", non-mutating actions).
const BURST: usize = 100;

/// Words of providers for an object that is there already.
const EXISTS: [&str; 6] = ["exist", "duplicate", "taken", "in use", "conflict", "409"];

pub(super) const SHARED_OBJECTS_SURVIVE: Check = Check {
    id: "concurrency::shared_objects_survive",
    title: "What two machines share can be made by both at once, and stays until the last one is removed",
    clauses: &["RM-004", "CONC-002"],
    needs: &[Need::Machine, Need::Parallel, Need::Inventory, Need::Guest],
    why: "Groups, networks and keys that a driver makes once for all machines are made by whoever comes first.",
    good: "Both Creates return nil although both make the group; after Remove of one machine the other answers.",
    bad: "The second Create fails: the group exists already. Or Remove deletes the group that the other one needs.",
    run: |cx| {
        Box::pin(async move {
            let baseline = cx.inventory().await?;
            let (first, second) = (cx.configured().await?, cx.configured().await?);
            let (one, two) = join(first.create(), second.create()).await;
            for outcome in [&one, &two] {
                if let Err(error) = outcome
                    && says_exists(&error.to_string())
                {
                    cx.rule("CONC-002")
                        .broken("Create beside another one in a new account returns no error", error);
                }
            }
            one.and(two).map_err(|error| cx.prerequisite("one of two Creates at once", &error))?;
            second.guest("exit 0").await.map_err(|error| cx.prerequisite("logging in", &error))?;
            let made = left_over(&baseline, &cx.inventory().await?);
            first.remove().await.map_err(|error| cx.prerequisite("Remove of one of two machines", &error))?;
            let now = cx.inventory().await?;
            let lost: Vec<_> = left_over(&now, &made)
                .into_iter()
                .filter(|object| !belongs_to(object, first.name()))
                .collect();
            cx.rule("RM-004").holds(
                lost.is_empty(),
                "everything that does not belong to the removed machine alone is still there",
                || format!("gone: {}", objects_of(&lost)),
            );
            cx.rule("RM-004").succeeds(
                &second.guest("exit 0").await,
                "logging in to the other machine after Remove of the first",
            );
            Ok(())
        })
    },
};

pub(super) const BUSY_PROVIDER_IS_WAITED_FOR: Check = Check {
    id: "concurrency::busy_provider_is_waited_for",
    title: "A provider that is busy with another machine is asked again",
    clauses: &["CONC-008"],
    needs: &[Need::Machine, Need::Parallel, Need::Busy],
    why: "Each machine has a process of its own, so a lock inside of the driver protects nobody.",
    good: "The provider answers that it is busy; the driver waits a little and repeats the call.",
    bad: "Two of three Creates at once fail: the hypervisor is locked.",
    run: |cx| {
        Box::pin(async move {
            // Who cannot create one machine has another problem.
            cx.created().await?;
            let machines = cx.several(MACHINES).await?;
            cx.tenant().one_change_at_a_time().await?;
            let outcomes = join_all(machines.iter().map(|machine| machine.create())).await;
            for (machine, outcome) in machines.iter().zip(outcomes) {
                cx.rule("CONC-008").succeeds(
                    &outcome,
                    &format!(
                        "Create of {} while the provider carries out one change at a time",
                        machine.name()
                    ),
                );
            }
            Ok(())
        })
    },
};

pub(super) const GETTERS_STAY_WITHIN_THE_BUDGET: Check = Check {
    id: "concurrency::getters_stay_within_the_budget",
    title: "Listing many machines costs few calls of the provider",
    clauses: &["CONC-009"],
    needs: &[Need::Machine, Need::Parallel, Need::RequestLog],
    why: "`ls` asks all machines at once; a provider that limits its callers then fails everything else as well.",
    good: "GetURL and GetState of a machine are one call each.",
    bad: "Each getter lists all instances of the account, page by page, and looks up its network.",
    run: |cx| {
        Box::pin(async move {
            let machines = cx.several_created(2).await?;
            let before = cx.tenant().requests().await?.len();
            join_all(machines.iter().map(|machine| listed(&cx, machine)))
                .await
                .into_iter()
                .collect::<Result<Vec<()>, Stop>>()?;
            let calls = cx.tenant().requests().await?.len().saturating_sub(before);
            let all = calls * LISTED / machines.len();
            cx.rule("CONC-009").holds(
                all <= BURST,
                format!("at most {BURST} calls for GetURL and GetState of {LISTED} machines"),
                || format!("{calls} calls for {} machines, which makes {all}", machines.len()),
            );
            Ok(())
        })
    },
};

/// Asks what `ls` asks, in a fresh process.
async fn listed(cx: &Context, machine: &Machine) -> Result<(), Stop> {
    let session = machine.fresh_process().await?;
    session.url().await.map_err(|error| cx.prerequisite("GetURL", &error))?;
    session.state().await.map_err(|error| cx.prerequisite("GetState", &error))?;
    Ok(())
}

fn says_exists(text: &str) -> bool {
    let text = text.to_lowercase();
    EXISTS.iter().any(|word| text.contains(word))
}

/// Whether an object is one machine's alone: its owner, its name or an attribute says so.
fn belongs_to(object: &Object, machine: &str) -> bool {
    object.owner.as_deref() == Some(machine)
        || object.name.contains(machine)
        || object.attributes.values().any(|value| value.contains(machine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_told_by_owner_name_and_attributes() {
        let object = |name: &str, owner: Option<&str>| Object {
            name: name.to_owned(),
            owner: owner.map(str::to_owned),
            ..Object::default()
        };
        assert!(belongs_to(&object("x", Some("m1")), "m1"));
        assert!(belongs_to(&object("machine-m1-key", None), "m1"));
        assert!(!belongs_to(&object("docker-machine", None), "m1"));
        assert!(!belongs_to(&object("docker-machine", Some("m2")), "m1"));
    }

    #[test]
    fn words_for_existing_objects() {
        for text in [
            "InvalidGroup.Duplicate: The security group 'docker-machine' already exists",
            "a key named \"x\" exists already (name_taken)",
            "Error 409",
        ] {
            assert!(says_exists(text), "{text}");
        }
        assert!(!says_exists("no capacity"));
    }
}
