//! Where a driver puts its files.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    check::{Check, Need, Stop},
    checks::name::isolation::files_below,
    context::Context,
    machine::Machine,
    provider::{left_over, objects_of},
    session::Session,
    store,
};

/// Start of the line that opens a private key in every format of OpenSSH and OpenSSL.
const PRIVATE_KEY: &str = "PRIVATE KEY-----";

pub(super) const FILES_STAY_IN_THE_STORE: Check = Check {
    id: "base::files_stay_in_the_store",
    title: "The files of a machine live in its folder of the store",
    clauses: &["BASE-004"],
    needs: &[Need::Machine],
    why: "Hosts delete that folder after Remove, and copy it to move a machine; whatever lies elsewhere is forgotten.",
    good: "machines/web/id_rsa and machines/web/id_rsa.pub; a shared image below cache/.",
    bad: "The key of web is ~/.acme/web.pem, or lies beside the folders of all machines.",
    run: |cx| {
        Box::pin(async move {
            let home = cx.private_dir().join("home");
            tokio::fs::create_dir_all(&home).await.map_err(|error| {
                Stop::Environment(format!("cannot make the folder {}: {error}", home.display()))
            })?;
            let here = std::env::current_dir().unwrap_or_default();
            let before = entries(&here);
            let machine = cx.configured().await?;
            let session = in_home(&cx, &machine, &home).await?;
            make_folder(&machine).await?;
            let outcome = create_by_hand(&cx, &machine, &session).await;
            let in_store = files_below(machine.store());
            let mut outside = files_below(&home);
            let mut new: Vec<_> = entries(&here).difference(&before).cloned().collect();
            outside.retain(|path| belongs_to_machine(&home, path, machine.name()));
            new.retain(|path| belongs_to_machine(&here, path, machine.name()));
            let beside: Vec<_> = in_store
                .into_iter()
                .filter(|path| !path.starts_with(Path::new("machines").join(machine.name())))
                .filter(|path| belongs_to_machine(machine.store(), path, machine.name()))
                .collect();
            let expected = format!("files of the machine only in machines/{}", machine.name());
            cx.rule("BASE-004")
                .holds(beside.is_empty(), &expected, || format!("in the store: {}", listed(&beside)));
            cx.rule("BASE-004").holds(outside.is_empty(), &expected, || {
                format!("in the user's home or temporary folder: {}", listed(&outside))
            });
            cx.rule("BASE-004")
                .holds(new.is_empty(), &expected, || format!("in the working directory: {}", listed(&new)));
            removed(&machine).await;
            outcome.map_err(|error| cx.prerequisite("Create", &error))
        })
    },
};

pub(super) const MISSING_FOLDERS_ARE_MADE: Check = Check {
    id: "base::missing_folders_are_made",
    title: "PreCreateCheck and Create cope with a store that has no folder for the machine",
    clauses: &["BASE-006"],
    needs: &[Need::Machine],
    why: "Hosts make the folder between the two; programs that embed drivers do not always.",
    good: "Create makes machines/web before it writes the key there, or fails before it makes anything.",
    bad: "Create makes the server, fails to write the key, and leaves the server behind.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let counts = cx.offers(Need::Inventory);
            let before = if counts { cx.inventory().await? } else { Vec::new() };
            let session = machine.session();
            session.pre_create_check().await.map_err(|error| cx.prerequisite("PreCreateCheck", &error))?;
            match create_by_hand(&cx, &machine, &session).await {
                Ok(()) => {
                    let key = session.ssh_key_path().await;
                    let missing = key.as_ref().is_ok_and(|key| !key.is_empty() && !Path::new(key).exists());
                    cx.rule("BASE-006").holds(!missing, "after Create, the private key exists", || {
                        format!("Create returned nil, but the file {key:?} does not exist")
                    });
                }
                Err(error) => {
                    let crashed = session.driver_name().await.is_err();
                    cx.rule("BASE-006").holds(!crashed, "a Create that fails cleanly", || {
                        format!("the process does not answer after Create, which failed: {error}")
                    });
                    let left = if counts { left_over(&before, &cx.inventory().await?) } else { Vec::new() };
                    cx.rule("BASE-006").holds(
                        left.is_empty(),
                        "a Create that fails before it makes anything",
                        || format!("Create failed ({error}) and left behind: {}", objects_of(&left)),
                    );
                }
            }
            removed(&machine).await;
            Ok(())
        })
    },
};

/// Makes the machine's folder, as hosts do before Create.
async fn make_folder(machine: &Machine) -> Result<(), Stop> {
    let dir = machine.dir();
    tokio::fs::create_dir_all(&dir)
        .await
        .map_err(|error| Stop::Environment(format!("cannot make the folder {}: {error}", dir.display())))
}

/// A process for the machine whose home and temporary folder is `home`, configured by the machine's options.
async fn in_home(cx: &Context, machine: &Machine, home: &Path) -> Result<Arc<Session>, Stop> {
    let text = home.to_string_lossy().into_owned();
    let environment = ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"];
    let session = cx.process_in(environment.map(|name| (name.to_owned(), text.clone())).into()).await?;
    session
        .set_config(&machine.first_config())
        .await
        .map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
    session
        .set_config_from_flags(machine.options())
        .await
        .map_err(|error| cx.prerequisite("SetConfigFromFlags", &error))?;
    Ok(session)
}

/// `Create` in `session`, without what a host does around it. The record is saved afterwards, for [`removed`].
async fn create_by_hand(cx: &Context, machine: &Machine, session: &Session) -> machine_driver::Result<()> {
    let before = session.config().await?;
    let outcome = session.create().await;
    let record = if outcome.is_ok() { session.config().await.unwrap_or(before) } else { before };
    let driver = cx.driver_name().unwrap_or_default();
    store::save(machine.store(), machine.name(), driver, &record).await?;
    outcome
}

/// Removes a machine that was created by hand. Checks about Remove decide whether it works.
async fn removed(machine: &Machine) {
    let _ = machine.remove().await;
}

/// Names of what lies in `folder`.
fn entries(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| PathBuf::from(entry.file_name())).collect()
}

/// Whether a file is about this machine: its path or text has the machine's name, or it is a private key.
fn belongs_to_machine(folder: &Path, path: &Path, machine: &str) -> bool {
    if path.to_string_lossy().contains(machine) {
        return true;
    }
    let text = std::fs::read(folder.join(path)).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.contains(machine) || text.contains(PRIVATE_KEY)
}

fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn files_of_a_machine_are_told_from_shared_ones() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("boot2docker.iso", "image"),
            ("mc-1.log", ""),
            ("state.json", "{\"machine\":\"mc-1\"}"),
            ("key", "-----BEGIN OPENSSH PRIVATE KEY-----\n"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let mut own: Vec<_> = entries(folder.path()).into_iter().collect();
        own.retain(|path| belongs_to_machine(folder.path(), path, "mc-1"));
        assert_eq!(listed(&own), "key, mc-1.log, state.json");
    }
}
