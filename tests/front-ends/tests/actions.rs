//! The steps of the GitHub action, run as a runner does, and the workflows as a linter reads them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use machine_front_end_tests::{
    drivers::{self, MISNAMED, MISTOLD},
    executables::workspace,
    report::verdicts,
    run::Finished,
    shell::{bash, found, furnish},
};

/// A folder of a job, with the files that a runner offers to its steps.
struct Job {
    folder: tempfile::TempDir,
}

impl Job {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        furnish(folder.path()).unwrap();
        Self { folder }
    }

    async fn step(&self, script: &str, variables: &[(&str, &str)]) -> Finished {
        let action = workspace().join(".github/actions/conformance");
        let script = action.join(script).display().to_string();
        let file = |name: &str| self.folder.path().join(name).display().to_string();
        let (output, summary, temporary) = (file("output"), file("summary.md"), file("temporary"));
        fs::write(&output, "").unwrap();
        let mut all = vec![
            ("GITHUB_OUTPUT", output.as_str()),
            ("GITHUB_STEP_SUMMARY", summary.as_str()),
            ("RUNNER_TEMP", temporary.as_str()),
            ("REPORTS", "reports"),
            ("FORMATS", FORMATS),
        ];
        all.extend(variables);
        bash(self.folder.path(), &format!("bash '{script}'"), &all).await.unwrap()
    }

    /// What the last step wrote to its outputs.
    fn outputs(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.folder.path().join("output")).unwrap();
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }
}

/// The formats that the action writes by default; the one for GitHub goes into the summary of the step.
const FORMATS: &str = "html json junit sarif github";

const DRIVER: (&str, &str) = ("DRIVER", "./docker-machine-driver-template");

#[tokio::test]
async fn a_conformant_driver_passes_the_action() {
    let job = Job::new();
    let installed = job.step("install.sh", &[("SUITE", "machine-conformance")]).await.exits(0);
    assert!(installed.stdout.contains("machine-conformance 0."), "{installed}");
    let suite = job.outputs()["suite"].clone();
    let variables = [
        ("SUITE", suite.as_str()),
        DRIVER,
        ("PROVIDER", "template"),
        ("OPTIONS", "--only stop --only name\n--seed 7"),
        ("PARTITION", "slice:1/2"),
    ];
    job.step("run.sh", &variables).await.exits(0);
    let outputs = job.outputs();
    let told = ["exit-code", "verdict", "warnings", "reports"].map(|name| outputs[name].as_str());
    assert_eq!(told, ["0", "conformant", "0", "reports"]);
    let report = job.folder.path().join("reports/report-slice-1-2.json");
    assert!(verdicts(&report).unwrap().len() > 3);
    job.step("verdict.sh", &[("EXIT_CODE", "0"), ("FAIL_ON", "should")]).await.exits(0);
}

#[tokio::test]
async fn a_driver_that_is_not_conformant_fails_the_action_after_its_reports_are_written() {
    let job = Job::new();
    // A driver that cannot even be asked for its name.
    let broken = ("docker-machine-driver-broken", "echo 'no such thing' >&2\nexit 1");
    drivers::write(job.folder.path(), broken).unwrap();
    let variables = [
        ("SUITE", "machine-conformance"),
        ("DRIVER", "./docker-machine-driver-broken"),
        ("OPTIONS", "--only plugin --only name"),
    ];
    job.step("run.sh", &variables).await.exits(0);
    let outputs = job.outputs();
    assert_eq!((outputs["exit-code"].as_str(), outputs["verdict"].as_str()), ("1", "not-conformant"));
    let reports = job.folder.path().join("reports");
    assert_eq!(fs::read_dir(reports).unwrap().count(), 4, "the reports are there");
    let failed = job.step("verdict.sh", &[("EXIT_CODE", "1"), ("FAIL_ON", "must")]).await.exits(1);
    assert!(failed.stdout.starts_with("::error title=machine-conformance::"), "{failed}");
    job.step("verdict.sh", &[("EXIT_CODE", "1"), ("FAIL_ON", "never")]).await.exits(0);
}

