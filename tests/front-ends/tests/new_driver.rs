//! `machine-conformance new`: what it writes builds, is formatted, has no lints, and passes the suite.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use machine_front_end_tests::{
    executables::{self, lock, machine_conformance, target_folder, workspace},
    run::{Finished, to_end},
};
use tempfile::TempDir;
use tokio::process::Command;

/// A build with nothing but the downloaded sources, on a loaded machine.
const LIMIT: Duration = Duration::from_secs(1500);

async fn new(folder: &Path, words: &[&str]) -> Finished {
    let mut command = Command::new(machine_conformance().unwrap());
    command.arg("new").args(words).current_dir(folder);
    to_end(command, Duration::from_secs(60)).await.unwrap()
}

async fn cargo(folder: &Path, target: &Path, words: &[&str]) -> Finished {
    let mut command = Command::from(executables::cargo());
    command.args(words).current_dir(folder).env("CARGO_TARGET_DIR", target).env_remove("RUSTFLAGS");
    to_end(command, LIMIT).await.unwrap()
}

/// A repository of a new driver, and the folder that all of them are built in: the workspace's, where most libraries are
/// there already.
struct Repository {
    _folder: TempDir,
    path: PathBuf,
    target: PathBuf,
}

impl Repository {
    async fn like(like: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let project = workspace().display().to_string();
        let words = ["acme-cloud", "--like", like, "--sdk-path", &project];
        let written = new(folder.path(), &words).await.exits(0);
        assert!(!written.stdout.contains("not formatted"), "{written}");
        let path = folder.path().join("docker-machine-driver-acme-cloud");
        // The versions that are there already, so that nothing is downloaded.
        fs::copy(workspace().join("Cargo.lock"), path.join("Cargo.lock")).unwrap();
        Self { _folder: folder, path, target: target_folder().unwrap() }
    }

    async fn is_formatted(&self) {
        cargo(&self.path, &self.target, &["fmt", "--check"]).await.exits(0);
    }

    /// Its own tests, lints and the conformance suite.
    async fn is_conformant(&self) {
        let _lock = lock(&self.target.join("new-driver")).unwrap();
        let tests = ["test", "--offline", "--quiet"];
        let finished =
            cargo(&self.path, &self.target, &[&tests[..], &["--lib", "--bins"]].concat()).await.exits(0);
        assert!(finished.stdout.contains("test result: ok."), "{finished}");
        let suite = [&tests[..], &["--test", "conformance", "--", "--skip", "sweep"]].concat();
        let finished = cargo(&self.path, &self.target, &suite).await.exits(0);
        assert!(finished.stderr.contains("CONFORMANT"), "{finished}");
        assert!(!finished.stderr.contains("NOT CONFORMANT"), "{finished}");
    }
}

#[tokio::test]
async fn a_driver_like_the_template_is_conformant() {
    let repository = Repository::like("template").await;
    repository.is_formatted().await;
    repository.is_conformant().await;
}

#[tokio::test]
async fn a_driver_like_vbox_is_conformant() {
    let repository = Repository::like("vbox").await;
    repository.is_formatted().await;
    repository.is_conformant().await;
}

#[tokio::test]
async fn a_driver_like_ec2_is_complete() {
    let repository = Repository::like("ec2").await;
    repository.is_formatted().await;
    // Whether the manifest stands alone; the sources are those of the reference driver with other names.
    let words = ["tree", "--offline", "--quiet", "--depth", "1"];
    let tree = cargo(&repository.path, &repository.target, &words).await.exits(0);
    assert!(tree.stdout.contains("aws-sdk-ec2"), "{tree}");
}

#[tokio::test]
#[ignore = "compiles the AWS SDK once more, which takes five minutes"]
async fn a_driver_like_ec2_is_conformant() {
    Repository::like("ec2").await.is_conformant().await;
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
        (vec!["acme", "--sdk-path", "."], "there is no sdk/Cargo.toml in it"),
        (vec!["acme", "--sdk-path", &project, "--sdk-git", "x"], "cannot be used with"),
    ] {
        let finished = new(folder.path(), &words).await.exits(2);
        assert!(finished.stderr.contains(says), "{finished}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
