//! The host against plugins that fail, lie or never answer: a clear error each time, and no process left.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::tests_outside_test_module)]

mod plugin_support;

use std::time::{Duration, Instant};

use machine_driver::{
    DriverOptions, DynDriver, Error, ErrorKind,
    plugin::{Argument, Host, HostOptions, OutputStream, wire::Value},
};
use plugin_support::{LONG, assert_gone, eventually, exists, peer, pid_in, spawn};
use tokio::time::timeout;

/// Time that the impatient hosts of these tests grant.
const SHORT: Duration = Duration::from_millis(400);

/// The same, where the plugin has to do something in that time first: a busy machine gets further tries.
const PATIENCE: [Duration; 4] =
    [SHORT, Duration::from_secs(2), Duration::from_secs(8), Duration::from_secs(32)];

/// Starts a plugin that must be refused; checks that it is named, and gone.
async fn refused(options: HostOptions) -> Error {
    let folder = tempfile::tempdir().unwrap();
    let pid_file = folder.path().join("pid");
    let program = options.program.display().to_string();
    let outcome = timeout(LONG, Host::spawn(options.env("PEER_PID_FILE", &pid_file))).await.unwrap();
    let error = outcome.expect_err("the plugin is refused");
    assert!(error.to_string().contains(&program), "the executable is named: {error}");
    // The process may have been killed before it could write the file.
    if pid_file.exists() {
        assert!(!exists(pid_in(&pid_file)), "the process is left");
    }
    error
}

fn assert_says(error: &Error, kind: ErrorKind, parts: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{part:?} is missing: {error}");
    }
}

#[tokio::test]
async fn an_executable_that_does_not_exist() {
    let error = refused(HostOptions::new("/nonexistent/docker-machine-driver-x")).await;
    assert_says(&error, ErrorKind::Io, &["cannot be started", "No such file"]);
}

#[tokio::test]
async fn exit_before_the_address() {
    let error = refused(peer("exit")).await;
    assert_says(
        &error,
        ErrorKind::Protocol,
        &["exit status: 3", "before it printed its address", "no licence found"],
    );
}

#[tokio::test]
async fn something_else_on_the_first_line() {
    let error = refused(peer("junk")).await;
    assert_says(
        &error,
        ErrorKind::Protocol,
        &["\"Welcome to Acme Cloud!\"", "127.0.0.1:40123", "first line"],
    );
    let error = refused(peer("empty-line")).await;
    assert_says(&error, ErrorKind::Protocol, &["printed \"\"", "first line"]);
}

#[tokio::test]
async fn a_first_line_without_end() {
    let error = refused(peer("endless-line")).await;
    assert_says(&error, ErrorKind::Protocol, &["has no end", "xxxxxxxx"]);
    assert!(error.to_string().len() < 2000, "{error}");
}

#[tokio::test]
async fn no_address_in_time() {
    for (script, print) in [("silent", "still thinking"), ("half-line", "\"127.0.0.1:4\" without an end")] {
        let mut said = String::new();
        for deadline in PATIENCE {
            let mut options = peer(script);
            options.address_deadline = deadline;
            let started = Instant::now();
            let error = refused(options).await;
            assert!(started.elapsed() >= deadline);
            let limit = format!("no line within {:.1} s", deadline.as_secs_f64());
            assert_says(&error, ErrorKind::Timeout, &[&limit, "expected the address"]);
            said = error.to_string();
            if said.contains(print) {
                break;
            }
        }
        assert!(said.contains(print), "{said}");
    }
}

#[tokio::test]
async fn standard_output_closed_before_the_address() {
    let error = refused(peer("closed-stdout")).await;
    assert_says(&error, ErrorKind::Protocol, &["closed its standard output", "expected the address"]);
}

#[tokio::test]
async fn an_address_without_a_plugin() {
    let error = refused(peer("nobody-there")).await;
    assert_says(&error, ErrorKind::Connection, &["nothing answers at 127.0.0.1:", "refused"]);
}

#[tokio::test]
async fn no_rpc_server_at_the_address() {
    let error = refused(peer("http-error")).await;
    assert_says(&error, ErrorKind::Protocol, &["404 Not Found", "200 Connected to Go RPC"]);
    let error = refused(peer("instant-eof")).await;
    assert_says(&error, ErrorKind::Protocol, &["closed the connection without answering CONNECT"]);
    let mut options = peer("no-greeting");
    options.connect_deadline = SHORT;
    assert_says(
        &refused(options).await,
        ErrorKind::Timeout,
        &["did not answer CONNECT and GetVersion", "0.4 s"],
    );
}

