//! Objects of the user that the driver was told to use.

use std::sync::Arc;

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
    world::{Object, Supplied},
};

/// Kinds of objects that are rules for ports.
const RULE_KINDS: [&str; 4] = ["security-group", "firewall", "network-acl", "access-group"];

pub(super) const SUPPLIED_OBJECTS_SURVIVE: Check = Check {
    id: "remove::supplied_objects_survive",
    title: "Remove deletes nothing that the user supplied by an option",
    clauses: &["RM-003"],
    needs: &[Need::Machine, Need::Inventory, Need::Supplied],
    why: "The key opens other servers too, and the network has other instances.",
    good: "With --acme-key=laptop the key \"laptop\" is there after Remove.",
    bad: "Remove deletes the key that the instance was made with, whoever made the key.",
    run: |cx| {
        Box::pin(async move {
            let (supplied, machine) = with_supplied(&cx).await?;
            machine.remove().await.map_err(|error| cx.prerequisite("Remove", &error))?;
            let now = cx.inventory().await?;
            for object in &supplied.objects {
                cx.rule("RM-003").holds(
                    found(&now, object).is_some(),
                    format!("the user's {} {:?} is there after Remove", object.kind, object.name),
                    || "it is gone".to_owned(),
                );
            }
            Ok(())
        })
    },
};

pub(super) const SUPPLIED_GROUPS_STAY_AS_THEY_ARE: Check = Check {
    id: "remove::supplied_groups_stay_as_they_are",
    title: "A group of firewall rules that the user supplied is not changed",
    clauses: &["SEC-007"],
    needs: &[Need::Machine, Need::Inventory, Need::Supplied],
    why: "The group protects other servers too; a rule that opens a port opens it for all of them.",
    good: "With --acme-group=web the group \"web\" has the same rules after Create and after Remove.",
    bad: "Create adds a rule that opens ports 22 and 2376 to the world.",
    run: |cx| {
        Box::pin(async move {
            let (supplied, machine) = with_supplied(&cx).await?;
            let groups: Vec<_> =
                supplied.objects.iter().filter(|object| RULE_KINDS.contains(&object.kind.as_str())).collect();
            if groups.is_empty() {
                return Err(Stop::NotTested(
                    "this provider has no groups of firewall rules that a user could supply".to_owned(),
                ));
            }
            same(&cx, &groups, "after Create").await?;
            machine.remove().await.map_err(|error| cx.prerequisite("Remove", &error))?;
            same(&cx, &groups, "after Remove").await
        })
    },
};

/// A machine that was created with everything that the user supplied.
async fn with_supplied(cx: &Context) -> Result<(Supplied, Arc<Machine>), Stop> {
    let supplied = cx.tenant().supply(cx.private_dir()).await?;
    let mut options = cx.options()?;
    for (setting, value) in &supplied.settings {
        if !cx.set_option(&mut options, setting, value)? {
            return Err(Stop::NotApplicable(format!("the driver has no option for a {setting} of the user")));
        }
    }
    let machine = cx.configured_with(cx.machine_name(), options).await?;
    cx.create(&machine).await?;
    if cx.offers(Need::Guest) {
        machine
            .guest("exit 0")
            .await
            .map_err(|error| cx.prerequisite("logging in to a machine with supplied objects", &error))?;
    }
    Ok((supplied, machine))
}

async fn same(cx: &Context, groups: &[&Object], when: &str) -> Result<(), Stop> {
    let now = cx.inventory().await?;
    for group in groups {
        let found = found(&now, group);
        cx.rule("SEC-007").holds(
            found.is_some_and(|found| found.attributes == group.attributes),
            format!("the user's {} {:?} is as it was {when}", group.kind, group.name),
            || format!("it was {:?} and is {:?}", group.attributes, found.map(|found| &found.attributes)),
        );
    }
    Ok(())
}

fn found<'a>(now: &'a [Object], object: &Object) -> Option<&'a Object> {
    now.iter().find(|other| other.kind == object.kind && other.id == object.id)
}
