//! Starting machines.

use std::collections::BTreeSet;

use super::{
    GuestAdapter, Host, Link, Machine, MachineState, MediumKind, NatRule, Protocol, Result, Session, Start,
    Uuid, VBoxError, VirtualBox,
    error::{Component, ResultCode},
    log,
    network::Attachment,
    timeline::{Due, Event},
};
use crate::guest::GuestFault;

/// What is special about a start.
#[derive(Clone, Debug, Default)]
pub(crate) struct StartOrder {
    /// It fails.
    pub(crate) failure: Option<StartFailure>,
    /// Misbehaviour of the guest.
    pub(crate) guest: BTreeSet<GuestFault>,
    /// It stays in its transitional state.
    pub(crate) never_ready: bool,
    /// The guest gets no address in its host-only network.
    pub(crate) no_address: bool,
}

/// Why a start fails, as far as it has nothing to do with the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub(crate) enum StartFailure {
    /// The kernel driver is missing: the VM process ends before it has opened its log.
    NoKernelDriver,
    /// The processor has no AMD-V, or it is switched off.
    NoHardwareVirtualization,
    /// The VM process is killed.
    ProcessKilled,
    /// Another reason, with its text.
    Other(String),
}

impl VirtualBox {
    /// Launches a VM process. The machine is `running` some time later, or has failed; see [`VirtualBox::outcome`].
    ///
    /// # Errors
    /// `NS_ERROR_INVALID_ARG` for an unknown front end; `VBOX_E_INVALID_OBJECT_STATE` when the machine is locked;
    /// `E_ACCESSDENIED` for an inaccessible machine.
    pub(crate) fn launch(
        &mut self,
        id: Uuid,
        frontend: &str,
        order: &StartOrder,
        host: &mut Host<'_>,
    ) -> Result<()> {
        let times = self.times;
        let machine = self.require_mut(id)?;
        if !machine.is_accessible() {
            return Err(VBoxError::limited());
        }
        if !["", "gui", "headless", "sdl", "separate"].contains(&frontend) {
            let text = format!("Invalid frontend name: '{frontend}'");
            return Err(VBoxError::invalid_argument(Component::MACHINE, text));
        }
        if machine.session != Session::Unlocked {
            return Err(VBoxError::locked_by_session(&machine.name));
        }
        machine.session = Session::Spawning;
        machine.frontend = if frontend.is_empty() { "gui" } else { frontend }.to_owned();
        machine.outcome = None;
        machine.start_order = order.clone();
        machine.due = Some(Due { at: host.now + times.launch, event: Event::ProcessReady });
        self.advance(host);
        Ok(())
    }

    /// The VM process has come up and begins.
    pub(super) fn process_ready(&mut self, id: Uuid, at: std::time::Duration, host: &mut Host<'_>) {
        let (times, version) = (self.times, self.version.clone());
        let failure = self.reason_not_to_start(id, host);
        let Ok(machine) = self.require_mut(id) else { return };
        let (before, restores) = (machine.state, machine.state.has_saved_state());
        if let Some(failure) = failure {
            let wants_log = failure.leaves_log;
            machine.session = Session::Unlocked;
            machine.due = None;
            if before == MachineState::Aborted {
                machine.enter(MachineState::PoweredOff, at);
            }
            let killed = machine.start_order.failure == Some(StartFailure::ProcessKilled);
            if killed && restores {
                machine.enter(MachineState::AbortedSaved, at);
            } else if killed {
                machine.enter(MachineState::Aborted, at);
            }
            machine.state_since = at;
            machine.outcome = Some(Err(failure.error.clone()));
            if wants_log {
                let text = log::of_failure(machine, &version, &failure.error, failure.status);
                // A log that cannot be written is missing, which is all that its readers would see.
                let _ = host.files.write(&machine.log_file(), text.as_bytes());
            }
            return;
        }
        machine.session = Session::Process;
        let is_stuck = machine.start_order.never_ready;
        let (state, time) = match restores {
            true => (MachineState::Restoring, times.restore),
            false => (MachineState::Starting, times.start),
        };
        machine.enter(state, at);
        machine.is_stuck = is_stuck;
        machine.due = (!is_stuck).then_some(Due { at: at + time, event: Event::Up });
        let text = log::of_start(machine, &version);
        let _ = host.files.write(&machine.log_file(), text.as_bytes());
    }

