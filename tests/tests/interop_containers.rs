//! Guests that are containers: a host, an SSH server, a service manager and an engine that are all not ours.
//!
//! Needs a Docker engine and the image of `mock-providers/images/guest`; each test says so where one of them is missing.
//! The guests themselves are tried in `interop_containers/guest.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

#[path = "interop_containers/guest.rs"]
mod guest;

use std::path::Path;

use machine_mock_providers::{
    ec2,
    guest::{GuestKind, containers_removed},
    inventory::Object,
    template, vbox,
};
use machine_tests::{
    docker, executables,
    peers::{NotTested, available},
    rancher_machine::{RancherMachine, SshClient},
    run::Finished,
};
use tempfile::TempDir;
use tokio::sync::{Mutex, MutexGuard};

const MACHINE: &str = "m1";

/// One after the other: what is left of one test must not look like a leak of another.
static TURN: Mutex<()> = Mutex::const_new(());

/// The right to use containers; `None` where there are none.
async fn turn(test: &str) -> Option<MutexGuard<'static, ()>> {
    let turn = TURN.lock().await;
    available(test, docker::containers().await)?;
    Some(turn)
}

/// Containers of this process, running or not.
async fn containers() -> Vec<String> {
    let owner = format!("machine-conformance.owner={} ", std::process::id());
    let arguments = ["ps", "-a", "--no-trunc", "--format", "{{.Names}} {{.Labels}}"];
    let listed = docker::local(&arguments).await.exits(0);
    let ours = listed.lines().into_iter().filter(|line| line.contains(&owner));
    ours.map(str::to_owned).collect()
}

/// A provider whose machines are containers.
enum Cloud {
    Template(template::Server),
    Ec2(ec2::Server),
    VirtualBox(vbox::Account, #[expect(dead_code, reason = "ends the machines when it goes")] vbox::Server),
}

impl Cloud {
    fn inventory(&self) -> Vec<Object> {
        match self {
            Self::Template(server) => server.account("default").inventory(),
            Self::Ec2(server) => server.account("default").inventory(),
            Self::VirtualBox(account, _) => account.inventory(),
        }
    }

    fn ssh_port(&self) -> Option<u16> {
        match self {
            Self::Template(server) => {
                let guest = server.account("default").guest(MACHINE);
                guest.ok().map(|guest| guest.ssh_port())
            }
            Self::Ec2(server) => server.ssh_port(),
            // Drivers log in at the port that is forwarded.
            Self::VirtualBox(..) => None,
        }
    }

