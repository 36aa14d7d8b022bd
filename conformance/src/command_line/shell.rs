//! `machine-conformance completions` and `machine-conformance man`: what shells and `man` want to know.

use std::{fs, io::Write, path::PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, failure::Failure, output::Stopped};

/// A script for a shell that completes commands and options.
#[derive(Args, Debug)]
#[command(after_help = "\
Example:
  machine-conformance completions bash > ~/.local/share/bash-completion/completions/machine-conformance")]
pub(super) struct CompletionsArguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl CompletionsArguments {
    pub(super) fn write(&self, out: &mut dyn Write) -> Result<(), Stopped> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "machine-conformance", &mut script);
        Ok(out.write_all(&script)?)
    }
}

/// Manual pages, for `man`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  machine-conformance man | man -l -
  machine-conformance man --out ~/.local/share/man/man1")]
pub(super) struct ManArguments {
    /// Write one page for each command into this folder, instead of the main one to standard output
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

impl ManArguments {
    pub(super) fn write(&self, out: &mut dyn Write) -> Result<(), Stopped> {
        match &self.out {
            None => Ok(clap_mangen::Man::new(Cli::command()).render(out)?),
            Some(folder) => {
                let written = fs::create_dir_all(folder)
                    .and_then(|()| clap_mangen::generate_to(Cli::command(), folder));
                written.map_err(|error| {
                    Failure::environment(format!(
                        "cannot write manual pages to {}: {error}",
                        folder.display()
                    ))
                })?;
                Ok(writeln!(out, "wrote manual pages to {}", folder.display())?)
            }
        }
    }
}
