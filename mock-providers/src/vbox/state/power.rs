//! What is asked of machines that are on, and what they do by themselves.

use std::time::Duration;

use super::{
    Host, LockKind, Machine, MachineState, Result, Session, Uuid, VBoxError, VirtualBox,
    error::{Component, ResultCode},
    launch::tcp_rules,
    log,
    timeline::{Due, Event},
};

impl VirtualBox {
    /// Lets everything happen that is due, and notices guests that have switched themselves off.
    pub(crate) fn advance(&mut self, host: &mut Host<'_>) {
        self.catch_up(host);
        let running = self.machines.iter().filter(|it| it.state == MachineState::Running);
        let off: Vec<Uuid> = running.map(|it| it.id).filter(|id| host.hardware.is_off(*id)).collect();
        for id in off {
            self.begin_to_stop(id, host);
        }
        // Stopping may take no time at all.
        self.catch_up(host);
    }

    /// Lets everything happen that is due.
    fn catch_up(&mut self, host: &mut Host<'_>) {
        while let Some((id, due)) = self.next_due(host.now) {
            if let Ok(machine) = self.require_mut(id) {
                machine.due = None;
            }
            match due.event {
                Event::ProcessReady => self.process_ready(id, due.at, host),
                Event::Up => self.up(id, due.at, host),
                Event::Down => self.down(id, MachineState::PoweredOff, due.at, host),
                Event::Saved => self.down(id, MachineState::Saved, due.at, host),
                Event::Unlocked => self.unlocked(id),
                Event::SnapshotTaken => self.snapshot_taken(id, due.at),
            }
        }
    }

    /// How the latest start, power-off or save went; none while it goes on. Once it is there, the machine is locked only
    /// if it is on.
    pub(crate) fn outcome(&self, id: Uuid) -> Option<Result<()>> {
        match self.machine(id) {
            Some(machine) => machine.outcome.clone(),
            None => Some(Err(VBoxError::no_machine(&id.to_string()))),
        }
    }

    /// Cuts the power; see [`VirtualBox::outcome`].
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` unless it runs, is paused or is in guru meditation.
    pub(crate) fn power_down(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        let machine = self.online(id)?;
        if !matches!(
            machine.state,
            MachineState::Running | MachineState::Paused | MachineState::GuruMeditation
        ) {
            let text =
                format!("Invalid machine state: {} (must be Running, Paused or Stuck)", machine.state.name());
            return Err(invalid_state(text));
        }
        host.hardware.power_off(id);
        self.begin_to_stop(id, host);
        self.advance(host);
        Ok(())
    }

    /// The machine is being switched off.
    fn begin_to_stop(&mut self, id: Uuid, host: &mut Host<'_>) {
        let time = self.times.stop;
        let Ok(machine) = self.require_mut(id) else { return };
        machine.enter(MachineState::Stopping, host.now);
        machine.outcome = None;
        machine.due = Some(Due { at: host.now + time, event: Event::Down });
        let _ = host.files.append(&machine.log_file(), &log::of_state(machine));
    }

    /// The guest is gone, or its memory is kept.
    fn down(&mut self, id: Uuid, state: MachineState, at: Duration, host: &mut Host<'_>) {
        let time = self.times.teardown;
        if state == MachineState::PoweredOff {
            host.hardware.power_off(id);
        }
        let Ok(machine) = self.require_mut(id) else { return };
        machine.enter(state, at);
        if state == MachineState::PoweredOff {
            // A saved machine keeps them with its memory.
            machine.transient_folders.clear();
        }
        machine.guest_properties.retain(|_, property| !property.is_transient());
        machine.session = Session::Unlocking;
        machine.due = Some(Due { at: at + time, event: Event::Unlocked });
        let text = format!("{}{}", log::of_state(machine), log::END);
        let _ = host.files.append(&machine.log_file(), &text);
        self.save_quietly(id, host);
    }

    fn unlocked(&mut self, id: Uuid) {
        if let Ok(machine) = self.require_mut(id) {
            machine.session = Session::Unlocked;
            machine.outcome.get_or_insert(Ok(()));
        }
    }

    /// Presses the power button. A guest that does not obey stays as it is, and nobody is told.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` unless it runs.
    pub(crate) fn power_button(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        self.running(id)?;
        let _ = host.hardware.press_power_button(id);
        self.advance(host);
        Ok(())
    }

