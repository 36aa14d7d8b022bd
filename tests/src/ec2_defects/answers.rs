//! What the defective drivers make of EC2's answers.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use machine_driver::BoxFuture;

use super::Defect;
use crate::relay::{Answers, Provider, Request, replaced, status};

/// Answers of EC2 as a defect needs them. Calls are signed, so they are passed on as they are or not at all.
#[derive(Debug)]
pub(super) struct Twisted {
    defect: Defect,
    phase: Mutex<Phase>,
}

#[derive(Debug, Default)]
struct Phase {
    /// The running method.
    method: &'static str,
    /// Calls that `method` has made.
    made: BTreeSet<String>,
    /// Calls that were left out once, and are from then on.
    forgotten: BTreeSet<String>,
}

impl Answers for Twisted {
    fn answer<'a>(&'a self, request: Request, provider: &'a Provider) -> BoxFuture<'a, Vec<u8>> {
        Box::pin(async move {
            let action = action(&request);
            if self.leaves_out(&action) {
                return nothing_done(&action);
            }
            self.twist(&action, provider.send(&request).await)
        })
    }
}

impl Twisted {
    pub(super) fn new(defect: Defect) -> Self {
        Self { defect, phase: Mutex::default() }
    }

    /// Whether a driver with this defect needs a relay at all.
    pub(super) fn is_needed(&self) -> bool {
        matches!(
            self.defect,
            Defect::RemoveLeavesTheGroup
                | Defect::RemoveLeavesTheKeyPair
                | Defect::RollBackLeavesTheKeyPair
                | Defect::RollBackLeavesTheGroup
                | Defect::RollBackLeavesTheInstance
                | Defect::LateInstanceFailsCreate
                | Defect::StopReturnsEarly
        )
    }

    /// Says what the driver begins to do.
    pub(super) fn begin(&self, method: &'static str) {
        let mut phase = self.phase();
        phase.method = method;
        phase.made.clear();
    }

    fn phase(&self) -> MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the defective driver does not make this call.
    fn leaves_out(&self, action: &str) -> bool {
        let mut phase = self.phase();
        let (method, left_out): (_, &[&str]) = match self.defect {
            Defect::RemoveLeavesTheGroup => ("Remove", &["DeleteSecurityGroup"]),
            Defect::RemoveLeavesTheKeyPair => ("Remove", &["DeleteKeyPair"]),
            Defect::RollBackLeavesTheKeyPair => ("Create", &["DeleteKeyPair"]),
            Defect::RollBackLeavesTheGroup => ("Create", &["DeleteSecurityGroup"]),
            Defect::RollBackLeavesTheInstance => {
                ("Create", &["TerminateInstances", "DescribeVolumes", "DeleteSecurityGroup"])
            }
            _ => return false,
        };
        // A group without an instance is deleted as it should be.
        let other = self.defect == Defect::RollBackLeavesTheInstance
            && action != "TerminateInstances"
            && !phase.forgotten.contains("TerminateInstances");
        let now = phase.method == method && left_out.contains(&action) && !other;
        if now {
            phase.forgotten.insert(action.to_owned());
        }
        now || phase.forgotten.contains(action)
    }

    /// EC2's answer as the defective driver reads it.
    fn twist(&self, action: &str, answer: Vec<u8>) -> Vec<u8> {
        let mut phase = self.phase();
        phase.made.insert(action.to_owned());
        let looks = action == "DescribeInstances";
        match self.defect {
            // What it terminated it takes for gone.
            Defect::RollBackLeavesTheInstance if looks && phase.forgotten.contains("TerminateInstances") => {
                let states = ["pending", "running"];
                states
                    .iter()
                    .fold(answer, |answer, state| with_body(&answer, &named(state), &named("terminated")))
            }
            Defect::LateInstanceFailsCreate
                if looks && phase.method == "Create" && status(&answer) == 400 =>
            {
                replaced(&answer, "InvalidInstanceID.NotFound", "InvalidInstanceID.NotThere")
            }
            Defect::StopReturnsEarly if looks && phase.made.contains("StopInstances") => {
                with_body(&answer, &named("stopping"), &named("stopped"))
            }
            _ => answer,
        }
    }
}

/// The operation that a request asks for.
fn action(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body).into_owned();
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    action.unwrap_or_default().to_owned()
}

/// The answer to a call that was never made.
fn nothing_done(action: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{action}Response xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><return>true</return></{action}Response>"
    );
    message("HTTP/1.1 200 OK\r\ncontent-type: text/xml", &body)
}

fn message(head: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("{head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}").into_bytes()
}

/// An element of an answer that names a state.
fn named(state: &str) -> String {
    format!("<name>{state}</name>")
}

/// The answer with one text of its body replaced by another one.
fn with_body(answer: &[u8], old: &str, new: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    match text.split_once("\r\n\r\n") {
        Some((head, body)) if status(answer) == 200 && body.contains(old) && !is_chunked(head) => {
            let kept = head.split("\r\n").filter(|line| {
                let line = line.to_ascii_lowercase();
                !line.starts_with("content-length:") && !line.starts_with("connection:")
            });
            message(&kept.collect::<Vec<_>>().join("\r\n"), &body.replace(old, new))
        }
        _ => answer.to_vec(),
    }
}

fn is_chunked(head: &str) -> bool {
    head.to_ascii_lowercase().contains("transfer-encoding: chunked")
}
