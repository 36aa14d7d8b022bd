//! Shared folders.

use std::path::PathBuf;

use super::{
    Host, Machine, MachineState, Result, Uuid, VBoxError, VirtualBox,
    error::{Component, ResultCode},
};

/// A folder of the host that the guest sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SharedFolder {
    /// Name, unique in its machine.
    pub(crate) name: String,
    /// Folder of the host, absolute.
    pub(crate) path: PathBuf,
    pub(crate) writable: bool,
    pub(crate) auto_mount: bool,
    /// Where it is mounted; empty for the guest's choice.
    pub(crate) mount_point: String,
}

impl Machine {
    /// Adds a folder that outlives the machine's power.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` for a saved machine; `VBOX_E_OBJECT_IN_USE` when the name is taken;
    /// `NS_ERROR_INVALID_ARG` when there is no such folder.
    pub(crate) fn add_shared_folder(&mut self, folder: SharedFolder, host: &Host<'_>) -> Result<()> {
        if !matches!(self.state, MachineState::PoweredOff | MachineState::Aborted) {
            let text = format!("The machine is not mutable or running (state is {})", self.state.name());
            return Err(VBoxError::new(ResultCode::InvalidVmState, Component::SESSION_MACHINE, text));
        }
        check(&self.configuration.shared_folders, &folder, host)?;
        self.configuration.shared_folders.push(folder);
        Ok(())
    }

    /// Removes a folder.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND` when there is none of this name.
    pub(crate) fn remove_shared_folder(&mut self, name: &str) -> Result<()> {
        remove(&mut self.configuration.shared_folders, name)
    }
}

impl VirtualBox {
    /// Adds a folder until the machine, which is on, is off.
    ///
    /// # Errors
    /// As for [`Machine::add_shared_folder`]; as for [`VirtualBox::lock`].
    pub(crate) fn add_transient_folder(
        &mut self,
        id: Uuid,
        folder: SharedFolder,
        host: &Host<'_>,
    ) -> Result<()> {
        let machine = self.require_mut(id)?;
        check(&machine.transient_folders, &folder, host)?;
        machine.transient_folders.push(folder);
        Ok(())
    }

    /// Removes a folder that was added until the machine is off.
    ///
    /// # Errors
    /// As for [`Machine::remove_shared_folder`].
    pub(crate) fn remove_transient_folder(&mut self, id: Uuid, name: &str) -> Result<()> {
        remove(&mut self.require_mut(id)?.transient_folders, name)
    }
}

fn check(folders: &[SharedFolder], new: &SharedFolder, host: &Host<'_>) -> Result<()> {
    if folders.iter().any(|folder| folder.name == new.name) {
        let text = format!("Shared folder named '{}' already exists", new.name);
        return Err(VBoxError::new(ResultCode::ObjectInUse, Component::SESSION_MACHINE, text));
    }
    if !host.files.exists(&new.path) {
        let text = format!(
            "RTPathQueryInfo failed on shared folder path '{}': VERR_FILE_NOT_FOUND",
            new.path.display()
        );
        return Err(VBoxError::invalid_argument(Component::SHARED_FOLDER, text));
    }
    Ok(())
}

fn remove(folders: &mut Vec<SharedFolder>, name: &str) -> Result<()> {
    let index = folders.iter().position(|folder| folder.name == name);
    let index = index.ok_or_else(|| {
        let text = format!("Could not find a shared folder named '{name}'");
        VBoxError::new(ResultCode::ObjectNotFound, Component::SESSION_MACHINE, text)
    })?;
    folders.remove(index);
    Ok(())
}
