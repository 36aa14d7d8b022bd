//! What every driver shares: the base record, the store, and names.

pub(super) mod changes;
mod names;
mod store;

use std::collections::BTreeMap;

use machine_driver::{BaseDriver, DriverOptions, OptionValue};
use serde_json::{Value, json};

use super::{name::isolation::Isolation, persistence::answers::answers_state_last};
use crate::{
    check::{Check, Need},
    checks::persistence::record::Record,
    context::Context,
    session::Session,
};

pub(crate) const CHECKS: &[Check] = &[
    RECORD_HAS_THE_SHARED_FIELDS,
    SSH_DEFAULTS_SURVIVE,
    EMPTY_DRIVER_ANSWERS,
    SSH_GETTERS_ASK_NOBODY,
    SWARM_OPTIONS_ARE_STORED,
    store::FILES_STAY_IN_THE_STORE,
    store::MISSING_FOLDERS_ARE_MADE,
    names::EVERY_HOST_NAME_WORKS,
];

const RECORD_HAS_THE_SHARED_FIELDS: Check = Check {
    id: "base::record_has_the_shared_fields",
    title: "The record has the fields that all drivers share, at its top level, and takes them over",
    clauses: &["BASE-001"],
    needs: &[],
    why: "Hosts send these fields first and read some of them from the stored record without the driver.",
    good: "After SetConfigRaw with MachineName, StorePath, SSHUser, ... GetConfigRaw shows the same values.",
    bad: "They stand one level deeper, below \"BaseDriver\", and what the host sends is ignored.",
    run: |cx| {
        Box::pin(async move {
            let store = cx.store().await?;
            let sent = telling_record(&cx.machine_name(), &store.to_string_lossy());
            let session = cx.process().await?;
            let bytes = serde_json::to_vec(&sent).unwrap_or_default();
            cx.rule("BASE-001")
                .succeeds(&session.set_config(&bytes).await, "SetConfigRaw with the shared fields");
            match session.config_object().await {
                Err(error) => cx.rule("BASE-001").broken("GetConfigRaw answers a JSON object", error),
                Ok(record) => {
                    for (expected, got) in field_problems(&sent, &record) {
                        cx.rule("BASE-001").broken(expected, got);
                    }
                }
            }
            Ok(())
        })
    },
};

const SSH_DEFAULTS_SURVIVE: Check = Check {
    id: "base::ssh_defaults_survive",
    title: "Default user and port for SSH survive a first configuration that says \"\" and 0",
    clauses: &["BASE-002"],
    needs: &[],
    why: "That is what hosts send first, so what the driver preset in its constructor is overwritten.",
    good: "The getter takes 0 for \"not configured\" and answers 22.",
    bad: "The constructor sets port 22 and user \"core\"; after the first configuration they are 0 and \"root\".",
    run: |cx| {
        Box::pin(async move {
            let base = BaseDriver::new(cx.machine_name(), cx.store().await?.to_string_lossy());
            let zero = cx.process().await?;
            let first = serde_json::to_vec(&base).unwrap_or_default();
            zero.set_config(&first).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
            let port_before_flags = zero.ssh_port().await;
            let options = cx.options()?;
            let refused = |error| cx.prerequisite("SetConfigFromFlags", &error);
            zero.set_config_from_flags(&options).await.map_err(refused)?;
            // The same without the two keys, which then keep what the driver preset.
            let kept = cx.process().await?;
            let names = json!({"MachineName": base.machine_name, "StorePath": base.store_path});
            let names = names.to_string();
            kept.set_config(names.as_bytes())
                .await
                .map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
            kept.set_config_from_flags(&options).await.map_err(refused)?;
            let (user, port) = (kept.ssh_username().await, kept.ssh_port().await);
            let answered = |error| cx.prerequisite("an SSH getter", &error);
            cx.rule("BASE-002").answers(
                "GetSSHUsername",
                &user.map_err(answered)?,
                &zero.ssh_username().await,
            );
            let port = port.map_err(answered)?;
            cx.rule("BASE-002").answers("GetSSHPort", &port, &zero.ssh_port().await);
            cx.rule("BASE-002").holds(
                port == 0 || matches!(port_before_flags, Ok(1..)),
                "GetSSHPort answers a port right after the first configuration",
                || {
                    port_before_flags.map_or_else(
                        |error| format!("it failed: {error}"),
                        |port| format!("it answers {port}"),
                    )
                },
            );
            Ok(())
        })
    },
};

const EMPTY_DRIVER_ANSWERS: Check = Check {
    id: "base::empty_driver_answers",
    title: "A driver without name and store answers every getter or fails cleanly",
    clauses: &["BASE-003"],
    needs: &[],
    why: "Executables start with an empty driver, and hosts call getters before they configure anything.",
    good: "GetURL fails with \"IP address is not set\"; the process lives.",
    bad: "GetURL follows an unset pointer; the process ends with a panic.",
    run: |cx| {
        Box::pin(async move {
            let quiet = Isolation::new(&cx).await?;
            let session = cx.process_in(quiet.environment()).await?;
            let answers = answers_state_last(&session).await;
            let _ = session.config().await;
            let _ = session.create_flags().await;
            for (method, answer) in &answers {
                let panicked = matches!(answer, Err(failure) if failure.text.contains("Panic in the driver"));
                cx.rule("BASE-003").holds(
                    !panicked,
                    format!("{method} of an empty driver does not panic"),
                    || format!("{answer:?}"),
                );
            }
            let alive = session.driver_name().await;
            // Every call after the end of the process fails; the first one is to blame.
            match cx.recorder().observations().deaths.into_iter().next() {
                Some((method, how)) => {
                    cx.rule("BASE-003")
                        .broken(format!("the process survives {method} of an empty driver"), how);
                }
                None => {
                    cx.rule("BASE-003").succeeds(&alive, "DriverName of an empty driver");
                }
            }
            Ok(())
        })
    },
};

