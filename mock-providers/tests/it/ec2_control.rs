//! The control port of EC2: everything that tests in Rust can do, from another process.

use machine_mock_providers::ec2::ServerOptions;
use serde_json::{Value, json};

use crate::{
    ec2_client::{Ec2Client, ec2},
    http_client,
};

#[tokio::test]
async fn everything_can_be_done_over_the_control_port() {
    let (server, _account, _client) = ec2(ServerOptions::default()).await;
    let client = Ec2Client::new(&server, &server.account("default"));
    let address = server.control_endpoint().trim_start_matches("http://").parse().unwrap();
    let token = server.control_token().to_owned();
    let call = async |method: &str, path: &str, body: &str| {
        http_client::send(address, Some(&token), method, path, body).await.unwrap()
    };
    let refused = http_client::send(address, Some("x"), "GET", "/inventory", "").await.unwrap();
    assert_eq!(refused.status, 401);

    let launched = client.run(&server.usable_image(), &[]).await.succeeded();
    let id = launched.value("instanceId").unwrap().to_owned();
    client.reaches(&id, "running").await;
    let inventory = call("GET", "/inventory", "").await.json();
    let kinds: Vec<&str> =
        inventory.as_array().unwrap().iter().filter_map(|it| it["kind"].as_str()).collect();
    assert_eq!(kinds, ["instance", "volume", "network-interface"]);
    assert_eq!(inventory[0]["attributes"]["region"], "us-east-1");
    assert_eq!(call("GET", "/requests", "").await.json()[0]["operation"], "RunInstances");

    let plan = r#"[{"when": {"operation": "Describe*"}, "then": {"kind": "throttle"}, "times": 1}]"#;
    assert_eq!(call("POST", "/faults", plan).await.status, 204);
    assert_eq!(client.describe(&id).await.code(), "RequestLimitExceeded");
    assert_eq!(call("GET", "/faults", "").await.json()["hits"], json!([1]));
    assert_eq!(call("DELETE", "/faults", "").await.status, 204);

    let moved = call("POST", &format!("/instances/{id}/readdress"), "").await.json();
    assert_eq!(client.describe(&id).await.value("ipAddress"), moved["address"].as_str());
    let actions = [
        "freeze",
        "thaw",
        "ignore-acpi",
        "obey-acpi",
        "hold?state=stopping",
        "hold?state=running",
        "power-off",
        "power-on",
    ];
    for action in actions {
        let answer = call("POST", &format!("/instances/{id}/{action}"), "").await;
        assert_eq!(answer.status, 204, "{action}: {answer:?}");
    }
    assert_eq!(call("GET", &format!("/instances/{id}/commands"), "").await.json(), json!([]));
    assert_eq!(call("POST", &format!("/instances/{id}/dance"), "").await.status, 404);
    assert_eq!(call("POST", &format!("/instances/{id}/terminate"), "").await.status, 204);
    assert_eq!(call("POST", &format!("/instances/{id}/delete"), "").await.status, 204);
    assert_eq!(call("POST", &format!("/instances/{id}/delete"), "").await.status, 404);

    let made = call("POST", "/accounts?account=ci", "").await;
    assert_eq!((made.status, made.json()["name"].as_str()), (201, Some("ci")));
    let account: Value = made.json();
    let mut stranger = client.clone();
    stranger.credentials.access_key = account["access_key"].as_str().unwrap().to_owned();
    stranger.credentials.secret_key = account["secret_key"].as_str().unwrap().to_owned();
    stranger.call("DescribeRegions", &[]).await.succeeded();
    assert_eq!(call("DELETE", "/accounts?account=ci", "").await.status, 204);
    assert_eq!(stranger.call("DescribeRegions", &[]).await.code(), "AuthFailure");
    assert_eq!(call("POST", "/reset", "").await.status, 204);
    assert_eq!(call("GET", "/inventory", "").await.json(), json!([]));
}
