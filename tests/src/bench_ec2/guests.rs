//! Many running instances that can be logged in to.

use std::{path::Path, time::Instant};

use anyhow::Context;
use base64::prelude::{BASE64_STANDARD, Engine};
use machine_driver::ssh::{Client, Endpoint, KeyAlgorithm, KeyPair, Limits};

use super::server::{Peer, Server, values};

/// Logins that are measured, spread over all instances.
const LOGINS: usize = 300;
/// Instances of one call.
const AT_ONCE: usize = 500;

/// So many instances at once.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) instances: usize,
    pub(super) memory_mb: f64,
    pub(super) kilobytes_an_instance: f64,
    pub(super) first_login_ms: f64,
    pub(super) login_median_ms: f64,
    pub(super) login_p99_ms: f64,
    pub(super) login_cpu_ms: f64,
}

pub(super) async fn measured(mock: &Path, sizes: &[usize]) -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let key = KeyPair::generate(folder.path().join("key"), KeyAlgorithm::Ed25519).await?;
    let mut rows = Vec::new();
    for &instances in sizes {
        rows.push(of_size(mock, instances, &key).await?);
    }
    Ok(rows)
}

async fn of_size(mock: &Path, instances: usize, key: &KeyPair) -> anyhow::Result<Row> {
    let peer = Peer::ours(mock);
    let (mut server, empty_mb) = prepared(&peer, key.public_key())?;
    let mut held = 0;
    while held + 1 < instances {
        let count = AT_ONCE.min(instances - 1 - held);
        server.launch(count, &LAUNCH)?;
        held += count;
    }
    let port = ssh_port();
    // The last one is timed from its order to the first login.
    let begin = Instant::now();
    let answer = server.launch(1, &LAUNCH)?;
    let id = values(&answer, "instanceId").next().context("no instance")?.to_owned();
    let address = loop {
        let answer = server.call("DescribeInstances", &[("InstanceId.1", &id)])?;
        if let Some(address) = values(&answer, "ipAddress").next() {
            break address.to_owned();
        }
    };
    let first = loop {
        match login(&address, port, key).await {
            Ok(()) => break begin.elapsed(),
            Err(error) => anyhow::ensure!(begin.elapsed().as_secs() < 60, "no login at {address}: {error:#}"),
        }
    };
    let listing = server.call("DescribeInstances", &[])?;
    let addresses: Vec<String> = values(&listing, "ipAddress").map(str::to_owned).collect();
    let before = server.processes().cpu_seconds()?;
    let mut took = Vec::new();
    for number in 0..LOGINS {
        let address = &addresses[number * 7_919 % addresses.len()];
        let begin = Instant::now();
        login(address, port, key).await?;
        took.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    let login_cpu_ms = (server.processes().cpu_seconds()? - before) * 1e3 / LOGINS as f64;
    took.sort_by(f64::total_cmp);
    let memory_mb = server.processes().resident_megabytes()?;
    Ok(Row {
        instances,
        memory_mb,
        kilobytes_an_instance: (memory_mb - empty_mb) * 1024.0 / instances as f64,
        first_login_ms: first.as_secs_f64() * 1e3,
        login_median_ms: took[LOGINS / 2],
        login_p99_ms: took[LOGINS * 99 / 100],
        login_cpu_ms,
    })
}

const LAUNCH: [(&str, &str); 2] = [("KeyName", "bench"), ("SecurityGroup.1", "bench")];

/// A server with a key and a group that lets SSH in, and the memory that it takes.
fn prepared(peer: &Peer, public_key: &str) -> anyhow::Result<(Server, f64)> {
    let mut server = Server::start(peer)?;
    server.call(
        "ImportKeyPair",
        &[("KeyName", "bench"), ("PublicKeyMaterial", &BASE64_STANDARD.encode(public_key))],
    )?;
    server.call("CreateSecurityGroup", &[("GroupName", "bench"), ("GroupDescription", "bench")])?;
    let permission = [
        ("GroupName", "bench"),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "22"),
        ("IpPermissions.1.ToPort", "22"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
    ];
    server.call("AuthorizeSecurityGroupIngress", &permission)?;
    let memory = server.processes().resident_megabytes()?;
    Ok((server, memory))
}

/// 22 where a process may listen there, else what the mock takes instead.
fn ssh_port() -> u16 {
    match std::net::TcpListener::bind(("127.0.0.1", 22)) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => 2222,
        _ => 22,
    }
}

async fn login(address: &str, port: u16, key: &KeyPair) -> anyhow::Result<()> {
    let endpoint = Endpoint {
        host: address.to_owned(),
        port,
        user: "ubuntu".to_owned(),
        key_path: key.path().to_path_buf(),
    };
    let client = Client::connect(&endpoint, Limits::default()).await?;
    client.run("true").await?;
    Ok(())
}
