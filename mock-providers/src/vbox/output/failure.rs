//! Why a call fails, and how it says so.

use std::fmt::Write as _;

use super::usage::{self, Usage};
use crate::vbox::state::VBoxError;

/// What a call that fails prints last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::vbox) enum Failure {
    /// An object refused.
    Com(Box<VBoxError>),
    /// One or more lines of VBoxManage's own.
    Plain {
        /// Exit code.
        exit: u8,
        /// Text without `VBoxManage: error: `.
        text: String,
    },
    /// Wrong arguments.
    Syntax {
        /// Exit code.
        exit: u8,
        /// Usage text that follows.
        usage: Usage,
        /// What is wrong.
        text: String,
        /// Whether an empty line stands between the two.
        is_apart: bool,
    },
    /// Everything has been printed.
    Printed {
        /// Exit code.
        exit: u8,
    },
}

impl From<VBoxError> for Failure {
    fn from(error: VBoxError) -> Self {
        Self::Com(Box::new(error))
    }
}

impl Failure {
    /// A line of VBoxManage's own, exit code 1.
    pub(in crate::vbox) fn plain(text: impl Into<String>) -> Self {
        Self::Plain { exit: 1, text: text.into() }
    }

    /// Wrong arguments, exit code 2.
    pub(in crate::vbox) fn syntax(usage: Usage, text: impl Into<String>) -> Self {
        Self::Syntax { exit: 2, usage, text: text.into(), is_apart: true }
    }

    pub(in crate::vbox) fn exit(&self) -> u8 {
        match self {
            Self::Com(_) => 1,
            Self::Plain { exit, .. } | Self::Syntax { exit, .. } | Self::Printed { exit } => *exit,
        }
    }

    /// What it prints on standard error.
    pub(in crate::vbox) fn text(&self) -> String {
        match self {
            Self::Com(error) => lines(error, "error"),
            Self::Plain { text, .. } => prefixed("error", text),
            Self::Syntax { usage, text, is_apart, .. } => usage::error(*usage, text, *is_apart),
            Self::Printed { .. } => String::new(),
        }
    }
}

/// The lines about an error of an object.
pub(in crate::vbox) fn lines(error: &VBoxError, level: &str) -> String {
    let (name, number) = (error.code.name(), error.code.number());
    let mut text = match &error.message {
        None => prefixed(
            level,
            &format!(
                "Code {name} (0x{number:08X}) - {} (extended info not available)",
                error.code.description()
            ),
        ),
        Some(message) => {
            let callee = if error.callee { ", callee nsISupports" } else { "" };
            let (class, interface) = (error.component.class, error.component.interface);
            let details = format!(
                "Details: code {name} (0x{number:08x}), component {class}, interface {interface}{callee}"
            );
            prefixed(level, message) + &prefixed(level, &details)
        }
    };
    if let Some((call, line, file)) = error.context {
        let _ = writeln!(text, "VBoxManage: {level}: Context: \"{call}\" at line {line} of file {file}");
    }
    text
}

/// Lines, each with the program's name and a level.
pub(in crate::vbox) fn prefixed(level: &str, text: &str) -> String {
    text.lines().map(|line| format!("VBoxManage: {level}: {line}\n")).collect()
}
