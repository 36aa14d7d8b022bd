//! What `remove` deletes, spares and reports.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use machine_driver::{Driver, ErrorKind};
use serde_json::json;

use super::*;
use crate::test_machine::{assert_error, machine};

#[tokio::test]
async fn removing_what_never_was() {
    let mut setting = machine().await;
    setting.driver.remove(&setting.cx).await.unwrap();
    assert!(setting.cloud.changes().await.is_empty());
    TemplateDriver::default().remove(&setting.cx).await.unwrap();
}

#[tokio::test]
async fn removing_from_the_record_before_create_finds_what_carries_the_mark() {
    let mut setting = machine().await;
    let (name, owner) = (setting.driver.object_name(), setting.driver.owner());
    let theirs = setting.cloud.with(|cloud| {
        cloud.add("servers", json!({ "name": "m1", "tags": { "owner": owner } }));
        cloud.add("keys", json!({ "name": name, "public_key": format!("ssh-ed25519 AAAA {name}") }));
        cloud.add("firewalls", json!({ "name": name }));
        [
            cloud.add("servers", json!({ "name": "m1", "tags": { "machine": "m1", "owner": "else" } })),
            cloud.add("servers", json!({ "name": "m1" })),
            cloud.add("keys", json!({ "name": "m1" })),
            cloud.add("keys", json!({ "name": name, "public_key": "ssh-ed25519 AAAA" })),
        ]
    });
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.left(), theirs);
}

#[tokio::test]
async fn removing_goes_on_after_a_failure_and_reports_all() {
    let mut setting = machine().await;
    setting.own_server("running", None);
    let name = setting.driver.object_name();
    setting.cloud.with(|cloud| cloud.add("firewalls", json!({ "name": name })));
    setting.driver.key_id = setting.cloud.with(|cloud| cloud.add("keys", json!({ "name": name })));
    setting.refuse("DELETE", "servers", 500);
    setting.refuse("DELETE", "firewalls", 502);
    let error = setting.driver.remove(&setting.cx).await.unwrap_err();
    let words =
        ["cannot delete the server", "reason of the 500", "cannot delete the firewall", "reason of the 502"];
    assert_error(&error, ErrorKind::Provider, &words);
    assert_eq!(setting.left(), ["servers-4", "firewalls-5"], "the key is gone");
    setting.driver.remove(&setting.cx).await.unwrap();
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.left(), [""; 0]);
}

#[tokio::test]
async fn removing_when_the_server_is_gone_still_deletes_the_key_and_spares_its_successor() {
    let mut setting = machine().await;
    setting.driver.server_id = "servers-77".into();
    setting.driver.key_id = setting.cloud.with(|cloud| cloud.add("keys", json!({ "name": "k" })));
    let theirs = setting.cloud.with(|cloud| cloud.add("servers", json!({ "name": "m1" })));
    setting.driver.remove(&setting.cx).await.unwrap();
    assert_eq!(setting.left(), [theirs]);
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_is_not_an_empty_one() {
    for status in [401, 403, 500] {
        for recorded in [true, false] {
            let mut setting = machine().await;
            setting.own_server("running", Some("127.0.0.1"));
            if !recorded {
                setting.driver.server_id.clear();
            }
            for method in ["GET", "DELETE"] {
                setting.cloud.with(|cloud| cloud.refusals.extend([(method, "", status); 30]));
            }
            assert!(setting.driver.remove(&setting.cx).await.is_err(), "{status} {recorded}");
            assert!(setting.driver.state(&setting.cx).await.is_err());
            assert!(setting.driver.stop(&setting.cx).await.is_err());
            assert_eq!(setting.left(), ["servers-4"]);
        }
    }
}
