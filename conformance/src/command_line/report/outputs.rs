//! Where a report that was read is written to.

use std::io;

use clap::Args;

use crate::{
    command_line::{failure::Failure, terminal_width},
    report::{Report, ReportTarget, Reports, RunRecord, terminal::Terminal},
};

/// Which reports are written.
#[derive(Args, Debug)]
pub(super) struct Outputs {
    /// Write it in this format, as `run --report` does, instead of showing it; may be repeated
    #[arg(long = "report", value_name = "FORMAT=PATH")]
    targets: Vec<ReportTarget>,
}

impl Outputs {
    /// Writes the reports; without any, the one for people to standard output.
    pub(super) fn write(&self, record: &RunRecord) -> Result<(), Failure> {
        if self.targets.iter().filter(|target| target.is_stdout()).count() > 1 {
            return Err(Failure::usage("only one report can go to standard output"));
        }
        let mut reports = Reports::new();
        if self.targets.is_empty() {
            let terminal = Terminal::new(anstream::AutoStream::auto(io::stdout()), terminal_width());
            reports.add("terminal", Box::new(terminal) as Box<dyn Report>);
        }
        for target in &self.targets {
            reports.add(target.to_string(), target.open()?);
        }
        record.events().for_each(|event| reports.event(&event));
        reports.finish().map(drop).map_err(|errors| {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Failure::environment(lines.join("; "))
        })
    }
}
