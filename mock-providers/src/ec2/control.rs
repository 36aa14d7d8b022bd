//! The control port: what [`Account`] can do, for other processes.

use std::sync::Weak;

use axum::Router;
use serde_json::{Value, json};

use super::{account::Account, error::Ec2Error, server::Accounts};
use crate::{
    control::{self, ControlError, ControlledAccount, Done, Parameters},
    faults::FaultPlan,
    guest::{Acpi, Guest},
    inventory::Object,
    requests::Request,
};

/// The routes of the control port.
pub(super) fn router(accounts: Weak<Accounts>, token: String) -> Router {
    control::router(accounts, token, "instances")
}

impl From<Ec2Error> for ControlError {
    fn from(error: Ec2Error) -> Self {
        let status = if error.code.ends_with(".NotFound") { 404 } else { error.status };
        Self::with_text(status, &error.code, &error.message)
    }
}

impl control::Accounts for Accounts {
    type Account = Account;

    fn account(&self, name: &str) -> Result<Account, ControlError> {
        Ok(self.account(name))
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
        let credentials = self.credentials();
        json!({
            "name": self.name(),
            "number": self.number(),
            "access_key": credentials.access_key,
            "secret_key": credentials.secret_key,
            "session_token": credentials.session_token,
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

    fn guest(&self, instance: &str) -> Result<Guest, ControlError> {
        Ok(self.guest(instance)?)
    }

    fn act(
        &self,
        instance: &str,
        action: &str,
        parameters: &Parameters,
    ) -> Result<Option<Done>, ControlError> {
        match action {
            "delete" => self.delete_instance(instance)?,
            "terminate" => self.terminate_instance(instance)?,
            "power-off" => self.power_off(instance)?,
            "power-on" => self.power_on(instance)?,
            "readdress" => {
                let address = self.readdress(instance)?;
                return Ok(Some(Done::With(json!({ "address": address }))));
            }
            "freeze" => self.freeze_guest(instance)?,
            "thaw" => self.thaw_guest(instance)?,
            "ignore-acpi" => self.set_acpi(instance, Acpi::Ignores)?,
            "obey-acpi" => self.set_acpi(instance, Acpi::Obeys)?,
            "hold" => self.hold_state(instance, parameters.get("state").map_or("", String::as_str))?,
            _ => return Ok(None),
        }
        Ok(Some(Done::Silently))
    }

    fn seed(&self, _: &str, _: &str) -> Result<Option<Value>, ControlError> {
        // Whoever wants other objects makes them with the API.
        Ok(None)
    }

    fn reset(&self) {
        self.reset();
    }
}
