//! The executable: help, listings, and what it says to mistakes.

use std::process::{Command, Output};

fn suite(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
        .args(arguments)
        .current_dir(folder.path())
        .env("NO_COLOR", "1")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("COLUMNS")
        .output()
        .unwrap()
}

/// Exit code, standard output and standard error.
fn said(arguments: &[&str]) -> String {
    let output = suite(arguments);
    let mut said = format!("$ machine-conformance {}\n", arguments.join(" "));
    for (name, bytes) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
        if !bytes.is_empty() {
            said.push_str(&format!("--- {name}\n{}", String::from_utf8_lossy(bytes)));
        }
    }
    said.push_str(&format!("--- exit code {}\n", output.status.code().unwrap()));
    said
}

#[test]
fn usage_errors() {
    let mistakes: [&[&str]; 16] = [
        &["run"],
        &["run", "./nothere"],
        &["run", "sh", "--flag", "acme-token"],
        &["run", "sh", "--only", "remove::instance_alredy_gone"],
        &["run", "sh", "--only", "zzz"],
        &["run", "sh", "--only", "[a"],
        &["run", "sh", "--skip", "*"],
        &["run", "sh", "--level", "most"],
        &["run", "sh", "--jobs", "0"],
        &["run", "sh", "--timeout-factor", "0"],
        &["run", "sh", "--provider", "tempalte"],
        &["run", "sh", "--profile", "missing.toml"],
        &["run", "sh", "--report", "report.json"],
        &["run", "sh", "--report", "json=missing/report.json"],
        &["run", "sh", "--report", "json=-", "--report", "junit=-"],
        &["list", "--josn"],
    ];
    let said: Vec<String> = mistakes.iter().map(|arguments| said(arguments)).collect();
    insta::assert_snapshot!("usage_errors", said.join("\n"));
}

#[test]
fn help() {
    let topics: [&[&str]; 15] = [
        &["--help"],
        &["run", "--help"],
        &["list", "--help"],
        &["explain", "--help"],
        &["spec", "--help"],
        &["mock", "template", "--help"],
        &["mock", "ec2", "--help"],
        &["report", "--help"],
        &["report", "show", "--help"],
        &["report", "merge", "--help"],
        &["report", "diff", "--help"],
        &["report", "compare", "--help"],
        &["baseline", "update", "--help"],
        &["mock", "vbox", "--help"],
        &["--version"],
    ];
    let said: Vec<String> = topics.iter().map(|arguments| said(arguments)).collect();
    insta::assert_snapshot!("help", said.join("\n"));
}

#[test]
fn list() {
    insta::assert_snapshot!("list", said(&["list"]));
    insta::assert_snapshot!("list_json", said(&["list", "--json", "--only", "RM-008"]));
}

#[test]
fn explain() {
    insta::assert_snapshot!("explain_check", said(&["explain", "remove::instance_already_gone"]));
    insta::assert_snapshot!("explain_clause", said(&["explain", "rm-008"]));
    insta::assert_snapshot!("explain_group", said(&["explain", "NAME"]));
    insta::assert_snapshot!("explain_unknown", said(&["explain", "remove::instance_alredy_gone"]));
}

#[test]
fn spec() {
    insta::assert_snapshot!("spec", said(&["spec"]));
    insta::assert_snapshot!("spec_all", said(&["spec", "--all"]));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
        .args(["spec", "--all"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn colours_are_forced_and_forbidden_as_usual() {
    let colours = |variable: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
            .args(["explain", "RM-008"])
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .env(variable, "1")
            .output()
            .unwrap();
        output.stdout.contains(&0x1b)
    };
    assert!(colours("CLICOLOR_FORCE"));
    assert!(!colours("NO_COLOR"));
}
