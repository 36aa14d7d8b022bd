//! Which machines there are: creating, registering, finding, unregistering.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    BootDevice, Configuration, FileError, Host, LockKind, Machine, MachineState, Medium, MediumKind,
    NetworkAdapter, Result, Session, StartOrder, Uuid, VBoxError, VirtualBox,
    error::{Component, ResultCode},
    machine::ADAPTERS,
};

/// Order of a machine.
#[derive(Clone, Debug)]
pub(crate) struct NewMachine {
    /// Name.
    pub(crate) name: String,
    /// Folder in which the machine gets one of its own; none is the default.
    pub(crate) base_folder: Option<PathBuf>,
    /// Id; none is a random one.
    pub(crate) id: Option<Uuid>,
    /// Groups; none is `/`.
    pub(crate) groups: Vec<String>,
    /// Guest operating system, as it was named; empty for the default.
    pub(crate) os_type: String,
    /// `x86` or `arm`.
    pub(crate) platform: &'static str,
    /// Settings without a behaviour, by their machine-readable key.
    pub(crate) settings: BTreeMap<&'static str, String>,
}

/// A machine with a settings file that is not registered.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    pub(super) machine: Machine,
    /// Disks that became unknown with it; a parent before its children.
    disks: Vec<Medium>,
}

/// A machine that is not known any more, with the disks that were attached.
#[derive(Debug)]
pub(crate) struct Unregistered {
    pub(crate) machine: Machine,
    disks: Vec<PathBuf>,
}

impl VirtualBox {
    /// The machine with an id.
    pub(crate) fn machine(&self, id: Uuid) -> Option<&Machine> {
        self.machines.iter().find(|machine| machine.id == id)
    }

    pub(super) fn require(&self, id: Uuid) -> Result<&Machine> {
        self.machine(id).ok_or_else(|| no_machine_with_id(id))
    }

    pub(super) fn require_mut(&mut self, id: Uuid) -> Result<&mut Machine> {
        let mut machines = self.machines.iter_mut();
        machines.find(|machine| machine.id == id).ok_or_else(|| no_machine_with_id(id))
    }

