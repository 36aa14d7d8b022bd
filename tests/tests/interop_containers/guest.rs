//! The machine behind the ports: power, firewall, faults, and what a killed process leaves.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use machine_driver::ssh::{Client, Endpoint, KeyAlgorithm, KeyPair, Limits};
use machine_mock_providers::guest::{
    Guest, GuestFault, GuestKind, GuestOptions, PowerState, SshPort, User, containers_removed,
};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};

use super::{containers, docker, turn};

/// Longest time for a change of the machine's power.
const CHANGE: Duration = Duration::from_secs(60);
/// Time after which something that must not happen has not happened.
const SHORT: Duration = Duration::from_millis(500);

struct Rig {
    guest: Guest,
    key: KeyPair,
    _folder: TempDir,
}

impl Rig {
    async fn new(options: GuestOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate(folder.path().join("key"), KeyAlgorithm::Ed25519).await.unwrap();
        let guest = Guest::new(GuestOptions {
            kind: GuestKind::Container,
            host_name: "g1".to_owned(),
            users: vec![User {
                name: "debian".to_owned(),
                authorized_keys: vec![key.public_key().to_owned()],
            }],
            ssh_port: SshPort::Ephemeral,
            ..options
        });
        Self { guest: guest.unwrap(), key, _folder: folder }
    }

    async fn started(options: GuestOptions) -> Self {
        let rig = Self::new(options).await;
        rig.guest.power_on();
        rig.is(PowerState::Running).await;
        rig
    }

    async fn is(&self, state: PowerState) {
        let reached = timeout(CHANGE, self.guest.reached(state)).await;
        let (now, notes) = (self.guest.state(), self.guest.notes());
        assert!(reached.is_ok(), "the machine is {now:?}, not {state:?}: {notes:#?}");
    }

