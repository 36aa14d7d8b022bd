//! Prints what drivers add to the time of their provider, and what the mock VirtualBox takes for a call, as Markdown
//! tables: `cargo run --release -p machine-tests --bin bench-lives`.

use std::{io::Write, path::PathBuf};

use clap::Parser;
use machine_tests::bench_lives::{Plan, ec2, vbox, vbox_listing};

/// Measures create and remove of our drivers and of Go's, on the same mocks.
#[derive(Debug, Parser)]
struct Arguments {
    /// Executable `docker-machine-driver-ec2`; by default it is built
    #[arg(long, value_name = "PATH")]
    ec2_driver: Option<PathBuf>,

    /// Executable `docker-machine-driver-vbox`; by default it is built
    #[arg(long, value_name = "PATH")]
    vbox_driver: Option<PathBuf>,

    /// Only the tables about VirtualBox
    #[arg(long)]
    skip_ec2: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let plan = Plan { ec2_driver: arguments.ec2_driver, vbox_driver: arguments.vbox_driver };
    let mut out = std::io::stdout();
    if !arguments.skip_ec2 {
        writeln!(out, "{}", ec2(&plan).await?)?;
    }
    writeln!(out, "{}", vbox(&plan).await?)?;
    Ok(out.write_all(vbox_listing().await?.as_bytes())?)
}
