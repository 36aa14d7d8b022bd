//! What a running check sees: the subject, its own part of the world, expectations, and machines.

mod cases;
mod machines;

use std::{
    collections::BTreeMap,
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU32, Ordering},
    },
};

use machine_driver::{DriverOptions, Flag};
use tokio::sync::Semaphore;

use crate::{
    check::{Check, Need, Stop},
    engine::{Conditions, Setup},
    event::{Guests, Problem, Sweep, Walks},
    expectation::Rule,
    facts::{Examples, Facts, GivenValue},
    limits::Limits,
    machine::Machine,
    model,
    recorder::{Observations, Recorder},
    session::Session,
    spec::RequirementSet,
    subject::{Launch, LineSink},
    world::{Tenant, WorldError},
};

/// Handle of a running check; cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

struct Inner {
    check: Check,
    setup: Arc<Setup>,
    facts: Arc<Facts>,
    tenant: Arc<dyn Tenant>,
    limits: Limits,
    recorder: Recorder,
    private: PathBuf,
    earlier: Observations,
    problems: Mutex<Vec<Problem>>,
    sessions: Mutex<Vec<Arc<Session>>>,
    machines: Mutex<Vec<Arc<Machine>>>,
    numbers: AtomicU32,
    cases: Arc<Semaphore>,
    sweep: Mutex<Option<Sweep>>,
    walks: Mutex<Option<Walks>>,
    /// Contexts of cases; an interruption cuts them off before they end their processes.
    parts: Mutex<Vec<Weak<Self>>>,
}

/// What the engine hands to a check.
pub(crate) struct Given {
    pub(crate) check: Check,
    pub(crate) setup: Arc<Setup>,
    pub(crate) facts: Arc<Facts>,
    pub(crate) tenant: Arc<dyn Tenant>,
    pub(crate) limits: Limits,
    pub(crate) recorder: Recorder,
    /// The check's own folder.
    pub(crate) private: PathBuf,
    /// What the checks before observed; only always-on checks, which run last, get any.
    pub(crate) earlier: Observations,
    /// Permits for cases of all sweeps of the run.
    pub(crate) cases: Arc<Semaphore>,
}

impl Context {
    pub(crate) fn new(given: Given) -> Self {
        Self(Arc::new(Inner {
            check: given.check,
            setup: given.setup,
            facts: given.facts,
            tenant: given.tenant,
            limits: given.limits,
            recorder: given.recorder,
            private: given.private,
            earlier: given.earlier,
            problems: Mutex::default(),
            sessions: Mutex::default(),
            machines: Mutex::default(),
            numbers: AtomicU32::new(0),
            cases: given.cases,
            sweep: Mutex::default(),
            walks: Mutex::default(),
            parts: Mutex::default(),
        }))
    }

    // ---- expectations ----

    /// Expectations under one clause. Every problem is collected; none stops the check.
    pub fn rule(&self, clause: &'static str) -> Rule<'_> {
        Rule::new(self, clause)
    }

    pub(crate) fn add_problem(&self, problem: Problem) {
        self.problems().push(problem);
    }

    fn problems(&self) -> MutexGuard<'_, Vec<Problem>> {
        self.0.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.problems().is_empty()
    }

    pub(crate) fn take_problems(&self) -> Vec<Problem> {
        std::mem::take(&mut self.problems())
    }

    // ---- the run ----

    /// The check that runs.
    pub fn check(&self) -> &Check {
        &self.0.check
    }

