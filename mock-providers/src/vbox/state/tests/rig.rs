//! A host without machines and without a disk.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::super::*;

/// Machines that only remember what they were told.
#[derive(Debug, Default)]
pub(super) struct FakeHardware {
    pub(super) on: BTreeSet<Uuid>,
    /// Guests that have switched themselves off.
    pub(super) off_by_itself: BTreeSet<Uuid>,
    pub(super) still: BTreeSet<Uuid>,
    pub(super) suspended: BTreeSet<Uuid>,
    pub(super) obeys: bool,
    pub(super) rules: BTreeMap<Uuid, Vec<NatRule>>,
    pub(super) adapters: BTreeMap<Uuid, Vec<GuestAdapter>>,
    /// Ports that somebody else has.
    pub(super) taken: BTreeSet<u16>,
}

impl Hardware for FakeHardware {
    fn power_on(&mut self, start: &Start<'_>) -> std::result::Result<(), String> {
        assert!(self.on.insert(start.id), "switched on twice");
        self.suspended.remove(&start.id);
        self.adapters.insert(start.id, start.adapters.clone());
        Ok(())
    }

    fn power_off(&mut self, id: Uuid) {
        self.on.remove(&id);
        self.off_by_itself.remove(&id);
        self.still.remove(&id);
        self.suspended.remove(&id);
        self.rules.remove(&id);
    }

    fn reset(&mut self, id: Uuid) {
        assert!(self.on.contains(&id));
    }

    fn press_power_button(&mut self, id: Uuid) -> bool {
        assert!(self.on.contains(&id));
        if self.obeys {
            self.on.remove(&id);
            self.off_by_itself.insert(id);
        }
        self.obeys
    }

    fn is_off(&self, id: Uuid) -> bool {
        self.off_by_itself.contains(&id)
    }

    fn pause(&mut self, id: Uuid) {
        assert!(self.on.contains(&id));
        self.still.insert(id);
    }

    fn resume(&mut self, id: Uuid) {
        assert!(self.still.remove(&id), "resumed without a pause");
    }

    fn suspend(&mut self, id: Uuid) {
        assert!(self.on.remove(&id), "suspended while off");
        self.still.remove(&id);
        self.rules.remove(&id);
        self.suspended.insert(id);
    }

    fn restore(&mut self, start: &Start<'_>) -> std::result::Result<(), String> {
        self.suspended.remove(&start.id);
        self.power_on(start)
    }

    fn forward(&mut self, id: Uuid, rules: &[NatRule]) -> Vec<NatRule> {
        let (dead, alive) = rules.iter().cloned().partition(|rule| self.taken.contains(&rule.host_port));
        self.rules.insert(id, alive);
        dead
    }

    fn connect(&mut self, id: Uuid, mac: MacAddress, link: Link) {
        for adapter in self.adapters.entry(id).or_default() {
            if adapter.mac == mac {
                adapter.link = link;
            }
        }
    }

    fn readdress(&mut self, _: Uuid) -> std::result::Result<Ipv4Addr, String> {
        Ok(Ipv4Addr::new(127, 77, 1, 2))
    }

    fn address(&self, id: Uuid) -> Option<Ipv4Addr> {
        self.on.contains(&id).then_some(Ipv4Addr::new(127, 77, 1, 1))
    }

    fn destroy(&mut self, id: Uuid) {
        self.power_off(id);
    }
}

/// Files by their path; directories have no contents.
#[derive(Debug, Default)]
pub(super) struct FakeFiles {
    pub(super) all: BTreeMap<PathBuf, Option<Vec<u8>>>,
    pub(super) images: BTreeMap<PathBuf, ImageInfo>,
    pub(super) is_full: bool,
}

impl FakeFiles {
    pub(super) fn add(&mut self, path: &str) {
        self.all.insert(path.into(), Some(b"contents".to_vec()));
    }

    /// Paths of files, without directories.
    pub(super) fn paths(&self) -> Vec<String> {
        let files = self.all.iter().filter(|(_, contents)| contents.is_some());
        files.map(|(path, _)| path.display().to_string()).collect()
    }

    pub(super) fn text(&self, path: &Path) -> String {
        let contents = self.all.get(path).cloned().flatten().unwrap_or_default();
        String::from_utf8(contents).unwrap()
    }
}

type Done = std::result::Result<(), FileError>;

impl Files for FakeFiles {
    fn exists(&self, path: &Path) -> bool {
        self.all.contains_key(path)
    }

    fn make_directory(&mut self, path: &Path) -> Done {
        for folder in path.ancestors() {
            self.all.entry(folder.to_owned()).or_insert(None);
        }
        Ok(())
    }

    fn write_settings(&mut self, machine: &Machine, _: &[&Medium]) -> Done {
        let file = machine.settings_file.clone();
        self.write(&file, machine.name.as_bytes())
    }

    fn write(&mut self, path: &Path, contents: &[u8]) -> Done {
        if self.is_full {
            return Err(FileError::Full);
        }
        self.make_directory(path.parent().unwrap())?;
        self.all.insert(path.to_owned(), Some(contents.to_vec()));
        Ok(())
    }

