//! The Go driver `virtualbox` of an unmodified `rancher-machine` lives a whole life on our VirtualBox, with SSH logins and
//! provisioning: a host and a driver that are both not ours, and `VBoxManage` as they start it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{fs::File, path::PathBuf};

use machine_mock_providers::{
    guest::Acpi,
    vbox::{Account, Conditions, MachineState, Server, ServerOptions},
};
use machine_tests::{
    executables,
    peers::available,
    rancher_machine::{RancherMachine, SshClient},
    run::Finished,
};
use tempfile::TempDir;

const MACHINE: &str = "m1";
/// Length of an image of Boot2Docker that nobody reads.
const IMAGE: u64 = 65_536;

struct Life {
    host: RancherMachine,
    /// Ends the machines when it goes.
    _server: Server,
    account: Account,
    images: TempDir,
}

impl Life {
    /// `None` when a peer is missing.
    async fn prepared(test: &str, client: SshClient) -> Option<Self> {
        let mut host = available(test, RancherMachine::with_empty_store())?;
        available(test, host.use_ssh(client))?;
        let server = Server::start(ServerOptions {
            executable: Some(executables::machine_conformance().unwrap()),
            conditions: Conditions {
                // The driver's default is 192.168.99.1/24.
                any_host_only_address: true,
                ..Conditions::default()
            },
            ..ServerOptions::default()
        });
        let server = server.await.unwrap();
        let account = server.account("default").unwrap();
        for (name, value) in account.environment() {
            host.set(name, value);
        }
        let images = tempfile::tempdir().unwrap();
        File::create(images.path().join("boot2docker.iso")).unwrap().set_len(IMAGE).unwrap();
        Some(Self { host, _server: server, account, images })
    }

    fn image(&self) -> PathBuf {
        self.images.path().join("boot2docker.iso")
    }

    /// Creates the machine with options that every machine on our VirtualBox needs, and with more.
    async fn create(&self, more: &[&str]) -> Finished {
        let image = format!("file://{}", self.image().display());
        let mut arguments = vec!["create", "-d", "virtualbox", "--virtualbox-no-vtx-check"];
        arguments.extend(["--virtualbox-disk-size", "64", "--virtualbox-boot2docker-url", &image]);
        arguments.extend(more);
        arguments.push(MACHINE);
        self.host.run(&arguments).await
    }

    /// The answer of a command, among what rancher-machine passes on from the driver's log.
    async fn says(&self, arguments: &[&str]) -> String {
        let finished = self.host.run(arguments).await.exits(0);
        let log = format!("({MACHINE}) ");
        let mut lines = finished.lines().into_iter();
        let answer = lines.find(|line| !line.starts_with(&log));
        answer.unwrap_or_default().trim_end().to_owned()
    }

    /// Kinds of the objects that there are.
    fn kinds(&self) -> Vec<String> {
        self.account.inventory().into_iter().map(|object| object.kind).collect()
    }
}

async fn whole_life(test: &str, client: SshClient) {
    let Some(life) = Life::prepared(test, client).await else {
        return;
    };
    let created = life.create(&[]).await;
    assert_eq!(created.code, Some(0), "{created}");
    assert!(created.lines().contains(&"Docker is up and running!"), "{created}");
    assert_eq!(life.account.state(MACHINE).unwrap(), MachineState::Running);

    let address = life.says(&["ip", MACHINE]).await;
    let shown = life.account.inventory().into_iter().find(|object| object.kind == "vm").unwrap();
    assert_eq!(shown.attributes.get("address"), Some(&address));
    assert_eq!(life.says(&["url", MACHINE]).await, format!("tcp://{address}:2376"));
    assert_eq!(life.says(&["ssh", MACHINE, "id -un"]).await, "docker");
    assert_eq!(life.says(&["ssh", MACHINE, "hostname"]).await, MACHINE);

    life.host.run(&["stop", MACHINE]).await.exits(0);
    assert_eq!(life.says(&["status", MACHINE]).await, "Stopped");
    life.host.run(&["start", MACHINE]).await.exits(0);
    let boot = ["ssh", MACHINE, "cat /proc/sys/kernel/random/boot_id"];
    let before = life.says(&boot).await;
    life.host.run(&["restart", MACHINE]).await.exits(0);
    assert_ne!(life.says(&boot).await, before, "the machine was not rebooted");
    life.account.set_acpi(MACHINE, Acpi::Ignores).unwrap();
    life.host.run(&["kill", MACHINE]).await.exits(0);
    assert_eq!(life.says(&["status", MACHINE]).await, "Stopped");
    life.host.run(&["start", MACHINE]).await.exits(0);
    life.account.pause(MACHINE).unwrap();
    assert_eq!(life.says(&["status", MACHINE]).await, "Paused");
    life.host.run(&["start", MACHINE]).await.exits(0);
    assert_eq!(life.account.state(MACHINE).unwrap(), MachineState::Running);

    life.host.run(&["rm", "-y", MACHINE]).await.exits(0);
    assert!(!life.host.machine_folder(MACHINE).exists());
    assert_eq!(life.kinds(), ["dvd", "hostonlyif", "dhcpserver"], "what the driver always leaves");
    life.host.leaves_no_process().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn life() {
    whole_life("life", SshClient::Native).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn life_with_openssh() {
    whole_life("life_with_openssh", SshClient::OpenSsh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_virtualbox_does_not_allow() {
    let test = "an_address_that_virtualbox_does_not_allow";
    let Some(life) = Life::prepared(test, SshClient::Native).await else {
        return;
    };
    life.account.set_conditions(Conditions::default());
    let refused = life.create(&[]).await;
    assert_ne!(refused.code, Some(0), "{refused}");
    assert!(refused.to_string().contains("E_ACCESSDENIED"), "{refused}");
    life.host.run(&["rm", "-f", "-y", MACHINE]).await.exits(0);
    assert_eq!(life.kinds(), ["dvd", "hostonlyif"]);
}
