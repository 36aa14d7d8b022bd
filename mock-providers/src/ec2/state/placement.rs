//! Where the instances of an order go: zone, subnets, addresses, security groups.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use super::{GroupName, Id, InterfaceSpecification, Kind, Launch, Region, Result, Subnet, Zone, group};
use crate::ec2::error::Ec2Error;

/// Most security groups of an interface.
const MOST_GROUPS: usize = 5;

/// Where the instances of an order go.
#[derive(Clone, Debug)]
pub(super) struct Placement {
    /// Zone.
    pub(super) zone: Arc<Zone>,
    /// VPC.
    pub(super) vpc: Id,
    /// Interfaces of each instance, the primary one first.
    pub(super) interfaces: Vec<PlannedInterface>,
    /// Instances for which there are addresses.
    pub(super) capacity: u32,
}

/// An interface that each instance gets.
#[derive(Clone, Debug)]
pub(super) struct PlannedInterface {
    pub(super) device_index: u32,
    pub(super) subnet: Id,
    pub(super) groups: Vec<GroupName>,
    pub(super) public_address: bool,
    pub(super) private_address: Option<Ipv4Addr>,
    pub(super) ipv6_count: u32,
    pub(super) ipv6_addresses: Vec<Ipv6Addr>,
    pub(super) primary_ipv6: bool,
    pub(super) delete_on_termination: bool,
    pub(super) description: String,
}

impl Region {
    /// Finds the place for an order.
    ///
    /// # Errors
    /// Whatever does not exist or does not fit together.
    pub(super) fn place(&self, launch: &Launch) -> Result<Placement> {
        let specifications = self.specifications(launch)?;
        let zone = launch.zone.as_deref().map(|name| self.zone(name)).transpose()?;
        let primary = self.primary_subnet(specifications.first(), zone, launch.min_count)?;
        let (zone, vpc) = (Arc::clone(&primary.zone), primary.vpc.clone());
        let single = specifications.len() == 1;
        let mut interfaces = Vec::new();
        for specification in &specifications {
            if specification.public_address.is_some() && !single {
                let message = "The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces.";
                return Err(Ec2Error::invalid_combination(message));
            }
            let subnet = match &specification.subnet {
                Some(id) => self.subnet(id)?,
                None => primary,
            };
            if subnet.zone != zone {
                let message = "Network interfaces of an instance must be in the same Availability Zone.";
                return Err(Ec2Error::invalid_combination(message));
            }
            let groups = self.groups_of(&specification.groups, subnet)?;
            let mut planned = planned(specification, subnet, groups)?;
            // AWS gives public addresses on its own only to instances with one interface.
            planned.public_address &= single;
            interfaces.push(planned);
        }
        check_addresses(launch, &interfaces)?;
        let capacity = self.capacity(&interfaces);
        Ok(Placement { zone, vpc, interfaces, capacity })
    }

    /// The interfaces of an order, the primary one first; what the order says outside of interfaces becomes one.
    fn specifications(&self, launch: &Launch) -> Result<Vec<InterfaceSpecification>> {
        if launch.interfaces.is_empty() {
            return Ok(vec![InterfaceSpecification {
                device_index: Some(0),
                subnet: launch.subnet.clone(),
                groups: self.group_ids(launch)?,
                private_address: launch.private_address,
                ipv6_count: launch.ipv6_count,
                ipv6_addresses: launch.ipv6_addresses.clone(),
                ..InterfaceSpecification::default()
            }]);
        }
        let outside = [
            ("security groups", !launch.group_ids.is_empty() || !launch.group_names.is_empty()),
            ("subnet ID", launch.subnet.is_some()),
            ("private address", launch.private_address.is_some()),
            ("IPv6 addresses", launch.ipv6_count.is_some() || !launch.ipv6_addresses.is_empty()),
        ];
        if let Some((what, _)) = outside.iter().find(|(_, is_there)| *is_there) {
            let message = format!(
                "Network interfaces and an instance-level {what} may not be specified on the same request"
            );
            return Err(Ec2Error::invalid_combination(message));
        }
        let mut specifications = launch.interfaces.clone();
        for specification in &specifications {
            if let Some(id) = &specification.interface {
                self.interface(id)?;
                let message = format!("interface: {id} in use");
                return Err(Ec2Error::client("InvalidNetworkInterface.InUse", message));
            }
            if specification.device_index.is_none() {
                let message = "Each network interface requires a device index.";
                return Err(Ec2Error::invalid_parameter_value(message));
            }
        }
        specifications.sort_by_key(|specification| specification.device_index);
        let indices: Vec<u32> = specifications.iter().filter_map(|it| it.device_index).collect();
        if indices.first() != Some(&0) {
            let message = "When specifying network interfaces, you must include a device at index 0.";
            return Err(Ec2Error::invalid_parameter_value(message));
        }
        if let Some(pair) = indices.windows(2).find(|pair| pair.first() == pair.get(1)) {
            let message = format!(
                "The device index {} is used by more than one network interface.",
                pair.first().copied().unwrap_or(0)
            );
            return Err(Ec2Error::invalid_parameter_value(message));
        }
        Ok(specifications)
    }

