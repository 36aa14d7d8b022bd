//! Every known-bad driver fails the checks of its clause, and no other of their groups; the unmodified driver passes
//! everything.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::collections::BTreeSet;

use machine_tests::{
    defects::{Defect, TABLE},
    judge::{complaints, try_all},
    suite,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_known-bad-driver");

/// Defects that are tried at the same time: most of a run is waiting for machines.
const AT_ONCE: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_every_defect_and_nothing_else() {
    let failures = try_all(TABLE, AT_ONCE, |expected| {
        suite::run_defective(PROGRAM.as_ref(), expected.defect, Some(expected))
    })
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
    let results = suite::run_defective(PROGRAM.as_ref(), Defect::Nothing, None).await.unwrap();
    let complaints = complaints(&results);
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn every_defect_is_in_the_table_once() {
    let listed: BTreeSet<_> = TABLE.iter().map(|expected| expected.defect).collect();
    assert_eq!(listed.len(), TABLE.len(), "a defect is listed twice");
    let missing: Vec<_> =
        Defect::ALL.iter().filter(|&defect| *defect != Defect::Nothing && !listed.contains(defect)).collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
    for expected in TABLE {
        assert!(
            !expected.checks.is_empty() && !expected.says.is_empty(),
            "{:?} expects nothing",
            expected.defect
        );
    }
}
