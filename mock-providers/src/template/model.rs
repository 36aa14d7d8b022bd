//! Objects of the cloud, as they are on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An SSH key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Key {
    /// Id, `key-` and eight hexadecimal digits.
    pub id: String,
    /// Name, unique in the account.
    pub name: String,
    /// `SHA256:...`
    pub fingerprint: String,
    /// OpenSSH line.
    pub public_key: String,
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Server {
    /// Id, `srv-` and eight hexadecimal digits.
    pub id: String,
    /// Name, unique in the account.
    pub name: String,
    /// State.
    pub state: ServerState,
    /// Image.
    pub image: String,
    /// Size.
    pub size: String,
    /// Region.
    pub region: String,
    /// Key that it was made with.
    pub key_id: String,
    /// Address while it has one.
    pub address: Option<String>,
    /// SSH port when it is not 22.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_port: Option<u16>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// User data as it was given.
    pub user_data: Option<String>,
    /// Why it is in the state `error`.
    pub error: Option<String>,
}

/// State of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerState {
    /// Being made.
    Provisioning,
    /// Has power.
    Running,
    /// Going down.
    Stopping,
    /// Has no power.
    Off,
    /// Coming up again.
    Starting,
    /// Broken.
    Error,
    /// On its way out.
    Deleting,
}

impl ServerState {
    /// The word on the wire.
    pub fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "provisioning",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Off => "off",
            Self::Starting => "starting",
            Self::Error => "error",
            Self::Deleting => "deleting",
        }
    }
}

/// Ports of a server that are let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Firewall {
    /// Id, `fw-` and eight hexadecimal digits.
    pub id: String,
    /// Name; need not be unique.
    pub name: String,
    /// Server that it is for.
    pub server_id: String,
    /// TCP ports.
    pub ports: Vec<u16>,
}

/// Order of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the body of a request")]
pub struct NewKey {
    /// Name.
    pub name: String,
    /// OpenSSH line.
    pub public_key: String,
}

/// Order of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the body of a request")]
pub struct NewServer {
    /// Name.
    pub name: String,
    /// Image.
    pub image: String,
    /// Size.
    pub size: String,
    /// Region.
    pub region: String,
    /// Key that can log in.
    pub key_id: String,
    /// User data.
    #[serde(default)]
    pub user_data: Option<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// A repeated order with the same key is not carried out again.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Order of a firewall.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "the body of a request")]
pub struct NewFirewall {
    /// Name.
    pub name: String,
    /// Server.
    pub server_id: String,
    /// TCP ports.
    pub ports: Vec<u16>,
}

/// What a server is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// From off to running.
    Start,
    /// Asks the guest.
    Shutdown,
    /// Does not ask the guest.
    PowerOff,
    /// Asks the guest; stays running.
    Reboot,
}

impl Action {
    /// Name of the operation in logs and fault plans.
    pub fn operation(self) -> &'static str {
        match self {
            Self::Start => "StartServer",
            Self::Shutdown => "ShutdownServer",
            Self::PowerOff => "PowerOffServer",
            Self::Reboot => "RebootServer",
        }
    }
}
