//! A new region: the default VPC with a subnet in every zone, the default security group, images and profiles. Also
//! what can be changed about networks.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use super::{
    Cidr, Cidr6, Direction, Hardware, Id, Ids, Kind, Peer, Permission, Region, RegionSettings, Result, Rule,
    Subnet, Table, Tags, Timeline, Visibility, Vpc, group,
};
use crate::ec2::{
    catalog::{self, InstanceProfile},
    error::Ec2Error,
};

/// Addresses of a default VPC ("Default VPC components" of the VPC User Guide).
const DEFAULT_VPC: (Ipv4Addr, u8) = (Ipv4Addr::new(172, 31, 0, 0), 16);
/// Length of the prefix of its subnets.
const DEFAULT_SUBNET: u8 = 20;
/// IPv6 addresses of all VPCs, which have a /56 each: private ones, so that a system that is told that they are its own
/// (`ec2/README.md`) loses none of Amazon's.
pub(crate) const IPV6_NETWORK: (Ipv6Addr, u8) = (Ipv6Addr::new(0xfd0e, 0xc200, 0, 0, 0, 0, 0, 0), 32);

impl Region {
    /// A region as an account finds it.
    pub(crate) fn new(settings: RegionSettings, ids: Ids) -> Self {
        let zones = catalog::zones(&settings.name).into_iter().map(Arc::new).collect();
        let mut images = Table::default();
        for image in catalog::images(&settings.name) {
            images.insert(image.id.as_str().into(), Arc::new(image));
        }
        let profile = |name: &String| InstanceProfile {
            name: name.clone(),
            arn: format!("arn:aws:iam::{}:instance-profile/{name}", settings.account),
            id: format!("AIPA{:016X}", catalog::stable_number(&["profile", &settings.account, name])),
        };
        let profiles = settings.profiles.iter().map(|name| Arc::new(profile(name))).collect();
        let mut region = Self {
            name: settings.name,
            account: settings.account,
            times: settings.times,
            lag: settings.lag,
            zones,
            instances: Table::default(),
            reservations: Table::default(),
            images,
            key_pairs: Table::default(),
            groups: Table::default(),
            vpcs: Table::default(),
            subnets: Table::default(),
            interfaces: Table::default(),
            volumes: Table::default(),
            addresses: Table::default(),
            spot_requests: Table::default(),
            profiles,
            instance_limit: settings.instance_limit,
            reachable_private_addresses: settings.reachable_private_addresses,
            ids,
            timeline: Timeline::default(),
            visibility: Visibility::default(),
            tokens: HashMap::default(),
            group_names: HashMap::new(),
            active: 0,
        };
        region.add_default_vpc(settings.ipv6);
        region
    }

    fn add_default_vpc(&mut self, ipv6: bool) {
        let (address, length) = DEFAULT_VPC;
        let Some(cidr) = Cidr::new(address, length) else {
            return;
        };
        let id = self.ids.next(Kind::Vpc);
        let vpc = Vpc {
            id: id.clone(),
            cidr,
            cidr_association: self.ids.next(Kind::CidrAssociation),
            ipv6: None,
            is_default: true,
            dhcp_options: format!("dopt-0{:016x}", self.ids.number()).into(),
            tags: Tags::new(),
        };
        self.vpcs.insert(id.clone(), vpc);
        self.add_default_group(&id);
        for (index, zone) in self.zones.clone().into_iter().enumerate() {
            let first = cidr.at(u32::try_from(index).unwrap_or(0) << (32 - DEFAULT_SUBNET));
            let Some(cidr) = Cidr::new(first, DEFAULT_SUBNET) else {
                continue;
            };
            let subnet_id = self.ids.next(Kind::Subnet);
            let mut subnet = Subnet::new(subnet_id.clone(), id.clone(), zone, cidr);
            subnet.default_for_zone = true;
            subnet.public_address_on_launch = true;
            self.subnets.insert(subnet_id, subnet);
        }
        if ipv6 {
            self.give_ipv6(&id);
        }
    }

