use std::{
    fs,
    io::{ErrorKind as IoErrorKind, Write},
    path::Path,
};

use rand::RngExt;

use crate::error::{Error, ErrorKind, Result};

/// Writes a file that only its owner may read, replacing any older one as a whole (SSH-002, SEC-002).
///
/// It has mode 0600 from its first moment, and a reader sees all of it or none. Missing folders are made with mode
/// 0700 (BASE-006).
pub(crate) fn write(path: &Path, contents: &[u8]) -> Result<()> {
    replace(path, contents).map_err(|error| {
        Error::new(ErrorKind::Io, format!("cannot write {}", path.display())).with_source(&error)
    })
}

fn replace(path: &Path, contents: &[u8]) -> std::io::Result<()> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(std::io::Error::new(IoErrorKind::InvalidInput, "the path names no file"));
    };
    make_folders(folder)?;
    let mut draft_name = std::ffi::OsString::from(".");
    draft_name.push(name);
    draft_name.push(format!(".{:016x}", rand::rng().random::<u64>()));
    let draft = folder.join(draft_name);
    let written = write_draft(&draft, contents).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // The first error is the one that matters.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn write_draft(draft: &Path, contents: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(draft)?;
    file.write_all(contents)?;
    file.sync_all()
}

fn make_folders(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
