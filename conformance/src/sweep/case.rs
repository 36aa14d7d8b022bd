//! One case: one fault at one call.

use std::{fmt, sync::Arc, time::Instant};

use machine_driver::{Error, State};
use machine_mock_providers::faults::FaultPlan;

use super::{
    judge,
    kind::{Kind, SECOND_REASON, Victim},
    operation::Operation,
    plan::{Call, Place},
    stage::{self, Stage},
};
use crate::{
    check::Stop,
    context::Context,
    engine::record_provider_calls,
    event::{CallRecord, CallTarget, CaseOutcome, LogRecord, Problem, SweepCase},
    provider::objects_of,
    session::Session,
    world::Object,
};

/// A fault at a call, and perhaps another one later.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) operation: Operation,
    pub(super) call: Call,
    pub(super) kind: Kind,
    /// The second fault, at a call that the first one has led to.
    pub(super) then: Option<(Call, Kind)>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} with {}: {}", self.operation.method(), self.call, self.kind.words())?;
        match &self.then {
            None => Ok(()),
            Some((call, kind)) => write!(f, ", then {call}: {}", kind.words()),
        }
    }
}

/// How the operation ended.
pub(super) enum Outcome {
    /// It returned; `GetState` has an answer.
    Returned(Result<Option<State>, Error>),
    /// Its process was killed.
    Killed,
}

/// A case that was carried out, with everything needed to understand it.
pub(super) struct Done {
    pub(super) case: SweepCase,
    pub(super) problems: Vec<Problem>,
    pub(super) calls: Vec<CallRecord>,
    pub(super) log: Vec<LogRecord>,
    /// Why it broke off.
    pub(super) stop: Option<Stop>,
}

/// What came of trying a case.
enum Tried {
    /// The fault has hit; what is left at the provider.
    Judged(Vec<Object>),
    /// The fault has not hit: the operation made so many calls of this name.
    Missed(u32),
}

/// A case that was not reached or broke off is tried so often.
const TRIES: u32 = 3;

impl Case {
    /// Carries the case out, on `stage` if there is one. What is left of the stage can be used again.
    pub(super) async fn run(mut self, sweep: &Context, index: usize, stage: &mut Option<Stage>) -> Done {
        let mut tries = 0;
        loop {
            tries += 1;
            let label = format!("case {index} try {tries}");
            let (done, tried) = self.try_once(sweep, &label, stage).await;
            match tried {
                Ok(Tried::Missed(calls)) if tries < TRIES && self.call.place == Place::Last && calls > 0 => {
                    // The last one had another number this time.
                    self.call.number = calls;
                }
                Err(Stop::Prerequisite(_)) if tries < TRIES && done.problems.is_empty() => {}
                _ => return done,
            }
        }
    }

    fn plan(&self) -> FaultPlan {
        let second = self.then.iter().map(|(call, kind)| kind.at(call, SECOND_REASON));
        self.kind.plan(&self.call).faults.into_iter().chain(second).collect()
    }

    fn victim(&self) -> Option<Victim> {
        self.then.as_ref().map_or(self.kind, |(_, kind)| *kind).victim()
    }

    async fn try_once(
        &self,
        sweep: &Context,
        label: &str,
        stage: &mut Option<Stage>,
    ) -> (Done, Result<Tried, Stop>) {
        let set = match stage.take() {
            Some(stage) => stage,
            None => match Stage::set(sweep, self.operation, &format!("{label} stage")).await {
                Ok(stage) => stage,
                Err(stop) => return (self.broken_off(stop.clone()), Err(stop)),
            },
        };
        let cx = match set.context(label).await {
            Ok(cx) => cx,
            Err(stop) => {
                set.strike().await;
                return (self.broken_off(stop.clone()), Err(stop));
            }
        };
        let tried = self.on_stage(&cx, &set).await;
        let done = self.done(sweep, &cx, &tried).await;
        if self.operation != Operation::Create {
            cx.end_case(false).await;
        }
        let again = self.operation.keeps_the_machine()
            && done.problems.is_empty()
            && matches!(tried, Ok(Tried::Judged(_)));
        if again {
            *stage = Some(set);
        } else {
            set.strike().await;
        }
        (done, tried)
    }

