//! Every known-bad variation of the EC2 driver fails the checks of its clause, and no other of their groups; the
//! unmodified driver passes all of these groups.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use machine_mock_providers::ec2::Server;
use machine_tests::{
    ec2_defects::{Defect, TABLE},
    judge::{complaints, try_all},
    suite,
};

/// Defects that are tried at the same time; more do not fit into the time of two cores.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_finds_every_defect_of_an_ec2_driver() {
    let mut table = TABLE.to_vec();
    if !Server::ipv6_is_local() {
        #[expect(clippy::print_stderr, reason = "a test that is not run must say so")]
        {
            eprintln!("not tried, because no IPv6 addresses lead here: {:?}", Defect::UrlLacksBrackets);
        }
        table.retain(|expected| expected.defect != Defect::UrlLacksBrackets);
    }
    let failures =
        try_all(&table, AT_ONCE, |expected| suite::run_defective_ec2(expected.defect, Some(expected))).await;
    assert!(
        failures.is_empty(),
        "{} defects are not found as they should be:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wrapper_without_a_defect_passes() {
    let results = suite::run_defective_ec2(Defect::Nothing, None).await.unwrap();
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
