//! `showvminfo`.

use super::{At as _, Call, Failure, Outcome, place};
use crate::vbox::{
    output::{Format, details, failure, usage::Usage},
    state::{Component, LockKind, Machine, ResultCode, Session, VBoxError},
};

const USAGE: Usage = Usage::Of("showvminfo");
/// Where a text is cut while the VM process goes away.
const CUT_BEFORE: &str = "clipboard_file_transfers=";

impl Call<'_> {
    pub(super) fn show(&mut self) -> Outcome {
        let rules = "--details --machinereadable|--machine-readable --log|-l= --password-id= --password=";
        let parts = self.parts(USAGE, rules)?;
        let machine = match parts.words.as_slice() {
            [] => return Err(Failure::syntax(USAGE, "VM name or UUID required")),
            [machine] => machine,
            [_, extra, ..] => return Err(Failure::syntax(USAGE, format!("Invalid parameter '{extra}'"))),
        };
        let id = self.find(machine, place::FIND_SHOW)?;
        if let Some(index) = parts.value("log") {
            return self.show_log(id, index);
        }
        let format = match parts.has("machinereadable") {
            true => Format::Programs,
            false => Format::People,
        };
        let (text, is_going_away) = self
            .tenant
            .look(|virtual_box| {
                let machine = virtual_box.lock(id, LockKind::Shared)?;
                let is_going_away = machine.session == Session::Unlocking;
                Ok((details::text(machine, virtual_box, format), is_going_away))
            })
            .at(place::LOCK_SHOW)?;
        if !is_going_away {
            self.stdout += &text;
            return Ok(());
        }
        let end = text.find(CUT_BEFORE).unwrap_or(text.len());
        self.stdout += &text[..end];
        let not_ready = VBoxError::not_ready(Component::SESSION_MACHINE);
        let (call, line) = ("GetClipboardFileTransfersEnabled(&f)", 2428);
        let not_ready = not_ready.context(call, line, "VBoxManageInfo.cpp");
        self.stderr += &failure::lines(&not_ready, "error");
        let text = "The session is not locked (session state: Unlocked)";
        let unlocked = VBoxError::new(ResultCode::Unexpected, Component::SESSION, text);
        Err(unlocked.context("UnlockMachine()", 3336, "VBoxManageInfo.cpp").into())
    }

    fn show_log(&mut self, id: crate::vbox::state::Uuid, index: &str) -> Outcome {
        let number: u32 = index.parse().map_err(|_| Failure::plain(""))?;
        let folder = self.tenant.look(|virtual_box| virtual_box.machine(id).map(Machine::log_folder));
        let name = match number {
            0 => "VBox.log".to_owned(),
            number => format!("VBox.log.{number}"),
        };
        let path = folder.unwrap_or_default().join(name);
        // The VM process writes it, so it is read as a file.
        match std::fs::read_to_string(&path) {
            Ok(log) => {
                self.stdout += &log;
                Ok(())
            }
            Err(_) => {
                let text = format!("Could not open log file '{}' (VERR_FILE_NOT_FOUND)", path.display());
                Err(VBoxError::new(ResultCode::IprtError, Component::MACHINE, text)).at(place::READ_LOG)
            }
        }
    }
}
