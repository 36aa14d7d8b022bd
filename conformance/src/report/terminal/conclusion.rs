//! The last lines: the verdict, the numbers, and what was not looked at.

use std::io::{self, Write};

use super::paint::{self, Paint};
use crate::{
    event::Summary,
    report::{
        RunRecord, RunVerdict,
        statistics::{self, Reasons},
        text::{one_line, printable, wrap},
    },
    verdict::Verdict,
};

pub(super) fn write(
    writer: &mut impl Write,
    run: &RunRecord,
    width: usize,
    other_reports: &[String],
) -> io::Result<()> {
    let style = match run.verdict {
        RunVerdict::Conformant => paint::GOOD,
        RunVerdict::NotConformant | RunVerdict::SuiteError => paint::BAD,
        RunVerdict::NothingRan | RunVerdict::EnvironmentError | RunVerdict::Interrupted => paint::DOUBTFUL,
    };
    let seconds = format!("{:.1} s", run.summary.duration_ms as f64 / 1000.0);
    writeln!(writer)?;
    writeln!(
        writer,
        "{}   {}     {seconds}",
        run.verdict.headline().paint(style.bold()),
        numbers(&run.summary)
    )?;
    not_run(writer, run, Verdict::NotTested, "not tested", width)?;
    not_run(writer, run, Verdict::NotApplicable, "not applicable", width)?;
    simulated(writer, run, width)?;
    times(writer, run, width)?;
    if !other_reports.is_empty() {
        writeln!(
            writer,
            "reports: {}",
            other_reports.iter().map(|name| printable(name)).collect::<Vec<_>>().join(", ")
        )?;
    }
    for line in statistics::hint(run).iter().flat_map(|hint| wrap(hint, width)) {
        writeln!(writer, "{line}")?;
    }
    Ok(())
}

fn numbers(summary: &Summary) -> String {
    let words: Vec<String> =
        statistics::numbers(summary).into_iter().map(|(word, number)| format!("{word} {number}")).collect();
    words.join(" \u{b7} ")
}

/// How many verdicts rest on guests that are no real machines.
fn simulated(writer: &mut impl Write, run: &RunRecord, width: usize) -> io::Result<()> {
    let count = statistics::on_simulated_guests(run);
    if count == 0 {
        return Ok(());
    }
    let text = format!("on simulated guests: {count} of those run; real ones: --guest container");
    writeln!(writer, "{}", one_line(&text, width))
}

/// The slowest checks, and the waits that nearly timed out.
fn times(writer: &mut impl Write, run: &RunRecord, width: usize) -> io::Result<()> {
    let seconds = |milliseconds: u64| format!("{:.1} s", milliseconds as f64 / 1000.0);
    let slow: Vec<String> = statistics::slowest(run)
        .into_iter()
        .map(|result| format!("{} {}", result.id, seconds(result.duration_ms)))
        .collect();
    if !slow.is_empty() {
        writeln!(writer, "slowest: {}", one_line(&slow.join(", "), width.saturating_sub(9)))?;
    }
    for (result, wait) in statistics::close_waits(run) {
        let text = format!(
            "close to its limit: {} took {} of {} in {}",
            wait.name,
            seconds(wait.took_ms),
            seconds(wait.limit_ms),
            result.id
        );
        writeln!(writer, "{}", one_line(&text, width))?;
    }
    Ok(())
}

/// Checks that were not run, by reason, the most frequent first.
fn not_run(
    writer: &mut impl Write,
    run: &RunRecord,
    verdict: Verdict,
    word: &str,
    width: usize,
) -> io::Result<()> {
    let Reasons { total, reasons } = statistics::reasons(run, verdict);
    if reasons.is_empty() {
        return Ok(());
    }
    let together: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason}: {count}")).collect();
    let line = format!("{word}: {total} ({})", together.join(", "));
    if line.chars().count() <= width {
        return writeln!(writer, "{line}");
    }
    writeln!(writer, "{word}: {total}")?;
    for (reason, count) in reasons {
        writeln!(writer, "  {count:>4}  {reason}")?;
    }
    Ok(())
}
