//! The objects of an account in the form that all providers share.

use super::{
    guests::Guests,
    state::{Hardware as _, Machine, Medium, MediumKind, VirtualBox},
};
use crate::inventory::Object;

/// All objects, in the order of their creation within each kind. The DHCP server that every new user has is none that
/// anybody made, so it is left out until it is changed.
pub(super) fn objects(virtual_box: &VirtualBox, guests: &Guests) -> Vec<Object> {
    let machines = virtual_box.machines.iter().map(|it| machine(it, guests));
    let media = virtual_box.media.iter().map(|it| medium(it, virtual_box));
    let interfaces = virtual_box.host_interfaces.iter().map(|it| {
        object(
            "hostonlyif",
            &it.name,
            &it.name,
            [
                ("address", it.address.to_string()),
                ("netmask", it.netmask.to_string()),
                ("users", users(&it.name, virtual_box)),
            ],
        )
    });
    let networks = virtual_box.host_only_networks.iter().map(|it| {
        object(
            "hostonlynet",
            &it.id.to_string(),
            &it.name,
            [
                ("lower", it.lower.to_string()),
                ("upper", it.upper.to_string()),
                ("netmask", it.netmask.to_string()),
                ("users", users(&it.name, virtual_box)),
            ],
        )
    });
    let usual = super::state::DhcpServers::default();
    let servers =
        virtual_box.dhcp_servers.iter().filter(|server| usual.find(&server.network) != Some(server));
    let servers = servers.map(|it| {
        let interfaces = virtual_box.host_interfaces.iter();
        let served = interfaces.filter(|interface| interface.network_name() == it.network);
        let served = served.map(|interface| users(&interface.name, virtual_box));
        object(
            "dhcpserver",
            &it.network,
            &it.network,
            [
                ("address", it.address.to_string()),
                ("lower", it.lower.to_string()),
                ("upper", it.upper.to_string()),
                ("enabled", it.enabled.to_string()),
                ("users", served.collect()),
            ],
        )
    });
    machines.chain(media).chain(interfaces).chain(networks).chain(servers).collect()
}

/// Names of the VMs with an adapter at a host-only interface or network.
fn users(network: &str, virtual_box: &VirtualBox) -> String {
    let users = virtual_box.users_of_host_only(network).into_iter();
    let users = users.filter_map(|id| virtual_box.machine(id));
    users.map(|machine| machine.name.as_str()).collect::<Vec<_>>().join(",")
}

fn object<const COUNT: usize>(
    kind: &str,
    id: &str,
    name: &str,
    attributes: [(&str, String); COUNT],
) -> Object {
    Object {
        kind: kind.to_owned(),
        id: id.to_owned(),
        name: name.to_owned(),
        owner: None,
        attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

fn machine(machine: &Machine, guests: &Guests) -> Object {
    let mut it = object(
        "vm",
        &machine.id.to_string(),
        &machine.name,
        [
            ("state", machine.state.word().to_owned()),
            ("memory", machine.configuration.memory.to_string()),
            ("cpus", machine.configuration.cpus.to_string()),
            ("path", machine.settings_file.display().to_string()),
        ],
    );
    it.owner = Some(machine.name.clone());
    if let Some(address) = guests.address(machine.id) {
        it.attributes.insert("address".to_owned(), address.to_string());
    }
    for (index, adapter) in machine.configuration.adapters.iter().enumerate() {
        for (name, rule) in adapter.nat.rules() {
            let place = format!("{}:{}", rule.host_address, rule.host_port);
            it.attributes.insert(format!("nat.{}.{name}", index + 1), place);
        }
    }
    it
}

fn medium(medium: &Medium, virtual_box: &VirtualBox) -> Object {
    let kind = match medium.kind {
        MediumKind::HardDisk => "disk",
        MediumKind::Dvd => "dvd",
        MediumKind::Floppy => "floppy",
    };
    let users = virtual_box.users_of(medium.id);
    let name = medium.location.file_name().unwrap_or_default().to_string_lossy();
    let attached = users.iter().map(|machine| machine.name.as_str()).collect::<Vec<_>>();
    let mut it = object(
        kind,
        &medium.id.to_string(),
        &name,
        [
            ("path", medium.location.display().to_string()),
            ("format", medium.format.name().to_owned()),
            ("capacity", medium.capacity.to_string()),
            ("attached_to", attached.join(",")),
        ],
    );
    it.owner = attached.first().map(|name| (*name).to_owned());
    it
}
