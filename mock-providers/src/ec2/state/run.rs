//! Orders of instances (`RunInstances`): what is refused, and what is to be made.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    ClientToken, Hardware, Id, Kind, Launch, MetadataOptions, Moment, ProfileName, Region, Result, Tags,
    block_device::PlannedVolume, placement::Placement, spot, tags,
};
use crate::ec2::{
    catalog::{self, Image, InstanceProfile, InstanceType},
    error::Ec2Error,
};

/// Longest user data in bytes, before Base64.
const MOST_USER_DATA: usize = 16 << 10;
/// Type of instances when nothing is said.
const DEFAULT_TYPE: &str = "m1.small";

/// What a launch made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Launched {
    /// Reservation.
    pub(crate) reservation: Id,
    /// Instances, in order.
    pub(crate) instances: Vec<Id>,
}

/// An order after all checks.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) count: u32,
    pub(super) image: Arc<Image>,
    pub(super) instance_type: &'static InstanceType,
    pub(super) key_name: Option<Arc<str>>,
    pub(super) public_key: Option<String>,
    pub(super) placement: Placement,
    pub(super) volumes: Vec<PlannedVolume>,
    pub(super) user_data: Vec<u8>,
    pub(super) profile: Option<Arc<InstanceProfile>>,
    pub(super) tags: PlannedTags,
    pub(super) metadata: MetadataOptions,
}

#[derive(Debug)]
pub(super) struct PlannedTags {
    pub(super) instance: Tags,
    pub(super) volume: Tags,
    pub(super) interface: Tags,
    pub(super) spot_request: Tags,
}

