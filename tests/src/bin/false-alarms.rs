//! Counts false alarms: `cargo run -p machine-tests --bin false-alarms -- --runs 200 --load`.

use std::{io::Write, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use machine_tests::{
    executables,
    false_alarms::{Alarms, Plan, count},
};

/// Runs the suite against a driver that is right, many times with other seeds, and counts the runs in which it complains.
#[derive(Debug, Parser)]
struct Arguments {
    /// Runs of the suite
    #[arg(long, value_name = "N", default_value_t = 200)]
    runs: u64,

    /// Begin no run after so many seconds
    #[arg(long, value_name = "SECONDS")]
    time: Option<u64>,

    /// Seed of the first run; the next one has the next
    #[arg(long, value_name = "N", default_value_t = 1000)]
    first_seed: u64,

    /// Keep every processor busy meanwhile
    #[arg(long)]
    load: bool,

    /// Executable of the driver; by default the template driver, which is built
    #[arg(long, value_name = "PATH")]
    driver: Option<PathBuf>,

    /// Executable `machine-conformance`; by default it is built
    #[arg(long, value_name = "PATH")]
    suite: Option<PathBuf>,

    /// Arguments of `machine-conformance run`, after --; by default --provider template
    #[arg(last = true, value_name = "ARGUMENT", default_values = ["--provider", "template"])]
    arguments: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let plan = Plan {
        suite: match arguments.suite {
            Some(path) => path,
            None => executables::machine_conformance()?,
        },
        driver: match arguments.driver {
            Some(path) => path,
            None => executables::template_driver()?,
        },
        arguments: arguments.arguments,
        runs: arguments.runs,
        first_seed: arguments.first_seed,
        time: arguments.time.map(Duration::from_secs),
        load: arguments.load,
    };
    let alarms = count(&plan, progress).await?;
    std::io::stdout().write_all(alarms.to_string().as_bytes())?;
    Ok(if alarms.alarms.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stderr, reason = "who waits for an hour wants to know how far it is")]
fn progress(alarms: &Alarms) {
    eprintln!(
        "{:>4} runs, {:>4} with a false alarm, {:>5.0} s",
        alarms.runs,
        alarms.alarms.len(),
        alarms.took.as_secs_f64()
    );
}
