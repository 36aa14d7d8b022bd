//! What a plugin process survives, and how it says what is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::tests_outside_test_module)]

mod plugin_support;

use std::process::Stdio;

use machine_driver::{
    DriverOptions, DynDriver, OptionValue, State,
    plugin::{Argument, Host, OutputStream, wire::Value},
};
use plugin_support::{LONG, assert_gone, peer, spawn};
use tokio::{process::Command, time::timeout};

fn bed() -> DriverOptions {
    DriverOptions::from_iter([("sleepy-bed", OptionValue::String("four-poster".into()))])
}

#[tokio::test]
async fn a_panic_in_any_method_is_an_error_and_the_process_lives() {
    for method in
        ["SetConfigFromFlags", "PreCreateCheck", "Create", "Remove", "Start", "Stop", "Restart", "Kill"]
    {
        let host = spawn(peer("").env("PEER_PANIC", method)).await;
        let outcome = match method {
            "SetConfigFromFlags" => host.set_config_from_flags(bed()).await,
            "PreCreateCheck" => host.pre_create_check().await,
            "Create" => host.create().await,
            "Remove" => host.remove().await,
            "Start" => host.start().await,
            "Stop" => host.stop().await,
            "Restart" => host.restart().await,
            _ => DynDriver::kill(&host).await,
        };
        assert_panicked(&outcome.unwrap_err().to_string(), &format!("{method} fell out of bed"));
        assert_eq!(host.state().await.unwrap(), State::None, "after {method}");
        host.close().await.unwrap();
        assert_eq!(host.exit_status().unwrap().code(), Some(0), "after {method}");
    }
    for (method, quiet) in [("DriverName", "GetState"), ("GetState", "DriverName"), ("GetURL", "DriverName")]
    {
        let host = spawn(peer("").env("PEER_PANIC", method)).await;
        let error = host.call(&format!("RPCServerDriver.{method}"), Argument::Empty).await.unwrap_err();
        assert_panicked(&error.to_string(), &format!("{method} fell out of bed"));
        host.call(&format!("RPCServerDriver.{quiet}"), Argument::Empty).await.unwrap();
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
        let error = host.call(&format!("RPCServerDriver.{method}"), Argument::Empty).await.unwrap_err();
        assert_panicked(&error.to_string(), "gives up");
    }
    for method in ["PreCreateCheck", "Create", "Remove", "Start", "Stop", "Restart", "Kill"] {
        let error = host.call(&format!("RPCServerDriver.{method}"), Argument::Empty).await.unwrap_err();
        assert_panicked(&error.to_string(), "no message");
    }
    assert_panicked(&host.set_config_raw(vec![]).await.unwrap_err().to_string(), "set_config_raw gives up");
    assert_panicked(
        &host.set_config_from_flags(bed()).await.unwrap_err().to_string(),
        "set_config_from_flags",
    );
    host.call("RPCServerDriver.Heartbeat", Argument::Empty).await.unwrap();
    host.close().await.unwrap();
    assert_eq!(host.exit_status().unwrap().code(), Some(0));
}

fn assert_panicked(text: &str, message: &str) {
    assert!(text.starts_with("Panic in the driver: ") && text.contains(message), "{text}");
}

#[tokio::test]
async fn log_lines_go_to_their_streams_and_stay_short() {
    let host = spawn(peer("")).await;
    host.pre_create_check().await.unwrap();
    host.close().await.unwrap();
    let text = |stream| {
        let lines = host.output().into_iter().filter(move |line| line.stream == stream);
        lines.map(|line| line.text).collect::<Vec<_>>()
    };
    let stdout = text(OutputStream::Stdout);
    assert_eq!(stdout[..3], [host.address_line(), "for the user", "second line"]);
    assert_eq!(stdout[3..].concat(), "ü".repeat(100_000));
    assert_eq!(text(OutputStream::Stderr), ["for the author", "Closing plugin on server side"]);
    assert!((60_000..64 * 1024 - 1).contains(&host.longest_line()), "{}", host.longest_line());
}

#[tokio::test]
async fn large_records_pass_in_both_directions_while_others_talk() {
    let mut options = peer("");
    options.heartbeat_interval = std::time::Duration::from_millis(1);
    let host = spawn(options).await;
    let big = "ü".repeat(1 << 20);
    // Keys that the driver does not know come back.
    host.set_config_raw(format!(r#"{{"Big":"{big}"}}"#).into_bytes()).await.unwrap();
    let (record, name, again) = tokio::join!(host.config_raw(), host.driver_name(), host.config_raw());
    assert_eq!(name.unwrap(), "sleepy");
    let record = String::from_utf8(record.unwrap()).unwrap();
    assert!(record.contains(&big));
    assert_eq!(again.unwrap(), record.into_bytes());
    host.close().await.unwrap();
}

#[tokio::test]
async fn many_plugins_run_at_once() {
    let mut hosts = Vec::new();
    for number in 0..20 {
        let host = spawn(peer("")).await;
        host.set_config_raw(format!(r#"{{"MachineName":"m-{number}"}}"#).into_bytes()).await.unwrap();
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
        command.env_remove("MACHINE_PLUGIN_TOKEN").envs(token.map(|token| ("MACHINE_PLUGIN_TOKEN", token)));
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
    let error =
        Host::spawn(peer("").env("MACHINE_DRIVER_WAIT_FACTOR", "fast")).await.unwrap_err().to_string();
    for part in ["exit status: 1", "MACHINE_DRIVER_WAIT_FACTOR", "\"fast\"", "positive decimal"] {
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
    tokio::io::AsyncBufReadExt::read_line(&mut stdout, &mut address).await.unwrap();
    drop((stdout, child.stderr.take()));
    let stream = tokio::net::TcpStream::connect(address.trim()).await.unwrap();
    let mut host = plugin_support::RawHost::connect(stream).await;
    let answer = host.call("RPCServerDriver.PreCreateCheck").await;
    assert_eq!(answer.error, "");
    assert_eq!(host.call("RPCServerDriver.DriverName").await.value, Value::String("sleepy".into()));
    assert_eq!(host.call("RPCServerDriver.Close").await.error, "");
    assert_eq!(timeout(LONG, child.wait()).await.unwrap().unwrap().code(), Some(0));
}