    /// The group that every VPC has: everything from its own members, everything out.
    fn add_default_group(&mut self, vpc: &Id) {
        let id = self.add_group(group::DEFAULT, "default VPC security group", vpc.clone(), Tags::new());
        let rule = Rule {
            id: self.ids.next(Kind::Rule),
            direction: Direction::Ingress,
            permission: Permission::everything(Peer::Group(id.clone())),
            description: String::new(),
            tags: Tags::new(),
        };
        if let Some(group) = self.groups.get_mut(&id) {
            group.rules.push(rule);
        }
    }

    /// Gives a VPC a block of IPv6 addresses, and each of its subnets a part of it.
    fn give_ipv6(&mut self, vpc: &Id) {
        let Some(block) = self.add_ipv6_block(vpc) else {
            return;
        };
        let subnets: Vec<Id> = self
            .subnets
            .values()
            .filter(|subnet| subnet.vpc == *vpc)
            .map(|subnet| subnet.id.clone())
            .collect();
        for (number, subnet) in (0..=u8::MAX).zip(subnets) {
            let association = self.ids.next(Kind::CidrAssociation);
            if let Some(subnet) = self.subnets.get_mut(&subnet) {
                subnet.ipv6 = Some((block.subnet(number), association));
            }
        }
    }

    /// Gives the default VPC IPv6 addresses if it has none.
    pub(crate) fn give_default_vpc_ipv6(&mut self) {
        if let Some(id) = self.default_vpc().filter(|vpc| vpc.ipv6.is_none()).map(|vpc| vpc.id.clone()) {
            self.give_ipv6(&id);
        }
    }

    fn add_ipv6_block(&mut self, vpc: &Id) -> Option<Cidr6> {
        let middle = u128::from(self.ids.number() & 0xffff_ffff) << 64;
        let block = Cidr6::new(Ipv6Addr::from(u128::from(IPV6_NETWORK.0) | middle), 56)?;
        let association = self.ids.next(Kind::CidrAssociation);
        self.vpcs.get_mut(vpc)?.ipv6 = Some((block, association));
        Some(block)
    }

    /// Gives a VPC a block of IPv6 addresses (`AssociateVpcCidrBlock`).
    ///
    /// # Errors
    /// No such VPC; one that has a block already.
    pub(crate) fn associate_vpc_ipv6(&mut self, vpc: &str) -> Result<&Vpc> {
        let id = match self.vpc(vpc)? {
            vpc if vpc.ipv6.is_some() => {
                let message = "The VPC has already the maximum number of IPv6 CIDR blocks.";
                return Err(Ec2Error::client("CidrLimitExceeded", message));
            }
            vpc => vpc.id.clone(),
        };
        self.add_ipv6_block(&id);
        self.vpc(vpc)
    }

    /// Gives a subnet a part of its VPC's IPv6 addresses (`AssociateSubnetCidrBlock`).
    ///
    /// # Errors
    /// No such subnet; one that has a part already; a part that is not in the VPC's block or belongs to another subnet.
    pub(crate) fn associate_subnet_ipv6(&mut self, subnet: &str, block: Cidr6) -> Result<&Subnet> {
        let present = self.subnet(subnet)?;
        let of_vpc = self.vpc(&present.vpc)?.ipv6.as_ref().map(|(block, _)| *block);
        let is_part = of_vpc.is_some_and(|whole| (0..=u8::MAX).any(|number| whole.subnet(number) == block));
        let others = self.subnets.values().filter_map(|subnet| subnet.ipv6.as_ref());
        let is_taken = others.map(|(other, _)| *other).any(|other| other == block);
        if present.ipv6.is_some() || is_taken {
            let message = format!("The CIDR '{block}' conflicts with another subnet");
            return Err(Ec2Error::client("InvalidSubnet.Conflict", message));
        }
        if !is_part {
            let message =
                format!("The CIDR '{block}' is invalid: it must be a /64 of the VPC's IPv6 CIDR block.");
            return Err(Ec2Error::client("InvalidSubnet.Range", message));
        }
        let association = self.ids.next(Kind::CidrAssociation);
        if let Some(subnet) = self.subnets.get_mut(subnet) {
            subnet.ipv6 = Some((block, association));
        }
        self.subnet(subnet)
    }

