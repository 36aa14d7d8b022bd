//! False alarms: the suite against drivers that are right, many times, with other seeds and a busy machine.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use machine_conformance::{report::RunRecord, verdict::Verdict};
use tokio::process::Command;

use crate::run;

/// No run of the suite takes as long.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// What is run how often.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the executable fills it in")]
pub struct Plan {
    /// Executable `machine-conformance`.
    pub suite: PathBuf,
    /// Executable of the driver.
    pub driver: PathBuf,
    /// Further arguments of `machine-conformance run`, for example `--provider template`.
    pub arguments: Vec<String>,
    /// Most runs.
    pub runs: u64,
    /// Seed of the first run; the next one has the next.
    pub first_seed: u64,
    /// No run begins after this time.
    pub time: Option<Duration>,
    /// Whether every processor is kept busy meanwhile.
    pub load: bool,
}

/// What came of the runs.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Alarms {
    /// Runs that ended.
    pub runs: u64,
    /// Runs in which anything was wrong, with their seed.
    pub alarms: Vec<Alarm>,
    /// Checks that were run, over all runs.
    pub checks: usize,
    /// From the first to the last.
    pub took: Duration,
}

/// A run in which something was wrong.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Alarm {
    /// Its seed.
    pub seed: u64,
    /// Checks that did not pass, with verdict and first problem.
    pub checks: BTreeMap<String, String>,
}

/// Runs the suite again and again, and tells after each run how far it is.
///
/// # Errors
/// If the suite does not start, does not end, or writes no report.
pub async fn count(plan: &Plan, mut tell: impl FnMut(&Alarms)) -> Result<Alarms> {
    let _load = plan.load.then(Load::on_all_processors);
    let folder = tempfile::tempdir().context("a folder for the reports")?;
    let report = folder.path().join("report.json");
    let began = Instant::now();
    let mut alarms = Alarms::default();
    for number in 0..plan.runs {
        if plan.time.is_some_and(|time| began.elapsed() > time) {
            break;
        }
        let seed = plan.first_seed + number;
        let mut command = Command::new(&plan.suite);
        command
            .arg("run")
            .arg(&plan.driver)
            .args(&plan.arguments)
            .args(["--seed", &seed.to_string()])
            .arg("--report")
            .arg(format!("json={}", report.display()));
        let finished = run::to_end(command, LIMIT).await?;
        let text = std::fs::read_to_string(&report)
            .with_context(|| format!("the suite wrote no report\n{finished}"))?;
        let record = RunRecord::from_json(&text)?;
        std::fs::remove_file(&report).context("deleting the report")?;
        alarms.runs += 1;
        alarms.checks += record.summary.run;
        alarms.took = began.elapsed();
        let wrong = wrong(&record);
        if !wrong.is_empty() || finished.code != Some(0) {
            alarms.alarms.push(Alarm { seed, checks: wrong });
        }
        tell(&alarms);
    }
    Ok(alarms)
}

/// Checks that say something against the driver or the suite. Not run is not wrong.
fn wrong(record: &RunRecord) -> BTreeMap<String, String> {
    let fine = [Verdict::Pass, Verdict::NotApplicable, Verdict::NotTested];
    let broke_off = |reason: &Option<String>| {
        reason.as_ref().is_some_and(|reason| reason.starts_with("prerequisite failed"))
    };
    let wrong =
        record.checks.iter().filter(|result| !fine.contains(&result.verdict) || broke_off(&result.reason));
    wrong
        .map(|result| {
            let problem = result.problems.first();
            let why = problem.map(|problem| format!("{}: {}", problem.clause, problem.got));
            let why = why.or_else(|| result.reason.clone()).unwrap_or_default();
            (result.id.clone(), format!("{}: {why}", result.verdict.word()))
        })
        .collect()
}

impl fmt::Display for Alarms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} runs, {} checks, {:.0} s: {} with a false alarm",
            self.runs,
            self.checks,
            self.took.as_secs_f64(),
            self.alarms.len()
        )?;
        for alarm in &self.alarms {
            writeln!(f, "seed {}", alarm.seed)?;
            for (check, why) in &alarm.checks {
                writeln!(f, "    {check}  {why}")?;
            }
        }
        Ok(())
    }
}

/// One thread for each processor that only computes, until it is dropped.
struct Load {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn on_all_processors() -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..processors).map(|_| {
            let ended = Arc::clone(&ended);
            std::thread::spawn(move || {
                while !ended.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        });
        Self { threads: threads.collect(), ended }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It only counts; it cannot have panicked.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::executables;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_driver_that_is_wrong_is_an_alarm_in_every_run() {
        let mut plan = Plan {
            suite: executables::machine_conformance().unwrap(),
            driver: executables::template_driver().unwrap(),
            arguments: ["--provider", "template", "--only", "name"].map(str::to_owned).into(),
            runs: 2,
            first_seed: 1000,
            time: None,
            load: true,
        };
        let alarms = count(&plan, |_| {}).await.unwrap();
        assert_eq!((alarms.runs, alarms.alarms.len()), (2, 0), "{alarms}");
        assert!(alarms.checks >= 2, "{alarms}");
        // Any program that is no driver will do.
        plan.driver = "/bin/true".into();
        let alarms = count(&plan, |_| {}).await.unwrap();
        assert_eq!((alarms.runs, alarms.alarms.len()), (2, 2), "{alarms}");
    }
}
