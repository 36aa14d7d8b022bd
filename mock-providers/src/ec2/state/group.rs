//! Security groups.

use std::{collections::BTreeSet, sync::Arc};

use super::{Cidr, Cidr6, Id, Tags};

/// A security group.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Id.
    pub(crate) id: Id,
    /// Name, unique in its VPC.
    pub(crate) name: Arc<str>,
    /// Description.
    pub(crate) description: String,
    /// VPC.
    pub(crate) vpc: Id,
    /// Rules, in the order in which they were made.
    pub(crate) rules: Vec<Rule>,
    /// Tags.
    pub(crate) tags: Tags,
    /// Network interfaces that are in it.
    pub(super) members: BTreeSet<Id>,
    /// Rules of other groups that name it.
    pub(super) mentions: usize,
}

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Id.
    pub(crate) id: Id,
    /// Whether it is about what goes out.
    pub(crate) is_egress: bool,
    /// What it lets through.
    pub(crate) permission: Permission,
    /// Description; empty is none.
    pub(crate) description: String,
    /// Tags.
    pub(crate) tags: Tags,
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

/// An order of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NewRule {
    /// What it lets through.
    pub(crate) permission: Permission,
    /// Description; empty is none.
    pub(crate) description: String,
}

/// Which way rules are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// Into the group.
    Ingress,
    /// Out of the group.
    Egress,
}
