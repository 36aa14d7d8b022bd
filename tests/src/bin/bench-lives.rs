//! Prints what drivers add to the time of their provider, as a Markdown table:
//! `cargo run --release -p machine-tests --bin bench-lives`.

use std::{io::Write, path::PathBuf};

use clap::Parser;
use machine_tests::bench_lives::{Plan, figures};

/// Measures create and remove of our EC2 driver and of Go's, on the same mock.
#[derive(Debug, Parser)]
struct Arguments {
    /// Executable `docker-machine-driver-ec2`; by default it is built
    #[arg(long, value_name = "PATH")]
    ec2_driver: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { ec2_driver } = Arguments::parse();
    let table = figures(&Plan { ec2_driver }).await?;
    Ok(std::io::stdout().write_all(table.as_bytes())?)
}
