use std::collections::BTreeMap;

use super::Object;

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
