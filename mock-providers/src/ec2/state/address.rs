//! Elastic IPs.

use std::net::Ipv4Addr;

use super::{
    Hardware, Id, InstanceState, Kind, Moment, PublicAddress, Region, Result, TagSpecification, Tags, tags,
};
use crate::ec2::error::Ec2Error;

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

/// Elastic IPs that an account may have in a region unless it asks for more.
const MOST: usize = 5;

impl Region {
    /// Takes an Elastic IP.
    ///
    /// # Errors
    /// `AddressLimitExceeded`; `InsufficientAddressCapacity` when there is no address.
    pub(crate) fn allocate_address(
        &mut self,
        specifications: &[TagSpecification],
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<&Address> {
        tags::require_types(specifications, &["elastic-ip"])?;
        let own_tags = tags::tags_for(specifications, "elastic-ip")?;
        if self.addresses.len() >= MOST {
            let message = "The maximum number of addresses has been reached.";
            return Err(Ec2Error::client("AddressLimitExceeded", message));
        }
        let taken = hardware.take_address();
        let address = taken.map_err(|reason| {
            Ec2Error::with_status(
                503,
                "InsufficientAddressCapacity",
                format!("Not enough available addresses: {reason}"),
            )
        })?;
        let allocation = self.ids.next(Kind::Allocation);
        let elastic = Address { allocation: allocation.clone(), address, association: None, tags: own_tags };
        self.addresses.insert(allocation.clone(), elastic);
        self.hide(Kind::Allocation, &allocation, self.lag, now);
        self.address(&allocation)
    }

    /// Gives an Elastic IP back.
    ///
    /// # Errors
    /// No such allocation; `InvalidIPAddress.InUse` while it is associated.
    pub(crate) fn release_address(
        &mut self,
        allocation: &str,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<()> {
        self.require_visible(Kind::Allocation, &[allocation], now)?;
        let address = self.address(allocation)?;
        if address.association.is_some() {
            let message = format!("Address {} is in use.", address.address);
            return Err(Ec2Error::client("InvalidIPAddress.InUse", message));
        }
        hardware.release_address(address.address);
        self.addresses.remove(allocation);
        Ok(())
    }

    /// Connects an Elastic IP with an instance, instead of the public address that this has; the result is the
    /// association's id.
    ///
    /// # Errors
    /// No such allocation or instance; `Resource.AlreadyAssociated` for an address that another instance has, unless
    /// `reassociate`; `InvalidInstanceID` for an instance that is not running or stopped.
    pub(crate) fn associate_address(
        &mut self,
        allocation: &str,
        instance: &str,
        reassociate: bool,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<Id> {
        self.require_visible(Kind::Allocation, &[allocation], now)?;
        self.visible_instances(&[instance], now)?;
        let elastic = self.address(allocation)?.clone();
        let Some(target) = self.instances.get(instance) else {
            return Err(Self::missing(Kind::Instance, instance));
        };
        let is_ready = matches!(target.state, InstanceState::Running | InstanceState::Stopped);
        let place = (target.interfaces.first().cloned(), target.private_address);
        let ((Some(interface), Some(private_address)), true) = (place, is_ready) else {
            let message = format!("The instance '{instance}' is not in a valid state for this operation.");
            return Err(Ec2Error::client("IncorrectInstanceState", message));
        };
        let id = target.id.clone();
        match &elastic.association {
            Some(present) if present.instance == id => return Ok(present.id.clone()),
            Some(_) if !reassociate => {
                let message = format!(
                    "resource {allocation} is already associated with associate-id {}",
                    elastic.association.as_ref().map(|it| it.id.to_string()).unwrap_or_default()
                );
                return Err(Ec2Error::client("Resource.AlreadyAssociated", message));
            }
            Some(_) => self.disassociate(&elastic.allocation, hardware),
            None => {}
        }
        // What the instance has now goes: an address of its own is given back, another Elastic IP is free again.
        self.detach_public_address(&id, hardware);
        self.disassociate_all(&id, hardware);
        let association = self.ids.next(Kind::Association);
        let public = PublicAddress { address: elastic.address, allocation: Some(elastic.allocation.clone()) };
        self.connect(&id, Some(public), hardware);
        if let Some(interface) = self.interfaces.get_mut(&interface) {
            interface.association = Some(association.clone());
        }
        if let Some(address) = self.addresses.get_mut(allocation) {
            address.association =
                Some(Association { id: association.clone(), instance: id, interface, private_address });
        }
        Ok(association)
    }

    /// Ends an association. A running instance that wants a public address gets one of its own.
    ///
    /// # Errors
    /// No such association.
    pub(crate) fn disassociate_address(
        &mut self,
        association: &str,
        hardware: &mut dyn Hardware,
    ) -> Result<()> {
        let found = self.addresses.values().find_map(|address| {
            let own = address.association.as_ref().filter(|it| *it.id == *association)?;
            Some((address.allocation.clone(), own.instance.clone()))
        });
        let Some((allocation, instance)) = found else {
            return Err(Ec2Error::not_found(Kind::Association, &[association]));
        };
        self.disassociate(&allocation, hardware);
        let wants = |it: &&super::Instance| it.state == InstanceState::Running && it.wants_public_address;
        if self.instances.get(&instance).filter(wants).is_some() {
            // AWS gives another address too; when there is none, the instance stays without.
            if let Ok(address) = hardware.take_address() {
                self.connect(&instance, Some(PublicAddress { address, allocation: None }), hardware);
            }
        }
        Ok(())
    }

    /// An Elastic IP by its allocation.
    ///
    /// # Errors
    /// `InvalidAllocationID.NotFound`.
    pub(crate) fn address(&self, allocation: &str) -> Result<&Address> {
        let address = self.addresses.get(allocation);
        address.ok_or_else(|| Ec2Error::not_found(Kind::Allocation, &[allocation]))
    }

    /// The allocation of an Elastic IP, for calls that name the address.
    ///
    /// # Errors
    /// `InvalidAddress.NotFound`.
    pub(crate) fn allocation_of(&self, address: &str) -> Result<Id> {
        let mut addresses = self.addresses.values();
        let found = addresses.find(|it| it.address.to_string() == address);
        found.map(|it| it.allocation.clone()).ok_or_else(|| Ec2Error::not_found(Kind::Address, &[address]))
    }

    /// Checks that Elastic IPs exist and can be seen, by allocation.
    ///
    /// # Errors
    /// `InvalidAllocationID.NotFound`.
    pub(crate) fn visible_addresses(&mut self, allocations: &[&str], now: Moment) -> Result<()> {
        let mut missing = allocations.to_vec();
        missing.retain(|id| !self.addresses.contains(id));
        if !missing.is_empty() {
            return Err(Ec2Error::not_found(Kind::Allocation, &missing));
        }
        self.require_visible(Kind::Allocation, allocations, now)
    }

    /// Frees the Elastic IP of an instance.
    pub(super) fn disassociate_all(&mut self, instance: &Id, hardware: &mut dyn Hardware) {
        let public = self.instances.get(instance).and_then(|it| it.public.clone());
        if let Some(allocation) = public.and_then(|public| public.allocation) {
            self.disassociate(&allocation, hardware);
        }
    }

    fn disassociate(&mut self, allocation: &Id, hardware: &mut dyn Hardware) {
        let association = self.addresses.get(allocation).and_then(|it| it.association.clone());
        if let Some(association) = association {
            self.connect(&association.instance, None, hardware);
            self.forget_association(allocation);
        }
    }

    /// Notes that an Elastic IP is free, whose instance is connected with another address or none by now.
    pub(super) fn forget_association(&mut self, allocation: &Id) {
        let association = self.addresses.get_mut(allocation).and_then(|it| it.association.take());
        if let Some(interface) = association.and_then(|it| self.interfaces.get_mut(&it.interface)) {
            interface.association = None;
        }
    }
}
