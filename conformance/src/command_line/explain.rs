//! `machine-conformance explain`

use std::io::Write;

use clap::Args;
use owo_colors::OwoColorize;

use super::{failure::Failure, output::Stopped};
use crate::{
    check::Check,
    nearest::did_you_mean,
    report::{count, wrap},
    selection::level_of,
    spec::{Bug, Clause, Coverage, Section, Standing, bugs_citing, specification},
};

/// Columns of running text.
const WIDTH: usize = 100;
/// Reports of real drivers that are shown.
const MOST_BUGS: usize = 5;

const EXAMPLES: &str = "\
Examples:
  machine-conformance explain remove::instance_already_gone
  machine-conformance explain RM-008
  machine-conformance explain RM";

/// What a check or a clause demands, why, and what a good and a bad driver look like.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ExplainArguments {
    /// Id of a check (remove::twice), of a clause (RM-012), or of a group of clauses (RM)
    #[arg(value_name = "ID")]
    id: String,
}

impl ExplainArguments {
    pub(super) fn write(&self, checks: &[&'static Check], out: &mut dyn Write) -> Result<(), Stopped> {
        let specification = specification();
        let id = self.id.trim();
        let coverage = Coverage::of(checks)?;
        if let Some(check) = checks.iter().find(|check| check.id.eq_ignore_ascii_case(id)) {
            return explain_check(check, out);
        }
        if let Some(clause) = specification.clause(id) {
            return explain_clause(clause, &coverage, out);
        }
        if let Some(section) = specification.section(id) {
            return explain_section(section, &coverage, out);
        }
        let names = checks
            .iter()
            .map(|check| check.id)
            .chain(specification.clauses.iter().map(|clause| clause.id.as_str()))
            .chain(specification.sections.iter().map(|section| section.key.as_str()));
        let hint = did_you_mean(id, names).map(|hint| format!("; {hint}")).unwrap_or_default();
        Err(Failure::usage(format!("\"{id}\" is no check, clause or group{hint}"))
            .help(
                "`machine-conformance list` prints the checks, `machine-conformance spec --all` the clauses",
            )
            .into())
    }
}

fn explain_check(check: &Check, out: &mut dyn Write) -> Result<(), Stopped> {
    writeln!(out, "{}   {}", check.id.bold(), level_of(check).keyword())?;
    paragraph(out, "", check.title)?;
    for clause in check.clauses.iter().filter_map(|id| specification().clause(id)) {
        heading(out, &format!("Rule {} ({})", clause.id, clause.level.keyword()))?;
        paragraph(out, "", &clause.requirement)?;
        paragraph(out, "source: ", &clause.source)?;
    }
    for (title, text) in [("Why", check.why), ("Good", check.good), ("Bad", check.bad)] {
        if !text.is_empty() {
            heading(out, title)?;
            exchange(out, text)?;
        }
    }
    if !check.needs.is_empty() {
        heading(out, "Not tested or not applicable when")?;
        for need in check.needs {
            paragraph(out, "- ", need.missing())?;
        }
    }
    known(out, &bugs_citing(check.clauses.iter().copied()))?;
    heading(out, "Run just this check")?;
    Ok(writeln!(out, "  machine-conformance run DRIVER --only {}", check.id)?)
}

fn explain_clause(clause: &Clause, coverage: &Coverage, out: &mut dyn Write) -> Result<(), Stopped> {
    writeln!(out, "{}   {}", clause.id.bold(), clause.level.keyword())?;
    paragraph(out, "", &clause.requirement)?;
    heading(out, "Source")?;
    paragraph(out, "", &clause.source)?;
    heading(out, "Applies when")?;
    for gate in &clause.gates {
        paragraph(out, &format!("{gate}: "), gate.meaning())?;
    }
    heading(out, "Observed")?;
    paragraph(out, "", &clause.observe)?;
    heading(out, "Checks")?;
    match coverage.standing(clause) {
        Standing::Covered(ids) => {
            for id in ids {
                paragraph(out, "", id)?;
            }
        }
        Standing::Excluded(reason) => paragraph(out, "none, on purpose: ", reason)?,
        Standing::NotYet => paragraph(out, "", "none yet")?,
    }
    known(out, &bugs_citing([clause.id.as_str()]))
}

fn explain_section(
    section: &'static Section,
    coverage: &Coverage,
    out: &mut dyn Write,
) -> Result<(), Stopped> {
    writeln!(out, "{}   {}", section.key.bold(), section.title)?;
    paragraph(out, "", &section.intro)?;
    writeln!(out)?;
    for clause in specification().clauses_of(section) {
        super::spec::clause_row(clause, coverage, out)?;
    }
    Ok(())
}

/// What real drivers got wrong.
fn known(out: &mut dyn Write, bugs: &[&Bug]) -> Result<(), Stopped> {
    if bugs.is_empty() {
        return Ok(());
    }
    heading(out, &format!("Would have caught ({} of real drivers)", count(bugs.len(), "report")))?;
    for bug in bugs.iter().take(MOST_BUGS) {
        paragraph(out, &format!("- {} ({}): ", bug.reference, bug.driver), &bug.symptom)?;
        writeln!(out, "    {}", bug.url.dimmed())?;
    }
    if bugs.len() > MOST_BUGS {
        writeln!(out, "  and {} more", bugs.len() - MOST_BUGS)?;
    }
    Ok(())
}

fn heading(out: &mut dyn Write, title: &str) -> Result<(), Stopped> {
    Ok(writeln!(out, "\n{}", title.bold())?)
}

/// Running text, indented by two; continued lines stand below the text, not below the label.
fn paragraph(out: &mut dyn Write, label: &str, text: &str) -> Result<(), Stopped> {
    let indent = if label.starts_with("- ") { 2 } else { 0 };
    let whole = format!("{label}{text}");
    for (index, line) in wrap(&whole, WIDTH - 4).iter().enumerate() {
        let margin = if index == 0 { 0 } else { indent };
        writeln!(out, "  {}{line}", " ".repeat(margin))?;
    }
    Ok(())
}

/// An exchange is written line by line; longer lines are prose.
fn exchange(out: &mut dyn Write, text: &str) -> Result<(), Stopped> {
    for line in text.lines() {
        paragraph(out, "", line)?;
    }
    Ok(())
}
