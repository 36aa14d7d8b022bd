//! The record, `pre_create_check`, getters and power, against a provider without guests.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fs;

use serde_json::json;

use super::*;
use crate::test_machine::{Setting, assert_error, configure, machine, record};

#[tokio::test]
async fn the_record_has_gos_names_and_every_option() {
    let Setting { driver, store, .. } = machine().await;
    let record = record(&driver);
    for key in ["IPAddress", "MachineName", "SSHUser", "SSHPort", "SSHKeyPath", "StorePath", "SwarmMaster"] {
        assert!(record.get(key).is_some(), "{key} is missing in {record}");
    }
    assert_eq!(record["StorePath"], store.path().to_str().unwrap());
    assert_eq!(
        (&record["Region"], &record["Token"], &record["ServerId"]),
        (&json!("eu-1"), &json!("t0p-s3cret"), &json!(""))
    );
    assert!(!format!("{driver:?}").contains("t0p-s3cret"));
    let read: TemplateDriver = serde_json::from_value(record.clone()).unwrap();
    assert_eq!(self::record(&read), record);
}

#[tokio::test]
async fn defaults_survive_the_zero_values_that_hosts_send_first() {
    let first =
        json!({ "MachineName": "m1", "StorePath": "/s", "SSHUser": "", "SSHPort": 0, "SSHKeyPath": "" });
    let driver: TemplateDriver = serde_json::from_value(first).unwrap();
    assert_eq!((driver.ssh_username().as_str(), driver.ssh_port()), ("ubuntu", 22));
    assert_eq!(driver.ssh_key_path(), "/s/machines/m1/id_rsa");
}

#[tokio::test]
async fn the_same_options_twice_are_the_same_record() {
    let Setting { mut driver, cloud, .. } = machine().await;
    let once = record(&driver);
    configure(&mut driver, &[("template-endpoint", &cloud.endpoint())]).unwrap();
    assert_eq!(record(&driver), once);
}

#[tokio::test]
async fn pre_create_check_only_reads() {
    let Setting { driver, cloud, cx, store } = machine().await;
    let before = record(&driver);
    driver.pre_create_check(&cx).await.unwrap();
    driver.pre_create_check(&cx).await.unwrap();
    assert!(cloud.changes().await.is_empty());
    assert_eq!(record(&driver), before);
    assert_eq!(fs::read_dir(store.path()).unwrap().count(), 0, "the store is untouched");
}

#[tokio::test]
async fn user_data_is_read_unchanged_or_refused() {
    let mut setting = machine().await;
    let path = setting.store.path().join("user-data");
    setting.driver.user_data_file = path.clone();
    let longest = "x".repeat(16 << 10);
    for text in ["", "#cloud-config\r\n\u{e4}\0", &longest] {
        fs::write(&path, text).unwrap();
        assert_eq!(setting.driver.user_data().await.unwrap().as_deref(), Some(text));
    }
    for (bytes, expected) in
        [(format!("{longest}x").into_bytes(), "limit of 16384 bytes"), (vec![0xff], "is no text")]
    {
        fs::write(&path, bytes).unwrap();
        let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::InvalidOption, &["--template-user-data", expected]);
    }
}

#[tokio::test]
async fn pre_create_check_finds_what_create_would_stumble_over() {
    for (flag, value, expected) in [
        ("template-region", "mars-1", "--template-region is \"mars-1\", but the provider has: eu-1"),
        ("template-image", "dos", "--template-image is \"dos\""),
        ("template-size", "huge", "--template-size is \"huge\""),
        (
            "template-user-data",
            "/nowhere/user-data",
            "--template-user-data /nowhere/user-data cannot be opened",
        ),
        ("template-ssh-key-path", "/nowhere/key", "/nowhere/key"),
    ] {
        let mut setting = machine().await;
        configure(&mut setting.driver, &[("template-endpoint", &setting.cloud.endpoint()), (flag, value)])
            .unwrap();
        let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
    for (collection, what) in [("servers", "server"), ("keys", "key")] {
        let setting = machine().await;
        let name = if collection == "servers" { "m1".to_owned() } else { setting.driver.object_name() };
        setting.cloud.with(|cloud| cloud.add(collection, json!({ "name": name })));
        let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::AlreadyExists, &["already has a", what, &name]);
    }
    let mut setting = machine().await;
    setting.driver.base.machine_name = "-".into();
    let error = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::InvalidOption, &["host name \"-\""]);
}

