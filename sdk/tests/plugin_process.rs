//! The life of a plugin process, driven by this crate's own host.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::tests_outside_test_module)]

mod plugin_support;

use std::{process::Stdio, time::Duration};

use machine_driver::{
    DriverOptions, DynDriver, ErrorKind, Flag, FlagKind, OptionValue, State,
    plugin::{Argument, HostOptions, OutputStream, wire::Value},
};
use plugin_support::{LONG, assert_gone, eventually, exists, peer, spawn};
use tokio::{process::Command, time::timeout};

const BASE: &str = r#"{"IPAddress":"","MachineName":"m-1","SSHUser":"","SSHPort":0,"SSHKeyPath":"","StorePath":"/s","SwarmMaster":false,"SwarmHost":"","SwarmDiscovery":""}"#;

fn bed() -> DriverOptions {
    DriverOptions::from_iter([
        ("sleepy-bed", OptionValue::String("four-poster".into())),
        ("sleepy-size", OptionValue::Int(-2)),
        ("sleepy-tag", OptionValue::List(vec!["lamp".into(), "ü".into()])),
        ("sleepy-snore", OptionValue::Bool(false)),
        (
            "engine-install-url",
            OptionValue::String("https://get.docker.com".into()),
        ),
        ("swarm-discovery", OptionValue::Nil),
    ])
}

#[tokio::test]
async fn a_whole_life_over_the_wire() {
    let host = spawn(peer("")).await;
    assert_eq!((host.version(), host.service_name()), (1, "RPCServerDriver"));
    assert!(
        host.address_line().starts_with("127.0.0.1:"),
        "{}",
        host.address_line()
    );

    host.set_config_raw(BASE.into()).await.unwrap();
    assert_eq!(host.machine_name().await.unwrap(), "m-1");
    assert_eq!(host.driver_name().await.unwrap(), "sleepy");
    assert_eq!(
        host.create_flags().await.unwrap(),
        [
            Flag::string("sleepy-bed")
                .usage("Name of the bed")
                .env_var("SLEEPY_BED"),
            Flag::int("sleepy-size")
                .usage("Size of the bed")
                .kind(FlagKind::Int { default: 3 }),
            Flag::string_list("sleepy-tag").usage("What is beside the bed"),
            Flag::bool("sleepy-snore").usage("Whether to snore"),
        ]
    );
    host.set_config_from_flags(bed()).await.unwrap();
    host.pre_create_check().await.unwrap();
    assert_eq!(host.ssh_port().await.unwrap(), 22);
    assert_eq!(host.ssh_username().await.unwrap(), "root");
    assert_eq!(host.ssh_key_path().await.unwrap(), "/s/machines/m-1/id_rsa");
    assert_eq!(host.url().await.unwrap_err().to_string(), "Host is not running");
    assert_eq!(host.ip().await.unwrap_err().to_string(), "IP address is not set");
    assert_eq!(
        host.ipv6().await.unwrap_err().to_string(),
        "IPv6 address is not set"
    );
    assert_eq!(host.state().await.unwrap(), State::None);
    host.create().await.unwrap();
    assert_eq!(host.state().await.unwrap(), State::Running);
    assert_eq!(host.ip().await.unwrap(), "127.0.0.1");
    assert_eq!(host.ssh_hostname().await.unwrap(), "127.0.0.1");
    assert_eq!(host.url().await.unwrap(), "tcp://127.0.0.1:2376");

    let record = String::from_utf8(host.config_raw().await.unwrap()).unwrap();
    for part in [
        r#""InstanceID":"i-1""#,
        r#""Size":-2"#,
        r#""Tags":["lamp","ü"]"#,
        r#""SSHPort":0"#,
    ] {
        assert!(record.contains(part), "{record}");
    }
    host.stop().await.unwrap();
    assert_eq!(host.state().await.unwrap(), State::Stopped);
    host.start().await.unwrap();
    host.remove().await.unwrap();
    let pid = host.pid();
    host.close().await.unwrap();
    host.close().await.unwrap();
    assert_eq!(host.exit_status().unwrap().code(), Some(0));
    assert!(!exists(pid));
    let last = host.output().pop().unwrap();
    assert_eq!(
        (last.stream, last.text.as_str()),
        (OutputStream::Stderr, "Closing plugin on server side")
    );
}

