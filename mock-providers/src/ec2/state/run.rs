//! Carrying out orders of instances (`RunInstances`).

use std::{net::Ipv4Addr, sync::Arc};

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{
    Attached, Attachment, Build, ClientToken, Hardware, Id, Instance, InstanceState, Interface, Kind, Launch,
    MetadataOptions, Moment, Monitoring, ProfileName, Region, Result, StateReason, Tags, VolumeAttachment,
    block_device::PlannedVolume,
    placement::{Placement, PlannedInterface},
    spot, tags,
    timeline::Change,
};
use crate::ec2::{
    catalog::{self, Image, InstanceProfile, InstanceType},
    error::Ec2Error,
};

/// Longest user data in bytes, before Base64.
const MOST_USER_DATA: usize = 16 << 10;
/// Type of instances when nothing is said.
const DEFAULT_TYPE: &str = "m1.small";

/// What tells an instance from the others of its launch.
struct Own<'a> {
    id: Id,
    reservation: &'a Id,
    index: u32,
    /// An address of the computer instead of one of the subnet.
    private_address: Option<Ipv4Addr>,
}

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
    count: u32,
    image: Arc<Image>,
    instance_type: &'static InstanceType,
    key_name: Option<Arc<str>>,
    public_key: Option<String>,
    pub(super) placement: Placement,
    volumes: Vec<PlannedVolume>,
    user_data: Vec<u8>,
    profile: Option<Arc<InstanceProfile>>,
    tags: PlannedTags,
    metadata: MetadataOptions,
}

#[derive(Debug)]
struct PlannedTags {
    instance: Tags,
    volume: Tags,
    interface: Tags,
    spot_request: Tags,
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
            return Ok(Some(Launched {
                reservation,
                instances,
            }));
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
        let Launch {
            min_count, max_count, ..
        } = *launch;
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
        let Launch {
            min_count, max_count, ..
        } = *launch;
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
            Some(ProfileName::Name(name)) if !name.is_empty() => (
                self.profiles.iter().find(|it| it.name == *name),
                "name",
                name,
                "name",
            ),
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

