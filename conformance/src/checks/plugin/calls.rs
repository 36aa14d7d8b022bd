//! The methods that the executable offers.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use machine_driver::{
    Error,
    plugin::{
        Argument,
        wire::{Type, Value},
    },
};
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
/// So many calls may slip in before the long one, or overtake its answer, where calls are served one by one.
const SLIPPED: usize = 2;

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
                let version = version.map(|value| {
                    if let Value::Int(number) = value {
                        number
                    } else {
                        -1
                    }
                });
                cx.rule("PLUG-004")
                    .answers(&format!("{service}.GetVersion"), &API_VERSION, &version);
                let heartbeat =
                    raw::call(&cx, &session, &format!("{service}.Heartbeat"), Argument::Empty).await?;
                cx.rule("PLUG-004")
                    .succeeds(&heartbeat, &format!("{service}.Heartbeat"));
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
            let (done, finished) = watch::channel(false);
            let create = async {
                let started = Instant::now();
                let outcome = session.create().await;
                // Nobody listens any more if all probes have failed.
                let _ = done.send(true);
                (outcome, started.elapsed())
            };
            let probes = CHEAP.map(|method| probe(&cx, Arc::clone(&session), method, finished.clone()));
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
                        cx.rule("PLUG-009")
                            .broken(format!("{method} is answered while Create runs"), got);
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

/// What was seen of one method during a long call.
#[derive(Debug, Default)]
struct Probed {
    answered: usize,
    longest: Duration,
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
        if let Some(failure) = self.failure {
            Judgement::Broken(failure)
        } else if self.longest > limit {
            Judgement::Broken(format!("an answer took {:.0} ms", milliseconds(self.longest)))
        } else if self.answered <= SLIPPED && self.longest >= BLOCKED && self.longest * 2 >= whole {
            Judgement::Broken(format!(
                "a call took {:.0} ms beside a Create of {:.0} ms",
                milliseconds(self.longest),
                milliseconds(whole)
            ))
        } else if self.answered > 0 {
            Judgement::Answered
        } else {
            Judgement::TooFast
        }
    }
}

/// Calls `method` again and again until `finished`.
async fn probe(
    cx: &Context,
    session: Arc<Session>,
    method: &'static str,
    finished: watch::Receiver<bool>,
) -> Result<Probed, Stop> {
    let mut probed = Probed::default();
    let waits = cx.limits().process_waits();
    while !*finished.borrow() {
        let started = Instant::now();
        let outcome = raw::ask(cx, &session, method, Argument::Empty).await?;
        probed.longest = probed.longest.max(started.elapsed());
        match outcome {
            Err(error) => {
                probed.failure = Some(format!("{method} failed: {error}"));
                break;
            }
            Ok(_) if !*finished.borrow() => probed.answered += 1,
            Ok(_) => {}
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
        let probed = |answered, longest, failure: Option<&str>| Probed {
            answered,
            longest: Duration::from_millis(longest),
            failure: failure.map(str::to_owned),
        };
        let judge = |probed: Probed| probed.judge(Duration::from_secs(5), Duration::from_millis(140));
        assert_eq!(judge(probed(3, 2, None)), Judgement::Answered);
        assert_eq!(judge(probed(9, 100, None)), Judgement::Answered);
        assert_eq!(judge(probed(1, 60, None)), Judgement::Answered);
        assert_eq!(judge(probed(0, 3, None)), Judgement::TooFast);
        assert!(matches!(judge(probed(0, 130, None)), Judgement::Broken(_)));
        // One call may slip in before the long one.
        assert!(matches!(judge(probed(1, 130, None)), Judgement::Broken(_)));
        assert!(matches!(judge(probed(9, 6_000, None)), Judgement::Broken(_)));
        assert!(matches!(judge(probed(1, 1, Some("died"))), Judgement::Broken(_)));
    }

    #[test]
    fn only_the_words_of_net_rpc_say_missing() {
        assert!(says_missing(&Error::remote(
            "rpc: can't find method RPCServerDriver.Kill"
        )));
        assert!(says_missing(&Error::remote(
            "rpc: can't find service RpcServerDriver.Kill"
        )));
        assert!(!says_missing(&Error::remote(
            "gob: decoding into local type *struct {}, received remote type int"
        )));
    }
}