    /// Security groups that an order names outside of interfaces, by id and by name.
    fn group_ids(&self, launch: &Launch) -> Result<Vec<String>> {
        let mut ids = launch.group_ids.clone();
        if launch.group_names.is_empty() {
            return Ok(ids);
        }
        if launch.subnet.is_some() {
            let message = "The parameter groupName cannot be used with the parameter subnet";
            return Err(Ec2Error::invalid_combination(message));
        }
        for name in &launch.group_names {
            let id = self.group_id_by_name(name)?.to_string();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    /// The subnet of the primary interface.
    fn primary_subnet(
        &self,
        specification: Option<&InterfaceSpecification>,
        zone: Option<&Arc<Zone>>,
        instances: u32,
    ) -> Result<&Subnet> {
        if let Some(id) = specification.and_then(|it| it.subnet.as_ref()) {
            let subnet = self.subnet(id)?;
            if let Some(zone) = zone.filter(|zone| **zone != subnet.zone) {
                let reason = format!("Subnet '{id}' is in the availability zone {}.", subnet.zone.name);
                return Err(Ec2Error::invalid_value("availabilityZone", &zone.name, &reason));
            }
            return Ok(subnet);
        }
        let is_default =
            |subnet: &&Subnet| subnet.default_for_zone && zone.is_none_or(|zone| *zone == subnet.zone);
        let has_room = |subnet: &&Subnet| is_default(subnet) && subnet.available() >= instances;
        // Without a zone EC2 chooses: here the first one with room.
        let chosen = self.subnets.values().find(has_room).or_else(|| self.subnets.values().find(is_default));
        chosen.ok_or_else(|| {
            let message = "No subnets found for the default VPC. Please specify a subnet.";
            Ec2Error::client("MissingInput", message)
        })
    }

    /// Security groups of an interface with their names; the VPC's default group when none is named.
    fn groups_of(&self, ids: &[String], subnet: &Subnet) -> Result<Vec<GroupName>> {
        if ids.len() > MOST_GROUPS {
            let message = format!("The maximum number of security groups per interface is {MOST_GROUPS}.");
            return Err(Ec2Error::client("SecurityGroupsPerInterfaceLimitExceeded", message));
        }
        if ids.is_empty() {
            let default = self.group_named(&subnet.vpc, group::DEFAULT);
            return Ok(default.map(GroupName::of).into_iter().collect());
        }
        self.named_groups(ids, &subnet.vpc, &subnet.id)
    }

    /// Security groups with their names, which must belong to a VPC.
    pub(super) fn named_groups(&self, ids: &[String], vpc: &Id, subnet: &Id) -> Result<Vec<GroupName>> {
        let texts: Vec<&str> = ids.iter().map(String::as_str).collect();
        Self::all_present(&self.groups, Kind::Group, &texts)?;
        let mut groups: Vec<GroupName> = Vec::new();
        for group in ids.iter().filter_map(|id| self.groups.get(id)) {
            if group.vpc != *vpc {
                let message =
                    format!("Security group {} and subnet {subnet} belong to different networks.", group.id);
                return Err(Ec2Error::client("InvalidParameter", message));
            }
            if !groups.iter().any(|other| other.id == group.id) {
                groups.push(GroupName::of(group));
            }
        }
        Ok(groups)
    }

    /// Number of instances for which the subnets have addresses.
    fn capacity(&self, interfaces: &[PlannedInterface]) -> u32 {
        let free = |interface: &PlannedInterface| {
            let users = interfaces.iter().filter(|other| other.subnet == interface.subnet);
            let users = u32::try_from(users.count()).unwrap_or(u32::MAX);
            let available = self.subnets.get(&interface.subnet).map_or(0, Subnet::available);
            available / users.max(1)
        };
        interfaces.iter().map(free).min().unwrap_or(0)
    }
}

impl GroupName {
    pub(super) fn of(group: &super::Group) -> Self {
        Self { id: group.id.clone(), name: Arc::clone(&group.name) }
    }
}

fn planned(
    specification: &InterfaceSpecification,
    subnet: &Subnet,
    groups: Vec<GroupName>,
) -> Result<PlannedInterface> {
    if let Some(address) = specification.private_address {
        if !subnet.cidr.contains(address) {
            let message = format!("Address {address} does not fall within the subnet's address range");
            return Err(Ec2Error::invalid_parameter_value(message));
        }
        if !subnet.has_free(address) {
            let message = format!("Address {address} is in use.");
            return Err(Ec2Error::client("InvalidIPAddress.InUse", message));
        }
    }
    let addresses = &specification.ipv6_addresses;
    let ipv6_count = match (specification.ipv6_count, subnet.ipv6.is_some()) {
        (Some(count), _) => count,
        (None, true) if addresses.is_empty() && subnet.ipv6_on_launch => 1,
        _ => 0,
    };
    if ipv6_count > 0 && !addresses.is_empty() {
        let message = "You may specify either IPv6 addresses or their number, not both.";
        return Err(Ec2Error::invalid_combination(message));
    }
    match &subnet.ipv6 {
        None if ipv6_count > 0 || !addresses.is_empty() => {
            let message = format!("Subnet {} does not have an IPv6 CIDR block.", subnet.id);
            return Err(Ec2Error::invalid_parameter_value(message));
        }
        _ => {
            if let Some(address) = addresses.iter().find(|address| !subnet.has_free_ipv6(**address)) {
                let message = format!("Address {address} is in use, or not in the subnet's IPv6 CIDR block.");
                return Err(Ec2Error::invalid_parameter_value(message));
            }
        }
    }
    Ok(PlannedInterface {
        device_index: specification.device_index.unwrap_or(0),
        subnet: subnet.id.clone(),
        groups,
        public_address: specification.public_address.unwrap_or(subnet.public_address_on_launch),
        private_address: specification.private_address,
        ipv6_count,
        ipv6_addresses: addresses.clone(),
        primary_ipv6: specification.primary_ipv6.unwrap_or(false),
        delete_on_termination: specification.delete_on_termination.unwrap_or(true),
        description: specification.description.clone().unwrap_or_default(),
    })
}

/// Addresses that are given must be different, and cannot be for several instances.
fn check_addresses(launch: &Launch, interfaces: &[PlannedInterface]) -> Result<()> {
    let mut private: Vec<Ipv4Addr> = interfaces.iter().filter_map(|it| it.private_address).collect();
    let mut ipv6: Vec<Ipv6Addr> = interfaces.iter().flat_map(|it| it.ipv6_addresses.clone()).collect();
    if launch.max_count > 1 && !(private.is_empty() && ipv6.is_empty()) {
        let message = "Addresses cannot be specified when launching several instances.";
        return Err(Ec2Error::invalid_combination(message));
    }
    let (private_count, ipv6_count) = (private.len(), ipv6.len());
    private.sort_unstable();
    private.dedup();
    ipv6.sort_unstable();
    ipv6.dedup();
    if private.len() < private_count || ipv6.len() < ipv6_count {
        let message = "An address must not appear more than once.";
        return Err(Ec2Error::invalid_parameter_value(message));
    }
    Ok(())
}
