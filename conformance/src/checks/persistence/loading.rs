//! Records that are older, newer, or loaded more than once.

use futures_util::future::join;
use serde_json::json;

use super::{
    all_getters,
    answers::{Answers, changed, local_answers},
    loaded,
    record::{Record, differences, stable_record, to_bytes},
    record_of, recorded,
};
use crate::{
    check::{Check, Need, Stop},
    checks::name::isolation::files_below,
    context::Context,
};

pub(super) const OLDER_AND_NEWER_RECORDS_LOAD: Check = Check {
    id: "persistence::older_and_newer_records_load",
    title: "Records of older and newer versions of the driver load and work",
    clauses: &["PERSIST-004"],
    needs: &[],
    why: "After an upgrade or a downgrade of the driver the machines are still there, with the records they had.",
    good: "A record without SSHPort loads, and GetSSHPort answers 22. A record with an unknown key loads.",
    bad: "After an upgrade all machines are in state Error, because the new field for the port is 0 in old records.",
    run: |cx| {
        Box::pin(async move {
            let machine = recorded(&cx).await?;
            let record = record_of(&cx, &machine.session()).await?;
            let usual = local_answers(&*loaded(&cx, &record).await?).await;
            for key in record.keys() {
                let mut older = record.clone();
                older.shift_remove(key);
                let Some(answers) = load(&cx, &older, &format!("a record without {key}")).await? else {
                    continue;
                };
                for (expected, got) in missing_defaults(key, &usual, &answers) {
                    cx.rule("PERSIST-004").broken(expected, got);
                }
            }
            let mut newer = record;
            newer.insert("ConformanceText".to_owned(), "unknown".into());
            newer.insert("ConformanceObject".to_owned(), json!({"Id": 1, "Tags": ["a", null]}));
            if let Some(answers) = load(&cx, &newer, "a record with unknown keys").await? {
                for (method, expected, got) in changed(&usual, &answers) {
                    cx.rule("PERSIST-004")
                        .broken(format!("{method} answers {expected} despite unknown keys"), got);
                }
            }
            Ok(())
        })
    },
};

pub(super) const LOADING_TWICE_IS_LOADING_ONCE: Check = Check {
    id: "persistence::loading_twice_is_loading_once",
    title: "SetConfigRaw twice with the same record is the same as once",
    clauses: &["PERSIST-009", "IDEM-007"],
    needs: &[],
    why: "Hosts load a record into a driver that was configured before, for example when they read the store again.",
    good: "The second SetConfigRaw returns nil, and record and getters are what they were.",
    bad: "The second one fails, or appends the lists of the record to themselves.",
    run: |cx| {
        Box::pin(async move {
            let exists = cx.offers(Need::Machine);
            let machine = recorded(&cx).await?;
            let record = record_of(&cx, &machine.session()).await?;
            let once = loaded(&cx, &record).await?;
            let twice = loaded(&cx, &record).await?;
            let again = twice.set_config(&to_bytes(&record)).await;
            if !cx.rule("PERSIST-009").succeeds(&again, "the second SetConfigRaw with the same record") {
                return Ok(());
            }
            let found = differences(&record_of(&cx, &once).await?, &record_of(&cx, &twice).await?);
            cx.rule("IDEM-007")
                .holds(found.is_empty(), "the record after one SetConfigRaw", || found.join("; "));
            let (once, twice) = (all_getters(&once, exists).await, all_getters(&twice, exists).await);
            for (method, expected, got) in changed(&once, &twice) {
                cx.rule("PERSIST-009")
                    .broken(format!("{method} answers {expected} after the second SetConfigRaw"), got);
            }
            Ok(())
        })
    },
};

pub(super) const CONSTRUCTOR_FIELDS_STAY: Check = Check {
    id: "persistence::constructor_fields_stay",
    title: "Keys that a record does not have keep the values that the driver started with",
    clauses: &["PERSIST-009"],
    needs: &[],
    why: "A driver that replaces itself by what it reads loses its defaults and the functions that it is made of.",
    good: "SetConfigRaw with {} changes nothing.",
    bad: "It empties the driver; the next getter follows an unset pointer, and the process ends.",
    run: |cx| {
        Box::pin(async move {
            let session = cx.process().await?;
            // First the getters: those of Go's base driver write the default that they answer into the record.
            let answers = local_answers(&session).await;
            let before = record_of(&cx, &session).await?;
            cx.rule("PERSIST-009").succeeds(&session.set_config(b"{}").await, "SetConfigRaw with {}");
            match stable_record(&session).await {
                Ok(after) => {
                    let found = differences(&before, &after);
                    cx.rule("PERSIST-009")
                        .holds(found.is_empty(), "the record of the new driver", || found.join("; "));
                }
                Err(error) => {
                    cx.rule("PERSIST-009").broken("GetConfigRaw answers after SetConfigRaw with {}", error);
                }
            }
            let after = local_answers(&session).await;
            cx.rule("PERSIST-009").succeeds(
                &session.driver_name().await,
                "DriverName after the other getters after SetConfigRaw with {}",
            );
            for (method, expected, got) in changed(&answers, &after) {
                cx.rule("PERSIST-009")
                    .broken(format!("{method} answers {expected} after SetConfigRaw with {{}}"), got);
            }
            Ok(())
        })
    },
};

