//! What becomes of instances by time and by their own doing.

use super::{
    Hardware, Id, Instance, InstanceState, Moment, Monitoring, PublicAddress, Region, ShutdownBehavior,
    StartFaults, StateReason, instance::Before, timeline::Change,
};

use InstanceState::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};

impl Region {
    /// Lets everything happen that is due.
    pub(crate) fn advance(&mut self, now: Moment, hardware: &mut dyn Hardware) {
        while let Some((at, change)) = self.timeline.take_due(now) {
            match change {
                Change::Run(id) => self.run(&id, at, hardware),
                Change::Stop(id, limit) => self.stopped_if_off(&id, limit, at, hardware),
                Change::Terminate(id) => self.terminated(&id, at, hardware),
                Change::Forget(id) => self.forget(&id),
                Change::Fulfil(id) => self.fulfil(&id, at, hardware),
                Change::ForgetToken(kind, token) => self.forget_token(kind, token),
            }
        }
    }

    /// A guest switched itself off, or its power was cut.
    pub(crate) fn machine_went_off(&mut self, id: &str, now: Moment, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get(id).filter(|instance| instance.state == Running) else {
            return;
        };
        let (id, behavior) = (instance.id.clone(), instance.shutdown_behavior);
        match behavior {
            ShutdownBehavior::Stop => {
                self.stop(&id, false, StateReason::shutdown_from_inside(), now, hardware);
            }
            ShutdownBehavior::Terminate => {
                self.shut_down(&id, StateReason::shutdown_from_inside(), now, hardware);
            }
        }
    }

    /// Replaces the change that an instance waits for.
    pub(super) fn schedule(&mut self, id: &Id, at: Moment, change: Change) {
        if let Some(instance) = self.instances.get_mut(id) {
            self.timeline.cancel(instance.timer.take());
            instance.timer = Some(self.timeline.add(at, change));
        }
    }

    fn unschedule(&mut self, id: &Id) {
        if let Some(instance) = self.instances.get_mut(id) {
            self.timeline.cancel(instance.timer.take());
        }
    }

    /// Starts a stopped instance.
    pub(super) fn start(&mut self, id: &Id, faults: &StartFaults, now: Moment, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        hardware.add_faults(id, &faults.guest);
        instance.enter(Pending, Some(StateReason::pending()), "", now);
        instance.launched = now;
        instance.start_faults = faults.clone();
        if faults.never_ready {
            self.unschedule(id);
        } else {
            self.schedule(id, now.after(self.times.boot), Change::Run(id.clone()));
        }
    }

    /// Stops a running instance.
    pub(super) fn stop(
        &mut self,
        id: &Id,
        force: bool,
        reason: StateReason,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) {
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        let sentence = reason.sentence(now);
        instance.enter(Stopping, Some(reason), &sentence, now);
        if force {
            hardware.power_off(id);
        } else {
            // A guest that does not obey loses its power later.
            let _ = hardware.shut_down(id);
        }
        let limit = now.after(self.times.stop_timeout.max(self.times.stop));
        self.schedule(id, now.after(self.times.stop), Change::Stop(id.clone(), limit));
    }

    /// Cuts the power of an instance that is stopping. One that is held there goes on.
    pub(super) fn cut_power(&mut self, id: &Id, now: Moment, hardware: &mut dyn Hardware) {
        hardware.power_off(id);
        if self.instances.get(id).is_some_and(|instance| instance.timer.is_none()) {
            let at = now.after(self.times.stop);
            self.schedule(id, at, Change::Stop(id.clone(), at));
        }
    }

    /// Begins the end of an instance; nothing when it has begun.
    pub(super) fn shut_down(
        &mut self,
        id: &Id,
        reason: StateReason,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) {
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        if instance.state.is_ending() {
            return;
        }
        let sentence = reason.sentence(now);
        instance.enter(ShuttingDown, Some(reason), &sentence, now);
        self.active = self.active.saturating_sub(1);
        hardware.power_off(id);
        self.detach_public_address(id, hardware);
        self.disassociate_all(id, hardware);
        self.schedule(id, now.after(self.times.terminate), Change::Terminate(id.clone()));
    }

    /// A pending instance runs now, unless its start goes wrong.
    fn run(&mut self, id: &Id, now: Moment, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get_mut(id).filter(|it| it.state == Pending) else {
            return;
        };
        instance.timer = None;
        let faults = std::mem::take(&mut instance.start_faults);
        if let Some(reason) = faults.error {
            return self.start_failed(id, &reason, now, hardware);
        }
        let has_elastic = instance.public.as_ref().is_some_and(|it| it.allocation.is_some());
        if instance.wants_public_address && !has_elastic && !faults.no_address && instance.has_machine {
            match hardware.take_address() {
                Ok(address) => self.connect(id, Some(PublicAddress { address, allocation: None }), hardware),
                Err(reason) => return self.start_failed(id, &reason, now, hardware),
            }
        }
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        instance.enter(Running, None, "", now);
        if instance.monitoring == Monitoring::Pending {
            instance.monitoring = Monitoring::Enabled;
        }
        if instance.has_machine {
            hardware.power_on(id);
        }
    }

    /// An instance that cannot start is terminated if this was its launch, otherwise it is stopped again.
    fn start_failed(&mut self, id: &Id, reason: &str, now: Moment, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        let state_reason =
            StateReason { code: "Server.InternalError", message: format!("Server.InternalError: {reason}") };
        if instance.created == instance.launched {
            self.shut_down(id, state_reason, now, hardware);
            self.unschedule(id);
            self.terminated(id, now, hardware);
        } else {
            let sentence = state_reason.sentence(now);
            instance.enter(Stopped, Some(state_reason), &sentence, now);
        }
    }

