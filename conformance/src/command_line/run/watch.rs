//! Waiting for a change of the driver's executable.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::command_line::failure::Failure;

/// A build writes an executable in several steps: no change for so long means that it is complete.
const QUIET: Duration = Duration::from_millis(400);

/// Files that are watched from the start of a run on, so that no change is missed.
pub(super) struct Watch {
    changes: mpsc::UnboundedReceiver<()>,
    files: Vec<PathBuf>,
    _watcher: notify::RecommendedWatcher,
}

impl Watch {
    /// Watches `files`, which may be replaced, or be missing for a while, as builds do it.
    pub(super) fn start(files: Vec<PathBuf>) -> Result<Self, Failure> {
        let names: BTreeSet<OsString> =
            files.iter().filter_map(|file| Some(file.file_name()?.to_owned())).collect();
        let (sender, changes) = mpsc::unbounded_channel();
        let on_event = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            let changes = event.kind.is_create() || event.kind.is_modify() || event.kind.is_remove();
            let ours =
                event.paths.iter().any(|path| path.file_name().is_some_and(|name| names.contains(name)));
            if changes && ours {
                // The receiver is gone when the last run has ended.
                let _ = sender.send(());
            }
        };
        let refused = |error: notify::Error| Failure::environment(format!("cannot watch files: {error}"));
        let mut watcher = notify::recommended_watcher(on_event).map_err(refused)?;
        let folders: BTreeSet<&Path> = files.iter().map(|file| folder_of(file)).collect();
        for folder in folders {
            watcher.watch(folder, RecursiveMode::NonRecursive).map_err(refused)?;
        }
        Ok(Self { changes, files, _watcher: watcher })
    }

    /// Waits until a file has changed and is complete.
    pub(super) async fn changed(&mut self) {
        // The sender lives as long as the watcher: `None` does not come.
        let mut more = self.changes.recv().await.is_some();
        while more || !self.files.iter().all(|file| file.is_file()) {
            more = matches!(tokio::time::timeout(QUIET, self.changes.recv()).await, Ok(Some(())));
        }
    }

    /// Names of the files, for people.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        names.join(" or ")
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    #[tokio::test]
    async fn a_file_that_is_replaced_has_changed_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("driver");
        fs::write(&file, "old").unwrap();
        let mut watch = Watch::start(vec![file.clone()]).unwrap();
        // Others in the folder are no change, and neither is reading.
        fs::write(folder.path().join("other"), "x").unwrap();
        fs::read(&file).unwrap();
        assert!(tokio::time::timeout(QUIET, watch.changed()).await.is_err());
        fs::remove_file(&file).unwrap();
        fs::write(folder.path().join("new"), "new").unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
        watch.changed().await;
        assert!(tokio::time::timeout(QUIET, watch.changed()).await.is_err());
    }
}
