//! What a simulated machine is like.

use std::{collections::BTreeSet, net::Ipv4Addr, time::Duration};

use serde::{Deserialize, Serialize};

use super::kind::GuestKind;

/// Description of a machine before it is switched on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..GuestOptions::default()")]
pub struct GuestOptions {
    /// What the machine is made of. A container has Debian 12 with Docker, whatever the other options say.
    pub kind: GuestKind,
    /// Operating system: files, programs and habits.
    pub os: GuestOs,
    /// Host name of the first boot.
    pub host_name: String,
    /// People who can log in. Empty: the usual user of the operating system, without a key.
    pub users: Vec<User>,
    /// Port of the SSH server.
    pub ssh_port: SshPort,
    /// Time from switching on until SSH answers.
    #[serde(with = "crate::milliseconds")]
    pub boot: Duration,
    /// Time from a shutdown request until the machine is off.
    #[serde(with = "crate::milliseconds")]
    pub shutdown: Duration,
    /// Reaction to the power button.
    pub acpi: Acpi,
    /// Whether Docker is part of the image. Boot2Docker always has it.
    pub engine_installed: bool,
    /// Whether `sudo` works without a password.
    pub passwordless_sudo: bool,
    /// User data: kept in `/var/lib/cloud/instance/user-data.txt`, which is empty without; a script is run as root on the
    /// first boot.
    pub user_data: Option<String>,
    /// TCP ports that can be reached from outside; `None` is all. 22 stands for the SSH port, whatever its number.
    pub open_ports: Option<BTreeSet<u16>>,
    /// Network interfaces `eth0`, `eth1`, ...; empty is one with the machine's own address.
    pub interfaces: Vec<Interface>,
    /// Misbehaviour.
    pub faults: BTreeSet<GuestFault>,
}

impl Default for GuestOptions {
    fn default() -> Self {
        Self {
            kind: GuestKind::default(),
            os: GuestOs::default(),
            host_name: "localhost".into(),
            users: Vec::new(),
            ssh_port: SshPort::default(),
            boot: Duration::ZERO,
            shutdown: Duration::ZERO,
            acpi: Acpi::default(),
            engine_installed: false,
            passwordless_sudo: true,
            user_data: None,
            open_ports: None,
            interfaces: Vec::new(),
            faults: BTreeSet::new(),
        }
    }
}

/// Operating systems, chosen because each has a provisioner of its own in libmachine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GuestOs {
    /// Ubuntu 24.04.
    #[default]
    Ubuntu,
    /// Debian 12.
    Debian,
    /// Boot2Docker 19.03, which runs from memory: only `/var/lib/boot2docker` and `/var/lib/docker` are kept.
    Boot2Docker,
}

impl GuestOs {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Ubuntu, Self::Debian, Self::Boot2Docker];

    /// The user that images of this system are made with.
    pub fn default_user(self) -> &'static str {
        match self {
            Self::Ubuntu => "ubuntu",
            Self::Debian => "debian",
            Self::Boot2Docker => "docker",
        }
    }
}

/// A network interface, as programs of the machine show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal")]
pub struct Interface {
    /// Hardware address: six pairs of hexadecimal digits with colons.
    pub mac: String,
    /// Address.
    pub address: InterfaceAddress,
}

/// Address of a network interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum InterfaceAddress {
    /// None.
    Missing,
    /// The loopback address at which the machine can be reached.
    Own,
    /// One that only the machine knows, in a network with 256 addresses.
    Internal(Ipv4Addr),
}

/// A person who can log in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal")]
pub struct User {
    /// Login name.
    pub name: String,
    /// Public keys, one OpenSSH line each.
    pub authorized_keys: Vec<String>,
}

/// Which port the SSH server gets. What cannot be had on the machine's address is replaced by the next best.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SshPort {
    /// 22; where that needs privileges that are missing, 2222.
    #[default]
    Standard,
    /// This one.
    Fixed(u16),
    /// One chosen by the system, different for each machine.
    Ephemeral,
}

/// Reaction to the power button.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Acpi {
    /// Shuts down in order.
    #[default]
    Obeys,
    /// Does nothing.
    Ignores,
}

/// Misbehaviour of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GuestFault {
    /// Stays in its boot loader: nothing ever answers.
    NeverBoots,
    /// Boots, but the SSH port refuses connections.
    RefusesSsh,
    /// Boots, but the SSH port accepts connections and never says anything.
    SilentSsh,
    /// SSH answers, but no key is accepted.
    RejectsKeys,
    /// The boot takes this many milliseconds longer.
    SlowBoot(u64),
    /// Does not react to the power button.
    IgnoresAcpi,
    /// `sudo` asks for a password.
    AsksForPassword,
}
