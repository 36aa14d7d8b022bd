//! What rules of security groups let through.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{Cidr, Cidr6, Id, PortSet, ReachablePorts, Result, Tags};
use crate::ec2::error::Ec2Error;

/// Addresses that the clients of simulated machines come from.
const CLIENT: Ipv4Addr = Ipv4Addr::LOCALHOST;
const CLIENT_IPV6: Ipv6Addr = Ipv6Addr::LOCALHOST;
/// Number of TCP in the protocol field of IP packets; the others are in [`Permission::checked`].
const TCP: &str = "tcp";
/// All protocols.
const ALL: &str = "-1";

/// Which way rules are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Into the group.
    Ingress,
    /// Out of the group.
    Egress,
}

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Id.
    pub(crate) id: Id,
    /// Which way it is about.
    pub(crate) direction: Direction,
    /// What it lets through.
    pub(crate) permission: Permission,
    /// Description; empty is none.
    pub(crate) description: String,
    /// Tags.
    pub(crate) tags: Tags,
}

/// An order of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewRule {
    /// What it lets through.
    pub(crate) permission: Permission,
    /// Description; empty is none.
    pub(crate) description: String,
}

/// What a rule lets through: one protocol, one range of ports, one peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Permission {
    /// `tcp`, `udp`, `icmp`, `icmpv6`, `-1` (all), or a protocol number.
    pub(crate) protocol: String,
    /// First port or ICMP type; none where there are no ports.
    pub(crate) from_port: Option<i32>,
    /// Last port or ICMP code.
    pub(crate) to_port: Option<i32>,
    /// From or to where.
    pub(crate) peer: Peer,
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Peer {
    /// IPv4 addresses.
    Ipv4(Cidr),
    /// IPv6 addresses.
    Ipv6(Cidr6),
    /// Members of a security group.
    Group(Id),
    /// A prefix list.
    PrefixList(String),
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipv4(cidr) => cidr.fmt(formatter),
            Self::Ipv6(cidr) => cidr.fmt(formatter),
            Self::Group(id) => id.fmt(formatter),
            Self::PrefixList(id) => id.fmt(formatter),
        }
    }
}

impl Permission {
    /// A permission by the rules of EC2: names instead of protocol numbers, ports only where there are some.
    ///
    /// # Errors
    /// `InvalidParameterValue` for an unknown protocol, `InvalidParameterCombination` for ports that are missing or
    /// make no range, `InvalidParameterValue` for ports that do not exist.
    pub(crate) fn checked(
        protocol: &str,
        from_port: Option<i32>,
        to_port: Option<i32>,
        peer: Peer,
    ) -> Result<Self> {
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "6" => TCP.to_owned(),
            "17" => "udp".to_owned(),
            "1" => "icmp".to_owned(),
            "58" => "icmpv6".to_owned(),
            "all" => ALL.to_owned(),
            known @ ("tcp" | "udp" | "icmp" | "icmpv6" | "-1") => known.to_owned(),
            number if number.parse::<u8>().is_ok() => number.to_owned(),
            _ => {
                let message = format!("Invalid value '{protocol}' for IP protocol. Unknown protocol.");
                return Err(Ec2Error::invalid_parameter_value(message));
            }
        };
        let (from_port, to_port) = match protocol.as_str() {
            TCP | "udp" => ports(from_port, to_port)?,
            "icmp" | "icmpv6" => icmp(from_port, to_port)?,
            _ => (None, None),
        };
        Ok(Self { protocol, from_port, to_port, peer })
    }

    /// Everything to everywhere, the rule that new groups have for what goes out.
    pub(super) fn everything(peer: Peer) -> Self {
        Self { protocol: ALL.to_owned(), from_port: None, to_port: None, peer }
    }

    /// Whether clients of simulated machines may reach IPv4 addresses by this permission. Rules about members of groups do
    /// not concern them.
    fn is_for_ipv4(&self) -> bool {
        matches!(self.peer, Peer::Ipv4(cidr) if cidr.contains(CLIENT))
    }

    fn is_for_ipv6(&self) -> bool {
        matches!(self.peer, Peer::Ipv6(cidr) if cidr.contains(CLIENT_IPV6))
    }

    /// The TCP ports that it is about.
    fn tcp_ports(&self) -> Option<(u16, u16)> {
        match self.protocol.as_str() {
            ALL => Some((0, u16::MAX)),
            TCP => Some((u16::try_from(self.from_port?).ok()?, u16::try_from(self.to_port?).ok()?)),
            _ => None,
        }
    }

    /// The permission in the words of EC2's errors: `peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW`.
    pub(super) fn in_words(&self) -> String {
        let peer = &self.peer;
        match (self.protocol.as_str(), self.from_port, self.to_port) {
            (ALL, ..) => format!("peer: {peer}, ALL, ALLOW"),
            ("icmp" | "icmpv6", Some(kind), Some(code)) => {
                format!("peer: {peer}, {}, type: {kind}, code: {code}, ALLOW", self.protocol.to_uppercase())
            }
            (protocol, Some(from), Some(to)) => {
                format!("peer: {peer}, {}, from port: {from}, to port: {to}, ALLOW", protocol.to_uppercase())
            }
            (protocol, ..) => format!("peer: {peer}, protocol: {protocol}, ALLOW"),
        }
    }
}

