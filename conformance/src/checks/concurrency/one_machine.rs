//! Several calls for one machine.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use tokio::sync::watch;

use crate::{
    check::{Check, Need},
    overlap,
};

/// Callers of one process at the same time.
const CALLERS: usize = 4;

pub(super) const CALLS_OVERLAP: Check = Check {
    id: "concurrency::calls_overlap",
    title: "Getters beside a long call neither crash the driver nor get half a record",
    clauses: &["CONC-004"],
    needs: &[Need::Process, Need::Machine],
    why: "Hosts send heartbeats and ask for the name while Create and GetURL run.",
    good: "Four callers ask all getters during Create; each gets an answer or an error, and Create succeeds.",
    bad: "\"fatal error: concurrent map read and map write\", or a record in which the id is there and the name is not.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let session = machine.session();
            let (done, finished) = watch::channel(false);
            let create = async {
                let outcome = machine.create().await;
                // Nobody listens any more if all callers have met a crash.
                let _ = done.send(true);
                outcome
            };
            let callers = (0..CALLERS).map(|_| {
                overlap::getters_until(&cx, Arc::clone(&session), machine.name().to_owned(), finished.clone())
            });
            let (outcome, seen) = join(create, join_all(callers)).await;
            for problem in seen.into_iter().flatten() {
                cx.rule("CONC-004").broken("an answer or an error beside Create", problem);
            }
            outcome.map_err(|error| cx.prerequisite("Create", &error))?;
            Ok(())
        })
    },
};

pub(super) const GETTERS_DURING_REMOVE: Check = Check {
    id: "concurrency::getters_during_remove",
    title: "Getters of one process work or fail while another one removes the machine",
    clauses: &["CONC-006"],
    needs: &[Need::Process, Need::Machine, Need::Inventory],
    why: "`ls` in one terminal runs beside `rm` in another.",
    good: "GetState answers until the instance is gone, and then fails.",
    bad: "The provider's empty answer is indexed; the process ends.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let record =
                machine.saved().await.map_err(|error| cx.prerequisite("reading the record", &error))?;
            let reader = cx.process().await?;
            reader.set_config(&record).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
            let (done, finished) = watch::channel(false);
            let remove = async {
                let outcome = machine.remove().await;
                let _ = done.send(true);
                outcome
            };
            let (outcome, seen) = join(
                remove,
                overlap::getters_until(&cx, Arc::clone(&reader), machine.name().to_owned(), finished),
            )
            .await;
            if let Some(problem) = seen {
                cx.rule("CONC-006").broken("an answer or an error beside Remove", problem);
            }
            outcome.map_err(|error| cx.prerequisite("Remove", &error))
        })
    },
};
