//! Template Cloud through its API: keys, servers, firewalls, and the machines behind the servers.

use std::net::Ipv4Addr;

use machine_mock_providers::{
    guest::{GuestOs, PowerState, SshPort},
    inventory::Inventory,
    template::{Account, Server, ServerOptions, ServerState, Times},
};
use russh::keys::PrivateKey;
use serde_json::{Value, json};

use crate::{
    http_client::{Client, send},
    ssh_client::{Session, new_key, public_line, reached},
};

async fn cloud(options: ServerOptions) -> (Server, Account, Client) {
    let server = Server::start(options).await.unwrap();
    let account = server.account("tests");
    let client = Client::new(&server, &account);
    (server, account, client)
}

async fn key(client: &Client, name: &str) -> (PrivateKey, String) {
    let key = new_key();
    let answer = client
        .post("/v1/keys", json!({"name": name, "public_key": public_line(&key)}))
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    (key, id)
}

fn order(name: &str, key_id: &str) -> Value {
    json!({"name": name, "image": "ubuntu-24.04", "size": "small", "region": "eu-1", "key_id": key_id,
           "tags": {"machine": name}})
}

async fn running(client: &Client, order: Value) -> Value {
    let answer = client.post("/v1/servers", order).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    let server = answer.json();
    assert_eq!(
        (server["state"].as_str(), &server["address"]),
        (Some("provisioning"), &Value::Null)
    );
    client.reaches(server["id"].as_str().unwrap(), "running").await
}

fn endpoint(server: &Value) -> (Ipv4Addr, u16) {
    let port = server["ssh_port"]
        .as_u64()
        .map_or(22, |port| u16::try_from(port).unwrap());
    (server["address"].as_str().unwrap().parse().unwrap(), port)
}

async fn log_in(account: &Account, server: &Value, user: &str, key: &PrivateKey) -> Session {
    let guest = account.guest(server["id"].as_str().unwrap()).unwrap();
    reached(&guest, PowerState::Running).await;
    let (address, port) = endpoint(server);
    Session::open_at(address, port, user, key, Some(guest.host_key()))
        .await
        .unwrap()
}

#[tokio::test]
async fn a_server_lives_through_every_action_and_leaves_nothing() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    let baseline = Inventory::from(account.inventory());
    let (private, key_id) = key(&client, "k").await;
    let server = running(&client, order("demo", &key_id)).await;
    let id = server["id"].as_str().unwrap();
    let session = log_in(&account, &server, "ubuntu", &private).await;
    assert_eq!(
        session.run("hostname; echo data > f; sync").await.text(),
        "demo\n"
    );
    let boot = account.guest("demo").unwrap().boot_id();

    let act = async |action: &str| {
        client
            .post(&format!("/v1/servers/{id}/actions"), json!({"type": action}))
            .await
    };
    let answer = act("start").await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "wrong_state"));
    assert_eq!(act("reboot").await.status, 202);
    let guest = account.guest(id).unwrap();
    let rebooted = async {
        while guest.boot_id() == boot || guest.state() != PowerState::Running {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::ssh_client::LIMIT, rebooted)
        .await
        .unwrap();
    let same = client.get(&format!("/v1/servers/{id}")).await.json();
    assert_eq!(
        (same["state"].as_str(), &same["address"]),
        (Some("running"), &server["address"])
    );

    let answer = act("shutdown").await;
    assert_eq!(
        (answer.status, answer.json()["state"].as_str()),
        (202, Some("stopping"))
    );
    let off = client.reaches(id, "off").await;
    assert_eq!(off["address"], Value::Null);
    for action in ["shutdown", "power_off", "reboot"] {
        assert_eq!(act(action).await.code(), "wrong_state", "{action}");
    }
    assert_eq!(act("start").await.json()["state"], "starting");
    let again = client.reaches(id, "running").await;
    assert_eq!(again["address"], server["address"]);
    let session = log_in(&account, &again, "ubuntu", &private).await;
    assert_eq!(session.run("cat f").await.text(), "data\n");
    assert_eq!(act("power_off").await.status, 202);
    client.reaches(id, "off").await;

    let change = Inventory::from(account.inventory()).since(&baseline);
    let kinds: Vec<_> = change
        .added
        .iter()
        .map(|object| (object.kind.as_str(), object.owner.as_deref()))
        .collect();
    assert_eq!(kinds, [("key", None), ("server", Some("demo"))]);

    assert_eq!(client.delete(&format!("/v1/servers/{id}")).await.status, 204);
    assert_eq!(client.delete(&format!("/v1/servers/{id}")).await.status, 404);
    assert_eq!(client.get(&format!("/v1/servers/{id}")).await.code(), "not_found");
    assert_eq!(client.delete(&format!("/v1/keys/{key_id}")).await.status, 204);
    assert!(Inventory::from(account.inventory()).since(&baseline).is_empty());
    assert!(account.guests().is_empty());

    let log = account.request_log();
    let changes: Vec<_> = log
        .iter()
        .filter(|it| it.mutating)
        .map(|it| (it.operation.as_str(), it.status))
        .collect();
    assert_eq!(
        changes[..3],
        [
            ("CreateKey", Some(201)),
            ("CreateServer", Some(201)),
            ("StartServer", Some(409))
        ]
    );
    assert!(
        log.iter()
            .all(|it| it.user_agent == "it/1" && !it.body.contains(account.token()))
    );
}