/// The TCP ports that rules let clients of simulated machines reach.
pub(super) fn reachable<'a>(rules: &(impl Iterator<Item = &'a Rule> + Clone)) -> ReachablePorts {
    let ports = |concerns: fn(&Permission) -> bool| {
        let ingress = rules.clone().filter(|rule| rule.direction == Direction::Ingress);
        let concerned = ingress.map(|rule| &rule.permission).filter(|permission| concerns(permission));
        PortSet::new(concerned.filter_map(Permission::tcp_ports))
    };
    ReachablePorts { ipv4: ports(Permission::is_for_ipv4), ipv6: ports(Permission::is_for_ipv6) }
}

fn ports(from: Option<i32>, to: Option<i32>) -> Result<(Option<i32>, Option<i32>)> {
    // All ports, in the words of some clients.
    if (from, to) == (Some(-1), Some(-1)) || (from, to) == (Some(0), Some(-1)) {
        return Ok((Some(0), Some(i32::from(u16::MAX))));
    }
    let (Some(from), Some(to)) = (from, to) else {
        let message = "The request must contain the parameters fromPort and toPort";
        return Err(Ec2Error::client("MissingParameter", message));
    };
    for (name, port) in [("fromPort", from), ("toPort", to)] {
        if u16::try_from(port).is_err() {
            return Err(Ec2Error::invalid_value(name, port, "Must be between 0 and 65535."));
        }
    }
    if from > to {
        let message = format!("Invalid TCP/UDP port range ({from}:{to})");
        return Err(Ec2Error::invalid_parameter_value(message));
    }
    Ok((Some(from), Some(to)))
}

fn icmp(kind: Option<i32>, code: Option<i32>) -> Result<(Option<i32>, Option<i32>)> {
    let (kind, code) = (kind.unwrap_or(-1), code.unwrap_or(-1));
    for (name, number) in [("type", kind), ("code", code)] {
        if !(-1..=255).contains(&number) {
            let message = format!("ICMP {name} ({number}) out of range");
            return Err(Ec2Error::invalid_parameter_value(message));
        }
    }
    Ok((Some(kind), Some(code)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anywhere() -> Peer {
        Peer::Ipv4(Cidr::parse("0.0.0.0/0").unwrap())
    }

    #[test]
    fn permissions_are_checked_and_normalised() {
        let ssh = Permission::checked("6", Some(22), Some(22), anywhere()).unwrap();
        assert_eq!(ssh.protocol, "tcp");
        assert_eq!(ssh.in_words(), "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW");
        let all = Permission::checked("-1", Some(1), Some(2), anywhere()).unwrap();
        assert_eq!((all.from_port, all.in_words()), (None, "peer: 0.0.0.0/0, ALL, ALLOW".into()));
        let ping = Permission::checked("icmp", Some(8), None, anywhere()).unwrap();
        assert_eq!(ping.in_words(), "peer: 0.0.0.0/0, ICMP, type: 8, code: -1, ALLOW");
        for (protocol, from, to) in [
            ("tcp", Some(70_000), Some(70_000)),
            ("tcp", Some(5), Some(4)),
            ("tcp", None, Some(4)),
            ("ipx", None, None),
            ("icmp", Some(300), None),
        ] {
            assert!(
                Permission::checked(protocol, from, to, anywhere()).is_err(),
                "{protocol} {from:?} {to:?}"
            );
        }
    }

    #[test]
    fn only_what_clients_can_use_opens_ports() {
        let ports = |protocol: &str, peer| {
            let rule = Rule {
                id: "sgr-1".into(),
                direction: Direction::Ingress,
                permission: Permission::checked(protocol, Some(1), Some(9), peer).unwrap(),
                description: String::new(),
                tags: Tags::new(),
            };
            let ReachablePorts { ipv4, ipv6 } = reachable(&[&rule].into_iter());
            (ipv4.ranges().first().copied(), ipv6.ranges().first().copied())
        };
        let ipv6 = |text| Peer::Ipv6(Cidr6::parse(text).unwrap());
        assert_eq!(ports("tcp", anywhere()), (Some((1, 9)), None));
        assert_eq!(ports("tcp", ipv6("::/0")), (None, Some((1, 9))));
        assert_eq!(ports("-1", anywhere()), (Some((0, 65_535)), None));
        assert_eq!(ports("udp", anywhere()), (None, None));
        assert_eq!(ports("tcp", Peer::Ipv4(Cidr::parse("127.0.0.1/32").unwrap())), (Some((1, 9)), None));
        assert_eq!(ports("tcp", Peer::Ipv4(Cidr::parse("10.0.0.0/8").unwrap())), (None, None));
        assert_eq!(ports("tcp", ipv6("2001:db8::/32")), (None, None));
        assert_eq!(ports("tcp", Peer::Group("sg-1".into())), (None, None));
    }
}
