use std::{collections::BTreeMap, net::Ipv4Addr};

use machine_driver::{Error, ErrorKind, Result};
use machine_driver_hypervisor::{
    network::HostNetwork,
    tool::{Call, Failure, Refusal, Tool},
};
use serde::{Deserialize, Serialize};

use crate::{answer::blocks_with, command};

/// What a host-only network is for VirtualBox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// An interface of this computer, with a DHCP server of VirtualBox.
    #[default]
    Interface,
    /// A network of macOS, since VirtualBox 7: it gives out addresses itself, and its interface comes and goes with VMs.
    Network,
}

impl Kind {
    fn list(self) -> Call {
        match self {
            Self::Interface => command::list_host_only(),
            Self::Network => command::list_host_only_networks(),
        }
    }

    pub(crate) fn create(self, network: &HostNetwork) -> Call {
        match self {
            Self::Interface => command::create_host_only(),
            Self::Network => command::create_host_only_network(network),
        }
    }

    pub(crate) fn remove(self, name: &str) -> Call {
        match self {
            Self::Interface => command::remove_host_only(name),
            Self::Network => command::remove_host_only_network(name),
        }
    }
}

/// A host-only network that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Adapter {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) guid: String,
    pub(crate) network_name: String,
    pub(crate) address: String,
    pub(crate) mask: String,
}

impl Adapter {
    fn is(&self, network: &HostNetwork) -> bool {
        self.address == network.address().to_string() && self.mask == network.mask().to_string()
    }
}

/// The networks of a kind that there are.
pub(crate) async fn adapters(vbox: &Tool, kind: Kind) -> Result<Vec<Adapter>, Failure> {
    vbox.read(&kind.list(), |stdout| read(kind, stdout)).await
}

fn read(kind: Kind, stdout: &str) -> Result<Vec<Adapter>> {
    let listed = match kind {
        Kind::Interface => blocks_with("VBoxNetworkName", stdout)?,
        // VirtualBox writes an empty line inside of each block.
        Kind::Network => blocks_with("VBoxNetworkName", &stdout.replace("\n\nState:", "\nState:"))?,
    };
    // A network gives this computer the lowest of its addresses.
    let address = if kind == Kind::Interface { "IPAddress" } else { "LowerIP" };
    let adapter = |block: &BTreeMap<String, String>| {
        let value = |key: &str| block.get(key).cloned().unwrap_or_default();
        let [name, guid, network_name] = ["Name", "GUID", "VBoxNetworkName"].map(value);
        Adapter { kind, name, guid, network_name, address: value(address), mask: value("NetworkMask") }
    };
    Ok(listed.iter().map(adapter).collect())
}

/// The networks that there are, and the kind that this VirtualBox makes. If the `wanted` one is an interface, nobody is
/// asked for the other kind.
pub(crate) async fn known(vbox: &Tool, wanted: Option<&HostNetwork>) -> Result<(Kind, Vec<Adapter>)> {
    let mut known = adapters(vbox, Kind::Interface).await?;
    if wanted.is_some_and(|wanted| adapter_of(&known, wanted).is_some()) {
        return Ok((Kind::Interface, known));
    }
    match adapters(vbox, Kind::Network).await {
        // So says every VirtualBox but that of macOS.
        Err(Failure { refusal: Refusal::Unknown, .. }) => Ok((Kind::Interface, known)),
        networks => {
            known.extend(networks?);
            Ok((Kind::Network, known))
        }
    }
}

/// The network with this address and mask.
pub(crate) fn adapter_of<'a>(adapters: &'a [Adapter], network: &HostNetwork) -> Option<&'a Adapter> {
    adapters.iter().find(|adapter| adapter.is(network))
}

/// Refuses a network that cannot be made or told from another one (PRE-004): two adapters that look the same, and a
/// network of this computer that has the same addresses.
pub(crate) async fn check(vbox: &Tool, network: &HostNetwork) -> Result<()> {
    let (_, adapters) = known(vbox, Some(network)).await?;
    for (index, one) in adapters.iter().enumerate() {
        let same = |other: &&Adapter| other.address == one.address || other.network_name == one.network_name;
        if let Some(other) = adapters.iter().skip(index + 1).find(same) {
            let text = format!(
                "VirtualBox has the host-only networks {} and {} with the same address {} or name; delete one of them",
                one.name, other.name, one.address
            );
            return Err(Error::new(ErrorKind::Provider, text));
        }
    }
    if adapter_of(&adapters, network).is_some() {
        return Ok(());
    }
    let bridged =
        vbox.read(&command::list_bridged(), |stdout| blocks_with("VBoxNetworkName", stdout)).await?;
    let value = |interface: &BTreeMap<String, String>, key| interface.get(key).cloned().unwrap_or_default();
    let conflict = bridged.iter().find(|interface| {
        let address = |key| value(interface, key).parse::<Ipv4Addr>().ok();
        let name = value(interface, "Name");
        let overlaps = address("IPAddress")
            .zip(address("NetworkMask"))
            .is_some_and(|(ip, mask)| !mask.is_unspecified() && network.overlaps(ip, mask));
        value(interface, "Status") == "Up" && !adapters.iter().any(|adapter| adapter.name == name) && overlaps
    });
    let Some(interface) = conflict else { return Ok(()) };
    let problem = format!(
        "{network} has the same addresses as the interface {} of this computer ({}); choose another network",
        value(interface, "Name"),
        value(interface, "IPAddress")
    );
    Err(Error::invalid_option("vbox-hostonly-cidr", problem))
}

/// Whether a listed DHCP server serves the network. Before 6.1 VirtualBox wrote the keys in other ways.
pub(crate) fn is_served(server: &BTreeMap<String, String>, network: &HostNetwork) -> bool {
    let address = |keys: [&str; 2]| {
        let value = keys.iter().find_map(|key| server.get(*key))?;
        value.parse::<Ipv4Addr>().ok()
    };
    let inside = |address: Option<Ipv4Addr>| address.is_some_and(|ip| network.overlaps(ip, network.mask()));
    server.get("Enabled").is_some_and(|enabled| enabled == "Yes")
        && address(["NetworkMask", "Netmask"]) == Some(network.mask())
        && inside(address(["Dhcpd IP", "IP"]))
        && inside(address(["LowerIPAddress", "lowerIPAddress"]))
        && inside(address(["UpperIPAddress", "upperIPAddress"]))
}

#[cfg(test)]
#[path = "tests/network.rs"]
mod tests;
