//! Runs one check from its own folder and tenant to its clean-up.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tokio::sync::{Semaphore, watch};

use super::{
    decide::{self, Ending},
    leave,
};
use crate::{
    check::{Check, Need, Stop},
    context::{Context, Given},
    engine::Setup,
    event::{CheckResult, InventoryRecord, LogRecord, StateRecord},
    facts::Facts,
    limits::Limits,
    machine::Machine,
    model,
    recorder::{self, Observations, Recorder, Times},
    redact::Redactor,
    sweep,
    verdict::Verdict,
    world::{Object, ObservedTenant, Tenant},
};

/// Begins the notes about what `--keep` leaves.
pub(crate) const KEPT: &str = "kept: ";

fn is_failure(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Fail
            | Verdict::DriverTimeout
            | Verdict::Stale
            | Verdict::EnvironmentError
            | Verdict::SuiteError
    )
}

/// A result without content.
pub(super) fn blank(setup: &Setup, check: &Check, at_ms: u64) -> CheckResult {
    CheckResult {
        id: check.id.to_owned(),
        title: check.title.to_owned(),
        clauses: check.clauses.iter().map(|&clause| clause.to_owned()).collect(),
        level: setup.requirements.level_of(check),
        verdict: Verdict::NotTested,
        reason: None,
        blocked: false,
        problems: Vec::new(),
        calls: Vec::new(),
        log: Vec::new(),
        started_ms: at_ms,
        duration_ms: 0,
        rerun: format!("{} --only {} --seed {}", setup.rerun, check.id, setup.seed),
        sweep: None,
        walks: None,
        inventory: None,
        states: Vec::new(),
        waits: Vec::new(),
        guests: setup.world.guests().filter(|_| check.needs.contains(&Need::Guest)),
    }
}

/// The result of a check that the user's interruption kept from starting.
pub(super) fn interrupted(setup: &Setup, check: &Check) -> (CheckResult, Observations) {
    not_started(setup, check, "the run was interrupted")
}

/// The result of a check that was selected and did not start.
pub(super) fn not_started(setup: &Setup, check: &Check, reason: &str) -> (CheckResult, Observations) {
    let mut result = blank(setup, check, 0);
    result.reason = Some(reason.to_owned());
    (result, Observations::default())
}

/// What a check gets from the run that it is part of.
pub(super) struct Surroundings {
    /// Milliseconds since the start of the run.
    pub(super) started: u64,
    /// What the checks before observed.
    pub(super) earlier: Observations,
    /// Permits for cases of sweeps.
    pub(super) cases: Arc<Semaphore>,
}

/// Runs `check` and cleans up after it.
pub(super) async fn check(
    setup: Arc<Setup>,
    facts: Arc<Facts>,
    check: &'static Check,
    surroundings: Surroundings,
    cancelled: watch::Receiver<bool>,
) -> (CheckResult, Observations) {
    let mut result = blank(&setup, check, surroundings.started);
    let tenant = match setup.world.tenant(check.id).await {
        Ok(tenant) => tenant,
        Err(error) => return environment_error(result, format!("the provider cannot be used: {error}")),
    };
    let private = match tempfile::Builder::new().prefix("machine-conformance-").tempdir() {
        Ok(private) => private,
        Err(error) => return environment_error(result, format!("cannot make a temporary folder: {error}")),
    };
    let secrets = setup.secrets.iter().cloned().chain(tenant.secrets());
    let recorder = Recorder::new(Arc::new(Redactor::new(secrets)));
    let limits = Limits::new(setup.world.pace(), setup.timeout_factor).observed_by(recorder.clone());
    let before = objects(&recorder, tenant.as_ref()).await;
    let tenant: Arc<dyn Tenant> = Arc::new(ObservedTenant::new(tenant, recorder.clone()));
    let cx = Context::new(Given {
        check: *check,
        setup: Arc::clone(&setup),
        facts,
        tenant: Arc::clone(&tenant),
        limits: limits.clone(),
        recorder: recorder.clone(),
        private: private.path().to_owned(),
        earlier: surroundings.earlier,
        cases: surroundings.cases,
    });
    let ending = ending(&cx, check, &limits, cancelled.clone()).await;
    let interrupted_now = *cancelled.borrow();
    result.problems = cx.take_problems();
    result.sweep = cx.take_sweep();
    result.walks = cx.take_walks();
    let stopped_early = matches!(ending, Ending::Returned(Err(Stop::Prerequisite(_))));
    (result.verdict, result.reason) = decide::verdict(ending, &result.problems, recorder.first_timeout());
    result.reason = result.reason.map(|reason| recorder.clean(&reason));
    // Without machines it is the run that lacks something: flags, credentials, a system that the driver works on.
    result.blocked =
        stopped_early && result.verdict == Verdict::NotTested && check.needs.contains(&Need::Machine);
    decide::apply_known_failures(&mut result, &setup.known_failures);
    result.duration_ms = u64::try_from(recorder.elapsed().as_millis()).unwrap_or(u64::MAX);
    record_provider_calls(&recorder, tenant.as_ref()).await;
    (result.calls, result.log) = recorder.finish();
    result.waits = recorder.waits();
    if let (Some(before), Some(after)) = (before, objects(&recorder, tenant.as_ref()).await) {
        result.inventory = Some(InventoryRecord { before, after, cleaned: None });
    }
    let observations = recorder.observations();
    let machines = cx.machines();
    if setup.keep {
        for line in leave::describe(&cx, &machines, &limits).await {
            result.log.push(note(&recorder, &format!("{KEPT}{line}")));
        }
        let folder = private.keep();
        result.log.push(note(&recorder, &format!("{KEPT}folder {}", folder.display())));
        result.states = states(&recorder, tenant.as_ref()).await;
    } else {
        if let Some(pause) = &setup.pause
            && is_failure(result.verdict)
            && !interrupted_now
        {
            pause.failed(&result, &leave::describe(&cx, &machines, &limits).await).await;
        }
        let mut notes = clean_up(&cx, &machines, &limits).await;
        notes.append(&mut tenant.sweep().await);
        for line in notes {
            result.log.push(note(&recorder, &line));
        }
        if let Some(inventory) = &mut result.inventory {
            inventory.cleaned = objects(&recorder, tenant.as_ref()).await;
        }
        result.states = states(&recorder, tenant.as_ref()).await;
        tenant.close().await;
    }
    (result, observations)
}

