#![allow(clippy::unwrap_used)]

use super::*;
use crate::answer::blocks;

fn network(text: &str) -> Network {
    Network::parse(text).unwrap()
}

#[test]
fn networks_are_an_address_and_a_prefix() {
    let usual = network("192.168.59.1/24");
    assert_eq!(usual.mask(), Ipv4Addr::new(255, 255, 255, 0));
    assert_eq!(usual.to_string(), "192.168.59.1/24");
    for wrong in [
        "",
        "192.168.59.1",
        "192.168.59.1/",
        "192.168.59.1/33",
        "192.168.59.1/30",
        "192.168.59.1/7",
        "192.168.59.0/24",
        "192.168.59.255/24",
        "fd00::1/64",
        "a/24",
    ] {
        assert!(Network::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn servers_give_out_addresses_of_the_network_and_never_their_own() {
    let dhcp = |text: &str| {
        let dhcp = Dhcp::for_network(&network(text));
        [dhcp.address, dhcp.lower, dhcp.upper].map(|ip| ip.to_string()).join(" ")
    };
    assert_eq!(dhcp("192.168.99.1/24"), "192.168.99.2 192.168.99.100 192.168.99.254");
    assert_eq!(dhcp("192.168.99.7/24"), "192.168.99.1 192.168.99.100 192.168.99.254");
    assert_eq!(dhcp("10.0.0.1/16"), "10.0.0.2 10.0.0.100 10.0.0.254");
    assert_eq!(dhcp("10.0.0.9/29"), "10.0.0.10 10.0.0.11 10.0.0.14");
    assert_eq!(dhcp("10.0.0.11/29"), "10.0.0.9 10.0.0.12 10.0.0.14");
}

#[test]
fn both_spellings_of_a_server_are_recognised() {
    let wanted = network("192.168.99.1/24");
    let dhcp = Dhcp::for_network(&wanted);
    let new = "NetworkName: n\nDhcpd IP: 192.168.99.6\nLowerIPAddress: 192.168.99.100\nUpperIPAddress: 192.168.99.254\nNetworkMask: 255.255.255.0\nEnabled: Yes\n";
    let old = new.replace("Dhcpd IP", "IP").replace("Lower", "lower").replace("Upper", "upper");
    let served = |text: &str| dhcp.is_served(&blocks(text)[0], &wanted);
    assert!(served(new) && served(&old));
    assert!(!served(&new.replace("Yes", "No")));
    assert!(!served(&new.replace("192.168.99.6", "192.168.56.100")));
    assert!(!served("NetworkName: n"));
}

#[test]
fn only_other_networks_of_this_computer_are_in_the_way() {
    let ours = network("192.168.59.1/24");
    let overlaps = |ip: [u8; 4], mask: [u8; 4]| ours.overlaps(ip.into(), mask.into());
    assert!(overlaps([192, 168, 59, 77], [255, 255, 255, 0]));
    assert!(overlaps([192, 168, 1, 1], [255, 255, 0, 0]), "a wider one contains ours");
    assert!(overlaps([192, 168, 59, 200], [255, 255, 255, 128]), "a narrower one is inside");
    assert!(!overlaps([192, 168, 60, 1], [255, 255, 255, 0]));
}

#[test]
fn networks_of_macos_are_read_across_their_empty_lines() {
    // As VBoxManageList.cpp of 7.0 prints them.
    let block = |name: &str, lower: &str| {
        format!(
            "Name:            {name}\nGUID:            {name}-id\n\nState:           Enabled\n\
             NetworkMask:     255.255.255.0\nLowerIP:         {lower}\nUpperIP:         192.168.59.254\n\
             VBoxNetworkName: hostonly-{name}\n\n"
        )
    };
    let text = block("HostNetwork", "192.168.56.1") + &block("docker-machine-192.168.59.1", "192.168.59.1");
    let networks = read(Kind::Network, &text).unwrap();
    let found = adapter_of(&networks, &network("192.168.59.1/24")).unwrap();
    assert_eq!((networks.len(), found.guid.as_str()), (2, "docker-machine-192.168.59.1-id"));
    assert_eq!(found.network_name, "hostonly-docker-machine-192.168.59.1");
    assert!(read(Kind::Network, &text[..text.len() - 60]).is_err(), "a cut-off answer is no short list");
}
