//! The life of a plugin process, driven by this crate's own host.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::tests_outside_test_module)]

mod plugin_support;

use std::time::Duration;

use machine_driver::{
    DriverOptions, DynDriver, ErrorKind, Flag, FlagKind, OptionValue, State,
    plugin::{Argument, HostOptions, OutputStream, wire::Value},
};
use plugin_support::{LONG, eventually, exists, peer, spawn};
use tokio::time::timeout;

const BASE: &str = r#"{"IPAddress":"","MachineName":"m-1","SSHUser":"","SSHPort":0,"SSHKeyPath":"","StorePath":"/s","SwarmMaster":false,"SwarmHost":"","SwarmDiscovery":""}"#;

fn bed() -> DriverOptions {
    DriverOptions::from_iter([
        ("sleepy-bed", OptionValue::String("four-poster".into())),
        ("sleepy-size", OptionValue::Int(-2)),
        ("sleepy-tag", OptionValue::List(vec!["lamp".into(), "ü".into()])),
        ("sleepy-snore", OptionValue::Bool(false)),
        ("engine-install-url", OptionValue::String("https://get.docker.com".into())),
        ("swarm-discovery", OptionValue::Nil),
    ])
}

#[tokio::test]
async fn a_whole_life_over_the_wire() {
    let host = spawn(peer("")).await;
    assert_eq!((host.version(), host.service_name()), (1, "RPCServerDriver"));
    assert!(host.address_line().starts_with("127.0.0.1:"), "{}", host.address_line());

    host.set_config_raw(BASE.into()).await.unwrap();
    assert_eq!(host.machine_name().await.unwrap(), "m-1");
    assert_eq!(host.driver_name().await.unwrap(), "sleepy");
    assert_eq!(
        host.create_flags().await.unwrap(),
        [
            Flag::string("sleepy-bed").usage("Name of the bed").env_var("SLEEPY_BED"),
            Flag::int("sleepy-size").usage("Size of the bed").kind(FlagKind::Int { default: 3 }),
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
    assert_eq!(host.ipv6().await.unwrap_err().to_string(), "IPv6 address is not set");
    assert_eq!(host.state().await.unwrap(), State::None);
    host.create().await.unwrap();
    assert_eq!(host.state().await.unwrap(), State::Running);
    assert_eq!(host.ip().await.unwrap(), "127.0.0.1");
    assert_eq!(host.ssh_hostname().await.unwrap(), "127.0.0.1");
    assert_eq!(host.url().await.unwrap(), "tcp://127.0.0.1:2376");

    let record = String::from_utf8(host.config_raw().await.unwrap()).unwrap();
    for part in [r#""InstanceID":"i-1""#, r#""Size":-2"#, r#""Tags":["lamp","ü"]"#, r#""SSHPort":0"#] {
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
    assert_eq!((last.stream, last.text.as_str()), (OutputStream::Stderr, "Closing plugin on server side"));
}

#[tokio::test]
async fn errors_cross_the_wire_as_text() {
    let host = spawn(peer("")).await;
    for (outcome, text) in [
        (host.restart().await, "erste Zeile\nzweite Zeile: müde"),
        (DynDriver::kill(&host).await, "Kill failed without saying why; this is a bug of the driver"),
        (host.set_config_raw(b"{not json".to_vec()).await, "not JSON"),
        (host.set_config_raw(br#"{"SSHPort":"twentytwo"}"#.to_vec()).await, "SSHPort"),
        (host.set_config_from_flags(DriverOptions::new()).await, "sleepy-bed"),
    ] {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Remote);
        assert!(error.to_string().contains(text), "{error}");
    }
    let error = host.call("RPCServerDriver.Upgrade", Argument::Empty).await.unwrap_err();
    assert_eq!(error.to_string(), "rpc: can't find method RPCServerDriver.Upgrade");
    // Raw calls, under the other service name too.
    let name = host.call("RpcServerDriver.DriverName", Argument::Empty).await.unwrap();
    assert_eq!(name, Value::String("sleepy".into()));
    host.close().await.unwrap();
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
            while !String::from_utf8(host.config_raw().await.unwrap()).unwrap().contains("i-1") {}
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
    timeout(LONG, async { tokio::join!(create, others).0.unwrap() }).await.unwrap();
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
    timeout(LONG, async { while host.state().await.unwrap() != State::Running {} }).await.unwrap();
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
        error.to_string().starts_with("connection is shut down during RPCServerDriver.DriverName"),
        "{error}"
    );
}

#[tokio::test]
async fn a_plugin_ends_when_heartbeats_stop_even_during_create() {
    // A machine that is too busy for a heartbeat within the first timeout gets a longer one.
    for timeout in [800, 4000, 20_000].map(Duration::from_millis) {
        if ends_without_heartbeats(timeout).await {
            return;
        }
    }
    panic!("the plugin ended in spite of heartbeats");
}

/// Whether the plugin lived as long as there were heartbeats; then it must have ended without them.
async fn ends_without_heartbeats(timeout: Duration) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let mut options = peer("impatient")
        .env("PEER_HEARTBEAT_MS", timeout.as_millis().to_string())
        .env("PEER_RELEASE", folder.path().join("never"))
        .env("PEER_BLOCKING", "1");
    options.heartbeat_interval = timeout / 40;
    let host = spawn(options).await;
    let watched = async {
        let lived = || host.spawned_at().elapsed() > 2 * timeout;
        eventually("the plugin lives twice its timeout, or ends", || lived() || host.exit_status().is_some())
            .await;
        let survived = host.exit_status().is_none();
        host.pause_heartbeat();
        (survived, host.wait_exit(LONG).await.unwrap())
    };
    let (create, (survived, status)) = tokio::join!(host.create(), watched);
    assert_eq!(status.code(), Some(1));
    let error = create.unwrap_err().to_string();
    assert!(error.starts_with("unexpected EOF during RPCServerDriver.Create"), "{error}");
    assert!(error.contains(&format!("No heartbeat for {:.1} s", timeout.as_secs_f64())), "{error}");
    survived
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
        timeout(Duration::from_millis(50), eventually("more", || host.heartbeats() > seen)).await.is_err()
    );
    host.resume_heartbeat();
    eventually("heartbeats again", || host.heartbeats() > seen + 1).await;
    host.close().await.unwrap();
}
