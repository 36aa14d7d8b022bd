//! Several machines at once, and several callers of one driver.

mod names;
mod one_machine;
mod shared;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use machine_driver::{ErrorKind, State};

use crate::{
    check::{Check, Need, Stop},
    provider::objects_of,
};

pub(crate) const CHECKS: &[Check] = &[
    CREATED_AT_ONCE,
    shared::SHARED_OBJECTS_SURVIVE,
    shared::BUSY_PROVIDER_IS_WAITED_FOR,
    shared::GETTERS_STAY_WITHIN_THE_BUDGET,
    names::ONE_NAME_AT_ONCE,
    one_machine::CALLS_OVERLAP,
    one_machine::GETTERS_DURING_REMOVE,
];

/// Machines that are made at once (CONC-001).
const MACHINES: usize = 3;

const CREATED_AT_ONCE: Check = Check {
    id: "concurrency::created_at_once",
    title: "Machines that are created at once work, each with an address and a guest of its own",
    clauses: &["CONC-001", "NET-012", "CONC-005"],
    needs: &[Need::Machine, Need::Parallel, Need::Inventory, Need::Guest],
    why: "Orchestrators create all nodes of a cluster at the same time.",
    good: "Three Creates at once: three servers, three addresses, and each key opens its own guest.",
    bad: "All three attach the floating IP that was free when they looked; two machines are out of reach.",
    run: |cx| {
        Box::pin(async move {
            // Who cannot create one machine, or not log in to it, has another problem.
            let alone = cx.created().await?;
            cx.boot_id(&alone).await?;
            let before = cx.instances().await?.len();
            let machines = cx.several(MACHINES).await?;
            let outcomes = join_all(machines.iter().map(|machine| machine.create())).await;
            let mut working = Vec::new();
            for (machine, outcome) in machines.iter().zip(outcomes) {
                let Err(error) = outcome else {
                    working.push(machine);
                    continue;
                };
                // An error is accepted if it is a clean one.
                let crashed = matches!(error.kind(), ErrorKind::Connection | ErrorKind::Panic);
                cx.rule("CONC-001").holds(!crashed, "a machine that works, or a clean error", || {
                    format!("Create ended the process: {error}")
                });
                // Without a saved record no host would call Remove.
                if machine.saved().await.is_ok() {
                    cx.rule("CONC-001")
                        .succeeds(&machine.remove().await, "Remove after a Create that failed beside others");
                }
            }
            if working.is_empty() {
                return Err(Stop::Prerequisite("no machine can be created".to_owned()));
            }
            let (mut addresses, mut boots) = (BTreeSet::new(), BTreeSet::new());
            for machine in &working {
                let name = machine.name();
                cx.rule("CONC-001")
                    .succeeds(&machine.settle(State::Running).await, &format!("waiting for {name}"));
                if let Ok(url) = machine.session().url().await {
                    cx.rule("NET-012").holds(
                        addresses.insert(url.clone()),
                        "another GetURL for each machine",
                        || format!("two machines answer {url:?}"),
                    );
                }
                match cx.boot_id(machine).await {
                    Ok(boot) => {
                        cx.rule("CONC-005").holds(
                            boots.insert(boot),
                            "a guest of its own for each machine",
                            || "two machines lead to the same guest".to_owned(),
                        );
                    }
                    Err(stop) => cx
                        .rule("CONC-005")
                        .broken(format!("the key of {name} opens the guest at its address"), stop),
                }
            }
            let instances = cx.instances().await?;
            cx.rule("CONC-001").holds(
                instances.len() == before + working.len(),
                format!("{} instances for as many machines", before + working.len()),
                || format!("{}: {}", instances.len(), objects_of(&instances)),
            );
            Ok(())
        })
    },
};