    /// What the run asks of the driver.
    pub fn requirements(&self) -> &'static RequirementSet {
        self.0.setup.requirements
    }

    /// Limits and waits.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The recorder, for calls that the context does not make itself.
    pub fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    /// The check's part of the provider.
    pub fn tenant(&self) -> &Arc<dyn Tenant> {
        &self.0.tenant
    }

    /// A private folder, outside of every store.
    pub fn private_dir(&self) -> &Path {
        &self.0.private
    }

    /// What the checks before this one observed, and this one so far. Only meaningful in always-on checks.
    pub fn observations(&self) -> Observations {
        let mut observations = self.0.earlier.clone();
        observations.absorb(self.0.recorder.observations());
        observations
    }

    /// Values that must not appear anywhere: name and value.
    pub fn secrets(&self) -> Vec<(String, String)> {
        let mut secrets: Vec<_> = self.0.setup.secrets.clone();
        secrets.extend(self.0.tenant.secrets());
        secrets
    }

    /// `ID` in the guests' `/etc/os-release`, if the profile says which one the driver's default image has and guests have
    /// the system of their image, which containers do not.
    pub fn expected_guest_os(&self) -> Option<&str> {
        let promised = self.0.setup.guest_os.as_deref();
        promised.filter(|_| self.guests() != Some(Guests::Container))
    }

    /// Options that the driver must refuse or take, as the profile says.
    pub fn examples(&self) -> &Examples {
        &self.0.setup.examples
    }

    /// The executable of the subject, for checks that start it themselves.
    ///
    /// # Errors
    /// [`Stop::Suite`] if the driver runs in-process: the check lacks [`Need::Process`].
    pub fn executable(&self) -> Result<&crate::subject::PluginSubject, Stop> {
        self.0
            .setup
            .subject
            .executable()
            .ok_or_else(|| Stop::Suite("the check needs Need::Process".to_owned()))
    }

    /// Whether the run offers `need`.
    pub fn offers(&self, need: Need) -> bool {
        Conditions::of(&self.0.setup).unmet_need(need).is_none()
    }

    /// How many walks the run makes, and which.
    pub(crate) fn walks(&self) -> Arc<model::Settings> {
        Arc::clone(&self.0.setup.walks)
    }

    /// A number that is the same for the same seed, check and `what`.
    pub fn random(&self, what: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.0.setup.seed, self.0.check.id, what).hash(&mut hasher);
        hasher.finish()
    }

    // ---- the driver ----

    /// Name of the driver, as it answered in the flag look-up.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if the look-up failed.
    pub fn driver_name(&self) -> Result<&str, Stop> {
        self.facts().map(|facts| facts.driver_name.as_str())
    }

    /// Flags of the driver, as it answered in the flag look-up.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if the look-up failed.
    pub fn flags(&self) -> Result<&[Flag], Stop> {
        self.facts().map(|facts| facts.flags.as_slice())
    }

    /// Name and flags of the driver.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if the look-up failed.
    pub fn facts(&self) -> Result<&Facts, Stop> {
        match &self.0.facts.failure {
            None => Ok(&self.0.facts),
            Some(failure) => {
                Err(Stop::Prerequisite(format!("the flags of the driver are not known: {failure}")))
            }
        }
    }

    /// Complete options for a machine, as a host sends them.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if the flags are not known.
    pub fn options(&self) -> Result<DriverOptions, Stop> {
        let settings = self.0.tenant.settings();
        self.facts()?.options(&settings, &self.0.setup.flags).map_err(Stop::Prerequisite)
    }

    /// Sets the option that belongs to a provider's setting. `false` if the driver has no flag for it.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if the flags are not known, or the value does not fit the flag.
    pub fn set_option(&self, options: &mut DriverOptions, setting: &str, value: &str) -> Result<bool, Stop> {
        let Some(flag) = self.facts()?.flag_for_setting(setting) else {
            return Ok(false);
        };
        let value = GivenValue::Text(value.to_owned()).for_flag(flag).map_err(Stop::Prerequisite)?;
        options.insert(&flag.name, value);
        Ok(true)
    }

    /// Names of the flags whose value comes from the user or the world, not from a default.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if the flags are not known.
    pub fn supplied_flags(&self) -> Result<Vec<String>, Stop> {
        let facts = self.facts()?;
        let settings = self.0.tenant.settings();
        let mut names: Vec<String> = settings
            .keys()
            .filter_map(|setting| facts.flag_for_setting(setting))
            .map(|flag| flag.name.clone())
            .chain(self.0.setup.flags.keys().cloned())
            .collect();
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Starts a fresh driver that knows nothing.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if it does not start.
    pub async fn process(&self) -> Result<Arc<Session>, Stop> {
        self.process_in(BTreeMap::new()).await
    }

    /// Like [`process`](Self::process) with further environment variables.
    ///
    /// # Errors
    /// [`Stop::Prerequisite`] if it does not start.
    pub async fn process_in(&self, environment: BTreeMap<String, String>) -> Result<Arc<Session>, Stop> {
        self.try_process(environment)
            .await
            .map_err(|error| Stop::Prerequisite(format!("the driver does not start: {error}")))
    }

    /// Like [`process_in`](Self::process_in), with the error of the start.
    ///
    /// # Errors
    /// Why the driver did not start.
    pub async fn try_process(
        &self,
        environment: BTreeMap<String, String>,
    ) -> machine_driver::Result<Arc<Session>> {
        let number = self.next_process();
        let (recorder, check) = (self.0.recorder.clone(), self.0.check.id);
        let lines = LineSink::new(move |line| recorder.line(number, line, check));
        let mut launch = Launch::new(lines, self.0.setup.world.pace());
        launch.environment = self.0.tenant.environment();
        launch.environment.extend(environment);
        let started = self.0.setup.subject.start(launch).await?;
        let session = Arc::new(Session::new(
            number,
            started.driver,
            started.host,
            self.0.recorder.clone(),
            self.0.limits.clone(),
        ));
        self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&session));
        Ok(session)
    }

    /// Number of a process that the context does not start itself, for the recorder.
    pub(crate) fn next_process(&self) -> u32 {
        self.0.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// What the guests of this world are, if it knows.
    pub(crate) fn guests(&self) -> Option<Guests> {
        self.0.setup.world.guests()
    }

    /// Factor for the waits of drivers that know `MACHINE_DRIVER_WAIT_FACTOR`.
    pub(crate) fn wait_factor(&self) -> f64 {
        self.0.setup.world.pace()
    }
}

impl From<WorldError> for Stop {
    fn from(error: WorldError) -> Self {
        Self::Environment(error.to_string())
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("check", &self.0.check.id).finish_non_exhaustive()
    }
}
