//! Faults, as `VBoxManage` shows them.

use super::{
    account::{Answer, Finished},
    output::failure,
    request::Incoming,
    state::{Component, ResultCode, VBoxError},
};
use crate::faults::FaultKind;

/// Reason when a plan has none.
const USUAL_REASON: &str = "The requested operation failed on the server";

/// The answer after a fault.
pub(super) fn after(fault: &FaultKind, mut answer: Answer, call: &Incoming) -> Answer {
    let object = &call.object;
    match fault {
        FaultKind::HttpError { message, .. } => {
            let text = message.as_deref().unwrap_or(USUAL_REASON);
            refuse(&VBoxError::new(ResultCode::Failure, Component::VIRTUAL_BOX, text))
        }
        FaultKind::Throttle { .. } => refuse(&VBoxError::lock_pending(object)),
        FaultKind::NotFound => refuse(&VBoxError::no_machine(object)),
        FaultKind::Unauthorized => refuse(&VBoxError::bare(ResultCode::AccessDenied, Component::VIRTUAL_BOX)),
        FaultKind::Drop { .. } | FaultKind::Reset { .. } => Answer::Finished(server_died()),
        FaultKind::Stall { .. } => Answer::Stalled,
        FaultKind::Truncate { bytes } => {
            if let Answer::Finished(finished) = &mut answer {
                let end = finished.stdout.floor_char_boundary(*bytes);
                finished.stdout.truncate(end);
                finished.stderr = failure::lines(&VBoxError::not_ready(Component::SESSION_MACHINE), "error");
                finished.exit = 1;
            }
            answer
        }
        FaultKind::EmptyBody | FaultKind::EmptyList => replace(answer, ""),
        FaultKind::Body { body, .. } => replace(answer, body),
        _ => answer,
    }
}

fn refuse(error: &VBoxError) -> Answer {
    Answer::Finished(Finished {
        stdout: String::new(),
        stderr: failure::lines(error, "error"),
        exit: 1,
    })
}

fn replace(mut answer: Answer, stdout: &str) -> Answer {
    if let Answer::Finished(finished) = &mut answer {
        stdout.clone_into(&mut finished.stdout);
    }
    answer
}

/// What the first call after the end of `VBoxSVC` prints.
pub(super) fn server_died() -> Finished {
    unavailable(
        "Code NS_ERROR_FACTORY_NOT_REGISTERED (0x80040154) - Class not registered (extended info not available)",
    )
}

/// What calls print while `VBoxSVC` cannot be started.
pub(super) fn no_server() -> Finished {
    unavailable(
        "Code NS_ERROR_SOCKET_FAIL (0xC1F30200) - IPC daemon socket error (extended info not available)",
    )
}

fn unavailable(code: &str) -> Finished {
    let text = format!(
        "Failed to create the VirtualBox object!\n{code}\n\
         Most likely, the VirtualBox COM server is not running or failed to start."
    );
    Finished {
        stdout: String::new(),
        stderr: failure::prefixed("error", &text),
        exit: 1,
    }
}
