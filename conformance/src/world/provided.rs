use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use machine_driver::ssh::{KeyAlgorithm, KeyPair};

use super::{Object, WorldError};

/// A value that an option of the driver can have at this provider, and how an instance made with it shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "worlds fill it in")]
pub struct Offer {
    /// What is chosen, in one word: `image`, `size`, `region`, `tag`, ...
    pub kind: &'static str,
    /// Name of the setting: the option is the flag `<driver>-<setting>`.
    pub setting: &'static str,
    /// Value of the option.
    pub value: String,
    /// Attribute of the instance in the inventory, and its value.
    pub shown_as: (String, String),
    /// Further settings that this value needs, for example the SSH user of an image.
    pub with: BTreeMap<String, String>,
    /// Whether the provider has no other values than the listed ones.
    pub closed: bool,
}

/// Objects of a user that the driver is told to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "worlds fill it in")]
pub struct Supplied {
    /// The objects, as the inventory lists them.
    pub objects: Vec<Object>,
    /// Settings by which the driver is told.
    pub settings: BTreeMap<String, String>,
}

/// A way from one state of an instance to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are two")]
pub enum Transition {
    /// Coming up.
    Starting,
    /// Going down.
    Stopping,
}

/// A key pair of a user, and the file in `folder` with its private key.
pub(super) async fn key_of_a_user(folder: &Path) -> Result<(KeyPair, PathBuf), WorldError> {
    let path = folder.join("supplied-key");
    let pair = KeyPair::generate(&path, KeyAlgorithm::Ed25519).await;
    let failed = |error| WorldError(format!("cannot make a key pair of a user: {error}"));
    Ok((pair.map_err(failed)?, path))
}

/// What was made for somebody else, by its ids: it belongs to no machine, whatever its name is.
#[derive(Debug, Default)]
pub(super) struct Foreign(Mutex<BTreeSet<String>>);

impl Foreign {
    /// From now on these belong to no machine.
    pub(super) fn add(&self, made: impl IntoIterator<Item = impl Into<Object>>) -> Vec<Object> {
        let mut foreign = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let objects: Vec<_> = made.into_iter().map(|made| Object { owner: None, ..made.into() }).collect();
        foreign.extend(objects.iter().map(|object| object.id.clone()));
        objects
    }

    /// The objects, those of somebody else without an owner.
    pub(super) fn apart(&self, objects: impl IntoIterator<Item = impl Into<Object>>) -> Vec<Object> {
        let foreign = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = |mut object: Object| {
            object.owner = object.owner.filter(|_| !foreign.contains(&object.id));
            object
        };
        objects.into_iter().map(|object| told(object.into())).collect()
    }
}
