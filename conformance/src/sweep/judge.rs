//! What must hold after a case. The provider is healthy again.

use std::time::Instant;

use machine_driver::{Error, State};

use super::{
    case::{Case, Outcome},
    kind::{Kind, REASON},
    operation::Operation,
    stage::{Patience, Stage, left_behind},
};
use crate::{
    check::{Need, Stop},
    context::Context,
    machine::Machine,
    provider::{instances_of, left_over, objects_of},
    session::{hit_the_limit, is_crash},
    world::Object,
};

/// Text by which hosts believe that a machine is gone (ERR-007).
const GONE: &str = "not found";

/// Judges a case; what is left at the provider in the end is returned.
pub(super) async fn judge(
    cx: &Context,
    case: &Case,
    machine: &Machine,
    stage: &Stage,
    before: &[Object],
    begun: Instant,
    outcome: Outcome,
) -> Result<Vec<Object>, Stop> {
    if let Outcome::Returned(Err(error)) = &outcome {
        if !ended_well(cx, case, error) {
            // Nothing more can be said about the error.
        } else if case.then.is_some() {
            first_cause_is_told(cx, case, error);
        } else {
            error_is_right(cx, case, error);
        }
    }
    if case.kind == Kind::Refused
        && case.then.is_none()
        && case.operation.has_no_second_way()
        && let Outcome::Returned(Ok(_)) = &outcome
    {
        cx.rule("ERR-005").broken(format!("{case}: an error, for it was never done"), "nil");
    }
    for (secret, place) in cx.recorder().observations().leaked_in_errors {
        cx.rule("ERR-006").broken(
            format!("no credentials in the errors of {case}"),
            format!("the value of {secret} in {place}"),
        );
    }
    let judged = Judged { cx, case, machine, baseline: &stage.baseline };
    match case.operation {
        Operation::Create => judged.create(outcome).await,
        Operation::Remove => judged.remove(outcome, begun).await,
        Operation::GetState => judged.get_state(outcome).await,
        _ => judged.power(outcome, before).await,
    }
}

/// Whether the operation ended by itself, and its process lives.
fn ended_well(cx: &Context, case: &Case, error: &Error) -> bool {
    let text = error.to_string();
    let kind = case.then.as_ref().map_or(case.kind, |(_, kind)| *kind);
    if hit_the_limit(case.operation.method(), error) {
        let clause = match kind {
            Kind::NoAnswer => "FAULT-005",
            _ => case.operation.must_end(),
        };
        cx.rule(clause).broken(format!("an end of {case}"), text);
        return false;
    }
    if is_crash(error, cx.offers(Need::Process)) {
        let clause = if kind.makes_no_sense() { "FAULT-006" } else { "PLUG-007" };
        cx.rule(clause).broken(format!("an answer or an error of {case}, and a process that lives"), text);
        return false;
    }
    true
}

/// The error after two faults: the first is the cause, whatever becomes of the roll-back.
fn first_cause_is_told(cx: &Context, case: &Case, error: &Error) {
    if case.kind.gives_a_reason() {
        let text = error.to_string();
        cx.rule("CREATE-011").holds(
            text.contains(REASON),
            format!("{case}: an error with the first reason of the provider, {REASON:?}"),
            || text.clone(),
        );
    }
}

/// The error of the operation: whether there may be one, and what it says.
fn error_is_right(cx: &Context, case: &Case, error: &Error) {
    let (kind, text) = (case.kind, error.to_string());
    if kind == Kind::Late {
        cx.rule("FAULT-003").broken(format!("{case}: what is made is waited for until it is shown"), &text);
    }
    if kind.passes() && !case.call.mutating {
        cx.rule("FAULT-001").broken(format!("{case}: the call only reads, is made again and works"), &text);
    }
    if kind == Kind::Throttled {
        cx.rule("FAULT-002").broken(
            format!("{case}: the driver waits for the second that the provider asks for, and tries again"),
            &text,
        );
    }
    if kind.gives_a_reason() {
        cx.rule("ERR-002").holds(
            text.contains(REASON),
            format!("{case}: an error with the provider's reason {REASON:?}"),
            || text.clone(),
        );
    }
    if kind != Kind::NotFound {
        cx.rule("ERR-007").holds(
            !text.to_lowercase().contains(GONE),
            format!("{case}: an error without the words \"{GONE}\", for the provider did not say so"),
            || text.clone(),
        );
    }
}

