//! Network adapters of a machine.

use super::{
    page::{Format, Page, on},
    settings::LOCALHOST_REACHABLE,
};
use crate::vbox::state::{Attachment, Configuration, NetworkAdapter};

/// Prints the adapter in a slot, counted from 1.
pub(super) fn print(page: &mut Page, number: usize, adapter: &NetworkAdapter, configuration: &Configuration) {
    if adapter.attachment == Attachment::None {
        return page.text(&format!("nic{number}"), "none", &format!("NIC {number}"), "disabled");
    }
    let localhost = configuration.settings.get(LOCALHOST_REACHABLE).map_or("0", String::as_str);
    match page.format {
        Format::Programs => for_programs(page, number, adapter, localhost),
        Format::People => for_people(page, number, adapter, localhost),
    }
}

/// Word for an attachment, key of what it leads to, and what that is.
fn attachment(adapter: &NetworkAdapter) -> (&'static str, &'static str, &str) {
    match adapter.attachment {
        Attachment::None => ("none", "", ""),
        Attachment::Null => ("null", "", ""),
        Attachment::Nat => ("nat", "natnet", "nat"),
        Attachment::NatNetwork => ("natnetwork", "nat-network", &adapter.nat_network),
        Attachment::Bridged => ("bridged", "bridgeadapter", &adapter.bridged_interface),
        Attachment::Internal => ("intnet", "intnet", &adapter.internal_network),
        Attachment::HostOnly => ("hostonly", "hostonlyadapter", &adapter.host_only_interface),
        Attachment::HostOnlyNetwork => ("hostonlynetwork", "hostonly-network", &adapter.host_only_network),
        Attachment::Generic => ("generic", "generic", ""),
    }
}

fn for_programs(page: &mut Page, number: usize, adapter: &NetworkAdapter, localhost: &str) {
    let (word, key, target) = attachment(adapter);
    if !key.is_empty() {
        page.quoted(&format!("{key}{number}"), target);
    }
    page.quoted(&format!("macaddress{number}"), &adapter.mac.to_string());
    page.quoted(&format!("cableconnected{number}"), on(adapter.cable_connected));
    page.quoted(&format!("nic{number}"), word);
    page.quoted(&format!("nictype{number}"), adapter.kind);
    page.quoted(&format!("nicspeed{number}"), &adapter.speed.to_string());
    if adapter.attachment != Attachment::Nat {
        return;
    }
    for (key, value) in [
        ("mtu", "0"),
        ("sockSnd", "64"),
        ("sockRcv", "64"),
        ("tcpWndSnd", "64"),
        ("tcpWndRcv", "64"),
        ("localhostReachable", localhost),
        ("forwardBroadcast", "0"),
        ("enableTFTP", "0"),
    ] {
        page.quoted(key, value);
    }
    for (index, (name, rule)) in adapter.nat.rules().enumerate() {
        let rule = format!(
            "{name},{},{},{},{},{}",
            rule.protocol.word(),
            rule.host_address,
            rule.host_port,
            rule.guest_address,
            rule.guest_port
        );
        page.quoted(&format!("Forwarding({index})"), &rule);
    }
}

fn for_people(page: &mut Page, number: usize, adapter: &NetworkAdapter, localhost: &str) {
    let (.., target) = attachment(adapter);
    let attached = match adapter.attachment {
        Attachment::Nat => "NAT".to_owned(),
        Attachment::None | Attachment::Null => "none".to_owned(),
        Attachment::NatNetwork => format!("NAT Network '{target}'"),
        Attachment::Bridged => format!("Bridged Interface '{target}'"),
        Attachment::Internal => format!("Internal Network '{target}'"),
        Attachment::HostOnly => format!("Host-only Interface '{target}'"),
        Attachment::HostOnlyNetwork => format!("Host Only Network '{target}'"),
        Attachment::Generic => format!("Generic '{target}'"),
    };
    let (mac, cable, kind) = (adapter.mac, on(adapter.cable_connected), adapter.kind);
    let (speed, promiscuous) = (adapter.speed / 1000, adapter.promiscuous);
    page.labelled(
        &format!("NIC {number}"),
        &format!(
            "MAC: {mac}, Attachment: {attached}, Cable connected: {cable}, Trace: off (file: none), Type: {kind}, \
             Reported speed: {speed} Mbps, Boot priority: 0, Promisc Policy: {promiscuous}, Bandwidth group: none"
        ),
    );
    if adapter.attachment != Attachment::Nat {
        return;
    }
    page.line(&format!("NIC {number} Settings:"));
    page.line("\tMTU: 0, Socket (send: 64, receive: 64), TCP Window (send:64, receive: 64),");
    page.line(&format!("\tLocalhostReachable: {localhost}, ForwardBroadcast: 0, EnableTFTP: 0"));
    for (index, (name, rule)) in adapter.nat.rules().enumerate() {
        page.line(&format!(
            "NIC {number} Rule({index}):   name = {name}, protocol = {}, host ip = {}, host port = {}, guest ip = {}, \
             guest port = {}",
            rule.protocol.word(),
            rule.host_address,
            rule.host_port,
            rule.guest_address,
            rule.guest_port
        ));
    }
}
