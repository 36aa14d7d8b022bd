//! Faults, as `VBoxManage` shows them.

use super::{
    account::{Answer, Finished},
    output::failure,
    request::Incoming,
    state::{Component, ResultCode, VBoxError},
};
use crate::faults::{Call, FaultKind, FaultPlan, Injector};

/// A plan, and what has come of it.
#[derive(Debug, Default)]
pub(super) struct Script {
    injector: Injector,
    /// How often each fault has hit a call that has been carried out, or will not be.
    hits: Vec<u32>,
    /// Which plan it is, so that a call of an older one does not count.
    number: u64,
}

/// The faults that a call meets, to be counted when it is over.
#[derive(Debug)]
pub(super) struct Hit {
    number: u64,
    faults: Vec<usize>,
}

impl Script {
    /// Starts a plan.
    pub(super) fn replace(&mut self, plan: FaultPlan) {
        self.hits = vec![0; plan.faults.len()];
        self.injector = Injector::new(plan);
        self.number += 1;
    }

    /// What happens to a call.
    pub(super) fn decide(&mut self, call: &Call<'_>) -> (Vec<FaultKind>, Hit) {
        let before = self.injector.hits();
        let kinds = self.injector.decide(call);
        let after = self.injector.hits().into_iter();
        let counted = before.into_iter().zip(after).enumerate();
        let faults = counted.filter(|(_, (before, after))| before != after);
        let hit = Hit { number: self.number, faults: faults.map(|(index, _)| index).collect() };
        (kinds, hit)
    }

    /// The call is over.
    pub(super) fn done(&mut self, hit: Hit) {
        if hit.number != self.number {
            return;
        }
        for index in hit.faults {
            if let Some(count) = self.hits.get_mut(index) {
                *count += 1;
            }
        }
    }

    /// The plan and its hits.
    pub(super) fn faults(&self) -> (FaultPlan, Vec<u32>) {
        (self.injector.plan().clone(), self.hits.clone())
    }
}

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
                // Before the character in whose middle it would be.
                let is_boundary = |end: &usize| finished.stdout.is_char_boundary(*end);
                let end = (0..=(*bytes).min(finished.stdout.len())).rev().find(is_boundary);
                finished.stdout.truncate(end.unwrap_or(0));
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
    Answer::Finished(Finished { stdout: String::new(), stderr: failure::lines(error, "error"), exit: 1 })
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
    Finished { stdout: String::new(), stderr: failure::prefixed("error", &text), exit: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faults::When;

    #[test]
    fn a_hit_counts_when_its_call_is_over() {
        let call = Call { operation: "startvm", method: "VBoxManage", path: "vm", mutating: true, body: "" };
        let mut script = Script::default();
        script.replace(FaultPlan::one(When::operation("startvm"), FaultKind::EmptyBody));
        let (kinds, hit) = script.decide(&call);
        assert_eq!((kinds.len(), script.faults().1), (1, vec![0]));
        script.done(hit);
        assert_eq!(script.faults().1, [1]);
        let (_, late) = script.decide(&call);
        script.replace(FaultPlan::one(When::always(), FaultKind::EmptyBody));
        script.done(late);
        assert_eq!(script.faults().1, [0]);
    }
}
