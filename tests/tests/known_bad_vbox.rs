//! Every known-bad variation of the VirtualBox driver fails the checks of its clause, and no other of their groups; the
//! unmodified driver in the same wrapper passes all groups.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, path::Path};

use machine_tests::{
    judge::{complaints, try_all},
    suite,
    vbox_defects::{Defect, TABLE},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_known-bad-vbox");

/// Defects that are tried at the same time; more do not fit into the time of two cores.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_every_defect_of_a_virtualbox_driver() {
    let failures = try_all(TABLE, AT_ONCE, |expected| {
        suite::run_defective_vbox(Path::new(PROGRAM), expected.defect, Some(expected))
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
    let results = suite::run_defective_vbox(Path::new(PROGRAM), Defect::Nothing, None).await.unwrap();
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
}
