//! `createvm`, `registervm`, `unregistervm`.

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::{
    output::{PROGRESS, cut_progress, settings, usage::Usage},
    state::{NewMachine, VBoxError},
};

const CREATE: Usage = Usage::Of("createvm");

impl Call<'_> {
    pub(super) fn create_machine(&mut self) -> Outcome {
        let rules = "--name|-n= --platform-architecture|-platform= --basefolder|-p= --default --groups|-g= --ostype|--os-type|-o= \
                     --register|-r --uuid|-u= --cipher|-c= --password-id|-i= --password|-w=";
        let parts = self.parts(CREATE, rules)?;
        if let Some(word) = parts.word(0) {
            return Err(Failure::Syntax {
                exit: 2,
                usage: CREATE,
                text: format!("Unknown option: {word}"),
                is_apart: false,
            });
        }
        let Some(name) = parts.value("name").filter(|name| !name.is_empty()) else {
            return Err(Failure::syntax(CREATE, "Parameter --name is required"));
        };
        let platform = match parts.value("platformarchitecture") {
            None | Some("x86") => "x86",
            Some("arm") => "ARM",
            Some(other) => {
                return Err(Failure::Plain {
                    exit: 2,
                    text: format!("Invalid --platform-architecture argument '{other}'"),
                });
            }
        };
        let os_type = parts.value("ostype").unwrap_or_default();
        let id = match parts.value("uuid") {
            None => None,
            Some(text) => {
                Some(text.parse().map_err(|_| Failure::syntax(CREATE, format!("Invalid UUID '{text}'")))?)
            }
        };
        let new = NewMachine {
            name: name.to_owned(),
            base_folder: parts.value("basefolder").map(|folder| self.path(folder)),
            id,
            groups: parts
                .value("groups")
                .map(|groups| groups.split(',').map(str::to_owned).collect())
                .unwrap_or_default(),
            os_type: os_type.to_owned(),
            platform,
            settings: settings::defaults(os_type),
        };
        let registers = parts.has("register");
        let (id, file) = self.act(|virtual_box, host| {
            let machine = virtual_box.create_machine(&new, host).at(place::CREATE)?;
            let made = (machine.id, machine.settings_file.clone());
            virtual_box.save_settings(&machine, host).at(place::CREATE_SAVE)?;
            if registers {
                virtual_box.register(machine).at(place::CREATE_REGISTER)?;
            }
            Ok::<_, Failure>(made)
        })?;
        let what = if registers { "created and registered" } else { "created" };
        self.stdout += &format!(
            "Virtual machine '{name}' is {what}.\nUUID: {id}\nSettings file: '{}'\n",
            file.display()
        );
        Ok(())
    }

    pub(super) fn register_machine(&mut self) -> Outcome {
        let usage = Usage::Of("registervm");
        let parts = self.parts(usage, "--password=")?;
        let [file] = parts.words.as_slice() else {
            return Err(Failure::syntax(usage, "Incorrect number of parameters"));
        };
        let path = self.path(file);
        self.act(|virtual_box, host| {
            let mut machine = virtual_box.open_machine(&path, host).at(place::OPEN)?;
            // What was read from a file has it.
            machine.configuration.settings.insert(settings::LOCALHOST_REACHABLE, "1".to_owned());
            virtual_box.register(machine).at(place::OPEN_REGISTER)?;
            Ok(())
        })
    }

    pub(super) fn unregister_machine(&mut self) -> Outcome {
        let usage = Usage::Of("unregistervm");
        let parts = self.parts(usage, "--delete|-d --delete-all|-a")?;
        let machine = match parts.words.as_slice() {
            [] => return Err(Failure::syntax(usage, "VM name required")),
            [machine] => machine,
            [_, extra, ..] => return Err(Failure::syntax(usage, format!("Invalid parameter '{extra}'"))),
        };
        let id = self.find(machine, place::FIND_UNREGISTER)?;
        let deletes = parts.has("delete") || parts.has("deleteall");
        self.act(|virtual_box, host| {
            let gone = virtual_box.unregister(id, host).at(place::UNREGISTER)?;
            match deletes {
                true => virtual_box.delete_config(gone, host).at(place::DELETE_CONFIG),
                false => Ok(()),
            }
        })
        .map_err(|failure| self.after_bar(failure))?;
        if deletes {
            self.stderr += PROGRESS;
        }
        Ok(())
    }

    /// The failure of something that had begun: the bar is cut off. Refusals at once have no bar.
    pub(super) fn after_bar(&mut self, failure: Failure) -> Failure {
        if let Failure::Com(error) = &failure {
            let VBoxError { callee, code, .. } = **error;
            if !callee {
                self.stderr += &cut_progress(code.name());
            }
        }
        failure
    }
}
