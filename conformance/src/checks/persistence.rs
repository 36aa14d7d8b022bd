//! The record: everything that one process leaves to the next.

pub(super) mod answers;
mod loading;
pub(super) mod record;
pub(super) mod travel;

use std::sync::{Arc, Mutex, PoisonError};

use machine_driver::State;

use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
    session::Session,
};

use answers::{Answers, answers_state_first, answers_state_last, changed, local_answers};
use record::{Record, differences, stable_record, to_bytes};

pub(crate) const CHECKS: &[Check] = &[
    SURVIVES_A_NEW_PROCESS,
    NOTHING_IS_LEARNT_IN_GETTERS,
    RECORD_IS_A_FIXED_POINT,
    GETTERS_CHANGE_NOTHING,
    loading::OLDER_AND_NEWER_RECORDS_LOAD,
    loading::LOADING_TWICE_IS_LOADING_ONCE,
    loading::CONSTRUCTOR_FIELDS_STAY,
    loading::PROCESSES_SHARE_A_RECORD,
    travel::STORE_CAN_MOVE,
    travel::CREDENTIALS_CAN_BE_REPLACED,
];

/// How often the getters are called in a row (IDEM-005).
const ROUNDS: usize = 50;

const SURVIVES_A_NEW_PROCESS: Check = Check {
    id: "persistence::survives_a_new_process",
    title: "A new process with the saved record knows everything about the machine",
    clauses: &["PERSIST-001"],
    needs: &[Need::Machine],
    why: "Every command of a host is a new process that gets nothing but the record.",
    good: "After GetConfigRaw, a new process and SetConfigRaw, all getters answer as before.",
    bad: "The path of the key is in a field that is not written; the next process answers an empty path.",
    run: |cx| {
        Box::pin(async move {
            let machine = made(&cx).await?;
            let before = answers_state_first(&machine.session()).await;
            let session = machine.fresh_process().await?;
            let after = answers_state_first(&session).await;
            for (method, expected, got) in changed(&before, &after) {
                cx.rule("PERSIST-001").broken(
                    format!(
                        "{method} answers {expected} in a new process, as in the one that created the machine"
                    ),
                    got,
                );
            }
            Ok(())
        })
    },
};

const NOTHING_IS_LEARNT_IN_GETTERS: Check = Check {
    id: "persistence::nothing_is_learnt_in_getters",
    title: "No getter depends on what another getter found out before",
    clauses: &["PERSIST-005"],
    needs: &[Need::Machine],
    why: "Commands like status, url and ls never save; what a getter finds out there is lost with the process.",
    good: "GetIP answers the same before and after GetState, in any process.",
    bad: "Only GetState looks the address up; `ip` without `status` fails with \"IP address is not set\".",
    run: |cx| {
        Box::pin(async move {
            let machine = made(&cx).await?;
            let taught = answers_state_first(&*machine.fresh_process().await?).await;
            let untaught = answers_state_last(&*machine.fresh_process().await?).await;
            for (method, expected, got) in changed(&taught, &untaught) {
                cx.rule("PERSIST-005").broken(
                    format!("{method} answers {expected} without GetState, as it does after GetState"),
                    got,
                );
            }
            Ok(())
        })
    },
};

const RECORD_IS_A_FIXED_POINT: Check = Check {
    id: "persistence::record_is_a_fixed_point",
    title: "What SetConfigRaw takes is what GetConfigRaw gives",
    clauses: &["PERSIST-003"],
    needs: &[],
    why: "Hosts load and save the record with every command; a record that drifts ends somewhere else.",
    good: "A new process with the record of another answers the same record.",
    bad: "Every load counts a number up, or turns a list into a list in a list.",
    run: |cx| {
        Box::pin(async move {
            let machine = recorded(&cx).await?;
            let read = |error| cx.prerequisite("GetConfigRaw", &error);
            let record = machine.session().config_object().await.map_err(read)?;
            let session = loaded(&cx, &record).await?;
            let again = session.config_object().await.map_err(read)?;
            let found = differences(&record, &again);
            cx.rule("PERSIST-003").holds(found.is_empty(), "the record that was loaded", || found.join("; "));
            Ok(())
        })
    },
};