    /// Makes the instances of a plan. From here on nothing fails.
    pub(super) fn carry_out(
        &mut self,
        plan: &Plan,
        launch: &Launch,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Launched {
        let reservation = self.ids.next(Kind::Reservation);
        let mut instances = Vec::new();
        for index in 0..plan.count {
            let id = self.ids.next(Kind::Instance);
            let has_none = |first: &PlannedInterface| first.private_address.is_none();
            let wants_own =
                self.reachable_private_addresses && plan.placement.interfaces.first().is_some_and(has_none);
            let private_address = match wants_own {
                // Without one it has an address of its subnet.
                true => hardware.take_address().ok(),
                false => None,
            };
            let own = Own {
                id: id.clone(),
                reservation: &reservation,
                index,
                private_address,
            };
            let instance = self.instance_of(plan, launch, own, now);
            hardware.build(Build {
                id: &id,
                os: plan.image.os,
                private_address: instance.private_address.unwrap_or(Ipv4Addr::UNSPECIFIED),
                public_key: plan.public_key.as_deref(),
                user_data: &plan.user_data,
                faults: &launch.start_faults.guest,
            });
            self.instances.insert(id.clone(), instance);
            self.active += 1;
            self.apply_rules(&id, hardware);
            if !launch.start_faults.never_ready {
                self.schedule(&id, now.after(self.times.boot), Change::Run(id.clone()));
            }
            self.hide(Kind::Instance, &id, self.lag, now);
            instances.push(id);
        }
        self.reservations.insert(reservation.clone(), instances.clone());
        Launched {
            reservation,
            instances,
        }
    }

    fn instance_of(&mut self, plan: &Plan, launch: &Launch, own: Own<'_>, now: Moment) -> Instance {
        let Own {
            id,
            reservation,
            index,
            mut private_address,
        } = own;
        let mut interfaces = Vec::new();
        for planned in &plan.placement.interfaces {
            // Other interfaces than the first one exist at EC2 alone.
            let own = private_address.take();
            interfaces.push(self.add_interface(planned, own, plan, &id, now));
        }
        let mut volumes = Vec::new();
        for planned in &plan.volumes {
            volumes.push(self.add_attached_volume(planned, plan, &id, now));
        }
        let primary = interfaces.first().and_then(|id| self.interfaces.get(id));
        Instance {
            reservation: reservation.clone(),
            launch_index: index,
            image: Arc::clone(&plan.image),
            instance_type: plan.instance_type,
            key_name: plan.key_name.clone(),
            state: InstanceState::Pending,
            history: vec![(now, InstanceState::Pending)],
            state_reason: Some(StateReason::pending()),
            transition_reason: String::new(),
            launched: now,
            created: now,
            zone: Arc::clone(&plan.placement.zone),
            tenancy: launch.tenancy.unwrap_or("default"),
            monitoring: match launch.monitoring {
                true => Monitoring::Pending,
                false => Monitoring::Disabled,
            },
            private_address: primary.map(|it| it.private_address),
            public: None,
            ipv6: primary.map(|it| it.ipv6.clone()).unwrap_or_default(),
            subnet: primary.map(|it| it.subnet.clone()),
            vpc: primary.map(|it| it.vpc.clone()),
            groups: primary.map(|it| it.groups.clone()).unwrap_or_default(),
            interfaces,
            volumes,
            tags: plan.tags.instance.clone(),
            client_token: launch.client_token.as_ref().map(|token| token.token.clone()),
            user_data: launch.user_data.clone(),
            profile: plan
                .profile
                .as_ref()
                .map(|profile| (Arc::clone(profile), self.ids.next(Kind::ProfileAssociation))),
            ebs_optimized: launch.ebs_optimized,
            source_dest_check: true,
            metadata: plan.metadata,
            disable_api_termination: launch.disable_api_termination,
            disable_api_stop: launch.disable_api_stop,
            shutdown_behavior: launch.shutdown_behavior,
            cpu_credits: plan.instance_type.burstable.then_some(
                launch
                    .cpu_credits
                    .unwrap_or_else(|| default_credits(plan.instance_type)),
            ),
            spot_request: None,
            is_persistent_spot: launch.spot.as_ref().is_some_and(|spot| spot.persistent),
            since: now,
            has_machine: true,
            before: None,
            timer: None,
            start_faults: launch.start_faults.clone(),
            wants_public_address: plan
                .placement
                .interfaces
                .first()
                .is_some_and(|it| it.public_address),
            id,
        }
    }

    /// `own` is an address of the computer instead of one of the subnet.
    fn add_interface(
        &mut self,
        planned: &PlannedInterface,
        own: Option<Ipv4Addr>,
        plan: &Plan,
        instance: &Id,
        now: Moment,
    ) -> Id {
        let id = self.ids.next(Kind::Interface);
        let attachment = Attachment {
            id: self.ids.next(Kind::Attachment),
            instance: instance.clone(),
            device_index: planned.device_index,
            attached: now,
            delete_on_termination: planned.delete_on_termination,
        };
        let numbers = self.ids.clone();
        let mut private_address = Ipv4Addr::UNSPECIFIED;
        let mut ipv6 = Vec::new();
        if let Some(subnet) = self.subnets.get_mut(&planned.subnet) {
            // The plan has counted the free addresses.
            private_address = own
                .or_else(|| subnet.take(planned.private_address))
                .unwrap_or(private_address);
            let given = planned.ipv6_addresses.iter().copied().map(Some);
            let made = (0..planned.ipv6_count).map(|_| None);
            ipv6.extend(
                given
                    .chain(made)
                    .filter_map(|wanted| subnet.take_ipv6(wanted, numbers.number())),
            );
        }
        for group in &planned.groups {
            if let Some(group) = self.groups.get_mut(&group.id) {
                group.members.insert(id.clone());
            }
        }
        let interface = Interface {
            id: id.clone(),
            subnet: planned.subnet.clone(),
            vpc: plan.placement.vpc.clone(),
            zone: Arc::clone(&plan.placement.zone),
            private_address,
            public: None,
            association: None,
            ipv6,
            primary_ipv6: planned.primary_ipv6,
            mac: mac(self.ids.number()),
            groups: planned.groups.clone(),
            description: planned.description.clone(),
            tags: plan.tags.interface.clone(),
            source_dest_check: true,
            attachment,
        };
        self.interfaces.insert(id.clone(), interface);
        id
    }

    fn add_attached_volume(
        &mut self,
        planned: &PlannedVolume,
        plan: &Plan,
        instance: &Id,
        now: Moment,
    ) -> Attached {
        let volume = self.add_volume(
            planned,
            Arc::clone(&plan.placement.zone),
            plan.tags.volume.clone(),
            now,
        );
        let device: Arc<str> = planned.device.as_str().into();
        if let Some(volume) = self.volumes.get_mut(&volume) {
            volume.attachment = Some(VolumeAttachment {
                instance: instance.clone(),
                device: Arc::clone(&device),
                attached: now,
                delete_on_termination: planned.delete_on_termination,
            });
        }
        Attached {
            device,
            volume,
            attached: now,
            delete_on_termination: planned.delete_on_termination,
        }
    }
}

impl StateReason {
    pub(super) fn pending() -> Self {
        Self {
            code: "pending",
            message: "pending".to_owned(),
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
        Ec2Error::client(
            "InvalidUserData.Malformed",
            "Invalid BASE64 encoding of user data.",
        )
    })?;
    if data.len() > MOST_USER_DATA {
        let message = format!("User data is limited to {MOST_USER_DATA} bytes");
        return Err(Ec2Error::invalid_parameter_value(message));
    }
    Ok(data)
}

/// CPU credits of a burstable type when nothing is said.
fn default_credits(instance_type: &InstanceType) -> &'static str {
    match instance_type.name.starts_with("t2.") {
        true => "standard",
        false => "unlimited",
    }
}

/// A hardware address of the range for local use, from a unique number.
fn mac(number: u64) -> String {
    let [.., a, b, c, d, e] = number.to_be_bytes();
    format!("0e:{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}")
}
