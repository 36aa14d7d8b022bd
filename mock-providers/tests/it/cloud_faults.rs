//! Every kind of fault, as a client sees it, and what it leaves behind.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use machine_mock_providers::{
    faults::{Fault, FaultKind, FaultPlan, When},
    guest::{GuestFault, PowerState},
    template::{Account, Server, ServerOptions},
};
use serde_json::{Value, json};

use crate::{
    http_client::Client,
    ssh_client::{new_key, public_line},
};

/// A cloud with one key.
async fn cloud() -> (Server, Account, Client, String) {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let account = server.account("faults");
    let client = Client::new(&server, &account);
    let key = client.post("/v1/keys", json!({"name": "k", "public_key": public_line(&new_key())})).await;
    let key_id = key.json()["id"].as_str().unwrap().to_owned();
    (server, account, client, key_id)
}

fn order(key_id: &str) -> Value {
    json!({"name": "m", "image": "debian-12", "size": "small", "region": "us-1", "key_id": key_id})
}

fn on(operation: &str, then: FaultKind) -> FaultPlan {
    FaultPlan::one(When::operation(operation), then)
}

#[tokio::test]
async fn errors_come_in_the_format_of_the_cloud() {
    let (_cloud, account, client, key_id) = cloud().await;
    let error = |status, acted| FaultKind::HttpError { status, code: None, message: None, acted };
    account.set_faults(Fault::new(When::operation("CreateServer"), error(500, false)).times(1));
    let answer = client.post("/v1/servers", order(&key_id)).await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal_error"));
    assert_eq!(account.server("m").unwrap_err().status, 404);
    assert_eq!(client.post("/v1/servers", order(&key_id)).await.status, 201);
    assert_eq!(account.faults().1, [1]);

    account.set_faults(on("DeleteServer", error(503, true)));
    let id = account.server("m").unwrap().id;
    assert_eq!(client.delete(&format!("/v1/servers/{id}")).await.status, 503);
    assert_eq!(account.server("m").unwrap_err().status, 404);

    let custom = FaultKind::HttpError {
        status: 403,
        code: Some("quota".into()),
        message: Some("no more servers".into()),
        acted: false,
    };
    account.set_faults(on("Create*", custom));
    let answer = client.post("/v1/servers", order(&key_id)).await;
    assert_eq!((answer.status, answer.json()["error"]["message"].as_str()), (403, Some("no more servers")));

    account.set_faults(on("*", FaultKind::Throttle { retry_after: Some(7) }));
    let answer = client.get("/v1/servers").await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "rate_limited"));
    assert!(answer.head.contains("retry-after: 7"), "{}", answer.head);
    account.set_faults(on("*", FaultKind::Unauthorized));
    assert_eq!(client.get("/v1/servers").await.code(), "unauthorized");
    account.set_faults(on("GetKey", FaultKind::NotFound));
    assert_eq!(client.get(&format!("/v1/keys/{key_id}")).await.code(), "not_found");
    account.clear_faults();
    assert_eq!(client.get(&format!("/v1/keys/{key_id}")).await.status, 200);

    let log = account.request_log();
    assert!(log.iter().any(|request| request.faults == ["throttle"] && request.status == Some(429)));
}

#[tokio::test]
async fn connections_are_cut_before_and_after_acting() {
    let (_cloud, account, client, key_id) = cloud().await;
    let create = async || client.try_send("POST", "/v1/servers", &order(&key_id).to_string()).await;
    for (fault, acted, expected) in [
        (FaultKind::Drop { acted: false }, false, ErrorKind::UnexpectedEof),
        (FaultKind::Drop { acted: true }, true, ErrorKind::UnexpectedEof),
        (FaultKind::Reset { acted: false }, false, ErrorKind::ConnectionReset),
        (FaultKind::Reset { acted: true }, true, ErrorKind::ConnectionReset),
    ] {
        account.set_faults(on("CreateServer", fault.clone()));
        assert_eq!(create().await.unwrap_err().kind(), expected, "{fault:?}");
        assert_eq!(account.server("m").is_ok(), acted, "{fault:?}");
        let last = account.request_log().pop().unwrap();
        assert_eq!((last.status, last.faults.len()), (None, 1));
        if acted {
            account.delete_server("m").unwrap();
        }
    }
    account.set_faults(on("CreateServer", FaultKind::Stall { acted: false }));
    let mut stalled = std::pin::pin!(create());
    // The request has to arrive before the silence means anything.
    while account.faults().1 != [1] {
        assert!(tokio::time::timeout(Duration::from_millis(2), &mut stalled).await.is_err());
    }
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut stalled).await.is_err());
    assert_eq!(account.server("m").unwrap_err().status, 404);
    account.clear_faults();
    assert_eq!(create().await.unwrap().status, 201);
}

