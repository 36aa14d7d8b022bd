//! The provider's calls: pages, filters, and answers of the wrong shape.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use machine_driver::{Context, ErrorKind, Secret};
use machine_driver_http::Client;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::*;
use crate::{
    dialect::DIALECT,
    server::{Key, ServerState},
};

async fn provider() -> (MockServer, Api) {
    let server = MockServer::start().await;
    let http = Http::new(DIALECT, &Client::default(), &server.uri(), &Context::for_tests(0.000_001)).unwrap();
    let api = Api(http.with_token(&Secret::new("token".into()), false));
    (server, api)
}

/// Mounts an answer to a method and a path, with a query if it is not empty.
async fn mount(server: &MockServer, method: &str, path: &str, page: &str, answer: ResponseTemplate) {
    let mock = Mock::given(matchers::method(method)).and(matchers::path(path));
    let mock = if page.is_empty() { mock } else { mock.and(matchers::query_param("page", page)) };
    mock.respond_with(answer).mount(server).await;
}

fn json_answer(body: Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

#[tokio::test]
async fn lists_go_on_to_the_last_page_and_keep_exact_names() {
    let (server, api) = provider().await;
    for (page, body) in [
        (
            "1",
            json!({ "keys": [{ "id": "k1", "name": "m1" }, { "id": "k2", "name": "m10" }], "next_page": 2 }),
        ),
        ("2", json!({ "keys": [], "next_page": 3 })),
        ("3", json!({ "keys": [{ "id": "k3", "name": "m1" }], "next_page": null })),
    ] {
        mount(&server, "GET", "/v1/keys", page, json_answer(body)).await;
    }
    let keys = api.named::<Key>("m1").await.unwrap();
    let ids: Vec<_> = keys.iter().map(|key| key.id.as_str()).collect();
    assert_eq!(ids, ["k1", "k3"], "a name that only starts alike is another object");
    for request in server.received_requests().await.unwrap() {
        assert!(request.url.query().unwrap().contains("name=m1&"), "{}", request.url);
    }
}

#[tokio::test]
async fn a_list_that_never_ends_ends() {
    let (server, api) = provider().await;
    mount(
        &server,
        "GET",
        "/v1/sizes",
        "",
        json_answer(json!({ "sizes": [{ "id": "small" }], "next_page": 2 })),
    )
    .await;
    assert_eq!(api.offers("sizes").await.unwrap().len(), 2, "page 2 says that page 2 comes next");
}

#[tokio::test]
async fn answers_of_the_wrong_shape_are_errors_that_quote_nothing() {
    for body in ["", "{", "[]", "null", "7", "{}", r#"{"keys":7}"#, r#"{"keys":[{"id":"SECRET"}]}"#] {
        let (server, api) = provider().await;
        mount(&server, "GET", "/v1/keys", "", ResponseTemplate::new(200).set_body_string(body)).await;
        let error = api.named::<Key>("m1").await.expect_err(body);
        assert_eq!(error.kind(), ErrorKind::Provider);
        let text = error.to_string();
        assert!(text.contains("look for a key named m1") && text.contains("makes no sense"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
    }
}

#[tokio::test]
async fn ids_that_lead_elsewhere_are_refused() {
    for id in ["", ".", "..", "../keys", "a/b", "a?b", "a b", &"x".repeat(65)] {
        let (server, api) = provider().await;
        mount(&server, "POST", "/v1/keys", "", json_answer(json!({ "id": id, "name": "m1" }))).await;
        assert!(api.create::<Key>("m1", json!({})).await.is_err(), "{id:?}");
    }
}

#[tokio::test]
async fn servers_are_read_with_their_optional_parts() {
    let (server, api) = provider().await;
    let full = json!({
        "id": "srv-1", "name": "m1", "state": "running", "address": "127.18.4.9", "ssh_port": 2222,
        "key_id": "key-1", "tags": { "machine": "m1" }, "error": null, "surprise": [1, 2, 3],
    });
    mount(&server, "GET", "/v1/servers/srv-1", "", json_answer(full)).await;
    let read = api.object::<Server>("srv-1").await.unwrap().unwrap();
    assert_eq!(
        (read.state, read.ssh_port, read.tags["machine"].as_str()),
        (ServerState::Running, Some(2222), "m1")
    );

    let scant = json!({ "id": "srv-2", "name": "m2", "state": "hibernating", "address": null });
    mount(&server, "GET", "/v1/servers/srv-2", "", json_answer(scant)).await;
    let read = api.object::<Server>("srv-2").await.unwrap().unwrap();
    assert_eq!((read.state, read.address, read.ssh_port), (ServerState::Unknown, None, None));
    assert_eq!(read.state.to_machine(), None);

    let nonsense = json!({ "id": "srv-3", "name": "m3", "state": "running", "address": "not an address" });
    mount(&server, "GET", "/v1/servers/srv-3", "", json_answer(nonsense)).await;
    assert!(api.object::<Server>("srv-3").await.is_err());
}

#[tokio::test]
async fn what_does_not_exist_is_deleted_and_cannot_act() {
    let (server, api) = provider().await;
    let gone =
        ResponseTemplate::new(404).set_body_json(json!({ "error": { "code": "not_found", "message": "" } }));
    Mock::given(matchers::any()).respond_with(gone).mount(&server).await;
    api.delete::<Key>("key-1").await.unwrap();
    assert_eq!(api.act("srv-1", Action::Reboot).await.unwrap(), None);
    assert!(api.object::<Server>("srv-1").await.unwrap().is_none());
    // A collection that does not exist is no empty collection.
    let error = api.named::<Key>("m1").await.unwrap_err();
    assert!(error.to_string().contains("check the endpoint"), "{error}");
    assert!(api.create::<Key>("m1", json!({})).await.is_err());
}

#[tokio::test]
async fn actions_are_what_they_are_called() {
    let (server, api) = provider().await;
    mount(&server, "POST", "/v1/servers/srv-1/actions", "", ResponseTemplate::new(202)).await;
    for action in [Action::Start, Action::Shutdown, Action::PowerOff, Action::Reboot] {
        api.act("srv-1", action).await.unwrap();
    }
    let requests = server.received_requests().await.unwrap();
    let sent: Vec<_> =
        requests.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
    let expected = ["start", "shutdown", "power_off", "reboot"].map(|word| format!(r#"{{"type":"{word}"}}"#));
    assert_eq!(sent, expected);
}
