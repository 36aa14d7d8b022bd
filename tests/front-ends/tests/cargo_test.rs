//! `conformance_main!`, seen through the test of the template driver.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use machine_front_end_tests::{
    executables::{self, target_folder, workspace},
    report::verdicts,
    run::{Finished, to_end},
    shell::found,
};
use serde_json::Value;
use tokio::process::Command;

const LIMIT: Duration = Duration::from_secs(900);

/// Runs Cargo on the template driver.
async fn cargo(words: &[&str], variables: &[(&str, &str)]) -> Finished {
    let mut command = Command::from(executables::cargo());
    command
        .args(words)
        .current_dir(workspace())
        .env("CARGO_TARGET_DIR", target_folder().unwrap())
        .envs(variables.iter().copied());
    // This process is itself a test of Cargo, and perhaps of nextest.
    for (name, _) in env::vars_os() {
        let own = name.to_string_lossy();
        if own.starts_with("NEXTEST") {
            command.env_remove(&name);
        }
    }
    to_end(command, LIMIT).await.unwrap()
}

/// The template driver's `cargo test --test conformance -- WORDS`. Built for the whole workspace, as it was when these
/// tests were: for the package alone most libraries would be compiled once more.
async fn conformance(words: &[&str]) -> Finished {
    let build = ["test", "--workspace", "--test", "conformance", "--no-run"];
    let built = cargo(&[&build[..], &["--message-format", "json"]].concat(), &[]).await.exits(0);
    let package = workspace().join("reference-drivers/template");
    let manifest = package.join("Cargo.toml").display().to_string();
    let messages = built.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let executable = messages
        .filter(|message| message["manifest_path"] == manifest && message["target"]["name"] == "conformance")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .unwrap();
    let mut command = Command::new(executable);
    command.args(words).current_dir(&package).env("CARGO_MANIFEST_DIR", &package);
    to_end(command, LIMIT).await.unwrap()
}

#[tokio::test]
async fn listing_starts_nothing_and_says_nothing_else() {
    let listed = conformance(&["--list", "--format", "terse"]).await.exits(0);
    assert!(listed.lines().len() > 150, "{listed}");
    for line in listed.lines() {
        assert!(line.ends_with(": test"), "{line}");
    }
    let ignored = conformance(&["--list", "--format", "terse", "--ignored"]).await.exits(0);
    let ignored = ignored.lines();
    assert!(
        !ignored.is_empty() && ignored.len() < 30,
        "what the profile rules out, and nothing else: {ignored:?}"
    );
}

#[tokio::test]
async fn one_process_runs_what_is_asked_for() {
    let finished = conformance(&["remove::"]).await.exits(0);
    assert!(finished.stdout.contains("0 failed"), "{finished}");
    assert!(finished.stderr.contains("CONFORMANT   selected"), "{finished}");
}

/// The folder in which the test leaves its reports.
fn parts() -> PathBuf {
    target_folder().unwrap().join("tmp/conformance")
}

#[tokio::test]
async fn nextest_runs_each_check_in_a_process_of_its_own() {
    if !found("cargo-nextest", "conformance_main! under nextest").unwrap() {
        return;
    }
    let before = runs(&parts());
    let nextest = ["nextest", "run", "--workspace", "--test", "conformance"];
    let filter = "package(docker-machine-driver-template) & test(/^(name|stop)::/)";
    let finished = cargo(&[&nextest[..], &["-E", filter]].concat(), &[]).await.exits(0);
    assert!(finished.stderr.contains("0 failed") || finished.stderr.contains("passed"), "{finished}");
    let run = runs(&parts()).into_iter().find(|run| !before.contains(run)).unwrap();
    let reports: Vec<PathBuf> = fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(reports.len() > 5, "each process leaves a report: {reports:?}");
    for report in reports {
        let verdicts = verdicts(&report).unwrap();
        let ordinary = verdicts.keys().filter(|id| id.starts_with("name::") || id.starts_with("stop::"));
        assert_eq!(ordinary.count(), 1, "{verdicts:?}");
    }
}

fn runs(parts: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parts).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}
