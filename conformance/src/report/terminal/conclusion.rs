//! The last lines: the verdict, the numbers, and what was not looked at.

use std::io::{self, Write};

use super::paint::{self, Paint};
use crate::{
    event::Summary,
    report::{
        RunRecord, RunVerdict,
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
    if !other_reports.is_empty() {
        writeln!(
            writer,
            "reports: {}",
            other_reports
                .iter()
                .map(|name| printable(name))
                .collect::<Vec<_>>()
                .join(", ")
        )?;
    }
    hint(writer, run, width)
}

fn numbers(summary: &Summary) -> String {
    let count = |verdict: Verdict| summary.verdicts.get(verdict.word()).copied().unwrap_or_default();
    let always = [
        ("selected", summary.selected),
        ("applicable", summary.applicable),
        ("run", summary.run),
        ("passed", summary.passed),
        ("warned", count(Verdict::Warn)),
        ("failed", count(Verdict::Fail)),
    ];
    let if_any = [
        ("timed out", count(Verdict::DriverTimeout)),
        ("known to fail", count(Verdict::KnownFailure)),
        ("stale", count(Verdict::Stale)),
        ("environment errors", count(Verdict::EnvironmentError)),
        ("suite errors", count(Verdict::SuiteError)),
    ];
    let words: Vec<String> = always
        .into_iter()
        .chain(if_any.into_iter().filter(|(_, number)| *number > 0))
        .map(|(word, number)| format!("{word} {number}"))
        .collect();
    words.join(" \u{b7} ")
}

/// Checks that were not run, by reason, the most frequent first.
fn not_run(
    writer: &mut impl Write,
    run: &RunRecord,
    verdict: Verdict,
    word: &str,
    width: usize,
) -> io::Result<()> {
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for result in run.with_verdict(verdict) {
        let reason = one_line(result.reason.as_deref().unwrap_or("no reason given"), 200);
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => reasons.push((reason, 1)),
        }
    }
    if reasons.is_empty() {
        return Ok(());
    }
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let total: usize = reasons.iter().map(|(_, count)| count).sum();
    let together: Vec<String> = reasons
        .iter()
        .map(|(reason, count)| format!("{reason}: {count}"))
        .collect();
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

/// What to do when the verdict says nothing about the driver.
fn hint(writer: &mut impl Write, run: &RunRecord, width: usize) -> io::Result<()> {
    let text = match run.verdict {
        RunVerdict::NothingRan if run.run.provider == "none" => {
            "No MUST check was executed, so nothing can be said about the driver. Give the run a provider \
             (--provider), or let it create machines without one (--create-machines)."
        }
        RunVerdict::NothingRan => {
            "No MUST check was executed, so nothing can be said about the driver. Widen --only, --skip and --level, \
             or give the run what the reasons above ask for."
        }
        RunVerdict::EnvironmentError => {
            "The provider, the network or this machine was at fault, not the driver. Repair it and run again."
        }
        RunVerdict::SuiteError => {
            "The suite itself is at fault. Please report it with the output of --report json=PATH."
        }
        RunVerdict::Interrupted => "The run was interrupted. The numbers are those of the checks that ended.",
        RunVerdict::Conformant | RunVerdict::NotConformant => return Ok(()),
    };
    for line in wrap(text, width) {
        writeln!(writer, "{line}")?;
    }
    Ok(())
}
