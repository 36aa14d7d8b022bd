//! Every way in which `create` can fail, and what it leaves behind.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{fs, path::Path};

use super::*;
use crate::test_machine::{assert_error, configure, machine};

#[tokio::test]
async fn a_refused_key_leaves_nothing() {
    let mut setting = machine().await;
    setting.refuse("POST", "keys", 422);
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["cannot create the key", "reason of the 422"]);
    assert_eq!(setting.left(), [""; 0]);
    assert_eq!(setting.cloud.changes().await, ["POST /v1/keys"], "nothing was made, so nothing is deleted");
}

#[tokio::test]
async fn a_refused_server_takes_its_key_along() {
    for status in [422, 503] {
        let mut setting = machine().await;
        setting.refuse("POST", "servers", status);
        let error = setting.driver.create(&setting.cx).await.unwrap_err();
        let reason = format!("reason of the {status}");
        assert_error(&error, ErrorKind::Provider, &["cannot create the server m1", &reason]);
        assert_eq!(setting.left(), [""; 0]);
        assert_eq!((setting.driver.key_id.as_str(), setting.driver.server_id.as_str()), ("", ""));
    }
}

#[tokio::test]
async fn a_server_that_breaks_is_deleted_with_its_firewall() {
    let mut setting = machine().await;
    setting.cloud.with(|cloud| cloud.next_state = "error");
    setting.driver.base.swarm_master = true;
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Provider, &["the provider gave up on the server servers-5"]);
    assert_eq!(setting.left(), [""; 0]);
    assert!(setting.cloud.changes().await.contains(&"POST /v1/firewalls".to_owned()));
}

#[tokio::test]
async fn a_server_that_never_runs_is_given_up() {
    let mut setting = machine().await;
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    assert_error(&error, ErrorKind::Timeout, &["gave up waiting for the server to run", "server: servers-5"]);
    assert_eq!(setting.left(), [""; 0]);
}

#[tokio::test]
async fn objects_whose_creation_was_not_answered_are_found() {
    for lost in ["keys", "servers"] {
        let mut setting = machine().await;
        setting.cloud.with(|cloud| cloud.losses.push(("POST", lost, 500)));
        let error = setting.driver.create(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::Provider, &["reason of the 500"]);
        assert_eq!(setting.left(), [""; 0], "{lost}");
    }
}

#[tokio::test]
async fn the_search_after_a_lost_answer_spares_other_peoples_objects() {
    let mut setting = machine().await;
    // Appears between the check and the upload, which is then refused as unavailable.
    let key = json!({ "name": setting.driver.object_name(), "public_key": "ssh-ed25519 AAAA" });
    let api = setting.driver.api(&setting.cx).unwrap();
    setting.refuse("POST", "keys", 503);
    let theirs = setting.cloud.with(|cloud| cloud.add("keys", key));
    setting.driver.build(&api, &setting.cx, None).await.unwrap_err();
    setting.driver.roll_back(&api, &setting.cx, true).await.unwrap();
    assert_eq!(setting.left(), std::slice::from_ref(&theirs));
    // The same for `remove` from the record that was saved before `create`.
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.left(), [theirs]);
}

#[tokio::test]
async fn a_failed_roll_back_keeps_the_first_cause() {
    let mut setting = machine().await;
    setting.refuse("POST", "servers", 422);
    setting.refuse("DELETE", "keys", 500);
    let error = setting.driver.create(&setting.cx).await.unwrap_err();
    let words =
        ["cannot create the server m1", "reason of the 422", "could not undo it", "cannot delete the key"];
    assert_error(&error, ErrorKind::Provider, &words);
    assert!(error.message().contains("422"), "the first cause is the message");
    // And `remove` finishes the job, also without the id.
    setting.driver.key_id.clear();
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.left(), [""; 0]);
}

#[tokio::test]
async fn a_key_of_the_user_is_used_and_survives() {
    let mut setting = machine().await;
    let source = setting.store.path().join("laptop");
    let pair = KeyPair::generate(&source, KeyAlgorithm::Ed25519).await.unwrap();
    let key = json!({ "name": "laptop", "public_key": format!("{} me@laptop", pair.public_key()) });
    let id = setting.cloud.with(|cloud| cloud.add("keys", key));
    let (endpoint, path) = (setting.cloud.endpoint(), source.to_str().unwrap());
    let options = [
        ("template-endpoint", endpoint.as_str()),
        ("template-key", "laptop"),
        ("template-ssh-key-path", path),
    ];
    configure(&mut setting.driver, &options).unwrap();
    setting.driver.pre_create_check(&setting.cx).await.unwrap();
    // The server never runs, so it is deleted again; the key is not.
    setting.driver.create(&setting.cx).await.unwrap_err();
    assert_eq!(setting.left(), [id.as_str()]);
    assert!(!setting.cloud.changes().await.iter().any(|change| change.contains("keys")));
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.left(), [id]);
}

#[tokio::test]
async fn a_key_of_the_user_must_exist_and_fit() {
    let mut setting = machine().await;
    let source = setting.store.path().join("laptop");
    KeyPair::generate(&source, KeyAlgorithm::Ed25519).await.unwrap();
    let (endpoint, path) = (setting.cloud.endpoint(), source.to_str().unwrap());
    let options = [
        ("template-endpoint", endpoint.as_str()),
        ("template-key", "laptop"),
        ("template-ssh-key-path", path),
    ];
    configure(&mut setting.driver, &options).unwrap();
    let missing = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
    assert_error(&missing, ErrorKind::InvalidOption, &["--template-key", "no key of this name"]);
    let other = json!({ "name": "laptop", "public_key": "ssh-ed25519 AAAA" });
    setting.cloud.with(|cloud| cloud.add("keys", other));
    let misfit = setting.driver.pre_create_check(&setting.cx).await.unwrap_err();
    assert_error(&misfit, ErrorKind::InvalidOption, &["is not the private key of --template-key"]);
}

#[tokio::test]
async fn a_second_create_changes_nothing() {
    let mut setting = machine().await;
    setting.own_server("running", Some("127.0.0.1"));
    let key_path = setting.driver.ssh_key_path();
    fs::create_dir_all(Path::new(&key_path).parent().unwrap()).unwrap();
    fs::write(&key_path, "the key of the running machine").unwrap();
    let (saved, mut before) = (setting.driver.clone(), setting.driver.clone());
    before.server_id.clear();
    for mut driver in [saved, before] {
        let error = driver.create(&setting.cx).await.unwrap_err();
        assert_error(&error, ErrorKind::AlreadyExists, &["m1"]);
    }
    assert!(setting.cloud.changes().await.is_empty());
    assert_eq!(fs::read_to_string(&key_path).unwrap(), "the key of the running machine");
}
