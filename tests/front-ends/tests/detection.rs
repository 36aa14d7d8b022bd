//! The detection figures of the guide are those of the tables.
//!
//! `INSTA_UPDATE=always cargo test -p machine-front-end-tests --test detection` writes the page anew.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, env, fs};

use machine_front_end_tests::{
    defects::{DRIVERS, read},
    detection::page,
    executables::workspace,
    shell::{bash, furnish},
};

#[test]
fn the_page_is_as_the_tables_are() {
    let path = workspace().join("guide/src/detection.md");
    let page = page(workspace()).unwrap();
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(&path, &page).unwrap();
    }
    let there = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "{} is stale: write it anew with INSTA_UPDATE=always, and look at the difference",
        path.display()
    );
}

#[tokio::test]
async fn the_checks_of_the_tables_are_checks_of_the_suite() {
    let folder = tempfile::tempdir().unwrap();
    furnish(folder.path()).unwrap();
    let listed = bash(folder.path(), "machine-conformance list --json", &[]).await;
    let listed = listed.unwrap().exits(0).stdout;
    for (_, tables) in DRIVERS {
        let checks: BTreeSet<String> = read(workspace(), tables)
            .unwrap()
            .into_iter()
            .flat_map(|defect| defect.checks)
            .collect();
        for id in checks {
            assert!(listed.contains(&format!("\"{id}\"")), "{tables}: {id}");
        }
    }
}
