//! Why a command could not do its work, and the exit code for it.

use std::io::{self, Write};

use owo_colors::OwoColorize;

use crate::{
    profile::{LoadError, ProfileError},
    report::{MergeError, OpenError, ReadError},
    selection::SelectionError,
    spec::CoverageError,
    verdict::ExitCode,
};

/// A message for standard error with its exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    message: String,
    help: Vec<String>,
}

impl Failure {
    /// The command line or the profile is wrong.
    pub(super) fn usage(message: impl Into<String>) -> Self {
        Self { code: ExitCode::USAGE, message: message.into(), help: Vec::new() }
    }

    /// There is nothing to run, so nothing can be said.
    pub(super) fn nothing_to_run(message: impl Into<String>) -> Self {
        Self { code: ExitCode::NOTHING_RAN, message: message.into(), help: Vec::new() }
    }

    /// The environment is at fault.
    pub(crate) fn environment(message: impl Into<String>) -> Self {
        Self { code: ExitCode::ENVIRONMENT, message: message.into(), help: Vec::new() }
    }

    /// The suite is at fault.
    pub(super) fn suite(message: impl Into<String>) -> Self {
        Self { code: ExitCode::SUITE_DEFECT, message: message.into(), help: Vec::new() }
    }

    /// Adds what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Writes the message, and returns the exit code.
    pub(crate) fn report(&self, writer: &mut impl Write) -> u8 {
        // A closed standard error leaves the exit code to say it.
        let _ = self.write(writer);
        self.code
    }

    fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        writeln!(writer, "{} {}", "error:".red().bold(), self.message)?;
        for help in &self.help {
            writeln!(writer, "  {} {help}", "help:".bold())?;
        }
        writer.flush()
    }
}

impl From<SelectionError> for Failure {
    fn from(error: SelectionError) -> Self {
        let help = match &error {
            SelectionError::Malformed { .. } => {
                "patterns are globs: * and ? stand for any characters, [ab] for one of a few"
            }
            SelectionError::NoMatch { .. } => {
                "patterns match check ids (remove::*), groups (remove) and clauses (RM-008); `machine-conformance list` prints them"
            }
            SelectionError::Nothing | SelectionError::EmptyPart(_) => {
                "`machine-conformance list` takes the same options and shows what they select"
            }
        };
        Self::usage(error.to_string()).help(help)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<ProfileError> for Failure {
    fn from(error: ProfileError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::usage(error.to_string())
            .help("a report is what `machine-conformance run --report json=PATH` or events=PATH writes")
    }
}

impl From<MergeError> for Failure {
    fn from(error: MergeError) -> Self {
        Self::usage(error.to_string())
    }
}

impl From<CoverageError> for Failure {
    fn from(error: CoverageError) -> Self {
        Self::suite(error.to_string())
    }
}
