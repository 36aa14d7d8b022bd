//! Exhaustive single faults, and pairs of faults.
//!
//! An operation is carried out once without faults, and the provider calls that it makes are noted. Then it is
//! carried out once for each of these calls and each kind of fault. After each case the provider is healthy again;
//! the machine is removed from the record as a host would have saved it, and the inventory must be back at what it was
//! before. Operations that keep the machine (power and state) are tried on one machine in turn: each case must leave
//! it usable for the next one, and it is removed at the end.
//!
//! Pairs are a fault in `Create` and one in the roll-back that follows (`roll_back`); there are many, so the seed chooses.

mod case;
mod judge;
mod kind;
mod operation;
mod plan;
mod roll_back;
mod stage;
mod summary;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use tokio::task::JoinSet;

use self::{
    case::{Case, Done},
    kind::Kind,
    plan::Call,
    stage::{Stage, process_for},
};
use crate::{
    check::{Need, Stop},
    context::Context,
    engine::record_provider_calls,
    event::{CallRecord, LogRecord},
};

pub(crate) use self::{operation::Operation, roll_back::sweep_roll_back};

/// Group of the checks that are sweeps.
pub(crate) const GROUP: &str = "sweep";

/// Cases that one machine serves for, before another one is worth its `Create`.
const CASES_A_MACHINE: usize = 16;

/// Sweeps `operation` and records every problem.
///
/// # Errors
/// [`Stop`] if the operation fails without a fault, or a case breaks off.
pub(crate) async fn sweep(cx: Context, operation: Operation) -> Result<(), Stop> {
    let reference = Reference::of(&cx, operation).await?;
    if reference.calls.is_empty() {
        return Err(Stop::NotTested(format!("{} makes no call of the provider", operation.method())));
    }
    let (kinds, left_out) = kinds(&cx, &Kind::ALL);
    let cases = reference.calls.iter().flat_map(|call| {
        let fitting = kinds.iter().filter(|kind| kind.fits(operation, call));
        fitting.map(|kind| Case { operation, call: call.clone(), kind: *kind, then: None })
    });
    let done = carry_out(&cx, operation, cases.collect()).await?;
    summary::report(&cx, operation, done, left_out, reference)
}

/// Carries cases out, as many at the same time as the run has jobs; the results are in the order of the cases.
async fn carry_out(cx: &Context, operation: Operation, cases: Vec<Case>) -> Result<Vec<Done>, Stop> {
    let workers =
        if operation.keeps_the_machine() { cases.len().div_ceil(CASES_A_MACHINE) } else { cases.len() };
    let queue: VecDeque<(usize, Case)> = cases.into_iter().enumerate().collect();
    let queue = Arc::new(Mutex::new(queue));
    let mut working = JoinSet::new();
    for worker in 0..workers.min(cx.jobs()) {
        working.spawn(work(cx.clone(), operation, worker, Arc::clone(&queue)));
    }
    let mut done = Vec::new();
    while let Some(joined) = working.join_next().await {
        done.extend(joined.map_err(|error| Stop::Suite(format!("a case of the sweep broke: {error}")))?);
    }
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, done)| done).collect())
}

/// Takes one case after the other.
async fn work(
    cx: Context,
    operation: Operation,
    worker: usize,
    queue: Arc<Mutex<VecDeque<(usize, Case)>>>,
) -> Vec<(usize, Done)> {
    let mut stage = None;
    let mut finished = Vec::new();
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    while let Some((index, case)) = next() {
        let Ok(_permit) = Arc::clone(cx.case_permits()).acquire_owned().await else {
            break;
        };
        let done = case.run(&cx, index, &mut stage).await;
        finished.push((index, done));
    }
    if let Some(stage) = stage {
        let label = format!("the faults of {} on machine {}", operation.method(), worker + 1);
        let problems = stage.clear(&label).await;
        if let Some((_, last)) = finished.last_mut() {
            last.add(problems);
        }
    }
    finished
}

/// Those of `wanted` that this run can inject, and the others with the reason.
fn kinds(cx: &Context, wanted: &[Kind]) -> (Vec<Kind>, Vec<String>) {
    let mut left_out = Vec::new();
    let kinds = wanted.iter().copied().filter(|kind| {
        let reason = if kind.victim().is_some() && !cx.offers(Need::Process) {
            Need::Process.missing()
        } else if !cx.tenant().can_inject(&kind.fault()) {
            "this provider has no such fault"
        } else {
            return true;
        };
        left_out.push(format!("{}: {reason}", kind.words()));
        false
    });
    (kinds.collect(), left_out)
}

/// The operation without faults.
struct Reference {
    calls: Vec<Call>,
    records: Vec<CallRecord>,
    log: Vec<LogRecord>,
}

impl Reference {
    async fn of(sweep: &Context, operation: Operation) -> Result<Self, Stop> {
        let _permit = Arc::clone(sweep.case_permits()).acquire_owned().await;
        let stage = Stage::set(sweep, operation, "without faults: stage").await?;
        let cx = match stage.context("without faults").await {
            Ok(cx) => cx,
            Err(stop) => {
                stage.strike().await;
                return Err(stop);
            }
        };
        let reference = Self::on_stage(&cx, operation, &stage).await;
        sweep.recorder().absorb(cx.recorder().observations());
        if operation != Operation::Create {
            cx.end_case(false).await;
        }
        stage.strike().await;
        reference
    }

    async fn on_stage(cx: &Context, operation: Operation, stage: &Stage) -> Result<Self, Stop> {
        let machine = stage.machine.in_context(cx);
        let session = process_for(cx, &machine, operation).await?;
        let begun = Instant::now();
        let outcome = operation.call(&session).await;
        outcome
            .map_err(|error| cx.prerequisite(&format!("{} without faults", operation.method()), &error))?;
        let mut requests = cx.tenant().requests().await?;
        requests.retain(|request| request.at >= begun);
        record_provider_calls(cx.recorder(), cx.tenant().as_ref()).await;
        let (records, log) = cx.recorder().finish();
        Ok(Self { calls: plan::calls(&requests), records, log })
    }
}
