//! `startvm`, `discardstate`, `adoptstate`.

use super::{At as _, Call, Failure, Outcome, place};
use crate::{
    faults::FaultKind,
    vbox::{
        arguments::{BadOption, Parts},
        output::{failure, settings, usage::Usage},
        state::{Component, ResultCode, Session, StartFailure, StartOrder, Uuid, VBoxError},
    },
};

const START: Usage = Usage::Of("startvm");
/// The front end that kills the VM process instead of starting one.
const EMERGENCY_STOP: &str = "emergencystop";

impl Call<'_> {
    pub(super) fn start(&mut self) -> Outcome {
        let rules = "--type|-t= --putenv|-E= --password= --password-id=";
        let parts = Parts::of(self.arguments, rules).map_err(|bad| {
            let text = match bad {
                BadOption::Unknown(option) => format!("unknown option: {option}"),
                BadOption::NeedsValue(_) => super::in_words(&bad),
            };
            Failure::syntax(START, text)
        })?;
        if parts.words.is_empty() {
            return Err(Failure::syntax(START, "at least one VM name or uuid required"));
        }
        let frontend = parts.value("type").unwrap_or_default();
        let mut failed = false;
        for machine in &parts.words {
            if let Err(failure) = self.start_one(machine, frontend) {
                self.stderr += &failure.text();
                failed = true;
            }
        }
        match failed {
            true => Err(Failure::Printed { exit: 1 }),
            false => Ok(()),
        }
    }

    fn start_one(&mut self, machine: &str, frontend: &str) -> Outcome {
        let id = self.find(machine, place::FIND_START)?;
        if frontend == EMERGENCY_STOP {
            return self.act(|virtual_box, host| virtual_box.abort(id, host)).at(place::LAUNCH);
        }
        let order = self.start_order();
        let needs_windows = matches!(frontend, "" | "gui" | "separate");
        let is_missing = needs_windows && !self.conditions.graphical_front_ends;
        let (name, restores) = self
            .act(|virtual_box, host| {
                let machine = virtual_box.machine(id);
                let name = machine.map(|machine| machine.name.clone()).unwrap_or_default();
                let is_free = machine.is_some_and(|it| it.is_accessible() && it.session == Session::Unlocked);
                if is_missing && is_free {
                    let text = format!(
                        "Could not launch the VM process for the machine '{name}' (VERR_FILE_NOT_FOUND)"
                    );
                    return Err(VBoxError::new(ResultCode::IprtError, Component::MACHINE, text));
                }
                let restores = machine.is_some_and(|machine| machine.state.has_saved_state());
                virtual_box.launch(id, frontend, &order, host)?;
                Ok((name, restores))
            })
            .at(place::LAUNCH)?;
        self.stdout += &format!("Waiting for VM \"{name}\" to power on...\n");
        self.outcome(id)?;
        self.note_facilities(id, restores);
        self.stdout += &format!("VM \"{name}\" has been successfully started.\n");
        Ok(())
    }

    /// A guest whose memory was restored has a facility that one which has booted does not have.
    fn note_facilities(&self, id: Uuid, restores: bool) {
        self.act(|virtual_box, host| {
            let Some(machine) = virtual_box.machines.iter_mut().find(|machine| machine.id == id) else {
                return;
            };
            let kept = &mut machine.configuration.settings;
            match restores {
                true => drop(kept.insert(settings::SEAMLESS, format!("0,{}", host.now.as_millis()))),
                false => drop(kept.remove(settings::SEAMLESS)),
            }
        });
    }

    /// Waits until the machine has done what it was told.
    pub(super) fn outcome(&self, id: Uuid) -> Result<(), VBoxError> {
        let outcome = self.tenant.wait_for(|virtual_box| virtual_box.outcome(id));
        // An account that ends takes its VMs along.
        outcome.unwrap_or_else(|| Err(VBoxError::no_machine(&id.to_string())))
    }

    /// What faults and the state of the installation make of a start.
    fn start_order(&self) -> StartOrder {
        let mut order = StartOrder::default();
        if !self.conditions.kernel_driver {
            order.failure = Some(StartFailure::NoKernelDriver);
        } else if !self.conditions.hardware_virtualization {
            order.failure = Some(StartFailure::NoHardwareVirtualization);
        }
        for fault in self.faults {
            match fault {
                FaultKind::NeverReady => order.never_ready = true,
                FaultKind::NoAddress => order.no_address = true,
                FaultKind::BootError { message } => {
                    let failure = message.clone().map_or(StartFailure::ProcessKilled, StartFailure::Other);
                    order.failure = Some(failure);
                }
                FaultKind::Guest { fault } => drop(order.guest.insert(*fault)),
                _ => {}
            }
        }
        order
    }

    pub(super) fn discard_state(&mut self) -> Outcome {
        let usage = Usage::Of("discardstate");
        let [machine] = self.arguments else {
            return Err(Failure::syntax(usage, "Incorrect number of parameters"));
        };
        let id = self.find(machine, place::FIND_DISCARD)?;
        self.tenant.look(|virtual_box| virtual_box.draft(id).map(drop)).at(place::LOCK_DISCARD)?;
        let discarded =
            self.act(|virtual_box, host| virtual_box.discard_state(id, true, host)).at(place::DISCARD);
        if let Err(failure) = discarded {
            // Really: the error is printed, and the exit code is 0.
            self.stderr += &failure.text();
        }
        Ok(())
    }

    pub(super) fn adopt_state(&mut self) -> Outcome {
        let usage = Usage::Of("adoptstate");
        let [machine, file] = self.arguments else {
            return Err(Failure::syntax(usage, "Incorrect number of parameters"));
        };
        let id = self.find(machine, place::FIND_DISCARD)?;
        self.tenant.look(|virtual_box| virtual_box.draft(id).map(drop)).at(place::ADOPT_LOCK)?;
        let path = self.path(file);
        self.act(|virtual_box, host| virtual_box.adopt_state(id, &path, host)).at(place::ADOPT)
    }

    /// An error of an object, as a warning.
    pub(super) fn warn(&mut self, text: &str) {
        self.stderr += &failure::prefixed("warning", text);
    }
}