    /// Changes what a subnet gives to new instances (`ModifySubnetAttribute`); what is `None` stays.
    ///
    /// # Errors
    /// No such subnet.
    pub(crate) fn modify_subnet(
        &mut self,
        subnet: &str,
        public_address: Option<bool>,
        ipv6: Option<bool>,
    ) -> Result<()> {
        self.subnet(subnet)?;
        if let Some(subnet) = self.subnets.get_mut(subnet) {
            subnet.public_address_on_launch = public_address.unwrap_or(subnet.public_address_on_launch);
            subnet.ipv6_on_launch = ipv6.unwrap_or(subnet.ipv6_on_launch);
        }
        Ok(())
    }

    /// The default VPC's id.
    ///
    /// # Errors
    /// `VPCIdNotSpecified` when there is no default VPC.
    pub(super) fn default_vpc_id(&self) -> Result<Id> {
        let vpc = self.default_vpc().map(|vpc| vpc.id.clone());
        vpc.ok_or_else(|| Ec2Error::client("VPCIdNotSpecified", "No default VPC for this user."))
    }

    /// Removes every object that the account has made, with the machines; what a new region has stays as it is.
    pub(crate) fn clear(&mut self, hardware: &mut dyn Hardware) {
        for instance in self.instances.values().filter(|instance| instance.has_machine) {
            hardware.destroy(&instance.id);
            if let Some(public) = instance.public.as_ref().filter(|it| it.allocation.is_none()) {
                hardware.release_address(public.address);
            }
        }
        for address in self.addresses.values() {
            hardware.release_address(address.address);
        }
        let settings = RegionSettings {
            name: self.name.clone(),
            account: self.account.clone(),
            times: self.times,
            lag: self.lag,
            ipv6: self.default_vpc().is_some_and(|vpc| vpc.ipv6.is_some()),
            profiles: self.profiles.iter().map(|profile| profile.name.clone()).collect(),
            instance_limit: self.instance_limit,
            reachable_private_addresses: self.reachable_private_addresses,
        };
        *self = Self::new(settings, self.ids.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ec2::state::tests::region;

    #[test]
    fn a_new_region_has_a_default_vpc() {
        let region = region();
        let vpc = region.default_vpc().unwrap();
        assert_eq!(vpc.cidr.to_string(), "172.31.0.0/16");
        let subnets: Vec<&Subnet> = region.subnets.values().collect();
        assert_eq!(subnets.len(), 6);
        assert!(subnets.iter().all(|subnet| subnet.available() == 4091 && subnet.default_for_zone));
        assert_eq!(subnets[5].cidr.to_string(), "172.31.80.0/20");
        let group = region.group_named(&vpc.id, "default").unwrap();
        assert!(group.mentions(&group.id) && group.rules.len() == 2);
    }

    #[test]
    fn ipv6_is_given_to_vpcs_and_subnets() {
        let mut region = region();
        let vpc = region.default_vpc().unwrap().id.clone();
        let subnet = region.subnets.values().next().unwrap().id.clone();
        let elsewhere = Cidr6::parse("fd0e:c200:ffff:ff00::/64").unwrap();
        assert_eq!(region.associate_subnet_ipv6(&subnet, elsewhere).unwrap_err().code, "InvalidSubnet.Range");
        let (block, _) = region.associate_vpc_ipv6(&vpc).unwrap().ipv6.clone().unwrap();
        let part = block.subnet(7);
        assert_eq!(region.associate_subnet_ipv6(&subnet, part).unwrap().ipv6.as_ref().unwrap().0, part);
        assert!(region.associate_subnet_ipv6(&subnet, part).is_err());
        assert!(region.associate_vpc_ipv6(&vpc).is_err());
    }
}
