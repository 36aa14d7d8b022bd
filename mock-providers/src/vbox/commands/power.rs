//! `startvm`, `discardstate`, `adoptstate`.

use super::{At as _, Call, Failure, Outcome, place};
use crate::{
    faults::FaultKind,
    vbox::{
        arguments::{BadOption, Parts},
        output::{failure, usage::Usage},
        state::{StartFailure, StartOrder, Uuid, VBoxError},
    },
};

const START: Usage = Usage::Of("startvm");

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
        let order = self.start_order();
        let frontend = match frontend {
            // Without a screen there is no other one; the real program would look for its window.
            "" => "headless",
            frontend => frontend,
        };
        let name = self
            .act(|virtual_box, host| {
                virtual_box.launch(id, frontend, &order, host)?;
                Ok(virtual_box
                    .machine(id)
                    .map(|machine| machine.name.clone())
                    .unwrap_or_default())
            })
            .at(place::LAUNCH)?;
        self.stdout += &format!("Waiting for VM \"{name}\" to power on...\n");
        self.outcome(id)?;
        self.stdout += &format!("VM \"{name}\" has been successfully started.\n");
        Ok(())
    }

    /// Waits until the machine has done what it was told.
    pub(super) fn outcome(&self, id: Uuid) -> Result<(), VBoxError> {
        self.tenant.wait_for(|virtual_box| virtual_box.outcome(id))
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
                    let failure = message
                        .clone()
                        .map_or(StartFailure::ProcessKilled, StartFailure::Other);
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
        self.tenant
            .look(|virtual_box| virtual_box.draft(id).map(drop))
            .at(place::LOCK_DISCARD)?;
        let discarded = self
            .act(|virtual_box, host| virtual_box.discard_state(id, true, host))
            .at(place::DISCARD);
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
        self.tenant
            .look(|virtual_box| virtual_box.draft(id).map(drop))
            .at(place::ADOPT_LOCK)?;
        let path = self.path(file);
        self.act(|virtual_box, host| virtual_box.adopt_state(id, &path, host))
            .at(place::ADOPT)
    }

    /// An error of an object, as a warning.
    pub(super) fn warn(&mut self, text: &str) {
        self.stderr += &failure::prefixed("warning", text);
    }
}
