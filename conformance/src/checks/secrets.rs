//! Credentials, keys and user data: where they must not show up.

pub(super) mod logs;
mod sent;

use std::{
    collections::BTreeSet,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use machine_driver::OptionValue;

use super::{
    name::isolation::files_below,
    persistence::{
        made,
        record::{Record, stable_record, to_bytes},
        travel::{credentials, variables, without},
    },
    plugin::{
        life::{live, live_refused, private_key},
        processes::started_by_drivers,
    },
};
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    redact::Redactor,
    session::Session,
};

pub(crate) const CHECKS: &[Check] = &[
    FILES_ARE_PRIVATE,
    CREDENTIALS_NEED_NOT_BE_STORED,
    ARGUMENTS_ARE_CLEAN,
    logs::USER_DATA_IS_NOT_LOGGED,
    logs::TRAFFIC_IS_NOT_LOGGED,
    sent::PRIVATE_KEY_STAYS_HERE,
    logs::STREAMS_ARE_CLEAN,
    ERRORS_ARE_CLEAN,
];

const FILES_ARE_PRIVATE: Check = Check {
    id: "secrets::files_are_private",
    title: "Files with secrets can be read by their owner only",
    clauses: &["SEC-002"],
    needs: &[Need::Machine],
    why: "Others on the computer could log in; and SSH refuses a key that others can read.",
    good: "id_rsa has mode 0600.",
    bad: "id_rsa has mode 0644.",
    run: |cx| {
        Box::pin(async move {
            if !modes_show(&cx) {
                return Err(Stop::NotTested(
                    "the umask of this run hides which mode the driver asks for".to_owned(),
                ));
            }
            let machine = made(&cx).await?;
            let mut secrets = cx.secrets();
            secrets.extend(private_key(&machine).await.map(|key| ("private key".to_owned(), key)));
            let redactor = Redactor::new(secrets);
            for file in files_below(machine.store()) {
                let path = machine.store().join(&file);
                let Some((mode, held)) = mode_and_secrets(&path, &redactor) else {
                    continue;
                };
                cx.rule("SEC-002").holds(
                    held.is_empty() || mode & 0o077 == 0,
                    format!(
                        "{} is readable by its owner only, for it holds: {}",
                        file.display(),
                        held.join(", ")
                    ),
                    || format!("mode {mode:04o}"),
                );
            }
            Ok(())
        })
    },
};

const CREDENTIALS_NEED_NOT_BE_STORED: Check = Check {
    id: "secrets::credentials_need_not_be_stored",
    title: "The driver works without credentials in the record if the environment has them",
    clauses: &["SEC-003"],
    needs: &[Need::Process, Need::Machine, Need::Secret],
    why: "The record is a plain file that is copied, backed up and pasted into bug reports.",
    good: "ACME_TOKEN in the environment: GetState works although the record has no token.",
    bad: "Without the token in config.json every command fails.",
    run: |cx| {
        Box::pin(async move {
            let credentials = credentials(&cx)?;
            let machine = made(&cx).await?;
            let state =
                machine.session().state().await.map_err(|error| cx.prerequisite("GetState", &error))?;
            let record = record_of(&cx, &machine.session()).await?;
            let session = cx.process_in(variables(&credentials)?).await?;
            session
                .set_config(&to_bytes(&without(&record, &credentials, "")))
                .await
                .map_err(|error| cx.prerequisite("SetConfigRaw without credentials", &error))?;
            let names: Vec<_> = credentials.iter().map(|credential| credential.variable.as_str()).collect();
            let what = format!(
                "GetState without credentials in the record, with {} in the environment",
                names.join(", ")
            );
            cx.rule("SEC-003").answers(&what, &state, &session.state().await);
            Ok(())
        })
    },
};

const ARGUMENTS_ARE_CLEAN: Check = Check {
    id: "secrets::arguments_are_clean",
    title: "No secret is an argument of a program that the driver runs",
    clauses: &["SEC-008"],
    needs: &[Need::Process, Need::Machine],
    why: "Everybody on the computer can list the arguments of all processes.",
    good: "`acme-cli --token-file=/dev/fd/3 create`.",
    bad: "`acme-cli --token=0815 create`.",
    run: |cx| {
        Box::pin(async move {
            if started_by_drivers().is_none() {
                return Err(Stop::NotTested(
                    "this system does not list the arguments of processes under /proc".to_owned(),
                ));
            }
            let mut seen = BTreeSet::new();
            let (waits, sample) = (cx.limits().process_waits(), cx.limits().sample());
            let life = {
                let mut life = std::pin::pin!(live(&cx));
                loop {
                    tokio::select! {
                        life = &mut life => break life?,
                        () = waits.pause(&sample) => {
                            seen.extend(started_by_drivers().unwrap_or_default().into_values());
                        }
                    }
                }
            };
            if !life.created {
                return Err(Stop::Prerequisite("the machine cannot be created".to_owned()));
            }
            let mut secrets = cx.secrets();
            secrets.extend(life.private_key.map(|key| ("private key".to_owned(), key)));
            let redactor = Redactor::new(secrets);
            for command_line in seen {
                let found = redactor.secrets_in(&command_line);
                cx.rule("SEC-008").holds(
                    found.is_empty(),
                    "no secret among the arguments of a program",
                    || format!("{} in: {}", found.join(", "), redactor.redact(&command_line)),
                );
            }
            Ok(())
        })
    },
};

