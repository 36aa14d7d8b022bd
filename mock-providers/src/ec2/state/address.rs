//! Elastic IPs.

use std::net::Ipv4Addr;

use super::{Id, Tags};

/// An Elastic IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Allocation.
    pub(crate) allocation: Id,
    /// The address.
    pub(crate) address: Ipv4Addr,
    /// What it is associated with.
    pub(crate) association: Option<Association>,
    /// Tags.
    pub(crate) tags: Tags,
}

/// What an Elastic IP is associated with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Association {
    /// Id.
    pub(crate) id: Id,
    /// Instance.
    pub(crate) instance: Id,
    /// Network interface.
    pub(crate) interface: Id,
    /// Private address.
    pub(crate) private_address: Ipv4Addr,
}
