use std::collections::BTreeMap;

use machine_driver::{Context, Error, ErrorKind, Result};
use machine_driver_hypervisor::{
    ledger::Ledger,
    network::HostNetwork,
    tool::{Failure, Refusal, Tool},
};
use serde::{Deserialize, Serialize};

use crate::{
    answer::{INACCESSIBLE, blocks_with, vms},
    command,
    driver::VBoxDriver,
    network::{Adapter, Kind, adapter_of, adapters, is_served, known},
    vboxmanage::info,
};

/// A host-only network of which this driver made at least a part.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Made {
    network: Adapter,
    adapter: bool,
    dhcp: bool,
}

/// Writes down that the networks among these which are new were made.
fn settle(ledger: &mut Ledger<Made>, adapters: &[Adapter]) {
    let listed = adapters.iter().map(|network| (network.guid.clone(), network));
    ledger.settle(listed, |made, network| {
        made.network = network.clone();
        made.adapter = true;
    });
}

/// The machine's host-only network, which others may share.
impl VBoxDriver {
    /// What this driver has made, kept beside VirtualBox's settings: one list for each registry.
    async fn ledger(&self, vbox: &Tool, cx: &Context) -> Result<Ledger<Made>> {
        let path = self.settings_folder()?.join("docker-machine-driver-vbox.json");
        let mut ledger = Ledger::open(path, cx.waits()).await?;
        if ledger.is_pending() {
            settle(&mut ledger, &known(vbox, None).await?.1);
        }
        Ok(ledger)
    }

    /// Gets the VM into its network, which is made if there is none. Machines that do so at the same time take turns
    /// (CONC-001), and nothing is asked or changed that is as it should be.
    pub(crate) async fn join_network(&self, vbox: &Tool, cx: &Context, joined: Option<&str>) -> Result<()> {
        let network = self.network()?;
        let vm = self.vm_id();
        let mut ledger = self.ledger(vbox, cx).await?;
        let (kind, before) = known(vbox, Some(&network)).await?;
        let adapter = match adapter_of(&before, &network) {
            Some(adapter) => adapter.clone(),
            None => self.make_network(vbox, cx, &mut ledger, (kind, &before), &network).await?,
        };
        ledger.join(&adapter.guid, &vm);
        ledger.save().await?;
        if !self.options.no_dhcp && adapter.kind == Kind::Interface {
            self.serve_dhcp(vbox, &mut ledger, &adapter, &network).await?;
        }
        if joined != Some(adapter.name.as_str()) {
            let (nic_type, promiscuity) =
                (&self.options.host_only_nic_type, &self.options.host_only_promiscuity);
            vbox.change(&command::join_network(&vm, &adapter, nic_type, promiscuity)).await?;
        }
        Ok(())
    }

    async fn make_network(
        &self,
        vbox: &Tool,
        cx: &Context,
        ledger: &mut Ledger<Made>,
        (kind, before): (Kind, &[Adapter]),
        network: &HostNetwork,
    ) -> Result<Adapter> {
        cx.log().info(format!("Creating the host-only network {network}..."));
        ledger.intend(before.iter().map(|adapter| adapter.guid.clone()), &self.vm_id());
        ledger.save().await?;
        let made = vbox.change(&kind.create(network)).await;
        let after = adapters(vbox, kind).await?;
        settle(ledger, &after);
        ledger.save().await?;
        made?;
        let mut new = after.into_iter().filter(|adapter| before.iter().all(|old| old.guid != adapter.guid));
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
        adapter.address = network.address().to_string();
        Ok(adapter)
    }

    async fn serve_dhcp(
        &self,
        vbox: &Tool,
        ledger: &mut Ledger<Made>,
        network: &Adapter,
        wanted: &HostNetwork,
    ) -> Result<()> {
        let name = &network.network_name;
        let server = dhcp_server(vbox, name).await?;
        if server.as_ref().is_some_and(|server| is_served(server, wanted)) {
            return Ok(());
        }
        if server.is_none() || ledger.object(&network.guid).is_some_and(|made| made.adapter) {
            // Before it is made: nobody but this machine may be there to delete it. A server that was there before
            // its adapter belongs to nobody: every new user of VirtualBox has one.
            ledger.made(&network.guid, &self.vm_id(), |made| {
                made.network = network.clone();
                made.dhcp = true;
            });
            ledger.save().await?;
        }
        Ok(vbox.change(&command::serve_dhcp(name, wanted, server.is_some())).await?)
    }