/// Some checks of a driver, as the action runs them.
async fn run(job: &Job, driver: &str) -> Finished {
    let variables = [
        ("SUITE", "machine-conformance"),
        ("DRIVER", driver),
        ("PROVIDER", "template"),
        ("OPTIONS", "--only name --only plugin::lines_go_to_the_right_stream\n--seed 7"),
    ];
    job.step("run.sh", &variables).await.exits(0)
}

/// What a step says to the runner.
fn annotations(step: &Finished) -> Vec<&str> {
    let lines = step.stdout.lines();
    lines.filter(|line| line.starts_with("::")).collect()
}

/// Exit status of the last step, after a run with these outputs.
async fn verdict(job: &Job, outputs: &BTreeMap<String, String>, fail_on: &str) -> Option<i32> {
    let variables = [
        ("EXIT_CODE", outputs["exit-code"].as_str()),
        ("WARNINGS", outputs["warnings"].as_str()),
        ("FAIL_ON", fail_on),
    ];
    job.step("verdict.sh", &variables).await.code
}

#[tokio::test]
async fn a_broken_must_is_annotated_and_fails_unless_nothing_may() {
    let job = Job::new();
    drivers::write(job.folder.path(), MISNAMED).unwrap();
    let finished = run(&job, "./docker-machine-driver-misnamed").await;
    let annotations = annotations(&finished);
    assert_eq!(annotations.len(), 1, "{finished}");
    assert!(
        annotations[0].starts_with("::error title=name%3A%3Aselects_the_executable fail (NAME-001)::"),
        "{finished}"
    );
    assert!(annotations[0].contains("%0Aexpected: DriverName is"), "{finished}");
    let summary = fs::read_to_string(job.folder.path().join("summary.md")).unwrap();
    for part in ["NOT CONFORMANT", "name::selects_the_executable", "NAME-001", "failed **1**"] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    let outputs = job.outputs();
    for (fail_on, code) in [("must", 1), ("should", 1), ("never", 0)] {
        assert_eq!(verdict(&job, &outputs, fail_on).await, Some(code), "{fail_on}");
    }
}

#[tokio::test]
async fn a_broken_should_is_annotated_and_fails_only_if_it_may() {
    let job = Job::new();
    drivers::write(job.folder.path(), MISTOLD).unwrap();
    let finished = run(&job, "./mistold/docker-machine-driver-template").await;
    let annotations = annotations(&finished);
    assert_eq!(annotations.len(), 1, "{finished}");
    assert!(
        annotations[0]
            .starts_with("::warning title=plugin%3A%3Alines_go_to_the_right_stream warn (PLUG-011)::"),
        "{finished}"
    );
    let summary = fs::read_to_string(job.folder.path().join("summary.md")).unwrap();
    assert!(summary.contains("warned **1**"), "{summary}");
    let outputs = job.outputs();
    assert_eq!(outputs["verdict"], "conformant");
    for (fail_on, code) in [("must", 0), ("should", 1), ("never", 0)] {
        assert_eq!(verdict(&job, &outputs, fail_on).await, Some(code), "{fail_on}");
    }
}

