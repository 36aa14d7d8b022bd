use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result},
    mark::MachineMark,
    options::DriverOptions,
};

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

    /// Port of the engine, which hosts configure to listen where [`Driver::url`](crate::Driver::url) says.
    pub const ENGINE_PORT: u16 = 2376;
    /// Port of a Swarm master when `--swarm-host` says nothing.
    const SWARM_PORT: u16 = 3376;

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

    /// The machine's mark, by its name and store.
    pub fn mark(&self) -> MachineMark {
        MachineMark::of(self)
    }

    /// URL of the engine at an address of the machine; IPv6 gets its brackets (NET-009).
    pub fn engine_url(ip: &str) -> String {
        format!("tcp://{}", HostPort(ip, Self::ENGINE_PORT))
    }

    /// Port of the Swarm master, if the machine is one. Hosts pass `--swarm-host` on as it was given (FLAG-009).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) if `--swarm-host` names no port.
    pub fn swarm_port(&self) -> Result<Option<u16>> {
        if !self.swarm_master || self.swarm_host.is_empty() {
            return Ok(self.swarm_master.then_some(Self::SWARM_PORT));
        }
        let address = self.swarm_host.split_once("://").map(|(_, rest)| rest.trim_end_matches('/'));
        let port = address.and_then(|address| address.rsplit_once(':')?.1.parse().ok());
        let problem = || format!("must be tcp://HOST:PORT, but is {:?}", self.swarm_host);
        port.map(Some).ok_or_else(|| Error::invalid_option("swarm-host", problem()))
    }

    /// Stores the Swarm options that hosts send beside the driver's own ones (BASE-005).
    pub fn set_swarm_options(&mut self, options: &DriverOptions) {
        self.swarm_master = options.bool("swarm-master");
        self.swarm_host = options.string("swarm-host").to_owned();
        self.swarm_discovery = options.string("swarm-discovery").to_owned();
    }
}

/// An address or name with a port; IPv6 in brackets.
pub(crate) struct HostPort<'h>(pub(crate) &'h str, pub(crate) u16);

impl fmt::Display for HostPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host, port) = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn engines_have_brackets_around_ipv6() {
        assert_eq!(BaseDriver::engine_url("127.0.0.1"), "tcp://127.0.0.1:2376");
        assert_eq!(BaseDriver::engine_url("fd00::1"), "tcp://[fd00::1]:2376");
    }

    #[test]
    fn a_swarm_master_has_a_port() {
        let base = |master, host: &str| BaseDriver {
            swarm_master: master,
            swarm_host: host.to_owned(),
            ..BaseDriver::default()
        };
        assert_eq!(base(false, "tcp://0.0.0.0:3377").swarm_port(), Ok(None));
        assert_eq!(base(true, "").swarm_port(), Ok(Some(3376)));
        assert_eq!(base(true, "tcp://0.0.0.0:3377").swarm_port(), Ok(Some(3377)));
        assert_eq!(base(true, "tcp://[::]:3377/").swarm_port(), Ok(Some(3377)));
        for wrong in ["0.0.0.0:3377", "tcp://0.0.0.0", "tcp://0.0.0.0:x", "tcp://[::]", "tcp://a:99999"] {
            let error = base(true, wrong).swarm_port().unwrap_err().to_string();
            assert!(error.starts_with("--swarm-host must be tcp://HOST:PORT"), "{error}");
        }
    }
}