    /// The machine is on.
    pub(super) fn up(&mut self, id: Uuid, at: std::time::Duration, host: &mut Host<'_>) {
        let Ok(machine) = self.require(id) else { return };
        let restores = machine.state == MachineState::Restoring;
        let start = self.start_of(machine);
        let started = match restores {
            true => host.hardware.restore(&start),
            false => host.hardware.power_on(&start),
        };
        let dead_rules = match &started {
            Ok(()) => host.hardware.forward(id, &start.rules),
            Err(_) => Vec::new(),
        };
        let version = self.version.clone();
        let Ok(machine) = self.require_mut(id) else { return };
        if let Err(reason) = started {
            let error = VBoxError::later(ResultCode::Failure, Component::CONSOLE, reason);
            let state = if restores { MachineState::Saved } else { MachineState::PoweredOff };
            machine.enter(state, at);
            machine.session = Session::Unlocked;
            let text = log::of_failure(machine, &version, &error, "VERR_GENERAL_FAILURE");
            let _ = host.files.write(&machine.log_file(), text.as_bytes());
            machine.outcome = Some(Err(error));
            return;
        }
        machine.enter(MachineState::Running, at);
        machine.outcome = Some(Ok(()));
        let mut text = log::of_state(machine);
        text.extend(dead_rules.iter().map(log::of_dead_rule));
        let _ = host.files.append(&machine.log_file(), &text);
        let interfaces: Vec<String> = machine.host_only_interfaces().map(str::to_owned).collect();
        for interface in interfaces {
            self.host_interfaces.mark_used(&interface);
        }
        self.drop_saved_state(id, host);
        self.save_quietly(id, host);
    }

    /// Why a machine cannot be started now.
    fn reason_not_to_start(&self, id: Uuid, host: &Host<'_>) -> Option<Failure> {
        let machine = self.machine(id)?;
        let of_order = machine.start_order.failure.as_ref();
        let of_order = of_order.map(|failure| failure.describe(&machine.name));
        of_order
            .or_else(|| self.locked_medium(machine))
            .or_else(|| missing_state(machine, host))
            .or_else(|| self.missing_file(machine, host).or_else(|| self.missing_interface(machine)))
    }

    fn locked_medium(&self, machine: &Machine) -> Option<Failure> {
        machine.disks().into_iter().find(|disk| self.is_locked(*disk))?;
        let text = "Locking of attached media failed. A possible reason is that one of the media is attached to a \
                    running VM";
        let component = Component::SESSION_MACHINE;
        let error = VBoxError::later(ResultCode::InvalidObjectState, component, text);
        Some(Failure::new(error, "VERR_LOCK_FAILED").without_log())
    }

    fn missing_file(&self, machine: &Machine, host: &Host<'_>) -> Option<Failure> {
        let status = "VERR_FILE_NOT_FOUND";
        let controllers = machine.configuration.controllers.iter();
        let devices = controllers.flat_map(|it| it.devices.iter().map(move |device| (it, device)));
        for (controller, device) in devices {
            let medium = device.medium.and_then(|id| self.medium(id));
            let Some(medium) = medium.filter(|medium| !host.files.exists(&medium.location)) else {
                continue;
            };
            let file = medium.location.display();
            let text = match device.kind {
                MediumKind::HardDisk => "File not found. (VERR_FILE_NOT_FOUND)".to_owned(),
                MediumKind::Dvd | MediumKind::Floppy => format!(
                    "VD: error {status} opening image file '{file}' ({status}).\n\
                     Failed to open image '{file}' in read-only mode ({status}).\n\
                     {}: Failed to attach drive to Port{} ({status})",
                    controller.device_name(),
                    device.port
                ),
            };
            let error = VBoxError::later(ResultCode::Failure, Component::CONSOLE, text);
            return Some(Failure::new(error, status));
        }
        None
    }

    fn missing_interface(&self, machine: &Machine) -> Option<Failure> {
        let mut names = machine.host_only_interfaces();
        let missing = names.find(|name| self.host_interfaces.find(name).is_none())?;
        let text = format!("Nonexistent host networking interface, name '{missing}' (VERR_INTERNAL_ERROR)");
        let error = VBoxError::later(ResultCode::Failure, Component::CONSOLE, text);
        Some(Failure::new(error, "VERR_INTERNAL_ERROR"))
    }

    /// What a machine is started with.
    fn start_of<'a>(&'a self, machine: &'a Machine) -> Start<'a> {
        let first = |kind| {
            let id = machine.media_of(kind).into_iter().next()?;
            self.medium(id)
        };
        let adapters = machine.configuration.adapters.iter();
        let adapters = adapters.filter(|adapter| adapter.attachment != Attachment::None);
        let no_address = machine.start_order.no_address;
        Start {
            id: machine.id,
            disk: first(MediumKind::HardDisk).map(|medium| (medium.id, self.root_of(medium))),
            dvd: first(MediumKind::Dvd).map(|medium| medium.location.as_path()),
            adapters: adapters
                .map(|adapter| GuestAdapter {
                    mac: adapter.mac,
                    link: match self.link_of(adapter) {
                        Link::HostOnly if no_address => Link::Nothing,
                        link => link,
                    },
                })
                .collect(),
            rules: tcp_rules(machine),
            faults: &machine.start_order.guest,
        }
    }

