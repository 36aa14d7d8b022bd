//! The report for people: verdict, groups, and for each failure what is needed to understand and repeat it.

mod calls;
mod conclusion;
pub(super) mod finding;
mod groups;
mod paint;
mod plain;
mod progress;
pub(super) mod sweep;
pub(super) mod walks;

use std::io::{self, Write};

use self::paint::Paint;
pub(crate) use self::plain::{conclusion_text, finding_text};
pub use self::progress::Progress;
use super::{Report, RunRecord};
use crate::{
    event::{Event, EventKind, RunInfo},
    verdict::Verdict,
};

/// Writes the terminal report. Its text contains colours; wrap the writer in `anstream::AutoStream` to have them
/// only where they are wanted.
pub struct Terminal<W: Write> {
    writer: W,
    width: usize,
    progress: Option<Progress>,
    other_reports: Vec<String>,
}

impl<W: Write> Terminal<W> {
    /// A report to `writer`, with lines of at most `width` characters where text can be broken.
    pub fn new(writer: W, width: usize) -> Self {
        Self { writer, width: width.max(NARROWEST), progress: None, other_reports: Vec::new() }
    }

    /// Shows live progress as well.
    #[must_use]
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.progress = Some(progress);
        self
    }

    /// Names the other reports of the run in the last line.
    #[must_use]
    pub fn with_other_reports(mut self, names: Vec<String>) -> Self {
        self.other_reports = names;
        self
    }
}

/// Narrower terminals break lines themselves.
const NARROWEST: usize = 60;

/// Findings in the order in which they are written: what weighs most stands last, next to the verdict.
const FINDINGS: [Verdict; 7] = [
    Verdict::KnownFailure,
    Verdict::Warn,
    Verdict::EnvironmentError,
    Verdict::Stale,
    Verdict::DriverTimeout,
    Verdict::Fail,
    Verdict::SuiteError,
];

impl<W: Write + Send> Report for Terminal<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        if let EventKind::RunStarted(info) = &event.kind {
            header(&mut self.writer, info)?;
        }
        if let Some(progress) = &mut self.progress {
            progress.event(event);
        }
        Ok(())
    }

    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        if let Some(progress) = self.progress.take() {
            progress.clear();
        }
        let writer = &mut self.writer;
        groups::write(writer, run)?;
        for verdict in FINDINGS {
            for result in run.with_verdict(verdict) {
                finding::write(writer, result, self.width)?;
            }
        }
        conclusion::write(writer, run, self.width, &self.other_reports)?;
        writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for Terminal<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Terminal").field("width", &self.width).finish_non_exhaustive()
    }
}

fn header(writer: &mut impl Write, info: &RunInfo) -> io::Result<()> {
    let name = format!("machine-conformance {}", info.suite_version);
    writeln!(
        writer,
        "{} \u{b7} specification {} \u{b7} seed {} \u{b7} {} of {} of {} clauses \u{b7} {}",
        name.paint(paint::BOLD),
        info.specification,
        info.seed,
        super::text::count(info.checks.len(), "check"),
        info.clauses_selected,
        info.clauses_total,
        super::text::count(info.jobs, "job")
    )?;
    let named = match info.driver_name.as_str() {
        "" => String::new(),
        name => format!(" ({})", super::text::one_line(name, 60)),
    };
    let driver = super::text::one_line(&info.driver, 200);
    writeln!(writer, "driver {driver}{named} \u{b7} provider {}\n", info.provider)
}
