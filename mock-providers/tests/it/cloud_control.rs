//! The control port: everything that tests in Rust can do, from another process.

use std::net::SocketAddr;

use machine_mock_providers::template::{Server, ServerOptions};
use serde_json::json;

use crate::{
    http_client::{Answer, Client, send},
    ssh_client::{new_key, public_line},
};

struct Control {
    address: SocketAddr,
    token: String,
}

impl Control {
    fn new(server: &Server) -> Self {
        let address = server.control_endpoint().trim_start_matches("http://").parse().unwrap();
        Self { address, token: server.control_token().to_owned() }
    }

    async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        send(self.address, Some(&self.token), method, path, body).await.unwrap()
    }
}

#[tokio::test]
async fn everything_can_be_done_over_the_control_port() {
    let server = Server::start(ServerOptions { token: Some("t0ken".into()), ..ServerOptions::default() })
        .await
        .unwrap();
    let control = Control::new(&server);
    let client = Client { address: server.address(), token: "t0ken".into() };
    let key =
        client.post("/v1/keys", json!({"name": "k", "public_key": public_line(&new_key())})).await.json();
    let order =
        json!({"name": "m", "image": "ubuntu-24.04", "size": "small", "region": "eu-1", "key_id": key["id"]});
    let id = client.post("/v1/servers", order).await.json()["id"].as_str().unwrap().to_owned();
    let before = client.reaches(&id, "running").await;

    let inventory = control.call("GET", "/inventory", "").await.json();
    assert_eq!(
        (inventory[0]["kind"].as_str(), inventory[1]["attributes"]["state"].as_str()),
        (Some("key"), Some("running"))
    );
    let requests = control.call("GET", "/requests", "").await.json();
    assert_eq!(requests[1]["operation"], "CreateServer");
    assert!(requests[1]["at"].as_u64().is_some_and(|at| at > 1_600_000_000_000));
    assert_eq!(control.call("DELETE", "/requests", "").await.status, 204);
    assert_eq!(control.call("GET", "/requests", "").await.json(), json!([]));

    let plan = r#"[{"when": {"operation": "GetServer"}, "then": {"kind": "throttle"}, "times": 1}]"#;
    assert_eq!(control.call("POST", "/faults", plan).await.status, 204);
    assert_eq!(client.get(&format!("/v1/servers/{id}")).await.status, 429);
    assert_eq!(control.call("GET", "/faults", "").await.json()["hits"], json!([1]));
    assert_eq!(control.call("POST", "/faults", r#"[{"then": {"kind": "nonsense"}}]"#).await.status, 400);
    assert_eq!(control.call("DELETE", "/faults", "").await.status, 204);

    let moved = control.call("POST", "/servers/m/readdress", "").await.json();
    if cfg!(target_os = "linux") {
        assert_ne!(moved["address"], before["address"]);
    }
    for action in ["freeze", "thaw", "ignore-acpi", "obey-acpi", "power-off", "power-on", "hold?state=error"]
    {
        let answer = control.call("POST", &format!("/servers/{id}/{action}"), "").await;
        assert_eq!(answer.status, 204, "{action}: {answer:?}");
    }
    assert_eq!(client.get(&format!("/v1/servers/{id}")).await.json()["state"], "error");
    assert_eq!(control.call("GET", "/servers/m/commands", "").await.json(), json!([]));
    assert_eq!(control.call("POST", "/servers/m/hold?state=sleepy", "").await.status, 422);
    assert_eq!(control.call("POST", "/servers/m/dance", "").await.status, 404);
    assert_eq!(control.call("POST", "/servers/m/delete", "").await.status, 204);
    assert_eq!(control.call("POST", "/servers/m/delete", "").await.status, 404);
    assert_eq!(control.call("POST", "/seed/server/foreign", "").await.status, 201);
    assert_eq!(control.call("POST", "/seed/key/foreign", "").await.status, 201);
    for (time, status) in [("5", 204), ("long", 422)] {
        let path = format!("/one-change-at-a-time?ms={time}");
        assert_eq!(control.call("POST", &path, "").await.status, status);
    }
    assert_eq!(control.call("POST", "/reset", "").await.status, 204);
    assert_eq!(control.call("GET", "/inventory", "").await.json(), json!([]));
}

#[tokio::test]
async fn accounts_are_made_and_ended_over_the_control_port() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let control = Control::new(&server);
    let made = control.call("POST", "/accounts?account=ci", "").await;
    assert_eq!((made.status, made.json()["name"].as_str()), (201, Some("ci")));
    let client =
        Client { address: server.address(), token: made.json()["token"].as_str().unwrap().to_owned() };
    assert_eq!(client.get("/v1/servers").await.status, 200);
    assert_eq!(control.call("GET", "/requests?account=ci", "").await.json().as_array().unwrap().len(), 1);
    assert_eq!(control.call("GET", "/requests", "").await.json(), json!([]));
    assert_eq!(control.call("GET", "/accounts", "").await.json().as_array().unwrap().len(), 2);
    assert_eq!(control.call("DELETE", "/accounts?account=ci", "").await.status, 204);
    assert_eq!(client.get("/v1/servers").await.status, 401);
    assert_eq!(control.call("GET", "/inventory?account=ci", "").await.status, 404);
}

#[tokio::test]
async fn the_control_token_is_needed_and_is_not_that_of_an_account() {
    let server = Server::start(ServerOptions::default()).await.unwrap();
    let control = Control::new(&server);
    let account = server.account("default");
    for token in [None, Some("x"), Some(account.token())] {
        for path in ["/inventory", "/nowhere"] {
            assert_eq!(send(control.address, token, "GET", path, "").await.unwrap().status, 401);
        }
    }
    let answer = send(server.address(), Some(&control.token), "GET", "/v1/servers", "").await.unwrap();
    assert_eq!(answer.status, 401);
}
