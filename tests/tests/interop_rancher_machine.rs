//! An unmodified `rancher-machine` with our template driver: the whole life of a machine on the template cloud, each
//! command with what it must print.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{fs, os::unix::fs::PermissionsExt};

use machine_mock_providers::{
    guest::GuestOs,
    template::{Account, Server, ServerOptions},
};
use machine_tests::{
    executables,
    peers::available,
    rancher_machine::{RancherMachine, SshClient},
    run::Finished,
};
use serde_json::json;

const MACHINE: &str = "m1";

/// A store, a cloud, and the driver between them.
struct Life {
    host: RancherMachine,
    /// Ends the machines when it goes.
    _cloud: Server,
    account: Account,
    token: String,
    driver: String,
}

impl Life {
    /// `None` when a peer is missing.
    async fn prepared(test: &str, client: SshClient) -> Option<Self> {
        let mut host = available(test, RancherMachine::with_empty_store())?;
        available(test, host.use_ssh(client))?;
        let driver = executables::template_driver().unwrap();
        host.find_drivers_in(driver.parent().unwrap());
        let cloud = Server::start(ServerOptions::default()).await.unwrap();
        let account = cloud.account("default");
        let token = account.token().to_owned();
        host.set("TEMPLATE_ENDPOINT", cloud.endpoint());
        host.set("TEMPLATE_TOKEN", &token);
        Some(Self { host, _cloud: cloud, account, token, driver: driver.to_str().unwrap().to_owned() })
    }

    /// Runs a command that must end with the exit status and must not show the token.
    async fn ends(&self, code: i32, arguments: &[&str]) -> Finished {
        let finished = self.host.run(arguments).await.exits(code);
        assert!(!finished.to_string().contains(&self.token), "the token is shown\n{finished}");
        finished
    }

    /// Runs a command that must succeed, print these lines and nothing on standard error.
    async fn says(&self, arguments: &[&str], lines: &[&str]) {
        let finished = self.ends(0, arguments).await;
        assert_eq!(self.masked(&finished), lines, "{finished}");
        assert_eq!(finished.stderr, "", "{finished}");
    }

    /// Runs a command that must fail with this text on standard error.
    async fn refuses(&self, arguments: &[&str], code: i32, text: &str) {
        let finished = self.ends(code, arguments).await;
        assert_eq!(finished.stderr.trim_end(), text, "{finished}");
    }

    /// Lines on standard output without what differs between runs.
    fn masked(&self, finished: &Finished) -> Vec<String> {
        let store = self.host.store();
        let address =
            self.account.guest(MACHINE).map(|guest| guest.address().to_string()).unwrap_or_default();
        let mask = |line: &str| {
            let line = line.replace(store.to_str().unwrap(), "STORE");
            let line = line.replace(self.host.executable().to_str().unwrap(), "rancher-machine");
            if address.is_empty() { line } else { line.replace(&address, "ADDRESS") }
        };
        finished.stdout.lines().map(|line| mask(line).trim_end().to_owned()).collect()
    }

