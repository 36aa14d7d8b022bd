//! A virtual machine.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Controller, GuestProperty, NetworkAdapter, Session, SharedFolder, Snapshot, StartOrder, Uuid, VBoxError,
    error::{Component, ResultCode},
    timeline::Due,
};
/// Network adapters of a machine with the chipset PIIX3.
pub(crate) const ADAPTERS: usize = 8;
/// Memory that a machine can have, in MB.
const MEMORY: std::ops::RangeInclusive<u32> = 4..=2_097_152;
/// Processors that a machine can have.
const CPUS: std::ops::RangeInclusive<u32> = 1..=64;
/// Video memory that a machine can have, in MB.
const VIDEO_MEMORY: std::ops::RangeInclusive<u32> = 1..=256;

/// What a machine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum MachineState {
    /// No power, no saved state.
    PoweredOff,
    /// No power; the memory is kept in a file.
    Saved,
    /// Its process ended unexpectedly.
    Aborted,
    /// Its process ended unexpectedly while the saved state was being restored; the file is still there.
    AbortedSaved,
    /// On.
    Running,
    /// On, but standing still.
    Paused,
    /// Stopped by an error of the guest that cannot be handled.
    GuruMeditation,
    /// Being powered on.
    Starting,
    /// Being powered off.
    Stopping,
    /// The memory is being written to a file.
    Saving,
    /// The memory is being read from a file.
    Restoring,
    /// A snapshot is being taken while the machine is on.
    OnlineSnapshotting,
}

impl MachineState {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::PoweredOff,
        Self::Saved,
        Self::Aborted,
        Self::AbortedSaved,
        Self::Running,
        Self::Paused,
        Self::GuruMeditation,
        Self::Starting,
        Self::Stopping,
        Self::Saving,
        Self::Restoring,
        Self::OnlineSnapshotting,
    ];

    /// The word after `VMState=`.
    pub fn word(self) -> &'static str {
        match self {
            Self::PoweredOff => "poweroff",
            Self::Saved => "saved",
            Self::Aborted => "aborted",
            Self::AbortedSaved => "aborted-saved",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::GuruMeditation => "gurumeditation",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Saving => "saving",
            Self::Restoring => "restoring",
            Self::OnlineSnapshotting => "onlinesnapshotting",
        }
    }

    /// The name in error messages, after `machine state:` and the like.
    pub fn name(self) -> &'static str {
        match self {
            Self::PoweredOff => "PoweredOff",
            Self::Saved => "Saved",
            Self::Aborted => "Aborted",
            Self::AbortedSaved => "Aborted-Saved",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::GuruMeditation => "GuruMeditation",
            Self::Starting => "Starting",
            Self::Stopping => "Stopping",
            Self::Saving => "Saving",
            Self::Restoring => "Restoring",
            Self::OnlineSnapshotting => "OnlineSnapshotting",
        }
    }

    /// Whether the guest exists: on, standing still, or on its way down.
    pub fn is_online(self) -> bool {
        !matches!(self, Self::PoweredOff | Self::Saved | Self::Aborted | Self::AbortedSaved)
    }

    /// Whether `list runningvms` shows it.
    pub fn counts_as_running(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::OnlineSnapshotting)
    }

    /// Whether it ends by itself.
    pub fn is_transitional(self) -> bool {
        matches!(
            self,
            Self::Starting | Self::Stopping | Self::Saving | Self::Restoring | Self::OnlineSnapshotting
        )
    }

    /// Whether there is a file with the memory.
    pub fn has_saved_state(self) -> bool {
        matches!(self, Self::Saved | Self::AbortedSaved)
    }
}

/// What can be booted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BootDevice {
    None,
    Floppy,
    Dvd,
    Disk,
    Network,
}

