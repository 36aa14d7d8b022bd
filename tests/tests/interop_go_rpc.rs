//! Go's own `net/rpc` and `encoding/gob` at the other end: as host of a plugin of ours and as plugin of our host.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use machine_driver::{
    DriverOptions, DynDriver, OptionValue,
    plugin::{Argument, Host, HostOptions},
};
use machine_tests::{go_tools::GoTools, peers::available, run};
use serde_json::{Value, json};
use tokio::process::Command;

const TWIN: &str = env!("CARGO_BIN_EXE_go-peer-twin");

/// What Go's host prints after driving the plugin.
async fn transcript(go: &GoTools, plugin: impl AsRef<Path>, options: &[&str]) -> Value {
    let mut command = Command::new(go.host());
    command.arg(plugin.as_ref()).arg("gopeer").args(options.iter().map(OsStr::new));
    let finished = run::to_end(command, Duration::from_secs(60)).await.unwrap().exits(0);
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}\n{finished}"))
}

#[tokio::test]
async fn go_host_can_not_tell_our_plugin_from_a_go_plugin() {
    let Some(go) = available("go_host_can_not_tell_our_plugin_from_a_go_plugin", GoTools::built()) else {
        return;
    };
    let every_type = [
        "gopeer-text=\"ä\\u0000\\n\"",
        "gopeer-number=-9007199254740993",
        "gopeer-switch=true",
        "gopeer-list=[\"\",\"q\"]",
        "gopeer-unknown=[]",
    ];
    for options in [&[][..], &every_type, &["gopeer-text=null", "gopeer-list=[]"]] {
        let theirs = transcript(&go, go.plugin(), options).await;
        let ours = transcript(&go, TWIN, options).await;
        assert_eq!(theirs["exit"], 0, "{theirs}");
        for part in [
            "version",
            "driver_name",
            "flags",
            "machine_name",
            "set_config_from_flags",
            "ip",
            "state",
            "no_such_method",
            "exit",
        ] {
            assert_eq!(ours[part], theirs[part], "{part} with options {options:?}");
        }
        assert_eq!(ours["config"]["Options"], theirs["config"]["Options"], "options {options:?}");
        assert_eq!(ours["config"]["MachineName"], "peer-1");
    }
}

#[tokio::test]
async fn go_host_reads_what_our_plugin_offers() {
    let Some(go) = available("go_host_reads_what_our_plugin_offers", GoTools::built()) else {
        return;
    };
    let seen = transcript(&go, TWIN, &["gopeer-number=7"]).await;
    assert_eq!(seen["version"], 1);
    assert_eq!(seen["driver_name"], "gopeer");
    assert_eq!(
        seen["flags"][3],
        json!({"kind": "list", "name": "gopeer-list", "usage": "A list", "env": "", "default": ["a", "", "b"]})
    );
    assert_eq!(seen["config"]["Options"]["gopeer-number"], 7);
    assert_eq!(seen["ip"], json!({"error": "IP address is not set"}));
    assert_eq!(seen["no_such_method"], json!({"error": "rpc: can't find method RPCServerDriver.Upgrade"}));
    assert_eq!(seen["exit"], 0);
}

#[tokio::test]
async fn our_host_can_not_tell_a_go_plugin_from_ours() {
    let Some(go) = available("our_host_can_not_tell_a_go_plugin_from_ours", GoTools::built()) else {
        return;
    };
    let mut seen = Vec::new();
    for program in [go.plugin(), PathBuf::from(TWIN)] {
        let host = Host::spawn(HostOptions::new(program)).await.unwrap();
        assert_eq!(host.version(), 1);
        host.set_config_raw(br#"{"MachineName":"peer-1","SSHPort":0,"SSHUser":""}"#.to_vec()).await.unwrap();
        let flags = host.create_flags().await.unwrap();
        let mut options = DriverOptions::defaults(&flags);
        options.insert("gopeer-list", OptionValue::List(vec![String::new(), "ü".to_owned()]));
        options.insert("gopeer-number", OptionValue::Int(i64::MIN));
        options.insert("gopeer-text", OptionValue::Nil);
        host.set_config_from_flags(options).await.unwrap();
        let record: Value = serde_json::from_slice(&host.config_raw().await.unwrap()).unwrap();
        let missing = host.call("RPCServerDriver.Upgrade", Argument::Empty).await.unwrap_err();
        seen.push((
            flags,
            record["Options"].clone(),
            host.driver_name().await.unwrap(),
            host.machine_name().await.unwrap(),
            host.ip().await.unwrap_err().to_string(),
            host.state().await.unwrap(),
            missing.to_string(),
        ));
        host.close().await.unwrap();
        let status = host.wait_exit(Duration::from_secs(10)).await.expect("the plugin leaves after Close");
        assert_eq!(status.code(), Some(0));
    }
    assert_eq!(seen[0], seen[1], "left: the plugin written in Go, right: ours");
    assert_eq!(seen[1].1["gopeer-number"], i64::MIN);
    assert_eq!(seen[1].1["gopeer-list"], json!(["", "ü"]));
    assert_eq!(seen[1].4, "IP address is not set");
}
