//! Ctrl-C during a run.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    process::{Command, Stdio},
};

/// A driver that starts and never answers.
const SILENT: &str = "#!/bin/sh\necho 127.0.0.1:9\nexec sleep 600\n";

#[test]
fn ctrl_c_ends_a_run_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let driver = folder.path().join("docker-machine-driver-silent");
    fs::write(&driver, SILENT).unwrap();
    fs::set_permissions(&driver, fs::Permissions::from_mode(0o755)).unwrap();
    let report = folder.path().join("report.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_machine-conformance"))
        .args(["run", "--only", "plugin", "--timeout-factor", "1000", "--report", "events=-"])
        .arg(format!("--report=json={}", report.display()))
        .arg(&driver)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("run-started"), "{line}");
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{text}");
    assert!(text.contains("press Ctrl-C again to end at once") && text.contains("INTERRUPTED"), "{text}");
    let document: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(
        (document["verdict"].as_str(), document["summary"]["exit_code"].as_u64()),
        (Some("interrupted"), Some(130))
    );
}
