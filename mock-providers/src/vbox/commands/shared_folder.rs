//! `sharedfolder`.

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::{arguments::Parts, output::usage::Usage, state::SharedFolder};

const USAGE: Usage = Usage::Of("sharedfolder");
const ADD: Usage = Usage::Part("sharedfolder", "add");
const REMOVE: Usage = Usage::Part("sharedfolder", "remove");

impl Call<'_> {
    pub(super) fn shared_folder(&mut self) -> Outcome {
        let rules =
            "--name|-n= --hostpath|-p= --readonly|-r --transient|-t --automount|-a --auto-mount-point=";
        let parts = self.parts(USAGE, rules)?;
        match parts.word(0) {
            Some("add") => self.add_folder(&parts),
            Some("remove") => self.remove_folder(&parts),
            Some(other) => Err(Failure::syntax(USAGE, format!("Unknown subcommand: {other}"))),
            None => Err(Failure::syntax(USAGE, "No subcommand specified")),
        }
    }

    fn add_folder(&self, parts: &Parts) -> Outcome {
        let Some(machine) = parts.word(1) else {
            return Err(Failure::syntax(ADD, "No machine name was given"));
        };
        let Some(name) = parts.value("name") else {
            return Err(Failure::syntax(ADD, "No shared folder name (--name) was given"));
        };
        let Some(path) = parts.value("hostpath") else {
            return Err(Failure::syntax(ADD, "No host path (--hostpath) was given"));
        };
        let folder = SharedFolder {
            name: name.to_owned(),
            path: self.path(path),
            writable: !parts.has("readonly"),
            auto_mount: parts.has("automount"),
            mount_point: parts.value("automountpoint").unwrap_or_default().to_owned(),
        };
        self.act(|virtual_box, host| {
            let id = virtual_box.find_machine(machine).at(place::FIND_FOLDER)?;
            if parts.has("transient") {
                require_running(virtual_box.console(id).at(place::LOCK_FOLDER)?.is_some(), machine)?;
                return virtual_box.add_transient_folder(id, folder, host).at(place::ADD_FOLDER);
            }
            let mut draft = virtual_box.draft(id).at(place::LOCK_FOLDER)?;
            draft.add_shared_folder(folder, host).at(place::ADD_FOLDER)?;
            virtual_box.save(draft, host).at(place::ADD_FOLDER)
        })
    }

    fn remove_folder(&self, parts: &Parts) -> Outcome {
        let Some(machine) = parts.word(1) else {
            return Err(Failure::syntax(REMOVE, "No machine name was given"));
        };
        let Some(name) = parts.value("name") else {
            return Err(Failure::syntax(REMOVE, "No shared folder name (--name) was given"));
        };
        self.act(|virtual_box, host| {
            let id = virtual_box.find_machine(machine).at(place::FIND_FOLDER)?;
            if parts.has("transient") {
                require_running(virtual_box.console(id).at(place::LOCK_FOLDER)?.is_some(), machine)?;
                return virtual_box.remove_transient_folder(id, name).at(place::REMOVE_FOLDER);
            }
            let mut draft = virtual_box.draft(id).at(place::LOCK_FOLDER)?;
            draft.remove_shared_folder(name).at(place::REMOVE_FOLDER)?;
            virtual_box.save(draft, host).at(place::REMOVE_FOLDER)
        })
    }
}

fn require_running(runs: bool, machine: &str) -> Outcome {
    match runs {
        true => Ok(()),
        false => Err(Failure::plain(format!("Machine '{machine}' is not currently running."))),
    }
}
