//! The engine: plan, schedule, events, verdicts. Checks run concurrently, each with its own store, machine names and
//! part of the provider, so that one hanging driver costs one check.

mod decide;
mod execute;
mod leave;
mod plan;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
    time::{Instant, SystemTime},
};

use tokio::{
    sync::{Semaphore, mpsc, watch},
    task::JoinSet,
};

pub use decide::KnownFailure;
pub(crate) use execute::{KEPT, record_provider_calls};
pub use leave::Pause;
pub(crate) use plan::Conditions;

use crate::{
    calendar,
    check::{Check, Need},
    event::{CheckResult, Event, EventKind, Guests, RunInfo, Summary},
    facts::{Examples, Facts, GivenValue},
    limits::Limits,
    model,
    recorder::{Observations, Recorder},
    redact::Redactor,
    session::Session,
    spec::RequirementSet,
    subject::{Launch, LineSink, Subject},
    summary::summarise,
    world::World,
};

/// Everything that a run needs.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "front ends fill it in")]
pub struct Setup {
    /// The driver.
    pub subject: Arc<dyn Subject>,
    /// The provider.
    pub world: Arc<dyn World>,
    /// The selected checks, in the order of reports.
    pub checks: Vec<&'static Check>,
    /// What is asked of the driver. Problems under other clauses are recorded, and change no verdict.
    pub requirements: &'static RequirementSet,
    /// Values for the driver's flags, by flag name.
    pub flags: BTreeMap<String, GivenValue>,
    /// Options that the driver must refuse or take, as the profile says.
    pub examples: Examples,
    /// Secrets by name, beside those of the world.
    pub secrets: Vec<(String, String)>,
    /// What the driver lacks, with the reason, as the profile says.
    pub lacks: BTreeMap<Need, String>,
    /// `ID` of the guests' `/etc/os-release`, as the profile says; `None` if every system that hosts provision is right.
    pub guest_os: Option<String>,
    /// Checks that are known to fail.
    pub known_failures: Vec<KnownFailure>,
    /// How many walks there are, and which.
    pub walks: Arc<model::Settings>,
    /// Seed of every random choice.
    pub seed: u64,
    /// Checks that run at the same time; at least 1.
    pub jobs: usize,
    /// Factor for all limits and waits.
    pub timeout_factor: f64,
    /// Whether no further check starts after one that breaks the run.
    pub fail_fast: bool,
    /// Whether machines are left for the user to look at.
    pub keep: bool,
    /// Who looks at each failed check before it is cleaned up.
    pub pause: Option<Arc<dyn Pause>>,
    /// Command line of the run, without `--only`, for the rerun line of each check.
    pub rerun: String,
    /// What reports say about the driver beyond its answers.
    pub description: Description,
}

/// What reports say about a driver beyond its answers.
#[derive(Clone, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "front ends fill it in")]
pub struct Description {
    /// Path of its source, as the profile names it.
    pub source: Option<String>,
    /// Text of the profile, without secrets.
    pub profile: Option<String>,
}

/// Asks the driver for its name and flags, as a host does before `create`.
///
/// A driver that fails here still gets its verdict: checks about starting it will say what is wrong.
pub async fn look_up(subject: &dyn Subject, wait_factor: f64) -> Facts {
    let limits = Limits::new(1.0, 1.0);
    match subject.start(Launch::new(LineSink::discard(), wait_factor)).await {
        Err(error) => Facts::unknown(format!("the driver does not start: {error}")),
        Ok(started) => {
            let recorder = Recorder::new(Arc::new(Redactor::default()));
            let session = Session::new(1, started.driver, started.host, recorder, limits);
            let facts = Facts::ask(&session).await;
            session.close().await;
            facts
        }
    }
}

/// Runs the checks and sends every event to `events`. The last event is [`EventKind::RunFinished`].
///
/// When `cancelled` becomes true no further check starts, running ones are cleaned up, and the summary says so.
pub async fn run(
    setup: Setup,
    facts: Facts,
    events: mpsc::UnboundedSender<Event>,
    cancelled: watch::Receiver<bool>,
) -> Summary {
    let start = Instant::now();
    let (setup, facts) = (Arc::new(setup), Arc::new(facts));
    let run = Run { setup, facts, start, events, cancelled, enough: Arc::default() };
    run.send(EventKind::RunStarted(run.info()));
    let mut results = Vec::new();
    let (always_on, ordinary): (Vec<_>, Vec<_>) =
        run.setup.checks.iter().copied().partition(|check| check.needs.contains(&Need::WholeRun));
    let ordinary = longest_first(ordinary);
    let earlier = run.phase(&ordinary, &Observations::default(), &mut results).await;
    run.phase(&always_on, &earlier, &mut results).await;
    let summary = summarise(&results, run.elapsed_ms(), *run.cancelled.borrow());
    run.send(EventKind::RunFinished(summary.clone()));
    summary
}

