//! Storage controllers and what is attached to them.

use super::{
    MediumKind, Uuid, VBoxError,
    error::{Component, ResultCode},
};

/// Bus of a controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bus {
    Ide,
    Sata,
    Scsi,
    Floppy,
    Sas,
    Usb,
    Pcie,
    Virtio,
}

impl Bus {
    /// Controller that is made when nothing is said, fewest and most ports, ports at first, devices at a port.
    fn shape(self) -> (&'static str, u32, u32, u32, u32) {
        match self {
            Self::Ide => ("PIIX4", 2, 2, 2, 2),
            Self::Sata => ("IntelAhci", 1, 30, 30, 1),
            Self::Scsi => ("LsiLogic", 16, 16, 16, 1),
            Self::Floppy => ("I82078", 1, 1, 1, 2),
            Self::Sas => ("LsiLogicSas", 1, 255, 8, 1),
            Self::Usb => ("USB", 8, 8, 8, 1),
            Self::Pcie => ("NVMe", 1, 255, 1, 1),
            Self::Virtio => ("VirtioSCSI", 1, 256, 1, 1),
        }
    }

    /// Most ports.
    pub(crate) fn max_ports(self) -> u32 {
        self.shape().2
    }

    /// Devices at a port.
    pub(crate) fn devices_per_port(self) -> u32 {
        self.shape().4
    }

    /// Controllers of this bus that a machine with the chipset PIIX3 can have.
    fn most(self) -> usize {
        match self {
            Self::Usb => 8,
            _ => 1,
        }
    }
}

/// A storage controller.
#[derive(Clone, Debug)]
pub(crate) struct Controller {
    /// Name, unique in its machine.
    pub(crate) name: String,
    /// Bus.
    pub(crate) bus: Bus,
    /// Chip, for example `IntelAhci`.
    pub(crate) kind: &'static str,
    /// Number among the controllers of the same bus.
    pub(crate) instance: u32,
    /// Ports.
    pub(crate) ports: u32,
    /// Whether the firmware boots from it.
    pub(crate) bootable: bool,
    /// Whether the host's cache is used.
    pub(crate) host_io_cache: bool,
    /// Devices, sorted by port and device.
    pub(crate) devices: Vec<Device>,
}

/// A device in a slot of a controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) port: u32,
    pub(crate) device: u32,
    pub(crate) kind: MediumKind,
    /// Medium in it; none for an empty drive.
    pub(crate) medium: Option<Uuid>,
    /// Whether the guest may eject it only for the time it is on.
    pub(crate) temporary_eject: bool,
    pub(crate) non_rotational: bool,
    pub(crate) discard: bool,
    pub(crate) hot_pluggable: bool,
}

impl Controller {
    /// The device in VM logs.
    pub(super) fn device_name(&self) -> &'static str {
        match self.bus {
            Bus::Sata => "AHCI",
            Bus::Ide => "PIIX3",
            Bus::Floppy => "FDC",
            _ => "SCSI",
        }
    }

    /// The device in a slot.
    pub(crate) fn device(&self, port: u32, device: u32) -> Option<&Device> {
        self.devices.iter().find(|it| (it.port, it.device) == (port, device))
    }

    /// Changes the number of ports.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` for a number that the bus cannot have.
    pub(crate) fn set_ports(&mut self, ports: u32) -> Result<(), VBoxError> {
        let (_, fewest, most, ..) = self.bus.shape();
        if !(fewest..=most).contains(&ports) {
            let text = format!("Invalid port count: {ports} (must be in range [{fewest}, {most}])");
            return Err(VBoxError::invalid_argument(Component::STORAGE_CONTROLLER, text));
        }
        self.ports = ports;
        Ok(())
    }

    /// Whether a slot exists. Ports beyond the present number are fine as long as the bus can have them.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG`.
    pub(super) fn check_slot(&self, port: u32, device: u32) -> Result<(), VBoxError> {
        let (ports, devices) = (self.bus.max_ports(), self.bus.devices_per_port());
        if port < ports && device < devices {
            return Ok(());
        }
        let text = format!(
            "The port and/or device parameter are out of range: port={port} (must be in range [0, {}]), \
             device={device} (must be in range [0, {}])",
            ports - 1,
            devices - 1
        );
        Err(VBoxError::invalid_argument(Component::STORAGE_CONTROLLER, text))
    }

    pub(super) fn put(&mut self, device: Device) {
        self.devices.retain(|it| (it.port, it.device) != (device.port, device.device));
        self.devices.push(device);
        self.devices.sort_by_key(|it| (it.port, it.device));
    }
}

impl super::Machine {
    /// A controller by its name.
    pub(crate) fn controller(&self, name: &str) -> Option<&Controller> {
        self.configuration.controllers.iter().find(|it| it.name == name)
    }

    /// Adds a controller.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_IN_USE` when the name is taken; `NS_ERROR_INVALID_ARG` when there is one of this bus; as for
    /// [`Machine::mutable`](super::Machine::mutable).
    pub(crate) fn add_controller(&mut self, name: &str, bus: Bus) -> Result<&mut Controller, VBoxError> {
        self.require_mutable()?;
        if self.controller(name).is_some() {
            let text = format!("Storage controller named '{name}' already exists");
            return Err(VBoxError::new(ResultCode::ObjectInUse, Component::SESSION_MACHINE, text));
        }
        let controllers = &mut self.configuration.controllers;
        let same = controllers.iter().filter(|it| it.bus == bus).count();
        if same >= bus.most() {
            let text = "Too many storage controllers of this type";
            return Err(VBoxError::invalid_argument(Component::STORAGE_CONTROLLER, text));
        }
        let (kind, _, _, ports, _) = bus.shape();
        controllers.push(Controller {
            name: name.to_owned(),
            bus,
            kind,
            instance: u32::try_from(same).unwrap_or(0),
            ports,
            bootable: true,
            host_io_cache: matches!(bus, Bus::Ide | Bus::Floppy),
            devices: Vec::new(),
        });
        let last = controllers.len() - 1;
        Ok(&mut controllers[last])
    }

    /// A controller to be changed.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; as for [`Machine::mutable`](super::Machine::mutable).
    pub(crate) fn change_controller(&mut self, name: &str) -> Result<&mut Controller, VBoxError> {
        self.require_mutable()?;
        let mut controllers = self.configuration.controllers.iter_mut();
        controllers.find(|it| it.name == name).ok_or_else(|| no_controller(name))
    }

    /// Removes a controller and detaches what is on it.
    ///
    /// # Errors
    /// As for [`Machine::change_controller`].
    pub(crate) fn remove_controller(&mut self, name: &str) -> Result<(), VBoxError> {
        self.change_controller(name)?;
        self.configuration.controllers.retain(|it| it.name != name);
        Ok(())
    }

    /// Hard disks that are attached, in the order of their slots.
    pub(crate) fn disks(&self) -> Vec<Uuid> {
        self.media_of(MediumKind::HardDisk)
    }

    /// Media of a kind that are attached, in the order of their slots.
    pub(crate) fn media_of(&self, kind: MediumKind) -> Vec<Uuid> {
        let devices = self.configuration.controllers.iter().flat_map(|it| &it.devices);
        let devices = devices.filter(|device| device.kind == kind);
        devices.filter_map(|device| device.medium).collect()
    }
}

pub(super) fn no_controller(name: &str) -> VBoxError {
    let text = format!("Could not find a storage controller named '{name}'");
    VBoxError::new(ResultCode::ObjectNotFound, Component::SESSION_MACHINE, text)
}
