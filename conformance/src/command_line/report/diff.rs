//! `machine-conformance report diff`

use std::{io::Write, path::PathBuf};

use clap::{Args, ValueEnum};
use owo_colors::OwoColorize;
use serde_json::json;

use crate::{
    command_line::{
        failure::Failure,
        output::{self, Stopped},
        terminal_width,
    },
    report::{self, Change, ChangeKind, RunRecord, count, one_line},
    verdict::{ExitCode, Verdict},
};

const EXAMPLES: &str = "\
Examples:
  machine-conformance report diff main.json branch.json
  machine-conformance report diff main.json branch.json --format markdown >> \"$GITHUB_STEP_SUMMARY\"

A check is worse if it fails and did not, or warns and passed; lost if it was run and is not any more. These, and new \
checks that fail, give exit code 1.";

/// How a difference is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum DiffFormat {
    /// For people.
    Text,
    /// A list for summaries and comments.
    Markdown,
    /// For programs.
    Json,
}

/// Options of `report diff`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command_line) struct DiffArguments {
    /// Report of the run before
    #[arg(value_name = "BEFORE")]
    before: PathBuf,

    /// Report of the run after
    #[arg(value_name = "AFTER")]
    after: PathBuf,

    /// How to write it
    #[arg(long, value_enum, default_value = "text")]
    format: DiffFormat,
}

impl DiffArguments {
    pub(super) fn execute(&self) -> Result<u8, Failure> {
        let (before, after) = (report::read(&self.before)?, report::read(&self.after)?);
        let changes = report::changes(&before, &after);
        output::to_stdout(|out| match self.format {
            DiffFormat::Text => text(out, &before, &after, &changes),
            DiffFormat::Markdown => markdown(out, &changes),
            DiffFormat::Json => json_lines(out, &changes),
        })?;
        Ok(if report::is_worse(&changes) { ExitCode::NOT_CONFORMANT } else { ExitCode::CONFORMANT })
    }
}

fn text(
    out: &mut dyn Write,
    before: &RunRecord,
    after: &RunRecord,
    changes: &[Change],
) -> Result<(), Stopped> {
    for (word, run) in [("before", before), ("after", after)] {
        writeln!(
            out,
            "{word:<7} {}  {}  {} passed of {} run  {}",
            one_line(&run.run.driver, 60),
            run.verdict.headline(),
            run.summary.passed,
            run.summary.run,
            one_line(&run.run.started_at, 30)
        )?;
    }
    if changes.is_empty() {
        return Ok(writeln!(out, "\nno check changed")?);
    }
    let width = terminal_width();
    let id_width =
        changes.iter().map(|change| one_line(&change.id, 80).chars().count()).max().unwrap_or_default();
    for kind in ChangeKind::ALL {
        let of_kind: Vec<&Change> = changes.iter().filter(|change| change.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        writeln!(out, "\n{}", format!("{} {}", of_kind.len(), kind.word()).bold())?;
        for change in of_kind {
            let id = format!("{:<id_width$}", one_line(&change.id, 80));
            writeln!(out, "  {}  {}", id.bold(), verdicts(change))?;
            if matters(change) {
                let clauses = change.clauses.join(", ");
                let headline = one_line(&format!("{clauses}: {}", change.headline), width.saturating_sub(6));
                writeln!(out, "      {}", headline.dimmed())?;
            }
        }
    }
    Ok(())
}

/// Whether it is worth saying what happened.
fn matters(change: &Change) -> bool {
    !matches!(change.kind, ChangeKind::Better | ChangeKind::Gone)
        && change.after.is_some_and(|verdict| verdict != Verdict::Pass)
}

fn verdicts(change: &Change) -> String {
    let word = |verdict: Option<Verdict>| verdict.map_or("absent", Verdict::word);
    format!("{} \u{2192} {}", word(change.before), word(change.after))
}

fn markdown(out: &mut dyn Write, changes: &[Change]) -> Result<(), Stopped> {
    if changes.is_empty() {
        return Ok(writeln!(out, "No check changed.")?);
    }
    writeln!(out, "### {}\n", count(changes.len(), "changed check"))?;
    for change in changes {
        write!(
            out,
            "- {} **{}** {}",
            change.kind.word(),
            report::markdown_cell(&change.id),
            verdicts(change)
        )?;
        if matters(change) {
            let clauses = report::markdown_cell(&change.clauses.join(", "));
            write!(out, ": {clauses}: {}", report::markdown_cell(&change.headline))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn json_lines(out: &mut dyn Write, changes: &[Change]) -> Result<(), Stopped> {
    for change in changes {
        let line = json!({
            "id": change.id,
            "change": change.kind.word(),
            "before": change.before,
            "after": change.after,
            "clauses": change.clauses,
            "headline": change.headline,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}
