//! More than one run: until one fails, after every change, or of what failed before.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{check::Check, command_line::failure::Failure, report::RunRecord, verdict::Verdict};

/// Options about running again.
#[derive(Args, Clone, Debug)]
pub(super) struct AgainArguments {
    /// Only the checks that failed in the JSON report of an earlier run, with its seed
    #[arg(long, value_name = "REPORT", help_heading = "Again")]
    pub(super) rerun_failed: Option<PathBuf>,

    /// Run again, each time with the next seed, until a run is not conformant, at most TIMES times
    #[arg(
        long,
        value_name = "TIMES",
        num_args = 0..=1,
        require_equals = true,
        value_parser = clap::value_parser!(u32).range(1..),
        help_heading = "Again"
    )]
    pub(super) repeat_until_failure: Option<Option<u32>>,

    /// Run again whenever the driver's executable or the profile has changed, until Ctrl-C
    #[arg(long, conflicts_with = "repeat_until_failure", help_heading = "Again")]
    pub(super) watch: bool,
}

/// What failed in an earlier run.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) seed: u64,
    report: PathBuf,
    ids: BTreeSet<String>,
}

impl Failed {
    /// Reads a JSON report.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let problem = |problem: String| {
            Failure::usage(format!("--rerun-failed: cannot read the report {}: {problem}", path.display()))
                .help("it is the file of an earlier --report json=PATH")
        };
        let text = fs::read_to_string(path).map_err(|error| problem(error.to_string()))?;
        let record = RunRecord::from_json(&text).map_err(|error| problem(error.to_string()))?;
        let failed = record.checks.iter().filter(|result| {
            matches!(
                result.verdict,
                Verdict::Fail
                    | Verdict::DriverTimeout
                    | Verdict::Stale
                    | Verdict::EnvironmentError
                    | Verdict::SuiteError
            )
        });
        Ok(Self {
            seed: record.run.seed,
            report: path.to_owned(),
            ids: failed.map(|result| result.id.clone()).collect(),
        })
    }

    /// Those of `selected` that failed.
    pub(super) fn of(&self, selected: Vec<&'static Check>) -> Result<Vec<&'static Check>, Failure> {
        let mut failed = selected;
        failed.retain(|check| self.ids.contains(check.id));
        if failed.is_empty() {
            let report = self.report.display();
            return Err(match self.ids.len() {
                0 => Failure::nothing_to_run(format!(
                    "no check failed in {report}: there is nothing to run again"
                )),
                _ => Failure::nothing_to_run(format!(
                    "no check that failed in {report} is among those that are selected"
                ))
                .help("leave --only, --skip, --level and --partition out"),
            });
        }
        Ok(failed)
    }
}