    /// The image that a chain of differencing images begins with.
    fn root_of<'a>(&'a self, medium: &'a super::Medium) -> &'a std::path::Path {
        let mut root = medium;
        while let Some(parent) = root.parent.and_then(|id| self.medium(id)) {
            root = parent;
        }
        &root.location
    }

    /// Where an adapter leads now.
    pub(super) fn link_of(&self, adapter: &super::NetworkAdapter) -> Link {
        if !adapter.cable_connected {
            return Link::Nothing;
        }
        let network = match adapter.attachment {
            Attachment::Nat | Attachment::NatNetwork | Attachment::Bridged => return Link::Nat,
            Attachment::HostOnly => {
                let interface = self.host_interfaces.find(&adapter.host_only_interface);
                interface.map(|interface| interface.network_name())
            }
            Attachment::HostOnlyNetwork => {
                let network = self.host_only_networks.find(&adapter.host_only_network);
                return match network.is_some_and(|network| network.enabled) {
                    true => Link::HostOnly,
                    false => Link::Nothing,
                };
            }
            _ => None,
        };
        let server = network.and_then(|name| self.dhcp_servers.find(&name));
        match server.is_some_and(|server| server.enabled) {
            true => Link::HostOnly,
            false => Link::Nothing,
        }
    }
}

impl Machine {
    /// Names of the host-only interfaces that it has adapters for.
    fn host_only_interfaces(&self) -> impl Iterator<Item = &str> {
        let adapters = self.configuration.adapters.iter();
        let host_only = adapters.filter(|adapter| adapter.attachment == Attachment::HostOnly);
        host_only.map(|adapter| adapter.host_only_interface.as_str())
    }
}

/// NAT rules that clients can use.
pub(super) fn tcp_rules(machine: &Machine) -> Vec<NatRule> {
    let adapters = machine.configuration.adapters.iter();
    let adapters = adapters.filter(|it| it.attachment == Attachment::Nat && it.cable_connected);
    let rules = adapters.flat_map(|adapter| adapter.nat.rules().map(|(_, rule)| rule.clone()));
    rules.filter(|rule| rule.protocol == Protocol::Tcp).collect()
}

/// A start that has failed.
struct Failure {
    error: VBoxError,
    /// Of the runtime library, for the log.
    status: &'static str,
    leaves_log: bool,
}

impl Failure {
    fn new(error: VBoxError, status: &'static str) -> Self {
        Self { error, status, leaves_log: true }
    }

    fn without_log(mut self) -> Self {
        self.leaves_log = false;
        self
    }
}

impl StartFailure {
    fn describe(&self, machine: &str) -> Failure {
        let of_console = |text: &str| VBoxError::later(ResultCode::Failure, Component::CONSOLE, text);
        match self {
            Self::NoKernelDriver => {
                let text = format!(
                    "The virtual machine '{machine}' has terminated unexpectedly during startup with exit code 1 (0x1)"
                );
                let error = VBoxError::later(ResultCode::Failure, Component::MACHINE, text);
                Failure::new(error, "VERR_VM_DRIVER_NOT_INSTALLED").without_log()
            }
            Self::NoHardwareVirtualization => {
                let error = of_console("AMD-V is not available (VERR_SVM_NO_SVM)");
                Failure::new(error, "VERR_SVM_NO_SVM")
            }
            Self::ProcessKilled => {
                let text = "The VM session was aborted";
                let error = VBoxError::later(ResultCode::Failure, Component::SESSION_OF_MACHINE, text);
                Failure::new(error, "VERR_INTERRUPTED").without_log()
            }
            Self::Other(text) => Failure::new(of_console(text), "VERR_GENERAL_FAILURE"),
        }
    }
}

/// A saved state without its file, or with one that nobody can have written.
fn missing_state(machine: &Machine, host: &Host<'_>) -> Option<Failure> {
    let file = machine.state_file.as_ref().filter(|_| machine.state.has_saved_state())?;
    if host.files.length(file).is_some_and(|length| length > 0) {
        return None;
    }
    let text = "The VM session was closed before any attempt to power it on";
    let error = VBoxError::later(ResultCode::Failure, Component::SESSION_OF_MACHINE, text);
    Some(Failure::new(error, "VERR_FILE_NOT_FOUND"))
}
