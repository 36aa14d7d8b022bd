//! The methods that the executable offers.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use machine_driver::{
    Error,
    plugin::{
        Argument,
        wire::{Type, Value},
    },
};
use machine_mock_providers::faults::{Fault, FaultKind, When};
use tokio::sync::watch;

use super::raw;
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    session::Session,
};

/// Names of the two services, which are one and the same object.
const SERVICES: [&str; 2] = ["RPCServerDriver", "RpcServerDriver"];
/// Methods of every driver since the first versions of the protocol. GetIPv6 is an addition of rancher-machine.
const METHODS: [&str; 21] = [
    "SetConfigRaw",
    "GetConfigRaw",
    "DriverName",
    "GetCreateFlags",
    "SetConfigFromFlags",
    "GetMachineName",
    "GetIP",
    "GetSSHHostname",
    "GetSSHPort",
    "GetSSHUsername",
    "GetSSHKeyPath",
    "GetURL",
    "GetState",
    "PreCreateCheck",
    "Create",
    "Remove",
    "Start",
    "Stop",
    "Restart",
    "Kill",
    "Close",
];
/// The version of the API that exists.
const API_VERSION: i64 = 1;
/// Methods that must be answered at any time.
const CHEAP: [&str; 4] = ["Heartbeat", "DriverName", "GetMachineName", "GetSSHUsername"];
/// A call that is held up for less says nothing about the driver: this machine may be busy.
const BLOCKED: Duration = Duration::from_millis(40);
/// What each change takes longer at a provider that can be slowed down, in milliseconds: a Create that is over at once
/// shows nothing.
const SLOWED_BY: u64 = 60;

pub(super) const OFFERS_EVERY_METHOD: Check = Check {
    id: "plugin::offers_every_method",
    title: "Both services have every method of the protocol, and the version is 1",
    clauses: &["PLUG-004"],
    needs: &[Need::Process],
    why: "Hosts of different ages use different service names, and fail at the first method that is missing.",
    good: "RPCServerDriver.GetVersion and RpcServerDriver.GetVersion both answer 1.",
    bad: "\"rpc: can't find method RPCServerDriver.Heartbeat\": the host gives up after five seconds.",
    run: |cx| {
        Box::pin(async move {
            let mut session = cx.process().await?;
            let mut undecided = Vec::new();
            for service in SERVICES {
                let version =
                    raw::call(&cx, &session, &format!("{service}.GetVersion"), Argument::Empty).await?;
                let version = version.map(|value| if let Value::Int(number) = value { number } else { -1 });
                cx.rule("PLUG-004").answers(&format!("{service}.GetVersion"), &API_VERSION, &version);
                let heartbeat =
                    raw::call(&cx, &session, &format!("{service}.Heartbeat"), Argument::Empty).await?;
                cx.rule("PLUG-004").succeeds(&heartbeat, &format!("{service}.Heartbeat"));
                for method in METHODS {
                    // Arguments are decoded before a method runs, so one of a wrong type finds out whether the
                    // method exists without calling it.
                    let wrong = Argument::Value(Type::Int, Value::Int(1));
                    match raw::call(&cx, &session, &format!("{service}.{method}"), wrong).await? {
                        Err(error) if says_missing(&error) => {
                            cx.rule("PLUG-004")
                                .broken(format!("the method {service}.{method}"), error.message());
                        }
                        Err(error) if error.kind() == machine_driver::ErrorKind::Connection => {
                            undecided.push(format!("{service}.{method}"));
                            session = cx.process().await?;
                        }
                        _ => {}
                    }
                }
            }
            if undecided.is_empty() {
                return Ok(());
            }
            Err(Stop::NotTested(format!(
                "the connection ended when a call with a wrong argument asked for {}",
                undecided.join(", ")
            )))
        })
    },
};

pub(super) const ANSWERS_DURING_CREATE: Check = Check {
    id: "plugin::answers_during_create",
    title: "Heartbeats and cheap getters are answered while Create runs",
    clauses: &["PLUG-009"],
    needs: &[Need::Process, Need::Machine],
    why: "Hosts send a heartbeat every five seconds and give the plugin up if it is not answered.",
    good: "During a Create of a minute, Heartbeat takes a millisecond.",
    bad: "Calls are served one after the other; the first heartbeat is answered when Create is done.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let session = machine.session();
            let prepared = machine.save().await;
            prepared.map_err(|error| cx.prerequisite("saving the record", &error))?;
            slow_down(&cx).await?;
            let (done, finished) = watch::channel(false);
            let begun = Instant::now();
            let create = async {
                let outcome = session.create().await;
                // Nobody listens any more if all probes have failed.
                let _ = done.send(true);
                (outcome, begun.elapsed())
            };
            let probes = CHEAP.map(|method| probe(&cx, &session, method, begun, finished.clone()));
            let ((outcome, duration), probed) = tokio::join!(create, join_all(probes));
            // The record of a failed Create is the one saved before it.
            if outcome.is_ok() {
                let _ = machine.save().await;
            }
            // Checks about Remove decide whether it works.
            let _ = machine.remove().await;
            outcome.map_err(|error| cx.prerequisite("Create", &error))?;
            let limit = cx.limits().process_waits().scale(cx.limits().probe().deadline);
            let mut undecided = Vec::new();
            for (method, probed) in CHEAP.iter().zip(probed) {
                match probed?.judge(limit, duration) {
                    Judgement::Answered => {}
                    Judgement::TooFast => undecided.push(*method),
                    Judgement::Broken(got) => {
                        cx.rule("PLUG-009").broken(format!("{method} is answered while Create runs"), got);
                    }
                }
            }
            if undecided.is_empty() {
                return Ok(());
            }
            Err(Stop::NotTested(format!(
                "Create ended after {:.0} ms, too soon to call {}",
                duration.as_secs_f64() * 1e3,
                undecided.join(", ")
            )))
        })
    },
};