const ERRORS_ARE_CLEAN: Check = Check {
    id: "secrets::errors_are_clean",
    title: "No error of this run contains a secret",
    clauses: &["SEC-009"],
    needs: &[Need::Secret, Need::WholeRun],
    why: "Errors end up in logs, tickets and screenshots.",
    good: "\"the provider refuses --acme-token\".",
    bad: "\"401 for https://api.acme.example?token=0815\".",
    run: |cx| {
        Box::pin(async move {
            let lived = async {
                wrong_credentials(&cx).await?;
                live_refused(&cx).await
            }
            .await;
            for (secret, place) in cx.observations().leaked_in_errors {
                cx.rule("SEC-009").broken("errors without secrets", format!("{secret} is in {place}"));
            }
            lived
        })
    },
};

/// Calls the driver with credentials that nobody has, and looks for them in its errors.
async fn wrong_credentials(cx: &Context) -> Result<(), Stop> {
    let planted = format!("planted-{:016x}", cx.random("wrong credentials"));
    let mut options = cx.options()?;
    let real: Vec<String> = cx.secrets().into_iter().map(|(_, value)| value).collect();
    let names: Vec<String> = options
        .iter()
        .filter(|(_, value)| matches!(value, OptionValue::String(text) if real.contains(text)))
        .map(|(name, _)| name.to_owned())
        .collect();
    for name in &names {
        options.insert(name, OptionValue::String(planted.clone()));
    }
    let machine = cx.machine_with(cx.machine_name(), options).await?;
    let session = machine.session();
    let outcomes = [
        ("SetConfigFromFlags", machine.configure().await),
        ("PreCreateCheck", session.pre_create_check().await),
        ("GetState", session.state().await.map(drop)),
        ("GetURL", session.url().await.map(drop)),
        ("Remove", session.remove().await),
    ];
    let redactor = Redactor::new([("the wrong credential", planted)]);
    for (method, outcome) in outcomes {
        let Err(error) = outcome else { continue };
        let text = error.to_string();
        cx.rule("SEC-009").holds(
            redactor.secrets_in(&text).is_empty(),
            format!("an error of {method} without credentials"),
            || redactor.redact(&text).into_owned(),
        );
    }
    Ok(())
}

async fn record_of(cx: &Context, session: &Session) -> Result<Record, Stop> {
    stable_record(session).await.map_err(|error| cx.prerequisite("GetConfigRaw", &error))
}

/// Whether a new file shows more than its owner's permissions, so that a driver that does not care is found out.
fn modes_show(cx: &Context) -> bool {
    let path = cx.private_dir().join("mode");
    let file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o666).open(&path);
    file.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

/// Permissions of a file, and the names of the secrets in it. `None` for what is no readable file.
fn mode_and_secrets(path: &Path, redactor: &Redactor) -> Option<(u32, Vec<String>)> {
    let mode = std::fs::symlink_metadata(path).ok().filter(std::fs::Metadata::is_file)?.permissions().mode()
        & 0o7777;
    let text = std::fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut held: Vec<String> = redactor.secrets_in(&text).into_iter().map(str::to_owned).collect();
    if held.is_empty() && text.contains("PRIVATE KEY-----") {
        held.push("a private key".to_owned());
    }
    Some((mode, held))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn files_with_secrets_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let redactor = Redactor::new([("token", "s3cret-token")]);
        for (text, held) in [
            ("{\"Token\":\"s3cret-token\"}", vec!["token"]),
            ("-----BEGIN RSA PRIVATE KEY-----\nx", vec!["a private key"]),
            ("ssh-rsa AAAA public", vec![]),
        ] {
            let path = folder.path().join("file");
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
            let held: Vec<String> = held.into_iter().map(str::to_owned).collect();
            assert_eq!(mode_and_secrets(&path, &redactor), Some((0o640, held)), "{text}");
        }
        assert_eq!(mode_and_secrets(folder.path(), &redactor), None);
    }
}