#[tokio::test]
async fn images_bring_their_system_and_user() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    let (private, key_id) = key(&client, "k").await;
    let images = client.get("/v1/images").await.json();
    for image in images["images"].as_array().unwrap() {
        let name = image["id"].as_str().unwrap().replace('.', "-");
        let mut order = order(&name, &key_id);
        order["image"] = image["id"].clone();
        let server = running(&client, order).await;
        let session = log_in(&account, &server, image["user"].as_str().unwrap(), &private).await;
        let id = session.run(". /etc/os-release; echo $ID").await.text();
        assert!(name.starts_with(id.trim()), "{name} is {id}");
    }
    let (_cloud, account, client) = cloud(ServerOptions {
        guest_os: Some(GuestOs::Debian),
        ..ServerOptions::default()
    })
    .await;
    let (private, key_id) = key(&client, "k").await;
    let server = running(&client, order("m", &key_id)).await;
    let session = log_in(&account, &server, "ubuntu", &private).await;
    assert!(
        session
            .run("cat /etc/os-release")
            .await
            .text()
            .contains("ID=debian")
    );
}

#[tokio::test]
async fn names_fields_and_tokens_are_checked() {
    let (cloud, account, client) = cloud(ServerOptions::default()).await;
    let (_, key_id) = key(&client, "k").await;
    let taken = client
        .post(
            "/v1/keys",
            json!({"name": "k", "public_key": public_line(&new_key())}),
        )
        .await;
    assert_eq!((taken.status, taken.code().as_str()), (409, "name_taken"));
    running(&client, order("taken", &key_id)).await;
    for (field, value, expected) in [
        ("name", json!("taken"), (409, "name_taken", None)),
        ("name", json!("-x"), (422, "invalid_field", Some("name"))),
        (
            "name",
            json!("a".repeat(64)),
            (422, "invalid_field", Some("name")),
        ),
        ("image", json!("beos"), (422, "invalid_field", Some("image"))),
        ("size", json!("huge"), (422, "invalid_field", Some("size"))),
        ("region", json!("moon-1"), (422, "invalid_field", Some("region"))),
        ("key_id", json!("key-0"), (422, "invalid_field", Some("key_id"))),
        ("key_id", Value::Null, (400, "bad_request", None)),
        (
            "user_data",
            json!("x".repeat(20_000)),
            (422, "invalid_field", Some("user_data")),
        ),
        ("tags", json!(7), (400, "bad_request", None)),
    ] {
        let mut order = order("fine", &key_id);
        order[field] = value.clone();
        let answer = client.post("/v1/servers", order).await;
        let error = &answer.json()["error"];
        assert_eq!(
            (
                answer.status,
                error["code"].as_str().unwrap(),
                error["field"].as_str()
            ),
            expected,
            "{field}"
        );
    }
    let mut incomplete = order("fine", &key_id);
    incomplete.as_object_mut().unwrap().remove("image");
    let answer = client.post("/v1/servers", incomplete).await;
    assert_eq!(
        (answer.status, answer.json()["error"]["field"].as_str()),
        (422, Some("image"))
    );
    let bad = client.try_send("POST", "/v1/servers", "{").await.unwrap();
    assert_eq!((bad.status, bad.code().as_str()), (400, "bad_request"));
    let key = client
        .post("/v1/keys", json!({"name": "x", "public_key": "ssh-rsa x"}))
        .await;
    assert_eq!(
        (key.status, key.json()["error"]["field"].as_str()),
        (422, Some("public_key"))
    );
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
    for wrong in [
        None,
        Some(""),
        Some("x"),
        Some(&token[1..]),
        Some(&*format!("{token}x")),
    ] {
        let answer = send(cloud.address(), wrong, "GET", "/v1/servers", "")
            .await
            .unwrap();
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (401, "unauthorized"),
            "{wrong:?}"
        );
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
    assert_eq!(
        stranger
            .get(&format!("/v1/servers/{}", server["id"].as_str().unwrap()))
            .await
            .status,
        404
    );
    assert_eq!(stranger.get("/v1/servers").await.json()["total"], 0);
    assert_eq!(
        client.post("/v1/servers", order("n", &foreign_key)).await.status,
        422
    );
    running(&stranger, order("m", &foreign_key)).await;
    assert_eq!((account.inventory().len(), other.inventory().len()), (2, 2));
    assert!(
        other
            .request_log()
            .iter()
            .all(|request| !request.body.contains(&key_id))
    );
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
            answer["servers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it["name"].as_str().unwrap().to_owned()),
        );
        page = answer["next_page"].clone();
    }
    assert_eq!(
        (names.len(), names[0].as_str(), names[120].as_str()),
        (121, "decoy-1", "wanted")
    );
    let last = client.get("/v1/keys?page=2&per_page=100").await.json();
    assert_eq!(
        (last["keys"].as_array().unwrap().len(), &last["next_page"]),
        (20, &Value::Null)
    );
    let found = client.get("/v1/servers?name=wanted").await.json();
    assert_eq!(
        (found["total"].as_u64(), found["servers"][0]["name"].as_str()),
        (Some(1), Some("wanted"))
    );
    assert_eq!(
        client.get("/v1/servers?name=no%20such").await.json()["servers"],
        json!([])
    );
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
    assert_eq!(
        client.post("/v1/servers", different).await.code(),
        "idempotency_mismatch"
    );
    client
        .delete(&format!("/v1/servers/{}", first.json()["id"].as_str().unwrap()))
        .await;
    assert_eq!(
        client.post("/v1/servers", order).await.code(),
        "idempotency_mismatch"
    );
}