#[tokio::test]
async fn parts_are_merged_into_one_verdict() {
    let job = Job::new();
    drivers::write(job.folder.path(), MISNAMED).unwrap();
    for partition in ["slice:1/2", "slice:2/2"] {
        let variables = [
            ("SUITE", "machine-conformance"),
            ("DRIVER", "./docker-machine-driver-misnamed"),
            ("PROVIDER", "template"),
            ("OPTIONS", "--only name --seed 7"),
            ("PARTITION", partition),
            ("FORMATS", "json"),
            ("REPORTS", "parts"),
        ];
        job.step("run.sh", &variables).await.exits(0);
    }
    let variables = [("SUITE", "machine-conformance"), ("MERGE", "parts")];
    let finished = job.step("run.sh", &variables).await.exits(0);
    assert!(finished.stdout.contains("::error title=name%3A%3Aselects_the_executable"), "{finished}");
    let outputs = job.outputs();
    let told = ["exit-code", "verdict"].map(|name| outputs[name].as_str());
    assert_eq!(told, ["1", "not-conformant"]);
    let merged = verdicts(&job.folder.path().join("reports/report.json")).unwrap();
    assert_eq!(merged.len(), 7, "{merged:?}");
    assert!(job.folder.path().join("reports/report.html").is_file());
    let empty = [("SUITE", "machine-conformance"), ("MERGE", "nothere")];
    let finished = job.step("run.sh", &empty).await.exits(2);
    assert!(finished.stdout.contains("there are no JSON reports in nothere"), "{finished}");
}

#[tokio::test]
async fn the_level_decides_what_fails() {
    let job = Job::new();
    for (code, warnings, fail_on, expected) in [
        ("0", "2", "must", 0),
        ("0", "2", "should", 1),
        ("0", "0", "should", 0),
        ("2", "0", "never", 2),
        ("3", "0", "never", 3),
        ("4", "0", "must", 4),
        ("4", "0", "never", 0),
        ("5", "0", "never", 5),
        ("", "0", "must", 3),
        ("0", "0", "may", 2),
    ] {
        let variables = [("EXIT_CODE", code), ("WARNINGS", warnings), ("FAIL_ON", fail_on)];
        job.step("verdict.sh", &variables).await.exits(expected);
    }
}

#[tokio::test]
async fn what_cannot_be_installed_says_why() {
    let job = Job::new();
    for (variables, says) in [
        ([("SUITE", "nothere"), ("VERSION", "")], "there is no executable nothere"),
        ([("SUITE", ""), ("VERSION", "latest")], "write v0.1.0 or source"),
    ] {
        let finished = job.step("install.sh", &variables).await.exits(2);
        assert!(finished.stdout.contains(says), "{finished}");
    }
}

/// Workflows of this repository, of the examples and of new drivers.
fn workflows() -> Vec<PathBuf> {
    let mut files = vec![workspace().join("conformance/src/scaffold/files/conformance.yml")];
    for folder in [".github/workflows", "examples"] {
        collect(&workspace().join(folder), &mut files);
    }
    files
        .retain(|file| !file.ends_with(".gitlab-ci.yml") && file.extension().is_some_and(|end| end == "yml"));
    files
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false => files.push(path),
        }
    }
}

#[test]
fn workflows_have_no_mistakes() {
    if !found("go", "the workflows, which actionlint reads").unwrap() {
        return;
    }
    let output = Command::new("go")
        .args(["run", "github.com/rhysd/actionlint/cmd/actionlint@v1.7.12"])
        .args(workflows())
        .current_dir(std::env::temp_dir())
        .env("GOFLAGS", "-mod=mod")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Files that name the repository of the suite before it has one.
#[test]
fn the_placeholder_of_the_owner_stands_where_contributing_says() {
    let placeholder = ["OWNER", "machine-conformance"].join("/");
    let output = Command::new("git")
        .args(["grep", "--files-with-matches", &placeholder])
        .current_dir(workspace())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let elsewhere: Vec<&str> = text
        .lines()
        .filter(|file| {
            !["examples/", "guide/src/", ".github/workflows/driver.yml", "CONTRIBUTING.md"]
                .iter()
                .any(|known| file.starts_with(known))
        })
        .collect();
    assert_eq!(elsewhere, [""; 0], "the command in CONTRIBUTING.md would leave these out");
}

#[test]
fn the_example_for_rust_is_what_new_writes() {
    let read = |path: &str| fs::read_to_string(workspace().join(path)).unwrap();
    assert_eq!(
        read("examples/rust-driver/.github/workflows/conformance.yml"),
        read("conformance/src/scaffold/files/conformance.yml")
    );
}
