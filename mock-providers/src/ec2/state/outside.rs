//! What happens to instances behind the driver's back. Each method does nothing for an instance that does not exist or
//! is over.

use super::{
    Hardware, Id, Instance, InstanceState, Moment, PublicAddress, Region, StartFaults, StateReason,
    timeline::Change,
};

impl Region {
    /// Cuts the power of a running instance: it is stopped at once.
    pub(crate) fn power_off(&mut self, id: &str, now: Moment, hardware: &mut dyn Hardware) {
        let Some(id) =
            self.living(id).filter(|it| it.state == InstanceState::Running).map(|it| it.id.clone())
        else {
            return;
        };
        self.stop(&id, true, StateReason::user_shutdown(), now, hardware);
        self.schedule(&id, now, Change::Stop(id.clone(), now));
        self.advance(now, hardware);
    }

    /// Starts a stopped instance.
    pub(crate) fn power_on(&mut self, id: &str, now: Moment, hardware: &mut dyn Hardware) {
        let stopped = self.living(id).filter(|it| it.state == InstanceState::Stopped);
        if let Some(id) = stopped.map(|it| it.id.clone()) {
            self.start(&id, &StartFaults::default(), now, hardware);
        }
    }

    /// Terminates an instance at once, protected or not.
    pub(crate) fn terminate_at_once(&mut self, id: &str, now: Moment, hardware: &mut dyn Hardware) {
        let Some(id) = self.instances.get(id).map(|instance| instance.id.clone()) else {
            return;
        };
        self.shut_down(&id, StateReason::user_shutdown(), now, hardware);
        if self.instances.get(&id).is_some_and(|it| it.state == InstanceState::ShuttingDown) {
            self.schedule(&id, now, Change::Terminate(id.clone()));
            self.advance(now, hardware);
        }
    }

    /// Terminates an instance at once and shows it no more.
    pub(crate) fn vanish(&mut self, id: &str, now: Moment, hardware: &mut dyn Hardware) {
        self.terminate_at_once(id, now, hardware);
        if let Some(id) = self.instances.get(id).map(|instance| instance.id.clone()) {
            self.forget(&id);
        }
    }

    /// Gives a running instance another public address.
    ///
    /// # Errors
    /// When there is no other address; the instance then keeps its own.
    pub(crate) fn readdress(&mut self, id: &str, hardware: &mut dyn Hardware) -> Result<(), String> {
        let Some(instance) = self.living(id).filter(|it| it.state == InstanceState::Running) else {
            return Ok(());
        };
        let (id, old) = (instance.id.clone(), instance.public.clone());
        let address = hardware.take_address()?;
        self.connect(&id, Some(PublicAddress { address, allocation: None }), hardware);
        match old {
            Some(PublicAddress { address, allocation: None }) => hardware.release_address(address),
            Some(PublicAddress { allocation: Some(allocation), .. }) => self.forget_association(&allocation),
            None => {}
        }
        Ok(())
    }

    /// Keeps an instance in a state: nothing happens to it by itself any more.
    pub(crate) fn hold(&mut self, id: &str, state: InstanceState, now: Moment) {
        let Some(id) = self.living(id).map(|instance| instance.id.clone()) else {
            return;
        };
        if let Some(instance) = self.instances.get_mut(&id) {
            self.timeline.cancel(instance.timer.take());
            let (reason, sentence) = (instance.state_reason.clone(), instance.transition_reason.clone());
            instance.enter(state, reason, &sentence, now);
        }
    }

    fn living(&self, id: &str) -> Option<&Instance> {
        self.instances.get(id).filter(|instance| !instance.state.is_ending())
    }

    /// The instance with an id or, when there is none, the living one whose tag `Name` is this.
    pub(crate) fn find_instance(&self, id_or_name: &str) -> Option<&Id> {
        if let Some(instance) = self.instances.get(id_or_name) {
            return Some(&instance.id);
        }
        let mut named = self.instances.values().rev();
        named
            .find(|it| !it.state.is_ending() && it.tags.get("Name").is_some_and(|name| name == id_or_name))
            .map(|it| &it.id)
    }
}
