//! Two faults: a change of `Create` goes wrong, and so does a call of the roll-back that follows.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use futures_util::future::join_all;

use super::{
    Reference, carry_out,
    case::Case,
    kind::Kind,
    kinds,
    operation::Operation,
    plan::{self, Call},
    stage::Stage,
    summary,
};
use crate::{check::Stop, context::Context};

/// Faults by which `Create` fails, so that it rolls back.
const FIRST: [Kind; 2] = [Kind::Refused, Kind::BootFails];
/// Pairs that a run tries.
const MOST_PAIRS: usize = 14;

/// Tries pairs of faults, chosen by the seed, and records every problem.
///
/// # Errors
/// [`Stop`] if `Create` fails without a fault, rolls nothing back, or a case breaks off.
pub(crate) async fn sweep_roll_back(cx: Context) -> Result<(), Stop> {
    let reference = Reference::of(&cx, Operation::Create).await?;
    let (first, mut left_out) = kinds(&cx, &FIRST);
    let (second, also_left_out) = kinds(&cx, &Kind::IN_ROLL_BACK);
    left_out.extend(also_left_out);
    let changes = reference.calls.iter().filter(|call| call.mutating);
    let causes: Vec<(Call, Kind)> =
        changes.flat_map(|call| first.iter().map(|kind| (call.clone(), *kind))).collect();
    let undone = join_all(causes.iter().enumerate().map(|(index, (call, kind))| {
        let label = format!("roll-back {index}");
        let (cx, reference) = (&cx, &reference);
        async move { undone_after(cx, &label, call, *kind, reference).await }
    }));
    let undone = undone.await;
    let mut pairs = Vec::new();
    for ((call, kind), undone) in causes.iter().zip(undone) {
        for undone in undone? {
            pairs.extend(second.iter().map(|then| Case {
                operation: Operation::Create,
                call: call.clone(),
                kind: *kind,
                then: Some((undone.clone(), *then)),
            }));
        }
    }
    if pairs.is_empty() {
        return Err(Stop::NotTested(
            "a Create that fails makes no change at the provider afterwards".to_owned(),
        ));
    }
    let possible = pairs.len();
    let chosen = chosen(&cx, pairs);
    if chosen.len() < possible {
        left_out
            .push(format!("{} of {possible} pairs; another seed chooses others", possible - chosen.len()));
    }
    let done = carry_out(&cx, Operation::Create, chosen).await?;
    summary::report(&cx, Operation::Create, done, left_out, reference)
}

/// The pairs that the seed chooses, in the order of the calls.
fn chosen(cx: &Context, pairs: Vec<Case>) -> Vec<Case> {
    let mut drawn: Vec<(u64, usize, Case)> = pairs
        .into_iter()
        .enumerate()
        .map(|(index, case)| (cx.random(&case.to_string()), index, case))
        .collect();
    drawn.sort_by_key(|(number, ..)| *number);
    drawn.truncate(MOST_PAIRS);
    drawn.sort_by_key(|(_, index, _)| *index);
    drawn.into_iter().map(|(.., case)| case).collect()
}

/// Changes that a `Create` which fails at `call` makes, and one that succeeds does not: its roll-back.
async fn undone_after(
    sweep: &Context,
    label: &str,
    call: &Call,
    kind: Kind,
    reference: &Reference,
) -> Result<Vec<Call>, Stop> {
    let _permit = Arc::clone(sweep.case_permits()).acquire_owned().await;
    let stage = Stage::set(sweep, Operation::Create, label).await?;
    let calls = failing_create(sweep, &stage, label, call, kind).await;
    stage.strike().await;
    let usual: BTreeSet<&str> = reference.calls.iter().map(|call| call.name.as_str()).collect();
    let mut calls = calls?;
    calls.retain(|call| call.mutating && !usual.contains(call.name.as_str()));
    Ok(calls)
}

async fn failing_create(
    sweep: &Context,
    stage: &Stage,
    label: &str,
    call: &Call,
    kind: Kind,
) -> Result<Vec<Call>, Stop> {
    let cx = stage.context(label).await?;
    let session = stage.machine.session();
    let begun = Instant::now();
    cx.tenant().set_faults(kind.plan(call)).await?;
    // It fails, or the fault means nothing to this call; then there is nothing to undo. Both are judged elsewhere.
    let _ = Operation::Create.call(&session).await;
    let mut requests = cx.tenant().requests().await?;
    requests.retain(|request| request.at >= begun);
    cx.tenant().heal().await?;
    sweep.recorder().absorb(cx.recorder().observations());
    Ok(plan::calls(&requests))
}
