//! Template Cloud through its API: servers, firewalls, and the machines behind the servers.

use machine_mock_providers::{
    guest::{GuestOs, PowerState, SshPort},
    inventory::Inventory,
    template::{ServerOptions, ServerState},
};
use serde_json::{Value, json};

use crate::{
    cloud::{cloud, endpoint, key, log_in, order, running},
    ssh_client::reached,
};

#[tokio::test]
async fn a_server_lives_through_every_action_and_leaves_nothing() {
    let (_cloud, account, client) = cloud(ServerOptions::default()).await;
    let baseline = Inventory::from(account.inventory());
    let (private, key_id) = key(&client, "k").await;
    let server = running(&client, order("demo", &key_id)).await;
    let id = server["id"].as_str().unwrap();
    let session = log_in(&account, &server, "ubuntu", &private).await;
    assert_eq!(session.run("hostname; echo data > f; sync").await.text(), "demo\n");
    let boot = account.guest("demo").unwrap().boot_id();

    let act =
        async |action: &str| client.post(&format!("/v1/servers/{id}/actions"), json!({"type": action})).await;
    let answer = act("start").await;
    assert_eq!((answer.status, answer.code().as_str()), (409, "wrong_state"));
    assert_eq!(act("reboot").await.status, 202);
    let guest = account.guest(id).unwrap();
    let rebooted = async {
        while guest.boot_id() == boot || guest.state() != PowerState::Running {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(crate::ssh_client::LIMIT, rebooted).await.unwrap();
    let same = client.get(&format!("/v1/servers/{id}")).await.json();
    assert_eq!((same["state"].as_str(), &same["address"]), (Some("running"), &server["address"]));

    let answer = act("shutdown").await;
    assert_eq!((answer.status, answer.json()["state"].as_str()), (202, Some("stopping")));
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
    let kinds: Vec<_> =
        change.added.iter().map(|object| (object.kind.as_str(), object.owner.as_deref())).collect();
    assert_eq!(kinds, [("key", None), ("server", Some("demo"))]);

    assert_eq!(client.delete(&format!("/v1/servers/{id}")).await.status, 204);
    assert_eq!(client.delete(&format!("/v1/servers/{id}")).await.status, 404);
    assert_eq!(client.get(&format!("/v1/servers/{id}")).await.code(), "not_found");
    assert_eq!(client.delete(&format!("/v1/keys/{key_id}")).await.status, 204);
    assert!(Inventory::from(account.inventory()).since(&baseline).is_empty());
    assert!(account.guests().is_empty());

    let log = account.request_log();
    let changes: Vec<_> =
        log.iter().filter(|it| it.mutating).map(|it| (it.operation.as_str(), it.status)).collect();
    assert_eq!(
        changes[..3],
        [("CreateKey", Some(201)), ("CreateServer", Some(201)), ("StartServer", Some(409))]
    );
    assert!(log.iter().all(|it| it.user_agent == "it/1" && !it.body.contains(account.token())));
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
    let (_cloud, account, client) =
        cloud(ServerOptions { guest_os: Some(GuestOs::Debian), ..ServerOptions::default() }).await;
    let (private, key_id) = key(&client, "k").await;
    let server = running(&client, order("m", &key_id)).await;
    let session = log_in(&account, &server, "ubuntu", &private).await;
    assert!(session.run("cat /etc/os-release").await.text().contains("ID=debian"));
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
    tokio::time::timeout(crate::ssh_client::LIMIT, waited).await.unwrap();
    assert!(open(2376).await && !open(3376).await);
    let answer = client.post("/v1/firewalls", json!({"name": "fw", "server_id": id, "ports": [3376]})).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(open(3376).await);
    let firewall = answer.json()["id"].as_str().unwrap().to_owned();
    let listed = client.get(&format!("/v1/firewalls?server_id={id}")).await.json();
    assert_eq!(listed["firewalls"][0]["ports"], json!([3376]));
    client.delete(&format!("/v1/servers/{id}")).await;
    assert!(account.inventory().iter().any(|object| object.kind == "firewall" && object.id == firewall));
    assert_eq!(client.delete(&format!("/v1/firewalls/{firewall}")).await.status, 204);
    let bad = client.post("/v1/firewalls", json!({"name": "fw", "server_id": id, "ports": [80]})).await;
    assert_eq!((bad.status, bad.json()["error"]["field"].as_str()), (422, Some("server_id")));
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
    client.post(&format!("/v1/servers/{id}/actions"), json!({"type": "power_off"})).await;
    client.reaches(id, "off").await;
    client.post(&format!("/v1/servers/{id}/actions"), json!({"type": "start"})).await;
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
    for held in [ServerState::Starting, ServerState::Stopping, ServerState::Error, ServerState::Deleting] {
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
    let act =
        async |action: &str| client.post(&format!("/v1/servers/{id}/actions"), json!({"type": action})).await;
    assert_eq!(act("shutdown").await.json()["state"], "stopping");
    client.reaches(id, "running").await;
    assert_eq!(account.guest(id).unwrap().state(), PowerState::Frozen);
    assert_eq!(act("power_off").await.status, 202);
    client.reaches(id, "off").await;
}