#[tokio::test]
async fn firewalls_open_ports() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    let (private, key_id) = key(&client, "k").await;
    let server = running(&client, order("m", &key_id)).await;
    let id = server["id"].as_str().unwrap();
    let session = log_in(&account, &server, "ubuntu", &private).await;
    for port in [2376, 3376] {
        session.run(&format!("nc -lk -p {port} >/dev/null 2>&1 &")).await;
    }
    let (address, _) = endpoint(&server);
    let open = async |port: u16| tokio::net::TcpStream::connect((address, port)).await.is_ok();
    let waited = async {
        while account.guest("m").unwrap().listening().len() < 3 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::ssh_client::LIMIT, waited)
        .await
        .unwrap();
    assert!(open(2376).await && !open(3376).await);
    let answer = client
        .post(
            "/v1/firewalls",
            json!({"name": "fw", "server_id": id, "ports": [3376]}),
        )
        .await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(open(3376).await);
    let firewall = answer.json()["id"].as_str().unwrap().to_owned();
    let listed = client.get(&format!("/v1/firewalls?server_id={id}")).await.json();
    assert_eq!(listed["firewalls"][0]["ports"], json!([3376]));
    client.delete(&format!("/v1/servers/{id}")).await;
    assert!(
        account
            .inventory()
            .iter()
            .any(|object| object.kind == "firewall" && object.id == firewall)
    );
    assert_eq!(
        client.delete(&format!("/v1/firewalls/{firewall}")).await.status,
        204
    );
    let bad = client
        .post(
            "/v1/firewalls",
            json!({"name": "fw", "server_id": id, "ports": [80]}),
        )
        .await;
    assert_eq!(
        (bad.status, bad.json()["error"]["field"].as_str()),
        (422, Some("server_id"))
    );
}

