//! What instances run on.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::Id;
use crate::guest::{GuestFault, GuestOs};

/// Orders from the state machine to the simulated machines. Every method returns at once.
pub(crate) trait Hardware {
    /// Takes a public address that nobody else has.
    ///
    /// # Errors
    /// Why there is none.
    fn take_address(&mut self) -> Result<Ipv4Addr, String>;

    /// Gives a public address back.
    fn release_address(&mut self, address: Ipv4Addr);

    /// Makes a machine, switched off and without a public address. Whatever is expensive can wait until somebody
    /// connects.
    fn build(&mut self, machine: Build<'_>);

    /// Connects a machine with a public address (taken before) or with none, also while it runs.
    fn set_address(&mut self, id: &Id, address: Option<Ipv4Addr>);

    /// Switches on.
    fn power_on(&mut self, id: &Id);

    /// Presses the power button; false when nothing will happen.
    fn shut_down(&mut self, id: &Id) -> bool;

    /// Asks for a restart; false when nothing will happen.
    fn reboot(&mut self, id: &Id) -> bool;

    /// Cuts the power.
    fn power_off(&mut self, id: &Id);

    /// Whether the machine has no power.
    fn is_off(&self, id: &Id) -> bool;

    /// Lets these TCP ports through and no others.
    fn open_ports(&mut self, id: &Id, ports: &ReachablePorts);

    /// Adds misbehaviour before a start.
    fn add_faults(&mut self, id: &Id, faults: &BTreeSet<GuestFault>);

    /// What the machine wrote to its console so far.
    fn console(&self, id: &Id) -> String;

    /// Removes the machine.
    fn destroy(&mut self, id: &Id);
}

/// Description of a machine.
#[derive(Clone, Debug)]
pub(crate) struct Build<'a> {
    /// Instance that it is for.
    pub(crate) id: &'a Id,
    /// Operating system of the image.
    pub(crate) os: GuestOs,
    /// Private address; the host name is made from it.
    pub(crate) private_address: Ipv4Addr,
    /// IPv6 addresses.
    pub(crate) ipv6_addresses: &'a [Ipv6Addr],
    /// OpenSSH line of the key pair.
    pub(crate) public_key: Option<&'a str>,
    /// User data, decoded.
    pub(crate) user_data: &'a [u8],
    /// Misbehaviour.
    pub(crate) faults: &'a BTreeSet<GuestFault>,
}

/// TCP ports that clients can reach, by the kind of address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReachablePorts {
    /// At an IPv4 address.
    pub(crate) ipv4: PortSet,
    /// At an IPv6 address.
    pub(crate) ipv6: PortSet,
}

/// TCP ports as ranges, in order, without overlaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PortSet(Vec<(u16, u16)>);

impl PortSet {
    /// The union of ranges, each given with its first and last port.
    pub(crate) fn new(ranges: impl IntoIterator<Item = (u16, u16)>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u16, u16)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(previous) if first <= previous.1.saturating_add(1) => previous.1 = previous.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// Whether a port is among them.
    pub(crate) fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&port))
    }

    /// The ranges, each with its first and last port.
    pub(crate) fn ranges(&self) -> &[(u16, u16)] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_merged() {
        let ports = PortSet::new([(80, 90), (22, 22), (85, 100), (101, 101)]);
        assert_eq!(ports.ranges(), [(22, 22), (80, 101)]);
        assert!(ports.contains(22) && ports.contains(95) && !ports.contains(23));
        assert_eq!(PortSet::new([(0, u16::MAX), (5, 6)]).ranges(), [(0, u16::MAX)]);
    }
}
