use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::options::DriverOptions;

/// The record that every driver shares, with the JSON names that Go's `BaseDriver` uses (BASE-001).
///
/// Embed it with `#[serde(flatten)]`. [`Hosted`](crate::Hosted) keeps keys that the driver does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::exhaustive_structs, reason = "the record is fixed by the stores of existing hosts")]
pub struct BaseDriver {
    /// Address of the instance; empty while unknown.
    #[serde(rename = "IPAddress")]
    pub ip_address: String,
    /// IPv6 address of the instance (rancher-machine); empty while unknown.
    #[serde(rename = "IPv6Address")]
    pub ipv6_address: String,
    /// Name of the machine.
    #[serde(rename = "MachineName")]
    pub machine_name: String,
    /// User for SSH; empty means the driver's default, because hosts send an empty one first (BASE-002).
    #[serde(rename = "SSHUser")]
    pub ssh_user: String,
    /// Port for SSH; 0 means the default 22, because hosts send 0 first (BASE-002).
    #[serde(rename = "SSHPort")]
    pub ssh_port: u16,
    /// Path of the private key on the host's file system; empty means the default below the store.
    #[serde(rename = "SSHKeyPath")]
    pub ssh_key_path: String,
    /// Root of the host's store, not the machine's folder.
    #[serde(rename = "StorePath")]
    pub store_path: String,
    /// Whether the machine is a Swarm master.
    #[serde(rename = "SwarmMaster")]
    pub swarm_master: bool,
    /// Address that the Swarm master listens on.
    #[serde(rename = "SwarmHost")]
    pub swarm_host: String,
    /// Discovery service of the Swarm.
    #[serde(rename = "SwarmDiscovery")]
    pub swarm_discovery: String,
}

impl BaseDriver {
    /// User for SSH when none is configured.
    pub const DEFAULT_SSH_USER: &'static str = "root";
    /// Port for SSH when none is configured.
    pub const DEFAULT_SSH_PORT: u16 = 22;

    /// A record with a machine name and the root of the store: what a host sends first.
    pub fn new(machine_name: impl Into<String>, store_path: impl Into<String>) -> Self {
        Self { machine_name: machine_name.into(), store_path: store_path.into(), ..Self::default() }
    }

    /// Folder of this machine below the store (BASE-004). It may not exist yet (BASE-006).
    pub fn machine_dir(&self) -> PathBuf {
        PathBuf::from(&self.store_path).join("machines").join(&self.machine_name)
    }

    /// Path of the private key: the configured one, or `id_rsa` in the machine's folder.
    pub fn ssh_key_path(&self) -> String {
        if self.ssh_key_path.is_empty() {
            self.machine_dir().join("id_rsa").to_string_lossy().into_owned()
        } else {
            self.ssh_key_path.clone()
        }
    }

    /// User for SSH: the configured one, or `default`.
    pub fn ssh_user_or(&self, default: &str) -> String {
        if self.ssh_user.is_empty() { default.to_owned() } else { self.ssh_user.clone() }
    }

    /// Port for SSH: the configured one, or 22.
    pub fn ssh_port_or_default(&self) -> u16 {
        if self.ssh_port == 0 { Self::DEFAULT_SSH_PORT } else { self.ssh_port }
    }

    /// Stores the Swarm options that hosts send beside the driver's own ones (BASE-005).
    pub fn set_swarm_options(&mut self, options: &DriverOptions) {
        self.swarm_master = options.bool("swarm-master");
        self.swarm_host = options.string("swarm-host").to_owned();
        self.swarm_discovery = options.string("swarm-discovery").to_owned();
    }
}
