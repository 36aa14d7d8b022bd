//! What tests see of an account, and do to it behind the driver's back.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    account::{Account, Answer, Finished},
    conditions::Conditions,
    faults,
    input::Input,
    inventory,
    output::settings,
    request::Incoming,
    state::{
        Host, ImageFormat, MachineState, MediumKind, NewImage, NewMachine, ResultCode, Uuid, VBoxError,
        Variant, VirtualBox,
    },
};
use crate::{
    faults::FaultPlan,
    guest::{Acpi, Guest},
    inventory::Object,
    requests::Request,
};

type Result<T> = std::result::Result<T, VBoxError>;

/// VMs are named as `VBoxManage` takes them: name, UUID, or settings file.
impl Account {
    /// Name of the account.
    pub fn name(&self) -> &str {
        &self.tenant.name
    }

    /// The folder that holds `VBoxManage` and nothing else; clients have it first in `PATH`.
    pub fn directory(&self) -> &Path {
        self.tenant.folder.programs()
    }

    /// The folder with VirtualBox's own files, `VBOX_USER_HOME`.
    pub fn home(&self) -> &Path {
        self.tenant.folder.home()
    }

    /// The folder of VMs for which nobody says another one.
    pub fn machine_folder(&self) -> PathBuf {
        self.tenant.folder.machines()
    }

    /// What clients need in their environment: `PATH`, `VBOX_USER_HOME`, the variables of Windows, and where the state
    /// server is.
    pub fn environment(&self) -> BTreeMap<String, String> {
        self.tenant.folder.environment(&self.tenant.place)
    }

    /// Calls `VBoxManage` without a process: the arguments are without the program's name, relative paths begin at the
    /// account's home. A call that gets no answer, because of a fault, ends as one whose server went away.
    pub async fn run<A: Into<String>>(&self, arguments: impl IntoIterator<Item = A>) -> Finished {
        self.run_with_input(arguments, Vec::new()).await
    }