#[tokio::test]
async fn addresses_can_change_and_ports_can_be_chosen() {
    let options = ServerOptions {
        new_address_at_start: true,
        ssh_port: SshPort::Ephemeral,
        ..ServerOptions::default()
    };
    let (_cloud, account, client) = cloud(options).await;
    let (private, key_id) = key(&client, "k").await;
    let server = running(&client, order("m", &key_id)).await;
    assert!(server["ssh_port"].as_u64().unwrap() > 1023);
    let id = server["id"].as_str().unwrap();
    client
        .post(&format!("/v1/servers/{id}/actions"), json!({"type": "power_off"}))
        .await;
    client.reaches(id, "off").await;
    client
        .post(&format!("/v1/servers/{id}/actions"), json!({"type": "start"}))
        .await;
    let moved = client.reaches(id, "running").await;
    log_in(&account, &moved, "ubuntu", &private).await;
    let third = account.readdress("m").unwrap();
    let now = client.get(&format!("/v1/servers/{id}")).await.json();
    assert_eq!(now["address"], third.as_str());
    log_in(&account, &now, "ubuntu", &private).await;
    if cfg!(target_os = "linux") {
        assert!(server["address"] != moved["address"] && moved["address"] != now["address"]);
    }
}

#[tokio::test]
async fn what_happens_behind_the_back_shows_at_once() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    let (private, key_id) = key(&client, "k").await;
    let server = running(&client, order("m", &key_id)).await;
    let id = server["id"].as_str().unwrap();
    let state = async || client.get(&format!("/v1/servers/{id}")).await.json()["state"].clone();
    account.power_off("m").unwrap();
    assert_eq!(state().await, "off");
    account.power_on(id).unwrap();
    assert_eq!(state().await, "running");
    let again = client.get(&format!("/v1/servers/{id}")).await.json();
    let session = log_in(&account, &again, "ubuntu", &private).await;
    session.run("sudo poweroff").await;
    client.reaches(id, "off").await;
    for held in [
        ServerState::Starting,
        ServerState::Stopping,
        ServerState::Error,
        ServerState::Deleting,
    ] {
        account.hold_state(id, held).unwrap();
        assert_eq!(state().await, held.word());
    }
    account.delete_server("m").unwrap();
    assert_eq!(client.get(&format!("/v1/servers/{id}")).await.status, 404);
    assert_eq!(account.delete_server("m").unwrap_err().status, 404);
    account.delete_key(&key_id).unwrap();
    assert_eq!(account.inventory(), []);
}

#[tokio::test]
async fn a_guest_that_ignores_the_button_stays_running_and_can_be_cut() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    let (_, key_id) = key(&client, "k").await;
    let server = running(&client, order("m", &key_id)).await;
    let id = server["id"].as_str().unwrap();
    reached(&account.guest(id).unwrap(), PowerState::Running).await;
    account.freeze_guest("m").unwrap();
    let act = async |action: &str| {
        client
            .post(&format!("/v1/servers/{id}/actions"), json!({"type": action}))
            .await
    };
    assert_eq!(act("shutdown").await.json()["state"], "stopping");
    client.reaches(id, "running").await;
    assert_eq!(account.guest(id).unwrap().state(), PowerState::Frozen);
    assert_eq!(act("power_off").await.status, 202);
    client.reaches(id, "off").await;
}

#[tokio::test]
async fn slow_deletion_keeps_the_name() {
    let times = Times {
        delete: std::time::Duration::from_millis(60),
        ..Times::default()
    };
    let (_cloud, account, client) = cloud(ServerOptions {
        times,
        ..ServerOptions::default()
    })
    .await;
    let (_, key_id) = key(&client, "k").await;
    let server = running(&client, order("m", &key_id)).await;
    let id = server["id"].as_str().unwrap();
    assert_eq!(client.delete(&format!("/v1/servers/{id}")).await.status, 204);
    assert_eq!(
        client.get(&format!("/v1/servers/{id}")).await.json()["state"],
        "deleting"
    );
    assert_eq!(
        client.post("/v1/servers", order("m", &key_id)).await.code(),
        "name_taken"
    );
    let gone = async {
        while account.server("m").is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::ssh_client::LIMIT, gone)
        .await
        .unwrap();
    running(&client, order("m", &key_id)).await;
}

#[tokio::test]
async fn the_cloud_is_not_for_others() {
    let listen = "0.0.0.0:0".parse().unwrap();
    let error = Server::start(ServerOptions {
        listen,
        ..ServerOptions::default()
    })
    .await
    .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    assert!(error.to_string().contains("loopback"), "{error}");
}
