//! `--report tap=PATH`: TAP version 14, a test point for each check.

use std::io::{self, BufWriter, Write};

use serde_json::{Value, json};

use super::{Report, RunRecord, RunVerdict, statistics, text::one_line};
use crate::{event::CheckResult, verdict::Verdict};

/// Characters of a reason.
const REASON: usize = 300;

/// Writes the run as TAP when it is over.
///
/// What was not run is skipped, a known failure is `TODO`; a warning is `ok`, with a diagnosis that says what is
/// broken. A run that was cut short ends with `Bail out!`, so that no reader takes it for complete.
pub struct TapReport<W: Write> {
    writer: W,
}

impl<W: Write> TapReport<W> {
    /// A report to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send> Report for TapReport<W> {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        let mut writer = BufWriter::new(&mut self.writer);
        writeln!(writer, "TAP version 14")?;
        writeln!(writer, "1..{}", run.run.checks.len())?;
        for (index, result) in run.checks.iter().enumerate() {
            point(&mut writer, index + 1, result)?;
        }
        if run.verdict == RunVerdict::Interrupted {
            writeln!(writer, "Bail out! The run was interrupted")?;
        }
        writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for TapReport<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TapReport").finish_non_exhaustive()
    }
}

fn point(writer: &mut impl Write, number: usize, result: &CheckResult) -> io::Result<()> {
    let reason = escaped(&one_line(result.reason.as_deref().unwrap_or_default(), REASON));
    let (ok, directive) = match result.verdict {
        Verdict::Pass | Verdict::Warn => ("ok", String::new()),
        Verdict::NotApplicable | Verdict::NotTested => {
            ("ok", format!(" # SKIP {}: {reason}", result.verdict.word()))
        }
        Verdict::KnownFailure => ("not ok", format!(" # TODO {reason}")),
        Verdict::Fail
        | Verdict::Stale
        | Verdict::DriverTimeout
        | Verdict::EnvironmentError
        | Verdict::SuiteError => ("not ok", String::new()),
    };
    let id = escaped(&one_line(&result.id, 200));
    writeln!(writer, "{ok} {number} - {id}{directive}")?;
    diagnosis(writer, result)
}

/// The YAML block of a test point. JSON is YAML, so nothing in a value can end the block.
fn diagnosis(writer: &mut impl Write, result: &CheckResult) -> io::Result<()> {
    let mut rows: Vec<(&str, Value)> = vec![
        ("verdict", json!(result.verdict.word())),
        ("level", json!(result.level.keyword())),
        ("clauses", json!(result.clauses)),
        ("duration_ms", json!(result.duration_ms)),
    ];
    if statistics::is_finding(result.verdict) {
        rows.push(("message", json!(one_line(statistics::headline(result), REASON))));
        rows.push(("rerun", json!(result.rerun)));
    }
    writeln!(writer, "  ---")?;
    for (name, value) in rows {
        writeln!(writer, "  {name}: {value}")?;
    }
    if !result.problems.is_empty() {
        writeln!(writer, "  problems:")?;
        for problem in &result.problems {
            writeln!(writer, "    - {}", json!(problem))?;
        }
    }
    writeln!(writer, "  ...")
}

/// In descriptions and reasons `#` and `\` begin something.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('#', "\\#")
}