    /// Finds a machine by id, name or settings file. Of several with the same name it is the oldest.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub(crate) fn find_machine(&self, name_or_id: &str) -> Result<Uuid> {
        if let Ok(id) = name_or_id.parse::<Uuid>() {
            return self.require(id).map(|machine| machine.id);
        }
        let is_meant = |machine: &&Machine| {
            machine.is_accessible() && machine.name == name_or_id
                || machine.settings_file == Path::new(name_or_id)
        };
        let found = self.machines.iter().find(is_meant);
        found.map(|machine| machine.id).ok_or_else(|| VBoxError::no_machine(name_or_id))
    }

    /// Puts a machine together that is neither saved nor registered.
    ///
    /// # Errors
    /// `VBOX_E_FILE_ERROR` when its settings file exists.
    pub(crate) fn create_machine(&self, new: &NewMachine, host: &Host<'_>) -> Result<Machine> {
        let base = new.base_folder.as_deref().unwrap_or(&self.machine_folder);
        let file_name = file_name(&new.name);
        let settings_file = base.join(&file_name).join(format!("{file_name}.vbox"));
        if host.files.exists(&settings_file) {
            let text = format!("Machine settings file '{}' already exists", settings_file.display());
            return Err(VBoxError::new(ResultCode::FileError, Component::MACHINE, text));
        }
        let id = new.id.unwrap_or_else(Uuid::random);
        let groups = match new.groups.as_slice() {
            [] => vec!["/".to_owned()],
            groups => groups.to_vec(),
        };
        Ok(Machine {
            id,
            hardware_id: id,
            name: new.name.clone(),
            groups,
            platform: new.platform,
            settings_file,
            configuration: Configuration::new(&new.os_type, new.settings.clone()),
            extra_data: BTreeMap::new(),
            guest_properties: BTreeMap::new(),
            transient_folders: Vec::new(),
            snapshots: Vec::new(),
            current_snapshot: None,
            state: MachineState::PoweredOff,
            state_since: host.now,
            state_file: None,
            session: Session::Unlocked,
            frontend: String::new(),
            access_error: None,
            outcome: Some(Ok(())),
            due: None,
            start_order: StartOrder::default(),
            is_stuck: false,
        })
    }

    /// Writes the settings file of a machine that is not registered yet.
    ///
    /// # Errors
    /// `NS_ERROR_FAILURE` when the file or its folder cannot be made.
    pub(crate) fn save_settings(&mut self, machine: &Machine, host: &mut Host<'_>) -> Result<()> {
        self.write_settings(machine, host)?;
        let kept = Kept { machine: machine.clone(), disks: Vec::new() };
        self.unregistered.insert(machine.settings_file.clone(), kept);
        Ok(())
    }

    pub(super) fn write_settings(&self, machine: &Machine, host: &mut Host<'_>) -> Result<()> {
        let failed = |text| VBoxError::new(ResultCode::Failure, Component::MACHINE, text);
        host.files.make_directory(machine.folder()).map_err(|error| {
            let folder = machine.folder().display();
            let status = error.status();
            failed(format!("Could not create a directory '{folder}' to save the settings file ({status})"))
        })?;
        let media = self.media.iter().filter(|medium| self.is_listed_for(machine, medium.id));
        let media: Vec<_> = media.collect();
        host.files.write_settings(machine, &media).map_err(|error| {
            let file = machine.settings_file.display();
            failed(format!("Could not write the settings file '{file}' ({})", error.status()))
        })
    }

    /// Whether a medium stands in the settings file of a machine.
    fn is_listed_for(&self, machine: &Machine, medium: Uuid) -> bool {
        let kinds = [MediumKind::HardDisk, MediumKind::Dvd, MediumKind::Floppy];
        kinds.into_iter().any(|kind| machine.media_of(kind).contains(&medium))
    }

    /// Makes a machine known.
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` when one with the same id is known.
    pub(crate) fn register(&mut self, machine: Machine) -> Result<Uuid> {
        let id = machine.id;
        if let Some(other) = self.machine(id) {
            let file = other.settings_file.display();
            let text = format!("Registered machine with UUID {{{id}}} ('{file}') already exists");
            return Err(VBoxError::invalid_argument(Component::VIRTUAL_BOX, text));
        }
        let kept = self.unregistered.remove(&machine.settings_file);
        for disk in kept.into_iter().flat_map(|kept| kept.disks) {
            if self.medium(disk.id).is_none() {
                self.media.push(disk);
            }
        }
        self.machines.push(machine);
        Ok(id)
    }

    /// Reads a settings file that was written before.
    ///
    /// # Errors
    /// `NS_ERROR_FAILURE` when there is no such file, or its machine is registered, or it was not written here.
    pub(crate) fn open_machine(&self, path: &Path, host: &Host<'_>) -> Result<Machine> {
        let file = path.display();
        let failed = |text| Err(VBoxError::new(ResultCode::Failure, Component::MACHINE, text));
        if !host.files.exists(path) {
            return failed(cannot_open(
                path,
                "706",
                "nsresult Machine::initFromSettings(VirtualBox*, const com::Utf8Str&, const com::Guid*, const com::Utf8Str&)",
            ));
        }
        if self.machines.iter().any(|machine| machine.settings_file == path) {
            return failed(format!(
                "Trying to open a VM config '{file}' which has the same UUID as an existing virtual machine"
            ));
        }
        match self.unregistered.get(path) {
            Some(kept) => Ok(kept.machine.clone()),
            None => failed(format!("'{file}' was not written by this VirtualBox")),
        }
    }

    /// A copy of a machine to be changed; [`VirtualBox::save`] puts it back.
    ///
    /// # Errors
    /// As for [`VirtualBox::lock`] with a lock to write.
    pub(crate) fn draft(&self, id: Uuid) -> Result<Machine> {
        self.lock(id, LockKind::Write).cloned()
    }

    /// Puts a changed machine in the place of the old one. When the name has changed, its folder and files are renamed.
    ///
    /// # Errors
    /// `NS_ERROR_FAILURE` when files cannot be written or renamed; nothing has changed then.
    pub(crate) fn save(&mut self, mut draft: Machine, host: &mut Host<'_>) -> Result<()> {
        let old = self.require(draft.id)?;
        if old.name != draft.name {
            rename_files(old, &mut draft, host)?;
        }
        self.write_settings(&draft, host).map_err(|mut error| {
            error.component = Component::SESSION_MACHINE;
            error
        })?;
        let place = self.require_mut(draft.id)?;
        *place = draft;
        Ok(())
    }

    /// Makes a machine unknown, and hard disks that nobody else uses with it. The memory of a saved one is kept, because
    /// the machine may be registered again.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_OBJECT_STATE` while somebody has it locked.
    pub(crate) fn unregister(&mut self, id: Uuid, host: &mut Host<'_>) -> Result<Unregistered> {
        let machine = self.require(id)?;
        if machine.session != Session::Unlocked {
            let text = format!("Cannot unregister the machine '{}' while it is locked", machine.name);
            return Err(VBoxError::new(ResultCode::InvalidObjectState, Component::MACHINE, text));
        }
        let machine = machine.clone();
        self.machines.retain(|other| other.id != id);
        if !machine.state.has_saved_state() {
            host.hardware.destroy(id);
        }
        let mut disks: Vec<Medium> = Vec::new();
        let mut candidates: Vec<Uuid> = machine.all_disks();
        // Children first, so that their parents have none when their turn comes.
        candidates.reverse();
        while let Some(disk) = candidates.pop() {
            let Some(medium) = self.medium(disk) else { continue };
            let medium = medium.clone();
            if self.close_medium(disk).is_ok() {
                candidates.extend(medium.parent);
                disks.push(medium);
            }
        }
        let locations = disks.iter().map(|disk| disk.location.clone()).collect();
        if machine.is_accessible() {
            disks.reverse();
            let kept = Kept { machine: machine.clone(), disks };
            self.unregistered.insert(machine.settings_file.clone(), kept);
        }
        Ok(Unregistered { machine, disks: locations })
    }

    /// Removes the files of a machine: settings, logs, snapshots, saved state, and its hard disks wherever they are.
    /// Folders stay when there is something else in them.
    ///
    /// # Errors
    /// `E_ACCESSDENIED` for a machine whose settings could not be read; nothing is removed then.
    pub(crate) fn delete_config(&mut self, gone: Unregistered, host: &mut Host<'_>) -> Result<()> {
        let Unregistered { machine, disks } = gone;
        host.hardware.destroy(machine.id);
        if !machine.is_accessible() {
            return Err(VBoxError::not_ready(Component::MACHINE));
        }
        self.unregistered.remove(&machine.settings_file);
        let files = &mut host.files;
        let mut failed = None;
        for disk in disks {
            failed = files.remove(&disk).err().or(failed);
        }
        let base = |extension: &str| machine.settings_file.with_extension(extension);
        let mut own = vec![machine.settings_file.clone(), base("vbox-prev"), base("nvram")];
        own.extend(machine.state_file.clone());
        own.extend(machine.snapshots.iter().filter_map(|it| it.state_file.clone()));
        let logs = machine.log_folder();
        let is_log = |name: &String| name.starts_with("VBox");
        own.extend(files.names(&logs).into_iter().filter(is_log).map(|name| logs.join(name)));
        for file in own {
            failed = files.remove(&file).err().or(failed);
        }
        for folder in [logs.as_path(), &machine.snapshot_folder(), machine.folder()] {
            files.remove_empty_directory(folder);
        }
        match failed {
            None => Ok(()),
            Some(error) => {
                let text = format!("Could not delete all files of the machine ({})", error.status());
                Err(VBoxError::later(ResultCode::FileError, Component::MACHINE, text))
            }
        }
    }

    /// Reads all settings files again, as a server does that has just been started: machines whose file is gone are
    /// inaccessible from then on, and the others are accessible.
    pub(crate) fn reload(&mut self, host: &Host<'_>) {
        for machine in &mut self.machines {
            machine.state_since = std::time::Duration::from_secs(machine.state_since.as_secs());
            machine.access_error = (!host.files.exists(&machine.settings_file)).then(|| {
                let text = cannot_open(&machine.settings_file, "999", "nsresult Machine::i_registeredInit()");
                VBoxError::later(ResultCode::Failure, Component::MACHINE, text)
            });
        }
    }
}