#[tokio::test]
async fn bodies_are_spoilt() {
    let (_cloud, account, client, key_id) = cloud().await;
    let get = async || client.get(&format!("/v1/keys/{key_id}")).await;
    let whole = get().await;
    assert!(whole.complete);
    for bytes in [0, 1, 20] {
        account.set_faults(on("GetKey", FaultKind::Truncate { bytes }));
        let answer = get().await;
        assert_eq!((answer.status, answer.complete), (200, false));
        assert_eq!(answer.body, whole.body[..bytes]);
    }
    account.set_faults(on("GetKey", FaultKind::EmptyBody));
    let answer = get().await;
    assert_eq!((answer.status, answer.body.as_str(), answer.complete), (200, "", true));
    account.set_faults(on("GetKey", FaultKind::Body { status: Some(502), body: "<html>".into() }));
    let answer = get().await;
    assert_eq!((answer.status, answer.body.as_str()), (502, "<html>"));
    account.set_faults(on("GetKey", FaultKind::Delay { ms: 40 }));
    let started = Instant::now();
    assert_eq!(get().await.body, whole.body);
    assert!(started.elapsed() >= Duration::from_millis(40));
    account.set_faults(on("ListKeys", FaultKind::EmptyList));
    assert_eq!(client.get("/v1/keys").await.json()["keys"], json!([]));
}

#[tokio::test]
async fn new_objects_can_be_invisible_for_a_while() {
    let (_cloud, account, client, key_id) = cloud().await;
    account
        .set_faults(Fault::new(When::operation("CreateServer"), FaultKind::Lag { reads: 2, ms: 0 }).times(1));
    let answer = client.post("/v1/servers", order(&key_id)).await;
    assert_eq!(answer.status, 201);
    let path = format!("/v1/servers/{}", answer.json()["id"].as_str().unwrap());
    assert_eq!(account.inventory().len(), 2, "it exists all the same");
    assert_eq!(client.get(&path).await.status, 404);
    assert_eq!(client.get("/v1/servers").await.json()["total"], 0);
    assert_eq!(client.get(&path).await.status, 200);

    let order_with_new_key = async |ms: u64, name: &str| {
        account.set_faults(on("CreateKey", FaultKind::Lag { reads: 0, ms }));
        let key = client.post("/v1/keys", json!({"name": name, "public_key": public_line(&new_key())})).await;
        let mut order = order(key.json()["id"].as_str().unwrap());
        order["name"] = json!(name);
        tokio::time::sleep(Duration::from_millis(5)).await;
        client.post("/v1/servers", order).await
    };
    let refused = order_with_new_key(3_600_000, "late").await;
    assert_eq!((refused.status, refused.json()["error"]["field"].as_str()), (422, Some("key_id")));
    assert_eq!(order_with_new_key(1, "early").await.status, 201);
}

#[tokio::test]
async fn reads_can_be_stale() {
    let (_cloud, account, client, key_id) = cloud().await;
    let answer = client.post("/v1/servers", order(&key_id)).await;
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    client.reaches(&id, "running").await;
    account.power_off(&id).unwrap();
    let fault = Fault { every: 2, ..Fault::new(When::operation("GetServer"), FaultKind::Stale) };
    account.set_faults(fault);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(
            client.get(&format!("/v1/servers/{id}")).await.json()["state"].as_str().unwrap().to_owned(),
        );
    }
    assert_eq!(seen, ["running", "off", "running", "off"]);
}

#[tokio::test]
async fn starts_go_wrong_in_every_way() {
    let (_cloud, account, client, key_id) = cloud().await;
    let create = async |fault: FaultKind| {
        account.set_faults(on("CreateServer", fault));
        let answer = client.post("/v1/servers", order(&key_id)).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let id = create(FaultKind::BootError { message: Some("disk on fire".into()) }).await;
    assert_eq!(client.reaches(&id, "error").await["error"], "disk on fire");
    account.delete_server(&id).unwrap();

    let id = create(FaultKind::NoAddress).await;
    assert_eq!(client.reaches(&id, "running").await["address"], Value::Null);
    account.delete_server(&id).unwrap();

    let id = create(FaultKind::NeverReady).await;
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert_eq!(client.get(&format!("/v1/servers/{id}")).await.json()["state"], "provisioning");
    assert_eq!(client.delete(&format!("/v1/servers/{id}")).await.status, 204);

    let id = create(FaultKind::Guest { fault: GuestFault::NeverBoots }).await;
    client.reaches(&id, "running").await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(account.guest(&id).unwrap().state(), PowerState::Booting);
    account.power_off(&id).unwrap();

    account.set_faults(on("StartServer", FaultKind::BootError { message: None }));
    let answer = client.post(&format!("/v1/servers/{id}/actions"), json!({"type": "start"})).await;
    assert_eq!(answer.status, 202);
    client.reaches(&id, "error").await;
}

#[tokio::test]
async fn the_kth_changing_call_fails() {
    let (_cloud, account, client, key_id) = cloud().await;
    account.set_faults(FaultPlan::one(
        When::mutating_call(2),
        FaultKind::HttpError { status: 500, code: None, message: None, acted: false },
    ));
    assert_eq!(client.post("/v1/servers", order(&key_id)).await.status, 201);
    assert_eq!(client.get("/v1/servers").await.status, 200);
    assert_eq!(client.delete(&format!("/v1/keys/{key_id}")).await.status, 500);
    assert_eq!(client.delete(&format!("/v1/keys/{key_id}")).await.status, 204);
}
