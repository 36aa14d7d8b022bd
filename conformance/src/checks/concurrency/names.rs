//! Two people with one name for their machines.

use std::sync::Arc;

use futures_util::future::join;
use machine_driver::State;

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
};

pub(super) const ONE_NAME_AT_ONCE: Check = Check {
    id: "concurrency::one_name_at_once",
    title: "Two Creates with one name at once leave one working machine or two, never a broken one",
    clauses: &["CONC-007"],
    needs: &[Need::Machine, Need::Parallel, Need::Inventory, Need::Guest],
    why: "Two stores can be used with one account, and `node-1` is a popular name.",
    good: "One Create fails with \"name taken\" and undoes its own work; the other machine runs.",
    bad: "The one that fails deletes the instance of that name: the machine of somebody else.",
    run: |cx| {
        Box::pin(async move {
            // The second one looked before the first made anything, and comes when all is made.
            let (first, second) = namesakes(&cx).await?;
            let one = first.create_checked().await;
            let runs = first.settle(State::Running).await;
            one.as_ref().and(runs.as_ref()).map_err(|error| cx.prerequisite("Create", error))?;
            first.guest("exit 0").await.map_err(|error| cx.prerequisite("logging in", &error))?;
            judge(&cx, (&first, one), (&second, second.create_checked().await)).await?;
            // And both at the same moment. If both fail, there is no machine to be harmed.
            let (first, second) = namesakes(&cx).await?;
            let (one, two) = join(first.create_checked(), second.create_checked()).await;
            judge(&cx, (&first, one), (&second, two)).await
        })
    },
};

/// Two machines with one name, in stores of their own. Both have looked whether the name is free.
async fn namesakes(cx: &Context) -> Result<(Arc<Machine>, Arc<Machine>), Stop> {
    let name = cx.machine_name();
    let first = cx.configured_with(name.clone(), cx.options()?).await?;
    let second = cx.configured_with(name, cx.options()?).await?;
    let (one, two) = (first.session(), second.session());
    let checked = join(one.pre_create_check(), two.pre_create_check()).await;
    let checked = checked.0.and(checked.1);
    checked.map_err(|error| cx.prerequisite("PreCreateCheck", &error))?;
    Ok((first, second))
}

/// What both Creates returned, and what became of the machines.
async fn judge(
    cx: &Context,
    (first, one): (&Machine, machine_driver::Result<()>),
    (second, two): (&Machine, machine_driver::Result<()>),
) -> Result<(), Stop> {
    match (one, two) {
        (Ok(()), Ok(())) => {
            works(cx, first, "with a namesake").await;
            works(cx, second, "with a namesake").await;
            let boots = (cx.boot_id(first).await?, cx.boot_id(second).await?);
            cx.rule("CONC-007").holds(boots.0 != boots.1, "two guests for two machines", || {
                "both lead to the same guest".to_owned()
            });
        }
        (Ok(()), Err(_)) => winner_stays(cx, first, second).await,
        (Err(_), Ok(())) => winner_stays(cx, second, first).await,
        (Err(_), Err(_)) => {}
    }
    Ok(())
}

/// The machine that got the name works, also after the other one was removed by its owner.
async fn winner_stays(cx: &Context, winner: &Machine, loser: &Machine) {
    works(cx, winner, "after Create of a namesake failed").await;
    // The record of a failed Create is the one saved before it; without any there is nothing to remove.
    if loser.saved().await.is_ok() {
        // What it returns is the matter of other checks.
        let _ = loser.remove().await;
        works(cx, winner, "after Remove of the namesake whose Create failed").await;
    }
}

async fn works(cx: &Context, machine: &Machine, when: &str) {
    let running = machine.settle(State::Running).await;
    if cx.rule("CONC-007").succeeds(&running, &format!("waiting for Running {when}")) {
        cx.rule("CONC-007").succeeds(&machine.guest("exit 0").await, &format!("logging in {when}"));
    }
}
