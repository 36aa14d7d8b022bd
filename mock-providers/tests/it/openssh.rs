//! The `ssh` program of the system against a simulated machine.

use std::process::Stdio;

use machine_mock_providers::guest::{Guest, GuestOs};
use tokio::{io::AsyncWriteExt, process::Command};

use crate::ssh_client::{LIMIT, booted, new_key, options};

/// Runs `ssh`; the result is its status and output.
async fn ssh(
    guest: &Guest,
    identity: &std::path::Path,
    extra: &[&str],
    command: &[&str],
    input: Option<&str>,
) -> (i32, String, String) {
    let mut program = Command::new("ssh");
    program
        .args([
            "-F",
            "/dev/null",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "LogLevel=ERROR",
        ])
        .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-i"])
        .arg(identity)
        .args(["-p", &guest.ssh_port().to_string()])
        .args(extra)
        .arg(format!("ubuntu@{}", guest.address()))
        .args(command)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let mut child = program.spawn().unwrap();
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin.write_all(input.as_bytes()).await.unwrap();
    }
    let output = tokio::time::timeout(LIMIT, child.wait_with_output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn openssh_logs_in_and_gets_status_output_and_input() {
    if Command::new("ssh").arg("-V").output().await.is_err() {
        // The library's own client is used by all other tests.
        #[expect(clippy::print_stderr, reason = "a test that is not run must say so")]
        {
            eprintln!("not tested: there is no program `ssh` on this system");
        }
        return;
    }
    let key = new_key();
    let directory = tempfile::tempdir().unwrap();
    let identity = directory.path().join("id");
    let pem = key.to_openssh(russh::keys::ssh_key::LineEnding::LF).unwrap();
    std::fs::write(&identity, pem.as_bytes()).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&identity, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    let guest = booted(options(GuestOs::Ubuntu, &key)).await;

    assert_eq!(ssh(&guest, &identity, &[], &["exit", "7"], None).await.0, 7);
    let (status, output, error) =
        ssh(&guest, &identity, &[], &["sudo -n true && hostname; echo e >&2"], None).await;
    assert_eq!((status, output.as_str(), error.as_str()), (0, "h0\n", "e\n"));
    let (status, output, _) = ssh(&guest, &identity, &[], &["cat > f; wc -c < f"], Some("12345")).await;
    assert_eq!((status, output.as_str()), (0, "5\n"));
    let (status, output, _) = ssh(&guest, &identity, &["-tt"], &["echo", "tty"], None).await;
    assert_eq!((status, output.as_str()), (0, "tty\n"));
    let (status, output, _) = ssh(&guest, &identity, &["-T"], &[], Some("echo script\nexit 3\n")).await;
    assert_eq!((status, output.as_str()), (3, "script\n"));
    assert!(guest.logins().iter().any(|login| login.client.contains("OpenSSH")));

    // The refusal names public keys alone: a client must not be led to ask for a password.
    let extra = ["-o", "PubkeyAuthentication=no"];
    let (status, _, error) = ssh(&guest, &identity, &extra, &["true"], None).await;
    assert_eq!(status, 255);
    assert!(error.contains("Permission denied (publickey)"), "{error}");
}
