//! The control port: what [`Account`] can do, for other processes.

use axum::{Router, routing::get};
use serde_json::{Value, json};

use super::{
    account::Account,
    conditions::Conditions,
    image::boot2docker_image,
    server::{Accounts, Way},
    state::{ResultCode, VBoxError},
};
use crate::{
    control::{self, ControlError, ControlledAccount, Done, Parameters},
    faults::FaultPlan,
    guest::{Acpi, Guest},
    inventory::Object,
    requests::Request,
};

/// Where the image is that guests boot from, for drivers that download it.
pub(super) const IMAGE: &str = "/boot2docker.iso";

/// The routes of the control port. The image needs no token, because a driver has none.
pub(super) fn router(accounts: Way, token: String) -> Router {
    control::router(accounts, token, "vms").route(IMAGE, get(|| async { boot2docker_image() }))
}

impl From<VBoxError> for ControlError {
    fn from(error: VBoxError) -> Self {
        let status = match error.code {
            ResultCode::ObjectNotFound => 404,
            ResultCode::InvalidArgument => 400,
            _ => 409,
        };
        Self::with_text(status, error.code.name(), &error.to_string())
    }
}

impl control::Accounts for Accounts {
    type Account = Account;

    fn account(&self, name: &str) -> Result<Account, ControlError> {
        self.account(name).map_err(|error| ControlError::with_text(503, "unavailable", &error.to_string()))
    }

    fn existing(&self, name: &str) -> Option<Account> {
        self.existing(name)
    }

    fn names(&self) -> Vec<String> {
        self.names()
    }

    fn close(&self, name: &str) {
        self.close(name);
    }
}

impl ControlledAccount for Account {
    fn describe(&self) -> Value {
        json!({
            "name": self.name(),
            "directory": self.directory(),
            "home": self.home(),
            "environment": self.environment(),
        })
    }

    fn inventory(&self) -> Vec<Object> {
        self.inventory()
    }

    fn request_log(&self) -> Vec<Request> {
        self.request_log()
    }

    fn clear_request_log(&self) {
        self.clear_request_log();
    }

    fn set_faults(&self, plan: FaultPlan) {
        self.set_faults(plan);
    }

    fn faults(&self) -> (FaultPlan, Vec<u32>) {
        self.faults()
    }

    fn guest(&self, vm: &str) -> Result<Guest, ControlError> {
        Ok(self.guest(vm)?)
    }

    fn act(&self, vm: &str, action: &str, parameters: &Parameters) -> Result<Option<Done>, ControlError> {
        match action {
            "delete" => self.delete_vm(vm)?,
            "pause" => self.pause(vm)?,
            "resume" => self.resume(vm)?,
            "save" => self.save(vm)?,
            "power-off" => self.power_off(vm)?,
            "power-on" => self.power_on(vm)?,
            "abort" => self.abort(vm)?,
            "triple-fault" => self.triple_fault(vm)?,
            "readdress" => {
                let address = self.readdress(vm)?;
                return Ok(Some(Done::With(json!({ "address": address }))));
            }
            "freeze" => self.freeze_guest(vm)?,
            "thaw" => self.thaw_guest(vm)?,
            "ignore-acpi" => self.set_acpi(vm, Acpi::Ignores)?,
            "obey-acpi" => self.set_acpi(vm, Acpi::Obeys)?,
            "lock" => self.lock(vm)?,
            "request-lock" => self.request_lock(vm)?,
            "unlock" => self.unlock(vm)?,
            "hold" => self.hold_state(vm, parameters.get("state").map_or("", String::as_str))?,
            _ => return Ok(None),
        }
        Ok(Some(Done::Silently))
    }

    fn seed(&self, kind: &str, name: &str) -> Result<Option<Value>, ControlError> {
        Ok(match kind {
            "vm" => Some(json!(self.seed_vm(name)?)),
            "disk" => Some(json!(self.seed_disk(name)?)),
            "hostonlyif" => Some(json!(self.seed_interface()?)),
            _ => None,
        })
    }

    fn set(&self, setting: &str, parameters: &Parameters) -> Result<Option<Done>, ControlError> {
        match setting {
            "crash" => self.crash_server(),
            "conditions" => {
                let bad = |text: &str| ControlError::with_text(400, "bad_request", text);
                let mut conditions = json!(self.conditions());
                for (name, value) in parameters.iter().filter(|(name, _)| *name != "account") {
                    // `true` and `false` are switches, everything else is a text.
                    conditions[name] =
                        value.parse::<bool>().map_or_else(|_| json!(value), |value| json!(value));
                }
                let conditions: Conditions =
                    serde_json::from_value(conditions).map_err(|error| bad(&error.to_string()))?;
                self.set_conditions(conditions.clone());
                return Ok(Some(Done::With(json!(conditions))));
            }
            _ => return Ok(None),
        }
        Ok(Some(Done::Silently))
    }

    fn reset(&self) {
        self.reset();
    }
}
