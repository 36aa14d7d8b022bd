//! Drivers that are wrong in a way that a script around the template driver can show.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use anyhow::Context;

/// Called by another name than the one that it answers to: breaks NAME-001, a MUST.
pub const MISNAMED: (&str, &str) =
    ("docker-machine-driver-misnamed", "exec \"${0%/*}/docker-machine-driver-template\" \"$@\"");

/// Tells users on the stream for developers what it does: breaks PLUG-011, a SHOULD.
pub const MISTOLD: (&str, &str) = (
    "mistold/docker-machine-driver-template",
    "echo 'level=info msg=\"Starting\"' >&2; exec \"${0%/*}/../docker-machine-driver-template\" \"$@\"",
);

/// Writes a driver that is this script into a furnished folder.
///
/// # Errors
///
/// The file can not be written.
pub fn write(folder: &Path, (name, script): (&str, &str)) -> anyhow::Result<()> {
    let path = folder.join(name);
    // Complete before it has its name: whoever sees it can start it.
    let unfinished = path.with_extension("unfinished");
    fs::create_dir_all(path.parent().unwrap_or(folder))?;
    fs::write(&unfinished, format!("#!/bin/sh\n{script}\n"))
        .with_context(|| format!("writing {}", unfinished.display()))?;
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755))?;
    fs::rename(&unfinished, &path).with_context(|| format!("writing {}", path.display()))
}