#[tokio::test]
async fn errors_cross_the_wire_as_text() {
    let host = spawn(peer("")).await;
    for (outcome, text) in [
        (host.restart().await, "erste Zeile\nzweite Zeile: müde"),
        (
            host.kill_machine().await,
            "Kill failed without saying why; this is a bug of the driver",
        ),
        (host.set_config_raw(b"{not json".to_vec()).await, "not JSON"),
        (
            host.set_config_raw(br#"{"SSHPort":"twentytwo"}"#.to_vec()).await,
            "SSHPort",
        ),
        (
            host.set_config_from_flags(DriverOptions::new()).await,
            "sleepy-bed",
        ),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Remote);
        assert!(error.to_string().contains(text), "{error}");
    }
    let error = host
        .call("RPCServerDriver.Upgrade", Argument::Empty)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "rpc: can't find method RPCServerDriver.Upgrade"
    );
    // Raw calls, under the other service name too.
    let name = host
        .call("RpcServerDriver.DriverName", Argument::Empty)
        .await
        .unwrap();
    assert_eq!(name, Value::String("sleepy".into()));
    host.close().await.unwrap();
}

/// `Kill` of the machine, not of the process.
trait KillMachine {
    fn kill_machine(&self) -> impl Future<Output = machine_driver::Result<()>>;
}

impl KillMachine for machine_driver::plugin::Host {
    async fn kill_machine(&self) -> machine_driver::Result<()> {
        DynDriver::kill(self).await
    }
}

#[tokio::test]
async fn calls_are_answered_while_create_runs() {
    answered_during_create(peer("")).await;
}

#[tokio::test]
async fn calls_are_answered_while_create_blocks_its_thread() {
    answered_during_create(peer("").env("PEER_BLOCKING", "1")).await;
}

async fn answered_during_create(options: HostOptions) {
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join("release");
    let mut options = options.env("PEER_RELEASE", &release);
    options.heartbeat_interval = Duration::from_millis(10);
    let host = spawn(options).await;
    host.set_config_raw(BASE.into()).await.unwrap();

    let create = host.create();
    let others = async {
        // What create has published is seen before it ends.
        timeout(LONG, async {
            while !String::from_utf8(host.config_raw().await.unwrap())
                .unwrap()
                .contains("i-1")
            {}
        })
        .await
        .unwrap();
        let before = host.heartbeats();
        eventually("heartbeats are answered", || host.heartbeats() >= before + 3).await;
        assert_eq!(host.machine_name().await.unwrap(), "m-1");
        assert_eq!(host.driver_name().await.unwrap(), "sleepy");
        assert_eq!(host.state().await.unwrap(), State::None);
        assert_eq!(host.url().await.unwrap_err().kind(), ErrorKind::NotRunning);
        assert_eq!(host.ssh_port().await.unwrap(), 22);
        std::fs::write(&release, "").unwrap();
    };
    timeout(LONG, async { tokio::join!(create, others).0.unwrap() })
        .await
        .unwrap();
    assert_eq!(host.state().await.unwrap(), State::Running);
    host.close().await.unwrap();
}

#[tokio::test]
async fn a_call_that_is_dropped_disturbs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join("release");
    let host = spawn(peer("").env("PEER_RELEASE", &release)).await;
    assert!(timeout(Duration::from_millis(20), host.create()).await.is_err());
    assert_eq!(host.driver_name().await.unwrap(), "sleepy");
    // It goes on in the plugin, and its late answer belongs to nobody.
    std::fs::write(&release, "").unwrap();
    timeout(LONG, async {
        while host.state().await.unwrap() != State::Running {}
    })
    .await
    .unwrap();
    host.close().await.unwrap();
}

#[tokio::test]
async fn a_plugin_ends_when_its_host_hangs_up() {
    let host = spawn(peer("")).await;
    host.hang_up();
    let status = host.wait_exit(LONG).await.unwrap();
    assert_eq!(status.code(), Some(1));
    let error = host.driver_name().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    assert!(
        error
            .to_string()
            .starts_with("connection is shut down during RPCServerDriver.DriverName"),
        "{error}"
    );
}

