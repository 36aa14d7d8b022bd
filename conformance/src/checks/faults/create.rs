use std::time::{Duration, Instant};

use machine_mock_providers::faults::{Fault, FaultKind, FaultPlan, When};

use super::{answers::requests_since, inject, inject_plan};
use crate::{
    check::{Check, Need, Stop},
    provider::objects_of,
};

/// Time after which providers show what they have made (FAULT-003), before scaling.
const LATE: Duration = Duration::from_secs(15);
/// Foreign instances: more than any usual page holds.
const CROWD: usize = 250;

pub(super) const LATE_OBJECTS_ARE_WAITED_FOR: Check = Check {
    id: "faults::late_objects_are_waited_for",
    title: "Create succeeds although new objects are invisible at first",
    clauses: &["FAULT-003"],
    needs: &[Need::Machine, Need::Faults],
    why: "Many providers answer reads from copies that lag behind by seconds.",
    good: "The server is not found for 15 s (scaled) after it was ordered; Create waits and succeeds.",
    bad: "\"server not found\" right after the order: Create fails, and the server runs on.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let late = cx.limits().machine_waits().scale(LATE);
            let lag = FaultKind::Lag { reads: 0, ms: u64::try_from(late.as_millis()).unwrap_or(u64::MAX) };
            inject(&cx, When::mutating(), lag).await?;
            cx.rule("FAULT-003").succeeds(
                &machine.create().await,
                &format!("Create, with new objects invisible for {:.2} s,", late.as_secs_f64()),
            );
            Ok(())
        })
    },
};

/// Creates until the last change of one is met.
const TRIES: u32 = 3;

pub(super) const ROLL_BACK_SPARES_OTHERS: Check = Check {
    id: "faults::roll_back_spares_others",
    title: "A Create that fails leaves everything alone that existed before",
    clauses: &["CREATE-010"],
    needs: &[Need::Machine, Need::Inventory, Need::Faults, Need::RequestLog],
    why: "A roll-back that deletes by a name or a prefix destroys machines of others.",
    good: "Create fails at its last change; the other machine and its key are what they were.",
    bad: "The roll-back deletes the security group that all machines share.",
    run: |cx| {
        Box::pin(async move {
            let begun = Instant::now();
            let name = cx.machine_name();
            let other = cx.machine_with(format!("{name}-2"), cx.options()?).await?;
            other.configure().await.map_err(|error| cx.prerequisite("SetConfigFromFlags", &error))?;
            cx.create(&other).await?;
            let before = cx.inventory().await?;
            let changes_of_create = requests_since(&cx, begun).await?;
            let last = changes_of_create.iter().filter(|request| request.mutating).count();
            if last == 0 {
                return Err(Stop::NotTested("Create changes nothing at the provider".to_owned()));
            }
            let mut last = last;
            for try_number in 1.. {
                let machine = cx.machine_with(format!("{name}-{try_number}-1"), cx.options()?).await?;
                let configured = machine.configure().await;
                configured.map_err(|error| cx.prerequisite("SetConfigFromFlags", &error))?;
                let begun = Instant::now();
                let plan = Fault::new(When::mutating(), FaultKind::failing("no capacity"))
                    .skip(last as u32 - 1)
                    .times(1);
                inject_plan(&cx, plan.into()).await?;
                // Whether it fails is a matter of the sweep.
                let _ = machine.create().await;
                let hit = cx.tenant().fault_hits().await?.iter().any(|hits| *hits > 0);
                cx.tenant().heal().await?;
                if hit {
                    break;
                }
                // A second machine may need fewer changes: what all of them share is there.
                let changes = requests_since(&cx, begun).await?;
                last = changes.iter().filter(|request| request.mutating).count();
                let removed = machine.remove().await;
                removed.map_err(|error| cx.prerequisite("Remove", &error))?;
                if last == 0 || try_number == TRIES {
                    return Err(Stop::NotTested(format!(
                        "Create makes another number of changes each time, at last {last}"
                    )));
                }
            }
            let now = cx.inventory().await?;
            let touched: Vec<_> = before.iter().filter(|object| !now.contains(object)).cloned().collect();
            cx.rule("CREATE-010").holds(
                touched.is_empty(),
                "every object from before Create as it was",
                || format!("gone or changed: {}", objects_of(&touched)),
            );
            Ok(())
        })
    },
};

