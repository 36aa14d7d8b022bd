//! The command line: `machine-conformance run | list | explain | spec | new | doctor | report | mock | ...`.
//!
//! Results go to standard output, progress and errors to standard error. Exit codes are those of
//! [`ExitCode`].

mod baseline;
mod doctor;
mod explain;
mod failure;
mod guests;
mod interrupt;
mod list;
mod mock;
mod new;
mod output;
mod reference;
mod report;
mod run;
mod shell;
mod spec;

use std::{io, process};

use clap::{Parser, Subcommand};
use machine_mock_providers::vbox;

pub(crate) use self::{
    failure::Failure,
    run::{Order, RunArguments, run_to_end},
};
use crate::verdict::ExitCode;

/// Conformance suite for machine drivers.
#[derive(Debug, Parser)]
#[command(name = "machine-conformance", version = VERSION, max_term_width = 100, long_about = ABOUT, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (specification v1)");

const ABOUT: &str = "\
Conformance suite for machine drivers: the executables that docker-machine, rancher-machine and others start to \
create and manage hosts. Runs checks that follow from the driver specification against any driver, in any language.";

const EXIT_CODES: &str = "\
Exit codes:
  0  conformant
  1  not conformant
  2  usage or profile
  3  environment: provider, network, missing executable, disk
  4  nothing ran, so nothing can be said
  5  defect of the suite
  130  interrupted";

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the checks against a driver and print a verdict
    ///
    /// The driver is an executable that speaks the plugin protocol. Without --provider only what needs no machine is
    /// checked. A profile (conformance.toml) holds everything that the suite must be told about a driver; options of
    /// the command line come before it.
    Run(Box<RunArguments>),
    /// Show, merge and compare the reports of runs that are over
    #[command(subcommand)]
    Report(report::ReportCommand),
    /// Keep the list of known failures up to date
    #[command(subcommand)]
    Baseline(baseline::BaselineCommand),
    /// List the checks
    List(list::ListArguments),
    /// Explain a check, a clause or a group of clauses
    Explain(explain::ExplainArguments),
    /// Show how much of the specification the checks cover
    Spec(spec::SpecArguments),
    /// Make a repository for a new driver in Rust
    New(new::NewArguments),
    /// Say what works on this machine, and what a run would not test
    Doctor(doctor::DoctorArguments),
    /// Run a mock provider in the foreground, for any client
    #[command(subcommand)]
    Mock(Box<mock::MockCommand>),
    /// Write pages about every clause and every check
    Reference(reference::ReferenceArguments),
    /// Print a script that completes commands in a shell
    Completions(shell::CompletionsArguments),
    /// Print the manual page
    Man(shell::ManArguments),
}

/// Parses the arguments of the process, runs the command, and returns its exit code.
///
/// Started under the name `VBoxManage`, the process is that program of the mock VirtualBox instead.
pub fn main() -> process::ExitCode {
    if let Some(code) = vbox::executable::run_if_invoked() {
        return code;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Standard error may be closed; the exit code says it all.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::USAGE } else { ExitCode::CONFORMANT }.into();
        }
    };
    let outcome = match cli.command {
        Command::Run(arguments) => arguments.execute(),
        Command::Report(command) => command.execute(),
        Command::Baseline(command) => command.execute(),
        Command::List(arguments) => output::to_stdout(|out| arguments.write(crate::checks::all(), out)),
        Command::Explain(arguments) => output::to_stdout(|out| arguments.write(crate::checks::all(), out)),
        Command::Spec(arguments) => output::to_stdout(|out| arguments.write(crate::checks::all(), out)),
        Command::New(arguments) => output::to_stdout(|out| arguments.write(out)),
        Command::Doctor(arguments) => arguments.execute(),
        Command::Mock(command) => command.execute(),
        Command::Reference(arguments) => output::to_stdout(|out| arguments.write(crate::checks::all(), out)),
        Command::Completions(arguments) => output::to_stdout(|out| arguments.write(out)),
        Command::Man(arguments) => output::to_stdout(|out| arguments.write(out)),
    };
    match outcome {
        Ok(code) => code.into(),
        Err(failure) => failure.report(&mut anstream::AutoStream::auto(io::stderr())).into(),
    }
}

/// Columns for running text: those of the terminal as far as the shell tells, within what reads well.
fn terminal_width() -> usize {
    const USUAL: usize = 110;
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.unwrap_or(USUAL).clamp(80, 140)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
