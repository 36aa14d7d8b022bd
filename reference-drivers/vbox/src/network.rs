use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::Ipv4Addr,
};

use machine_driver::{Context, Error, ErrorKind, Result};
use serde::{Deserialize, Serialize};

use crate::{
    answer::{INACCESSIBLE, Refusal, blocks_with, vms},
    command::{self, Command},
    driver::VBoxDriver,
    ledger::{Entry, Ledger, Pending},
    vboxmanage::{Failure, VBoxManage},
};

/// A host-only network as options name it: the address of this computer in it, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    address: Ipv4Addr,
    prefix: u32,
}

impl Network {
    /// Reads `192.168.59.1/24`.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let parsed = parts.and_then(|(address, prefix)| Some((address.parse().ok()?, prefix.parse().ok()?)));
        let Some((address, prefix)) = parsed else {
            return Err(format!("must be ADDRESS/PREFIX, for example 192.168.59.1/24, but is {text:?}"));
        };
        let network = Self { address, prefix };
        if !(8..=29).contains(&prefix) {
            return Err(format!("must have a prefix from 8 to 29, but is {text:?}"));
        }
        let number = u32::from(address);
        if number == network.first() || number == network.last() {
            return Err(format!(
                "must give this computer's own address, but {text:?} is that of the network or of all its members"
            ));
        }
        Ok(network)
    }

    /// Last address that a member can have.
    pub(crate) fn last_member(&self) -> Ipv4Addr {
        Ipv4Addr::from(self.last() - 1)
    }

    /// Address of this computer.
    pub(crate) fn address(&self) -> Ipv4Addr {
        self.address
    }

    pub(crate) fn mask(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::MAX << (32 - self.prefix))
    }

    fn first(&self) -> u32 {
        u32::from(self.address) & u32::from(self.mask())
    }

    fn last(&self) -> u32 {
        self.first() | !u32::from(self.mask())
    }

    fn overlaps(&self, address: Ipv4Addr, mask: Ipv4Addr) -> bool {
        let mask = u32::from(mask) & u32::from(self.mask());
        u32::from(address) & mask == u32::from(self.address) & mask
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// What a DHCP server gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dhcp {
    pub(crate) address: Ipv4Addr,
    pub(crate) mask: Ipv4Addr,
    pub(crate) lower: Ipv4Addr,
    pub(crate) upper: Ipv4Addr,
}

impl Dhcp {
    /// The first free address for the server; the upper half for guests, at most .100 to .254.
    pub(crate) fn for_network(network: &Network) -> Self {
        let (first, last) = (network.first(), network.last());
        let ours = u32::from(network.address);
        let server = if ours == first + 1 { first + 2 } else { first + 1 };
        let (lower, upper) = if last - first >= 0xff {
            (first + 100, first + 254)
        } else {
            let lower = server.max(ours) + 1;
            if lower < last { (lower, last - 1) } else { (server + 1, ours - 1) }
        };
        Self { address: server.into(), mask: network.mask(), lower: lower.into(), upper: upper.into() }
    }

    /// Whether a listed server serves the network. Before 6.1 VirtualBox wrote the keys in other ways.
    fn is_served(self, server: &BTreeMap<String, String>, network: &Network) -> bool {
        let address = |keys: [&str; 2]| {
            let value = keys.iter().find_map(|key| server.get(*key))?;
            value.parse::<Ipv4Addr>().ok()
        };
        let inside = |address: Option<Ipv4Addr>| address.is_some_and(|ip| network.overlaps(ip, self.mask));
        server.get("Enabled").is_some_and(|enabled| enabled == "Yes")
            && address(["NetworkMask", "Netmask"]) == Some(self.mask)
            && inside(address(["Dhcpd IP", "IP"]))
            && inside(address(["LowerIPAddress", "lowerIPAddress"]))
            && inside(address(["UpperIPAddress", "upperIPAddress"]))
    }
}

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
    fn list(self) -> Command {
        match self {
            Self::Interface => command::list_host_only(),
            Self::Network => command::list_host_only_networks(),
        }
    }

    fn create(self, network: &Network) -> Command {
        match self {
            Self::Interface => command::create_host_only(),
            Self::Network => command::create_host_only_network(network),
        }
    }

    fn remove(self, name: &str) -> Command {
        match self {
            Self::Interface => command::remove_host_only(name),
            Self::Network => command::remove_host_only_network(name),
        }
    }
}