pub(super) const PROCESSES_SHARE_A_RECORD: Check = Check {
    id: "persistence::processes_share_a_record",
    title: "Two processes with one record do not get in each other's way",
    clauses: &["PERSIST-010"],
    needs: &[],
    why: "`ls` and `status` run beside other commands.",
    good: "Both answer the same, and no file is left when they have ended.",
    bad: "The second one fails: \"machine is locked by process 4711\".",
    run: |cx| {
        Box::pin(async move {
            let exists = cx.offers(Need::Machine);
            let machine = recorded(&cx).await?;
            let record = record_of(&cx, &machine.session()).await?;
            let files = files_below(machine.store());
            let first = loaded(&cx, &record).await?;
            let second = cx.process().await?;
            let outcome = second.set_config(&to_bytes(&record)).await;
            cx.rule("PERSIST-010")
                .succeeds(&outcome, "SetConfigRaw beside another process with the same record");
            let (alone, beside) = join(all_getters(&first, exists), all_getters(&second, exists)).await;
            for (method, expected, got) in changed(&alone, &beside) {
                cx.rule("PERSIST-010").broken(format!("{method} answers {expected} in both processes"), got);
            }
            first.close().await;
            second.close().await;
            let mut left = files_below(machine.store());
            left.retain(|file| !files.contains(file));
            cx.rule("PERSIST-010")
                .holds(left.is_empty(), "no file left behind by two loads", || format!("{left:?}"));
            Ok(())
        })
    },
};

/// Loads a changed record into a new process; what its getters answer, unless it does not load.
async fn load(cx: &Context, record: &Record, what: &str) -> Result<Option<Answers>, Stop> {
    let session = cx.process().await?;
    let outcome = session.set_config(&to_bytes(record)).await;
    let loads = cx.rule("PERSIST-004").succeeds(&outcome, &format!("SetConfigRaw with {what}"));
    let answers = if loads { Some(local_answers(&session).await) } else { None };
    if loads {
        cx.rule("PERSIST-004").succeeds(&session.config().await, &format!("GetConfigRaw after {what}"));
    }
    session.close().await;
    Ok(answers)
}

/// Expected and got where the absence of `key` leaves a getter without a working default.
///
/// Name, store, user and key path are in every record that was ever written, so their absence proves nothing.
fn missing_defaults(key: &str, usual: &Answers, answers: &Answers) -> Vec<(String, String)> {
    let always_there = ["MachineName", "StorePath", "SSHUser", "SSHKeyPath"].contains(&key);
    let empty = |text: &str| text.is_empty() || text == "0";
    let mut ended = false;
    usual
        .iter()
        .filter_map(|(method, usual)| {
            let usual = usual.as_ref().ok().filter(|usual| !empty(usual))?;
            match answers.get(method)? {
                Ok(answer) if !empty(answer) || always_there => None,
                Ok(answer) => Some((
                    format!(
                        "a record without {key} has a working default: {method} answers {usual:?} with it"
                    ),
                    format!("{method} answers {answer:?}"),
                )),
                // After the end of the process only the first failure says something.
                Err(failure) if failure.lost && std::mem::replace(&mut ended, true) => None,
                Err(failure) => Some((
                    format!("{method} answers for a record without {key}"),
                    format!("{method} failed: {}", failure.text),
                )),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{super::answers::Failure, *};

    #[test]
    fn a_default_is_missed_only_where_there_was_a_value() {
        let answers = |port: Result<&str, &str>| -> Answers {
            Answers::from([("GetSSHPort", port.map(str::to_owned).map_err(Failure::of))])
        };
        let usual = answers(Ok("2022"));
        assert!(missing_defaults("SSHPort", &usual, &answers(Ok("22"))).is_empty());
        assert_eq!(missing_defaults("SSHPort", &usual, &answers(Ok("0"))).len(), 1);
        assert_eq!(missing_defaults("SSHPort", &usual, &answers(Err("died"))).len(), 1);
        assert!(missing_defaults("SSHPort", &answers(Ok("0")), &answers(Ok("0"))).is_empty());
        assert!(missing_defaults("SSHUser", &usual, &answers(Ok(""))).is_empty());
        assert_eq!(missing_defaults("SSHUser", &usual, &answers(Err("died"))).len(), 1);
    }
}