/// Lets changes take longer. A provider that cannot be slowed down is a real one, and slow enough.
async fn slow_down(cx: &Context) -> Result<(), Stop> {
    let delay = FaultKind::Delay { ms: SLOWED_BY };
    if !cx.offers(Need::Faults) || !cx.tenant().can_inject(&delay) {
        return Ok(());
    }
    let plan = Fault::new(When::mutating(), delay).into();
    Ok(cx.tenant().set_faults(plan).await?)
}

/// A call beside a longer one, in time since the longer one began.
#[derive(Clone, Copy, Debug)]
struct Beside {
    sent: Duration,
    answered: Duration,
}

impl Beside {
    fn took(&self) -> Duration {
        self.answered.saturating_sub(self.sent)
    }

    /// Where calls are served one by one, some slip in before the long one, and some overtake its answer; but none is sent
    /// and answered in the middle.
    fn is_in_the_middle(&self, whole: Duration) -> bool {
        self.sent >= whole / 2 && self.answered <= whole / 4 * 3
    }

    /// Whether it was held up until the long one ended.
    fn was_held_up(&self, whole: Duration) -> bool {
        self.took() >= BLOCKED && self.took() * 2 >= whole && self.answered >= whole / 10 * 9
    }
}

/// What was seen of one method during a long call.
#[derive(Debug, Default)]
struct Probed {
    calls: Vec<Beside>,
    failure: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Answered,
    TooFast,
    Broken(String),
}

impl Probed {
    /// Judges by the longest answer that is allowed, and how long the long call took.
    fn judge(self, limit: Duration, whole: Duration) -> Judgement {
        let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
        let longest = self.calls.iter().map(Beside::took).max().unwrap_or_default();
        let in_the_middle = self.calls.iter().any(|call| call.is_in_the_middle(whole));
        let held_up = self.calls.iter().find(|call| call.was_held_up(whole));
        if let Some(failure) = self.failure {
            Judgement::Broken(failure)
        } else if longest > limit {
            Judgement::Broken(format!("an answer took {:.0} ms", milliseconds(longest)))
        } else if let (false, Some(held_up)) = (in_the_middle, held_up) {
            Judgement::Broken(format!(
                "a call took {:.0} ms beside a Create of {:.0} ms",
                milliseconds(held_up.took()),
                milliseconds(whole)
            ))
        } else if self.calls.iter().any(|call| call.answered < whole) {
            Judgement::Answered
        } else {
            Judgement::TooFast
        }
    }
}

/// Calls `method` again and again until `finished`.
async fn probe(
    cx: &Context,
    session: &Session,
    method: &'static str,
    begun: Instant,
    finished: watch::Receiver<bool>,
) -> Result<Probed, Stop> {
    let mut probed = Probed::default();
    let waits = cx.limits().process_waits();
    while !*finished.borrow() {
        let sent = begun.elapsed();
        let outcome = raw::ask(cx, session, method, Argument::Empty).await?;
        probed.calls.push(Beside { sent, answered: begun.elapsed() });
        if let Err(error) = outcome {
            probed.failure = Some(format!("{method} failed: {error}"));
            break;
        }
        waits.pause(&cx.limits().probe()).await;
    }
    Ok(probed)
}

fn says_missing(error: &Error) -> bool {
    error.message().contains("can't find method") || error.message().contains("can't find service")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_calls_are_told_from_fast_ones() {
        let probed = |calls: &[(u64, u64)], failure: Option<&str>| Probed {
            calls: calls
                .iter()
                .map(|(sent, answered)| Beside {
                    sent: Duration::from_millis(*sent),
                    answered: Duration::from_millis(*answered),
                })
                .collect(),
            failure: failure.map(str::to_owned),
        };
        let judge = |probed: Probed| probed.judge(Duration::from_secs(5), Duration::from_millis(140));
        let is_broken = |probed| matches!(judge(probed), Judgement::Broken(_));
        assert_eq!(judge(probed(&[(1, 3), (8, 10), (75, 77)], None)), Judgement::Answered);
        // Held up once, on a busy machine.
        assert_eq!(judge(probed(&[(1, 65), (75, 77), (80, 141)], None)), Judgement::Answered);
        assert_eq!(judge(probed(&[(1, 61), (100, 141)], None)), Judgement::Answered);
        assert_eq!(judge(probed(&[(139, 142)], None)), Judgement::TooFast);
        assert!(is_broken(probed(&[(1, 138)], None)));
        // Some slip in before the long one, and some overtake its answer.
        assert!(is_broken(probed(&[(0, 2), (7, 9), (14, 16), (21, 137), (138, 139)], None)));
        assert!(is_broken(probed(&[(75, 77), (80, 6_080)], None)));
        assert!(is_broken(probed(&[(1, 2)], Some("died"))));
    }
}