/// A host-only network that there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Adapter {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    pub(crate) guid: String,
    pub(crate) network_name: String,
    pub(crate) address: String,
    pub(crate) mask: String,
}

/// The networks of a kind that there are.
async fn adapters(vbox: &VBoxManage, kind: Kind) -> Result<Vec<Adapter>, Failure> {
    vbox.read(&kind.list(), |stdout| read(kind, stdout)).await
}

fn read(kind: Kind, stdout: &str) -> Result<Vec<Adapter>> {
    let listed = match kind {
        Kind::Interface => blocks_with("VBoxNetworkName", stdout)?,
        // VirtualBox writes an empty line inside of each block.
        Kind::Network => blocks_with("VBoxNetworkName", &stdout.replace("\n\nState:", "\nState:"))?,
    };
    let value = |block: &BTreeMap<String, String>, key: &str| block.get(key).cloned().unwrap_or_default();
    // A network gives this computer the lowest of its addresses.
    let address = if kind == Kind::Interface { "IPAddress" } else { "LowerIP" };
    let adapter = |block: &BTreeMap<String, String>| Adapter {
        kind,
        name: value(block, "Name"),
        guid: value(block, "GUID"),
        network_name: value(block, "VBoxNetworkName"),
        address: value(block, address),
        mask: value(block, "NetworkMask"),
    };
    Ok(listed.iter().map(adapter).collect())
}

/// The networks of the kind that this VirtualBox makes, or those among which the wanted one is.
async fn known(vbox: &VBoxManage, network: &Network) -> Result<(Kind, Vec<Adapter>)> {
    let interfaces = adapters(vbox, Kind::Interface).await?;
    if adapter_of(&interfaces, network).is_some() {
        return Ok((Kind::Interface, interfaces));
    }
    match adapters(vbox, Kind::Network).await {
        // So says every VirtualBox but that of macOS.
        Err(Failure { refusal: Refusal::Unknown, .. }) => Ok((Kind::Interface, interfaces)),
        networks => Ok((Kind::Network, networks?)),
    }
}

/// The adapter whose address and mask are those of the network.
fn adapter_of<'a>(adapters: &'a [Adapter], network: &Network) -> Option<&'a Adapter> {
    let (address, mask) = (network.address.to_string(), network.mask().to_string());
    adapters.iter().find(|adapter| adapter.address == address && adapter.mask == mask)
}

/// Refuses a network that cannot be made or told from another one (PRE-004): two adapters that look the same, and a
/// network of this computer that has the same addresses.
pub(crate) async fn check(vbox: &VBoxManage, network: &Network) -> Result<()> {
    let (_, adapters) = known(vbox, network).await?;
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
    let conflict = bridged.iter().find(|interface| {
        let address = |key: &str| interface.get(key)?.parse::<Ipv4Addr>().ok();
        let up = interface.get("Status").is_some_and(|status| status == "Up");
        let ours = adapters.iter().any(|adapter| interface.get("Name") == Some(&adapter.name));
        let overlaps = address("IPAddress")
            .zip(address("NetworkMask"))
            .is_some_and(|(ip, mask)| !mask.is_unspecified() && network.overlaps(ip, mask));
        up && !ours && overlaps
    });
    match conflict {
        None => Ok(()),
        Some(interface) => {
            let text = format!(
                "--vbox-hostonly-cidr {network} has the same addresses as the interface {} of this computer ({}); choose another network",
                interface.get("Name").map_or("", String::as_str),
                interface.get("IPAddress").map_or("", String::as_str)
            );
            Err(Error::new(ErrorKind::InvalidOption, text))
        }
    }
}

