//! Snapshots.

use std::{path::PathBuf, time::Duration};

use super::{
    Configuration, Device, Host, LockKind, Machine, MachineState, MediumKind, Result, Uuid, VBoxError,
    VirtualBox,
    error::{Component, ResultCode},
    power::invalid_state,
    timeline::{Due, Event},
};

/// A machine as it was.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) description: String,
    /// After 1970.
    pub(crate) taken: Duration,
    /// The one before.
    pub(crate) parent: Option<Uuid>,
    pub(crate) configuration: Configuration,
    /// The memory, of a machine that was on.
    pub(crate) state_file: Option<PathBuf>,
}

impl VirtualBox {
    /// Takes a snapshot: the disks become read-only, and what is written from now on goes to differencing images.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` while the state changes, and for a live one of a machine that is off; as for
    /// [`VirtualBox::lock`].
    pub(crate) fn take_snapshot(
        &mut self,
        id: Uuid,
        name: &str,
        description: &str,
        live: bool,
        host: &mut Host<'_>,
    ) -> Result<Uuid> {
        let machine = self.lock(id, LockKind::Shared)?;
        let state = machine.state;
        if live && !state.is_online() {
            let text = "Cannot take a live snapshot of a virtual machine unless it is running.";
            return Err(of_session(invalid_state(text)));
        }
        if state.is_transitional() {
            let text = format!(
                "Cannot take a snapshot of the virtual machine while it is changing state (machine state: {})",
                state.name()
            );
            return Err(of_session(invalid_state(text)));
        }
        let folder = machine.snapshot_folder();
        let state_file = match state {
            MachineState::Running | MachineState::Paused => {
                let file = folder.join(format!("{}.sav", super::moment::for_file_name(host.now)));
                host.files.write(&file, b"the memory of a snapshot\n").map_err(|error| {
                    let text = format!(
                        "Failed to save the machine state to '{}' ({})",
                        file.display(),
                        error.status()
                    );
                    VBoxError::later(ResultCode::FileError, Component::CONSOLE, text)
                })?;
                Some(file)
            }
            _ => machine.state_file.clone(),
        };
        let snapshot = Snapshot {
            id: Uuid::random(),
            name: name.to_owned(),
            description: description.to_owned(),
            taken: host.now,
            parent: machine.current_snapshot,
            configuration: machine.configuration.clone(),
            state_file,
        };
        let mut configuration = machine.configuration.clone();
        self.branch_disks(&mut configuration, &folder, host)?;
        let snapshot_id = snapshot.id;
        let machine = self.require_mut(id)?;
        machine.configuration = configuration;
        machine.current_snapshot = Some(snapshot_id);
        machine.snapshots.push(snapshot);
        if state == MachineState::Running {
            machine.enter(MachineState::OnlineSnapshotting, host.now);
            machine.due = Some(Due { at: host.now, event: Event::SnapshotTaken });
            self.advance(host);
        }
        self.save_quietly(id, host);
        Ok(snapshot_id)
    }

    pub(super) fn snapshot_taken(&mut self, id: Uuid, at: Duration) {
        if let Ok(machine) = self.require_mut(id) {
            machine.enter(MachineState::Running, at);
        }
    }

    /// Replaces the hard disks by differencing images of them.
    fn branch_disks(
        &mut self,
        configuration: &mut Configuration,
        folder: &std::path::Path,
        host: &mut Host<'_>,
    ) -> Result<()> {
        for device in disk_devices(configuration) {
            if let Some(parent) = device.medium {
                device.medium = Some(self.branch(parent, folder, host)?);
            }
        }
        Ok(())
    }

    /// Makes a machine what it was; what has been written since is gone. With the memory it is `saved`.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` while it is on; `VBOX_E_OBJECT_NOT_FOUND`; as for [`VirtualBox::lock`].
    pub(crate) fn restore_snapshot(&mut self, id: Uuid, snapshot: Uuid, host: &mut Host<'_>) -> Result<()> {
        let machine = self.lock(id, LockKind::Shared)?;
        if machine.state.is_online() {
            let text = format!(
                "Cannot delete the current state of the running machine (machine state: {})",
                machine.state.name()
            );
            return Err(of_session(invalid_state(text)));
        }
        let wanted = machine.snapshots.iter().find(|it| it.id == snapshot).cloned();
        let wanted = wanted.ok_or_else(|| no_snapshot(&snapshot.to_string()))?;
        let (folder, abandoned) = (machine.snapshot_folder(), machine.disks());
        let mut configuration = wanted.configuration.clone();
        self.branch_disks(&mut configuration, &folder, host)?;
        host.hardware.power_off(id);
        self.drop_saved_state(id, host);
        let machine = self.require_mut(id)?;
        machine.configuration = configuration;
        machine.current_snapshot = Some(snapshot);
        let state = match &wanted.state_file {
            Some(_) => MachineState::Saved,
            None => MachineState::PoweredOff,
        };
        machine.enter(state, host.now);
        machine.state_file = wanted.state_file;
        for disk in abandoned {
            if self.medium(disk).is_some_and(|medium| medium.parent.is_some()) {
                // Another snapshot may need it, and then it stays.
                let _ = self.delete_storage(disk, host);
            }
        }
        self.save_quietly(id, host);
        Ok(())
    }

