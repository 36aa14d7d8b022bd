//! `snapshot` and `clonevm` as far as drivers use them.

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::{
    output::{Format, PROGRESS, details, snapshots, usage::Usage},
    state::{Component, Machine, Snapshot, Uuid, VBoxError},
};

const USAGE: Usage = Usage::Of("snapshot");

impl Call<'_> {
    pub(super) fn snapshot(&mut self) -> Outcome {
        let rules = "--description|-d= --live|-l --uniquename|-u= --name|-n= --current|-c --details|-D \
                     --machinereadable|-M";
        let parts = self.parts(USAGE, rules)?;
        let (Some(machine), verb) = (parts.word(0), parts.word(1).unwrap_or("list")) else {
            return Err(Failure::syntax(USAGE, "Missing VM name or UUID"));
        };
        let id = self.find(machine, place::FIND_SNAPSHOT)?;
        let name = parts.word(2);
        match (verb, name) {
            ("list", _) => self.list_snapshots(id, parts.has("machinereadable")),
            ("take", Some(name)) => {
                let description = parts.value("description").unwrap_or_default();
                self.take_snapshot(id, name, description, parts.has("live"))
            }
            ("take", None) => Err(Failure::Syntax {
                exit: 1,
                usage: Usage::Part("snapshot", "take"),
                text: "Missing snapshot name".to_owned(),
                is_apart: true,
            }),
            ("restorecurrent", _) => {
                let current = self.machine(id)?.current_snapshot;
                let Some(current) = current else {
                    self.stdout += NONE;
                    return Err(Failure::Printed { exit: 1 });
                };
                self.restore(id, &current.to_string())
            }
            ("restore", Some(name)) => self.restore(id, name),
            ("delete", Some(name)) => self.delete_snapshot(id, name),
            ("edit", _) => {
                let current = self.machine(id)?.current_snapshot.map(|id| id.to_string());
                let name = name.map(str::to_owned).or(current);
                let snapshot = self.find_snapshot(id, name.as_deref().unwrap_or_default())?;
                let (new_name, description) = (parts.value("name"), parts.value("description"));
                self.act(|virtual_box, host| {
                    Ok(virtual_box.edit_snapshot(id, snapshot.id, new_name, description, host)?)
                })
            }
            ("showvminfo", Some(name)) => {
                let snapshot = self.find_snapshot(id, name)?;
                let text = self.tenant.look(|virtual_box| {
                    let mut machine = virtual_box.machine(id)?.clone();
                    machine.configuration = snapshot.configuration;
                    Some(details::text(&machine, virtual_box, Format::People))
                });
                self.stdout += &text.unwrap_or_default();
                Ok(())
            }
            ("restore" | "delete" | "showvminfo", None) => {
                Err(Failure::syntax(USAGE, "Missing snapshot name"))
            }
            (other, _) => Err(Failure::Syntax {
                exit: 1,
                usage: USAGE,
                text: format!("Invalid parameter '{other}'"),
                is_apart: true,
            }),
        }
    }

    fn machine(&self, id: Uuid) -> Result<Machine, Failure> {
        let machine = self.tenant.look(|virtual_box| virtual_box.machine(id).cloned());
        machine.ok_or_else(|| VBoxError::no_machine(&id.to_string()).into())
    }

    fn find_snapshot(&self, id: Uuid, name: &str) -> Result<Snapshot, Failure> {
        self.machine(id)?.find_snapshot(name).cloned().at(place::FIND_SNAPSHOT_NAME)
    }

    fn list_snapshots(&mut self, id: Uuid, is_for_programs: bool) -> Outcome {
        let machine = self.machine(id)?;
        if machine.snapshots.is_empty() {
            self.stdout += NONE;
            return Err(Failure::Printed { exit: 1 });
        }
        let format = if is_for_programs { Format::Programs } else { Format::People };
        self.stdout += &snapshots::list(&machine, format);
        Ok(())
    }

    fn take_snapshot(&mut self, id: Uuid, name: &str, description: &str, live: bool) -> Outcome {
        let taken =
            self.act(|virtual_box, host| virtual_box.take_snapshot(id, name, description, live, host));
        let snapshot = taken.at(place::TAKE_SNAPSHOT)?;
        self.settle(id)?;
        self.stdout += &format!("Snapshot taken. UUID: {snapshot}\n");
        Ok(())
    }

    /// Waits until the machine does nothing by itself any more, and shows the bar.
    fn settle(&mut self, id: Uuid) -> Outcome {
        // An account that ends takes its VMs along, and then nobody waits for the text.
        let _ = self.tenant.wait_for(|virtual_box| {
            let is_busy = virtual_box.machine(id).is_some_and(|machine| machine.state.is_transitional());
            (!is_busy).then_some(())
        });
        self.stderr += PROGRESS;
        Ok(())
    }

    fn restore(&mut self, id: Uuid, name: &str) -> Outcome {
        let snapshot = self.find_snapshot(id, name)?;
        self.stdout += &format!("Restoring snapshot '{}' ({})\n", snapshot.name, snapshot.id);
        self.act(|virtual_box, host| virtual_box.restore_snapshot(id, snapshot.id, host))
            .at(place::RESTORE_SNAPSHOT)?;
        self.settle(id)
    }

    fn delete_snapshot(&mut self, id: Uuid, name: &str) -> Outcome {
        if self.machine(id)?.snapshots.is_empty() {
            let text = NONE.trim_end();
            let error = VBoxError::new(
                crate::vbox::state::ResultCode::ObjectNotFound,
                Component::SESSION_MACHINE,
                text,
            );
            return Err(error).at(place::FIND_SNAPSHOT_NAME);
        }
        let snapshot = self.find_snapshot(id, name)?;
        self.stdout += &format!("Deleting snapshot '{}' ({})\n", snapshot.name, snapshot.id);
        self.act(|virtual_box, host| virtual_box.delete_snapshot(id, snapshot.id, host))
            .at(place::DELETE_SNAPSHOT)?;
        self.settle(id)
    }

    pub(super) fn clone_machine(&mut self) -> Outcome {
        let usage = Usage::Of("clonevm");
        let rules = "--name|-n= --basefolder|-p= --register|-r --uuid|-u= --groups|-g= --mode|-m= --options|-o= \
                     --snapshot|-s=";
        let parts = self.parts(usage, rules)?;
        let Some(source) = parts.word(0) else {
            return Err(Failure::syntax(usage, "VM name required"));
        };
        let name = parts.value("name").map_or_else(|| format!("{source} Clone"), str::to_owned);
        let base = parts.value("basefolder").map(|folder| self.path(folder));
        self.act(|virtual_box, host| {
            let id = virtual_box.find_machine(source)?;
            let machine = virtual_box.clone_machine(id, &name, base.as_deref(), host)?;
            virtual_box.save_settings(&machine, host)?;
            if parts.has("register") {
                virtual_box.register(machine)?;
            }
            Ok::<_, Failure>(())
        })
        .map_err(|failure| self.after_bar(failure))?;
        self.stderr += PROGRESS;
        self.stdout += &format!("Machine has been successfully cloned as \"{name}\"\n");
        Ok(())
    }
}

const NONE: &str = "This machine does not have any snapshots\n";