    fn append(&mut self, path: &Path, text: &str) -> Done {
        let file = self.all.get_mut(path).and_then(Option::as_mut);
        file.ok_or(FileError::NotFound)?.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Done {
        if self.exists(to) {
            return Err(FileError::AlreadyExists);
        }
        let moved: Vec<PathBuf> = self.all.keys().filter(|path| path.starts_with(from)).cloned().collect();
        if moved.is_empty() {
            return Err(FileError::NotFound);
        }
        for path in moved {
            let contents = self.all.remove(&path).unwrap();
            let rest = path.strip_prefix(from).unwrap();
            let new = if rest.as_os_str().is_empty() { to.to_owned() } else { to.join(rest) };
            self.all.insert(new, contents);
        }
        Ok(())
    }

    fn remove(&mut self, path: &Path) -> Done {
        self.all.remove(path);
        self.images.remove(path);
        Ok(())
    }

    fn remove_empty_directory(&mut self, path: &Path) {
        if self.names(path).is_empty() {
            self.all.remove(path);
        }
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let below = self.all.keys().filter(|path| path.parent() == Some(directory));
        below.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    fn length(&self, path: &Path) -> Option<u64> {
        self.all.get(path)?.as_ref().map(|contents| contents.len() as u64)
    }

    fn probe(&self, path: &Path, kind: MediumKind) -> std::result::Result<ImageInfo, FileError> {
        if !self.exists(path) {
            return Err(FileError::NotFound);
        }
        match kind {
            MediumKind::HardDisk => self.images.get(path).cloned().ok_or(FileError::NotSupported),
            _ => {
                Ok(ImageInfo { format: ImageFormat::Raw, variant: Variant::Fixed, id: None, capacity: 4096 })
            }
        }
    }

    fn create_image(&mut self, path: &Path, image: &NewImage) -> Done {
        if self.exists(path) {
            return Err(FileError::AlreadyExists);
        }
        self.write(path, b"image")?;
        let info = ImageInfo {
            format: image.format,
            variant: image.variant,
            id: Some(image.id),
            capacity: image.capacity,
        };
        self.images.insert(path.to_owned(), info);
        Ok(())
    }

    fn copy_image(&mut self, from: &Path, to: &Path, image: &NewImage) -> Done {
        if !self.exists(from) {
            return Err(FileError::NotFound);
        }
        self.create_image(to, image)
    }

    fn resize_image(&mut self, path: &Path, capacity: u64) -> Done {
        let image = self.images.get_mut(path).ok_or(FileError::NotFound)?;
        image.capacity = capacity;
        Ok(())
    }
}

/// A user with a host.
#[derive(Debug)]
pub(super) struct Rig {
    pub(super) virtual_box: VirtualBox,
    pub(super) hardware: FakeHardware,
    pub(super) files: FakeFiles,
    pub(super) now: Duration,
}

impl Rig {
    pub(super) fn new() -> Self {
        Self::with_times(Times::default())
    }

    pub(super) fn with_times(times: Times) -> Self {
        Self {
            virtual_box: VirtualBox::new(times, "7.2.22", Path::new("/home/VMs")),
            hardware: FakeHardware { obeys: true, ..FakeHardware::default() },
            files: FakeFiles::default(),
            now: Duration::from_secs(1_795_000_000),
        }
    }

    /// Calls something after letting happen what is due.
    pub(super) fn call<R>(&mut self, call: impl FnOnce(&mut VirtualBox, &mut Host<'_>) -> R) -> R {
        let mut host = Host { now: self.now, hardware: &mut self.hardware, files: &mut self.files };
        self.virtual_box.advance(&mut host);
        call(&mut self.virtual_box, &mut host)
    }

    /// Lets time pass.
    pub(super) fn wait(&mut self, time: Duration) {
        self.now += time;
        self.call(|_, _| ());
    }

    /// Lets time pass until nothing is going on.
    pub(super) fn settle(&mut self) {
        for _ in 0..100 {
            self.call(|_, _| ());
            match self.virtual_box.next_change() {
                Some(next) => self.now = self.now.max(next),
                None => return,
            }
        }
        panic!("something goes on for ever: {:?}", self.virtual_box.next_change());
    }

    pub(super) fn create(&mut self, name: &str) -> Uuid {
        let new = new_machine(name);
        self.call(|virtual_box, host| {
            let machine = virtual_box.create_machine(&new, host)?;
            virtual_box.save_settings(&machine, host)?;
            virtual_box.register(machine)
        })
        .unwrap()
    }

    pub(super) fn start(&mut self, id: Uuid) {
        self.call(|virtual_box, host| virtual_box.launch(id, "headless", &StartOrder::default(), host))
            .unwrap();
        self.settle();
        assert_eq!(self.virtual_box.outcome(id), Some(Ok(())));
    }

    pub(super) fn state(&self, id: Uuid) -> MachineState {
        self.virtual_box.machine(id).unwrap().state
    }

    pub(super) fn session(&self, id: Uuid) -> Session {
        self.virtual_box.machine(id).unwrap().session
    }

    /// Brings a new machine into a state.
    pub(super) fn machine_in(&mut self, state: MachineState) -> Uuid {
        use MachineState::*;
        let id = self.create(&format!("m{}", self.virtual_box.machines.len()));
        if state != PoweredOff {
            self.start(id);
        }
        match state {
            PoweredOff | Running => {}
            Paused => self.call(|it, host| it.pause(id, host)).unwrap(),
            Saved => self.call(|it, host| it.save_state(id, host)).unwrap(),
            Aborted => self.call(|it, host| it.abort(id, host)).unwrap(),
            GuruMeditation => self.call(|it, host| it.triple_fault(id, host)).unwrap(),
            state => self.call(|it, host| it.hold_state(id, state, host)).unwrap(),
        }
        self.settle();
        assert_eq!(self.state(id), state);
        id
    }
}

pub(super) fn new_machine(name: &str) -> NewMachine {
    NewMachine {
        name: name.to_owned(),
        base_folder: None,
        id: None,
        groups: Vec::new(),
        os_type: String::new(),
        platform: "x86",
        settings: BTreeMap::new(),
    }
}

/// Text of an error.
pub(super) fn text<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    error.message.unwrap_or_else(|| error.code.name().to_owned())
}
