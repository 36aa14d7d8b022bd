//! What `VBoxManage` prints.

mod adapters;
pub(super) mod details;
mod drives;
pub(super) mod failure;
pub(super) mod media;
pub(super) mod networks;
pub(super) mod os_types;
mod page;
pub(super) mod settings;
pub(super) mod snapshots;
pub(super) mod usage;

pub(super) use page::Format;

/// A bar of an operation that succeeded.
pub(super) const PROGRESS: &str = "0%...10%...20%...30%...40%...50%...60%...70%...80%...90%...100%\n";

/// A bar that a failure cuts off, with the result code.
pub(super) fn cut_progress(code: &str) -> String {
    format!("0%...{code}\n")
}