pub(super) const CAUSE_SURVIVES_THE_ROLL_BACK: Check = Check {
    id: "faults::cause_survives_the_roll_back",
    title: "If the roll-back fails as well, the error of Create still says why Create failed",
    clauses: &["CREATE-011"],
    needs: &[Need::Machine, Need::Faults, Need::RequestLog],
    why: "\"cannot delete the key\" does not tell anybody that the quota is exhausted.",
    good: "\"cannot create the server: quota exhausted; could not undo it: cannot delete the key: ...\".",
    bad: "Only the error of the last deletion.",
    run: |cx| {
        Box::pin(async move {
            let begun = Instant::now();
            let machine = cx.created().await?;
            let made = requests_since(&cx, begun).await?;
            let last = made.iter().filter(|request| request.mutating).count() as u32;
            if last == 0 {
                return Err(Stop::NotTested("Create changes nothing at the provider".to_owned()));
            }
            machine.remove().await.map_err(|error| cx.prerequisite("Remove", &error))?;
            let next = cx.configured().await?;
            let plan = FaultPlan::from_iter([
                Fault::new(When::mutating(), FaultKind::failing(CAUSE)).skip(last - 1).times(1),
                Fault::new(When::mutating(), FaultKind::failing("the second failure")).skip(last),
            ]);
            inject_plan(&cx, plan).await?;
            let outcome = next.create().await;
            cx.tenant().heal().await?;
            match outcome {
                // One that goes on without its last change, or repeats it, has nothing to report.
                Ok(()) => Err(Stop::NotApplicable(
                    "Create succeeds although its last change at the provider is refused".to_owned(),
                )),
                Err(error) => {
                    let text = error.to_string();
                    cx.rule("CREATE-011").holds(
                        text.contains(CAUSE),
                        format!("an error that contains the first reason, {CAUSE:?}"),
                        || text.clone(),
                    );
                    Ok(())
                }
            }
        })
    },
};

/// Reason of the first failure.
const CAUSE: &str = "quota of rack K17 is exhausted";

pub(super) const MANY_PAGES_ARE_READ: Check = Check {
    id: "faults::many_pages_are_read",
    title: "Remove finds what a killed Create made among hundreds of objects of others",
    clauses: &["FAULT-012"],
    needs: &[Need::Machine, Need::Inventory, Need::Faults],
    why: "Lists come in pages; on the first one there is rarely what one looks for.",
    good: "250 instances and images of others: PreCreateCheck finds the machine's image, and Remove from the record \
           before Create deletes the machine's own and no other.",
    bad: "Remove reads the first 50, finds nothing, and returns nil.",
    run: |cx| {
        Box::pin(async move {
            if let Err(error) = cx.tenant().crowd(CROWD).await {
                return Err(Stop::NotTested(error.to_string()));
            }
            let baseline = cx.inventory().await?;
            let machine = cx.configured().await?;
            machine.save().await.map_err(|error| cx.prerequisite("saving the record", &error))?;
            let record =
                machine.saved().await.map_err(|error| cx.prerequisite("reading the record", &error))?;
            let checked = machine.session().pre_create_check().await;
            if !cx.rule("FAULT-012").succeeds(&checked, "PreCreateCheck among what others have") {
                return Ok(());
            }
            cx.create(&machine).await?;
            let outcome = machine.fresh_process_with(&record).await?.remove().await;
            cx.rule("FAULT-012").succeeds(&outcome, "Remove from the record before Create");
            if let Err(left) = cx.back_to(&baseline).await {
                cx.rule("FAULT-012")
                    .broken(format!("nothing of the machine among {CROWD} instances of others"), left);
            }
            let now = cx.inventory().await?;
            let lost: Vec<_> = baseline.iter().filter(|object| !now.contains(object)).cloned().collect();
            cx.rule("FAULT-012").holds(lost.is_empty(), "every instance of others as it was", || {
                format!("gone or changed: {}", objects_of(&lost))
            });
            Ok(())
        })
    },
};