    /// Leaves the networks that this driver has made, and deletes the ones that nobody uses any more (RM-002, RM-003).
    pub(crate) async fn leave_networks(&self, vbox: &Tool, cx: &Context) -> Result<()> {
        let vm = self.vm_id();
        let mut ledger = self.ledger(vbox, cx).await?;
        if ledger.is_empty() {
            return Ok(());
        }
        let listed = vbox.read(&command::list_vms(), vms).await?;
        let others: Vec<_> = listed.iter().filter(|listed| listed.id != vm).collect();
        // VMs are registered before they join, so what is not listed is gone, whoever deleted it.
        ledger.keep_users(|user| others.iter().any(|other| other.id == user));
        ledger.save().await?;
        let readable = others.iter().filter(|other| other.name != INACCESSIBLE);
        let readable: Vec<&str> = readable.map(|other| other.id.as_str()).collect();
        let mut outcomes = Vec::new();
        for (guid, made) in ledger.unused() {
            let deleted = delete_unused(vbox, &made, &readable).await;
            if matches!(deleted, Ok(true)) {
                ledger.forget(&guid);
                outcomes.push(ledger.save().await);
            }
            outcomes.push(deleted.map(drop));
        }
        Error::all(outcomes)
    }
}

/// What VirtualBox says of the DHCP server of a network; `None` if there is none.
async fn dhcp_server(vbox: &Tool, network_name: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
    let servers = vbox.read(&command::list_dhcp(), |stdout| blocks_with("NetworkName", stdout)).await?;
    let is_its = |server: &BTreeMap<String, String>| {
        server.get("NetworkName").is_some_and(|name| name == network_name)
    };
    Ok(servers.into_iter().find(is_its))
}

/// Deletes what this driver has made of a network, unless a VM has a card in it, also one that is off.
async fn delete_unused(vbox: &Tool, made: &Made, vms: &[&str]) -> Result<bool> {
    let Adapter { name, network_name, kind, .. } = &made.network;
    for vm in vms {
        if info(vbox, vm).await?.is_some_and(|info| info.uses_adapter(name)) {
            return Ok(false);
        }
    }
    let (mut dhcp, mut adapter) = (Ok(true), Ok(true));
    if made.dhcp {
        dhcp = deleted(vbox.change(&command::remove_dhcp(network_name)).await);
    }
    if made.adapter {
        adapter = deleted(vbox.change(&kind.remove(name)).await);
    }
    if matches!((&dhcp, &adapter), (Ok(true), Ok(true))) {
        return Ok(true);
    }
    Error::all([dhcp.map(drop), adapter.map(drop)])?;
    // An answer "not found" alone does not make the driver forget what it has made (RM-011).
    match still_listed(vbox, made).await? {
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
    let Err(Failure { refusal, error, .. }) = outcome else {
        return Ok(true);
    };
    let text = error.to_string();
    // The last is all that VirtualBox says of a network of macOS.
    let texts = ["could not be found", "Failed to find DHCP server", "NS_ERROR_INVALID_ARG"];
    let absent = texts.iter().any(|known| text.contains(known));
    if absent || refusal == Refusal::Missing { Ok(false) } else { Err(error) }
}

/// What the driver has made of a network and VirtualBox still lists.
async fn still_listed(vbox: &Tool, made: &Made) -> Result<Option<String>> {
    let Adapter { name, network_name, kind, .. } = &made.network;
    if made.dhcp && dhcp_server(vbox, network_name).await?.is_some() {
        return Ok(Some(format!("DHCP server of {network_name}")));
    }
    if made.adapter && adapters(vbox, *kind).await?.iter().any(|adapter| adapter.name == *name) {
        return Ok(Some(format!("host-only network {name}")));
    }
    Ok(None)
}
