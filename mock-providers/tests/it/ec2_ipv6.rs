//! EC2: instances that are reached at IPv6 addresses, where the system has a network of them.

use std::{io, time::Duration};

use machine_mock_providers::ec2::{Server, ServerOptions};
use tokio::net::TcpStream;

use crate::{
    ec2_client::{EVERYWHERE, ec2, rule},
    ec2_life::log_in_at,
    ssh_client::{LIMIT, new_key, public_line},
};

/// Waits until an address answers as it should.
async fn until_it(connects: bool, address: &str, port: u16) -> io::Result<()> {
    let trying = async {
        while TcpStream::connect((address, port)).await.is_ok() != connects {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(LIMIT, trying).await.map_err(io::Error::from)
}

#[tokio::test]
async fn each_kind_of_address_has_its_own_firewall() {
    if !Server::ipv6_is_local() {
        #[expect(clippy::print_stderr, reason = "a test that is not run must say so")]
        {
            eprintln!("not tested: no route makes {} local", Server::ipv6_network());
        }
        return;
    }
    let options = ServerOptions { ipv6: true, ..ServerOptions::default() };
    let (server, _account, client) = ec2(options).await;
    let port = server.ssh_port().unwrap();
    let key = new_key();
    client.import_key("k", &public_line(&key)).await;
    let group = client.group("g").await;
    let ipv4_rule = rule(&group, "22", EVERYWHERE);
    let mut ipv6_rule = ipv4_rule.clone();
    ipv6_rule.pop();
    ipv6_rule.push(("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "::/0"));
    client.call("AuthorizeSecurityGroupIngress", &ipv6_rule).await.succeeded();

    let parameters = [
        ("KeyName", "k"),
        ("NetworkInterface.1.DeviceIndex", "0"),
        ("NetworkInterface.1.AssociatePublicIpAddress", "true"),
        ("NetworkInterface.1.Ipv6AddressCount", "1"),
        ("NetworkInterface.1.SecurityGroupId.1", group.as_str()),
    ];
    let launched = client.run(&server.usable_image(), &parameters).await.succeeded();
    let id = launched.value("instanceId").unwrap().to_owned();
    let running = client.reaches(&id, "running").await;
    let ipv4 = running.value("ipAddress").unwrap();
    let ipv6 = running.value("ipv6Address").unwrap();

    let session = log_in_at(&server, ipv6, &key).await;
    assert_eq!(session.run("id -un; echo data > f; sync").await.text(), "ubuntu\n");
    until_it(false, ipv4, port).await.unwrap();

    client.call("AuthorizeSecurityGroupIngress", &ipv4_rule).await.succeeded();
    until_it(true, ipv4, port).await.unwrap();
    client.call("RevokeSecurityGroupIngress", &ipv6_rule).await.succeeded();
    until_it(false, ipv6, port).await.unwrap();
    assert!(TcpStream::connect((ipv4, port)).await.is_ok());

    // Its IPv6 address stays when it is stopped, the public one does not.
    client.call("AuthorizeSecurityGroupIngress", &ipv6_rule).await.succeeded();
    client.call("StopInstances", &[("InstanceId.1", &id)]).await.succeeded();
    client.reaches(&id, "stopped").await;
    client.call("StartInstances", &[("InstanceId.1", &id)]).await.succeeded();
    let again = client.reaches(&id, "running").await;
    assert_eq!(again.value("ipv6Address"), Some(ipv6));
    assert_ne!(again.value("ipAddress"), Some(ipv4));
    assert_eq!(log_in_at(&server, ipv6, &key).await.run("cat f").await.text(), "data\n");
}
