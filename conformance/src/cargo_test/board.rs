//! Results of the engine, and the trials that wait for them.

use std::{
    collections::BTreeMap,
    io,
    process::ExitCode,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};

use libtest_mimic::Conclusion;

use super::{parts::PartsFolder, target::Target, trials::succeeded};
use crate::{
    check::Check,
    command_line::{Failure, Order, RunArguments},
    event::{CheckResult, Event, EventKind},
    report::{Report, Reports, RunRecord, RunVerdict, conclusion_text, finding_text},
    verdict::{self, Verdict},
};

/// Width of the text of a failure.
const WIDTH: usize = 110;

/// How a trial ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Every MUST holds.
    Passed,
    /// Nothing was tested, or the failure is known; why.
    NotRun(String),
    /// What is wrong.
    Failed(String),
}

/// Where results are posted as they come. The engine starts when the first trial asks for its result.
#[derive(Debug)]
pub(super) struct Board {
    target: Target,
    folder: PartsFolder,
    posted: Mutex<Posted>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Posted {
    waiting: Option<Box<(Order, Vec<&'static Check>, RunArguments)>>,
    engine: Option<JoinHandle<()>>,
    seed: u64,
    results: BTreeMap<String, CheckResult>,
    over: Option<Result<RunRecord, String>>,
}

impl Board {
    /// A board without results.
    pub(super) fn new(target: Target, folder: PartsFolder) -> Self {
        Self { target, folder, posted: Mutex::default(), changed: Condvar::new() }
    }

    /// Whether each check has a process of its own.
    pub(super) fn one_check_per_process(&self) -> bool {
        self.folder.one_check_per_process()
    }

    /// What the engine will run, once it is needed.
    pub(super) fn will_run(&self, order: Order, checks: Vec<&'static Check>, options: RunArguments) {
        let mut posted = self.posted();
        posted.seed = order.seed;
        posted.waiting = Some(Box::new((order, checks, options)));
    }

    /// Waits for the result of a check.
    pub(super) fn outcome(self: Arc<Self>, id: &str) -> Outcome {
        let mut posted = self.posted();
        self.start(&mut posted);
        // A check that is alone in its process is judged together with those that look at the whole run.
        while posted.over.is_none() && (self.one_check_per_process() || !posted.results.contains_key(id)) {
            posted = self.changed.wait(posted).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(Err(failure)) = &posted.over {
            return Outcome::Failed(failure.clone());
        }
        let Some(result) = posted.results.get(id) else {
            return Outcome::Failed("the run ended without a result of this check".to_owned());
        };
        let own = self.judge(result, posted.seed);
        if !self.one_check_per_process() || matches!(own, Outcome::Failed(_)) {
            return own;
        }
        let others = posted.results.values().filter(|other| other.id != id);
        others
            .map(|other| self.judge(other, posted.seed))
            .find(|outcome| matches!(outcome, Outcome::Failed(_)))
            .unwrap_or(own)
    }

    /// Waits until everything is cleaned up, says the verdict on standard error, and returns the exit code.
    pub(super) fn finish(&self, conclusion: &Conclusion) -> ExitCode {
        let engine = self.posted().engine.take();
        // A panic of the engine's thread has already been told to the trials.
        let _ = engine.map(JoinHandle::join);
        let over = self.posted().over.take();
        if let Some(Ok(record)) = &over
            && !self.one_check_per_process()
        {
            self.tell(record);
            if conclusion.num_filtered_out == 0 && record.verdict == RunVerdict::NothingRan {
                return verdict::ExitCode::NOTHING_RAN.into();
            }
            if record.verdict == RunVerdict::Interrupted {
                return verdict::ExitCode::INTERRUPTED.into();
            }
        }
        match succeeded(conclusion) {
            true => ExitCode::SUCCESS,
            false => conclusion.exit_code(),
        }
    }

    #[expect(clippy::print_stderr, reason = "standard output belongs to the list of trials")]
    fn tell(&self, record: &RunRecord) {
        eprint!("{}", conclusion_text(record, WIDTH));
        if let Ok(report) = self.folder.report() {
            eprintln!("report: {}", report.path.display());
        }
    }

    fn judge(&self, result: &CheckResult, seed: u64) -> Outcome {
        let reason = || result.reason.clone().unwrap_or_default();
        match result.verdict {
            Verdict::Pass | Verdict::Warn => Outcome::Passed,
            Verdict::NotApplicable | Verdict::NotTested => Outcome::NotRun(reason()),
            Verdict::KnownFailure => Outcome::NotRun(format!("known failure: {}", reason())),
            Verdict::Fail
            | Verdict::Stale
            | Verdict::DriverTimeout
            | Verdict::EnvironmentError
            | Verdict::SuiteError => {
                let mut result = result.clone();
                result.rerun = self.target.rerun(&result.id, seed);
                Outcome::Failed(finding_text(&result, WIDTH))
            }
        }
    }

    fn start(self: &Arc<Self>, posted: &mut Posted) {
        let Some(waiting) = posted.waiting.take() else {
            return;
        };
        let board = Arc::clone(self);
        posted.engine = Some(std::thread::spawn(move || {
            let (order, checks, options) = *waiting;
            let over = board.run(order, checks, &options).map_err(|failure| {
                let mut text = anstream::StripStream::new(Vec::new());
                failure.report(&mut text);
                String::from_utf8_lossy(&text.into_inner()).into_owned()
            });
            board.posted().over = Some(over);
            board.changed.notify_all();
        }));
    }

    fn run(
        self: &Arc<Self>,
        order: Order,
        checks: Vec<&'static Check>,
        options: &RunArguments,
    ) -> Result<RunRecord, Failure> {
        let part = self
            .folder
            .report()
            .and_then(|target| Ok((target.to_string(), target.open().map_err(io::Error::other)?)))
            .map_err(|error| Failure::environment(format!("cannot write the report of the test: {error}")))?;
        let mut reports = Reports::new();
        reports.add("trials", Box::new(Posting(Arc::clone(self))));
        reports.add(part.0, part.1);
        // Every process of nextest would write the same file.
        if !self.one_check_per_process() {
            options.add_reports(&mut reports)?;
        }
        crate::command_line::run_to_end(order, checks, reports)
    }

    fn posted(&self) -> MutexGuard<'_, Posted> {
        self.posted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Posts results to the board.
struct Posting(Arc<Board>);

impl Report for Posting {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let EventKind::CheckFinished(result) = &event.kind {
            self.0.posted().results.insert(result.id.clone(), (**result).clone());
            self.0.changed.notify_all();
        }
        Ok(())
    }

    fn finish(&mut self, _run: &RunRecord) -> io::Result<()> {
        Ok(())
    }
}