impl Region {
    /// Launches instances. The same order with the same token again gives the same instances.
    ///
    /// # Errors
    /// Whatever AWS refuses; nothing is changed then.
    pub(crate) fn run_instances(
        &mut self,
        launch: &Launch,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<Launched> {
        let token = launch.client_token.as_ref();
        if let Some(launched) = self.launched_before(token)? {
            return Ok(launched);
        }
        self.require_visible_parts(launch, now)?;
        let plan = self.plan(launch)?;
        let spot_tags = plan.tags.spot_request.clone();
        let launched = self.carry_out(&plan, launch, now, hardware);
        if let Some(options) = &launch.spot {
            for instance in &launched.instances {
                self.add_fulfilled_spot_request(launch, options, instance, &spot_tags, now);
            }
        }
        self.remember(Kind::Reservation, token, &launched.reservation, now);
        Ok(launched)
    }

    /// What was launched with a token before.
    fn launched_before(&self, token: Option<&ClientToken>) -> Result<Option<Launched>> {
        let Some(reservation) = self.made_before(Kind::Reservation, token)? else {
            return Ok(None);
        };
        let is_alive = |id: &&Id| self.instances.get(id).is_some_and(|it| !it.state.is_ending());
        let instances = self.reservations.get(&reservation).cloned().unwrap_or_default();
        if instances.iter().filter(is_alive).count() == instances.len() && !instances.is_empty() {
            return Ok(Some(Launched { reservation, instances }));
        }
        let message = "The client token you have provided is associated with a terminated instance. Please use a different client token to launch a new instance.";
        Err(Ec2Error::client("IdempotentInstanceTerminated", message))
    }

    /// Refuses an order that names what is not seen yet.
    pub(super) fn require_visible_parts(&mut self, launch: &Launch, now: Moment) -> Result<()> {
        let of_interfaces = launch.interfaces.iter().flat_map(|it| &it.groups);
        for id in launch.group_ids.iter().chain(of_interfaces) {
            self.require_visible(Kind::Group, &[id], now)?;
        }
        for name in &launch.group_names {
            if let Ok(id) = self.group_id_by_name(name) {
                self.require_visible(Kind::Group, &[&id], now)?;
            }
        }
        if let Some(name) = &launch.key_name {
            self.require_visible(Kind::KeyPair, &[name], now)?;
        }
        Ok(())
    }

    /// Checks an order.
    pub(super) fn plan(&self, launch: &Launch) -> Result<Plan> {
        let Launch { min_count, max_count, .. } = *launch;
        if min_count == 0 || max_count == 0 {
            let name = if min_count == 0 { "minCount" } else { "maxCount" };
            return Err(Ec2Error::invalid_value(name, 0, "Must be at least 1."));
        }
        if min_count > max_count {
            let rule = "minCount must not be greater than maxCount.";
            return Err(Ec2Error::invalid_value("minCount", min_count, rule));
        }
        let image = Arc::clone(self.image(&launch.image)?);
        let name = launch.instance_type.as_deref().unwrap_or(DEFAULT_TYPE);
        let instance_type = catalog::instance_type(name).ok_or_else(|| {
            Ec2Error::invalid_parameter_value(format!("Invalid value '{name}' for InstanceType."))
        })?;
        if !instance_type.architectures.contains(&image.architecture) {
            let message = format!(
                "The architecture '{}' of the specified instance type does not match the architecture '{}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.",
                instance_type.architectures.join(","),
                image.architecture
            );
            return Err(Ec2Error::client("Unsupported", message));
        }
        let key = launch.key_name.as_deref().filter(|name| !name.is_empty());
        let key = key.map(|name| self.key_pair(name)).transpose()?;
        if let Some(options) = &launch.spot {
            spot::price(options)?;
        }
        let placement = self.place(launch)?;
        let interfaces = u32::try_from(placement.interfaces.len()).unwrap_or(u32::MAX);
        if interfaces > instance_type.interfaces {
            let message = format!("Interface count {interfaces} exceeds the limit for {name}");
            return Err(Ec2Error::client("AttachmentLimitExceeded", message));
        }
        let count = self.affordable(launch, &placement)?;
        Ok(Plan {
            count,
            instance_type,
            key_name: key.map(|key| Arc::clone(&key.name)),
            public_key: key.map(|key| key.public_key.clone()),
            volumes: self.volumes_of(&image, &launch.block_devices)?,
            image,
            placement,
            user_data: user_data(&launch.user_data)?,
            profile: self.profile(launch.profile.as_ref())?,
            tags: planned_tags(launch)?,
            metadata: MetadataOptions::default().changed(&launch.metadata),
        })
    }

    /// Number of instances that can be made for an order: all that are wanted, or as many as there is room for.
    fn affordable(&self, launch: &Launch, placement: &Placement) -> Result<u32> {
        let Launch { min_count, max_count, .. } = *launch;
        if placement.capacity < min_count {
            let subnet = placement.interfaces.first().map(|it| it.subnet.to_string());
            let message = format!(
                "Not enough free addresses in subnet '{}' to satisfy the requested number of instances.",
                subnet.unwrap_or_default()
            );
            return Err(Ec2Error::client("InsufficientFreeAddressesInSubnet", message));
        }
        let mut count = max_count.min(placement.capacity);
        if let Some(limit) = self.instance_limit {
            let left = u32::try_from(limit.saturating_sub(self.active)).unwrap_or(u32::MAX);
            if left < min_count {
                let message = format!(
                    "You have requested more instances ({}) than your current instance limit of {limit} allows for the specified instance type. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
                    self.active.saturating_add(min_count as usize)
                );
                return Err(Ec2Error::client("InstanceLimitExceeded", message));
            }
            count = count.min(left);
        }
        Ok(count)
    }

    fn profile(&self, name: Option<&ProfileName>) -> Result<Option<Arc<InstanceProfile>>> {
        let (found, parameter, value, noun) = match name {
            Some(ProfileName::Name(name)) if !name.is_empty() => {
                (self.profiles.iter().find(|it| it.name == *name), "name", name, "name")
            }
            Some(ProfileName::Arn(arn)) if !arn.is_empty() => {
                (self.profiles.iter().find(|it| it.arn == *arn), "arn", arn, "ARN")
            }
            _ => return Ok(None),
        };
        match found {
            Some(profile) => Ok(Some(Arc::clone(profile))),
            None => {
                let parameter = format!("iamInstanceProfile.{parameter}");
                let reason = format!("Invalid IAM Instance Profile {noun}");
                Err(Ec2Error::invalid_value(&parameter, value, &reason))
            }
        }
    }
}

fn planned_tags(launch: &Launch) -> Result<PlannedTags> {
    let mut possible = vec!["instance", "volume", "network-interface"];
    if launch.spot.is_some() {
        possible.push("spot-instances-request");
    }
    tags::require_types(&launch.tags, &possible)?;
    Ok(PlannedTags {
        instance: tags::tags_for(&launch.tags, "instance")?,
        volume: tags::tags_for(&launch.tags, "volume")?,
        interface: tags::tags_for(&launch.tags, "network-interface")?,
        spot_request: tags::tags_for(&launch.tags, "spot-instances-request")?,
    })
}

/// Decodes user data.
pub(super) fn user_data(base64: &str) -> Result<Vec<u8>> {
    let data = BASE64_STANDARD.decode(base64.trim_ascii()).map_err(|_| {
        Ec2Error::client("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.")
    })?;
    if data.len() > MOST_USER_DATA {
        let message = format!("User data is limited to {MOST_USER_DATA} bytes");
        return Err(Ec2Error::invalid_parameter_value(message));
    }
    Ok(data)
}
