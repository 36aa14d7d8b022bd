//! What drivers made for several machines, and who uses it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use machine_driver::{
    Error, ErrorKind, FileLock, Result,
    wait::{Wait, Waits},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Others hold it while they make an object and join it.
const OPEN: Wait = Wait::new(
    "other machines to be done with what they share",
    Duration::from_secs(600),
    Duration::from_secs(1),
);

/// A list of shared objects in a file of this computer, locked while it is open: networks, for example, that several
/// machines use and the last one deletes (RM-002, RM-003).
///
/// Hypervisors do not say who made an object, and some choose its id themselves. So the intention is
/// [written down](Self::intend) before an object is made, and a process that dies in between leaves enough to find it
/// (CREATE-012).
#[derive(Debug)]
pub struct Ledger<T> {
    path: PathBuf,
    content: Content<T>,
    _lock: FileLock,
}

/// What stands in the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
struct Content<T> {
    objects: BTreeMap<String, Entry<T>>,
    pending: Option<Pending>,
}

impl<T> Default for Content<T> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), pending: None }
    }
}

/// An object of which a driver made at least a part.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Entry<T> {
    object: T,
    /// Ids of the machines that use it.
    users: BTreeSet<String>,
}

/// An object is about to be made, or a process died while it was.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    /// Ids of the objects that were there before.
    before: BTreeSet<String>,
    user: String,
}

impl<T: Clone + Default + Serialize + DeserializeOwned> Ledger<T> {
    /// Opens the list at `path`, and locks it until the value is dropped (CONC-001).
    ///
    /// # Errors
    /// If others hold it too long, or it cannot be read.
    pub async fn open(path: impl Into<PathBuf>, waits: &Waits) -> Result<Self> {
        let path = path.into();
        let lock = FileLock::acquire(&path.with_extension("lock"), &OPEN, waits).await?;
        let content = read(&path).await?;
        Ok(Self { path, content, _lock: lock })
    }

    /// Writes the list back, all of it or nothing.
    ///
    /// # Errors
    /// If it cannot be written.
    pub async fn save(&self) -> Result<()> {
        let failed =
            |error: &(dyn std::error::Error + 'static)| broken(&self.path, "cannot be written", error);
        let text = serde_json::to_vec_pretty(&self.content).map_err(|error| failed(&error))?;
        let new = self.path.with_extension("json.new");
        tokio::fs::write(&new, text).await.map_err(|error| failed(&error))?;
        tokio::fs::rename(&new, &self.path).await.map_err(|error| failed(&error))
    }

    /// The machine is about to make an object, beside those with the ids `existing`. [Save](Self::save) before it is made.
    pub fn intend(&mut self, existing: impl IntoIterator<Item = String>, machine: &str) {
        let pending = Pending { before: existing.into_iter().collect(), user: machine.to_owned() };
        self.content.pending = Some(pending);
    }

    /// Whether an object was to be made and it is not known yet whether it was.
    pub fn is_pending(&self) -> bool {
        self.content.pending.is_some()
    }

    /// Takes over what was made since [`intend`](Self::intend), out of all objects that there are, by id; `note` writes down
    /// what was made of each. What is missing among them is not forgotten: an answer may be wrong, and deleting what is
    /// gone already does no harm.
    pub fn settle<L>(&mut self, listed: impl IntoIterator<Item = (String, L)>, note: impl Fn(&mut T, L)) {
        let Some(Pending { before, user }) = self.content.pending.take() else {
            return;
        };
        for (id, object) in listed.into_iter().filter(|(id, _)| !before.contains(id)) {
            self.made(&id, &user, |known| note(known, object));
        }
    }

    /// What the list says of an object; `None` if no driver made any part of it.
    pub fn object(&self, id: &str) -> Option<&T> {
        self.content.objects.get(id).map(|entry| &entry.object)
    }

    /// A driver made the object, or a part of it, for the machine; `note` writes down which. It gets what is known already:
    /// hypervisors give the ids of deleted objects to new ones, of which a part may have been left.
    pub fn made(&mut self, id: &str, machine: &str, note: impl FnOnce(&mut T)) {
        note(&mut self.content.objects.entry(id.to_owned()).or_default().object);
        self.join(id, machine);
    }

    /// The machine uses the object. Nothing is noted of an object that no driver made.
    pub fn join(&mut self, id: &str, machine: &str) {
        if let Some(entry) = self.content.objects.get_mut(id) {
            entry.users.insert(machine.to_owned());
        }
    }

    /// Keeps those users that `remain`; machines that are gone use nothing, whoever deleted them.
    pub fn keep_users(&mut self, remain: impl Fn(&str) -> bool) {
        for entry in self.content.objects.values_mut() {
            entry.users.retain(|user| remain(user));
        }
    }

    /// Ids and objects that no machine uses.
    pub fn unused(&self) -> Vec<(String, T)> {
        let unused = self.content.objects.iter().filter(|(_, entry)| entry.users.is_empty());
        unused.map(|(id, entry)| (id.clone(), entry.object.clone())).collect()
    }

    /// Whether nothing is in the list.
    pub fn is_empty(&self) -> bool {
        self.content.objects.is_empty()
    }

    /// The object is deleted.
    pub fn forget(&mut self, id: &str) {
        self.content.objects.remove(id);
    }
}

async fn read<T: DeserializeOwned>(path: &Path) -> Result<Content<T>> {
    let text = match tokio::fs::read(path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Content::default()),
        Err(error) => return Err(broken(path, "cannot be read", &error)),
    };
    serde_json::from_slice(&text).map_err(|error| broken(path, "cannot be read", &error))
}