#[tokio::test]
async fn no_acceptable_version() {
    let error = refused(peer("wrong-version")).await;
    assert_says(&error, ErrorKind::Protocol, &["incompatible API version (2)"]);
    let error = refused(peer("versionless")).await;
    let both = ["RPCServerDriver.GetVersion: no idea", "RpcServerDriver.GetVersion: no idea"];
    assert_says(&error, ErrorKind::Protocol, &both);
    let error = refused(peer("version-text")).await;
    assert_says(&error, ErrorKind::Protocol, &["received remote type string"]);
    let error = refused(peer("garbage-first")).await;
    assert_says(&error, ErrorKind::Protocol, &["does not tell its API version"]);
}

#[tokio::test]
async fn the_oldest_service_name_is_a_fallback() {
    let host = spawn(peer("oldest")).await;
    assert_eq!(host.service_name(), "RpcServerDriver");
    assert_eq!(host.driver_name().await.unwrap(), "DriverName");
    // Takes its options under their old name only.
    host.set_config_from_flags(DriverOptions::new()).await.unwrap();
    // With the default interval, three heartbeats take six seconds.
    eventually("three heartbeats", || host.heartbeats() >= 3).await;
    assert!(host.spawned_at().elapsed() < Duration::from_secs(6));
    ended(host).await;
}

#[tokio::test]
async fn replies_in_any_order_find_their_calls() {
    let host = spawn(peer("backwards")).await;
    let (name, ip, path) =
        timeout(LONG, async { tokio::join!(host.driver_name(), host.ip(), host.ssh_key_path()) })
            .await
            .unwrap();
    assert_eq!(
        (name.unwrap(), ip.unwrap(), path.unwrap()),
        ("DriverName".into(), "GetIP".into(), "GetSSHKeyPath".into())
    );
    ended(host).await;
}

#[tokio::test]
async fn replies_for_nobody_and_values_behind_errors_are_dropped() {
    let host = spawn(peer("stray")).await;
    assert_eq!(host.driver_name().await.unwrap(), "stray");
    ended(host).await;
    let host = spawn(peer("error-with-value")).await;
    assert_eq!(host.ip().await.unwrap_err().to_string(), "no address today");
    assert_eq!(host.driver_name().await.unwrap(), "DriverName");
    ended(host).await;
}

#[tokio::test]
async fn a_reply_of_another_type_ends_the_connection() {
    let host = spawn(peer("wrong-type")).await;
    assert_eq!(host.call("RPCServerDriver.DriverName", Argument::Empty).await.unwrap(), Value::Int(5));
    let error = host.driver_name().await.unwrap_err();
    assert_says(
        &error,
        ErrorKind::Protocol,
        &["reading body gob: decoding into local type string, received remote type int"],
    );
    let error = host.ip().await.unwrap_err();
    assert_says(&error, ErrorKind::Connection, &["connection is shut down during RPCServerDriver.GetIP"]);
    killed(host).await;
}

#[tokio::test]
async fn numbers_out_of_range_are_shown() {
    let host = spawn(peer("odd-numbers")).await;
    assert_says(&host.state().await.unwrap_err(), ErrorKind::Protocol, &["state 42"]);
    assert_says(&host.ssh_port().await.unwrap_err(), ErrorKind::Protocol, &["port 70000"]);
    // The reply was sound, so the connection is too.
    assert_eq!(host.ip().await.unwrap(), "GetIP");
    ended(host).await;
}

#[tokio::test]
async fn a_connection_that_breaks_fails_the_calls_under_way_and_later_ones() {
    for (script, kind, text) in [
        ("garbage", ErrorKind::Protocol, "gob: "),
        ("huge", ErrorKind::Protocol, "invalid message length"),
        ("odd-header", ErrorKind::Protocol, "expected an RPC header"),
        (
            "half-header",
            ErrorKind::Connection,
            "unexpected EOF during RPCServerDriver.DriverName; the plugin has ended, exit status: 5",
        ),
        ("half-body", ErrorKind::Protocol, "reading body unexpected EOF"),
        ("no-body", ErrorKind::Protocol, "reading body EOF"),
        (
            "hang-up",
            ErrorKind::Connection,
            "unexpected EOF during RPCServerDriver.DriverName; the plugin still runs",
        ),
    ] {
        let mut options = peer(script);
        options.heartbeat_interval = LONG;
        let host = spawn(options).await;
        let error = timeout(LONG, host.driver_name()).await.unwrap().unwrap_err();
        assert_says(&error, kind, &[text]);
        let error = timeout(LONG, host.ip()).await.unwrap().unwrap_err();
        assert_says(&error, ErrorKind::Connection, &["connection is shut down during RPCServerDriver.GetIP"]);
        killed(host).await;
    }
}