/// What a machine is made of and how it is set up; a snapshot keeps a copy.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    /// Guest operating system, as it was named: `Linux26_64`.
    pub(crate) os_type: String,
    /// Free text.
    pub(crate) description: String,
    /// In MB.
    pub(crate) memory: u32,
    /// In MB.
    pub(crate) video_memory: u32,
    /// Processors.
    pub(crate) cpus: u32,
    /// Order in which devices are tried.
    pub(crate) boot_order: [BootDevice; 4],
    /// Settings without a behaviour, by their machine-readable key.
    pub(crate) settings: BTreeMap<&'static str, String>,
    /// Network adapters, by slot.
    pub(crate) adapters: [NetworkAdapter; ADAPTERS],
    /// Storage controllers, in the order in which they were added.
    pub(crate) controllers: Vec<Controller>,
    /// Shared folders that outlive the machine's power.
    pub(crate) shared_folders: Vec<SharedFolder>,
}

/// A virtual machine.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// Id.
    pub(crate) id: Uuid,
    /// Id that the guest sees.
    pub(crate) hardware_id: Uuid,
    /// Name; several machines may have the same.
    pub(crate) name: String,
    /// Groups, `/` at least.
    pub(crate) groups: Vec<String>,
    /// `x86` or `arm`.
    pub(crate) platform: &'static str,
    /// Settings file.
    pub(crate) settings_file: PathBuf,
    /// How it is set up.
    pub(crate) configuration: Configuration,
    /// Extra data, sorted by key.
    pub(crate) extra_data: BTreeMap<String, String>,
    /// Guest properties, sorted by name.
    pub(crate) guest_properties: BTreeMap<String, GuestProperty>,
    /// Shared folders until the machine is off.
    pub(crate) transient_folders: Vec<SharedFolder>,
    /// Snapshots, older ones first.
    pub(crate) snapshots: Vec<Snapshot>,
    /// The snapshot that the present state is based on.
    pub(crate) current_snapshot: Option<Uuid>,
    /// What it is doing.
    pub(crate) state: MachineState,
    /// Since when, after 1970.
    pub(crate) state_since: Duration,
    /// File with the saved memory.
    pub(crate) state_file: Option<PathBuf>,
    /// Who has locked it.
    pub(crate) session: Session,
    /// Front end of the VM process: `headless`, `gui`; also after it has ended.
    pub(crate) frontend: String,
    /// Why the settings could not be read; the machine then only has its id and its file.
    pub(crate) access_error: Option<VBoxError>,
    /// How the latest start, power-off or save went; none while it goes on.
    pub(super) outcome: Option<Result<(), VBoxError>>,
    /// What happens by itself next.
    pub(super) due: Option<Due>,
    /// What was special about the latest start.
    pub(super) start_order: StartOrder,
    /// Hangs in its transitional state.
    pub(super) is_stuck: bool,
}

impl Machine {
    /// Folder of the settings file.
    pub(crate) fn folder(&self) -> &Path {
        self.settings_file.parent().unwrap_or_else(|| Path::new("/"))
    }

    /// Folder of snapshots and saved states.
    pub(crate) fn snapshot_folder(&self) -> PathBuf {
        self.folder().join("Snapshots")
    }

    /// Folder of logs.
    pub(crate) fn log_folder(&self) -> PathBuf {
        self.folder().join("Logs")
    }

    /// The log of the latest start.
    pub(crate) fn log_file(&self) -> PathBuf {
        self.log_folder().join("VBox.log")
    }

    /// Whether its settings could be read.
    pub(crate) fn is_accessible(&self) -> bool {
        self.access_error.is_none()
    }

    /// The settings, if they can be changed now. This is for what needs the machine to be off; NAT rules, guest
    /// properties and extra data do not.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_VM_STATE` for a saved machine.
    pub(crate) fn mutable(&mut self) -> Result<&mut Configuration, VBoxError> {
        self.require_mutable()?;
        Ok(&mut self.configuration)
    }