    async fn runs(&self, command: &str) -> Result<String, String> {
        let endpoint = Endpoint {
            host: self.guest.address().to_string(),
            port: self.guest.ssh_port(),
            user: "debian".to_owned(),
            key_path: self.key.path().to_owned(),
        };
        let client = Client::connect(&endpoint, Limits::default()).await;
        let client = client.map_err(|error| error.to_string())?;
        let output = client.run(command).await.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    async fn connects(&self, port: u16) -> bool {
        TcpStream::connect((self.guest.address(), port)).await.is_ok()
    }

    /// Ends the machine, and waits until nothing of it is left.
    async fn ends(self) {
        drop(self.guest);
        containers_removed().await.unwrap();
        assert_eq!(containers().await, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn power() {
    let Some(_turn) = turn("power").await else { return };
    let rig = Rig::started(GuestOptions::default()).await;
    let first = rig.guest.boot_id().unwrap();
    let boot_id = "cat /proc/sys/kernel/random/boot_id";
    assert_eq!(rig.runs(boot_id).await.unwrap(), first);
    assert_eq!(rig.runs("hostname").await.unwrap(), "g1");
    rig.runs(
        "echo kept > kept; sudo touch /run/forgotten; sudo hostname g2; echo g2 | sudo tee /etc/hostname",
    )
    .await
    .unwrap();

    assert!(rig.guest.shutdown());
    rig.is(PowerState::Off).await;
    assert!(!rig.connects(rig.guest.ssh_port()).await);
    rig.guest.power_on();
    rig.is(PowerState::Running).await;
    let second = rig.guest.boot_id().unwrap();
    assert_ne!(first, second);
    assert_eq!(rig.runs(boot_id).await.unwrap(), second);
    assert_eq!(rig.runs("cat kept; hostname; ls /run/forgotten").await.unwrap(), "kept\ng2");

    // From inside: the machine comes up again by itself, or stays off.
    let mut states = rig.guest.states();
    // The connection may be gone before the answer.
    let _ = rig.runs("sudo reboot").await;
    let is_back = |state: &PowerState| *state == PowerState::Booting;
    timeout(CHANGE, states.wait_for(is_back)).await.unwrap().unwrap();
    rig.is(PowerState::Running).await;
    assert_ne!(rig.guest.boot_id().unwrap(), second);
    let _ = rig.runs("sudo poweroff").await;
    rig.is(PowerState::Off).await;
    assert_eq!(rig.guest.boot_id(), None);

    rig.guest.power_on();
    rig.is(PowerState::Running).await;
    rig.guest.power_off();
    assert_eq!(rig.guest.state(), PowerState::Off);
    assert!(!rig.connects(rig.guest.ssh_port()).await);
    rig.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ports() {
    let Some(_turn) = turn("ports").await else { return };
    let rig =
        Rig::started(GuestOptions { open_ports: Some([22, 8000].into()), ..GuestOptions::default() }).await;
    // Perl is part of every Debian.
    let listen = |port: u16| {
        format!(
            "nohup perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 1, LocalPort => {port}); \
             while (1) {{ $s->accept }}' >/dev/null 2>&1 &"
        )
    };
    rig.runs(&listen(8000)).await.unwrap();
    rig.runs(&listen(8001)).await.unwrap();
    reachable(&rig, 8000).await;
    assert!(!rig.connects(8001).await, "the firewall lets it through");
    rig.guest.set_open_ports(Some([22, 8001].into())).unwrap();
    reachable(&rig, 8001).await;
    assert!(!rig.connects(8000).await, "the firewall lets it through");
    let before = rig.guest.address();
    assert_ne!(rig.guest.readdress().unwrap(), before);
    assert_eq!(rig.runs("hostname").await.unwrap(), "g1");
    rig.ends().await;
}

/// The owner learns of a new port a moment later.
async fn reachable(rig: &Rig, port: u16) {
    let until = tokio::time::Instant::now() + Duration::from_secs(10);
    while !rig.connects(port).await {
        assert!(tokio::time::Instant::now() < until, "port {port}: {:?}", rig.guest.listening());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults() {
    let Some(_turn) = turn("faults").await else { return };
    let rig = Rig::started(GuestOptions::default()).await;
    let host_key = rig.guest.host_key();
    rig.guest.freeze();
    assert!(rig.connects(rig.guest.ssh_port()).await);
    assert!(timeout(SHORT, rig.runs("true")).await.is_err(), "a frozen machine answers");
    rig.guest.thaw();
    rig.runs("true").await.unwrap();

    rig.guest.set_faults([GuestFault::RejectsKeys]);
    rig.guest.reset();
    rig.is(PowerState::Running).await;
    rig.runs("true").await.unwrap_err();
    rig.guest.set_faults([GuestFault::RefusesSsh]);
    rig.guest.reset();
    rig.is(PowerState::Running).await;
    assert!(!rig.connects(rig.guest.ssh_port()).await);
    rig.guest.set_faults([GuestFault::NeverBoots]);
    rig.guest.reset();
    assert!(timeout(SHORT, rig.guest.reached(PowerState::Running)).await.is_err());
    rig.guest.set_faults([]);
    rig.guest.reset();
    rig.is(PowerState::Running).await;
    rig.runs("true").await.unwrap();
    assert_eq!(rig.guest.host_key(), host_key);
    rig.ends().await;
}

/// Says its process id when its machine runs, and then hangs; started by the next test.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a process to be killed by a_killed_process_leaves_nothing_for_long"]
#[expect(clippy::print_stdout, reason = "who kills it reads this")]
async fn a_process_to_be_killed() {
    let rig = Rig::started(GuestOptions::default()).await;
    println!("\nrunning {:?}", rig.guest.state());
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_leaves_nothing_for_long() {
    let Some(_turn) = turn("a_killed_process_leaves_nothing_for_long").await else {
        return;
    };
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "guest::a_process_to_be_killed", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_up = lines.any(|line| line.is_ok_and(|line| line.starts_with("running Running")));
    let of_child = format!("label=machine-conformance.owner={} ", child.id());
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(is_up, "the other process made no machine");
    let listed = async || {
        let labels = docker::local(&["ps", "-a", "--format", "{{.ID}} {{.Labels}}"]).await.exits(0);
        let wanted = of_child.trim_start_matches("label=").to_owned();
        labels.lines().iter().filter(|line| line.contains(&wanted)).count()
    };
    assert_eq!(listed().await, 1);
    GuestKind::Container.require().await.unwrap();
    assert_eq!(listed().await, 0, "what a dead process left was not removed");
}
