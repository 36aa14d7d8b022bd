//! The Go driver `amazonec2` of an unmodified `rancher-machine` lives a whole life on our EC2, with SSH logins and
//! provisioning: a host and a driver that are both not ours.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use base64::prelude::{BASE64_STANDARD, Engine};
use machine_driver::ssh::{KeyAlgorithm, KeyPair};
use machine_mock_providers::{
    ec2::{Account, Credentials, Server, ServerOptions},
    inventory::Object,
};
use machine_tests::{
    load,
    peers::{NotTested, available},
    rancher_machine::{RancherMachine, SshClient},
    run::Finished,
};

const MACHINE: &str = "m1";
const REGION: &str = "us-east-1";
/// Longest time until an instance that was terminated is gone; the driver does not wait for that.
const GONE: Duration = Duration::from_secs(5);
const LOOK: Duration = Duration::from_millis(20);

struct Life {
    host: RancherMachine,
    /// Ends the instances when it goes.
    cloud: Server,
    account: Account,
}

impl Life {
    /// `None` when a peer is missing.
    async fn prepared(test: &str, client: SshClient) -> Option<Self> {
        let mut host = available(test, RancherMachine::with_empty_store())?;
        available(test, host.use_ssh(client))?;
        let cloud = Server::start(ServerOptions::default()).await.unwrap();
        available(test, port_22(&cloud))?;
        let account = cloud.account("default");
        host.set("AWS_ACCESS_KEY_ID", &account.credentials().access_key);
        host.set("AWS_SECRET_ACCESS_KEY", &account.credentials().secret_key);
        Some(Self { host, cloud, account })
    }

    /// Creates the machine with the options that every endpoint needs which is not AWS's, and with more.
    async fn create(&self, more: &[&str]) -> Finished {
        let endpoint = self.cloud.endpoint();
        let mut arguments = vec!["create", "-d", "amazonec2", "--amazonec2-endpoint", &endpoint];
        arguments.extend(["--amazonec2-region", "us-east-1", "--amazonec2-zone", "us-east-1a"]);
        arguments.extend(more);
        arguments.push(MACHINE);
        self.host.run(&arguments).await
    }

    async fn says(&self, arguments: &[&str]) -> String {
        let finished = self.host.run(arguments).await.exits(0);
        finished.lines().first().copied().unwrap_or_default().trim_end().to_owned()
    }

    fn of_kind(&self, kind: &str) -> Vec<Object> {
        let objects = self.account.inventory();
        objects.into_iter().filter(|object| object.kind == kind).collect()
    }

    fn requests(&self, operation: &str) -> usize {
        let log = self.account.request_log();
        log.iter().filter(|request| request.operation == operation).count()
    }
}

/// The driver knows no other port.
fn port_22(cloud: &Server) -> Result<(), NotTested> {
    match cloud.ssh_port() {
        Some(22) => Ok(()),
        port => Err(NotTested {
            peer: "port-22",
            reason: format!(
                "amazonec2 logs in at port 22, but instances have {port:?}: listening there needs root"
            ),
        }),
    }
}

fn is_up(created: &Finished) {
    assert_eq!(created.code, Some(0), "{created}");
    assert!(created.lines().contains(&"Docker is up and running!"), "{created}");
}

async fn whole_life(test: &str, client: SshClient) {
    let Some(life) = Life::prepared(test, client).await else {
        return;
    };
    let baseline = life.account.inventory();
    let created = life.create(&["--amazonec2-tags", "team,a", "--amazonec2-http-tokens", "required"]).await;
    is_up(&created);
    assert_eq!(life.of_kind("instance").len(), 1);
    look(&life).await;
    power(&life).await;

    life.host.run(&["rm", "-y", MACHINE]).await.exits(0);
    assert!(!life.host.machine_folder(MACHINE).exists());
    only_the_group_is_left(&life, &baseline).await;
    life.host.leaves_no_process().await;
}

async fn look(life: &Life) {
    let address = life.says(&["ip", MACHINE]).await;
    let listed =
        life.says(&["ls", "--format", "{{.Name}}|{{.DriverName}}|{{.State}}|{{.URL}}|{{.Error}}"]).await;
    assert_eq!(listed, format!("{MACHINE}|amazonec2|Running|tcp://{address}:2376|"));
    assert_eq!(life.says(&["status", MACHINE]).await, "Running");
    assert_eq!(life.says(&["url", MACHINE]).await, format!("tcp://{address}:2376"));
    assert_eq!(life.says(&["ssh", MACHINE, "hostname"]).await, MACHINE);
    assert_eq!(life.says(&["ssh", MACHINE, "id -un"]).await, "ubuntu");
    assert_eq!(life.says(&["ssh", MACHINE, "grep ^ID= /etc/os-release"]).await, "ID=ubuntu");
}

