//! Records that go to another store, and credentials that change.

use std::collections::BTreeMap;

use machine_driver::{DriverOptions, ErrorKind, Flag, OptionValue, State};
use serde_json::Value;

use super::{
    loaded, made,
    record::{Record, to_bytes},
    record_of, recorded,
};
use crate::{
    check::{Check, Need, Stop},
    context::Context,
};

/// What stands in a record instead of a credential that is no longer valid.
const OUTDATED: &str = "outdated-0000000000000000000000000000";

pub(super) const STORE_CAN_MOVE: Check = Check {
    id: "persistence::store_can_move",
    title: "The record works when its store has moved",
    clauses: &["PERSIST-007"],
    needs: &[],
    why: "Stores are copied to other computers and restored from backups under another path.",
    good: "With another StorePath, GetSSHKeyPath answers a path below it.",
    bad: "The record holds /home/ann/.docker/machine/machines/web/id_rsa, which Bob does not have.",
    run: |cx| {
        Box::pin(async move {
            let machine = recorded(&cx).await?;
            let before = record_of(&cx, &machine.session()).await?;
            let old = machine.store().to_string_lossy().into_owned();
            let session = loaded(&cx, &before).await?;
            let path_before =
                session.ssh_key_path().await.map_err(|error| cx.prerequisite("GetSSHKeyPath", &error))?;
            let new = cx.store().await?.to_string_lossy().into_owned();
            let mut moved = before.clone();
            moved.insert("StorePath".to_owned(), new.clone().into());
            let session = loaded(&cx, &moved).await?;
            if let Some(rest) = path_before.strip_prefix(&old) {
                let expected = format!("{new}{rest}");
                cx.rule("PERSIST-007").answers(
                    "GetSSHKeyPath in the new store",
                    &expected,
                    &session.ssh_key_path().await,
                );
            }
            let fixed = paths_below(&before, &old);
            cx.rule("PERSIST-007").holds(
                fixed.is_empty(),
                "no path below the store in the record, beside StorePath",
                || format!("the old path is in {}", fixed.join(", ")),
            );
            Ok(())
        })
    },
};

pub(super) const CREDENTIALS_CAN_BE_REPLACED: Check = Check {
    id: "persistence::credentials_can_be_replaced",
    title: "Credentials from the environment replace the ones in the record",
    clauses: &["PERSIST-008"],
    needs: &[Need::Machine, Need::Process, Need::Secret],
    why: "Credentials expire; the machines that were made with the old ones must still be stopped and removed.",
    good: "ACME_TOKEN=new in the environment: GetState and Remove work although the record has the old token.",
    bad: "Every command fails with 401 until somebody edits config.json by hand.",
    run: |cx| {
        Box::pin(async move {
            let credentials = credentials(&cx)?;
            let machine = made(&cx).await?;
            let state =
                machine.session().state().await.map_err(|error| cx.prerequisite("GetState", &error))?;
            let record = record_of(&cx, &machine.session()).await?;
            let session = cx.process_in(variables(&credentials)?).await?;
            let outdated = without(&record, &credentials, OUTDATED);
            session
                .set_config(&to_bytes(&outdated))
                .await
                .map_err(|error| cx.prerequisite("SetConfigRaw with other credentials", &error))?;
            let names: Vec<_> = credentials.iter().map(|credential| credential.variable.as_str()).collect();
            let what = format!("with an outdated record and {} in the environment", names.join(", "));
            cx.rule("PERSIST-008").answers(&format!("GetState {what}"), &state, &session.state().await);
            if state == State::Running {
                let removed = session.remove().await;
                if removed.as_ref().is_err_and(|error| error.kind() == ErrorKind::Connection) {
                    return Err(Stop::Prerequisite("the process ended in Remove".to_owned()));
                }
                cx.rule("PERSIST-008").succeeds(&removed, &format!("Remove {what}"));
            }
            Ok(())
        })
    },
};

/// A credential of the run: its flag's variable, and its value.
pub(crate) struct Credential {
    /// Environment variable of the flag; empty if it has none.
    pub(crate) variable: String,
    /// Value in this run.
    pub(crate) value: String,
}

