//! Networks of the host.

use std::fmt::Write as _;

use crate::vbox::state::{DhcpServers, HostInterfaces, HostOnlyNetworks};

/// What `list hostonlyifs` prints.
pub(in crate::vbox) fn interfaces(interfaces: &HostInterfaces) -> String {
    let mut text = String::new();
    for interface in interfaces.iter() {
        let ipv6 = interface.ipv6_address();
        let prefix = if ipv6.is_some() { "64" } else { "0" };
        for (label, value) in [
            ("Name:", interface.name.clone()),
            ("GUID:", interface.guid()),
            ("DHCP:", if interface.uses_dhcp { "Enabled" } else { "Disabled" }.to_owned()),
            ("IPAddress:", interface.address.to_string()),
            ("NetworkMask:", interface.netmask.to_string()),
            ("IPV6Address:", ipv6.unwrap_or_default()),
            ("IPV6NetworkMaskPrefixLength:", prefix.to_owned()),
            ("HardwareAddress:", interface.hardware_address()),
            ("MediumType:", "Ethernet".to_owned()),
            ("Wireless:", "No".to_owned()),
            ("Status:", if interface.is_up() { "Up" } else { "Down" }.to_owned()),
            ("VBoxNetworkName:", interface.network_name()),
        ] {
            let _ = writeln!(text, "{label:<16} {value}");
        }
        text.push('\n');
    }
    text
}

/// What `list dhcpservers` prints.
pub(in crate::vbox) fn servers(servers: &DhcpServers) -> String {
    let one = |server: &crate::vbox::state::DhcpServer| {
        let mut text = String::new();
        for (label, value) in [
            ("NetworkName:", server.network.clone()),
            ("Dhcpd IP:", server.address.to_string()),
            ("LowerIPAddress:", server.lower.to_string()),
            ("UpperIPAddress:", server.upper.to_string()),
            ("NetworkMask:", server.netmask.to_string()),
            ("Enabled:", if server.enabled { "Yes" } else { "No" }.to_owned()),
        ] {
            let _ = writeln!(text, "{label:<15} {value}");
        }
        let _ = write!(
            text,
            "Global Configuration:\n    minLeaseTime:     default\n    defaultLeaseTime: default\n    \
             maxLeaseTime:     default\n    Forced options:   None\n    Suppressed opts.: None\n        1/legacy: {}\n\
             Groups:               None\nIndividual Configs:   None\n",
            server.netmask
        );
        text
    };
    servers.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// What `list hostonlynets` prints.
pub(in crate::vbox) fn networks(networks: &HostOnlyNetworks) -> String {
    let mut text = String::new();
    for network in networks.iter() {
        for (label, value) in [
            ("Name:", network.name.clone()),
            // An empty line follows, as if it were the last one.
            ("GUID:", format!("{}\n", network.id)),
            ("State:", if network.enabled { "Enabled" } else { "Disabled" }.to_owned()),
            ("NetworkMask:", network.netmask.to_string()),
            ("LowerIP:", network.lower.to_string()),
            ("UpperIP:", network.upper.to_string()),
            ("VBoxNetworkName:", network.network_name()),
        ] {
            let _ = writeln!(text, "{label:<16} {value}");
        }
        text.push('\n');
    }
    text
}
