//! An unmodified `rancher-machine` with its own driver `generic` provisions our simulated machines: what is tested is
//! the guest, with a host and a driver that are both not ours.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use machine_driver::ssh::{KeyAlgorithm, KeyPair};
use machine_mock_providers::guest::{Guest, GuestOptions, GuestOs, PowerState, SshPort, User};
use machine_tests::{
    peers::{NotTested, available},
    rancher_machine::{RancherMachine, SshClient},
};

/// Creates, looks at, reboots and removes a machine on a guest that is already there.
async fn generic_machine(test: &str, os: GuestOs, client: SshClient) {
    let Some(mut host) = available(test, RancherMachine::with_empty_store()) else {
        return;
    };
    if available(test, host.use_ssh(client)).is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate(folder.path().join("key"), KeyAlgorithm::Ed25519).await.unwrap();
    let user = os.default_user();
    let guest = Guest::new(GuestOptions {
        os,
        host_name: "before".to_owned(),
        users: vec![User { name: user.to_owned(), authorized_keys: vec![key.public_key().to_owned()] }],
        ssh_port: SshPort::Ephemeral,
        ..GuestOptions::default()
    })
    .unwrap();
    guest.power_on();
    guest.reached(PowerState::Running).await;
    let address = guest.address().to_string();
    let url = format!("tcp://{address}:2376");

    let created = host
        .run(&[
            "create",
            "-d",
            "generic",
            "--generic-ip-address",
            &address,
            "--generic-ssh-user",
            user,
            "--generic-ssh-port",
            &guest.ssh_port().to_string(),
            "--generic-ssh-key",
            key.path().to_str().unwrap(),
            "g1",
        ])
        .await;
    let history = || guest.commands().iter().map(|record| format!("{record:?}\n")).collect::<String>();
    assert_eq!(created.code, Some(0), "{created}\nthe guest ran:\n{}", history());
    assert!(created.lines().contains(&"Docker is up and running!"), "{created}");
    assert_eq!(guest.host_name(), "g1");
    assert_eq!(guest.engine_ports(), [2376]);
    for record in guest.commands() {
        assert!(record.not_found.is_empty(), "a program is missing on the guest: {record:?}");
    }

    let listed = host.run(&["ls", "--format", "{{.Name}}|{{.State}}|{{.URL}}|{{.Error}}"]).await.exits(0);
    assert_eq!(listed.lines()[0], format!("g1|Running|{url}|"), "{listed}");
    let told = host.run(&["ssh", "g1", "hostname"]).await.exits(0);
    // A plugin built from rancher's libmachine may add a line of its own.
    assert_eq!(told.lines()[0], "g1", "{told}");

    if available("copies_files", scp()).is_some() {
        host.copies_files(&format!("g1:/home/{user}/copied")).await;
    }
    let boot = guest.boot_id();
    host.run(&["restart", "g1"]).await.exits(0);
    assert_ne!(guest.boot_id(), boot, "the guest was not rebooted");
    host.run(&["rm", "-y", "g1"]).await.exits(0);
    assert!(!host.machine_folder("g1").exists());
    host.leaves_no_process().await;
}

/// The client that hosts start.
fn scp() -> Result<(), NotTested> {
    let started = std::process::Command::new("scp").output();
    started.map(drop).map_err(|error| NotTested {
        peer: "ssh",
        reason: format!("`scp` does not start ({error}); install OpenSSH's client"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn ubuntu() {
    generic_machine("ubuntu", GuestOs::Ubuntu, SshClient::Native).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn debian() {
    generic_machine("debian", GuestOs::Debian, SshClient::Native).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn boot2docker() {
    generic_machine("boot2docker", GuestOs::Boot2Docker, SshClient::Native).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ubuntu_with_openssh() {
    generic_machine("ubuntu_with_openssh", GuestOs::Ubuntu, SshClient::OpenSsh).await;
}
