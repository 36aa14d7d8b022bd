//! `machine-conformance list`

use std::io::Write;

use clap::Args;
use owo_colors::OwoColorize;
use serde::Serialize;

use super::output::Stopped;
use crate::{
    check::{Check, Need},
    partition::Partition,
    report::count,
    selection::{Selection, SelectionError, level_of},
    spec::RequirementSet,
    verdict::Level,
};

/// Which checks a command is about.
#[derive(Args, Clone, Debug)]
pub(crate) struct SelectionArguments {
    /// Only checks that match: a check id, a group, a clause, or a glob of one; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    only: Vec<String>,

    /// No checks that match; may be repeated
    #[arg(long, value_name = "GLOB", help_heading = "Selection")]
    skip: Vec<String>,

    /// Only checks of at least this level: must, should or may
    #[arg(long, value_name = "LEVEL", default_value = "may", value_parser = level, help_heading = "Selection", hide_default_value = true)]
    level: Level,

    /// Only one part of the checks, to divide a run between machines: hash:M/N (a check stays in its part when others
    /// are added) or slice:M/N (parts of the same size)
    #[arg(long, value_name = "METHOD:M/N", help_heading = "Selection")]
    partition: Option<Partition>,
}

impl SelectionArguments {
    /// The selected ones of `checks`, in their order, with the levels of a requirement set.
    pub(crate) fn apply(
        &self,
        checks: &[&'static Check],
        requirements: &'static RequirementSet,
    ) -> Result<Vec<&'static Check>, SelectionError> {
        let selection = Selection::new(self.only.clone(), self.skip.clone(), self.level);
        let selected = selection.under(requirements).apply(checks)?;
        let Some(partition) = self.partition else {
            return Ok(selected);
        };
        let part = partition.apply(selected);
        if part.is_empty() {
            return Err(SelectionError::EmptyPart(partition));
        }
        Ok(part)
    }
}

fn level(word: &str) -> Result<Level, String> {
    match word.to_ascii_lowercase().as_str() {
        "must" => Ok(Level::Must),
        "should" => Ok(Level::Should),
        "may" => Ok(Level::May),
        _ => Err("write must, should or may".to_owned()),
    }
}

const EXAMPLES: &str = "\
Examples:
  machine-conformance list --only remove
  machine-conformance list --only 'RM-*' --level must
  machine-conformance list --json | jq -r '.checks[].id'";

/// The checks with their level, their clauses and what they observe.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ListArguments {
    #[command(flatten)]
    selection: SelectionArguments,

    /// Print a JSON document
    #[arg(long)]
    json: bool,
}

impl ListArguments {
    pub(super) fn write(&self, checks: &[&'static Check], out: &mut dyn Write) -> Result<(), Stopped> {
        let selected = self.selection.apply(checks, RequirementSet::next())?;
        if self.json { json(&selected, out) } else { table(&selected, out) }
    }
}

fn table(checks: &[&'static Check], out: &mut dyn Write) -> Result<(), Stopped> {
    let width = checks.iter().map(|check| check.id.len()).max().unwrap_or_default();
    let clauses_width = checks.iter().map(|check| clauses(check).len()).max().unwrap_or_default();
    let mut group = "";
    for check in checks {
        if check.group() != group {
            if !group.is_empty() {
                writeln!(out)?;
            }
            group = check.group();
        }
        let level = level_of(check).keyword();
        let clauses = format!("{:<clauses_width$}", clauses(check));
        let id = format!("{:<width$}", check.id);
        writeln!(out, "{}  {level:<6}  {}  {}", id.bold(), clauses.dimmed(), check.title)?;
    }
    Ok(writeln!(out, "\n{}", count(checks.len(), "check"))?)
}

/// Columns for clauses; sweeps have a dozen of them.
const CLAUSES_WIDTH: usize = 24;

/// The main clauses of a check, and how many more there are.
fn clauses(check: &Check) -> String {
    let all = check.clauses.join(" ");
    if all.len() <= CLAUSES_WIDTH {
        return all;
    }
    let fits = |shown: &usize| {
        let length = check.clauses[..*shown].join(" ").len() + " +99".len();
        length <= CLAUSES_WIDTH
    };
    let shown = (1..check.clauses.len()).rev().find(fits).unwrap_or(1);
    format!("{} +{}", check.clauses[..shown].join(" "), check.clauses.len() - shown)
}

/// Schema of `list --json`.
const SCHEMA: &str = "machine-conformance/list/v1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    checks: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    group: &'a str,
    title: &'a str,
    level: Level,
    clauses: &'a [&'a str],
    needs: &'a [Need],
}

fn json(checks: &[&'static Check], out: &mut dyn Write) -> Result<(), Stopped> {
    let row = |check: &&'static Check| Row {
        id: check.id,
        group: check.group(),
        title: check.title,
        level: level_of(check),
        clauses: check.clauses,
        needs: check.needs,
    };
    let document = Document { schema: SCHEMA, checks: checks.iter().map(row).collect() };
    serde_json::to_writer_pretty(&mut *out, &document).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
