//! One check that did not simply pass.

use std::{
    collections::BTreeSet,
    io::{self, Write},
};

use super::{
    calls,
    paint::{self, Paint},
    sweep, walks,
};
use crate::{
    event::{CheckResult, Problem},
    report::{
        statistics::{broken_clauses, level},
        text::{count, one_line, wrap},
    },
    spec::bugs_citing,
    verdict::{Level, Verdict},
};

/// Column at which the text of each row begins.
const TEXT: usize = 12;

/// Writes the block of one check. Warnings, known and stale failures get a shorter one.
pub(in crate::report) fn write(
    writer: &mut impl Write,
    result: &CheckResult,
    width: usize,
) -> io::Result<()> {
    let block = Block { writer, width };
    block.write(result)
}

struct Block<'w, W> {
    writer: &'w mut W,
    width: usize,
}

impl<W: Write> Block<'_, W> {
    fn write(mut self, result: &CheckResult) -> io::Result<()> {
        self.title(result)?;
        let shorter = matches!(result.verdict, Verdict::Warn | Verdict::KnownFailure | Verdict::Stale);
        if result.problems.is_empty() {
            self.row("check", &result.title)?;
        }
        if let Some(reason) = &result.reason {
            self.row("reason", reason)?;
        }
        for problem in &result.problems {
            self.problem(problem, level(result))?;
        }
        if let Some(sweep) = &result.sweep {
            self.lines("cases", &sweep::excerpt(sweep, self.width - TEXT))?;
        }
        if let Some(walks) = &result.walks {
            self.lines("story", &walks::excerpt(walks, self.width - TEXT))?;
        }
        if !shorter {
            self.lines("calls", &calls::excerpt(&result.calls, self.width - TEXT))?;
            self.lines("log", &calls::log_excerpt(&result.log, self.width - TEXT))?;
        }
        self.seen_in(result)?;
        // Never broken: it is there to be copied.
        let rerun = one_line(&result.rerun, usize::MAX);
        self.lines("rerun", &[rerun])
    }

    fn title(&mut self, result: &CheckResult) -> io::Result<()> {
        let word = headline(result.verdict);
        let clauses = format!("{}  {}", level(result).keyword(), broken_clauses(result).join(", "));
        let id = one_line(&result.id, 100);
        let used = word.len() + 2 + clauses.chars().count();
        let room = self.width.saturating_sub(used + 1).max(id.chars().count() + 1);
        let style = paint::style_of(result.verdict).bold();
        writeln!(self.writer)?;
        writeln!(self.writer, "{}  {}{clauses}", word.paint(style), format!("{id:<room$}").paint(paint::BOLD))
    }

    fn problem(&mut self, problem: &Problem, level_of_title: Level) -> io::Result<()> {
        let level = match problem.level {
            level if level == level_of_title => String::new(),
            level => format!(" ({})", level.keyword()),
        };
        self.row("rule", &format!("{}{level}: {}", problem.clause, problem.rule))?;
        self.row("expected", &problem.expected)?;
        self.row("got", &problem.got)
    }

    fn seen_in(&mut self, result: &CheckResult) -> io::Result<()> {
        let bugs = bugs_citing(broken_clauses(result));
        let Some(first) = bugs.first() else { return Ok(()) };
        let drivers: BTreeSet<&str> = bugs.iter().map(|bug| bug.driver.as_str()).collect();
        let text = format!(
            "{} of {}, e.g. {}: {}",
            count(bugs.len(), "report"),
            count(drivers.len(), "real driver"),
            first.reference,
            first.symptom
        );
        self.row("seen in", &text)
    }

    /// A row of running text, from wherever it may come.
    fn row(&mut self, name: &str, text: &str) -> io::Result<()> {
        self.lines(name, &wrap(text, self.width - TEXT))
    }

    /// A row of finished lines.
    fn lines(&mut self, name: &str, lines: &[String]) -> io::Result<()> {
        for (index, line) in lines.iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            writeln!(self.writer, "  {}{line}", format!("{name:<10}").paint(paint::DIM))?;
        }
        Ok(())
    }
}

/// Word at the head of a block.
fn headline(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "PASS",
        Verdict::Fail => "FAIL",
        Verdict::Warn => "WARN",
        Verdict::NotApplicable => "NOT APPLICABLE",
        Verdict::NotTested => "NOT TESTED",
        Verdict::KnownFailure => "KNOWN",
        Verdict::Stale => "STALE",
        Verdict::DriverTimeout => "TIMEOUT",
        Verdict::EnvironmentError => "ENVIRONMENT",
        Verdict::SuiteError => "SUITE ERROR",
    }
}