    async fn is_listed_as(&self, state: &str, url: &str) {
        let line = format!("{MACHINE}|template|{state}|{url}|");
        self.says(&["ls", "--format", "{{.Name}}|{{.DriverName}}|{{.State}}|{{.URL}}|{{.Error}}"], &[&line])
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn life_on_ubuntu() {
    whole_life("life_on_ubuntu", GuestOs::Ubuntu, SshClient::Native).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn life_on_debian() {
    whole_life("life_on_debian", GuestOs::Debian, SshClient::Native).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn life_on_boot2docker() {
    whole_life("life_on_boot2docker", GuestOs::Boot2Docker, SshClient::Native).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn life_on_ubuntu_with_openssh() {
    whole_life("life_on_ubuntu_with_openssh", GuestOs::Ubuntu, SshClient::OpenSsh).await;
}

async fn whole_life(test: &str, os: GuestOs, client: SshClient) {
    let Some(life) = Life::prepared(test, client).await else {
        return;
    };
    let baseline = life.account.inventory();
    create(&life, os).await;
    look(&life, os).await;
    stop_and_start(&life).await;
    upgrade(&life, os).await;
    restart_and_kill(&life).await;
    remove(&life).await;
    assert_eq!(life.account.inventory(), baseline);
    life.host.leaves_no_process().await;
}

async fn create(life: &Life, os: GuestOs) {
    let (image, provisioner) = match os {
        GuestOs::Ubuntu => ("ubuntu-24.04", "ubuntu(systemd)"),
        GuestOs::Debian => ("debian-12", "debian"),
        _ => ("boot2docker-19.03", "boot2docker"),
    };
    let created = life
        .ends(
            0,
            &[
                "create",
                "-d",
                &life.driver,
                "--template-image",
                image,
                "--template-ssh-user",
                os.default_user(),
                MACHINE,
            ],
        )
        .await;
    let provisioning = format!("Provisioning with {provisioner}...");
    let mut expected = vec![
        "Creating CA: STORE/certs/ca.pem",
        "Creating client certificate: STORE/certs/cert.pem",
        "Running pre-create checks...",
        "Creating machine...",
        "(m1) Creating SSH key...",
        "(m1) Creating server...",
        "(m1) Waiting for the server to run...",
        "(m1) Waiting for SSH...",
        "Waiting for machine to be running, this may take a few minutes...",
        "Detecting operating system of created instance...",
        "Waiting for SSH to be available...",
        "Detecting the provisioner...",
        &provisioning,
        "Installing Docker from: https://get.docker.com",
        "Copying certs to the local machine directory...",
        "Copying certs to the remote machine...",
        "Setting Docker configuration on the remote daemon...",
        "Checking connection to Docker...",
        "Docker is up and running!",
        "to see how to connect your Docker Client to the Docker Engine running on this virtual machine, run: \
         rancher-machine env m1",
    ];
    if os == GuestOs::Boot2Docker {
        // Docker is part of the image.
        expected.retain(|line| !line.starts_with("Installing Docker"));
    }
    assert_eq!(life.masked(&created), expected, "{created}");
    assert_eq!(created.stderr, "", "{created}");
    record_is_complete(life, os).await;

    let guest = life.account.guest(MACHINE).unwrap();
    assert_eq!((guest.host_name().as_str(), guest.engine_ports().as_slice()), (MACHINE, &[2376][..]));
    let certificate = match os {
        GuestOs::Boot2Docker => "/var/lib/boot2docker/server.pem",
        _ => "/etc/docker/server.pem",
    };
    let stored = fs::read(life.host.machine_folder(MACHINE).join("server.pem")).unwrap();
    assert_eq!(guest.file(certificate).unwrap(), stored);

    life.refuses(&["create", "-d", &life.driver, MACHINE], 1, "Docker machine \"m1\" already exists").await;
}

/// What `rancher-machine` has stored.
async fn record_is_complete(life: &Life, os: GuestOs) {
    let record = life.host.record(MACHINE).unwrap();
    let server = life.account.server(MACHINE).unwrap();
    assert_eq!(record["ConfigVersion"], 3);
    assert_eq!(record["DriverName"], "template");
    assert_eq!(record["Name"], MACHINE);
    for (key, value) in [
        ("MachineName", json!(MACHINE)),
        ("StorePath", json!(life.host.store())),
        ("IPAddress", json!(server.address)),
        ("SSHUser", json!(os.default_user())),
        ("Region", json!("eu-1")),
        ("Image", json!(server.image)),
        ("ServerId", json!(server.id)),
        ("KeyId", json!(server.key_id)),
        ("SwarmMaster", json!(false)),
    ] {
        assert_eq!(record["Driver"][key], value, "{key} in {:#}", record["Driver"]);
    }
    assert_eq!(record["HostOptions"]["EngineOptions"]["TlsVerify"], true);
    let key = life.host.machine_folder(MACHINE).join("id_rsa");
    for private in [key, life.host.machine_folder(MACHINE).join("config.json")] {
        let mode = fs::metadata(&private).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", private.display());
    }
    // `inspect` is the one command that shows everything, the token included.
    let shown = life.host.run(&["inspect", MACHINE]).await.exits(0);
    let shown: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["Driver"], record["Driver"]);
}

async fn look(life: &Life, os: GuestOs) {
    life.is_listed_as("Running", "tcp://ADDRESS:2376").await;
    let version = if os == GuestOs::Boot2Docker { "v19.03.12" } else { "v27.3.1" };
    life.says(&["ls", "--format", "{{.DockerVersion}}"], &[version]).await;
    life.says(&["status", MACHINE], &["Running"]).await;
    life.says(&["ip", MACHINE], &["ADDRESS"]).await;
    life.says(&["url", MACHINE], &["tcp://ADDRESS:2376"]).await;
    life.says(&["inspect", "-f", "{{.Driver.SSHUser}}", MACHINE], &[os.default_user()]).await;
    life.says(&["ssh", MACHINE, "hostname; id -un"], &[MACHINE, os.default_user()]).await;
    let failed = life.host.run(&["ssh", MACHINE, "exit 3"]).await;
    assert_ne!(failed.code, Some(0), "{failed}");
}

async fn stop_and_start(life: &Life) {
    let guest = life.account.guest(MACHINE).unwrap();
    let boot = guest.boot_id();
    life.says(&["stop", MACHINE], &["Stopping \"m1\"...", "Machine \"m1\" was stopped."]).await;
    assert_eq!(guest.boot_id(), None);
    life.says(&["status", MACHINE], &["Stopped"]).await;
    life.is_listed_as("Stopped", "").await;
    life.refuses(&["stop", MACHINE], 1, "Machine \"m1\" is already stopped.").await;
    life.refuses(&["url", MACHINE], 1, "Host is not running").await;
    life.refuses(&["ssh", MACHINE, "true"], 1, "Error: Cannot run SSH command: Host \"m1\" is not running")
        .await;

    life.says(
        &["start", MACHINE],
        &[
            "Starting \"m1\"...",
            "(m1) Waiting for the server to run...",
            "(m1) Waiting for SSH...",
            "Machine \"m1\" was started.",
            "Waiting for SSH to be available...",
            "Detecting the provisioner...",
            "Started machines may have new IP addresses. You may need to re-run the `docker-machine env` command.",
        ],
    )
    .await;
    assert!(guest.boot_id().is_some_and(|id| Some(id) != boot));
    life.refuses(&["start", MACHINE], 1, "Machine \"m1\" is already running.").await;
    life.is_listed_as("Running", "tcp://ADDRESS:2376").await;
}

/// Boot2Docker is upgraded by downloading another image, for which there is no network here.
async fn upgrade(life: &Life, os: GuestOs) {
    match os {
        GuestOs::Ubuntu => {
            life.says(
                &["upgrade", MACHINE],
                &[
                    "Waiting for SSH to be available...",
                    "Detecting the provisioner...",
                    "Upgrading docker...",
                    "Restarting docker...",
                ],
            )
            .await;
            life.is_listed_as("Running", "tcp://ADDRESS:2376").await;
        }
        // The host asks for a package that Debian has not had for years. Its SSH client copies the guest's two streams
        // side by side into one text, so their order is chance.
        GuestOs::Debian => {
            let refused = life.ends(1, &["upgrade", MACHINE]).await;
            let reason = "E: Unable to locate package docker-engine";
            let mut lines = refused.stderr.lines();
            assert!(lines.any(|line| line.trim_end().ends_with(reason)), "{refused}");
        }
        _ => {}
    }
}

async fn restart_and_kill(life: &Life) {
    let guest = life.account.guest(MACHINE).unwrap();
    let boot = guest.boot_id();
    life.says(
        &["restart", MACHINE],
        &[
            "Restarting \"m1\"...",
            "(m1) Waiting for the next boot...",
            "Waiting for SSH to be available...",
            "Detecting the provisioner...",
            "Restarted machines may have new IP addresses. You may need to re-run the `docker-machine env` command.",
        ],
    )
    .await;
    assert!(guest.boot_id().is_some_and(|id| Some(id) != boot));
    life.says(&["kill", MACHINE], &["Killing \"m1\"...", "Machine \"m1\" was killed."]).await;
    assert_eq!(guest.boot_id(), None);
    life.refuses(&["kill", MACHINE], 1, "Machine \"m1\" is already stopped.").await;
}

async fn remove(life: &Life) {
    let removing =
        ["About to remove m1", "WARNING: This action will delete both local reference and remote instance."];
    life.says(&["rm", "-y", MACHINE], &[removing[0], removing[1], "Successfully removed m1"]).await;
    assert!(!life.host.machine_folder(MACHINE).exists());
    life.says(&["ls", "-q"], &[]).await;
    let gone = "Machine config for m1 does not exists, so nothing to do...";
    life.says(&["rm", "-y", MACHINE], &[removing[0], removing[1], gone]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_create_leaves_nothing() {
    let Some(life) = Life::prepared("a_refused_create_leaves_nothing", SshClient::Native).await else {
        return;
    };
    let baseline = life.account.inventory();
    life.refuses(
        &["create", "-d", &life.driver, "--template-region", "moon", MACHINE],
        3,
        "Error with pre-create check: \"--template-region is \\\"moon\\\", but the provider has: eu-1, us-1, ap-1\"",
    )
    .await;
    assert!(!life.host.machine_folder(MACHINE).exists());
    assert_eq!(life.account.inventory(), baseline);
    life.host.leaves_no_process().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn help_shows_the_options_of_the_driver() {
    let Some(life) = Life::prepared("help_shows_the_options_of_the_driver", SshClient::Native).await else {
        return;
    };
    let help = life.ends(0, &["create", "-d", &life.driver, "--help"]).await;
    let line = |option: &str| {
        let mut lines = help.lines().into_iter().filter(|line| line.trim_start().starts_with(option));
        lines.next().unwrap_or_else(|| panic!("{option} is not shown\n{help}")).to_owned()
    };
    assert!(line("--template-region").contains("\"eu-1\""), "{help}");
    assert!(line("--template-region").contains("[$TEMPLATE_REGION]"), "{help}");
    assert!(line("--template-ssh-port").contains("\"22\""), "{help}");
    line("--template-tag");
}
