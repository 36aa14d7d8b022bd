//! How long a call takes with many VMs. A figure, not a test: nothing is expected of it.
//!
//! ```text
//! cargo test --release -p machine-mock-providers --test it vbox_speed -- --ignored --nocapture
//! ```

use std::{
    process::Command,
    time::{Duration, Instant},
};

use machine_mock_providers::vbox::{Account, Server, ServerOptions};

/// Calls for each number of VMs.
const CALLS: usize = 50;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints a figure and expects nothing"]
#[expect(clippy::print_stdout, reason = "the figure is the result")]
async fn listing_machines() {
    let options = ServerOptions {
        executable: Some(env!("CARGO_BIN_EXE_VBoxManage").into()),
        ..ServerOptions::default()
    };
    let server = Server::start(options).await.unwrap();
    let account = server.account("speed").unwrap();
    println!("VBoxManage list vms, median of {CALLS} calls");
    println!("{:>5} VMs  {:>10}  {:>14}", "", "process", "without one");
    let mut made = 0;
    for wanted in [1, 100, 1000] {
        while made < wanted {
            account.seed_vm(&format!("machine-{made}")).unwrap();
            made += 1;
        }
        let calling = account.clone();
        let process = tokio::task::spawn_blocking(move || median(|| list(&calling)))
            .await
            .unwrap();
        let mut times = Vec::new();
        for _ in 0..CALLS {
            let start = Instant::now();
            let listed = account.run(["list", "vms"]).await;
            times.push(start.elapsed());
            assert_eq!(listed.stdout.lines().count(), wanted);
        }
        times.sort_unstable();
        let milliseconds = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
        let without = times[CALLS / 2];
        println!(
            "{wanted:>5} VMs  {:>10}  {:>14}",
            milliseconds(process),
            milliseconds(without)
        );
    }
}

/// Starts the executable once.
fn list(account: &Account) {
    let mut command = Command::new(account.directory().join("VBoxManage"));
    let output = command
        .args(["list", "vms"])
        .envs(account.environment())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn median(mut call: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..CALLS)
        .map(|_| {
            let start = Instant::now();
            call();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[CALLS / 2]
}
