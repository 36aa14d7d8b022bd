//! Renamed sources are formatted again: a name of another length or first letter belongs to another place.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

/// Formats the Rust files among `files`, which are relative to `folder`.
///
/// # Errors
/// In words, why they are left as they are: rustfmt is a component that not everybody has.
pub(super) fn sources(folder: &Path, files: &[PathBuf]) -> Result<(), String> {
    let rustfmt = env::var_os("RUSTFMT").unwrap_or_else(|| OsString::from("rustfmt"));
    let sources = files.iter().filter(|file| file.extension().is_some_and(|end| end == "rs"));
    let finished = Command::new(&rustfmt)
        .args(["--edition", "2024", "--quiet"])
        .args(sources)
        .current_dir(folder)
        .output()
        .map_err(|error| format!("{}: {error}", rustfmt.display()))?;
    if finished.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&finished.stderr);
    let first_line = said.lines().next().unwrap_or_default();
    Err(format!("{}: {}: {first_line}", rustfmt.display(), finished.status))
}
