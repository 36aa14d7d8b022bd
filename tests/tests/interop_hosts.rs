//! The suite's checks of the group `host`: our drivers in unmodified hosts, `docker-machine` and `rancher-machine`,
//! and a driver whose defect only shows there.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{collections::BTreeMap, path::Path, time::Duration};

use machine_tests::{
    executables,
    go_program::GoProgram,
    peers::available,
    run::{self, Finished},
};
use serde_json::Value;
use tokio::process::Command;

/// Longest run: hosts poll every 3 s, and a life has a dozen commands.
const LIMIT: Duration = Duration::from_secs(900);

/// Runs the checks that `only` names; those of the report by id.
async fn stories(
    driver: &Path,
    provider: &str,
    host: &Path,
    only: &str,
    options: &[&str],
) -> (Finished, BTreeMap<String, Value>) {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.json");
    let mut command = Command::new(executables::machine_conformance().unwrap());
    command.arg("run").arg(driver).args(["--provider", provider, "--seed", "1"]);
    command.arg("--host").arg(host).args(["--only", only]).args(options);
    command.arg("--report").arg(format!("json={}", report.display()));
    command.current_dir(folder.path());
    let finished = run::to_end(command, LIMIT).await.unwrap();
    let report: Value = serde_json::from_slice(&std::fs::read(&report).unwrap()).unwrap();
    let checks = report["checks"].as_array().unwrap().iter();
    let checks = checks.map(|check| (check["id"].as_str().unwrap().to_owned(), check.clone())).collect();
    (finished, checks)
}

fn all_pass(finished: &Finished, checks: &BTreeMap<String, Value>) {
    assert_eq!(finished.code, Some(0), "{finished}");
    assert_eq!(checks.len(), 4, "{finished}");
    for (id, check) in checks {
        assert_eq!(check["verdict"], "pass", "{id}\n{finished}");
    }
}

/// Whether any problem of the check is under the clause and says this.
fn complains(check: &Value, clause: &str, got: &str) -> bool {
    let problems = check["problems"].as_array().unwrap();
    problems
        .iter()
        .any(|problem| problem["clause"] == clause && problem["got"].as_str().unwrap().contains(got))
}

#[tokio::test(flavor = "multi_thread")]
async fn template_in_rancher_machine() {
    let Some(host) = available("template_in_rancher_machine", GoProgram::RANCHER_MACHINE.executable()) else {
        return;
    };
    let driver = executables::template_driver().unwrap();
    let (finished, checks) = stories(&driver, "template", &host, "host", &[]).await;
    all_pass(&finished, &checks);
}

#[tokio::test(flavor = "multi_thread")]
async fn template_in_docker_machine() {
    let Some(host) = available("template_in_docker_machine", GoProgram::DOCKER_MACHINE.executable()) else {
        return;
    };
    let driver = executables::template_driver().unwrap();
    let (finished, checks) = stories(&driver, "template", &host, "host", &[]).await;
    all_pass(&finished, &checks);
}

#[tokio::test(flavor = "multi_thread")]
async fn ec2_in_both_hosts() {
    // Built with this test already; the driver's own package alone would compile the AWS SDK once more.
    let program = Path::new(env!("CARGO_BIN_EXE_ec2-driver"));
    let (_folder, driver) = executables::as_driver(program, "ec2").unwrap();
    for program in [GoProgram::RANCHER_MACHINE, GoProgram::DOCKER_MACHINE] {
        let Some(host) = available("ec2_in_both_hosts", program.executable()) else {
            continue;
        };
        let (finished, checks) = stories(&driver, "ec2", &host, "host", &[]).await;
        all_pass(&finished, &checks);
    }
}

/// A driver that hosts have built in is only tested in the host that it is part of.
#[tokio::test(flavor = "multi_thread")]
async fn a_built_in_driver_needs_its_own_host() {
    let test = "a_built_in_driver_needs_its_own_host";
    let Some(rancher_machine) = available(test, GoProgram::RANCHER_MACHINE.executable()) else {
        return;
    };
    let only = "host::options_are_shown";
    let none = ["--env", "MACHINE_PLUGIN_DRIVER_NAME=none"];
    let (finished, checks) = stories(&rancher_machine, "none", &rancher_machine, only, &none).await;
    assert_eq!(checks[only]["verdict"], "pass", "{finished}");
    let Some(docker_machine) = available(test, GoProgram::DOCKER_MACHINE.executable()) else {
        return;
    };
    let (finished, checks) = stories(&rancher_machine, "none", &docker_machine, only, &none).await;
    let check = &checks[only];
    assert_eq!(check["verdict"], "not-tested", "{finished}");
    assert!(check["reason"].as_str().unwrap().contains("of its own"), "{check:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn defects_show_in_a_host() {
    let Some(host) = available("defects_show_in_a_host", GoProgram::RANCHER_MACHINE.executable()) else {
        return;
    };
    let program = Path::new(env!("CARGO_BIN_EXE_known-bad-driver"));
    let (_folder, driver) = executables::as_driver(program, "template").unwrap();
    for (defect, id, clause, got) in [
        ("RemoveFailsWhenGone", "host::vanished_instance_can_be_removed", "RM-008", "exit status 1"),
        ("RestartDoesNothing", "host::life_of_a_machine", "RST-001", "still "),
    ] {
        let variable = format!("TEMPLATE_DRIVER_DEFECT={defect}");
        let (finished, checks) = stories(&driver, "template", &host, id, &["--env", &variable]).await;
        let check = &checks[id];
        assert_eq!(check["verdict"], "fail", "{defect}\n{finished}");
        assert!(complains(check, clause, got), "{defect}: {check:#}");
    }
}
