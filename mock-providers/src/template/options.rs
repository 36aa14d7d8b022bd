//! How a cloud behaves.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::guest::{GuestKind, GuestOs, SshPort};

/// Options of a cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..ServerOptions::default()")]
pub struct ServerOptions {
    /// Where the API listens; loopback only, port 0 is chosen by the system.
    pub listen: SocketAddr,
    /// Where the control port listens, under the same rule.
    pub control_listen: SocketAddr,
    /// Token of the account `default`; `None` makes a random one.
    pub token: Option<String>,
    /// Token of the control port; `None` makes a random one.
    pub control_token: Option<String>,
    /// How long things take.
    pub times: Times,
    /// What guests are made of.
    pub guest_kind: GuestKind,
    /// Operating system of all servers, whatever their image says; `None` is what the image says.
    pub guest_os: Option<GuestOs>,
    /// Whether Docker is part of the images.
    pub engine_installed: bool,
    /// Ports of the servers' SSH.
    pub ssh_port: SshPort,
    /// Whether a server gets another address every time it is started.
    pub new_address_at_start: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: loopback,
            control_listen: loopback,
            token: None,
            control_token: None,
            times: Times::default(),
            guest_kind: GuestKind::default(),
            guest_os: None,
            engine_installed: false,
            ssh_port: SshPort::Standard,
            new_address_at_start: false,
        }
    }
}

/// How long things take; milliseconds when serialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..Times::default()")]
pub struct Times {
    /// From the order of a server until it runs.
    #[serde(with = "crate::milliseconds")]
    pub provision: Duration,
    /// From `start` until it runs.
    #[serde(with = "crate::milliseconds")]
    pub start: Duration,
    /// From `shutdown` until it is off, at least; the guest may take longer.
    #[serde(with = "crate::milliseconds")]
    pub shutdown: Duration,
    /// From `shutdown` until the cloud gives up on a guest that does not react.
    #[serde(with = "crate::milliseconds")]
    pub shutdown_timeout: Duration,
    /// From `power_off` until it is off.
    #[serde(with = "crate::milliseconds")]
    pub power_off: Duration,
    /// From deletion until it is gone and its name is free.
    #[serde(with = "crate::milliseconds")]
    pub delete: Duration,
    /// From running until SSH answers.
    #[serde(with = "crate::milliseconds")]
    pub boot: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let milliseconds = Duration::from_millis;
        Self {
            provision: milliseconds(4),
            start: milliseconds(4),
            shutdown: milliseconds(4),
            shutdown_timeout: milliseconds(100),
            power_off: milliseconds(2),
            delete: Duration::ZERO,
            boot: milliseconds(4),
        }
    }
}

impl Times {
    /// All times multiplied.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let seconds = |time: Duration| (time.as_secs_f64() * factor).max(0.0);
        let scale = |time| Duration::try_from_secs_f64(seconds(time)).unwrap_or(Duration::MAX);
        Self {
            provision: scale(self.provision),
            start: scale(self.start),
            shutdown: scale(self.shutdown),
            shutdown_timeout: scale(self.shutdown_timeout),
            power_off: scale(self.power_off),
            delete: scale(self.delete),
            boot: scale(self.boot),
        }
    }

    /// How often a guest that is going down is looked at.
    pub(super) fn check(&self) -> Duration {
        self.shutdown.max(Duration::from_millis(1))
    }
}