#[tokio::test]
async fn states_and_addresses_are_what_the_provider_says() {
    let cases = [
        ("provisioning", State::Starting, false),
        ("starting", State::Starting, false),
        ("running", State::Running, true),
        ("stopping", State::Stopping, false),
        ("deleting", State::Stopping, false),
        ("off", State::Stopped, false),
        ("error", State::Error, false),
    ];
    for (provider, state, reachable) in cases {
        let mut setting = machine().await;
        setting.own_server(provider, Some("127.0.0.9"));
        setting.driver.base.ip_address = "192.0.2.1".into();
        let (driver, cx) = (&setting.driver, &setting.cx);
        assert_eq!(driver.state(cx).await.unwrap(), state, "{provider}");
        if reachable {
            assert_eq!(driver.url(cx).await.unwrap(), "tcp://127.0.0.9:2376");
            assert_eq!(
                (driver.ip(cx).await.unwrap().as_str(), driver.ssh_hostname(cx).await.unwrap().as_str()),
                ("127.0.0.9", "127.0.0.9")
            );
        } else {
            for answer in [driver.url(cx).await, driver.ip(cx).await, driver.ssh_hostname(cx).await] {
                assert_eq!(answer.unwrap_err().to_string(), "Host is not running", "{provider}");
            }
        }
    }
}

#[tokio::test]
async fn addresses_may_be_ipv6_or_missing() {
    let mut setting = machine().await;
    setting.own_server("running", Some("fd00::9"));
    assert_eq!(setting.driver.url(&setting.cx).await.unwrap(), "tcp://[fd00::9]:2376");
    setting.own_server("running", None);
    let error = setting.driver.url(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["no address yet"]);
    setting.own_server("hibernating", None);
    let error = setting.driver.state(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["a state that this driver does not know"]);
}

#[tokio::test]
async fn a_machine_without_a_server_says_so_everywhere() {
    for (id, kind, words) in [
        ("servers-77", ErrorKind::NotFound, "machine m1 not found"),
        ("", ErrorKind::Other, "machine m1 has no server"),
    ] {
        let mut setting = machine().await;
        setting.driver.server_id = id.into();
        let cx = setting.cx.clone();
        let errors = [
            setting.driver.state(&cx).await.unwrap_err(),
            setting.driver.ip(&cx).await.unwrap_err(),
            setting.driver.url(&cx).await.unwrap_err(),
            setting.driver.start(&cx).await.unwrap_err(),
            setting.driver.stop(&cx).await.unwrap_err(),
            setting.driver.kill(&cx).await.unwrap_err(),
            setting.driver.restart(&cx).await.unwrap_err(),
        ];
        for error in errors {
            assert_error(&error, kind, &[words]);
        }
        assert!(setting.cloud.changes().await.is_empty());
    }
}

#[tokio::test]
async fn power_methods_have_nothing_to_do_where_they_want_to_be() {
    let mut setting = machine().await;
    setting.own_server("off", None);
    setting.driver.stop(&setting.cx).await.unwrap();
    setting.driver.kill(&setting.cx).await.unwrap();
    setting.own_server("running", Some("127.0.0.9"));
    setting.driver.start(&setting.cx).await.unwrap();
    assert_eq!(setting.driver.base.ip_address, "127.0.0.9");
    assert!(setting.cloud.changes().await.is_empty());
}

#[tokio::test]
async fn stop_asks_the_guest_and_kill_does_not() {
    for (state, next, action) in
        [("running", "off", "stop"), ("stopping", "off", "kill"), ("running", "off", "kill")]
    {
        let mut setting = machine().await;
        setting.own_server(state, None);
        setting.cloud.with(|cloud| cloud.next_state = next);
        match action {
            "stop" => setting.driver.stop(&setting.cx).await.unwrap(),
            _ => setting.driver.kill(&setting.cx).await.unwrap(),
        }
        assert_eq!(setting.driver.state(&setting.cx).await.unwrap(), State::Stopped);
        assert_eq!(setting.left(), ["servers-4"], "the server is kept");
    }
}

#[tokio::test]
async fn refused_or_ignored_power_actions_are_errors() {
    let mut setting = machine().await;
    setting.own_server("running", Some("127.0.0.9"));
    for (method, refused) in
        [("stop", "cannot shut down the server"), ("kill", "cannot power off the server")]
    {
        setting.refuse("POST", "servers", 409);
        let outcome = match method {
            "stop" => setting.driver.stop(&setting.cx).await,
            _ => setting.driver.kill(&setting.cx).await,
        };
        assert_error(&outcome.unwrap_err(), ErrorKind::Provider, &[refused, "reason of the 409"]);
    }
    // The guest ignores the request.
    setting.cloud.with(|cloud| cloud.next_state = "running");
    let error = setting.driver.stop(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Timeout, &["gave up waiting for the guest to shut down", "servers-4"]);
    // The server breaks instead of starting.
    setting.own_server("off", None);
    setting.cloud.with(|cloud| cloud.next_state = "error");
    let error = setting.driver.start(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["the provider gave up on the server"]);
}
