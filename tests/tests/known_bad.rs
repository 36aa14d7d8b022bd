//! Every known-bad driver fails the checks of its clause, and no other; the unmodified driver passes everything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "tests"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    future,
    time::Instant,
};

use futures_util::{StreamExt, stream};
use machine_conformance::{event::CheckResult, verdict::Verdict};
use machine_tests::{
    defects::{Defect, Expected, TABLE},
    suite,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_known-bad-driver");

/// Defects that are tried at the same time. Most of a run is waiting for machines.
const AT_ONCE: usize = 3;

/// Verdicts by which the suite complains.
const COMPLAINTS: [Verdict; 5] = [
    Verdict::Fail,
    Verdict::Warn,
    Verdict::DriverTimeout,
    Verdict::SuiteError,
    Verdict::EnvironmentError,
];

fn complaints(results: &[CheckResult]) -> BTreeMap<&str, &CheckResult> {
    results
        .iter()
        .filter(|result| COMPLAINTS.contains(&result.verdict))
        .map(|result| (result.id.as_str(), result))
        .collect()
}

/// What is wrong with the suite's answer to one defect; empty if nothing is.
fn judge(expected: &Expected, results: &[CheckResult]) -> Vec<String> {
    let complaints = complaints(results);
    let mut wrong = Vec::new();
    for check in expected.checks {
        if !complaints.contains_key(check) {
            let verdict = results
                .iter()
                .find(|result| result.id == *check)
                .map(|result| result.verdict.word());
            wrong.push(format!(
                "{check} must complain, but its verdict is {}",
                verdict.unwrap_or("missing")
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
    let names_it = complaints.values().any(|result| {
        let in_problems = result.problems.iter().any(|problem| {
            problem.clause == expected.clause
                && (problem.expected.contains(expected.says) || problem.got.contains(expected.says))
        });
        let in_reason = result.verdict == Verdict::DriverTimeout
            && result
                .reason
                .as_ref()
                .is_some_and(|reason| reason.contains(expected.says));
        in_problems || in_reason
    });
    if !names_it {
        let problems: Vec<_> = complaints.values().flat_map(|result| &result.problems).collect();
        wrong.push(format!(
            "no problem under {} says {:?}: {problems:#?}",
            expected.clause, expected.says
        ));
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_every_defect_and_nothing_else() {
    let filter = std::env::var("KNOWN_BAD").unwrap_or_default();
    let chosen = TABLE
        .iter()
        .filter(|expected| expected.defect.name().contains(&filter));
    let failures: Vec<String> = stream::iter(chosen)
        .map(|expected| async move {
            let started = Instant::now();
            let results = suite::run_defective(PROGRAM.as_ref(), expected.defect)
                .await
                .unwrap();
            let wrong = judge(expected, &results);
            eprintln!(
                "{:<32} {:<12} {:>5.1} s  {}",
                expected.defect.name(),
                expected.clause,
                started.elapsed().as_secs_f64(),
                if wrong.is_empty() {
                    "caught"
                } else {
                    "NOT AS EXPECTED"
                }
            );
            for line in &wrong {
                eprintln!("    {line}");
            }
            (!wrong.is_empty()).then(|| format!("{}:\n    {}", expected.defect.name(), wrong.join("\n    ")))
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(future::ready)
        .collect()
        .await;
    assert!(
        failures.is_empty(),
        "{} defects are not found as they should be:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrapper_without_a_defect_passes() {
    let results = suite::run_defective(PROGRAM.as_ref(), Defect::Nothing)
        .await
        .unwrap();
    let complaints = complaints(&results);
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn every_defect_is_in_the_table_once() {
    let listed: BTreeSet<_> = TABLE.iter().map(|expected| expected.defect).collect();
    assert_eq!(listed.len(), TABLE.len(), "a defect is listed twice");
    let missing: Vec<_> = Defect::ALL
        .iter()
        .filter(|&defect| *defect != Defect::Nothing && !listed.contains(defect))
        .collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    for expected in TABLE {
        assert!(
            !expected.checks.is_empty() && !expected.says.is_empty(),
            "{:?} expects nothing",
            expected.defect
        );
    }
}
