use std::{
    fmt::Write,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use machine_mock_providers::vbox::{Account, Server, ServerOptions};

use crate::{bench::median, executables};

/// Calls for each number of VMs.
const CALLS: usize = 50;

pub(super) async fn figures() -> anyhow::Result<String> {
    let options = ServerOptions {
        executable: Some(executables::built("machine-mock-providers", "VBoxManage")?),
        ..ServerOptions::default()
    };
    let server = Server::start(options).await?;
    let account = server.account("listing")?;
    let mut text =
        "| `VBoxManage list vms` | as a process | inside the server |\n| --- | --- | --- |\n".to_owned();
    let mut made = 0;
    for wanted in [1, 100, 1000] {
        while made < wanted {
            let name = format!("machine-{made}");
            let seeded = account.seed_vm(&name);
            seeded.map_err(|error| anyhow::anyhow!("making {name}: {error}"))?;
            made += 1;
        }
        let calling = account.clone();
        let processes = tokio::task::spawn_blocking(move || {
            (0..CALLS).map(|_| list(&calling)).collect::<anyhow::Result<Vec<_>>>()
        })
        .await??;
        let mut inside = Vec::new();
        for _ in 0..CALLS {
            let begun = Instant::now();
            let listed = account.run(["list", "vms"]).await;
            inside.push(begun.elapsed());
            ensure!(listed.stdout.lines().count() == wanted, "{wanted} VMs expected: {listed:?}");
        }
        let milliseconds = |times: Vec<Duration>| {
            let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
            median(&mut seconds) * 1000.0
        };
        let _ = writeln!(
            text,
            "| {wanted} VMs, median of {CALLS} calls | {:.2} ms | {:.2} ms |",
            milliseconds(processes),
            milliseconds(inside)
        );
    }
    Ok(text)
}

/// Starts the executable once.
fn list(account: &Account) -> anyhow::Result<Duration> {
    let mut command = Command::new(account.directory().join("VBoxManage"));
    command.args(["list", "vms"]).envs(account.environment());
    let begun = Instant::now();
    let output = command.output().context("starting VBoxManage")?;
    let took = begun.elapsed();
    ensure!(output.status.success(), "VBoxManage failed: {output:?}");
    Ok(took)
}
