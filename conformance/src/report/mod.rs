//! Reports: consumers of the events of a run.

mod badge;
mod collect;
mod comparison;
mod difference;
mod events;
mod github;
mod html;
mod json;
mod junit;
mod markdown;
mod merge;
mod replay;
mod sarif;
#[cfg(test)]
mod schema;
mod statistics;
mod submission;
mod tap;
mod target;
pub mod terminal;
mod text;
mod transcript;

use std::io;

use thiserror::Error;

pub use self::{
    badge::{BadgeForm, BadgeReport},
    collect::{RunRecord, RunVerdict, SCHEMA, SchemaError},
    comparison::Comparison,
    difference::{Change, ChangeKind, changes, is_worse},
    events::EventLog,
    github::GithubReport,
    html::HtmlReport,
    json::JsonReport,
    junit::JunitReport,
    markdown::MarkdownReport,
    merge::{MergeError, merge},
    replay::{ReadError, read},
    sarif::SarifReport,
    submission::Submission,
    tap::TapReport,
    target::{Format, OpenError, ReportTarget},
};
pub(crate) use self::{
    collect::place_of,
    markdown::cell as markdown_cell,
    terminal::{conclusion_text, finding_text},
    text::{count, one_line, wrap},
};
use crate::{event::Event, stable_output::StableOutput};

/// One report of a run.
pub trait Report: Send {
    /// Takes one event, as it happens. Most reports wait for the end.
    ///
    /// # Errors
    /// If the report cannot be written.
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let _ = event;
        Ok(())
    }

    /// Writes what needs the whole run. Called once, after the last event, also if the run was cut short.
    ///
    /// # Errors
    /// If the report cannot be written.
    fn finish(&mut self, run: &RunRecord) -> io::Result<()>;
}

/// All reports of a run.
#[derive(Default)]
pub struct Reports {
    reports: Vec<(String, Box<dyn Report>)>,
    record: RunRecord,
    failed: Vec<ReportError>,
    stable: Option<StableOutput>,
}

impl Reports {
    /// No reports yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a report; `name` is what errors call it.
    pub fn add(&mut self, name: impl Into<String>, report: Box<dyn Report>) {
        self.reports.push((name.into(), report));
    }

    /// Replaces what differs from run to run in everything that is reported from now on.
    pub fn stabilise(&mut self, stable: StableOutput) {
        self.stable = Some(stable);
    }

    /// Hands an event to every report. One that cannot be written does not disturb the others; [`finish`] tells.
    ///
    /// [`finish`]: Self::finish
    pub fn event(&mut self, event: &Event) {
        let stable = self.stable.as_ref().map(|stable| stable.event(event));
        let event = stable.as_ref().unwrap_or(event);
        self.record.take(event);
        self.each(|report, _| report.event(event));
    }

    /// Ends every report, and returns the whole run.
    ///
    /// # Errors
    /// The reports that could not be written.
    pub fn finish(mut self) -> Result<RunRecord, Vec<ReportError>> {
        self.record.complete();
        self.each(|report, run| report.finish(run));
        if self.failed.is_empty() { Ok(self.record) } else { Err(self.failed) }
    }

    fn each(&mut self, mut act: impl FnMut(&mut dyn Report, &RunRecord) -> io::Result<()>) {
        let record = &self.record;
        let failed = &mut self.failed;
        self.reports.retain_mut(|(name, report)| match act(report.as_mut(), record) {
            Ok(()) => true,
            // The reader of standard output went away, for example `head`: nobody is left to tell.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => false,
            Err(problem) => {
                failed.push(ReportError { report: name.clone(), problem });
                false
            }
        });
    }
}

impl std::fmt::Debug for Reports {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.reports.iter().map(|(name, _)| name)).finish()
    }
}

/// A report that could not be written; the environment's fault.
#[derive(Debug, Error)]
#[error("cannot write the report {report}: {problem}")]
#[non_exhaustive]
pub struct ReportError {
    /// The report, as given on the command line.
    pub report: String,
    /// What the system says.
    #[source]
    pub problem: io::Error,
}
