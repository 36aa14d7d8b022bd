//! The detection figures of the guide are those of the tables.
//!
//! `INSTA_UPDATE=always cargo test -p machine-tests --test detection` writes the page anew.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{env, fs};

use machine_tests::{detection::page, executables::workspace};

#[test]
fn the_page_is_as_the_tables_are() {
    let path = workspace().join("guide/src/detection.md");
    let page = page().unwrap();
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
