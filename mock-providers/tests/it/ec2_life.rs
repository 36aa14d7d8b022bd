//! EC2 through its API: the life of an instance, and the machine behind it.

use machine_mock_providers::{
    ec2::{Server, ServerOptions},
    guest::PowerState,
    inventory::Inventory,
};

use crate::{
    ec2_client::{EVERYWHERE, Ec2Answer, ec2, rule},
    ssh_client::{LIMIT, Session, new_key, public_line, reached},
};

fn ssh_endpoint(server: &Server, described: &Ec2Answer) -> (std::net::Ipv4Addr, u16) {
    let address = described.value("ipAddress").unwrap().parse().unwrap();
    (address, server.ssh_port().unwrap_or(22))
}

/// Logs in as soon as the port is open.
async fn log_in(server: &Server, described: &Ec2Answer, key: &russh::keys::PrivateKey) -> Session {
    log_in_at(server, described.value("ipAddress").unwrap(), key).await
}

pub(crate) async fn log_in_at(server: &Server, address: &str, key: &russh::keys::PrivateKey) -> Session {
    let (address, port): (std::net::IpAddr, u16) =
        (address.parse().unwrap(), server.ssh_port().unwrap_or(22));
    let trying = async {
        loop {
            if let Ok(session) = Session::open_at(address, port, "ubuntu", key, None).await {
                return session;
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, trying).await.expect("nobody answers at the SSH port")
}

#[tokio::test]
async fn private_addresses_can_be_made_to_lead_to_the_instance() {
    let options = ServerOptions { reachable_private_addresses: true, ..ServerOptions::default() };
    let (server, _account, client) = ec2(options).await;
    let key = new_key();
    client.import_key("k", &public_line(&key)).await;
    let group = client.group_with_ssh("g").await;
    for (public, has_public) in [("true", true), ("false", false)] {
        let parameters = [
            ("KeyName", "k"),
            ("NetworkInterface.1.DeviceIndex", "0"),
            ("NetworkInterface.1.AssociatePublicIpAddress", public),
            ("NetworkInterface.1.SecurityGroupId.1", group.as_str()),
        ];
        let launched = client.run(&server.usable_image(), &parameters).await.succeeded();
        let id = launched.value("instanceId").unwrap().to_owned();
        let running = client.reaches(&id, "running").await;
        let private = running.value("privateIpAddress").unwrap().to_owned();
        let session = log_in_at(&server, &private, &key).await;
        let name = session.run("hostname").await.text();
        assert_eq!(name, format!("ip-{}\n", private.replace('.', "-")));
        assert_eq!(running.value("ipAddress").is_some(), has_public);
        assert_ne!(running.value("ipAddress"), Some(private.as_str()));
    }
}

#[tokio::test]
async fn an_instance_lives_through_every_call_and_leaves_nothing() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let baseline = Inventory::from(account.inventory());
    let key = new_key();
    client.import_key("k", &public_line(&key)).await;
    let group = client.group_with_ssh("g").await;
    let parameters = [
        ("KeyName", "k"),
        ("SecurityGroupId.1", group.as_str()),
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.1.Tag.1.Key", "Name"),
        ("TagSpecification.1.Tag.1.Value", "demo"),
    ];
    let launched = client.run(&server.usable_image(), &parameters).await.succeeded();
    assert_eq!((launched.value("name"), launched.value("ipAddress")), (Some("pending"), None));
    let id = launched.value("instanceId").unwrap().to_owned();

    let running = client.reaches(&id, "running").await;
    let session = log_in(&server, &running, &key).await;
    let text = session.run("hostname; . /etc/os-release; echo $ID; echo data > f; sync").await.text();
    let private = running.value("privateIpAddress").unwrap().replace('.', "-");
    assert_eq!(text, format!("ip-{private}\nubuntu\n"));
    let guest = account.guest("demo").unwrap();
    let boot = guest.boot_id();

    client.call("RebootInstances", &[("InstanceId.1", &id)]).await.succeeded();
    let rebooted = async {
        while guest.boot_id() == boot || guest.state() != PowerState::Running {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, rebooted).await.unwrap();

    let stopped = client.call("StopInstances", &[("InstanceId.1", &id)]).await.succeeded();
    assert_eq!(stopped.values("name"), ["stopping", "running"]);
    let stopped = client.reaches(&id, "stopped").await;
    assert_eq!(stopped.value("ipAddress"), None);
    assert_eq!(guest.state(), PowerState::Off);
    let started = client.call("StartInstances", &[("InstanceId.1", &id)]).await.succeeded();
    assert_eq!(started.values("name"), ["pending", "stopped"]);
    let again = client.reaches(&id, "running").await;
    if cfg!(target_os = "linux") {
        assert_ne!(again.value("ipAddress"), running.value("ipAddress"));
    }
    assert_eq!(again.value("privateIpAddress"), running.value("privateIpAddress"));
    let session = log_in(&server, &again, &key).await;
    assert_eq!(session.run("cat f").await.text(), "data\n");

    let change = Inventory::from(account.inventory()).since(&baseline);
    let kinds: Vec<&str> = change.added.iter().map(|object| object.kind.as_str()).collect();
    assert_eq!(kinds, ["key-pair", "security-group", "instance", "volume", "network-interface"]);
    assert_eq!(change.added[2].owner.as_deref(), Some("demo"));
    assert_eq!(change.added[3].owner.as_deref(), Some("demo"));

    let in_use = client.call("DeleteSecurityGroup", &[("GroupId", &group)]).await;
    assert_eq!((in_use.status, in_use.code()), (400, "DependencyViolation"));
    let ended = client.call("TerminateInstances", &[("InstanceId.1", &id)]).await.succeeded();
    assert_eq!(ended.values("name"), ["shutting-down", "running"]);
    client.reaches(&id, "terminated").await;
    client.call("DeleteSecurityGroup", &[("GroupId", &group)]).await.succeeded();
    client.call("DeleteKeyPair", &[("KeyName", "k")]).await.succeeded();
    assert!(Inventory::from(account.inventory()).since(&baseline).is_empty());

    let log = account.request_log();
    assert!(log.iter().all(|it| it.user_agent == "it/1" && it.status.is_some()));
    let run = log.iter().find(|it| it.operation == "RunInstances").unwrap();
    assert!(run.mutating && run.body.contains("KeyName=k") && run.answer.contains(&id));
    assert!(!log.iter().any(|it| it.body.contains(&account.credentials().secret_key)));
}

#[tokio::test]
async fn ports_follow_the_rules_of_the_groups() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let key = new_key();
    client.import_key("k", &public_line(&key)).await;
    let group = client.group("g").await;
    let parameters = [("KeyName", "k"), ("SecurityGroupId.1", group.as_str())];
    let launched = client.run(&server.usable_image(), &parameters).await.succeeded();
    let id = launched.value("instanceId").unwrap().to_owned();
    let running = client.reaches(&id, "running").await;
    let (address, port) = ssh_endpoint(&server, &running);
    let is_open = async || tokio::net::TcpStream::connect((address, port)).await.is_ok();
    assert!(!is_open().await);
    let rule = rule(&group, "22", EVERYWHERE);
    client.call("AuthorizeSecurityGroupIngress", &rule).await.succeeded();
    log_in(&server, &running, &key).await;
    client.call("RevokeSecurityGroupIngress", &rule).await.succeeded();
    assert!(!is_open().await);
    assert_eq!(account.guests().len(), 1);
}

#[tokio::test]
async fn machines_are_put_together_when_somebody_connects() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let launched = client.run(&server.usable_image(), &[("MinCount", "3"), ("MaxCount", "3")]).await;
    let ids: Vec<String> = launched.values("instanceId").iter().map(ToString::to_string).collect();
    assert_eq!(ids.len(), 3);
    for id in &ids {
        client.reaches(id, "running").await;
    }
    assert!(account.guests().is_empty());
    let guest = account.guest(&ids[1]).unwrap();
    reached(&guest, PowerState::Running).await;
    assert_eq!(account.guests().keys().collect::<Vec<_>>(), [&ids[1]]);
}