const SSH_GETTERS_ASK_NOBODY: Check = Check {
    id: "base::ssh_getters_ask_nobody",
    title: "GetSSHKeyPath and GetSSHUsername do not talk to the provider",
    clauses: &["SSH-012"],
    needs: &[Need::RequestLog],
    why: "These two cannot return an error, so there is nothing that they could say when the provider is down.",
    good: "Both answer from the record; the provider's log stays as it was.",
    bad: "GetSSHUsername asks the provider which image the server has.",
    run: |cx| {
        Box::pin(async move {
            let machine =
                if cx.offers(Need::Machine) { cx.created().await? } else { cx.configured().await? };
            let session = machine.session();
            let before = cx.tenant().requests().await?.len();
            cx.rule("SSH-012").succeeds(&session.ssh_key_path().await, "GetSSHKeyPath");
            cx.rule("SSH-012").succeeds(&session.ssh_username().await, "GetSSHUsername");
            let requests: Vec<_> = cx.tenant().requests().await?.split_off(before);
            cx.rule("SSH-012").holds(requests.is_empty(), "no request to the provider", || {
                requests.iter().map(|request| request.operation.clone()).collect::<Vec<_>>().join(", ")
            });
            Ok(())
        })
    },
};

const SWARM_OPTIONS_ARE_STORED: Check = Check {
    id: "base::swarm_options_are_stored",
    title: "The Swarm options of the host end up in the record",
    clauses: &["BASE-005"],
    needs: &[],
    why: "Provisioning reads them from the record, in every later process.",
    good: "swarm-master=true gives \"SwarmMaster\": true.",
    bad: "SetConfigFromFlags does not look at them; the master is never set up.",
    run: |cx| {
        Box::pin(async move {
            let mut options = cx.options()?;
            for (name, value) in swarm_options() {
                options.insert(name, value);
            }
            let machine = cx.machine_with(cx.machine_name(), options.clone()).await?;
            machine.configure().await.map_err(|error| cx.prerequisite("SetConfigFromFlags", &error))?;
            let record = record_of(&cx, &machine.session()).await?;
            for (key, expected) in swarm_fields(&options) {
                let got = record.get(key).unwrap_or(&Value::Null);
                cx.rule("BASE-005").equals(
                    &format!("{key} in the record"),
                    &expected.to_string(),
                    &got.to_string(),
                );
            }
            Ok(())
        })
    },
};

async fn record_of(cx: &Context, session: &Session) -> Result<Record, crate::check::Stop> {
    session.config_object().await.map_err(|error| cx.prerequisite("GetConfigRaw", &error))
}

/// A base record in which no field has its zero value. The keys are those of docker-machine; rancher-machine knows
/// one more.
fn telling_record(machine: &str, store: &str) -> Record {
    let record = json!({
        "IPAddress": "192.0.2.7",
        "MachineName": machine,
        "SSHUser": "somebody",
        "SSHPort": 2022,
        "SSHKeyPath": format!("{store}/machines/{machine}/id_rsa"),
        "StorePath": store,
        "SwarmMaster": true,
        "SwarmHost": "tcp://192.0.2.7:3376",
        "SwarmDiscovery": "token://conformance",
    });
    match record {
        Value::Object(fields) => fields,
        _ => Record::new(),
    }
}

/// Expected and got for each field that is missing or has another value.
fn field_problems(sent: &Record, got: &Record) -> Vec<(String, String)> {
    sent.iter()
        .filter_map(|(key, expected)| match got.get(key) {
            Some(value) if value == expected => None,
            Some(value) => Some((
                format!("{key} is {expected} at the top level of the record"),
                format!("{key} is {value}"),
            )),
            None => {
                let other = got.keys().find(|other| other.eq_ignore_ascii_case(key));
                let got = other.map_or_else(|| "no such key".to_owned(), |other| format!("only {other}"));
                Some((format!("{key} is {expected} at the top level of the record"), got))
            }
        })
        .collect()
}

fn swarm_options() -> BTreeMap<&'static str, OptionValue> {
    BTreeMap::from([
        ("swarm", OptionValue::Bool(true)),
        ("swarm-master", OptionValue::Bool(true)),
        ("swarm-host", OptionValue::String("tcp://0.0.0.0:3377".to_owned())),
        ("swarm-discovery", OptionValue::String("token://conformance".to_owned())),
    ])
}

fn swarm_fields(options: &DriverOptions) -> [(&'static str, Value); 3] {
    [
        ("SwarmMaster", options.bool("swarm-master").into()),
        ("SwarmHost", options.string("swarm-host").into()),
        ("SwarmDiscovery", options.string("swarm-discovery").into()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_compared_by_name_and_value() {
        let sent = telling_record("m", "/s");
        assert_eq!(sent.len(), 9);
        assert_eq!(field_problems(&sent, &sent), []);
        let mut got = sent.clone();
        got.remove("StorePath");
        got.insert("storepath".to_owned(), "/s".into());
        got.insert("SSHPort".to_owned(), 22.into());
        assert_eq!(
            field_problems(&sent, &got),
            [
                ("SSHPort is 2022 at the top level of the record".to_owned(), "SSHPort is 22".to_owned()),
                (
                    "StorePath is \"/s\" at the top level of the record".to_owned(),
                    "only storepath".to_owned()
                ),
            ]
        );
        assert_eq!(field_problems(&sent, &Record::new()).len(), 9);
    }
}