    /// Presses the sleep button, which no guest here obeys.
    ///
    /// # Errors
    /// As for [`VirtualBox::power_button`].
    pub(crate) fn sleep_button(&self, id: Uuid) -> Result<()> {
        self.running(id).map(drop)
    }

    /// Cuts the power for a moment.
    ///
    /// # Errors
    /// As for [`VirtualBox::power_button`].
    pub(crate) fn reset(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        self.running(id)?;
        host.hardware.reset(id);
        Ok(())
    }

    /// Lets the machine stand still.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` unless it runs.
    pub(crate) fn pause(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        if self.online(id)?.state == MachineState::Paused {
            return Err(invalid_state("Already paused"));
        }
        self.running(id)?;
        host.hardware.pause(id);
        self.require_mut(id)?.enter(MachineState::Paused, host.now);
        Ok(())
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` unless it is paused.
    pub(crate) fn resume(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        let state = self.online(id)?.state;
        if state != MachineState::Paused {
            let text =
                format!("Cannot resume the machine as it is not paused (machine state: {})", state.name());
            return Err(invalid_state(text));
        }
        host.hardware.resume(id);
        self.require_mut(id)?.enter(MachineState::Running, host.now);
        Ok(())
    }

    /// Keeps the memory in a file and ends the VM process; see [`VirtualBox::outcome`].
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` unless it runs or is paused; `VBOX_E_FILE_ERROR` when the file cannot be written.
    pub(crate) fn save_state(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<()> {
        let time = self.times.save;
        let now = host.now;
        let machine = self.online(id)?;
        if !matches!(machine.state, MachineState::Running | MachineState::Paused) {
            let text = format!(
                "Cannot save the execution state as the machine is not running or paused (machine state: {})",
                machine.state.name()
            );
            return Err(invalid_state(text));
        }
        let file = machine.snapshot_folder().join(format!("{}.sav", super::moment::for_file_name(now)));
        let written = host.files.write(&file, SAVED_STATE);
        written.map_err(|error| {
            let text =
                format!("Failed to save the machine state to '{}' ({})", file.display(), error.status());
            VBoxError::later(ResultCode::FileError, Component::CONSOLE, text)
        })?;
        host.hardware.suspend(id);
        let machine = self.require_mut(id)?;
        machine.enter(MachineState::Saving, now);
        machine.state_file = Some(file);
        machine.outcome = None;
        machine.due = Some(Due { at: now + time, event: Event::Saved });
        self.advance(host);
        Ok(())
    }

    /// Forgets a saved state; with `remove_file` also its file, which may be gone already.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` when there is none; as for [`VirtualBox::lock`].
    pub(crate) fn discard_state(&mut self, id: Uuid, remove_file: bool, host: &mut Host<'_>) -> Result<()> {
        let machine = self.lock(id, LockKind::Write)?;
        if !machine.state.has_saved_state() {
            let text = format!(
                "Cannot discard the saved state as the machine is not in the Saved or Aborted-Saved state (machine \
                 state: {})",
                machine.state.name()
            );
            return Err(VBoxError { component: Component::SESSION_MACHINE, ..invalid_state(text) });
        }
        host.hardware.power_off(id);
        let machine = self.require_mut(id)?;
        machine.enter(MachineState::PoweredOff, host.now);
        machine.transient_folders.clear();
        match remove_file {
            true => self.drop_saved_state(id, host),
            false => machine.state_file = None,
        }
        self.save_quietly(id, host);
        Ok(())
    }

    /// Forgets a saved state and removes its file, unless a snapshot needs it. A file that cannot be removed is only a
    /// leak, and one that is gone is what is wanted.
    pub(super) fn drop_saved_state(&mut self, id: Uuid, host: &mut Host<'_>) {
        let Ok(machine) = self.require_mut(id) else { return };
        let file = machine.state_file.take();
        let is_needed = machine.snapshots.iter().any(|snapshot| snapshot.state_file == file);
        if let Some(file) = file.filter(|_| !is_needed) {
            let _ = host.files.remove(&file);
        }
    }

    /// Takes a file for the machine's saved state.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` when the machine has one; as for [`VirtualBox::lock`].
    pub(crate) fn adopt_state(
        &mut self,
        id: Uuid,
        file: &std::path::Path,
        host: &mut Host<'_>,
    ) -> Result<()> {
        let machine = self.lock(id, LockKind::Write)?;
        if machine.state.has_saved_state() {
            let text = format!(
                "Cannot adopt the saved state as the machine is not in Powered Off, Teleported or Aborted state (machine \
                 state: {})",
                machine.state.name()
            );
            return Err(VBoxError { component: Component::SESSION_MACHINE, ..invalid_state(text) });
        }
        let machine = self.require_mut(id)?;
        machine.enter(MachineState::Saved, host.now);
        machine.state_file = Some(file.to_owned());
        self.save_quietly(id, host);
        Ok(())
    }

    /// A machine that is on, in whatever way.
    fn online(&self, id: Uuid) -> Result<&Machine> {
        let machine = self.console(id)?;
        machine.ok_or_else(|| match self.machine(id) {
            Some(machine) => invalid_state(format!("Machine '{}' is not currently running.", machine.name)),
            None => VBoxError::no_machine(&id.to_string()),
        })
    }

    /// A machine that runs.
    pub(super) fn running(&self, id: Uuid) -> Result<&Machine> {
        let machine = self.online(id)?;
        match machine.state {
            MachineState::Running => Ok(machine),
            state => Err(invalid_state(format!("Invalid machine state: {}", state.name()))),
        }
    }

    /// Adds a NAT rule to a machine that is on; it is listened for at once.
    ///
    /// # Errors
    /// As for [`Nat::add`](super::Nat::add).
    pub(crate) fn add_nat_rule(
        &mut self,
        id: Uuid,
        slot: usize,
        name: &str,
        rule: super::NatRule,
        host: &mut Host<'_>,
    ) -> Result<()> {
        self.change_nat(id, slot, host, |nat| nat.add(name, rule))
    }

    /// Removes a NAT rule from a machine that is on; its port is closed at once.
    ///
    /// # Errors
    /// As for [`Nat::remove`](super::Nat::remove).
    pub(crate) fn remove_nat_rule(
        &mut self,
        id: Uuid,
        slot: usize,
        name: &str,
        host: &mut Host<'_>,
    ) -> Result<()> {
        self.change_nat(id, slot, host, |nat| nat.remove(name))
    }

    fn change_nat(
        &mut self,
        id: Uuid,
        slot: usize,
        host: &mut Host<'_>,
        change: impl FnOnce(&mut super::Nat) -> Result<()>,
    ) -> Result<()> {
        self.online(id)?;
        let machine = self.require_mut(id)?;
        let adapter = machine.configuration.adapters.get_mut(slot);
        change(&mut adapter.ok_or_else(|| no_adapter(slot))?.nat)?;
        let dead = host.hardware.forward(id, &tcp_rules(machine));
        let text: String = dead.iter().map(log::of_dead_rule).collect();
        let _ = host.files.append(&machine.log_file(), &text);
        self.save_quietly(id, host);
        Ok(())
    }

    /// Plugs a cable in or out while the machine is on.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when there is no such adapter.
    pub(crate) fn set_link(
        &mut self,
        id: Uuid,
        slot: usize,
        connected: bool,
        host: &mut Host<'_>,
    ) -> Result<()> {
        self.online(id)?;
        let machine = self.require_mut(id)?;
        let adapter = machine.configuration.adapters.get_mut(slot);
        let adapter = adapter.ok_or_else(|| no_adapter(slot))?;
        adapter.cable_connected = connected;
        let adapter = adapter.clone();
        let rules = tcp_rules(machine);
        host.hardware.connect(id, adapter.mac, self.link_of(&adapter));
        let _ = host.hardware.forward(id, &rules);
        self.save_quietly(id, host);
        Ok(())
    }

    /// Writes the settings of a machine that has changed by itself. A file that cannot be written is the older one, and
    /// nobody is there to be told.
    pub(super) fn save_quietly(&self, id: Uuid, host: &mut Host<'_>) {
        if let Some(machine) = self.machine(id) {
            let _ = self.write_settings(machine, host);
        }
    }
}

/// What is in the file of a saved state; its length is looked at, nothing else.
const SAVED_STATE: &[u8] =
    b"\x7fVirtualBox SavedState V2.0\n\0\0\0\0the memory is kept by the mock provider\n";

pub(super) fn invalid_state(text: impl Into<String>) -> VBoxError {
    VBoxError::new(ResultCode::InvalidVmState, Component::CONSOLE, text)
}

fn no_adapter(slot: usize) -> VBoxError {
    let text = format!("No slot in the network adapter: {slot}");
    VBoxError::invalid_argument(Component::MACHINE, text)
}
