//! What happens behind a driver's back: somebody uses the windows of VirtualBox, or something breaks.

use super::{
    Host, MachineState, Result, ResultCode, Session, Uuid, VBoxError, VirtualBox, error::Component,
    power::invalid_state,
};

impl VirtualBox {
    /// Removes a machine with its files at once, whatever it is doing.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub(crate) fn delete_at_once(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        self.power_off_at_once(id, host)?;
        let gone = self.unregister(id, host)?;
        self.delete_config(gone, host)
    }

    /// Cuts the power at once, whatever the machine is doing. A saved state is discarded.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub(crate) fn power_off_at_once(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        self.stop_at_once(id, MachineState::PoweredOff, host)
    }

    /// Kills the VM process: the machine is `aborted`, or `aborted-saved` while it is being restored.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; `VBOX_E_INVALID_VM_STATE` when there is no VM process.
    pub(crate) fn abort(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        let machine = self.require(id)?;
        if !machine.state.is_online() && machine.session != Session::Spawning {
            let text = format!("Machine '{}' is not currently running.", machine.name);
            return Err(invalid_state(text));
        }
        let state = match machine.state {
            MachineState::Restoring => MachineState::AbortedSaved,
            _ => MachineState::Aborted,
        };
        self.stop_at_once(id, state, host)
    }

    fn stop_at_once(&mut self, id: Uuid, state: MachineState, host: &mut Host<'_>) -> Result<()> {
        self.require(id)?;
        host.hardware.power_off(id);
        let machine = self.require_mut(id)?;
        let was_waited_for = machine.outcome.is_none();
        machine.enter(state, host.now);
        machine.session = Session::Unlocked;
        machine.transient_folders.clear();
        machine.guest_properties.retain(|_, property| !property.is_transient());
        if was_waited_for {
            machine.outcome = Some(Err(VBoxError::later(
                ResultCode::Failure,
                Component::SESSION_OF_MACHINE,
                "The VM session was aborted",
            )));
        }
        if !state.has_saved_state() {
            self.drop_saved_state(id, host);
        }
        self.save_quietly(id, host);
        Ok(())
    }

    /// Kills the server: VM processes end with it, and the next server finds their machines powered off. Settings files
    /// are read again.
    pub(crate) fn crash(&mut self, host: &mut Host<'_>) {
        let with_process = |session| !matches!(session, Session::Unlocked);
        let affected = self.machines.iter().filter(|machine| with_process(machine.session));
        let ids: Vec<Uuid> = affected.map(|machine| machine.id).collect();
        for id in ids {
            let is_saved = |state: MachineState| state.has_saved_state() || state == MachineState::Restoring;
            let state = match self.machine(id).is_some_and(|machine| is_saved(machine.state)) {
                true => MachineState::Saved,
                false => MachineState::PoweredOff,
            };
            // It exists.
            let _ = self.stop_at_once(id, state, host);
        }
        self.reload(host);
    }

    /// The guest does what no processor can go on after.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` unless the machine runs.
    pub(crate) fn triple_fault(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        self.running(id)?;
        host.hardware.pause(id);
        self.require_mut(id)?.enter(MachineState::GuruMeditation, host.now);
        Ok(())
    }

    /// Holds a machine in a state until something else is asked of it that fits. A machine that is on in this state is
    /// locked by its process.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub(crate) fn hold_state(&mut self, id: Uuid, state: MachineState, host: &mut Host<'_>) -> Result<()> {
        if !state.is_online() {
            return self.stop_at_once(id, state, host);
        }
        let machine = self.require_mut(id)?;
        machine.enter(state, host.now);
        machine.is_stuck = true;
        machine.session = Session::Process;
        Ok(())
    }

    /// Gives a running machine another address in its host-only network. The result is the address.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` unless the machine runs; `NS_ERROR_FAILURE` when there is no other address.
    pub(crate) fn readdress(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<String> {
        self.running(id)?;
        let address = host
            .hardware
            .readdress(id)
            .map_err(|reason| VBoxError::new(ResultCode::Failure, Component::CONSOLE, reason))?;
        Ok(address.to_string())
    }

    /// Removes everything that was made, and what is running.
    pub(crate) fn clear(&mut self, host: &mut Host<'_>) {
        let ids: Vec<Uuid> = self.machines.iter().map(|machine| machine.id).collect();
        for id in ids {
            let _ = self.delete_at_once(id, host);
        }
        self.machines.clear();
        for kept in std::mem::take(&mut self.unregistered).into_values() {
            host.hardware.destroy(kept.machine.id);
        }
        self.media.clear();
        self.host_interfaces.clear();
        self.host_only_networks.clear();
        self.dhcp_servers.clear();
        self.extra_data.clear();
    }
}
