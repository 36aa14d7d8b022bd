//! What guests of a mock provider need of this machine, before and after.

use clap::ValueEnum;
use machine_mock_providers::guest::{GuestKind, containers_removed};

use super::failure::Failure;

/// What guests are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GuestArgument {
    /// Simulations in this process
    Simulated,
    /// Containers
    Container,
}

impl GuestArgument {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Container => "container",
        }
    }
}

impl From<GuestArgument> for GuestKind {
    fn from(argument: GuestArgument) -> Self {
        match argument {
            GuestArgument::Simulated => Self::Simulated,
            GuestArgument::Container => Self::Container,
        }
    }
}

/// Checks that there can be guests of this kind.
pub(super) async fn require(kind: GuestKind) -> Result<(), Failure> {
    let checked = kind.require().await;
    checked.map_err(|error| {
        Failure::environment(format!("--guest container: {error}"))
            .help("without --guest container, guests are simulated and need nothing")
    })
}

/// Waits until nothing of the guests is left; their owner must be gone.
#[expect(clippy::print_stderr, reason = "the command line's notes go to standard error")]
pub(super) async fn end() {
    if let Err(error) = containers_removed().await {
        eprintln!("note: {error}");
    }
}
