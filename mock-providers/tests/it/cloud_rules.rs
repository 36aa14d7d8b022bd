//! Rules of Template Cloud's API: fields, names, tokens, accounts, pages, repeated orders.

use std::time::Duration;

use machine_mock_providers::{
    guest::PowerState,
    template::{Server, ServerOptions, Times},
};
use serde_json::{Value, json};

use crate::{
    cloud::{cloud, key, order, running},
    http_client::{Client, send},
    ssh_client::{new_key, public_line},
};

#[tokio::test]
async fn names_fields_and_tokens_are_checked() {
    let (cloud, account, client) = cloud(ServerOptions::default()).await;
    let (_, key_id) = key(&client, "k").await;
    let taken = client.post("/v1/keys", json!({"name": "k", "public_key": public_line(&new_key())})).await;
    assert_eq!((taken.status, taken.code().as_str()), (409, "name_taken"));
    running(&client, order("taken", &key_id)).await;
    for (field, value, expected) in [
        ("name", json!("taken"), (409, "name_taken", None)),
        ("name", json!("-x"), (422, "invalid_field", Some("name"))),
        ("name", json!("a".repeat(64)), (422, "invalid_field", Some("name"))),
        ("image", json!("beos"), (422, "invalid_field", Some("image"))),
        ("size", json!("huge"), (422, "invalid_field", Some("size"))),
        ("region", json!("moon-1"), (422, "invalid_field", Some("region"))),
        ("key_id", json!("key-0"), (422, "invalid_field", Some("key_id"))),
        ("key_id", Value::Null, (400, "bad_request", None)),
        ("user_data", json!("x".repeat(20_000)), (422, "invalid_field", Some("user_data"))),
        ("tags", json!(7), (400, "bad_request", None)),
    ] {
        let mut order = order("fine", &key_id);
        order[field] = value.clone();
        let answer = client.post("/v1/servers", order).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (answer.status, error["code"].as_str().unwrap(), error["field"].as_str()),
            expected,
            "{field}"
        );
    }
    let mut incomplete = order("fine", &key_id);
    incomplete.as_object_mut().unwrap().remove("image");
    let answer = client.post("/v1/servers", incomplete).await;
    assert_eq!((answer.status, answer.json()["error"]["field"].as_str()), (422, Some("image")));
    let bad = client.try_send("POST", "/v1/servers", "{").await.unwrap();
    assert_eq!((bad.status, bad.code().as_str()), (400, "bad_request"));
    let key = client.post("/v1/keys", json!({"name": "x", "public_key": "ssh-rsa x"})).await;
    assert_eq!((key.status, key.json()["error"]["field"].as_str()), (422, Some("public_key")));
    assert_eq!(client.get("/v1/servers/srv-0").await.status, 404);
    assert_eq!(client.get("/v3/servers").await.status, 404);
    assert_eq!(client.try_send("PUT", "/v1/keys", "").await.unwrap().status, 405);
    let large = "x".repeat((1 << 20) + 1);
    // The server answers before it has read everything, which a client may see as a broken connection.
    let refused = client.try_send("POST", "/v1/keys", &large).await;
    assert!(
        refused.as_ref().is_err() || refused.as_ref().is_ok_and(|answer| answer.status == 413),
        "{refused:?}"
    );

    let token = account.token().to_owned();
    for wrong in [None, Some(""), Some("x"), Some(&token[1..]), Some(&*format!("{token}x"))] {
        let answer = send(cloud.address(), wrong, "GET", "/v1/servers", "").await.unwrap();
        assert_eq!((answer.status, answer.code().as_str()), (401, "unauthorized"), "{wrong:?}");
    }
}

#[tokio::test]
async fn accounts_see_nothing_of_each_other() {
    let (cloud, account, client) = cloud(ServerOptions::default()).await;
    let other = cloud.account("other");
    let stranger = Client::new(&cloud, &other);
    let (_, key_id) = key(&client, "k").await;
    let (_, foreign_key) = key(&stranger, "k").await;
    let server = running(&client, order("m", &key_id)).await;
    assert_eq!(stranger.get(&format!("/v1/servers/{}", server["id"].as_str().unwrap())).await.status, 404);
    assert_eq!(stranger.get("/v1/servers").await.json()["total"], 0);
    assert_eq!(client.post("/v1/servers", order("n", &foreign_key)).await.status, 422);
    running(&stranger, order("m", &foreign_key)).await;
    assert_eq!((account.inventory().len(), other.inventory().len()), (2, 2));
    assert!(other.request_log().iter().all(|request| !request.body.contains(&key_id)));
    let guest = other.guest("m").unwrap();
    cloud.close_account("other");
    assert_eq!(guest.state(), PowerState::Off);
    assert_eq!(stranger.get("/v1/servers").await.status, 401);
    drop(cloud);
    assert_eq!(account.inventory(), []);
    assert!(client.try_send("GET", "/v1/servers", "").await.is_err());
}