struct Judged<'a> {
    cx: &'a Context,
    case: &'a Case,
    machine: &'a Machine,
    baseline: &'a [Object],
}

impl Judged<'_> {
    async fn create(&self, outcome: Outcome) -> Result<Vec<Object>, Stop> {
        let (cx, case) = (self.cx, self.case);
        let clause = match outcome {
            Outcome::Returned(Ok(_)) => {
                self.created().await?;
                if case.kind.hides_the_result() { "FAULT-007" } else { "RM-002" }
            }
            Outcome::Returned(Err(_)) => {
                // What a roll-back could not delete is still there.
                let left = match case.then {
                    None => left_behind(cx, self.baseline, Patience::Undone).await?,
                    Some(_) => Vec::new(),
                };
                cx.rule("CREATE-009").holds(
                    left.is_empty(),
                    format!("{case}: the failing Create deletes what it has made"),
                    || format!("there is still: {}", objects_of(&left)),
                );
                if case.then.is_none() && case.call.mutating && case.kind.gives_a_reason() {
                    "FAULT-009"
                } else {
                    "CREATE-008"
                }
            }
            Outcome::Killed => "CREATE-012",
        };
        // The record is the one before Create, unless Create succeeded.
        self.removed(clause, &format!("{case}: then Remove")).await
    }

    /// Create returned nil, so the machine is there and works.
    async fn created(&self) -> Result<(), Stop> {
        let (cx, case) = (self.cx, self.case);
        let made = instances_of(&left_over(self.baseline, &cx.inventory().await?));
        let clause = match made.len() {
            0 => "CREATE-007",
            _ if case.kind.hides_the_result() => "FAULT-007",
            _ => "CREATE-001",
        };
        cx.rule(clause).holds(
            made.len() == 1,
            format!("{case}: one instance after Create returned nil"),
            || objects_of(&made),
        );
        let runs = self.machine.settle(State::Running).await;
        let works = cx.rule("CREATE-007").succeeds(&runs, &format!("{case}: nil, so waiting for Running"));
        if works && cx.offers(Need::Guest) {
            let login = self.machine.guest("exit 0").await;
            cx.rule("CREATE-007").succeeds(&login, &format!("{case}: nil, so logging in"));
        }
        let saved = self.machine.save().await;
        saved.map_err(|error| cx.prerequisite("saving the record after Create", &error))
    }

    async fn remove(&self, outcome: Outcome, begun: Instant) -> Result<Vec<Object>, Stop> {
        let (cx, case) = (self.cx, self.case);
        match outcome {
            Outcome::Returned(Ok(_)) => {
                let left = left_behind(cx, self.baseline, Patience::Settle).await?;
                if left.is_empty() {
                    return Ok(left);
                }
                // Who is told that an object does not exist has to believe it.
                cx.rule("RM-015").holds(
                    case.kind == Kind::NotFound,
                    format!("{case}: an error, for something remains"),
                    || format!("nil, and there is still: {}", objects_of(&left)),
                );
            }
            Outcome::Returned(Err(_)) if case.call.mutating && case.kind.gives_a_reason() => {
                let left = left_behind(cx, self.baseline, Patience::Undone).await?;
                let left = instances_of(&left);
                if !left.is_empty() && !self.is_about(&left, begun).await? {
                    cx.rule("RM-014").broken(
                        format!("{case}: the instance is deleted all the same"),
                        format!("there is still: {}", objects_of(&left)),
                    );
                }
            }
            Outcome::Returned(Err(_)) | Outcome::Killed => {}
        }
        self.removed("RM-013", &format!("{case}: then Remove again")).await
    }

    /// Whether the call of the case was about one of `objects`.
    async fn is_about(&self, objects: &[Object], begun: Instant) -> Result<bool, Stop> {
        let call = &self.case.call;
        let requests = self.cx.tenant().requests().await?;
        let hit = requests
            .iter()
            .filter(|request| request.at >= begun && request.name == call.name)
            .nth(call.number as usize - 1);
        Ok(hit.is_some_and(|request| {
            objects
                .iter()
                .any(|object| request.operation.contains(&object.id) || request.body.contains(&object.id))
        }))
    }

    async fn get_state(&self, outcome: Outcome) -> Result<Vec<Object>, Stop> {
        let (cx, case) = (self.cx, self.case);
        let session = match outcome {
            Outcome::Returned(Ok(Some(state))) if case.kind != Kind::NotFound => {
                cx.rule("STATE-005").equals(
                    &format!("{case}: the state, if there is no error,"),
                    &State::Running,
                    &state,
                );
                self.machine.session()
            }
            Outcome::Returned(_) => self.machine.session(),
            Outcome::Killed => self.machine.fresh_process().await?,
        };
        cx.rule("STATE-005").answers(
            &format!("{case}: GetState afterwards"),
            &State::Running,
            &session.state().await,
        );
        Ok(Vec::new())
    }

    async fn power(&self, outcome: Outcome, before: &[Object]) -> Result<Vec<Object>, Stop> {
        let (cx, case, machine) = (self.cx, self.case, self.machine);
        let Some(wanted) = case.operation.ends_in() else {
            return Err(Stop::Suite(format!("{case} is no power operation")));
        };
        let done = match outcome {
            Outcome::Returned(Ok(_)) => cx
                .rule(case.operation.nil_means_done())
                .succeeds(&machine.settle(wanted).await, &format!("{case}: nil, so waiting for {wanted}")),
            _ => self.goes_on(wanted).await?,
        };
        let now = cx.inventory().await?;
        cx.rule("START-012").equals(
            &format!("{case}: the list of objects"),
            &objects_of(before),
            &objects_of(&now),
        );
        if done {
            // As hosts do; the next case starts from this record.
            let saved = machine.save().await;
            saved.map_err(|error| cx.prerequisite("saving the record", &error))?;
        }
        Ok(Vec::new())
    }

    /// After a failure, which hosts do not save, the next command must be able to finish the work.
    async fn goes_on(&self, wanted: State) -> Result<bool, Stop> {
        let (cx, case, machine) = (self.cx, self.case, self.machine);
        let state = machine.fresh_process().await?.state().await;
        let what = format!("{case}: then GetState in a new process");
        if !cx.rule("PERSIST-006").succeeds(&state, &what) || state.is_ok_and(|state| state == wanted) {
            return Ok(true);
        }
        let again = match case.operation {
            Operation::Start => machine.start().await,
            Operation::Stop => machine.stop().await,
            Operation::Kill => machine.kill().await,
            _ => machine.restart().await,
        };
        let what = format!("{case}: then {} again", case.operation.method());
        Ok(cx.rule("PERSIST-006").succeeds(&again, &what))
    }

    /// Removes the machine from its saved record in a new process, and looks at what is left.
    async fn removed(&self, clause: &'static str, what: &str) -> Result<Vec<Object>, Stop> {
        let cx = self.cx;
        cx.rule(clause).succeeds(&self.machine.remove().await, what);
        let left = left_behind(cx, self.baseline, Patience::Settle).await?;
        cx.rule(clause).holds(left.is_empty(), format!("{what}: the inventory back at the baseline"), || {
            format!("left behind: {}", objects_of(&left))
        });
        Ok(left)
    }
}
