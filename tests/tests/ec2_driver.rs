//! The EC2 driver as an executable passes the whole suite, with all sweeps.
#![allow(clippy::unwrap_used, reason = "tests")]

use machine_conformance::verdict::Verdict;
use machine_tests::{judge::complaints, suite};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ec2-driver");

/// Checks that pass; fewer would mean that the suite has stopped looking.
const LEAST_PASSED: usize = 185;
/// Cases of all sweeps, at least.
const LEAST_CASES: usize = 300;

#[tokio::test(flavor = "multi_thread")]
async fn the_ec2_driver_is_conformant() {
    let results = suite::run_ec2_driver(PROGRAM.as_ref()).await.unwrap();
    let complaints = complaints(&results);
    assert!(complaints.is_empty(), "{complaints:#?}");
    let passed = results.iter().filter(|result| result.verdict == Verdict::Pass).count();
    assert!(passed >= LEAST_PASSED, "only {passed} checks passed");
    let sweeps = results.iter().filter_map(|result| result.sweep.as_ref());
    let cases: usize = sweeps.map(|sweep| sweep.cases.len()).sum();
    assert!(cases >= LEAST_CASES, "the sweeps had {cases} cases only");
}
