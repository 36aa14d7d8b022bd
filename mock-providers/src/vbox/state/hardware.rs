//! What machines run on.

use std::{collections::BTreeSet, net::Ipv4Addr, path::Path, time::Duration};

use super::{Files, MacAddress, NatRule, Uuid};
use crate::guest::GuestFault;

/// The host at the time of a call.
pub(crate) struct Host<'a> {
    /// Time since 1970.
    pub(crate) now: Duration,
    /// Simulated machines.
    pub(crate) hardware: &'a mut dyn Hardware,
    /// Files.
    pub(crate) files: &'a mut dyn Files,
}

impl std::fmt::Debug for Host<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Host").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Orders from the state machine to the simulated machines. Every method returns at once, except that a start reads
/// the disk.
pub(crate) trait Hardware {
    /// Switches a machine on.
    ///
    /// # Errors
    /// Why it cannot be simulated.
    fn power_on(&mut self, start: &Start<'_>) -> Result<(), String>;

    /// Cuts the power. Nothing is kept but the disk.
    fn power_off(&mut self, id: Uuid);

    /// Cuts the power for a moment.
    fn reset(&mut self, id: Uuid);

    /// Presses the power button; false when nothing will happen.
    fn press_power_button(&mut self, id: Uuid) -> bool;

    /// Whether the guest was switched on and has switched itself off.
    fn is_off(&self, id: Uuid) -> bool;

    /// Lets the machine stand still.
    fn pause(&mut self, id: Uuid);

    /// Ends a pause.
    fn resume(&mut self, id: Uuid);

    /// Keeps the memory and ends everything that can be seen from outside.
    fn suspend(&mut self, id: Uuid);

    /// Brings back what [`Hardware::suspend`] has kept, with other NAT rules. A guest whose memory is gone boots.
    ///
    /// # Errors
    /// As for [`Hardware::power_on`].
    fn restore(&mut self, start: &Start<'_>) -> Result<(), String>;

    /// Replaces the NAT rules of a machine that is on. The result are the rules that cannot be listened for.
    fn forward(&mut self, id: Uuid, rules: &[NatRule]) -> Vec<NatRule>;

    /// Changes where an adapter of a machine that is on leads.
    fn connect(&mut self, id: Uuid, mac: MacAddress, link: Link);

    /// Gives the machine another address in its host-only network.
    ///
    /// # Errors
    /// Why there is none.
    fn readdress(&mut self, id: Uuid) -> Result<Ipv4Addr, String>;

    /// Address in the host-only network.
    fn address(&self, id: Uuid) -> Option<Ipv4Addr>;

    /// Removes the machine.
    fn destroy(&mut self, id: Uuid);
}

/// What a machine is started with.
#[derive(Debug)]
pub(crate) struct Start<'a> {
    pub(crate) id: Uuid,
    /// Image of the first hard disk, and its id.
    pub(crate) disk: Option<(Uuid, &'a Path)>,
    /// Image in a DVD drive.
    pub(crate) dvd: Option<&'a Path>,
    /// Network adapters, in the order of their slots.
    pub(crate) adapters: Vec<GuestAdapter>,
    /// TCP ports of the host that lead to the guest.
    pub(crate) rules: Vec<NatRule>,
    /// Misbehaviour.
    pub(crate) faults: &'a BTreeSet<GuestFault>,
}

/// A network adapter as the guest sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuestAdapter {
    pub(crate) mac: MacAddress,
    pub(crate) link: Link,
}

/// Where an adapter leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// Nowhere, or nobody there gives out addresses.
    Nothing,
    /// Address translation.
    Nat,
    /// The host; a DHCP server gives out addresses.
    HostOnly,
}
