//! Host-only networks, which macOS has instead of interfaces from VirtualBox 7 on.

use std::net::Ipv4Addr;

use super::{
    Result, Uuid, VBoxError,
    error::{Component, ResultCode},
};

/// A host-only network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostOnlyNetwork {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) netmask: Ipv4Addr,
    /// First address that is given out; the host has the one before.
    pub(crate) lower: Ipv4Addr,
    /// Last address that is given out.
    pub(crate) upper: Ipv4Addr,
    pub(crate) enabled: bool,
}

impl HostOnlyNetwork {
    /// Name of the network in the list of all networks.
    pub(crate) fn network_name(&self) -> String {
        format!("hostonly-{}", self.name)
    }
}

/// The networks, in the order in which they were made.
#[derive(Clone, Debug, Default)]
pub(crate) struct HostOnlyNetworks(Vec<HostOnlyNetwork>);

impl HostOnlyNetworks {
    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &HostOnlyNetwork> {
        self.0.iter()
    }

    /// A network by name or id.
    pub(crate) fn find(&self, name_or_id: &str) -> Option<&HostOnlyNetwork> {
        let id = name_or_id.parse::<Uuid>().ok();
        self.0.iter().find(|it| it.name == name_or_id || Some(it.id) == id)
    }

    /// Makes a network.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when the name is taken.
    pub(crate) fn create(&mut self, network: HostOnlyNetwork) -> Result<()> {
        if self.find(&network.name).is_some() {
            return Err(VBoxError::bare(ResultCode::InvalidArgument, Component::VIRTUAL_BOX));
        }
        self.0.push(network);
        Ok(())
    }

    /// A network to be changed.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when there is none.
    pub(crate) fn change(&mut self, name_or_id: &str) -> Result<&mut HostOnlyNetwork> {
        let id = name_or_id.parse::<Uuid>().ok();
        let found = self.0.iter_mut().find(|it| it.name == name_or_id || Some(it.id) == id);
        found.ok_or_else(|| VBoxError::bare(ResultCode::InvalidArgument, Component::VIRTUAL_BOX))
    }

    /// Removes a network.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when there is none.
    pub(crate) fn remove(&mut self, name_or_id: &str) -> Result<()> {
        let id = self.change(name_or_id)?.id;
        self.0.retain(|network| network.id != id);
        Ok(())
    }

    /// Removes all.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}
