//! VPCs, subnets and network interfaces.

use std::{
    collections::HashSet,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use super::{Cidr, Cidr6, GroupName, Id, Kind, Moment, PublicAddress, Region, Result, Tags, Zone};
use crate::ec2::error::Ec2Error;

/// A VPC.
#[derive(Clone, Debug)]
pub(crate) struct Vpc {
    /// Id.
    pub(crate) id: Id,
    /// Addresses.
    pub(crate) cidr: Cidr,
    /// Id of the association of the addresses.
    pub(crate) cidr_association: Id,
    /// IPv6 addresses, a /56, and the id of their association.
    pub(crate) ipv6: Option<(Cidr6, Id)>,
    /// Whether it is the one that is used when nothing is said.
    pub(crate) is_default: bool,
    /// DHCP options.
    pub(crate) dhcp_options: Id,
    /// Tags.
    pub(crate) tags: Tags,
}

/// A subnet: the part of a VPC in one zone.
#[derive(Clone, Debug)]
pub(crate) struct Subnet {
    /// Id.
    pub(crate) id: Id,
    /// VPC.
    pub(crate) vpc: Id,
    /// Zone.
    pub(crate) zone: Arc<Zone>,
    /// Addresses.
    pub(crate) cidr: Cidr,
    /// IPv6 addresses, a /64, and the id of their association.
    pub(crate) ipv6: Option<(Cidr6, Id)>,
    /// Whether it is the one that is used when only the zone is said.
    pub(crate) default_for_zone: bool,
    /// Whether instances get a public address when nothing is said.
    pub(crate) public_address_on_launch: bool,
    /// Whether instances get an IPv6 address when nothing is said.
    pub(crate) ipv6_on_launch: bool,
    /// Tags.
    pub(crate) tags: Tags,
    addresses: AddressPool,
    used_ipv6: HashSet<Ipv6Addr>,
}

impl Subnet {
    pub(super) fn new(id: Id, vpc: Id, zone: Arc<Zone>, cidr: Cidr) -> Self {
        Self {
            id,
            vpc,
            zone,
            cidr,
            ipv6: None,
            default_for_zone: false,
            public_address_on_launch: false,
            ipv6_on_launch: false,
            tags: Tags::new(),
            addresses: AddressPool::new(cidr),
            used_ipv6: HashSet::new(),
        }
    }

    /// Number of addresses that are free.
    pub(crate) fn available(&self) -> u32 {
        self.addresses.available()
    }

    /// Whether an address can be had.
    pub(super) fn has_free(&self, address: Ipv4Addr) -> bool {
        self.addresses.has_free(address)
    }

    /// Takes an address: this one, or the next that is free.
    pub(super) fn take(&mut self, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        self.addresses.take(wanted)
    }

    /// Gives an address back.
    pub(super) fn release(&mut self, address: Ipv4Addr) {
        self.addresses.release(address);
    }

    /// Whether an IPv6 address can be had.
    pub(super) fn has_free_ipv6(&self, address: Ipv6Addr) -> bool {
        self.ipv6.as_ref().is_some_and(|(block, _)| block.contains(address))
            && !self.used_ipv6.contains(&address)
    }

    /// Takes an IPv6 address: this one, or one made from a number.
    pub(super) fn take_ipv6(&mut self, wanted: Option<Ipv6Addr>, number: u64) -> Option<Ipv6Addr> {
        let (block, _) = self.ipv6.as_ref()?;
        let mut made = (number..=u64::MAX).chain(0..number).map(|interface| block.address(interface));
        let address = match wanted {
            Some(address) => address,
            None => made.find(|address| !self.used_ipv6.contains(address))?,
        };
        self.used_ipv6.insert(address).then_some(address)
    }

    /// Gives an IPv6 address back.
    pub(super) fn release_ipv6(&mut self, address: Ipv6Addr) {
        self.used_ipv6.remove(&address);
    }
}

/// Addresses of a subnet. A released one comes back only after all others.
#[derive(Clone, Debug)]
struct AddressPool {
    cidr: Cidr,
    used: HashSet<u32>,
    next: u32,
}

/// Addresses at the start of each subnet that AWS keeps for itself; the last one is the fifth.
const RESERVED: u32 = 4;

impl AddressPool {
    fn new(cidr: Cidr) -> Self {
        Self { cidr, used: HashSet::new(), next: RESERVED }
    }

    /// Places that can be used are from `RESERVED` to before this one.
    fn end(&self) -> u32 {
        u32::try_from(self.cidr.size() - 1).unwrap_or(u32::MAX)
    }

    fn available(&self) -> u32 {
        let used = u32::try_from(self.used.len()).unwrap_or(u32::MAX);
        self.end().saturating_sub(RESERVED).saturating_sub(used)
    }

    fn place(&self, address: Ipv4Addr) -> Option<u32> {
        let place = u32::from(address).wrapping_sub(u32::from(self.cidr.at(0)));
        (self.cidr.contains(address) && (RESERVED..self.end()).contains(&place)).then_some(place)
    }

    fn has_free(&self, address: Ipv4Addr) -> bool {
        self.place(address).is_some_and(|place| !self.used.contains(&place))
    }

    fn take(&mut self, wanted: Option<Ipv4Addr>) -> Option<Ipv4Addr> {
        if let Some(address) = wanted {
            let place = self.place(address)?;
            return self.used.insert(place).then_some(address);
        }
        if self.available() == 0 {
            return None;
        }
        // There is a free one, so this ends.
        loop {
            let place = self.next;
            self.next = if place + 1 < self.end() { place + 1 } else { RESERVED };
            if self.used.insert(place) {
                return Some(self.cidr.at(place));
            }
        }
    }

    fn release(&mut self, address: Ipv4Addr) {
        if let Some(place) = self.place(address) {
            self.used.remove(&place);
        }
    }
}

/// A network interface.
#[derive(Clone, Debug)]
pub(crate) struct Interface {
    /// Id.
    pub(crate) id: Id,
    /// Subnet.
    pub(crate) subnet: Id,
    /// VPC.
    pub(crate) vpc: Id,
    /// Zone.
    pub(crate) zone: Arc<Zone>,
    /// Address in the subnet.
    pub(crate) private_address: Ipv4Addr,
    /// Public address at present.
    pub(crate) public: Option<PublicAddress>,
    /// Association of the Elastic IP, when the public address is one.
    pub(crate) association: Option<Id>,
    /// IPv6 addresses.
    pub(crate) ipv6: Vec<Ipv6Addr>,
    /// Whether the first IPv6 address is the primary one.
    pub(crate) primary_ipv6: bool,
    /// Hardware address.
    pub(crate) mac: String,
    /// Security groups.
    pub(crate) groups: Vec<GroupName>,
    /// Description.
    pub(crate) description: String,
    /// Tags.
    pub(crate) tags: Tags,
    /// Whether packets must be from and to its own addresses.
    pub(crate) source_dest_check: bool,
    /// Attachment.
    pub(crate) attachment: Attachment,
}

/// How a network interface is attached.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    /// Id.
    pub(crate) id: Id,
    /// Instance.
    pub(crate) instance: Id,
    /// Place, 0 is the primary one.
    pub(crate) device_index: u32,
    /// When it was attached.
    pub(crate) attached: Moment,
    /// Whether it goes with the instance.
    pub(crate) delete_on_termination: bool,
}