#[tokio::test]
async fn a_plugin_ends_when_heartbeats_stop_even_during_create() {
    const TIMEOUT: Duration = Duration::from_millis(800);
    let folder = tempfile::tempdir().unwrap();
    let mut options = peer("impatient")
        .env("PEER_HEARTBEAT_MS", TIMEOUT.as_millis().to_string())
        .env("PEER_RELEASE", folder.path().join("never"))
        .env("PEER_BLOCKING", "1");
    options.heartbeat_interval = TIMEOUT / 40;
    let host = spawn(options).await;
    let watched = async {
        eventually("the plugin lives twice its timeout", || {
            host.spawned_at().elapsed() > 2 * TIMEOUT
        })
        .await;
        assert_eq!(host.exit_status(), None);
        host.pause_heartbeat();
        host.wait_exit(LONG).await.unwrap()
    };
    let (create, status) = tokio::join!(host.create(), watched);
    assert_eq!(status.code(), Some(1));
    let error = create.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("unexpected EOF during RPCServerDriver.Create"),
        "{error}"
    );
    assert!(error.to_string().contains("No heartbeat for 0.8 s"), "{error}");
}

#[tokio::test]
async fn a_host_without_heartbeats_can_take_them_up_again() {
    let mut options = peer("");
    options.heartbeat_interval = Duration::from_millis(5);
    let host = spawn(options).await;
    eventually("a heartbeat", || host.heartbeats() > 0).await;
    host.pause_heartbeat();
    // One may be under way.
    let seen = host.heartbeats() + 1;
    assert!(
        timeout(
            Duration::from_millis(50),
            eventually("more", || host.heartbeats() > seen)
        )
        .await
        .is_err()
    );
    host.resume_heartbeat();
    eventually("heartbeats again", || host.heartbeats() > seen + 1).await;
    host.close().await.unwrap();
}

#[tokio::test]
async fn a_panic_in_any_method_is_an_error_and_the_process_lives() {
    for method in [
        "SetConfigFromFlags",
        "PreCreateCheck",
        "Create",
        "Remove",
        "Start",
        "Stop",
        "Restart",
        "Kill",
    ] {
        let host = spawn(peer("").env("PEER_PANIC", method)).await;
        let outcome = match method {
            "SetConfigFromFlags" => host.set_config_from_flags(bed()).await,
            "PreCreateCheck" => host.pre_create_check().await,
            "Create" => host.create().await,
            "Remove" => host.remove().await,
            "Start" => host.start().await,
            "Stop" => host.stop().await,
            "Restart" => host.restart().await,
            _ => host.kill_machine().await,
        };
        assert_panicked(
            &outcome.unwrap_err().to_string(),
            &format!("{method} fell out of bed"),
        );
        assert_eq!(host.state().await.unwrap(), State::None, "after {method}");
        host.close().await.unwrap();
        assert_eq!(host.exit_status().unwrap().code(), Some(0), "after {method}");
    }
    for (method, quiet) in [
        ("DriverName", "GetState"),
        ("GetState", "DriverName"),
        ("GetURL", "DriverName"),
    ] {
        let host = spawn(peer("").env("PEER_PANIC", method)).await;
        let error = host
            .call(&format!("RPCServerDriver.{method}"), Argument::Empty)
            .await
            .unwrap_err();
        assert_panicked(&error.to_string(), &format!("{method} fell out of bed"));
        host.call(&format!("RPCServerDriver.{quiet}"), Argument::Empty)
            .await
            .unwrap();
        host.close().await.unwrap();
    }
}

#[tokio::test]
async fn panics_of_a_bare_driver_object_are_caught_too() {
    let host = spawn(peer("panicking")).await;
    for method in [
        "DriverName",
        "GetCreateFlags",
        "GetConfigRaw",
        "GetMachineName",
        "GetIP",
        "GetIPv6",
        "GetSSHHostname",
        "GetSSHKeyPath",
        "GetSSHPort",
        "GetSSHUsername",
        "GetURL",
        "GetState",
    ] {
        let error = host
            .call(&format!("RPCServerDriver.{method}"), Argument::Empty)
            .await
            .unwrap_err();
        assert_panicked(&error.to_string(), "gives up");
    }
    for method in [
        "PreCreateCheck",
        "Create",
        "Remove",
        "Start",
        "Stop",
        "Restart",
        "Kill",
    ] {
        let error = host
            .call(&format!("RPCServerDriver.{method}"), Argument::Empty)
            .await
            .unwrap_err();
        assert_panicked(&error.to_string(), "no message");
    }
    assert_panicked(
        &host.set_config_raw(vec![]).await.unwrap_err().to_string(),
        "set_config_raw gives up",
    );
    assert_panicked(
        &host.set_config_from_flags(bed()).await.unwrap_err().to_string(),
        "set_config_from_flags",
    );
    host.call("RPCServerDriver.Heartbeat", Argument::Empty)
        .await
        .unwrap();
    host.close().await.unwrap();
    assert_eq!(host.exit_status().unwrap().code(), Some(0));
}

