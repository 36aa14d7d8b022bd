//! Calls of VBoxManage that the driver itself would not make.

use machine_driver::{Error, ErrorKind, Result};
use machine_mock_providers::vbox::executable::PROGRAM;
use tokio::process::Command;

/// Calls VBoxManage; what it says does not matter.
pub(super) async fn call(arguments: &[&str]) -> Result<()> {
    let ended = Command::new(PROGRAM).args(arguments).kill_on_drop(true).output().await;
    ended
        .map(drop)
        .map_err(|error| Error::new(ErrorKind::Io, format!("cannot run {PROGRAM}")).with_source(&error))
}