/// The machine's host-only network.
impl VBoxDriver {
    /// Gets the VM into its network, which is made if there is none. Machines that do so at the same time take turns
    /// (CONC-001), and nothing is asked or changed that is as it should be.
    pub(crate) async fn join_network(
        &self,
        vbox: &VBoxManage,
        cx: &Context,
        joined: Option<&str>,
    ) -> Result<()> {
        let network = self.network()?;
        let vm = self.vm_id();
        let mut ledger = Ledger::open(&self.settings_folder()?, cx.waits()).await?;
        let (kind, before) = known(vbox, &network).await?;
        ledger.settle(&before);
        let adapter = match adapter_of(&before, &network) {
            Some(adapter) => adapter.clone(),
            None => self.make_network(vbox, cx, &mut ledger, (kind, &before), &network).await?,
        };
        if let Some(entry) = ledger.content.networks.get_mut(&adapter.guid) {
            entry.vms.insert(vm.clone());
        }
        ledger.save().await?;
        if !self.options.no_dhcp && kind == Kind::Interface {
            self.serve_dhcp(vbox, &mut ledger, &adapter, &network).await?;
        }
        if joined != Some(adapter.name.as_str()) {
            let (nic_type, promiscuity) =
                (&self.options.host_only_nic_type, &self.options.host_only_promiscuity);
            let join = command::join_network(&vm, &adapter, nic_type, promiscuity);
            vbox.change(&join).await?;
        }
        Ok(())
    }

    async fn make_network(
        &self,
        vbox: &VBoxManage,
        cx: &Context,
        ledger: &mut Ledger,
        (kind, before): (Kind, &[Adapter]),
        network: &Network,
    ) -> Result<Adapter> {
        cx.log().info(format!("Creating the host-only network {network}..."));
        let before: BTreeSet<String> = before.iter().map(|adapter| adapter.guid.clone()).collect();
        ledger.content.pending = Some(Pending { kind, before: before.clone(), vm: self.vm_id() });
        ledger.save().await?;
        let made = vbox.change(&kind.create(network)).await;
        let after = adapters(vbox, kind).await?;
        ledger.settle(&after);
        ledger.save().await?;
        made?;
        let mut new = after.into_iter().filter(|adapter| !before.contains(&adapter.guid));
        let mut adapter = new.next().ok_or_else(|| {
            let text = "VirtualBox has made a host-only network and does not show it; restart this computer's VirtualBox services";
            Error::new(ErrorKind::Provider, text)
        })?;
        if kind == Kind::Network {
            return Ok(adapter);
        }
        let configured = vbox.change(&command::configure_host_only(&adapter.name, network)).await;
        configured.map_err(|Failure { error, .. }| {
            let refused = error.to_string().contains("ACCESSDENIED");
            let hint = "unless /etc/vbox/networks.conf says otherwise, addresses must be in 192.168.56.0/21";
            if refused { error.with_context("hint", hint) } else { error }
        })?;
        adapter.address = network.address.to_string();
        Ok(adapter)
    }

    async fn serve_dhcp(
        &self,
        vbox: &VBoxManage,
        ledger: &mut Ledger,
        adapter: &Adapter,
        network: &Network,
    ) -> Result<()> {
        let dhcp = Dhcp::for_network(network);
        let servers = vbox.read(&command::list_dhcp(), |stdout| blocks_with("NetworkName", stdout)).await?;
        let ours =
            |server: &&BTreeMap<String, String>| server.get("NetworkName") == Some(&adapter.network_name);
        let server = servers.iter().find(ours);
        if server.is_some_and(|server| dhcp.is_served(server, network)) {
            return Ok(());
        }
        let networks = &ledger.content.networks;
        let made_adapter = networks.get(&adapter.guid).is_some_and(|entry| entry.made_adapter);
        if server.is_none() || made_adapter {
            // Before it is made: nobody but this machine may be there to delete it. A server that was there before
            // its adapter belongs to nobody: every new user of VirtualBox has one.
            let entry = ledger.entry(adapter);
            entry.made_dhcp = true;
            entry.vms.insert(self.vm_id());
            ledger.save().await?;
        }
        let command = command::serve_dhcp(&adapter.network_name, &dhcp, server.is_some());
        Ok(vbox.change(&command).await?)
    }