    /// A stopping instance has stopped if its machine is off; one that takes too long is switched off.
    fn stopped_if_off(&mut self, id: &Id, limit: Moment, now: Moment, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get_mut(id).filter(|it| it.state == Stopping) else {
            return;
        };
        instance.timer = None;
        if instance.has_machine && !hardware.is_off(id) {
            if now < limit {
                let again = now.after(self.times.check()).min(limit);
                return self.schedule(id, again, Change::Stop(id.clone(), limit));
            }
            hardware.power_off(id);
        }
        let reason = instance.state_reason.clone();
        let sentence = instance.transition_reason.clone();
        instance.enter(Stopped, reason, &sentence, now);
        self.detach_public_address(id, hardware);
    }

    /// An instance has ended: its network interfaces, volumes and machine go.
    fn terminated(&mut self, id: &Id, now: Moment, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get_mut(id).filter(|it| it.state == ShuttingDown) else {
            return;
        };
        let (reason, sentence) = (instance.state_reason.clone(), instance.transition_reason.clone());
        instance.enter(Terminated, reason, &sentence, now);
        instance.private_address = None;
        instance.subnet = None;
        instance.vpc = None;
        instance.ipv6 = Vec::new();
        instance.groups = Vec::new();
        instance.profile = None;
        instance.monitoring = Monitoring::Disabled;
        let interfaces = std::mem::take(&mut instance.interfaces);
        let volumes = std::mem::take(&mut instance.volumes);
        if instance.has_machine {
            hardware.destroy(id);
        }
        for interface in &interfaces {
            self.remove_interface(interface);
        }
        for attached in &volumes {
            match attached.delete_on_termination {
                true => drop(self.volumes.remove(&attached.volume)),
                false => {
                    if let Some(volume) = self.volumes.get_mut(&attached.volume) {
                        volume.attachment = None;
                    }
                }
            }
        }
        self.close_spot_request(id, now);
        self.schedule(id, now.after(self.times.terminated_visible), Change::Forget(id.clone()));
    }

    /// A terminated instance is not shown any more.
    pub(super) fn forget(&mut self, id: &Id) {
        let Some(instance) = self.instances.remove(id) else {
            return;
        };
        self.timeline.cancel(instance.timer);
        if let Some(others) = self.reservations.get_mut(&instance.reservation) {
            others.retain(|other| other != id);
            if others.is_empty() {
                self.reservations.remove(&instance.reservation);
            }
        }
    }

    fn remove_interface(&mut self, id: &Id) {
        let Some(interface) = self.interfaces.remove(id) else {
            return;
        };
        if let Some(subnet) = self.subnets.get_mut(&interface.subnet) {
            subnet.release(interface.private_address);
            for address in interface.ipv6 {
                subnet.release_ipv6(address);
            }
        }
        for group in &interface.groups {
            if let Some(group) = self.groups.get_mut(&group.id) {
                group.members.remove(id);
            }
        }
    }

    /// Gives an instance a public address or takes it away.
    pub(super) fn connect(&mut self, id: &Id, public: Option<PublicAddress>, hardware: &mut dyn Hardware) {
        let Some(instance) = self.instances.get_mut(id) else {
            return;
        };
        instance.public.clone_from(&public);
        let primary = instance.interfaces.first().cloned();
        if instance.has_machine {
            hardware.set_address(id, public.as_ref().map(|public| public.address));
        }
        if let Some(interface) = primary.and_then(|id| self.interfaces.get_mut(&id)) {
            interface.public = public;
        }
    }

    /// Takes away the public address that an instance got by itself, and gives it back; an Elastic IP stays.
    pub(super) fn detach_public_address(&mut self, id: &Id, hardware: &mut dyn Hardware) {
        let public = self.instances.get(id).and_then(|instance| instance.public.clone());
        if let Some(public) = public.filter(|public| public.allocation.is_none()) {
            self.connect(id, None, hardware);
            hardware.release_address(public.address);
        }
    }
}

/// States of an instance that are kept.
const KEPT_STATES: usize = 1000;

impl Instance {
    /// Changes the state.
    pub(super) fn enter(
        &mut self,
        state: InstanceState,
        reason: Option<StateReason>,
        sentence: &str,
        now: Moment,
    ) {
        self.before = Some(Before { state: self.state, public: self.public.clone() });
        self.state = state;
        if self.history.len() < KEPT_STATES {
            self.history.push((now, state));
        }
        self.state_reason = reason;
        sentence.clone_into(&mut self.transition_reason);
        self.since = now;
    }
}

impl StateReason {
    /// A call asked for it.
    pub(super) fn user_shutdown() -> Self {
        Self {
            code: "Client.UserInitiatedShutdown",
            message: "Client.UserInitiatedShutdown: User initiated shutdown".to_owned(),
        }
    }

    /// The guest did it.
    pub(super) fn shutdown_from_inside() -> Self {
        Self {
            code: "Client.InstanceInitiatedShutdown",
            message: "Client.InstanceInitiatedShutdown: Instance initiated shutdown".to_owned(),
        }
    }

    /// The same for `reason`.
    fn sentence(&self, now: Moment) -> String {
        match self.code {
            "Client.UserInitiatedShutdown" => format!("User initiated ({})", now.in_words()),
            "Client.InstanceInitiatedShutdown" => String::new(),
            code => code.to_owned(),
        }
    }
}
