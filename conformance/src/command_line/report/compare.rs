//! `machine-conformance report compare`

use std::path::PathBuf;

use clap::Args;

use super::read_all;
use crate::{
    command_line::{failure::Failure, output},
    report::{Comparison, count},
};

const EXAMPLES: &str = "\
Examples:
  machine-conformance report compare ours.json theirs.json
  machine-conformance report compare */report.json --all --markdown > table.md";

/// Options of `report compare`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command_line) struct CompareArguments {
    /// JSON reports or logs of events, each of a driver
    #[arg(value_name = "REPORT", required = true, num_args = 2..)]
    reports: Vec<PathBuf>,

    /// Show every check, not only those in which the drivers differ
    #[arg(long)]
    all: bool,

    /// Write a table in Markdown
    #[arg(long)]
    markdown: bool,
}

impl CompareArguments {
    pub(super) fn execute(&self) -> Result<u8, Failure> {
        let runs = read_all(&self.reports)?;
        let comparison = Comparison::new(&runs);
        output::to_stdout(|out| {
            if self.markdown {
                comparison.write_markdown(out, self.all)?;
            } else {
                comparison.write_text(out, self.all)?;
                writeln!(out, "\n{}", count(comparison.differing(), "difference"))?;
            }
            Ok(())
        })
    }
}