    async fn on_stage(&self, cx: &Context, stage: &Stage) -> Result<Tried, Stop> {
        let machine = stage.machine.in_context(cx);
        let session = stage::process_for(cx, &machine, self.operation).await?;
        let before = cx.inventory().await?;
        let begun = Instant::now();
        cx.tenant().set_faults(self.plan()).await?;
        let outcome = match self.victim() {
            None => Outcome::Returned(self.operation.call(&session).await),
            Some(victim) => self.kill_during_call(cx, &session, victim).await?,
        };
        let hits = cx.tenant().fault_hits().await?;
        cx.tenant().heal().await?;
        if hits.contains(&0) {
            let requests = cx.tenant().requests().await?.into_iter();
            let calls = requests.filter(|request| request.at >= begun && request.name == self.call.name);
            return Ok(Tried::Missed(u32::try_from(calls.count()).unwrap_or(u32::MAX)));
        }
        judge::judge(cx, self, &machine, stage, &before, begun, outcome).await.map(Tried::Judged)
    }

    /// Calls the operation and kills somebody as soon as the provider holds the call.
    async fn kill_during_call(
        &self,
        cx: &Context,
        session: &Session,
        victim: Victim,
    ) -> Result<Outcome, Stop> {
        let host =
            session.host().ok_or_else(|| Stop::Suite("a driver in-process cannot be killed".to_owned()))?;
        let limits = cx.limits();
        let started = cx.recorder().elapsed();
        let mut called = tokio::spawn(self.operation.call_in_vain(Arc::clone(session.driver())));
        let held = async {
            loop {
                if cx.tenant().fault_hits().await?.last().is_some_and(|hits| *hits > 0) {
                    return Ok::<_, Stop>(());
                }
                limits.process_waits().pause(&limits.sample()).await;
            }
        };
        let reached = tokio::select! {
            held = held => held.map(|()| true)?,
            _ = &mut called => false,
            () = tokio::time::sleep(limits.operation()) => false,
        };
        if reached && victim == Victim::Host {
            // Nobody sends heartbeats or reads answers any more. What the plugin does until it ends, it does alone.
            host.hang_up();
            let limit = limits.process_waits().scale(limits.orphan().deadline);
            let _ = host.wait_exit(limit).await;
        }
        host.kill().await;
        called.abort();
        let (call, kind) = self.then.as_ref().map_or((&self.call, self.kind), |(call, kind)| (call, *kind));
        let how = format!("{} at {call}", kind.words());
        cx.recorder().call(
            CallTarget::Driver(session.number()),
            started,
            self.operation.method(),
            "",
            Err(&how),
        );
        Ok(Outcome::Killed)
    }

    async fn done(&self, sweep: &Context, cx: &Context, tried: &Result<Tried, Stop>) -> Done {
        record_provider_calls(cx.recorder(), cx.tenant().as_ref()).await;
        let problems = cx.take_problems();
        if let Some(what) = cx.recorder().first_timeout() {
            sweep.recorder().timed_out(format!("{what} ({self})"));
        }
        sweep.recorder().absorb(cx.recorder().observations());
        let (calls, log) = cx.recorder().finish();
        let left = match tried {
            Ok(Tried::Judged(left)) => left.as_slice(),
            _ => &[],
        };
        let outcome = match tried {
            _ if !left.is_empty() => CaseOutcome::Leaked,
            _ if !problems.is_empty() => CaseOutcome::Broken,
            Ok(Tried::Judged(_)) => CaseOutcome::Held,
            Ok(Tried::Missed(_)) => CaseOutcome::NotReached,
            Err(_) => CaseOutcome::BrokenOff,
        };
        let mut case = self.blank(outcome);
        case.left = left
            .iter()
            .map(|object| cx.recorder().clean(&objects_of(std::slice::from_ref(object))))
            .collect();
        for problem in &problems {
            if !case.clauses.contains(&problem.clause) {
                case.clauses.push(problem.clause.clone());
            }
        }
        Done { case, problems, calls, log, stop: tried.as_ref().err().cloned() }
    }

    fn broken_off(&self, stop: Stop) -> Done {
        Done {
            case: self.blank(CaseOutcome::BrokenOff),
            problems: Vec::new(),
            calls: Vec::new(),
            log: Vec::new(),
            stop: Some(stop),
        }
    }

    fn blank(&self, outcome: CaseOutcome) -> SweepCase {
        let (mut call, mut fault) = (self.call.to_string(), self.kind.words().to_owned());
        if let Some((second, kind)) = &self.then {
            call = format!("{call}, then {second}");
            fault = format!("{fault}, then {}", kind.words());
        }
        SweepCase {
            call,
            mutating: self.call.mutating,
            fault,
            outcome,
            clauses: Vec::new(),
            left: Vec::new(),
        }
    }
}