const GETTERS_CHANGE_NOTHING: Check = Check {
    id: "persistence::getters_change_nothing",
    title: "Calling every getter many times leaves the record as it is",
    clauses: &["IDEM-005"],
    needs: &[],
    why: "`ls` in a loop must not grow the record, and two processes must not write different ones.",
    good: "After 50 rounds of all getters the record is what it was after the first.",
    bad: "GetConfigRaw counts how often it was read.",
    run: |cx| {
        Box::pin(async move {
            let exists = cx.offers(Need::Machine);
            let machine = recorded(&cx).await?;
            let session = machine.session();
            let read = |error| cx.prerequisite("GetConfigRaw", &error);
            all_getters(&session, exists).await;
            let before = session.config_object().await.map_err(read)?;
            for _ in 1..ROUNDS {
                all_getters(&session, exists).await;
            }
            let after = session.config_object().await.map_err(read)?;
            let found = differences(&before, &after);
            cx.rule("IDEM-005").holds(
                found.is_empty(),
                format!("after {ROUNDS} rounds of getters, the record of the first round"),
                || found.join("; "),
            );
            Ok(())
        })
    },
};

/// A machine with a record: created if the run can do that, otherwise only configured, otherwise only named.
async fn recorded(cx: &Context) -> Result<Arc<Machine>, Stop> {
    if cx.offers(Need::Machine) {
        return made(cx).await;
    }
    match cx.configured().await {
        Err(Stop::Prerequisite(_)) => cx.named().await,
        configured => configured,
    }
}

/// Calls every getter; those that ask the provider only if there is a machine.
async fn all_getters(session: &Session, exists: bool) -> Answers {
    if exists { answers_state_first(session).await } else { local_answers(session).await }
}

/// A machine that was created and is at rest: it runs, unless its driver knows better (a host that is only
/// recorded has no state at all, or is off).
pub(super) async fn made(cx: &Context) -> Result<Arc<Machine>, Stop> {
    let machine = cx.configured().await?;
    cx.admit(machine.name())?;
    machine.create().await.map_err(|error| cx.prerequisite("Create", &error))?;
    at_rest(cx, &machine.session()).await?;
    Ok(machine)
}

/// Waits until the machine runs, or stays in another state that is not on the way to one.
pub(super) async fn at_rest(cx: &Context, session: &Session) -> Result<State, Stop> {
    let (limits, settle) = (cx.limits(), cx.limits().settle());
    let seen = Mutex::new((None, 0));
    let rested = limits.machine_waits().until(&settle, || async {
        let state = session.state().await.ok();
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        *seen = (state, if seen.0 == state { seen.1 + 1 } else { 1 });
        Ok(state.filter(|state| is_rest(*state, seen.1)))
    });
    rested.await.map_err(|_| {
        let (state, _) = *seen.lock().unwrap_or_else(PoisonError::into_inner);
        let last = state.map_or_else(|| "an error".to_owned(), |state| state.to_string());
        Stop::Prerequisite(format!(
            "the created machine does not come to rest; the last answer of GetState was {last}"
        ))
    })
}

/// Whether a state that was seen `times` times in a row will not change by itself.
fn is_rest(state: State, times: usize) -> bool {
    const LONG_ENOUGH: usize = 4;
    match state {
        State::Running => true,
        State::Starting | State::Stopping => false,
        _ => times >= LONG_ENOUGH,
    }
}

/// A new process with this record.
async fn loaded(cx: &Context, record: &Record) -> Result<Arc<Session>, Stop> {
    let session = cx.process().await?;
    session
        .set_config(&to_bytes(record))
        .await
        .map_err(|error| cx.prerequisite("SetConfigRaw with a record of the driver", &error))?;
    Ok(session)
}

/// The record of a machine, without what changes by itself.
async fn record_of(cx: &Context, session: &Session) -> Result<Record, Stop> {
    stable_record(session).await.map_err(|error| cx.prerequisite("GetConfigRaw", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_running_is_rest_at_once() {
        assert!(is_rest(State::Running, 1));
        assert!(!is_rest(State::Stopped, 1) && is_rest(State::Stopped, 4));
        assert!(!is_rest(State::Starting, 100) && !is_rest(State::Stopping, 100));
    }
}
