//! Making the instances of an order that passed all checks.

use std::{net::Ipv4Addr, sync::Arc};

use super::{
    Attached, Attachment, Build, Hardware, Id, Instance, InstanceState, Interface, Kind, Launch, Moment,
    Monitoring, Region, StateReason, VolumeAttachment,
    block_device::PlannedVolume,
    placement::PlannedInterface,
    run::{Launched, Plan},
    timeline::Change,
};
use crate::ec2::catalog::InstanceType;

/// What tells an instance from the others of its launch.
struct Own<'a> {
    id: Id,
    reservation: &'a Id,
    index: u32,
    /// An address of the computer instead of one of the subnet.
    private_address: Option<Ipv4Addr>,
}

impl Region {
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
            let own = Own { id: id.clone(), reservation: &reservation, index, private_address };
            let instance = self.instance_of(plan, launch, own, now);
            hardware.build(Build {
                id: &id,
                os: plan.image.os,
                private_address: instance.private_address.unwrap_or(Ipv4Addr::UNSPECIFIED),
                ipv6_addresses: &instance.ipv6,
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
        Launched { reservation, instances }
    }

    fn instance_of(&mut self, plan: &Plan, launch: &Launch, own: Own<'_>, now: Moment) -> Instance {
        let Own { id, reservation, index, mut private_address } = own;
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
            cpu_credits: plan
                .instance_type
                .burstable
                .then_some(launch.cpu_credits.unwrap_or_else(|| default_credits(plan.instance_type))),
            spot_request: None,
            is_persistent_spot: launch.spot.as_ref().is_some_and(|spot| spot.persistent),
            since: now,
            has_machine: true,
            before: None,
            timer: None,
            start_faults: launch.start_faults.clone(),
            wants_public_address: plan.placement.interfaces.first().is_some_and(|it| it.public_address),
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
            private_address = own.or_else(|| subnet.take(planned.private_address)).unwrap_or(private_address);
            let given = planned.ipv6_addresses.iter().copied().map(Some);
            let made = (0..planned.ipv6_count).map(|_| None);
            ipv6.extend(given.chain(made).filter_map(|wanted| subnet.take_ipv6(wanted, numbers.number())));
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
        let volume =
            self.add_volume(planned, Arc::clone(&plan.placement.zone), plan.tags.volume.clone(), now);
        let device: Arc<str> = planned.device.as_str().into();
        if let Some(volume) = self.volumes.get_mut(&volume) {
            volume.attachment = Some(VolumeAttachment {
                instance: instance.clone(),
                device: Arc::clone(&device),
                attached: now,
                delete_on_termination: planned.delete_on_termination,
            });
        }
        Attached { device, volume, attached: now, delete_on_termination: planned.delete_on_termination }
    }
}

impl StateReason {
    pub(super) fn pending() -> Self {
        Self { code: "pending", message: "pending".to_owned() }
    }
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
