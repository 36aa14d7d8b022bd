//! Several drivers side by side.

use std::io::{self, Write};

use super::{
    RunRecord,
    markdown::{cell, sign},
    statistics::{self, weight},
    text::one_line,
};
use crate::{event::CheckResult, verdict::Verdict};

/// Columns of a driver's name.
const NAME: usize = 24;

/// The checks of several runs, each with its outcome in every run.
#[derive(Debug)]
pub struct Comparison<'r> {
    runs: &'r [RunRecord],
    /// Ids of the checks, in the order of the first run that has them.
    ids: Vec<&'r str>,
}

impl<'r> Comparison<'r> {
    /// A comparison of these runs.
    pub fn new(runs: &'r [RunRecord]) -> Self {
        let mut ids: Vec<&str> = Vec::new();
        for result in runs.iter().flat_map(|run| &run.checks) {
            if !ids.contains(&result.id.as_str()) {
                ids.push(&result.id);
            }
        }
        Self { runs, ids }
    }

    /// Writes a table of text: the numbers, then a row for each check whose outcome is not the same everywhere, or with
    /// `all` for each check.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_text(&self, writer: &mut dyn Write, all: bool) -> io::Result<()> {
        let rows = self.rows(all, |outcome| outcome.word().to_owned());
        let first = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, cells) in rows {
            write!(writer, "{name:<first$}")?;
            for cell in cells {
                write!(writer, "  {cell:<NAME$}")?;
            }
            writeln!(writer)?;
        }
        Ok(())
    }

    /// Writes the same table in Markdown.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write_markdown(&self, writer: &mut dyn Write, all: bool) -> io::Result<()> {
        let rows = self.rows(all, |outcome| outcome.in_markdown());
        for (index, (name, cells)) in rows.iter().enumerate() {
            let cells: Vec<String> =
                cells.iter().map(|text| if index == 0 { cell(text) } else { text.clone() }).collect();
            writeln!(writer, "| {} | {} |", cell(name), cells.join(" | "))?;
            if index == 0 {
                writeln!(writer, "| --- |{}", " --- |".repeat(cells.len()))?;
            }
        }
        Ok(())
    }

    /// The head, the numbers, and the checks; `show` makes the text of an outcome.
    fn rows(&self, all: bool, show: impl Fn(Outcome) -> String) -> Vec<(String, Vec<String>)> {
        let of_runs = |show: &dyn Fn(&RunRecord) -> String| self.runs.iter().map(show).collect();
        let mut rows: Vec<(String, Vec<String>)> = vec![
            (String::new(), of_runs(&|run| one_line(name(run), NAME))),
            ("verdict".to_owned(), of_runs(&|run| run.verdict.headline().to_lowercase())),
            ("specification".to_owned(), of_runs(&|run| one_line(&run.run.specification, NAME))),
            ("provider".to_owned(), of_runs(&|run| one_line(&run.run.provider, NAME))),
        ];
        for word in ["applicable", "run", "passed", "warned", "failed"] {
            let number = |run: &RunRecord| {
                let numbers = statistics::numbers(&run.summary);
                let found = numbers.iter().find(|(known, _)| *known == word);
                found.map_or_else(String::new, |(_, number)| number.to_string())
            };
            rows.push((word.to_owned(), of_runs(&number)));
        }
        for id in &self.ids {
            let outcomes: Vec<Outcome> = self.runs.iter().map(|run| Outcome::of(run, id)).collect();
            if all || outcomes.iter().any(|outcome| *outcome != outcomes[0]) {
                rows.push((one_line(id, 80), outcomes.into_iter().map(&show).collect()));
            }
        }
        rows
    }

    /// Checks in which the runs differ.
    pub fn differing(&self) -> usize {
        self.ids
            .iter()
            .filter(|id| {
                let mut outcomes = self.runs.iter().map(|run| Outcome::of(run, id));
                let first = outcomes.next();
                outcomes.any(|outcome| Some(outcome) != first)
            })
            .count()
    }
}

fn name(run: &RunRecord) -> &str {
    match run.run.driver_name.as_str() {
        "" => &run.run.driver,
        name => name,
    }
}

/// Outcome of a check in one run; `None` if the run does not have it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Outcome(Option<Verdict>);

impl Outcome {
    /// Of several results with the same id the worst.
    fn of(run: &RunRecord, id: &str) -> Self {
        let results = run.checks.iter().filter(|result| result.id == id);
        let worst = results.max_by_key(|result: &&CheckResult| weight(result.verdict));
        Self(worst.map(|result| result.verdict))
    }

    fn word(self) -> &'static str {
        self.0.map_or("", Verdict::word)
    }

    fn in_markdown(self) -> String {
        self.0.map_or_else(String::new, |verdict| format!("{} {}", sign(verdict), verdict.word()))
    }
}
