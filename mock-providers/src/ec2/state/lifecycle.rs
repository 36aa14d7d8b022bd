//! What calls make of instances.

use super::{
    Hardware, Id, Instance, InstanceState, Moment, Region, Result, StartFaults, StateChange, StateReason,
};
use crate::ec2::error::Ec2Error;

use InstanceState::{Pending, Running, ShuttingDown, Stopped, Stopping, Terminated};

impl Region {
    /// Starts stopped instances: all or none.
    ///
    /// # Errors
    /// No such instance; `IncorrectInstanceState` for one that is going down or over.
    pub(crate) fn start_instances(
        &mut self,
        ids: &[&str],
        faults: &StartFaults,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<Vec<StateChange>> {
        self.visible_instances(ids, now)?;
        for instance in self.listed(ids) {
            if matches!(instance.state, Stopping | ShuttingDown | Terminated) {
                let message =
                    format!("The instance '{}' is not in a state from which it can be started.", instance.id);
                return Err(Ec2Error::incorrect_instance_state(message));
            }
        }
        Ok(self.each(ids, |region, id, state| {
            if state == Stopped {
                region.start(id, faults, now, hardware);
            }
        }))
    }

    /// Stops running instances: all or none. `force` does not ask the guest.
    ///
    /// # Errors
    /// No such instance; `IncorrectInstanceState` for one that is over or never ran; `OperationNotPermitted` for a
    /// protected one; `UnsupportedOperation` for one of a one-time spot request.
    pub(crate) fn stop_instances(
        &mut self,
        ids: &[&str],
        force: bool,
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<Vec<StateChange>> {
        self.visible_instances(ids, now)?;
        for instance in self.listed(ids) {
            let id = &instance.id;
            if instance.state == Pending && instance.created == instance.launched {
                let message =
                    format!("Instance '{id}' cannot be stopped as it has never reached the 'running' state");
                return Err(Ec2Error::incorrect_instance_state(message));
            }
            if matches!(instance.state, Pending | ShuttingDown | Terminated) {
                let message = format!("This instance '{id}' is not in a state from which it can be stopped.");
                return Err(Ec2Error::incorrect_instance_state(message));
            }
            if instance.disable_api_stop {
                return Err(Ec2Error::operation_not_permitted(id, "stopped", "disableApiStop"));
            }
            if instance.spot_request.is_some() && !instance.is_persistent_spot {
                let message = format!(
                    "You can't stop the Spot Instance '{id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests."
                );
                return Err(Ec2Error::client("UnsupportedOperation", message));
            }
        }
        Ok(self.each(ids, |region, id, state| match state {
            Running => region.stop(id, force, StateReason::user_shutdown(), now, hardware),
            Stopping if force => region.cut_power(id, now, hardware),
            _ => {}
        }))
    }

    /// Restarts running instances: all or none. Their state does not change.
    ///
    /// # Errors
    /// No such instance; `IncorrectInstanceState` for one that does not run.
    pub(crate) fn reboot_instances(
        &mut self,
        ids: &[&str],
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<()> {
        self.visible_instances(ids, now)?;
        if let Some(instance) = self.listed(ids).find(|instance| instance.state != Running) {
            let message =
                format!("The instance '{}' is not in a state from which it can be rebooted.", instance.id);
            return Err(Ec2Error::incorrect_instance_state(message));
        }
        for id in ids {
            // A guest that ignores the request stays as it is; EC2 would cut its power after four minutes.
            let _ = hardware.reboot(&Id::from(*id));
        }
        Ok(())
    }

    /// Terminates instances: all or none.
    ///
    /// # Errors
    /// No such instance; `OperationNotPermitted` for a protected one.
    pub(crate) fn terminate_instances(
        &mut self,
        ids: &[&str],
        now: Moment,
        hardware: &mut dyn Hardware,
    ) -> Result<Vec<StateChange>> {
        self.visible_instances(ids, now)?;
        let mut protected = self.listed(ids).filter(|it| it.disable_api_termination && !it.state.is_ending());
        if let Some(instance) = protected.next() {
            let id = &instance.id;
            return Err(Ec2Error::operation_not_permitted(id, "terminated", "disableApiTermination"));
        }
        drop(protected);
        Ok(self.each(ids, |region, id, _| {
            region.shut_down(id, StateReason::user_shutdown(), now, hardware);
        }))
    }

    fn listed<'a>(&'a self, ids: &'a [&str]) -> impl Iterator<Item = &'a Instance> {
        ids.iter().filter_map(|id| self.instances.get(id))
    }

    /// Does something to each instance, and notes the states before and after. An id that is there twice counts once.
    fn each(&mut self, ids: &[&str], mut act: impl FnMut(&mut Self, &Id, InstanceState)) -> Vec<StateChange> {
        let mut changes: Vec<StateChange> = Vec::new();
        for id in ids {
            if changes.iter().any(|change| *change.id == **id) {
                continue;
            }
            let Some((id, previous)) = self.instances.get(id).map(|it| (it.id.clone(), it.state)) else {
                continue;
            };
            act(self, &id, previous);
            let current = self.instances.get(&id).map_or(previous, |it| it.state);
            changes.push(StateChange { id, previous, current });
        }
        changes
    }
}
