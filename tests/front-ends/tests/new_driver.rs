//! `machine-conformance new`: what it writes builds, is formatted, has no lints, and passes the suite.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path, time::Duration};

use machine_front_end_tests::{
    executables::{lock, machine_conformance, target_folder, workspace},
    run::{Finished, to_end},
};
use tokio::process::Command;

/// A build with nothing but the downloaded sources, on a loaded machine.
const LIMIT: Duration = Duration::from_secs(1500);

async fn new(folder: &Path, words: &[&str]) -> Finished {
    let mut command = Command::new(machine_conformance().unwrap());
    command.arg("new").args(words).current_dir(folder);
    to_end(command, Duration::from_secs(60)).await.unwrap()
}

async fn cargo(folder: &Path, target: &Path, words: &[&str]) -> Finished {
    let mut command = Command::new(env!("CARGO"));
    command
        .args(words)
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", target)
        .env_remove("CARGO_MANIFEST_DIR")
        .env_remove("RUSTFLAGS");
    to_end(command, LIMIT).await.unwrap()
}

#[tokio::test]
async fn a_new_driver_builds_and_is_conformant() {
    let folder = tempfile::tempdir().unwrap();
    let project = workspace().display().to_string();
    new(folder.path(), &["acme-cloud", "--sdk-path", &project])
        .await
        .exits(0);
    let driver = folder.path().join("docker-machine-driver-acme-cloud");
    // The versions that are there already, so that nothing is downloaded.
    fs::copy(workspace().join("Cargo.lock"), driver.join("Cargo.lock")).unwrap();
    // One folder for all runs of this test: most of the build is the same each time.
    let target = target_folder().unwrap().join("new-driver");
    let _lock = lock(&target).unwrap();
    cargo(&driver, &target, &["fmt", "--check"]).await.exits(0);
    let tests = ["test", "--offline", "--quiet"];
    let finished = cargo(&driver, &target, &[&tests[..], &["--lib", "--bins"]].concat())
        .await
        .exits(0);
    assert!(finished.stdout.contains("test result: ok."), "{finished}");
    let suite = [&tests[..], &["--test", "conformance", "--", "--skip", "sweep"]].concat();
    let finished = cargo(&driver, &target, &suite).await.exits(0);
    assert!(finished.stderr.contains("CONFORMANT"), "{finished}");
    assert!(!finished.stderr.contains("NOT CONFORMANT"), "{finished}");
}

#[tokio::test]
async fn mistakes_are_told_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let project = workspace().display().to_string();
    for (words, says) in [
        (vec!["Acme"], "begins with a lower-case letter"),
        (vec!["virtualbox"], "has a driver virtualbox of its own"),
        (vec!["acme", "--like", "tempalte"], "tempalte"),
        (vec!["acme", "--sdk-path", "/nothere"], "/nothere"),
        (
            vec!["acme", "--sdk-path", "."],
            "there is no sdk/Cargo.toml in it",
        ),
        (
            vec!["acme", "--sdk-path", &project, "--sdk-git", "x"],
            "cannot be used with",
        ),
    ] {
        let finished = new(folder.path(), &words).await.exits(2);
        assert!(finished.stderr.contains(says), "{finished}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
