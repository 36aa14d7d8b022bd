//! Prints the figures of the EC2 mock and its peers as Markdown tables:
//! `cargo run --release -p machine-tests --bin bench-ec2`.

use std::{io::Write, path::PathBuf};

use clap::Parser;
use machine_tests::bench_ec2::{Peer, Plan, figures};

/// Measures our EC2 mock beside others, in one run.
///
/// moto is installed from Python's registry; other servers are named.
#[derive(Debug, Parser)]
struct Arguments {
    /// Executable `machine-conformance`; by default it is built
    #[arg(long, value_name = "PATH")]
    mock: Option<PathBuf>,

    /// Instances that the servers hold when they are measured
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "1,1000,10000")]
    sizes: Vec<usize>,

    /// Running instances with live SSH; 0 for none
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', default_value = "100,1000,10000")]
    guests: Vec<usize>,

    /// Another server: NAME=COMMAND, with {port} for the port of 127.0.0.1 that it must listen at
    #[arg(long = "peer", value_name = "NAME=COMMAND", value_parser = peer)]
    peers: Vec<Peer>,

    /// Leaves a server out, for example moto, which needs half a minute of CPU to list ten thousand instances
    #[arg(long, value_name = "NAME")]
    without: Vec<String>,
}

fn peer(text: &str) -> Result<Peer, String> {
    let (name, command) = text.split_once('=').ok_or("write NAME=COMMAND")?;
    Ok(Peer::new(name, command))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments { mock, mut sizes, mut guests, peers, without } = Arguments::parse();
    sizes.sort_unstable();
    guests.retain(|number| *number > 0);
    let plan = Plan { mock, sizes, guests, peers, without };
    let tables = figures(&plan).await?;
    Ok(std::io::stdout().write_all(tables.as_bytes())?)
}
