//! `setextradata`, `getextradata`, `setproperty`.

use std::fmt::Write as _;

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::output::usage::Usage;

impl Call<'_> {
    pub(super) fn set_extra_data(&mut self) -> Outcome {
        let (object, key, value) = match self.arguments {
            [object, key] => (object, key, None),
            [object, key, value] => (object, key, Some(value.as_str())),
            [_] => {
                return Err(Failure::syntax(Usage::Of("setextradata"), "Not enough parameters"));
            }
            _ => return Err(Failure::syntax(Usage::Of("setextradata"), "Too many parameters")),
        };
        self.act(|virtual_box, host| {
            if object == "global" {
                virtual_box.set_global_extra_data(key, value);
                return Ok(());
            }
            let id = virtual_box.find_machine(object).at(place::FIND_SET_EXTRA)?;
            Ok(virtual_box.set_extra_data(id, key, value, host)?)
        })
    }

    pub(super) fn extra_data(&mut self) -> Outcome {
        let (object, key) = match self.arguments {
            [object] => (object, "enumerate"),
            [object, key] => (object, key.as_str()),
            _ => return Err(Failure::syntax(Usage::Of("getextradata"), "Too many parameters")),
        };
        let data = self.tenant.look(|virtual_box| {
            if object == "global" {
                return Ok(virtual_box.extra_data.clone());
            }
            let id = virtual_box.find_machine(object).at(place::FIND_EXTRA)?;
            Ok::<_, Failure>(
                virtual_box.machine(id).map(|machine| machine.extra_data.clone()).unwrap_or_default(),
            )
        })?;
        match (key, data.get(key)) {
            ("enumerate", _) => {
                for (key, value) in data {
                    let _ = writeln!(self.stdout, "Key: {key}, Value: {value}");
                }
            }
            (_, Some(value)) => {
                let _ = writeln!(self.stdout, "Value: {value}");
            }
            (_, None) => self.stdout += "No value set!\n",
        }
        Ok(())
    }

    pub(super) fn set_property(&mut self) -> Outcome {
        let usage = Usage::Of("setproperty");
        let [name, value] = self.arguments else {
            return Err(Failure::syntax(usage, "Incorrect number of parameters"));
        };
        match name.as_str() {
            "machinefolder" => {
                let folder = match value.as_str() {
                    "default" => self.tenant.folder.machines(),
                    folder => self.path(folder),
                };
                self.act(|virtual_box, _| virtual_box.machine_folder = folder);
                Ok(())
            }
            // They change nothing that can be seen here.
            "hwvirtexclusive" | "vrdeauthlibrary" | "websrvauthlibrary" | "vrdeextpack"
            | "autostartdbpath" | "loghistorycount" | "defaultfrontend" | "logginglevel" | "proxymode"
            | "proxyurl" | "language" => Ok(()),
            other => Err(Failure::syntax(usage, format!("Invalid parameter '{other}'"))),
        }
    }
}