impl Configuration {
    fn new(os_type: &str, settings: BTreeMap<&'static str, String>) -> Self {
        Self {
            os_type: os_type.to_owned(),
            description: String::new(),
            memory: 1024,
            video_memory: 8,
            cpus: 1,
            boot_order: [BootDevice::Floppy, BootDevice::Dvd, BootDevice::Disk, BootDevice::None],
            settings,
            adapters: std::array::from_fn::<_, ADAPTERS, _>(|_| NetworkAdapter::default()),
            controllers: Vec::new(),
            shared_folders: Vec::new(),
        }
    }
}

impl Machine {
    /// Hard disks of the machine and of its snapshots, children before their parents, each once.
    fn all_disks(&self) -> Vec<Uuid> {
        let mut disks = self.disks();
        for snapshot in self.snapshots.iter().rev() {
            let attached = snapshot.configuration.controllers.iter().flat_map(|it| &it.devices);
            let attached = attached.filter(|device| device.kind == MediumKind::HardDisk);
            disks.extend(attached.filter_map(|device| device.medium));
        }
        let mut seen = BTreeSet::new();
        disks.retain(|disk| seen.insert(*disk));
        disks
    }
}

fn no_machine_with_id(id: Uuid) -> VBoxError {
    let text = format!("Could not find a registered machine with UUID {{{id}}}");
    VBoxError::new(ResultCode::ObjectNotFound, Component::VIRTUAL_BOX, text)
}

