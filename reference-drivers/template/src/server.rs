use std::{collections::BTreeMap, net::IpAddr};

use machine_driver::State;
use serde::{Deserialize, Deserializer, de::Error as _};

/// A kind of object at the provider: where its collection is, and what people call it.
pub(crate) trait Object: for<'de> Deserialize<'de> {
    /// Name of the collection in paths and in answers.
    const COLLECTION: &'static str;
    /// What one is called in errors.
    const WORD: &'static str;

    /// Its name, given by whoever made it.
    fn name(&self) -> &str;
}

/// A server: the machine's instance.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Server {
    #[serde(deserialize_with = "id")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) state: ServerState,
    /// Only while it runs.
    #[serde(default)]
    pub(crate) address: Option<IpAddr>,
    /// Left out for 22.
    #[serde(default)]
    pub(crate) ssh_port: Option<u16>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
    /// Why it is in the state `error`.
    #[serde(default)]
    pub(crate) error: Option<String>,
}

/// What the provider calls the states of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServerState {
    Provisioning,
    Starting,
    Running,
    Stopping,
    Deleting,
    Off,
    Error,
    /// A later version of the provider has more.
    #[serde(other)]
    Unknown,
}

impl ServerState {
    /// The contract's state; `None` for one that is not known, which must not be guessed (STATE-004, STATE-005).
    pub(crate) fn to_machine(self) -> Option<State> {
        match self {
            Self::Provisioning | Self::Starting => Some(State::Starting),
            Self::Running => Some(State::Running),
            Self::Stopping | Self::Deleting => Some(State::Stopping),
            Self::Off => Some(State::Stopped),
            Self::Error => Some(State::Error),
            Self::Unknown => None,
        }
    }
}

/// An SSH key that servers are made with.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Key {
    #[serde(deserialize_with = "id")]
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) public_key: String,
}

/// A rule that lets further ports of one server through.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Firewall {
    #[serde(deserialize_with = "id")]
    pub(crate) id: String,
    pub(crate) name: String,
}

/// A region, an image or a size: something that options name.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Offer {
    pub(crate) id: String,
}

macro_rules! objects {
    ($($object:ty, $collection:literal, $word:literal;)*) => {$(
        impl Object for $object {
            const COLLECTION: &'static str = $collection;
            const WORD: &'static str = $word;

            fn name(&self) -> &str {
                &self.name
            }
        }
    )*};
}

objects! {
    Server, "servers", "server";
    Key, "keys", "key";
    Firewall, "firewalls", "firewall";
}

/// An id ends up in paths of requests that delete things, so it is no more than one plain word.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let id = String::deserialize(deserializer)?;
    let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if plain && !id.is_empty() && id.len() <= 64 { Ok(id) } else { Err(D::Error::custom("no id")) }
}
