//! Prints how long guests of each kind take and how much memory they need, as a Markdown table:
//! `cargo run --release -p machine-mock-providers --features containers --example guest-figures`.

#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use machine_mock_providers::guest::{
    Guest, GuestKind, GuestOptions, GuestOs, PowerState, SshPort, User, containers_removed,
};
use russh::keys::{Algorithm, PrivateKey, ssh_key::LineEnding};
use tokio::process::Command;

/// Guests one after the other, for the times.
const ROUNDS: usize = 5;
/// Guests at once.
const TOGETHER: usize = 20;
/// Longest time of one guest, also beside many.
const LIMIT: Duration = Duration::from_secs(180);
/// Pause between two attempts to find an engine that answers.
const PAUSE: Duration = Duration::from_millis(20);
/// What the user runs.
const ENGINE_ANSWERS: &str = "sudo docker version";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let key = Key::generate(folder.path())?;
    println!(
        "| guest | until SSH answers | until Docker answers | memory of one | {TOGETHER} at once: SSH | Docker | memory of all |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for (name, kind) in [("simulated", GuestKind::Simulated), ("container", GuestKind::Container)] {
        match kind.require().await {
            Ok(()) => println!("| {name} | {} |", figures(kind, &key).await?),
            Err(error) => println!("| {name} | not measured: {error} |"),
        }
    }
    Ok(containers_removed().await?)
}

async fn figures(kind: GuestKind, key: &Key) -> Result<String> {
    let (mut ssh, mut engine) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let times = life(kind, key).await?;
        ssh.push(times.ssh);
        engine.push(times.engine);
        drop(times.guest);
        containers_removed().await?;
    }
    let before = memory(kind).await?;
    let one = life(kind, key).await?;
    let of_one = memory(kind).await? - before;
    drop(one.guest);
    containers_removed().await?;

    let before = memory(kind).await?;
    let lives = futures_util::future::try_join_all((0..TOGETHER).map(|_| life(kind, key))).await?;
    let of_all = memory(kind).await? - before;
    let slowest = |time: fn(&Life) -> Duration| lives.iter().map(time).max().unwrap_or_default();
    let together = [slowest(|life| life.ssh), slowest(|life| life.engine)].map(milliseconds);
    drop(lives);
    containers_removed().await?;
    let [ssh_together, engine_together] = together;
    Ok(format!(
        "{} | {} | {of_one:.1} MiB | {ssh_together} | {engine_together} | {of_all:.0} MiB",
        milliseconds(median(ssh)),
        milliseconds(median(engine)),
    ))
}

/// A guest, and the times from its order on.
struct Life {
    guest: Guest,
    ssh: Duration,
    engine: Duration,
}

async fn life(kind: GuestKind, key: &Key) -> Result<Life> {
    let started = Instant::now();
    let guest = Guest::new(GuestOptions {
        kind,
        os: GuestOs::Debian,
        users: vec![User { name: "debian".to_owned(), authorized_keys: vec![key.public.clone()] }],
        ssh_port: SshPort::Ephemeral,
        engine_installed: true,
        ..GuestOptions::default()
    })?;
    guest.power_on();
    tokio::time::timeout(LIMIT, guest.reached(PowerState::Running))
        .await
        .map_err(|_| format!("the guest does not boot: {:?}", guest.notes()))?;
    key.runs(&guest, "true").await?;
    let ssh = started.elapsed();
    while let Err(error) = key.runs(&guest, ENGINE_ANSWERS).await {
        if started.elapsed() > LIMIT {
            return Err(error);
        }
        tokio::time::sleep(PAUSE).await;
    }
    let engine = started.elapsed();
    Ok(Life { guest, ssh, engine })
}

struct Key {
    public: String,
    file: PathBuf,
}

impl Key {
    fn generate(folder: &Path) -> Result<Self> {
        let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519)?;
        let file = folder.join("key");
        std::fs::write(&file, key.to_openssh(LineEnding::LF)?.as_bytes())?;
        restrict(&file)?;
        Ok(Self { public: key.public_key().to_openssh()?, file })
    }

    /// Runs a command on the guest with OpenSSH's client.
    async fn runs(&self, guest: &Guest, command: &str) -> Result<()> {
        let options = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null"];
        let mut ssh = Command::new("ssh");
        ssh.args(options.iter().flat_map(|option| ["-o", option]));
        ssh.arg("-i").arg(&self.file);
        ssh.args(["-p", &guest.ssh_port().to_string()]);
        ssh.arg(format!("debian@{}", guest.address())).arg(command);
        let output = ssh.stdin(Stdio::null()).output().await?;
        if output.status.success() {
            return Ok(());
        }
        let error = String::from_utf8_lossy(&output.stderr);
        Err(format!("`{command}` on the guest: {}: {error}", output.status).into())
    }
}

#[cfg(unix)]
fn restrict(file: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Memory of this process, or of the containers of guests, in MiB.
async fn memory(kind: GuestKind) -> Result<f64> {
    if kind == GuestKind::Simulated {
        let status = std::fs::read_to_string("/proc/self/status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: f64 = line
            .and_then(|line| line.split_whitespace().next()?.parse().ok())
            .ok_or("no VmRSS in /proc/self/status")?;
        return Ok(kilobytes / 1024.0);
    }
    let filter = "label=machine-conformance.guest";
    let ids = Command::new("docker").args(["ps", "-q", "--filter", filter]).output().await?;
    let ids = String::from_utf8(ids.stdout)?;
    if ids.trim().is_empty() {
        return Ok(0.0);
    }
    let mut stats = Command::new("docker");
    stats.args(["stats", "--no-stream", "--format", "{{.MemUsage}}"]).args(ids.split_whitespace());
    let stats = String::from_utf8(stats.output().await?.stdout)?;
    let used = stats.lines().filter_map(|line| line.split_once("MiB")?.0.trim().parse::<f64>().ok());
    Ok(used.sum())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}
