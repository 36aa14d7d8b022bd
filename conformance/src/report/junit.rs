//! `--report junit=PATH`: JUnit XML, a test suite per group and a test case per check.

use std::{
    io::{self, Write},
    time::Duration,
};

use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use super::{
    Report, RunRecord,
    terminal::{finding, sweep::numbers, walks},
    text::one_line,
};
use crate::{
    event::{CaseOutcome, CheckResult},
    verdict::Verdict,
};

/// Columns of the text in failures.
const WIDTH: usize = 100;
/// Characters of an attribute.
const LONGEST_ATTRIBUTE: usize = 500;

/// Writes the run as JUnit XML when it is over.
///
/// Broken clauses and time-outs are failures, mistakes of the environment and of the suite are errors, and what was
/// not run or is known to fail is skipped, with its reason. Warnings pass; their text is in `system-out`. A sweep has
/// the numbers of its cases and leaks as properties.
pub struct JunitReport<W: Write> {
    writer: W,
}

impl<W: Write> JunitReport<W> {
    /// A report to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send> Report for JunitReport<W> {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        let mut report = quick_junit::Report::new("machine-conformance");
        report.set_time(Duration::from_millis(run.summary.duration_ms));
        for (group, results) in run.groups() {
            let mut suite = TestSuite::new(group);
            suite.add_properties(properties(run));
            suite.set_time(Duration::from_millis(results.iter().map(|result| result.duration_ms).sum()));
            for result in results {
                suite.add_test_case(test_case(group, result));
            }
            report.add_test_suite(suite);
        }
        report.serialize(&mut self.writer).map_err(io::Error::other)?;
        self.writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for JunitReport<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JunitReport").finish_non_exhaustive()
    }
}

fn properties(run: &RunRecord) -> Vec<(String, String)> {
    let info = &run.run;
    let fixed = [
        ("suite_version", info.suite_version.clone()),
        ("specification", info.specification.clone()),
        ("driver", info.driver.clone()),
        ("driver_name", info.driver_name.clone()),
        ("provider", info.provider.clone()),
        ("seed", info.seed.to_string()),
        ("started_at", info.started_at.clone()),
    ];
    let environment = info.environment.iter().map(|(name, value)| (name.clone(), value.clone()));
    let owned = fixed.into_iter().map(|(name, value)| (name.to_owned(), value));
    owned.chain(environment).map(|(name, value)| (name, line(&value))).collect()
}

fn test_case(group: &str, result: &CheckResult) -> TestCase {
    let mut case = TestCase::new(result.id.as_str(), status(result));
    case.set_classname(format!("machine-conformance.{group}"));
    case.set_time(Duration::from_millis(result.duration_ms));
    case.add_property(("clauses", result.clauses.join(" ").as_str()));
    case.add_property(("level", result.level.keyword()));
    case.add_property(("verdict", result.verdict.word()));
    if let Some(sweep) = &result.sweep {
        case.add_property(("cases", sweep.cases.len().to_string().as_str()));
        case.add_property(("leaks", sweep.count(CaseOutcome::Leaked).to_string().as_str()));
        case.set_system_out(numbers(sweep));
    }
    if let Some(walks) = &result.walks {
        case.add_property(("stories", walks.stories.to_string().as_str()));
        case.add_property(("steps", walks.steps.to_string().as_str()));
        case.set_system_out(walks::numbers(walks));
    }
    if result.verdict == Verdict::Warn {
        case.set_system_out(text(result));
    }
    case
}

fn status(result: &CheckResult) -> TestCaseStatus {
    let failure = |kind: NonSuccessKind, word: &str| {
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(message(result));
        status.set_type(word);
        status.set_description(text(result));
        status
    };
    match result.verdict {
        Verdict::Pass | Verdict::Warn => TestCaseStatus::success(),
        Verdict::Fail => {
            let clause = result.problems.first().map_or("fail", |problem| problem.clause.as_str());
            failure(NonSuccessKind::Failure, clause)
        }
        Verdict::Stale | Verdict::DriverTimeout => failure(NonSuccessKind::Failure, result.verdict.word()),
        Verdict::EnvironmentError | Verdict::SuiteError => {
            failure(NonSuccessKind::Error, result.verdict.word())
        }
        Verdict::NotApplicable | Verdict::NotTested | Verdict::KnownFailure => {
            let mut status = TestCaseStatus::skipped();
            let reason = result.reason.as_deref().unwrap_or("no reason given");
            status.set_message(line(&format!("{}: {reason}", result.verdict.word())));
            status.set_type(result.verdict.word());
            status
        }
    }
}

/// One line: what happened, or why.
fn message(result: &CheckResult) -> String {
    let problem = result.problems.first().map(|problem| format!("{}: {}", problem.clause, problem.got));
    line(&problem.or_else(|| result.reason.clone()).unwrap_or_else(|| result.title.clone()))
}

/// Attributes hold one line, and nothing that a viewer would obey.
fn line(text: &str) -> String {
    one_line(text, LONGEST_ATTRIBUTE)
}

/// The block of the terminal report, without colours.
fn text(result: &CheckResult) -> String {
    let mut plain = anstream::StripStream::new(Vec::new());
    // Writing to memory does not fail.
    let _ = finding::write(&mut plain, result, WIDTH);
    String::from_utf8_lossy(&plain.into_inner()).trim_start().to_owned()
}