fn assert_panicked(text: &str, message: &str) {
    assert!(
        text.starts_with("Panic in the driver: ") && text.contains(message),
        "{text}"
    );
}

#[tokio::test]
async fn log_lines_go_to_their_streams_and_stay_short() {
    let host = spawn(peer("")).await;
    host.pre_create_check().await.unwrap();
    host.close().await.unwrap();
    let text = |stream| {
        let lines = host
            .output()
            .into_iter()
            .filter(move |line| line.stream == stream);
        lines.map(|line| line.text).collect::<Vec<_>>()
    };
    let stdout = text(OutputStream::Stdout);
    assert_eq!(stdout[..3], [host.address_line(), "for the user", "second line"]);
    assert_eq!(stdout[3..].concat(), "ü".repeat(100_000));
    assert_eq!(
        text(OutputStream::Stderr),
        ["for the author", "Closing plugin on server side"]
    );
    assert!(
        (60_000..64 * 1024 - 1).contains(&host.longest_line()),
        "{}",
        host.longest_line()
    );
}

#[tokio::test]
async fn many_plugins_run_at_once() {
    let mut hosts = Vec::new();
    for number in 0..20 {
        let host = spawn(peer("")).await;
        host.set_config_raw(format!(r#"{{"MachineName":"m-{number}"}}"#).into_bytes())
            .await
            .unwrap();
        hosts.push(host);
    }
    for (number, host) in hosts.iter().enumerate() {
        assert_eq!(host.machine_name().await.unwrap(), format!("m-{number}"));
    }
    let pids: Vec<_> = hosts.iter().map(|host| host.pid()).collect();
    drop(hosts);
    for pid in pids {
        assert_gone(pid).await;
    }
}

#[tokio::test]
async fn without_the_token_there_is_a_notice_and_nothing_else() {
    for token in [None, Some(""), Some("43")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_machine-driver-test-plugin"));
        command
            .env_remove("MACHINE_PLUGIN_TOKEN")
            .envs(token.map(|token| ("MACHINE_PLUGIN_TOKEN", token)));
        let output = command.stdin(Stdio::null()).output().await.unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "This is a Docker Machine plugin binary.\n\
             Plugin binaries are not intended to be invoked directly.\n\
             Please use this plugin through the main 'docker-machine' binary.\n\
             (API version: 1)\n"
        );
    }
}

#[tokio::test]
async fn a_bad_wait_factor_is_named() {
    let error = machine_driver::plugin::Host::spawn(peer("").env("MACHINE_DRIVER_WAIT_FACTOR", "fast"))
        .await
        .unwrap_err()
        .to_string();
    for part in [
        "exit status: 1",
        "MACHINE_DRIVER_WAIT_FACTOR",
        "\"fast\"",
        "positive decimal",
    ] {
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test]
async fn a_plugin_survives_the_end_of_its_pipes() {
    // The host's pipes are gone while the connection lives: lines are dropped, calls are answered.
    let mut child = Command::new(env!("CARGO_BIN_EXE_machine-driver-test-plugin"))
        .env("MACHINE_PLUGIN_TOKEN", "42")
        .env("PEER", "")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdout = tokio::io::BufReader::new(child.stdout.take().unwrap());
    let mut address = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut stdout, &mut address)
        .await
        .unwrap();
    drop((stdout, child.stderr.take()));
    let stream = tokio::net::TcpStream::connect(address.trim()).await.unwrap();
    let mut host = plugin_support::RawHost::connect(stream).await;
    let answer = host.call("RPCServerDriver.PreCreateCheck").await;
    assert_eq!(answer.error, "");
    assert_eq!(
        host.call("RPCServerDriver.DriverName").await.value,
        Value::String("sleepy".into())
    );
    assert_eq!(host.call("RPCServerDriver.Close").await.error, "");
    assert_eq!(
        timeout(LONG, child.wait()).await.unwrap().unwrap().code(),
        Some(0)
    );
}