#[tokio::test]
async fn a_missing_answer_to_close_is_no_error() {
    let host = spawn(peer("rude")).await;
    ended(host).await;
}

#[tokio::test]
async fn a_plugin_that_ignores_close_is_killed() {
    for (script, text) in [("deaf", "did not answer Close"), ("undying", "s after Close and was killed")] {
        let mut said = String::new();
        for grace in PATIENCE {
            let mut options = peer(script);
            options.close_grace = grace;
            let host = spawn(options).await;
            let error = host.close().await.unwrap_err();
            assert_says(&error, ErrorKind::Timeout, &[]);
            assert!(!exists(host.pid()));
            assert_eq!(host.exit_status().unwrap().code(), None, "killed by a signal");
            said = error.to_string();
            if said.contains(text) {
                break;
            }
        }
        assert!(said.contains(text), "{said}");
    }
}

#[tokio::test]
async fn children_of_a_plugin_are_killed_with_it() {
    let host = spawn(peer("family")).await;
    let mut child = None;
    eventually("the child is known", || {
        child = host.output().iter().find_map(|line| line.text.strip_prefix("child ")?.parse().ok());
        child.is_some()
    })
    .await;
    let (plugin, child) = (host.pid(), child.unwrap());
    assert!(exists(child));
    drop(host);
    assert_gone(plugin).await;
    // Whoever inherits it may take a moment to reap it.
    eventually("the child has ended", || !is_running(child)).await;
}

/// Whether the process exists and is no zombie.
fn is_running(pid: u32) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => !stat.rsplit(')').next().unwrap().trim_start().starts_with('Z'),
        Err(_) => exists(pid) && !cfg!(target_os = "linux"),
    }
}

#[tokio::test]
async fn a_plugin_is_started_as_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut options = peer("introduce").env("PEER_HOBBY", "knitting");
    options.arguments = ["rancher-machine", "create", "ü x"].map(Into::into).to_vec();
    options.current_dir = Some(folder.path().to_owned());
    options.driver_name = "acme".to_owned();
    let seen = introduced(options.clone()).await;
    let home = std::env::var("HOME").unwrap_or_default();
    let here = folder.path().canonicalize().unwrap().display().to_string();
    assert_eq!(
        seen,
        [
            r#"arguments ["rancher-machine", "create", "ü x"]"#.to_owned(),
            format!("folder {here}"),
            "driver acme".to_owned(),
            "token 42".to_owned(),
            "hobby knitting".to_owned(),
            format!("home {home}"),
            "input 0".to_owned(),
        ]
    );
    options.clear_environment = true;
    let seen = introduced(options).await;
    assert_eq!(seen[2..6], ["driver acme", "token 42", "hobby knitting", "home "]);
    // The token is the plugin's alone, not this process's.
    assert_eq!(std::env::var_os("MACHINE_PLUGIN_TOKEN"), None);
}

/// What a plugin says about itself on standard error.
async fn introduced(options: HostOptions) -> Vec<String> {
    let host = spawn(options).await;
    host.close().await.unwrap();
    let lines = host.output().into_iter().filter(|line| line.stream == OutputStream::Stderr);
    lines.map(|line| line.text).take(7).collect()
}

#[tokio::test]
async fn a_plugin_may_print_as_much_as_it_likes() {
    let mut options = peer("chatter");
    options.kept_output = 50_000;
    let host = spawn(options).await;
    assert_eq!(host.driver_name().await.unwrap(), "sleepy");
    eventually("the line is complete", || host.longest_line() == 6_000_000).await;
    ended(host).await;
}

/// Ends a plugin in order; it must be gone.
async fn ended(host: Host) {
    let pid = host.pid();
    host.close().await.unwrap();
    assert_eq!(host.exit_status().unwrap().code(), Some(0));
    assert!(!exists(pid));
}

/// Drops a plugin; it must be gone soon.
async fn killed(host: Host) {
    let pid = host.pid();
    drop(host);
    assert_gone(pid).await;
}