/// The file name for a machine's name: what file systems cannot have becomes `_`.
fn file_name(name: &str) -> String {
    let forbidden = |character: char| character.is_control() || "/\\:*?\"<>|".contains(character);
    name.replace(forbidden, "_")
}

fn cannot_open(path: &Path, line: &str, function: &str) -> String {
    format!(
        "Runtime error opening '{}' for reading VERR_FILE_NOT_FOUND (File not found.).\n\
         /build/reproducible-path/virtualbox-7.2.22-dfsg/src/VBox/Main/src-server/MachineImpl.cpp[{line}] ({function})",
        path.display()
    )
}

/// Renames the folder, if it has the machine's old name, and the settings file.
fn rename_files(old: &Machine, draft: &mut Machine, host: &mut Host<'_>) -> Result<()> {
    let (old_name, new_name) = (file_name(&old.name), file_name(&draft.name));
    let old_folder = old.folder();
    let failed = |what: &str, from: &Path, to: &Path, error: FileError| {
        let text = format!(
            "Could not rename the {what} '{}' to '{}' to save the settings file ({})",
            from.display(),
            to.display(),
            error.status()
        );
        VBoxError::new(ResultCode::Failure, Component::SESSION_MACHINE, text)
    };
    let has_own_folder = old_folder.file_name().is_some_and(|name| name == old_name.as_str());
    let folder = match has_own_folder {
        true => old_folder.with_file_name(&new_name),
        false => old_folder.to_owned(),
    };
    if has_own_folder {
        let renamed = host.files.rename(old_folder, &folder);
        renamed.map_err(|error| failed("directory", old_folder, &folder, error))?;
    }
    let file = folder.join(format!("{new_name}.vbox"));
    let moved = folder.join(old.settings_file.file_name().unwrap_or_default());
    if let Err(error) = host.files.rename(&moved, &file) {
        if has_own_folder {
            // Back to where it was; that it worked in one direction is all there is to hope for.
            let _ = host.files.rename(&folder, old_folder);
        }
        return Err(failed("file", &moved, &file, error));
    }
    draft.settings_file = file;
    Ok(())
}
