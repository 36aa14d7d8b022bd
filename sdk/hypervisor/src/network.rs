//! Networks between this computer and its guests, which hypervisors call host-only or private.

use std::{fmt, net::Ipv4Addr};

use ipnet::Ipv4Net;

/// A network as options name it: the address of this computer in it, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostNetwork(Ipv4Net);

/// What the DHCP server of a network gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DhcpRange {
    /// The server's own address.
    pub server: Ipv4Addr,
    /// First address for guests.
    pub lower: Ipv4Addr,
    /// Last address for guests.
    pub upper: Ipv4Addr,
}

impl HostNetwork {
    /// Reads `192.168.59.1/24`; the prefix is from 8 to 29.
    ///
    /// # Errors
    /// What is wrong with it, as it reads after the flag's name (FLAG-009).
    pub fn parse(text: &str) -> Result<Self, String> {
        let Ok(network) = text.parse::<Ipv4Net>() else {
            return Err(format!("must be ADDRESS/PREFIX, for example 192.168.59.1/24, but is {text:?}"));
        };
        if !(8..=29).contains(&network.prefix_len()) {
            return Err(format!("must have a prefix from 8 to 29, but is {text:?}"));
        }
        if [network.network(), network.broadcast()].contains(&network.addr()) {
            return Err(format!(
                "must give this computer's own address, but {text:?} is that of the network or of all its members"
            ));
        }
        Ok(Self(network))
    }

    /// Address of this computer.
    pub fn address(&self) -> Ipv4Addr {
        self.0.addr()
    }

    /// Mask, such as 255.255.255.0.
    pub fn mask(&self) -> Ipv4Addr {
        self.0.netmask()
    }

    /// Last address that a member can have.
    pub fn last_member(&self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.0.broadcast()) - 1)
    }

    /// Whether the network with this address and mask has addresses of this one.
    pub fn overlaps(&self, address: Ipv4Addr, mask: Ipv4Addr) -> bool {
        let mask = u32::from(mask) & u32::from(self.mask());
        u32::from(address) & mask == u32::from(self.address()) & mask
    }

    /// The first free address for the server; for guests .100 to .254 of a network that has them, and otherwise what is
    /// left.
    pub fn dhcp(&self) -> DhcpRange {
        let [first, ours, last] = [self.0.network(), self.address(), self.0.broadcast()].map(u32::from);
        let server = if ours == first + 1 { first + 2 } else { first + 1 };
        let (lower, upper) = if last - first >= 0xff {
            (first + 100, first + 254)
        } else {
            let lower = server.max(ours) + 1;
            if lower < last { (lower, last - 1) } else { (server + 1, ours - 1) }
        };
        let [server, lower, upper] = [server, lower, upper].map(Ipv4Addr::from);
        DhcpRange { server, lower, upper }
    }
}

impl fmt::Display for HostNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn network(text: &str) -> HostNetwork {
        HostNetwork::parse(text).unwrap()
    }

    #[test]
    fn networks_are_an_address_and_a_prefix() {
        let usual = network("192.168.59.1/24");
        assert_eq!(usual.mask(), Ipv4Addr::new(255, 255, 255, 0));
        assert_eq!(usual.last_member(), Ipv4Addr::new(192, 168, 59, 254));
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
            assert!(HostNetwork::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn servers_give_out_addresses_of_the_network_and_never_their_own() {
        let dhcp = |text: &str| {
            let dhcp = network(text).dhcp();
            [dhcp.server, dhcp.lower, dhcp.upper].map(|ip| ip.to_string()).join(" ")
        };
        assert_eq!(dhcp("192.168.99.1/24"), "192.168.99.2 192.168.99.100 192.168.99.254");
        assert_eq!(dhcp("192.168.99.7/24"), "192.168.99.1 192.168.99.100 192.168.99.254");
        assert_eq!(dhcp("10.0.0.1/16"), "10.0.0.2 10.0.0.100 10.0.0.254");
        assert_eq!(dhcp("10.0.0.9/29"), "10.0.0.10 10.0.0.11 10.0.0.14");
        assert_eq!(dhcp("10.0.0.11/29"), "10.0.0.9 10.0.0.12 10.0.0.14");
    }

    #[test]
    fn only_networks_with_common_addresses_overlap() {
        let ours = network("192.168.59.1/24");
        let overlaps = |ip: [u8; 4], mask: [u8; 4]| ours.overlaps(ip.into(), mask.into());
        assert!(overlaps([192, 168, 59, 77], [255, 255, 255, 0]));
        assert!(overlaps([192, 168, 1, 1], [255, 255, 0, 0]), "a wider one contains ours");
        assert!(overlaps([192, 168, 59, 200], [255, 255, 255, 128]), "a narrower one is inside");
        assert!(!overlaps([192, 168, 60, 1], [255, 255, 255, 0]));
    }
}
