//! A cloud with an account, and what most tests do with it.

use std::net::Ipv4Addr;

use machine_mock_providers::{
    guest::PowerState,
    template::{Account, Server, ServerOptions},
};
use russh::keys::PrivateKey;
use serde_json::{Value, json};

use crate::{
    http_client::Client,
    ssh_client::{Session, new_key, public_line, reached},
};

pub(crate) async fn cloud(options: ServerOptions) -> (Server, Account, Client) {
    let server = Server::start(options).await.unwrap();
    let account = server.account("tests");
    let client = Client::new(&server, &account);
    (server, account, client)
}

pub(crate) async fn key(client: &Client, name: &str) -> (PrivateKey, String) {
    let key = new_key();
    let answer = client.post("/v1/keys", json!({"name": name, "public_key": public_line(&key)})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    (key, id)
}

pub(crate) fn order(name: &str, key_id: &str) -> Value {
    json!({"name": name, "image": "ubuntu-24.04", "size": "small", "region": "eu-1", "key_id": key_id,
           "tags": {"machine": name}})
}

pub(crate) async fn running(client: &Client, order: Value) -> Value {
    let answer = client.post("/v1/servers", order).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let server = answer.json();
    assert_eq!((server["state"].as_str(), &server["address"]), (Some("provisioning"), &Value::Null));
    client.reaches(server["id"].as_str().unwrap(), "running").await
}

pub(crate) fn endpoint(server: &Value) -> (Ipv4Addr, u16) {
    let port = server["ssh_port"].as_u64().map_or(22, |port| u16::try_from(port).unwrap());
    (server["address"].as_str().unwrap().parse().unwrap(), port)
}

pub(crate) async fn log_in(account: &Account, server: &Value, user: &str, key: &PrivateKey) -> Session {
    let guest = account.guest(server["id"].as_str().unwrap()).unwrap();
    reached(&guest, PowerState::Running).await;
    let (address, port) = endpoint(server);
    Session::open_at(address, port, user, key, Some(guest.host_key())).await.unwrap()
}
