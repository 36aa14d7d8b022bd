//! `report` and `baseline`: runs that are over, read from files.

use std::{fs, path::Path, process::Command};

use machine_conformance::{
    event::Event,
    report::{EventLog, JsonReport},
    verdict::{ExitCode, Level, Verdict},
};

use crate::sample::{self, written};

/// A folder with reports and a baseline.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn json(&self, name: &str, events: &[Event]) {
        fs::write(self.path().join(name), written(events, JsonReport::new).0).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Exit code, standard output and standard error of the executable in this folder.
    fn said(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
            .args(arguments)
            .current_dir(self.path())
            .env("NO_COLOR", "1")
            .env_remove("CLICOLOR_FORCE")
            .env_remove("COLUMNS")
            .env_remove("GITHUB_STEP_SUMMARY")
            .output()
            .unwrap();
        let mut said = format!("$ machine-conformance {}\n", arguments.join(" "));
        for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            if !bytes.is_empty() {
                said.push_str(&format!("--- {name}\n{}", String::from_utf8_lossy(bytes)));
            }
        }
        said + &format!("--- exit code {}\n", output.status.code().unwrap())
    }
}

fn before() -> Vec<Event> {
    let results = vec![
        sample::passed("create::makes_one_instance"),
        sample::passed("remove::instance_already_gone"),
        sample::result("stop::guest_ignores_acpi", &["STOP-007"], Level::Must, Verdict::Fail),
    ];
    sample::run(results, ExitCode::NOT_CONFORMANT)
}

fn after() -> Vec<Event> {
    let results = vec![
        sample::passed("create::makes_one_instance"),
        sample::failed(),
        sample::passed("stop::guest_ignores_acpi"),
    ];
    sample::run(results, ExitCode::NOT_CONFORMANT)
}

#[test]
fn a_report_is_shown_as_the_run_was() {
    let folder = Folder::new();
    folder.json("report.json", &sample::mixed());
    fs::write(folder.path().join("events.ndjson"), written(&sample::mixed(), EventLog::new).0).unwrap();
    let of_json = folder.said(&["report", "show", "report.json"]);
    let of_events = folder.said(&["report", "show", "events.ndjson"]);
    assert_eq!(of_json.split_once('\n').unwrap().1, of_events.split_once('\n').unwrap().1);
    let terminal =
        written(&sample::mixed(), |paper| machine_conformance::report::terminal::Terminal::new(paper, 110)).0;
    let terminal = anstream::adapter::strip_str(&terminal).to_string();
    assert!(of_json.contains(&terminal), "{of_json}");
    let converted = folder.said(&[
        "report",
        "show",
        "report.json",
        "--report",
        "json=again.json",
        "--report",
        "submission=submission",
    ]);
    assert!(converted.ends_with("--- exit code 0\n"), "{converted}");
    assert_eq!(folder.text("again.json"), folder.text("report.json"));
    insta::assert_snapshot!("submission", folder.text("submission/README.md"));
    for file in ["report.json", "report.html", "badge.svg", "required-checks.txt"] {
        assert!(folder.path().join("submission").join(file).is_file(), "{file}");
    }
    assert!(!folder.path().join("submission/profile.toml").exists());
}

#[test]
fn reports_are_compared() {
    let folder = Folder::new();
    folder.json("before.json", &before());
    folder.json("after.json", &after());
    let said = [
        folder.said(&["report", "diff", "before.json", "after.json"]),
        folder.said(&["report", "diff", "before.json", "after.json", "--format", "markdown"]),
        folder.said(&["report", "diff", "before.json", "after.json", "--format", "json"]),
        folder.said(&["report", "diff", "after.json", "after.json"]),
        folder.said(&["report", "compare", "before.json", "after.json"]),
        folder.said(&["report", "compare", "before.json", "after.json", "--all", "--markdown"]),
    ];
    insta::assert_snapshot!("report_comparisons", said.join("\n"));
}

#[test]
fn parts_are_merged_and_decide_together() {
    let folder = Folder::new();
    folder.json("one.json", &before());
    folder.json("two.json", &sample::run(vec![sample::failed()], ExitCode::NOT_CONFORMANT));
    let said = folder.said(&["report", "merge", "one.json", "two.json", "--report", "json=whole.json"]);
    assert!(said.ends_with("--- exit code 1\n"), "{said}");
    let whole: serde_json::Value = serde_json::from_str(&folder.text("whole.json")).unwrap();
    assert_eq!(whole["summary"]["selected"], 3);
    assert_eq!(whole["summary"]["verdicts"]["fail"], 2);
}

#[test]
fn files_that_are_no_reports_are_refused() {
    let folder = Folder::new();
    fs::write(folder.path().join("other.json"), "{\"schema\": \"other/v1\"}").unwrap();
    fs::write(folder.path().join("text"), "hello\n").unwrap();
    folder.json("report.json", &before());
    let said = [
        folder.said(&["report", "show", "missing.json"]),
        folder.said(&["report", "show", "other.json"]),
        folder.said(&["report", "show", "text"]),
        folder.said(&["report", "show", "report.json", "--only", "ssh"]),
        folder.said(&["report", "show", "report.json", "--report", "html=missing/report.html"]),
        folder.said(&["report", "merge", "report.json", "text"]),
        folder.said(&["report", "compare", "report.json"]),
        folder.said(&["report", "show", "report.json", "--report", "github"]),
    ];
    insta::assert_snapshot!("report_mistakes", said.join("\n"));
}

#[test]
fn the_schema_is_published() {
    let folder = Folder::new();
    let said = folder.said(&["report", "schema"]);
    assert!(said.contains("\"$id\": \"machine-conformance/report/v1\""), "{said}");
}

#[test]
fn a_baseline_follows_the_runs() {
    let folder = Folder::new();
    folder.json("before.json", &before());
    folder.json("after.json", &after());
    let update = |report: &str, more: &[&str]| {
        let arguments = [&["baseline", "update", "baseline.toml", report], more].concat();
        folder.said(&arguments)
    };
    let mut story = update("before.json", &["--dry-run"]);
    assert!(!folder.path().join("baseline.toml").exists());
    story += &update("before.json", &["--reason", "ticket 4711", "--until", "2027-03-01"]);
    story += &folder.text("baseline.toml");
    story += &update("after.json", &[]);
    story += &folder.text("baseline.toml");
    story += &update("after.json", &["--until", "2027-02-30"]);
    fs::write(folder.path().join("baseline.toml"), "[[known-failure]]\nchekc = 'x'\n").unwrap();
    story += &update("after.json", &[]);
    insta::assert_snapshot!("baseline", story);
    assert_eq!(folder.text("baseline.toml"), "[[known-failure]]\nchekc = 'x'\n");
}
