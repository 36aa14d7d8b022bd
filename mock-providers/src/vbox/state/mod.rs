//! All that one user has in VirtualBox: a synchronous state machine with the objects and calls of VirtualBox's COM
//! interface. Time, simulated machines and files are passed in as a [`Host`].
//!
//! The tables of [`VirtualBox`] are there to be read; they are changed by its methods. Each method checks everything
//! before it changes anything, so that a failed call changes nothing, except where real VirtualBox leaves something
//! behind. What takes time is put on a timeline; [`VirtualBox::advance`] lets it happen, [`VirtualBox::next_change`]
//! says when to call it next, and [`VirtualBox::outcome`] how a start, a power-off or a save went.
//!
//! | file | methods |
//! | --- | --- |
//! | `registry` | `create_machine`, `save_settings`, `register`, `open_machine`, `draft`, `save`, `unregister`, `delete_config`, `find_machine` |
//! | `machine`, `storage`, `network`, `shared_folder` | changes of a draft |
//! | `session` | `lock`, `console`: who may do something with a machine |
//! | `launch`, `power` | `launch`, `power_down`, `pause`, `resume`, `reset`, `save_state`, `discard_state`, `adopt_state`, buttons, NAT rules of running machines |
//! | `attach`, `media` | `attach`, `detach`, `open_medium`, `create_medium`, `clone_medium`, `close_medium`, ... |
//! | `snapshot`, `clone` | snapshots, and copies of machines |
//! | `properties` | guest properties and extra data |
//! | `host_interface`, `host_only_network`, `dhcp` | networks of the host |
//! | `outside` | what happens behind the driver's back: `delete_at_once`, `abort`, `crash`, `readdress`, ... |

mod attach;
mod clone;
mod dhcp;
mod error;
mod files;
mod hardware;
mod host_interface;
mod host_only_network;
mod launch;
mod log;
mod machine;
mod media;
mod medium;
mod moment;
mod network;
mod outside;
mod power;
mod properties;
mod registry;
mod session;
mod shared_folder;
mod snapshot;
mod storage;
#[cfg(test)]
mod tests;
mod timeline;
mod times;
mod uuid;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

pub(crate) use attach::Slot;
pub(crate) use dhcp::{DhcpAddresses, DhcpServer, DhcpServers};
pub use error::{Component, ResultCode, VBoxError};
pub(crate) use files::{FileError, Files};
pub(crate) use hardware::{GuestAdapter, Hardware, Host, Link, Start};
pub(crate) use host_interface::{AllowedAddresses, HostInterfaces};
pub(crate) use host_only_network::{HostOnlyNetwork, HostOnlyNetworks};
pub(crate) use launch::{StartFailure, StartOrder};
pub use machine::MachineState;
pub(crate) use machine::{ADAPTERS, BootDevice, Configuration, Machine};
pub(crate) use medium::{ImageFormat, ImageInfo, Medium, MediumKind, NewImage, Variant};
pub(crate) use network::{Attachment, MacAddress, Nat, NatRule, NetworkAdapter, Protocol};
pub(crate) use properties::GuestProperty;
use registry::Kept;
pub(crate) use registry::NewMachine;
pub(crate) use session::{LockKind, Session};
pub(crate) use shared_folder::SharedFolder;
pub(crate) use snapshot::Snapshot;
pub(crate) use storage::{Bus, Controller, Device};
pub use times::Times;
pub(crate) use uuid::Uuid;

pub(crate) type Result<T> = std::result::Result<T, VBoxError>;

/// All that one user has.
#[derive(Clone, Debug)]
pub(crate) struct VirtualBox {
    /// How long things take.
    pub(crate) times: Times,
    /// Version in logs, for example `7.2.22`.
    pub(crate) version: String,
    /// Folder of new machines for which nothing else is said.
    pub(crate) machine_folder: PathBuf,
    /// Machines, in the order in which they were registered.
    pub(crate) machines: Vec<Machine>,
    /// Media, in the order in which they became known.
    pub(crate) media: Vec<Medium>,
    /// Host-only interfaces.
    pub(crate) host_interfaces: HostInterfaces,
    /// Host-only networks.
    pub(crate) host_only_networks: HostOnlyNetworks,
    /// DHCP servers.
    pub(crate) dhcp_servers: DhcpServers,
    /// Extra data of the installation.
    pub(crate) extra_data: BTreeMap<String, String>,
    /// Machines that have a settings file and are not registered.
    unregistered: BTreeMap<PathBuf, Kept>,
}

impl VirtualBox {
    /// What a new user has.
    pub(crate) fn new(times: Times, version: &str, machine_folder: &Path) -> Self {
        Self {
            times,
            version: version.to_owned(),
            machine_folder: machine_folder.to_owned(),
            machines: Vec::new(),
            media: Vec::new(),
            host_interfaces: HostInterfaces::default(),
            host_only_networks: HostOnlyNetworks::default(),
            dhcp_servers: DhcpServers::default(),
            extra_data: BTreeMap::new(),
            unregistered: BTreeMap::new(),
        }
    }
}
