//! `machine-conformance spec`

use std::io::Write;

use clap::Args;
use owo_colors::OwoColorize;

use super::output::Stopped;
use crate::{
    check::Check,
    report::wrap,
    spec::{Clause, Coverage, Standing, Tally, specification},
};

/// Columns of running text.
const WIDTH: usize = 100;

const EXAMPLES: &str = "\
Examples:
  machine-conformance spec
  machine-conformance spec --all | grep 'not yet'";

/// How much of the specification is covered by checks, and what is left out with which reason.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct SpecArguments {
    /// Every clause with the checks that decide it
    #[arg(long)]
    all: bool,
}

impl SpecArguments {
    pub(super) fn write(&self, checks: &[&'static Check], out: &mut dyn Write) -> Result<(), Stopped> {
        let coverage = Coverage::of(checks)?;
        if self.all { every_clause(&coverage, out) } else { groups(&coverage, out) }
    }
}

fn groups(coverage: &Coverage, out: &mut dyn Write) -> Result<(), Stopped> {
    let sections = &specification().sections;
    let width = sections.iter().map(|section| section.title.len()).max().unwrap_or_default();
    let head = format!("{:<8} {:<width$}  clauses  covered  excluded  not yet", "group", "title");
    writeln!(out, "{}", head.bold())?;
    for section in sections {
        let tally = coverage.tally_of(section);
        writeln!(out, "{}", row(&section.key, &section.title, tally, width))?;
    }
    let total = coverage.total();
    writeln!(out, "{}", row("total", "", total, width).bold())?;
    let decided = total.covered + total.excluded;
    Ok(writeln!(
        out,
        "\nspecification {}: {decided} of {} clauses are covered by a check or excluded with a reason ({:.0} %)",
        specification().version,
        total.clauses,
        100.0 * decided as f64 / total.clauses.max(1) as f64
    )?)
}

fn row(key: &str, title: &str, tally: Tally, width: usize) -> String {
    format!(
        "{key:<8} {title:<width$}  {:>7}  {:>7}  {:>8}  {:>7}",
        tally.clauses, tally.covered, tally.excluded, tally.not_yet
    )
}

fn every_clause(coverage: &Coverage, out: &mut dyn Write) -> Result<(), Stopped> {
    for (index, section) in specification().sections.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        writeln!(out, "{}  {}", section.key.bold(), section.title.bold())?;
        for clause in specification().clauses_of(section) {
            clause_row(clause, coverage, out)?;
        }
    }
    Ok(())
}

/// A clause, its level, what decides it, and its text.
pub(super) fn clause_row(clause: &Clause, coverage: &Coverage, out: &mut dyn Write) -> Result<(), Stopped> {
    let standing = coverage.standing(clause);
    let detail = match standing {
        Standing::Covered(ids) => ids.join(", "),
        Standing::Excluded(reason) => format!("{}: {reason}", standing.word()),
        Standing::NotYet => standing.word().to_owned(),
    };
    let detail = match standing {
        Standing::Covered(_) => detail.green().to_string(),
        Standing::Excluded(_) => detail.dimmed().to_string(),
        Standing::NotYet => detail.yellow().to_string(),
    };
    writeln!(out, "  {:<12} {:<6}  {detail}", clause.id, clause.level.keyword())?;
    for line in wrap(&clause.requirement, WIDTH - 6) {
        writeln!(out, "      {}", line.dimmed())?;
    }
    Ok(())
}