    /// Removes a snapshot: its disks are merged with the images that are based on them.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; `VBOX_E_INVALID_OBJECT_STATE` when more than one image is based on a disk; as for
    /// [`VirtualBox::lock`].
    pub(crate) fn delete_snapshot(&mut self, id: Uuid, snapshot: Uuid, host: &mut Host<'_>) -> Result<()> {
        let machine = self.lock(id, LockKind::Shared)?;
        let wanted = machine.snapshots.iter().find(|it| it.id == snapshot).cloned();
        let wanted = wanted.ok_or_else(|| no_snapshot(&snapshot.to_string()))?;
        let mut kept = wanted.configuration.clone();
        let disks: Vec<Uuid> = disk_devices(&mut kept).filter_map(|device| device.medium).collect();
        let children =
            |disk: Uuid| self.media.iter().filter(move |it| it.parent == Some(disk)).map(|it| it.id);
        if let Some(disk) = disks.iter().find(|disk| children(**disk).count() > 1) {
            let text = format!(
                "Hard disk '{}' has more than one child hard disk ({})",
                self.medium(*disk).map(|it| it.location.clone()).unwrap_or_default().display(),
                children(*disk).count()
            );
            return Err(VBoxError::new(ResultCode::InvalidObjectState, Component::SESSION_MACHINE, text));
        }
        let merged: Vec<(Uuid, Uuid)> =
            disks.iter().filter_map(|disk| Some((*disk, children(*disk).next()?))).collect();
        for (disk, child) in merged {
            self.merge(id, disk, child, host)?;
        }
        let machine = self.require_mut(id)?;
        machine.snapshots.retain(|it| it.id != snapshot);
        for other in &mut machine.snapshots {
            if other.parent == Some(snapshot) {
                other.parent = wanted.parent;
            }
        }
        if machine.current_snapshot == Some(snapshot) {
            machine.current_snapshot = wanted.parent;
        }
        let is_same = |file: &Option<PathBuf>| *file == wanted.state_file;
        let is_needed =
            is_same(&machine.state_file) || machine.snapshots.iter().any(|it| is_same(&it.state_file));
        if let Some(file) = wanted.state_file.filter(|_| !is_needed) {
            let _ = host.files.remove(&file);
        }
        self.save_quietly(id, host);
        Ok(())
    }

    /// Puts a disk in the place of the only image that is based on it, and removes that image.
    fn merge(&mut self, machine: Uuid, disk: Uuid, child: Uuid, host: &mut Host<'_>) -> Result<()> {
        for medium in &mut self.media {
            if medium.parent == Some(child) {
                medium.parent = Some(disk);
            }
        }
        let machine = self.require_mut(machine)?;
        let snapshots = machine.snapshots.iter_mut().map(|it| &mut it.configuration);
        for configuration in snapshots.chain([&mut machine.configuration]) {
            for device in disk_devices(configuration) {
                if device.medium == Some(child) {
                    device.medium = Some(disk);
                }
            }
        }
        let location = self.medium(child).map(|medium| medium.location.clone());
        self.media.retain(|medium| medium.id != child);
        if let Some(location) = location {
            let _ = host.files.remove(&location);
        }
        Ok(())
    }

    /// Changes name and description of a snapshot.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; as for [`VirtualBox::lock`].
    pub(crate) fn edit_snapshot(
        &mut self,
        id: Uuid,
        snapshot: Uuid,
        name: Option<&str>,
        description: Option<&str>,
        host: &mut Host<'_>,
    ) -> Result<()> {
        self.lock(id, LockKind::Shared)?;
        let machine = self.require_mut(id)?;
        let found = machine.snapshots.iter_mut().find(|it| it.id == snapshot);
        let found = found.ok_or_else(|| no_snapshot(&snapshot.to_string()))?;
        if let Some(name) = name {
            name.clone_into(&mut found.name);
        }
        if let Some(description) = description {
            description.clone_into(&mut found.description);
        }
        self.save_quietly(id, host);
        Ok(())
    }
}

impl Machine {
    /// A snapshot by name or id.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub(crate) fn find_snapshot(&self, name_or_id: &str) -> Result<&Snapshot> {
        if self.snapshots.is_empty() {
            let text = "This machine does not have any snapshots";
            return Err(VBoxError::new(ResultCode::ObjectNotFound, Component::SESSION_MACHINE, text));
        }
        let id = name_or_id.parse::<Uuid>().ok();
        let found = self.snapshots.iter().find(|it| it.name == name_or_id || Some(it.id) == id);
        found.ok_or_else(|| no_snapshot(name_or_id))
    }
}

fn disk_devices(configuration: &mut Configuration) -> impl Iterator<Item = &mut Device> {
    let devices = configuration.controllers.iter_mut().flat_map(|it| &mut it.devices);
    devices.filter(|device| device.kind == MediumKind::HardDisk)
}

fn no_snapshot(name: &str) -> VBoxError {
    let text = format!("Could not find a snapshot named '{name}'");
    VBoxError::new(ResultCode::ObjectNotFound, Component::SESSION_MACHINE, text)
}

fn of_session(error: VBoxError) -> VBoxError {
    VBoxError { component: Component::SESSION_MACHINE, ..error }
}
