//! PreCreateCheck at the provider.

use std::collections::BTreeSet;

use crate::{
    check::{Check, Need, Stop},
    provider::objects_of,
};

pub(super) const ONLY_READS: Check = Check {
    id: "pre_create::only_reads",
    title: "PreCreateCheck makes, changes and deletes nothing at the provider",
    clauses: &["PRE-001"],
    needs: &[Need::Flags, Need::Inventory, Need::RequestLog],
    why: "When it fails, hosts forget the machine without calling Remove; what it made stays.",
    good: "The provider's log has only reads.",
    bad: "It registers the SSH key, so that Create is faster.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let objects = objects_of(&cx.inventory().await?);
            let before = cx.tenant().requests().await?.len();
            // Whether it passes is the matter of other checks.
            let _ = machine.session().pre_create_check().await;
            let changes: Vec<String> = cx
                .tenant()
                .requests()
                .await?
                .split_off(before)
                .into_iter()
                .filter(|request| request.mutating)
                .map(|request| request.operation)
                .collect();
            cx.rule("PRE-001")
                .holds(changes.is_empty(), "only reads during PreCreateCheck", || changes.join(", "));
            cx.rule("PRE-001").equals(
                "the inventory after PreCreateCheck",
                &objects,
                &objects_of(&cx.inventory().await?),
            );
            Ok(())
        })
    },
};

pub(super) const UNKNOWN_VALUES_ARE_REFUSED: Check = Check {
    id: "pre_create::unknown_values_are_refused",
    title: "A region, image or size that the provider does not have is refused before Create",
    clauses: &["PRE-004"],
    needs: &[Need::Flags, Need::Catalog, Need::Inventory],
    why: "Create fails half-way through, and everything before the wrong value has to be undone.",
    good: "--acme-size=hugee: \"there is no size hugee\".",
    bad: "SetConfigFromFlags and PreCreateCheck return nil, and Create fails after it has made a key.",
    run: |cx| {
        Box::pin(async move {
            cx.configured()
                .await?
                .session()
                .pre_create_check()
                .await
                .map_err(|error| cx.prerequisite("PreCreateCheck with the options of the run", &error))?;
            let catalog = cx.tenant().catalog().await?;
            let closed = catalog.iter().filter(|offer| offer.closed);
            let kinds: BTreeSet<_> = closed.map(|offer| (offer.setting, offer.kind)).collect();
            let before = objects_of(&cx.inventory().await?);
            let mut tried = 0;
            for (setting, kind) in kinds {
                let mut options = cx.options()?;
                let unknown = format!("no-such-{kind}");
                if !cx.set_option(&mut options, setting, &unknown)? {
                    continue;
                }
                tried += 1;
                let machine = cx.machine_with(cx.machine_name(), options).await?;
                if machine.configure().await.is_err() {
                    continue;
                }
                cx.rule("PRE-004").fails(
                    &machine.session().pre_create_check().await,
                    &format!("PreCreateCheck with the {kind} {unknown:?}"),
                );
            }
            cx.rule("PRE-004").equals(
                "the inventory after PreCreateCheck",
                &before,
                &objects_of(&cx.inventory().await?),
            );
            if tried == 0 {
                return Err(Stop::NotApplicable(
                    "the driver has no option for anything that the provider lists".to_owned(),
                ));
            }
            Ok(())
        })
    },
};