/// Credentials among the options of the run.
///
/// # Errors
/// [`Stop::NotApplicable`] if no option is a credential.
pub(crate) fn credentials(cx: &Context) -> Result<Vec<Credential>, Stop> {
    let secrets: Vec<String> = cx.secrets().into_iter().map(|(_, value)| value).collect();
    let found = find(cx.flags()?, &cx.options()?, &secrets);
    if found.is_empty() {
        return Err(Stop::NotApplicable("no option of the run is a credential".to_owned()));
    }
    Ok(found)
}

/// Environment that supplies credentials.
///
/// # Errors
/// [`Stop::NotApplicable`] if one has no environment variable.
pub(crate) fn variables(credentials: &[Credential]) -> Result<BTreeMap<String, String>, Stop> {
    credentials
        .iter()
        .map(|credential| {
            if credential.variable.is_empty() {
                return Err(Stop::NotApplicable(
                    "a flag for a credential has no environment variable".to_owned(),
                ));
            }
            Ok((credential.variable.clone(), credential.value.clone()))
        })
        .collect()
}

fn find(flags: &[Flag], options: &DriverOptions, secrets: &[String]) -> Vec<Credential> {
    flags
        .iter()
        .filter_map(|flag| match options.value(&flag.name) {
            Some(OptionValue::String(value)) if !value.is_empty() && secrets.contains(value) => {
                let variable = flag.env_var.split(',').next().unwrap_or_default().trim().to_owned();
                Some(Credential { variable, value: value.clone() })
            }
            _ => None,
        })
        .collect()
}

/// The record with other text in place of credentials, at any depth.
pub(crate) fn without(record: &Record, credentials: &[Credential], other: &str) -> Record {
    record.iter().map(|(key, value)| (key.clone(), replaced(value, credentials, other))).collect()
}

fn replaced(value: &Value, credentials: &[Credential], other: &str) -> Value {
    match value {
        Value::String(text) if credentials.iter().any(|credential| credential.value == *text) => other.into(),
        Value::Array(items) => items.iter().map(|item| replaced(item, credentials, other)).collect(),
        Value::Object(fields) => Value::Object(without(fields, credentials, other)),
        _ => value.clone(),
    }
}

/// Keys, beside `StorePath`, whose value is or contains a path below `store`.
fn paths_below(record: &Record, store: &str) -> Vec<String> {
    record
        .iter()
        .filter(|(key, value)| key.as_str() != "StorePath" && value.to_string().contains(store))
        .map(|(key, value)| format!("{key} ({value})"))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(value: Value) -> Record {
        match value {
            Value::Object(fields) => fields,
            _ => Record::new(),
        }
    }

    #[test]
    fn credentials_are_replaced_at_any_depth() {
        let credentials = [Credential { variable: "T".into(), value: "s3cret".into() }];
        let before =
            record(json!({"Token": "s3cret", "Deep": {"Tokens": ["s3cret", "x"]}, "Name": "s3cret-not"}));
        let after = record(json!({"Token": "", "Deep": {"Tokens": ["", "x"]}, "Name": "s3cret-not"}));
        assert_eq!(without(&before, &credentials, ""), after);
    }

    #[test]
    fn credentials_are_found_by_value() {
        let flags = [Flag::string("a-token").env_var("A_TOKEN,B"), Flag::string("a-region")];
        let mut options = DriverOptions::defaults(&flags);
        options.insert("a-token", OptionValue::String("s3cret".into()));
        let found = find(&flags, &options, &["s3cret".to_owned(), String::new()]);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].variable.as_str(), found[0].value.as_str()), ("A_TOKEN", "s3cret"));
    }

    #[test]
    fn fixed_paths_are_named() {
        let record =
            record(json!({"StorePath": "/old", "SSHKeyPath": "/old/machines/m/id_rsa", "Other": "/usr"}));
        assert_eq!(paths_below(&record, "/old"), ["SSHKeyPath (\"/old/machines/m/id_rsa\")"]);
    }
}
