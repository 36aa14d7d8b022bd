//! Disk images and other files of VirtualBox, really written to the host's disk.
//!
//! Images have the right headers, identifiers and maps, so that other programs open them; blocks of zeros take no space.
//! Everything here blocks.

mod boot2docker;
mod host_files;
mod layout;
mod reader;
mod settings_file;
#[cfg(test)]
mod tests;
mod vdi;
mod vhd;
mod vmdk;
mod writer;

use std::io;

pub use boot2docker::boot2docker_disk;
pub(crate) use boot2docker::public_keys;
pub(crate) use host_files::HostFiles;
pub(crate) use writer::ImageWriter;

use super::state::FileError;

/// Bytes of a sector.
pub(crate) const SECTOR: u64 = 512;
/// Largest disk: 16 TiB. Maps of larger ones would not fit into memory.
pub(crate) const MOST: u64 = 16 << 40;

/// What VirtualBox says about an error of the operating system.
pub(super) fn file_error(error: &io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => FileError::NotFound,
        io::ErrorKind::AlreadyExists | io::ErrorKind::IsADirectory => FileError::AlreadyExists,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => FileError::Denied,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => FileError::Full,
        io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => FileError::NotSupported,
        _ => FileError::Device,
    }
}
