//! What guests of a mock provider need of this machine, before and after.

use machine_mock_providers::guest::{GuestKind, containers_removed};

use super::failure::Failure;

/// Checks that there can be guests of this kind.
pub(super) async fn require(kind: GuestKind) -> Result<(), Failure> {
    let checked = kind.require().await;
    checked.map_err(|error| {
        Failure::environment(format!("--guest container: {error}"))
            .help("without --guest container, guests are simulated and need nothing")
    })
}

/// Waits until nothing of the guests is left; their owner must be gone.
#[expect(
    clippy::print_stderr,
    reason = "the command line's notes go to standard error"
)]
pub(super) async fn end() {
    if let Err(error) = containers_removed().await {
        eprintln!("note: {error}");
    }
}