#[tokio::test]
async fn lists_have_filters_and_pages() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    account.seed_decoys("decoy", 120).unwrap();
    account.seed_server("wanted").unwrap();
    let mut names = Vec::new();
    let mut page = json!(1);
    while let Some(number) = page.as_u64() {
        let answer = client.get(&format!("/v1/servers?page={number}")).await.json();
        names.extend(
            answer["servers"].as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()),
        );
        page = answer["next_page"].clone();
    }
    assert_eq!((names.len(), names[0].as_str(), names[120].as_str()), (121, "decoy-1", "wanted"));
    let last = client.get("/v1/keys?page=2&per_page=100").await.json();
    assert_eq!((last["keys"].as_array().unwrap().len(), &last["next_page"]), (20, &Value::Null));
    let found = client.get("/v1/servers?name=wanted").await.json();
    assert_eq!((found["total"].as_u64(), found["servers"][0]["name"].as_str()), (Some(1), Some("wanted")));
    assert_eq!(client.get("/v1/servers?name=no%20such").await.json()["servers"], json!([]));
    assert_eq!(client.get("/v1/servers?per_page=0").await.status, 422);
    assert_eq!(client.get("/v1/servers?page=x").await.status, 422);
    assert_eq!(client.get("/v1/sizes").await.json()["total"], 3);
}

#[tokio::test]
async fn an_idempotency_key_makes_one_server() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    let (_, key_id) = key(&client, "k").await;
    let mut order = order("m", &key_id);
    order["idempotency_key"] = json!("once");
    let first = client.post("/v1/servers", order.clone()).await;
    let second = client.post("/v1/servers", order.clone()).await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!(account.guests().len(), 1);
    let mut different = order.clone();
    different["size"] = json!("large");
    assert_eq!(client.post("/v1/servers", different).await.code(), "idempotency_mismatch");
    client.delete(&format!("/v1/servers/{}", first.json()["id"].as_str().unwrap())).await;
    assert_eq!(client.post("/v1/servers", order).await.code(), "idempotency_mismatch");
}

#[tokio::test]
async fn slow_deletion_keeps_the_name() {
    let deleting = async |time: Duration| {
        let times = Times { delete: time, ..Times::default() };
        let (cloud, account, client) = cloud(ServerOptions { times, ..ServerOptions::default() }).await;
        let (_, key_id) = key(&client, "k").await;
        let server = running(&client, order("m", &key_id)).await;
        let path = format!("/v1/servers/{}", server["id"].as_str().unwrap());
        assert_eq!(client.delete(&path).await.status, 204);
        (cloud, account, client, path, key_id)
    };
    let (_cloud, account, client, path, key_id) = deleting(Duration::from_secs(3600)).await;
    assert_eq!(client.get(&path).await.json()["state"], "deleting");
    assert_eq!(client.delete(&path).await.status, 204);
    assert_eq!(client.post("/v1/servers", order("m", &key_id)).await.code(), "name_taken");
    account.delete_server("m").unwrap();
    running(&client, order("m", &key_id)).await;

    let (_cloud, account, _client, _, _) = deleting(Duration::from_millis(1)).await;
    let gone = async {
        while account.server("m").is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::ssh_client::LIMIT, gone).await.unwrap();
}

#[tokio::test]
async fn the_cloud_is_not_for_others() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let error = Server::start(ServerOptions { listen, ..ServerOptions::default() }).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("loopback"), "{error}");
}

#[tokio::test]
async fn requests_without_a_known_token_are_kept_apart() {
    let (cloud, account, _) = cloud(ServerOptions::default()).await;
    send(cloud.address(), Some("wrong"), "DELETE", "/v1/servers/srv-1?x=1", "").await.unwrap();
    assert!(account.request_log().is_empty());
    let refused = cloud.refused_requests();
    assert_eq!((refused[0].method.as_str(), refused[0].path.as_str()), ("DELETE", "/v1/servers/srv-1"));
    assert_eq!((refused[0].status, refused[0].query.as_str()), (Some(401), "x=1"));
}

#[tokio::test]
async fn one_change_at_a_time_refuses_the_others() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    let order = |name: &str| json!({"name": name, "public_key": public_line(&new_key())});
    // Over before the next request can come.
    account.one_change_at_a_time(Duration::from_nanos(1));
    let first = client.post("/v1/keys", order("a")).await;
    assert_eq!((first.status, first.code().as_str()), (423, "locked"), "it is somebody else's turn");
    assert_eq!(client.post("/v1/keys", order("a")).await.status, 201);
    assert_eq!(client.get("/v1/keys").await.json()["total"], 1, "it was carried out");

    account.reset();
    account.one_change_at_a_time(Duration::from_secs(3600));
    for name in ["a", "b"] {
        let busy = client.post("/v1/keys", order(name)).await;
        assert_eq!((busy.status, busy.code().as_str()), (423, "locked"));
    }
    assert_eq!(client.get("/v1/keys").await.json()["total"], 0, "reads go on");
    account.reset();
    for name in ["a", "b"] {
        assert_eq!(client.post("/v1/keys", order(name)).await.status, 201);
    }
}

#[test]
fn everything_in_the_catalogue_has_an_id() {
    use machine_mock_providers::template::{images, regions, sizes};
    assert!(images().any(|image| image == ("debian-12", "debian")));
    assert!(regions().any(|region| region == "eu-1"));
    assert!(sizes().any(|size| size == "large"));
}