#[tokio::test]
async fn what_happens_behind_the_back_shows_at_once() {
    let (server, account, client) = ec2(ServerOptions::default()).await;
    let key = new_key();
    client.import_key("k", &public_line(&key)).await;
    let group = client.call("DescribeSecurityGroups", &[("GroupName.1", "default")]).await;
    let group = group.value("groupId").unwrap().to_owned();
    let rule = [
        ("GroupId", group.as_str()),
        ("IpPermissions.1.IpProtocol", "-1"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
    ];
    client.call("AuthorizeSecurityGroupIngress", &rule).await.succeeded();
    let launched = client.run(&server.usable_image(), &[("KeyName", "k")]).await.succeeded();
    let id = launched.value("instanceId").unwrap().to_owned();
    let running = client.reaches(&id, "running").await;
    let state = async || client.describe(&id).await.value("name").unwrap().to_owned();

    let session = log_in(&server, &running, &key).await;
    session.run("sudo poweroff").await;
    let stopped = client.reaches(&id, "stopped").await;
    assert_eq!(
        stopped.value("code").map(|_| stopped.values("code")),
        Some(vec!["80", "Client.InstanceInitiatedShutdown"])
    );

    account.power_on(&id).unwrap();
    client.reaches(&id, "running").await;
    account.power_off(&id).unwrap();
    assert_eq!(state().await, "stopped");
    account.power_on(&id).unwrap();
    let running = client.reaches(&id, "running").await;
    let moved = account.readdress(&id).unwrap();
    let now = client.describe(&id).await;
    assert_eq!(now.value("ipAddress"), Some(moved.as_str()));
    if cfg!(target_os = "linux") {
        assert_ne!(now.value("ipAddress"), running.value("ipAddress"));
    }
    log_in(&server, &now, &key).await;
    for held in ["pending", "stopping", "running"] {
        account.hold_state(&id, held).unwrap();
        assert_eq!(state().await, held);
    }
    account.terminate_instance(&id).unwrap();
    assert_eq!(state().await, "terminated");
    account.delete_instance(&id).unwrap();
    assert_eq!(client.describe(&id).await.code(), "InvalidInstanceID.NotFound");
    assert_eq!(account.delete_instance(&id).unwrap_err().code, "InvalidInstanceID.NotFound");
}