    /// Whether the settings can be changed now.
    ///
    /// # Errors
    /// As for [`Machine::mutable`].
    pub(crate) fn require_mutable(&self) -> Result<(), VBoxError> {
        if matches!(self.state, MachineState::PoweredOff | MachineState::Aborted) {
            return Ok(());
        }
        let text = format!("The machine is not mutable (state is {})", self.state.name());
        Err(VBoxError::new(ResultCode::InvalidVmState, Component::SESSION_MACHINE, text))
    }

    /// Changes the memory, in MB.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` outside of 4 to 2,097,152; as for [`Machine::mutable`].
    pub(crate) fn set_memory(&mut self, megabytes: u32) -> Result<(), VBoxError> {
        let configuration = self.mutable()?;
        if !MEMORY.contains(&megabytes) {
            let text = out_of_range("RAM size", &format!("{megabytes} MB"), &MEMORY, " MB");
            return Err(VBoxError::invalid_argument(Component::SESSION_MACHINE, text));
        }
        configuration.memory = megabytes;
        Ok(())
    }

    /// Changes the number of processors.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` outside of 1 to 64; as for [`Machine::mutable`].
    pub(crate) fn set_cpus(&mut self, count: u32) -> Result<(), VBoxError> {
        let configuration = self.mutable()?;
        if !CPUS.contains(&count) {
            let text = out_of_range("virtual CPU count", &count.to_string(), &CPUS, "");
            return Err(VBoxError::invalid_argument(Component::SESSION_MACHINE, text));
        }
        configuration.cpus = count;
        Ok(())
    }

    /// Changes the video memory, in MB.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` outside of 1 to 256; as for [`Machine::mutable`].
    pub(crate) fn set_video_memory(&mut self, megabytes: u32) -> Result<(), VBoxError> {
        let configuration = self.mutable()?;
        if !VIDEO_MEMORY.contains(&megabytes) {
            let text = out_of_range("VRAM size", &format!("{megabytes} MB"), &VIDEO_MEMORY, " MB");
            return Err(VBoxError::invalid_argument(Component::GRAPHICS_ADAPTER, text));
        }
        configuration.video_memory = megabytes;
        Ok(())
    }

    /// Changes what is booted from at a position, counted from 1.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` for another position than 1 to 4; as for [`Machine::mutable`].
    pub(crate) fn set_boot_device(&mut self, position: u32, device: BootDevice) -> Result<(), VBoxError> {
        let configuration = self.mutable()?;
        let index = usize::try_from(position).ok().and_then(|it| it.checked_sub(1));
        let slot = index.and_then(|index| configuration.boot_order.get_mut(index));
        let Some(slot) = slot else {
            let text = format!("Invalid boot position: {position} (must be in range [1, 4])");
            return Err(VBoxError::invalid_argument(Component::SESSION_MACHINE, text));
        };
        *slot = device;
        Ok(())
    }

    /// Changes the name; files are renamed when the settings are saved.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` for an empty name or a UUID; as for [`Machine::mutable`].
    pub(crate) fn set_name(&mut self, name: &str) -> Result<(), VBoxError> {
        self.require_mutable()?;
        // An empty text is read as the empty UUID, hence the message.
        if name.is_empty() || name.parse::<Uuid>().is_ok() {
            let text = "A machine cannot have a UUID as its name";
            return Err(VBoxError::invalid_argument(Component::SESSION_MACHINE, text));
        }
        name.clone_into(&mut self.name);
        Ok(())
    }

    /// Enters a state.
    pub(super) fn enter(&mut self, state: MachineState, now: Duration) {
        self.state = state;
        self.state_since = now;
        self.due = None;
        self.is_stuck = false;
    }
}

fn out_of_range(what: &str, value: &str, range: &std::ops::RangeInclusive<u32>, unit: &str) -> String {
    let (first, last) = (range.start(), range.end());
    format!("Invalid {what}: {value} (must be in range [{first}, {last}]{unit})")
}