    /// The same with standard input.
    pub async fn run_with_input<A: Into<String>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: Vec<u8>,
    ) -> Finished {
        let arguments = arguments.into_iter().map(Into::into).collect();
        let incoming = Incoming::new(arguments, self.home().to_owned(), std::process::id());
        match self.tenant.answer(incoming, Input::here(input)).await {
            Answer::Finished(finished) => finished,
            Answer::Lost | Answer::Stalled => faults::server_died(),
        }
    }

    /// Every object that exists.
    pub fn inventory(&self) -> Vec<Object> {
        let mut contents = self.tenant.contents.lock();
        contents.advance(self.tenant.now());
        inventory::objects(&contents.virtual_box, &contents.guests)
    }

    /// Calls with the account's token, in order. The oldest are forgotten when there are very many.
    pub fn request_log(&self) -> Vec<Request> {
        self.tenant.log.all()
    }

    /// Calls from a number on, counted from 0, and the number of the next one.
    pub fn requests_since(&self, number: usize) -> (Vec<Request>, usize) {
        self.tenant.log.since(number)
    }

    /// Empties the request log.
    pub fn clear_request_log(&self) {
        self.tenant.log.clear();
    }

    /// Replaces the faults; all counters start again, and calls that hang end. Operations are the words of the subcommand, such as `startvm` or
    /// `hostonlyif create`; the path is the object that a call names.
    pub fn set_faults(&self, plan: impl Into<FaultPlan>) {
        self.tenant.set_faults(plan.into());
    }

    /// Ends all faults. What they did stays.
    pub fn clear_faults(&self) {
        self.set_faults(FaultPlan::default());
    }

    /// The faults, and how often each has hit. What a call does in spite of its fault is done when it counts.
    pub fn faults(&self) -> (FaultPlan, Vec<u32>) {
        self.tenant.script.lock().faults()
    }

    /// Breaks the installation, or mends it.
    pub fn set_conditions(&self, conditions: Conditions) {
        self.tenant.set_conditions(conditions);
    }

    /// What is wrong with the installation.
    pub fn conditions(&self) -> Conditions {
        self.tenant.conditions.lock().clone()
    }

    /// State of a VM, for example `running`.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub fn state(&self, vm: &str) -> Result<MachineState> {
        let found = self.tenant.look(|virtual_box| {
            let id = virtual_box.find_machine(vm)?;
            Ok(virtual_box.machine(id).map(|machine| machine.state))
        })?;
        found.ok_or_else(|| VBoxError::no_machine(vm))
    }

    /// Guest of a VM that is on.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND` when there is no such VM; `VBOX_E_INVALID_VM_STATE` when it is off.
    pub fn guest(&self, vm: &str) -> Result<Guest> {
        let mut contents = self.tenant.contents.lock();
        contents.advance(self.tenant.now());
        let id = contents.virtual_box.find_machine(vm)?;
        contents.guests.guest(id).ok_or_else(|| {
            let text = format!("Machine '{vm}' is not currently running.");
            VBoxError::new(ResultCode::InvalidVmState, super::state::Component::CONSOLE, text)
        })
    }

    /// Guests of all VMs that are on, by the name of the VM.
    pub fn guests(&self) -> BTreeMap<String, Guest> {
        let mut contents = self.tenant.contents.lock();
        contents.advance(self.tenant.now());
        let machines = contents.virtual_box.machines.iter();
        let guests =
            machines.filter_map(|machine| Some((machine.name.clone(), contents.guests.guest(machine.id)?)));
        guests.collect()
    }

    /// Removes a VM with its files at once, whatever it is doing.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub fn delete_vm(&self, vm: &str) -> Result<()> {
        self.with(vm, VirtualBox::delete_at_once)
    }

    /// Pauses a running VM.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; `VBOX_E_INVALID_VM_STATE` unless it runs.
    pub fn pause(&self, vm: &str) -> Result<()> {
        self.with(vm, |virtual_box, id, host| virtual_box.pause(id, host))
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// As for [`Account::pause`], unless it is paused.
    pub fn resume(&self, vm: &str) -> Result<()> {
        self.with(vm, |virtual_box, id, host| virtual_box.resume(id, host))
    }

    /// Saves the state of a running VM: it is `saving`, and `saved` some time later.
    ///
    /// # Errors
    /// As for [`Account::pause`].
    pub fn save(&self, vm: &str) -> Result<()> {
        self.with(vm, |virtual_box, id, host| virtual_box.save_state(id, host))
    }

    /// Cuts the power of a VM: it is `poweroff` at once.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub fn power_off(&self, vm: &str) -> Result<()> {
        self.with(vm, VirtualBox::power_off_at_once)
    }

    /// Starts a VM: it is `starting`, and `running` some time later.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; `VBOX_E_INVALID_OBJECT_STATE` when it is on already.
    pub fn power_on(&self, vm: &str) -> Result<()> {
        self.with(vm, |virtual_box, id, host| virtual_box.launch(id, "headless", &Default::default(), host))
    }

    /// Kills the process of a VM that is on: the VM is `aborted`.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; `VBOX_E_INVALID_VM_STATE` when it is off.
    pub fn abort(&self, vm: &str) -> Result<()> {
        self.with(vm, VirtualBox::abort)
    }

    /// Lets the guest do what no processor can go on after: the VM is in `gurumeditation`.
    ///
    /// # Errors
    /// As for [`Account::pause`].
    pub fn triple_fault(&self, vm: &str) -> Result<()> {
        self.with(vm, VirtualBox::triple_fault)
    }

    /// Kills `VBoxSVC`: VMs that are on lose their power, and settings files are read again.
    pub fn crash_server(&self) {
        self.tenant.act(|virtual_box, host| {
            virtual_box.crash(host);
            for machine in &mut virtual_box.machines {
                // What was read from a file has it.
                let kept = &mut machine.configuration.settings;
                kept.insert(settings::LOCALHOST_REACHABLE, "1".to_owned());
            }
        });
    }

    /// Gives a running VM another address in its host-only network, at once and without a restart. The result is the
    /// address.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; `VBOX_E_INVALID_VM_STATE` unless it runs; `NS_ERROR_FAILURE` when there is no other
    /// address.
    pub fn readdress(&self, vm: &str) -> Result<String> {
        self.with(vm, VirtualBox::readdress)
    }

    /// Hangs the guest of a VM; VirtualBox does not notice.
    ///
    /// # Errors
    /// As for [`Account::guest`].
    pub fn freeze_guest(&self, vm: &str) -> Result<()> {
        self.guest(vm).map(|guest| guest.freeze())
    }

    /// Ends a freeze.
    ///
    /// # Errors
    /// As for [`Account::guest`].
    pub fn thaw_guest(&self, vm: &str) -> Result<()> {
        self.guest(vm).map(|guest| guest.thaw())
    }

    /// Changes what the guest of a VM does when the power button is pressed.
    ///
    /// # Errors
    /// As for [`Account::guest`].
    pub fn set_acpi(&self, vm: &str, acpi: Acpi) -> Result<()> {
        self.guest(vm).map(|guest| guest.set_acpi(acpi))
    }

    /// Changes how long all guests take to shut down in order, also those that are on.
    pub fn set_shutdown(&self, time: Duration) {
        self.tenant.contents.lock().guests.set_shutdown(time);
    }

    /// Holds a VM in a state, given as in `VMState=`, until something else is asked of it.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; `NS_ERROR_INVALID_ARG` for a word that is no state.
    pub fn hold_state(&self, vm: &str, state: &str) -> Result<()> {
        let found = MachineState::ALL.into_iter().find(|it| it.word() == state);
        let state = found.ok_or_else(|| {
            let text = format!("There is no state '{state}' of a machine");
            VBoxError::invalid_argument(super::state::Component::MACHINE, text)
        })?;
        self.with(vm, |virtual_box, id, host| virtual_box.hold_state(id, state, host))
    }

    /// Locks a VM, as a window with its settings does: changes are refused.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`; `VBOX_E_INVALID_OBJECT_STATE` when somebody else has it locked.
    pub fn lock(&self, vm: &str) -> Result<()> {
        self.with(vm, |virtual_box, id, _| virtual_box.hold(id, false))
    }

    /// Lets somebody else wait for the lock of a VM: all others are refused meanwhile.
    ///
    /// # Errors
    /// As for [`Account::lock`].
    pub fn request_lock(&self, vm: &str) -> Result<()> {
        self.with(vm, |virtual_box, id, _| virtual_box.hold(id, true))
    }

    /// Ends a lock, or the wait for one.
    ///
    /// # Errors
    /// `VBOX_E_OBJECT_NOT_FOUND`.
    pub fn unlock(&self, vm: &str) -> Result<()> {
        self.with(vm, |virtual_box, id, _| {
            virtual_box.release(id);
            Ok(())
        })
    }

    /// Makes a VM of somebody else: powered off, without a disk, below the account's machine folder. Names are not
    /// unique in VirtualBox; each VM gets a folder of its own.
    ///
    /// # Errors
    /// `NS_ERROR_FAILURE` when its files cannot be written.
    pub fn seed_vm(&self, name: &str) -> Result<Object> {
        let base = self.machine_folder().join(Uuid::random().to_string());
        let id = self.tenant.act(|virtual_box, host| {
            let new = NewMachine {
                name: name.to_owned(),
                base_folder: Some(base),
                id: None,
                groups: Vec::new(),
                os_type: "Linux26_64".to_owned(),
                platform: "x86",
                settings: settings::defaults("Linux26_64"),
            };
            let machine = virtual_box.create_machine(&new, host)?;
            virtual_box.save_settings(&machine, host)?;
            virtual_box.register(machine)
        })?;
        self.object("vm", &id.to_string())
    }

    /// Makes a hard disk of somebody else, below the account's machine folder.
    ///
    /// # Errors
    /// `VBOX_E_FILE_ERROR` when there is such a file.
    pub fn seed_disk(&self, name: &str) -> Result<Object> {
        let path = self.machine_folder().join(name);
        let image = NewImage {
            format: ImageFormat::Vdi,
            variant: Variant::Standard,
            id: Uuid::random(),
            parent: None,
            capacity: 8 << 20,
        };
        let id = self
            .tenant
            .act(|virtual_box, host| virtual_box.create_medium(&path, MediumKind::HardDisk, &image, host))?;
        self.object("disk", &id.to_string())
    }

    /// Makes a host-only interface of somebody else.
    ///
    /// # Errors
    /// `NS_ERROR_FAILURE` when there are too many.
    pub fn seed_interface(&self) -> Result<Object> {
        let name = self.tenant.act(|virtual_box, _| {
            virtual_box.host_interfaces.create().map(|interface| interface.name.clone())
        })?;
        self.object("hostonlyif", &name)
    }

    /// Removes everything: VMs with their files, media, networks, faults, log. Conditions stay.
    pub fn reset(&self) {
        self.tenant.act(VirtualBox::clear);
        self.clear_faults();
        self.clear_request_log();
    }

    fn object(&self, kind: &str, id: &str) -> Result<Object> {
        let found = self.inventory().into_iter().find(|object| object.kind == kind && object.id == id);
        found.ok_or_else(|| VBoxError::no_machine(id))
    }

    fn with<R>(
        &self,
        vm: &str,
        act: impl FnOnce(&mut VirtualBox, Uuid, &mut Host<'_>) -> Result<R>,
    ) -> Result<R> {
        self.tenant.act(|virtual_box, host| {
            let id = virtual_box.find_machine(vm)?;
            act(virtual_box, id, host)
        })
    }
}
