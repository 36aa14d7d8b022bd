//! Several calls for one machine.

use std::sync::Arc;

use futures_util::future::{join, join_all};
use machine_driver::{Error, ErrorKind};
use tokio::sync::watch;

use crate::{
    check::{Check, Need},
    context::Context,
    session::Session,
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
                call_all(
                    &cx,
                    Arc::clone(&session),
                    machine.name().to_owned(),
                    finished.clone(),
                )
            });
            let (outcome, seen) = join(create, join_all(callers)).await;
            for problem in seen.into_iter().flatten() {
                cx.rule("CONC-004")
                    .broken("an answer or an error beside Create", problem);
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
            let record = machine
                .saved()
                .await
                .map_err(|error| cx.prerequisite("reading the record", &error))?;
            let reader = cx.process().await?;
            reader
                .set_config(&record)
                .await
                .map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
            let (done, finished) = watch::channel(false);
            let remove = async {
                let outcome = machine.remove().await;
                let _ = done.send(true);
                outcome
            };
            let (outcome, seen) = join(
                remove,
                call_all(&cx, Arc::clone(&reader), machine.name().to_owned(), finished),
            )
            .await;
            if let Some(problem) = seen {
                cx.rule("CONC-006")
                    .broken("an answer or an error beside Remove", problem);
            }
            outcome.map_err(|error| cx.prerequisite("Remove", &error))
        })
    },
};

/// Calls the getters again and again until `finished`, and once more. What crashes, hangs or tears is the result; the
/// first of it ends the calls.
async fn call_all(
    cx: &Context,
    session: Arc<Session>,
    name: String,
    finished: watch::Receiver<bool>,
) -> Option<String> {
    loop {
        let last = *finished.borrow();
        let outcomes = [
            ("GetState", session.state().await.map(drop)),
            ("GetIP", session.ip().await.map(drop)),
            ("GetURL", session.url().await.map(drop)),
            ("GetSSHHostname", session.ssh_hostname().await.map(drop)),
            ("GetSSHPort", session.ssh_port().await.map(drop)),
        ];
        let crash = outcomes
            .into_iter()
            .find_map(|(method, outcome)| outcome.err().filter(is_crash).map(|error| (method, error)));
        if let Some((method, error)) = crash {
            return Some(format!("{method}: {error}"));
        }
        if let Some(torn) = torn(&session, &name).await {
            return Some(torn);
        }
        if last {
            return None;
        }
        cx.limits().process_waits().pause(&cx.limits().probe()).await;
    }
}

/// What is wrong with name and record, which no call changes.
async fn torn(session: &Session, name: &str) -> Option<String> {
    match session.machine_name().await {
        Ok(answer) if answer == name => {}
        Ok(answer) => return Some(format!("GetMachineName answers {answer:?}")),
        Err(error) => return Some(format!("GetMachineName: {error}")),
    }
    match session.config_object().await {
        Ok(record) if record.get("MachineName").and_then(|value| value.as_str()) == Some(name) => None,
        Ok(record) => Some(format!(
            "MachineName in the record is {:?}",
            record.get("MachineName")
        )),
        Err(error) => Some(format!("GetConfigRaw: {error}")),
    }
}

fn is_crash(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Connection | ErrorKind::Panic | ErrorKind::Timeout
    ) || error.to_string().contains("Panic in the driver")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crashes_and_hangs_count() {
        assert!(is_crash(&Error::new(ErrorKind::Connection, "unexpected EOF")));
        assert!(is_crash(&Error::remote(
            "Panic in the driver: index out of range"
        )));
        assert!(!is_crash(&Error::remote("Host is not running")));
    }
}
