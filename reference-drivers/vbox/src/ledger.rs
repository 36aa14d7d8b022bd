use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use machine_driver::{
    Error, ErrorKind, FileLock, Result,
    wait::{Wait, Waits},
};
use serde::{Deserialize, Serialize};

use crate::network::{Adapter, Kind};

/// Others hold it while they make a network and join it.
const LEDGER: Wait =
    Wait::new("other machines to set their network up", Duration::from_secs(600), Duration::from_secs(1));

/// What this driver has made for several machines, kept beside VirtualBox's settings and locked while it is open.
///
/// VirtualBox does not say who made a network, and chooses its name itself. So the intention is written down before
/// a network is made, and a process that dies in between leaves enough to find it (CREATE-012).
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
    pub(crate) content: Content,
    _lock: FileLock,
}

/// What stands in the file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Content {
    /// By the adapter's GUID.
    pub(crate) networks: BTreeMap<String, Entry>,
    /// A network is about to be made, or a process died while it was.
    pub(crate) pending: Option<Pending>,
}

/// A network of which this driver made at least a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) adapter: String,
    pub(crate) network_name: String,
    pub(crate) made_adapter: bool,
    pub(crate) made_dhcp: bool,
    /// Ids of the VMs in it.
    pub(crate) vms: BTreeSet<String>,
}

/// The adapters that were there before, and the VM for which a new one is made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pending {
    pub(crate) kind: Kind,
    pub(crate) before: BTreeSet<String>,
    pub(crate) vm: String,
}

impl Ledger {
    /// Opens the ledger in `folder`, and locks it until the value is dropped.
    ///
    /// # Errors
    /// If others hold it too long, or it cannot be read.
    pub(crate) async fn open(folder: &Path, waits: &Waits) -> Result<Self> {
        let lock = folder.join("docker-machine-driver-vbox.lock");
        let lock = FileLock::acquire(&lock, &LEDGER, waits).await?;
        let path = folder.join("docker-machine-driver-vbox.json");
        let content = read(&path).await?;
        Ok(Self { path, content, _lock: lock })
    }

    /// Writes the content back, all of it or nothing.
    pub(crate) async fn save(&self) -> Result<()> {
        let failed =
            |error: &(dyn std::error::Error + 'static)| broken(&self.path, "cannot be written", error);
        let text = serde_json::to_vec_pretty(&self.content).map_err(|error| failed(&error))?;
        let new = self.path.with_extension("json.new");
        tokio::fs::write(&new, text).await.map_err(|error| failed(&error))?;
        tokio::fs::rename(&new, &self.path).await.map_err(|error| failed(&error))
    }

    /// Takes over the network that a killed process has made. What is missing in `adapters` is not forgotten: an answer
    /// may be wrong, and deleting what is gone already does no harm.
    pub(crate) fn settle(&mut self, adapters: &[Adapter]) {
        let Some(Pending { kind, before, vm }) = self.content.pending.take() else {
            return;
        };
        let is_new = |adapter: &&Adapter| adapter.kind == kind && !before.contains(&adapter.guid);
        for adapter in adapters.iter().filter(is_new) {
            let entry = self.entry(adapter);
            entry.made_adapter = true;
            entry.vms.insert(vm.clone());
        }
    }

    /// The entry of a network, a new one if there is none.
    pub(crate) fn entry(&mut self, adapter: &Adapter) -> &mut Entry {
        let entry = self.content.networks.entry(adapter.guid.clone()).or_default();
        entry.kind = adapter.kind;
        entry.adapter.clone_from(&adapter.name);
        entry.network_name.clone_from(&adapter.network_name);
        entry
    }
}

async fn read(path: &Path) -> Result<Content> {
    let text = match tokio::fs::read(path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Content::default()),
        Err(error) => return Err(broken(path, "cannot be read", &error)),
    };
    serde_json::from_slice(&text).map_err(|error| broken(path, "cannot be read", &error))
}

fn broken(path: &Path, problem: &str, source: &(dyn std::error::Error + 'static)) -> Error {
    let text = format!("the list of host-only networks {} {problem}", path.display());
    Error::new(ErrorKind::Io, text).with_source(source)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn adapter(guid: &str) -> Adapter {
        Adapter { name: format!("vboxnet{guid}"), guid: guid.to_owned(), ..Adapter::default() }
    }

    #[tokio::test]
    async fn a_network_of_a_killed_process_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let waits = Waits::default();
        let mut ledger = Ledger::open(folder.path(), &waits).await.unwrap();
        ledger.content.pending = Some(Pending {
            before: BTreeSet::from(["0".to_owned()]),
            vm: "vm".to_owned(),
            ..Pending::default()
        });
        ledger.save().await.unwrap();
        drop(ledger);
        let mut ledger = Ledger::open(folder.path(), &waits).await.unwrap();
        ledger.settle(&[adapter("0"), adapter("1")]);
        assert_eq!(ledger.content.pending, None);
        let networks: Vec<_> = ledger.content.networks.iter().collect();
        let [(guid, entry)] = networks.as_slice() else { panic!("{networks:?}") };
        assert!(
            *guid == "1" && entry.made_adapter && entry.vms.contains("vm") && entry.adapter == "vboxnet1"
        );
    }

    #[tokio::test]
    async fn a_broken_ledger_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("docker-machine-driver-vbox.json"), "{").unwrap();
        let error = Ledger::open(folder.path(), &Waits::default()).await.unwrap_err();
        assert!(error.to_string().contains("docker-machine-driver-vbox.json"), "{error}");
    }
}