/// Clauses about drivers that give up: their checks wait as long as the driver does.
const GIVES_UP: [&str; 4] = ["CREATE-017", "FAULT-005", "START-010", "STOP-007"];

/// Checks that wait until drivers give up start first, then others that make the provider fail: what starts last ends
/// last.
fn longest_first(mut checks: Vec<&'static Check>) -> Vec<&'static Check> {
    checks.sort_by_key(|check| {
        let gives_up = check.clauses.first().is_some_and(|main| GIVES_UP.contains(main));
        (!gives_up, !check.needs.contains(&Need::Faults))
    });
    checks
}

struct Run {
    setup: Arc<Setup>,
    facts: Arc<Facts>,
    start: Instant,
    events: mpsc::UnboundedSender<Event>,
    cancelled: watch::Receiver<bool>,
    /// The check after which no further one starts.
    enough: Arc<OnceLock<String>>,
}

impl Run {
    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn send(&self, kind: EventKind) {
        // A front end that stopped listening has no use for the event.
        let _ = self.events.send(Event::new(self.elapsed_ms(), kind));
    }

    /// Runs some checks, and returns what they observed together.
    async fn phase(
        &self,
        checks: &[&'static Check],
        earlier: &Observations,
        results: &mut Vec<CheckResult>,
    ) -> Observations {
        let jobs = self.setup.jobs.max(1);
        let cases = Arc::new(Semaphore::new(jobs));
        let mut waiting = Vec::new();
        for &check in checks {
            match plan::without_running(&self.setup, check, self.elapsed_ms()) {
                Some(result) => self.finished(result, results),
                None => waiting.push(check),
            }
        }
        let mut waiting = waiting.into_iter();
        let mut running = JoinSet::new();
        let mut observed = earlier.clone();
        loop {
            while running.len() < jobs
                && let Some(check) = waiting.next()
            {
                running.spawn(self.start(check, earlier.clone(), Arc::clone(&cases)));
            }
            let Some(joined) = running.join_next().await else {
                return observed;
            };
            // Panics of checks are caught where they run; a task is never aborted.
            if let Ok((result, observations)) = joined {
                observed.absorb(observations);
                self.finished(result, results);
            }
        }
    }

    /// Carries one check out, unless the run is over.
    fn start(
        &self,
        check: &'static Check,
        earlier: Observations,
        cases: Arc<Semaphore>,
    ) -> impl Future<Output = (CheckResult, Observations)> + Send + use<> {
        let (setup, facts) = (Arc::clone(&self.setup), Arc::clone(&self.facts));
        let (events, start, cancelled) = (self.events.clone(), self.start, self.cancelled.clone());
        let enough = Arc::clone(&self.enough);
        async move {
            if *cancelled.borrow() {
                return execute::interrupted(&setup, check);
            }
            if let Some(failed) = enough.get() {
                return execute::not_started(&setup, check, &format!("{failed} ended the run"));
            }
            let started = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
            let _ = events.send(Event::new(started, EventKind::CheckStarted { id: check.id.to_owned() }));
            let surroundings = execute::Surroundings { started, earlier, cases };
            let fail_fast = setup.fail_fast;
            let (result, observations) = execute::check(setup, facts, check, surroundings, cancelled).await;
            // Before the next check starts.
            if fail_fast && result.verdict.breaks_the_run() {
                // The first one is named; what was under way meanwhile may fail as well.
                let _ = enough.set(result.id.clone());
            }
            (result, observations)
        }
    }

    fn finished(&self, result: CheckResult, results: &mut Vec<CheckResult>) {
        self.send(EventKind::CheckFinished(Box::new(result.clone())));
        results.push(result);
    }

    fn info(&self) -> RunInfo {
        let requirements = self.setup.requirements;
        let clauses: BTreeSet<_> = self
            .setup
            .checks
            .iter()
            .flat_map(|check| check.clauses.iter())
            .filter(|clause| requirements.level(clause).is_some())
            .collect();
        RunInfo {
            suite_version: env!("CARGO_PKG_VERSION").to_owned(),
            specification: requirements.name().to_owned(),
            driver: self.setup.subject.label(),
            driver_name: self.facts.driver_name.clone(),
            provider: self.setup.world.kind().to_owned(),
            seed: self.setup.seed,
            jobs: self.setup.jobs,
            checks: self.setup.checks.iter().map(|check| check.id.to_owned()).collect(),
            clauses_selected: clauses.len(),
            clauses_total: requirements.len(),
            started_at: calendar::rfc3339(SystemTime::now()),
            environment: [
                ("os", Some(std::env::consts::OS)),
                ("arch", Some(std::env::consts::ARCH)),
                ("guests", self.setup.world.guests().map(Guests::word)),
            ]
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
            .collect(),
            source: self.setup.description.source.clone(),
            profile: self.setup.description.profile.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