async fn power(life: &Life) {
    let address = life.says(&["ip", MACHINE]).await;
    life.host.run(&["stop", MACHINE]).await.exits(0);
    assert_eq!(life.says(&["status", MACHINE]).await, "Stopped");
    life.host.run(&["start", MACHINE]).await.exits(0);
    assert_ne!(life.says(&["ip", MACHINE]).await, address, "a start brings another address");

    let boot = life.says(&["ssh", MACHINE, "cat /proc/sys/kernel/random/boot_id"]).await;
    life.host.run(&["restart", MACHINE]).await.exits(0);
    assert_eq!(life.requests("RebootInstances"), 1);
    let next = life.says(&["ssh", MACHINE, "cat /proc/sys/kernel/random/boot_id"]).await;
    assert_ne!(next, boot, "the instance was not rebooted");
    life.host.run(&["kill", MACHINE]).await.exits(0);
    assert_eq!(life.says(&["status", MACHINE]).await, "Stopped");
    life.host.run(&["start", MACHINE]).await.exits(0);
    assert_eq!(life.says(&["ssh", MACHINE, "hostname"]).await, MACHINE);
}

/// The driver deletes its instance and its key pair, but never the security group that it made.
async fn only_the_group_is_left(life: &Life, baseline: &[Object]) {
    let deadline = Instant::now() + GONE;
    loop {
        let inventory = life.account.inventory();
        assert!(baseline.iter().all(|object| inventory.contains(object)), "something of before is gone");
        let left: Vec<_> = inventory.into_iter().filter(|object| !baseline.contains(object)).collect();
        let kinds: Vec<_> = left.iter().map(|object| object.kind.as_str()).collect();
        if kinds == ["security-group"] {
            return;
        }
        assert!(Instant::now() < deadline, "{left:#?}");
        tokio::time::sleep(LOOK).await;
    }
}

/// What the owner of the key did before.
fn import_key_pair(life: &Life, name: &str, public_key: &str) {
    let material = BASE64_STANDARD.encode(public_key);
    let body = load::form("ImportKeyPair", &[("KeyName", name), ("PublicKeyMaterial", &material)]);
    let address = life.cloud.address();
    let Credentials { access_key, secret_key, .. } = life.account.credentials().clone();
    let credentials = load::Credentials { access_key, secret_key };
    let request = load::post(&address.to_string(), REGION, &body, &credentials, SystemTime::now());
    let mut connection = load::Connection::new(address);
    let reply = connection.exchange(&request).unwrap();
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(reply.body));
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
async fn a_spot_instance() {
    let Some(life) = Life::prepared("a_spot_instance", SshClient::Native).await else {
        return;
    };
    let baseline = life.account.inventory();
    let created = life.create(&["--amazonec2-request-spot-instance", "--amazonec2-spot-price", "0.05"]).await;
    is_up(&created);
    assert_eq!(life.requests("DescribeSpotInstanceRequests"), 2, "{:#?}", life.account.request_log());
    assert_eq!(life.says(&["ssh", MACHINE, "hostname"]).await, MACHINE);
    life.host.run(&["rm", "-y", MACHINE]).await.exits(0);
    only_the_group_is_left(&life, &baseline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_existing_key_pair() {
    let Some(life) = Life::prepared("an_existing_key_pair", SshClient::Native).await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate(folder.path().join("key"), KeyAlgorithm::Ed25519).await.unwrap();
    import_key_pair(&life, "mine", key.public_key());
    life.account.clear_request_log();
    let baseline = life.account.inventory();
    let path: &Path = key.path();
    let options = ["--amazonec2-keypair-name", "mine", "--amazonec2-ssh-keypath", path.to_str().unwrap()];
    is_up(&life.create(&options).await);
    assert_eq!(life.requests("ImportKeyPair"), 0);
    assert_eq!(life.says(&["ssh", MACHINE, "id -un"]).await, "ubuntu");
    life.host.run(&["rm", "-y", MACHINE]).await.exits(0);
    // The key pair is part of the baseline, and still there.
    only_the_group_is_left(&life, &baseline).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_creates_nothing() {
    let Some(mut life) = Life::prepared("a_wrong_secret_creates_nothing", SshClient::Native).await else {
        return;
    };
    let baseline = life.account.inventory();
    life.host.set("AWS_SECRET_ACCESS_KEY", "guessed");
    // Without it the driver asks for the default VPC, and says only that it got none.
    let refused = life.create(&["--amazonec2-vpc-id", "vpc-0123456789abcdef0"]).await;
    assert_ne!(refused.code, Some(0), "{refused}");
    assert!(refused.to_string().contains("AuthFailure"), "{refused}");
    assert_eq!(life.account.inventory(), baseline);
}