fn broken(path: &Path, problem: &str, source: &(dyn std::error::Error + 'static)) -> Error {
    let text = format!("the list of what machines share {} {problem}", path.display());
    Error::new(ErrorKind::Io, text).with_source(source)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Parts of an object that drivers made.
    type Parts = BTreeSet<String>;

    async fn open(folder: &tempfile::TempDir) -> Ledger<Parts> {
        Ledger::open(folder.path().join("shared.json"), &Waits::default()).await.unwrap()
    }

    fn settle(ledger: &mut Ledger<Parts>, listed: &[&str]) {
        let listed = listed.iter().map(|id| ((*id).to_owned(), format!("net{id}")));
        ledger.settle(listed, |parts, name| add(parts, &name));
    }

    fn add(parts: &mut Parts, part: &str) {
        parts.insert(part.to_owned());
    }

    fn parts(parts: &[&str]) -> Parts {
        parts.iter().map(|part| (*part).to_owned()).collect()
    }

    #[tokio::test]
    async fn what_a_killed_process_has_made_is_taken_over() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = open(&folder).await;
        ledger.intend(["0".to_owned()], "m1");
        ledger.save().await.unwrap();
        drop(ledger);
        let mut ledger = open(&folder).await;
        assert!(ledger.is_pending());
        settle(&mut ledger, &["0", "1"]);
        assert!(!ledger.is_pending());
        assert_eq!((ledger.object("0"), ledger.object("1")), (None, Some(&parts(&["net1"]))));
        // Nothing is pending any more.
        settle(&mut ledger, &["0", "1", "2"]);
        assert_eq!(ledger.object("2"), None);
    }

    #[tokio::test]
    async fn the_last_machine_leaves_an_object_that_nobody_uses() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = open(&folder).await;
        ledger.made("1", "m1", |parts| add(parts, "net1"));
        ledger.join("1", "m2");
        ledger.join("of somebody else", "m2");
        ledger.made("1", "m2", |parts| add(parts, "server"));
        ledger.keep_users(|machine| machine != "m1");
        assert_eq!(ledger.unused(), []);
        ledger.keep_users(|machine| machine != "m2");
        assert_eq!(ledger.unused(), [("1".to_owned(), parts(&["net1", "server"]))]);
        ledger.forget("1");
        assert!(ledger.is_empty());
    }

    #[tokio::test]
    async fn what_is_left_of_an_object_belongs_to_the_next_one_of_its_id() {
        let folder = tempfile::tempdir().unwrap();
        let mut ledger = open(&folder).await;
        ledger.made("1", "m1", |parts| add(parts, "server"));
        ledger.keep_users(|_| false);
        // The object itself was deleted, its server could not be, and the hypervisor gives the id to a new one.
        ledger.intend([], "m2");
        settle(&mut ledger, &["1"]);
        assert_eq!(ledger.object("1"), Some(&parts(&["net1", "server"])));
        assert_eq!(ledger.unused(), []);
    }

    #[tokio::test]
    async fn a_broken_list_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shared.json");
        std::fs::write(&path, "{").unwrap();
        let error = Ledger::<Parts>::open(&path, &Waits::default()).await.unwrap_err();
        assert!(error.to_string().contains("shared.json"), "{error}");
    }
}