impl Region {
    /// The default VPC, unless it was deleted.
    pub(crate) fn default_vpc(&self) -> Option<&Vpc> {
        self.vpcs.values().find(|vpc| vpc.is_default)
    }

    /// A VPC.
    ///
    /// # Errors
    /// When there is none with this id.
    pub(crate) fn vpc(&self, id: &str) -> Result<&Vpc> {
        self.vpcs.get(id).ok_or_else(|| Self::missing(Kind::Vpc, id))
    }

    /// A subnet.
    ///
    /// # Errors
    /// When there is none with this id.
    pub(crate) fn subnet(&self, id: &str) -> Result<&Subnet> {
        self.subnets.get(id).ok_or_else(|| Self::missing(Kind::Subnet, id))
    }

    /// A network interface.
    ///
    /// # Errors
    /// When there is none with this id.
    pub(crate) fn interface(&self, id: &str) -> Result<&Interface> {
        self.interfaces.get(id).ok_or_else(|| Self::missing(Kind::Interface, id))
    }

    /// The zone with a name.
    ///
    /// # Errors
    /// `InvalidParameterValue` when the region has none of that name.
    pub(crate) fn zone(&self, name: &str) -> Result<&Arc<Zone>> {
        let zone = self.zones.iter().find(|zone| zone.name == name);
        zone.ok_or_else(|| {
            let names: Vec<&str> = self.zones.iter().map(|zone| zone.name.as_str()).collect();
            Ec2Error::invalid_parameter_value(format!(
                "Invalid availability zone: [{name}]; the zones of {} are: {}",
                self.name,
                names.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_back_after_all_others() {
        let mut pool = AddressPool::new(Cidr::parse("10.0.0.0/28").unwrap());
        assert_eq!(pool.available(), 11);
        let all: HashSet<_> = std::iter::from_fn(|| pool.take(None)).collect();
        assert!(all.len() == 11 && pool.available() == 0);
        let address = Ipv4Addr::new(10, 0, 0, 9);
        assert_eq!(pool.take(Some(address)), None);
        pool.release(address);
        assert!(pool.has_free(address) && pool.take(None) == Some(address));
        assert_eq!(pool.take(Some(Ipv4Addr::new(10, 0, 0, 3))), None);
    }
}