    /// Leaves the networks that this driver has made, and deletes the ones that nobody uses any more (RM-002, RM-003).
    pub(crate) async fn leave_networks(&self, vbox: &VBoxManage, cx: &Context) -> Result<()> {
        let vm = self.vm_id();
        let mut ledger = Ledger::open(&self.settings_folder()?, cx.waits()).await?;
        if let Some(kind) = ledger.content.pending.as_ref().map(|pending| pending.kind) {
            ledger.settle(&adapters(vbox, kind).await?);
        }
        if ledger.content.networks.is_empty() {
            return Ok(());
        }
        let listed = vbox.read(&command::list_vms(), vms).await?;
        // VMs are registered before they join, so what is not listed is gone, whoever deleted it.
        for entry in ledger.content.networks.values_mut() {
            let there = |id: &String| *id != vm && listed.iter().any(|listed| listed.id == *id);
            entry.vms.retain(there);
        }
        ledger.save().await?;
        let others = listed.iter().filter(|listed| listed.id != vm && listed.name != INACCESSIBLE);
        let others: Vec<&str> = others.map(|listed| listed.id.as_str()).collect();
        let unused = ledger.content.networks.clone().into_iter();
        let mut outcomes = Vec::new();
        for (guid, entry) in unused.filter(|(_, entry)| entry.vms.is_empty()) {
            let deleted = delete_unused(vbox, &entry, &others).await;
            if matches!(deleted, Ok(true)) {
                ledger.content.networks.remove(&guid);
                outcomes.push(ledger.save().await);
            }
            outcomes.push(deleted.map(drop));
        }
        Error::all(outcomes)
    }
}

/// Deletes what this driver has made of a network, unless a VM has a card in it, also one that is off.
async fn delete_unused(vbox: &VBoxManage, entry: &Entry, vms: &[&str]) -> Result<bool> {
    for vm in vms {
        let info = vbox.info(vm).await?;
        if info.is_some_and(|info| info.uses_adapter(&entry.adapter)) {
            return Ok(false);
        }
    }
    let dhcp = if entry.made_dhcp {
        deleted(vbox.change(&command::remove_dhcp(&entry.network_name)).await)
    } else {
        Ok(true)
    };
    let adapter = if entry.made_adapter {
        deleted(vbox.change(&entry.kind.remove(&entry.adapter)).await)
    } else {
        Ok(true)
    };
    if matches!((&dhcp, &adapter), (Ok(true), Ok(true))) {
        return Ok(true);
    }
    Error::all([dhcp.map(drop), adapter.map(drop)])?;
    // An answer "not found" alone does not make the driver forget what it has made (RM-011).
    match still_listed(vbox, entry).await? {
        None => Ok(true),
        Some(what) => {
            let text =
                format!("VirtualBox says that there is no {what}, and lists it; remove the machine again");
            Err(Error::new(ErrorKind::Provider, text))
        }
    }
}

/// Whether this call deleted it; `false` if VirtualBox says that it is gone already, which is as good (RM-012).
fn deleted(outcome: Result<(), Failure>) -> Result<bool> {
    let Err(Failure { refusal, error }) = outcome else {
        return Ok(true);
    };
    let text = error.to_string();
    // The last is all that VirtualBox says of a network of macOS.
    let texts = ["could not be found", "Failed to find DHCP server", "NS_ERROR_INVALID_ARG"];
    let absent = texts.iter().any(|known| text.contains(known));
    if absent || refusal == Refusal::Missing { Ok(false) } else { Err(error) }
}

/// What the driver has made of a network and VirtualBox still lists.
async fn still_listed(vbox: &VBoxManage, entry: &Entry) -> Result<Option<String>> {
    if entry.made_dhcp {
        let servers = vbox.read(&command::list_dhcp(), |stdout| blocks_with("NetworkName", stdout)).await?;
        let name = Some(&entry.network_name);
        if servers.iter().any(|server| server.get("NetworkName") == name) {
            return Ok(Some(format!("DHCP server of {}", entry.network_name)));
        }
    }
    if entry.made_adapter {
        let adapters = adapters(vbox, entry.kind).await?;
        if adapters.iter().any(|adapter| adapter.name == entry.adapter) {
            return Ok(Some(format!("host-only network {}", entry.adapter)));
        }
    }
    Ok(None)
}

#[cfg(test)]
#[path = "tests/network.rs"]
mod tests;
