//! `machine-conformance report show | merge | diff | compare | schema`

mod compare;
mod diff;
mod outputs;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use glob::Pattern;

use self::{compare::CompareArguments, diff::DiffArguments, outputs::Outputs};
use super::{failure::Failure, output};
use crate::report::{self, RunRecord};

/// The JSON Schema of `--report json`.
const SCHEMA: &str = include_str!("../../../schema/report-v1.json");

const SHOW_EXAMPLES: &str = "\
Examples:
  machine-conformance report show report.json
  machine-conformance report show events.ndjson --report html=report.html
  machine-conformance report show report.json --only remove --only 'RM-*'";

const MERGE_EXAMPLES: &str = "\
Examples:
  machine-conformance report merge shard-*.json --report json=report.json --report html=report.html";

/// What to do with reports.
#[derive(Debug, Subcommand)]
pub(super) enum ReportCommand {
    /// Show a report again, or write it in other formats
    Show(ShowArguments),
    /// Make one report of the parts of a run; the exit code is that of the whole
    Merge(MergeArguments),
    /// Show which checks changed between two reports; exit code 1 if any became worse
    Diff(DiffArguments),
    /// Put several drivers side by side
    Compare(CompareArguments),
    /// Print the JSON Schema of JSON reports
    Schema,
}

/// Options of `report show`.
#[derive(Args, Debug)]
#[command(after_help = SHOW_EXAMPLES)]
pub(super) struct ShowArguments {
    /// JSON report or log of events
    #[arg(value_name = "REPORT")]
    report: PathBuf,

    /// Only checks that match: a check id, a group, a clause, or a glob of one; may be repeated
    #[arg(long, value_name = "GLOB", value_parser = pattern)]
    only: Vec<Pattern>,

    #[command(flatten)]
    outputs: Outputs,
}

/// Options of `report merge`.
#[derive(Args, Debug)]
#[command(after_help = MERGE_EXAMPLES)]
pub(super) struct MergeArguments {
    /// JSON reports or logs of events, each of a part of the run
    #[arg(value_name = "REPORT", required = true)]
    reports: Vec<PathBuf>,

    #[command(flatten)]
    outputs: Outputs,
}

impl ReportCommand {
    pub(super) fn execute(self) -> Result<u8, Failure> {
        match self {
            Self::Show(arguments) => arguments.execute(),
            Self::Merge(arguments) => {
                let parts = read_all(&arguments.reports)?;
                let whole = report::merge(parts)?;
                arguments.outputs.write(&whole)?;
                Ok(whole.summary.exit_code)
            }
            Self::Diff(arguments) => arguments.execute(),
            Self::Compare(arguments) => arguments.execute(),
            Self::Schema => output::to_stdout(|out| Ok(out.write_all(SCHEMA.as_bytes())?)),
        }
    }
}

impl ShowArguments {
    fn execute(&self) -> Result<u8, Failure> {
        let mut record = report::read(&self.report)?;
        if !self.only.is_empty() {
            record.checks.retain(|result| self.only.iter().any(|pattern| names(pattern, result)));
            if record.checks.is_empty() {
                return Err(Failure::usage("no check of the report matches --only"));
            }
            // The verdict and the numbers stay those of the run.
            record.run.checks = record.checks.iter().map(|result| result.id.clone()).collect();
        }
        self.outputs.write(&record)?;
        Ok(crate::verdict::ExitCode::CONFORMANT)
    }
}

fn names(pattern: &Pattern, result: &crate::event::CheckResult) -> bool {
    let group = result.id.split("::").next().unwrap_or_default();
    [result.id.as_str(), group]
        .into_iter()
        .chain(result.clauses.iter().map(String::as_str))
        .any(|name| pattern.matches_with(name, crate::selection::ANY_CASE))
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::new(text).map_err(|error| error.msg.to_owned())
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<RunRecord>, Failure> {
    let records: Result<Vec<RunRecord>, _> = paths.iter().map(|path| report::read(path)).collect();
    Ok(records?)
}
