//! Putting media into machines.

use super::{
    Device, Host, LockKind, Machine, MediumKind, Result, Uuid, VBoxError, VirtualBox,
    error::{Component, ResultCode},
    storage::no_controller,
};

/// A slot of a controller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot<'a> {
    /// Name of the controller.
    pub(crate) controller: &'a str,
    pub(crate) port: u32,
    pub(crate) device: u32,
}

impl VirtualBox {
    /// Puts a device into a slot: a hard disk, or a drive with a medium or without. What was there before is replaced;
    /// the medium of a drive can be changed while the machine is on.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` for a slot that the bus does not have; `VBOX_E_OBJECT_IN_USE` when the disk is in another
    /// slot of the machine; `VBOX_E_NOT_SUPPORTED` for a disk while the machine is on; as for [`VirtualBox::lock`].
    pub(crate) fn attach(
        &mut self,
        id: Uuid,
        slot: Slot<'_>,
        kind: MediumKind,
        medium: Option<Uuid>,
        host: &mut Host<'_>,
    ) -> Result<()> {
        let mut draft = self.lock(id, LockKind::Shared)?.clone();
        let controller = draft.controller(slot.controller).ok_or_else(|| no_controller(slot.controller))?;
        controller.check_slot(slot.port, slot.device)?;
        let present = controller.device(slot.port, slot.device).cloned();
        let is_same_drive =
            present.as_ref().is_some_and(|it| it.kind == kind && kind != MediumKind::HardDisk);
        if draft.state.is_online() && !is_same_drive {
            return Err(no_hot_plug(slot));
        }
        if !draft.state.is_online() {
            draft.require_mutable()?;
        }
        if kind == MediumKind::HardDisk
            && let Some(disk) = medium
            && draft.is_elsewhere(disk, slot)
        {
            let location = self.medium(disk).map(|medium| medium.location.clone()).unwrap_or_default();
            let text = format!("Medium '{}' is already attached to this virtual machine", location.display());
            return Err(VBoxError::new(ResultCode::ObjectInUse, Component::SESSION_MACHINE, text));
        }
        let device = match present.filter(|_| is_same_drive) {
            Some(drive) => Device { medium, ..drive },
            None => Device {
                port: slot.port,
                device: slot.device,
                kind,
                medium,
                temporary_eject: false,
                non_rotational: false,
                discard: false,
                hot_pluggable: false,
            },
        };
        draft.put_device(slot.controller, device);
        self.save(draft, host)
    }

    /// Empties a slot.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND` when there is nothing; `VBOX_E_NOT_SUPPORTED` while the machine is on; as for
    /// [`VirtualBox::lock`].
    pub(crate) fn detach(&mut self, id: Uuid, slot: Slot<'_>, host: &mut Host<'_>) -> Result<()> {
        let mut draft = self.lock(id, LockKind::Shared)?.clone();
        if draft.state.is_online() {
            return Err(no_hot_plug(slot));
        }
        draft.require_mutable()?;
        let controller = draft.change_controller(slot.controller)?;
        if controller.device(slot.port, slot.device).is_none() {
            let text = format!(
                "No storage device attached to device slot {} on port {} of controller '{}'",
                slot.device, slot.port, slot.controller
            );
            return Err(VBoxError::new(ResultCode::ObjectNotFound, Component::SESSION_MACHINE, text));
        }
        controller.devices.retain(|it| (it.port, it.device) != (slot.port, slot.device));
        self.save(draft, host)
    }
}

impl Machine {
    /// Whether a disk is in another slot than this one.
    fn is_elsewhere(&self, disk: Uuid, slot: Slot<'_>) -> bool {
        self.configuration.controllers.iter().any(|controller| {
            let is_meant = |it: &Device| {
                controller.name == slot.controller && (it.port, it.device) == (slot.port, slot.device)
            };
            let mut devices = controller.devices.iter();
            devices.any(|device| device.medium == Some(disk) && !is_meant(device))
        })
    }

    fn put_device(&mut self, controller: &str, device: Device) {
        let mut controllers = self.configuration.controllers.iter_mut();
        if let Some(controller) = controllers.find(|it| it.name == controller) {
            controller.put(device);
        }
    }
}

fn no_hot_plug(slot: Slot<'_>) -> VBoxError {
    let text = format!(
        "The device slot {} on port {} of controller '{}' does not support hot-plugging",
        slot.device, slot.port, slot.controller
    );
    VBoxError::new(ResultCode::NotSupported, Component::SESSION_MACHINE, text)
}
