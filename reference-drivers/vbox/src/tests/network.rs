#![allow(clippy::unwrap_used)]

use super::*;
use crate::answer::blocks;

fn network(text: &str) -> HostNetwork {
    HostNetwork::parse(text).unwrap()
}

#[test]
fn both_spellings_of_a_server_are_recognised() {
    let wanted = network("192.168.99.1/24");
    let new = "NetworkName: n\nDhcpd IP: 192.168.99.6\nLowerIPAddress: 192.168.99.100\nUpperIPAddress: 192.168.99.254\nNetworkMask: 255.255.255.0\nEnabled: Yes\n";
    let old = new.replace("Dhcpd IP", "IP").replace("Lower", "lower").replace("Upper", "upper");
    let served = |text: &str| is_served(&blocks(text)[0], &wanted);
    assert!(served(new) && served(&old));
    assert!(!served(&new.replace("Yes", "No")));
    assert!(!served(&new.replace("192.168.99.6", "192.168.56.100")));
    assert!(!served("NetworkName: n"));
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