    /// Whether a machine has another address after a start.
    fn readdresses(&self) -> bool {
        !matches!(self, Self::VirtualBox(..))
    }
}

struct Life {
    host: RancherMachine,
    cloud: Cloud,
    driver: String,
    /// Kept until the end, if it was made for the driver.
    _folder: Option<TempDir>,
    user: &'static str,
}

async fn template(test: &str) -> Option<Life> {
    let mut host = available(test, RancherMachine::with_empty_store())?;
    available(test, host.use_ssh(SshClient::OpenSsh))?;
    let server = template::Server::start(template::ServerOptions {
        guest_kind: GuestKind::Container,
        new_address_at_start: true,
        ..template::ServerOptions::default()
    });
    let server = server.await.unwrap();
    host.set("TEMPLATE_ENDPOINT", server.endpoint());
    host.set("TEMPLATE_TOKEN", server.account("default").token());
    let driver = executables::template_driver().unwrap();
    Some(Life::new(host, Cloud::Template(server), &driver))
}

async fn ec2(test: &str) -> Option<Life> {
    let mut host = available(test, RancherMachine::with_empty_store())?;
    available(test, host.use_ssh(SshClient::OpenSsh))?;
    let server = ec2::Server::start(ec2::ServerOptions {
        guest_kind: GuestKind::Container,
        ..ec2::ServerOptions::default()
    });
    let server = server.await.unwrap();
    let account = server.account("default");
    host.set("AWS_ENDPOINT", server.endpoint());
    host.set("AWS_ACCESS_KEY_ID", &account.credentials().access_key);
    host.set("AWS_SECRET_ACCESS_KEY", &account.credentials().secret_key);
    let program = Path::new(env!("CARGO_BIN_EXE_ec2-driver"));
    let (folder, driver) = executables::as_driver(program, "ec2").unwrap();
    let mut life = Life::new(host, Cloud::Ec2(server), &driver);
    life._folder = Some(folder);
    Some(life)
}

async fn virtual_box(test: &str) -> Option<Life> {
    let mut host = available(test, RancherMachine::with_empty_store())?;
    available(test, host.use_ssh(SshClient::OpenSsh))?;
    let program = Path::new(env!("CARGO_BIN_EXE_vbox-driver"));
    let server = vbox::Server::start(vbox::ServerOptions {
        executable: Some(program.to_owned()),
        guest_kind: GuestKind::Container,
        ..vbox::ServerOptions::default()
    });
    let server = server.await.unwrap();
    let account = server.account("default").unwrap();
    for (name, value) in account.environment() {
        host.set(name, value);
    }
    let (folder, driver) = executables::as_driver(program, "vbox").unwrap();
    let image = folder.path().join("boot2docker.iso");
    std::fs::write(&image, vbox::boot2docker_image()).unwrap();
    host.set("VBOX_BOOT2DOCKER_URL", format!("file://{}", image.display()));
    host.set("VBOX_HOSTONLY_CIDR", "192.168.59.1/24");
    host.set("VBOX_DISK_SIZE", "128");
    host.set("VBOX_NO_SHARE", "true");
    host.set("VBOX_NO_VTX_CHECK", "true"); // the tests may run in a VM
    let mut life = Life::new(host, Cloud::VirtualBox(account, server), &driver);
    life._folder = Some(folder);
    life.user = "docker";
    Some(life)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_with_the_template_driver() {
    let test = "a_life_with_the_template_driver";
    let Some(_turn) = turn(test).await else { return };
    if let Some(life) = template(test).await {
        life.whole(test).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_with_the_ec2_driver() {
    let test = "a_life_with_the_ec2_driver";
    let Some(_turn) = turn(test).await else { return };
    if let Some(life) = ec2(test).await {
        life.whole(test).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life_with_the_virtual_box_driver() {
    let test = "a_life_with_the_virtual_box_driver";
    let Some(_turn) = turn(test).await else { return };
    if let Some(life) = virtual_box(test).await {
        life.whole(test).await;
    }
}

impl Life {
    fn new(mut host: RancherMachine, cloud: Cloud, driver: &Path) -> Self {
        host.find_drivers_in(driver.parent().unwrap());
        Self { host, cloud, driver: driver.to_str().unwrap().to_owned(), _folder: None, user: "ubuntu" }
    }

    async fn whole(self, test: &str) {
        if available(test, port_22(&self.cloud)).is_none() {
            return;
        }
        let baseline = self.cloud.inventory();
        let created = self.host.run(&["create", "-d", &self.driver, MACHINE]).await.exits(0);
        assert!(created.lines().contains(&"Docker is up and running!"), "{created}");
        assert_eq!(containers().await.len(), 1);
        let record = self.host.record(MACHINE).unwrap();
        assert_eq!(record["HostOptions"]["EngineOptions"]["TlsVerify"], true);

        self.engine_answers().await;
        self.logs_in().await;
        self.host.copies_files(&format!("{MACHINE}:/tmp/copied")).await;
        self.stops_and_starts().await;
        self.restarts().await;
        self.upgrades().await;

        self.host.run(&["rm", "-y", MACHINE]).await.exits(0);
        assert!(!self.host.machine_folder(MACHINE).exists());
        self.nothing_is_left(&baseline).await;
    }

    async fn says(&self, command: &str) -> String {
        let finished = self.host.run(&["ssh", MACHINE, command]).await.exits(0);
        finished.stdout.trim().to_owned()
    }

    async fn address(&self) -> String {
        let finished = self.host.run(&["ip", MACHINE]).await.exits(0);
        finished.stdout.trim().to_owned()
    }

    /// Docker's client with the variables that the host prints.
    async fn docker(&self, arguments: &[&str]) -> Finished {
        let printed = self.host.run(&["env", "--shell", "bash", MACHINE]).await.exits(0);
        let variables = docker::variables(&printed.stdout);
        let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
        assert!(names.contains(&"DOCKER_HOST") && names.contains(&"DOCKER_CERT_PATH"), "{printed}");
        docker::remote(&variables, &self.host.store(), arguments).await
    }

    async fn engine_answers(&self) {
        let address = self.address().await;
        let url = self.host.run(&["url", MACHINE]).await.exits(0);
        assert_eq!(url.stdout.trim(), format!("tcp://{address}:2376"));
        let told = self.docker(&["info", "--format", "{{.Name}} {{.OSType}}"]).await.exits(0);
        assert_eq!(told.stdout.trim(), format!("{MACHINE} linux"), "{told}");
        let version = self.docker(&["version", "--format", "{{.Server.Version}}"]).await.exits(0);
        assert!(version.stdout.starts_with(|letter: char| letter.is_ascii_digit()), "{version}");
    }

    async fn logs_in(&self) {
        assert_eq!(self.says("hostname").await, MACHINE);
        assert_eq!(self.says("id -un").await, self.user);
        assert_eq!(self.says("sudo id -un").await, "root");
        assert_eq!(self.says("grep ^ID= /etc/os-release").await, "ID=debian");
        let failed = self.host.run(&["ssh", MACHINE, "exit 3"]).await;
        assert_ne!(failed.code, Some(0), "{failed}");
    }

    async fn stops_and_starts(&self) {
        let (address, boot) = (self.address().await, self.boot_id().await);
        self.says("echo kept > ~/kept").await;
        self.host.run(&["stop", MACHINE]).await.exits(0);
        let status = self.host.run(&["status", MACHINE]).await.exits(0);
        assert_eq!(status.stdout.trim(), "Stopped");
        self.host.run(&["start", MACHINE]).await.exits(0);
        assert_ne!(self.boot_id().await, boot, "a start is another boot");
        assert_eq!(self.says("cat ~/kept").await, "kept");
        if self.cloud.readdresses() {
            self.needs_new_certificates(&address).await;
        } else {
            assert_eq!(self.address().await, address, "a start changes the address");
        }
        self.engine_answers().await;
    }

    async fn needs_new_certificates(&self, address: &str) {
        assert_ne!(self.address().await, address, "a start brings another address");
        let refused = self.host.run(&["env", MACHINE]).await.exits(1);
        let reason = format!("certificate is valid for {address}");
        assert!(refused.stderr.contains(&reason), "the certificate is for the old address\n{refused}");
        self.host.run(&["regenerate-certs", "--force", MACHINE]).await.exits(0);
    }

    async fn restarts(&self) {
        let boot = self.boot_id().await;
        self.host.run(&["restart", MACHINE]).await.exits(0);
        assert_ne!(self.boot_id().await, boot, "the machine was not rebooted");
        assert_eq!(self.says("cat ~/kept").await, "kept");
    }

    /// The engine is asked for from apt, which has no newer one, and started again.
    async fn upgrades(&self) {
        let started = "cat /run/docker.pid; cut -d' ' -f22 /proc/$(cat /run/docker.pid)/stat";
        let before = self.says(started).await;
        let upgraded = self.host.run(&["upgrade", MACHINE]).await.exits(0);
        assert!(upgraded.lines().contains(&"Upgrading docker..."), "{upgraded}");
        assert_ne!(self.says(started).await, before, "the engine is not another process");
        self.engine_answers().await;
    }

    async fn boot_id(&self) -> String {
        self.says("cat /proc/sys/kernel/random/boot_id").await
    }

    async fn nothing_is_left(self, baseline: &[Object]) {
        self.host.leaves_no_process().await;
        let left = self.cloud.inventory();
        let left: Vec<_> = left.iter().filter(|object| !baseline.contains(object)).collect();
        assert!(left.is_empty(), "{left:#?}");
        containers_removed().await.unwrap();
        assert_eq!(containers().await, Vec::<String>::new());
    }
}

/// The drivers know no other port, unless they are told.
fn port_22(cloud: &Cloud) -> Result<(), NotTested> {
    match cloud.ssh_port() {
        // The template cloud says it when there is a machine.
        Some(22) | None => Ok(()),
        port => Err(NotTested {
            peer: "port-22",
            reason: format!("machines have SSH at {port:?}: listening at port 22 needs root"),
        }),
    }
}