async fn ending(
    cx: &Context,
    check: &Check,
    limits: &Limits,
    mut cancelled: watch::Receiver<bool>,
) -> Ending {
    let limit = match check.group() {
        // They limit their parts.
        sweep::GROUP | model::GROUP => limits.sweep(),
        _ if check.needs.contains(&Need::Host) => limits.story(),
        _ => limits.check(),
    };
    let running = AssertUnwindSafe((check.run)(cx.clone())).catch_unwind();
    tokio::select! {
        outcome = running => match outcome {
            Ok(returned) => Ending::Returned(returned),
            Err(panic) => Ending::Panicked(panic_text(panic.as_ref())),
        },
        () = tokio::time::sleep(limit) => {
            Ending::TooLong(format!("the check did not end within {:.0} s", limit.as_secs_f64()))
        }
        _ = cancelled.wait_for(|&cancelled| cancelled) => Ending::Interrupted,
    }
}

/// Removes every machine as a host would, then ends every process. What goes wrong is only noted: checks about
/// `Remove` decide, and the tenant is dropped as a whole.
async fn clean_up(cx: &Context, machines: &[Arc<Machine>], limits: &Limits) -> Vec<String> {
    let mut notes = Vec::new();
    for machine in machines {
        if machine.create_was_called() {
            match tokio::time::timeout(limits.operation(), machine.remove()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    notes.push(format!("clean-up: Remove of {} failed: {error}", machine.name()));
                }
                Err(_) => notes.push(format!("clean-up: Remove of {} did not end", machine.name())),
            }
        }
    }
    for session in cx.sessions() {
        session.abandon().await;
    }
    notes
}

/// The provider's objects, without secrets; `None` if it cannot be looked into.
async fn objects(recorder: &Recorder, tenant: &dyn Tenant) -> Option<Vec<Object>> {
    let mut objects = tenant.inventory().await.ok()?;
    for object in &mut objects {
        object.name = recorder.clean(&object.name);
        object.attributes.values_mut().for_each(|value| *value = recorder.clean(value));
    }
    Some(objects)
}

/// States of the instances over time. What happens while the check is cleaned up belongs to it.
async fn states(recorder: &Recorder, tenant: &dyn Tenant) -> Vec<StateRecord> {
    let changes = tenant.states().await.into_iter();
    changes
        .filter(|change| change.at >= recorder.start())
        .map(|change| StateRecord {
            at_ms: recorder::millis(change.at.saturating_duration_since(recorder.start())),
            instance: recorder.clean(&change.instance),
            state: change.state,
        })
        .collect()
}

pub(crate) async fn record_provider_calls(recorder: &Recorder, tenant: &dyn Tenant) {
    // A world without a request log has nothing to show.
    let Ok(requests) = tenant.requests().await else {
        return;
    };
    // A case may share its part of the provider with the cases before it.
    for request in requests.into_iter().filter(|request| request.at >= recorder.start()) {
        let shown = if request.failed { Err(request.status.as_str()) } else { Ok(request.status.as_str()) };
        let at = request.at.saturating_duration_since(recorder.start());
        let times = Times { at, duration: request.duration };
        recorder.provider_call(times, &request.operation, &request.body, shown, request.fault);
    }
}

fn environment_error(mut result: CheckResult, reason: String) -> (CheckResult, Observations) {
    result.verdict = Verdict::EnvironmentError;
    result.reason = Some(reason);
    (result, Observations::default())
}

fn note(recorder: &Recorder, text: &str) -> LogRecord {
    LogRecord {
        at_ms: recorder::millis(recorder.elapsed()),
        process: 0,
        stream: "suite".to_owned(),
        text: recorder.clean(text),
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}
