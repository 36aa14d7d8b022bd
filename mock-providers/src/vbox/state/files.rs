//! Files of the host, as far as machines and media need them.

use std::path::Path;

use super::{ImageInfo, Machine, Medium, MediumKind, NewImage};

/// Why a file operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FileError {
    #[error("there is no such file")]
    NotFound,
    #[error("the file exists already")]
    AlreadyExists,
    #[error("access is denied")]
    Denied,
    #[error("the disk is full")]
    Full,
    #[error("the format of the file is not known")]
    NotSupported,
    #[error("the size is no multiple of a sector")]
    NotAligned,
    #[error("the device failed")]
    Device,
}

impl FileError {
    /// Name in VirtualBox's runtime library.
    pub(crate) fn status(self) -> &'static str {
        match self {
            Self::NotFound => "VERR_FILE_NOT_FOUND",
            Self::AlreadyExists => "VERR_ALREADY_EXISTS",
            Self::Denied => "VERR_ACCESS_DENIED",
            Self::Full => "VERR_DISK_FULL",
            Self::NotSupported => "VERR_NOT_SUPPORTED",
            Self::NotAligned => "VERR_VD_INVALID_SIZE",
            Self::Device => "VERR_DEV_IO_ERROR",
        }
    }
}

/// The host's files. All paths are absolute. Methods block.
pub(crate) trait Files {
    /// Whether there is a file or a directory.
    fn exists(&self, path: &Path) -> bool;

    /// Makes a directory and those above it.
    fn make_directory(&mut self, path: &Path) -> Result<(), FileError>;

    /// Writes a machine's settings file, with the media that the machine uses.
    fn write_settings(&mut self, machine: &Machine, media: &[&Medium]) -> Result<(), FileError>;

    /// Writes or replaces a file, with the directories above it.
    fn write(&mut self, path: &Path, contents: &[u8]) -> Result<(), FileError>;

    /// Adds text to the end of a file.
    fn append(&mut self, path: &Path, text: &str) -> Result<(), FileError>;

    /// Renames a file or a directory; what is at the new place is not replaced.
    fn rename(&mut self, from: &Path, to: &Path) -> Result<(), FileError>;

    /// Removes a file. That there is none is no error.
    fn remove(&mut self, path: &Path) -> Result<(), FileError>;

    /// Removes a directory if it is empty.
    fn remove_empty_directory(&mut self, path: &Path);

    /// Names in a directory; nothing when there is none.
    fn names(&self, directory: &Path) -> Vec<String>;

    /// Length of a file, in bytes.
    fn length(&self, path: &Path) -> Option<u64>;

    /// Reads the head of an image.
    fn probe(&self, path: &Path, kind: MediumKind) -> Result<ImageInfo, FileError>;

    /// Makes an empty image, with the directories above it.
    fn create_image(&mut self, path: &Path, image: &NewImage) -> Result<(), FileError>;

    /// Copies an image into another one.
    fn copy_image(&mut self, from: &Path, to: &Path, image: &NewImage) -> Result<(), FileError>;

    /// Changes the capacity of an image, in bytes, to a larger one.
    fn resize_image(&mut self, path: &Path, capacity: u64) -> Result<(), FileError>;
}
