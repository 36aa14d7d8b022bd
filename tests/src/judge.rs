//! Known-bad drivers and the suite: what it must say, and whether it does.

use std::{collections::BTreeMap, fmt::Debug, future::Future, time::Instant};

use anyhow::Result;
use futures_util::{StreamExt, stream};
use machine_conformance::{event::CheckResult, verdict::Verdict};

/// Environment variable with a part of the names of the defects that are tried; all are without it.
const FILTER: &str = "KNOWN_BAD";

/// The checks that a defect must fail, and a part of what one of them must say.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Expected<D> {
    /// The defect.
    pub defect: D,
    /// Clause that it breaks.
    pub clause: &'static str,
    /// Checks that must complain (fail, warn or time out); no other may.
    pub checks: &'static [&'static str],
    /// Text that the expected and got of the problems under `clause` must contain.
    pub says: &'static str,
}

impl<D> Expected<D> {
    /// Groups of the checks.
    pub(crate) fn groups(&self) -> impl Iterator<Item = &'static str> {
        let group = |id: &&'static str| Some(id.split_once("::")?.0);
        self.checks.iter().filter_map(group)
    }

    /// Whether the checks walk or sweep, or wait for a process that does not end.
    fn takes_long(&self) -> bool {
        self.groups().any(|group| group == "plugin" || is_long(group))
    }
}

/// Whether the checks of a group are sweeps or walks.
pub(crate) fn is_long(group: &str) -> bool {
    matches!(group, "sweep" | "walk")
}

/// A row of a table.
pub(crate) const fn expect<D: Copy>(
    defect: D,
    clause: &'static str,
    checks: &'static [&'static str],
    says: &'static str,
) -> Expected<D> {
    Expected { defect, clause, checks, says }
}

/// Verdicts by which the suite complains.
const COMPLAINTS: [Verdict; 5] =
    [Verdict::Fail, Verdict::Warn, Verdict::DriverTimeout, Verdict::SuiteError, Verdict::EnvironmentError];

/// The results that complain, by check.
pub fn complaints(results: &[CheckResult]) -> BTreeMap<&str, &CheckResult> {
    results
        .iter()
        .filter(|result| COMPLAINTS.contains(&result.verdict))
        .map(|result| (result.id.as_str(), result))
        .collect()
}

/// What is wrong with the suite's answer to one defect; empty if nothing is.
pub fn judge<D>(expected: &Expected<D>, results: &[CheckResult]) -> Vec<String> {
    let complaints = complaints(results);
    let mut wrong = Vec::new();
    for check in expected.checks {
        if !complaints.contains_key(check) {
            let result = results.iter().find(|result| result.id == *check);
            wrong.push(format!(
                "{check} must complain, but its verdict is {} {}",
                result.map_or("missing", |result| result.verdict.word()),
                result.and_then(|result| result.reason.as_deref()).unwrap_or_default()
            ));
        }
    }
    for (check, result) in &complaints {
        if !expected.checks.contains(check) {
            let found: Vec<_> = result
                .problems
                .iter()
                .map(|problem| format!("{}: {}", problem.clause, problem.got))
                .collect();
            wrong.push(format!(
                "{check} complains, but is not about this: {} {} {}",
                result.verdict.word(),
                result.reason.as_deref().unwrap_or_default(),
                found.join("; ")
            ));
        }
    }
    wrong.extend(complaints.values().flat_map(|result| untidy(result)));
    let names_it = complaints.values().any(|result| {
        let in_problems = result.problems.iter().any(|problem| {
            problem.clause == expected.clause
                && (problem.expected.contains(expected.says) || problem.got.contains(expected.says))
        });
        let in_reason = result.verdict == Verdict::DriverTimeout
            && result.reason.as_ref().is_some_and(|reason| reason.contains(expected.says));
        in_problems || in_reason
    });
    if !names_it {
        let problems: Vec<_> = complaints.values().flat_map(|result| &result.problems).collect();
        wrong.push(format!("no problem under {} says {:?}: {problems:#?}", expected.clause, expected.says));
    }
    wrong
}

/// Problems that lack a part, or are about a clause that their check does not name.
fn untidy(result: &CheckResult) -> Vec<String> {
    let mut wrong = Vec::new();
    for problem in &result.problems {
        let parts = [&problem.rule, &problem.expected, &problem.got];
        if parts.iter().any(|part| part.trim().is_empty()) {
            wrong.push(format!(
                "{}: a problem without rule, expectation or what was got: {problem:?}",
                result.id
            ));
        }
        if !result.clauses.contains(&problem.clause) {
            wrong.push(format!("{} complains about {}, which it does not name", result.id, problem.clause));
        }
    }
    wrong
}

/// Tries all defects of a table, `at_once` at the same time, prints what comes of each, and returns what is wrong.
#[expect(clippy::print_stderr, reason = "a test that takes minutes says how far it is")]
pub async fn try_all<'a, D, F>(
    table: &'a [Expected<D>],
    at_once: usize,
    run: impl Fn(&'a Expected<D>) -> F,
) -> Vec<String>
where
    D: Copy + Debug,
    F: Future<Output = Result<Vec<CheckResult>>>,
{
    let filter = std::env::var(FILTER).unwrap_or_default();
    let name = |expected: &Expected<D>| format!("{:?}", expected.defect);
    let mut chosen: Vec<_> = table.iter().filter(|expected| name(expected).contains(&filter)).collect();
    // What takes longest first, so that it does not go on alone in the end.
    chosen.sort_by_key(|expected| !expected.takes_long());
    let tried = stream::iter(chosen).map(|expected| {
        let (name, running) = (name(expected), run(expected));
        async move {
            let started = Instant::now();
            let wrong = match running.await {
                Ok(results) => judge(expected, &results),
                Err(error) => vec![format!("the suite cannot run: {error:#}")],
            };
            eprintln!(
                "{name:<32} {:<12} {:>5.1} s  {}",
                expected.clause,
                started.elapsed().as_secs_f64(),
                if wrong.is_empty() { "caught" } else { "NOT AS EXPECTED" }
            );
            for line in &wrong {
                eprintln!("    {line}");
            }
            (!wrong.is_empty()).then(|| format!("{name}:\n    {}", wrong.join("\n    ")))
        }
    });
    tried.buffer_unordered(at_once).filter_map(std::future::ready).collect().await
}
