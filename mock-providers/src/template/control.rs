//! The control port: what [`Account`] can do, for other processes.

use std::{sync::Weak, time::Duration};

use axum::Router;
use serde_json::{Value, json};

use super::{account::Account, error::ApiError, server::Accounts};
use crate::{
    control::{self, ControlError, ControlledAccount, Done, Parameters},
    faults::FaultPlan,
    guest::{Acpi, Guest},
    inventory::Object,
    requests::Request,
};

/// The routes of the control port.
pub(super) fn router(clouds: Weak<Accounts>, token: String) -> Router {
    control::router(clouds, token, "servers")
}

impl From<ApiError> for ControlError {
    fn from(error: ApiError) -> Self {
        Self::new(error.status, error.body())
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
        json!({"name": self.name(), "token": self.token()})
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

    fn guest(&self, server: &str) -> Result<Guest, ControlError> {
        Ok(self.guest(server)?)
    }

    fn act(&self, server: &str, action: &str, parameters: &Parameters) -> Result<Option<Done>, ControlError> {
        match action {
            "delete" => self.delete_server(server)?,
            "power-off" => self.power_off(server)?,
            "power-on" => self.power_on(server)?,
            "readdress" => {
                let address = self.readdress(server)?;
                return Ok(Some(Done::With(json!({ "address": address }))));
            }
            "freeze" => self.freeze_guest(server)?,
            "thaw" => self.thaw_guest(server)?,
            "ignore-acpi" => self.set_acpi(server, Acpi::Ignores)?,
            "obey-acpi" => self.set_acpi(server, Acpi::Obeys)?,
            "hold" => {
                let word = parameters.get("state").map_or("", String::as_str);
                let state = serde_json::from_value(json!(word));
                let state = state
                    .map_err(|_| ApiError::field("state", format!("{word:?} is no state of a server")))?;
                self.hold_state(server, state)?;
            }
            _ => return Ok(None),
        }
        Ok(Some(Done::Silently))
    }

    fn seed(&self, kind: &str, name: &str) -> Result<Option<Value>, ControlError> {
        Ok(match kind {
            "server" => Some(json!(self.seed_server(name)?)),
            "key" => Some(json!(self.seed_key(name)?)),
            "image" => {
                self.seed_image(name);
                Some(json!({ "id": name }))
            }
            _ => None,
        })
    }

    fn set(&self, setting: &str, parameters: &Parameters) -> Result<Option<Done>, ControlError> {
        if setting != "one-change-at-a-time" {
            return Ok(None);
        }
        let text = parameters.get("ms").map_or("", String::as_str);
        let each = text
            .parse()
            .map_err(|_| ApiError::field("ms", format!("{text:?} is no number of milliseconds")))?;
        self.one_change_at_a_time(Duration::from_millis(each));
        Ok(Some(Done::Silently))
    }

    fn reset(&self) {
        self.reset();
    }
}
