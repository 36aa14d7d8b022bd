//! Disks, DVDs and floppies that are known.

use std::path::{Path, PathBuf};

use super::Uuid;

/// Kinds of media.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum MediumKind {
    HardDisk,
    Dvd,
    Floppy,
}

impl MediumKind {
    /// The words in messages.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Self::HardDisk => "hard disk",
            Self::Dvd => "CD/DVD image",
            Self::Floppy => "floppy image",
        }
    }
}

/// Format of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ImageFormat {
    Vdi,
    Vmdk,
    Vhd,
    /// DVDs and floppies.
    Raw,
}

impl ImageFormat {
    /// Reads a name, in any case.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let all = [Self::Vdi, Self::Vmdk, Self::Vhd, Self::Raw];
        all.into_iter().find(|it| it.name().eq_ignore_ascii_case(name))
    }

    /// For example `VMDK`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Vdi => "VDI",
            Self::Vmdk => "VMDK",
            Self::Vhd => "VHD",
            Self::Raw => "RAW",
        }
    }

    /// How file names of this format end.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Vdi => "vdi",
            Self::Vmdk => "vmdk",
            Self::Vhd => "vhd",
            Self::Raw => "img",
        }
    }
}

/// Whether an image grows with what is written to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Variant {
    /// Grows.
    #[default]
    Standard,
    /// All space is taken at once.
    Fixed,
    /// Holds only what differs from its parent.
    Differencing,
}

/// What the head of an image says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ImageInfo {
    pub(crate) format: ImageFormat,
    pub(crate) variant: Variant,
    /// None for formats without ids.
    pub(crate) id: Option<Uuid>,
    /// In bytes.
    pub(crate) capacity: u64,
}

/// What an image is made with.
#[derive(Clone, Debug)]
pub(crate) struct NewImage {
    pub(crate) format: ImageFormat,
    pub(crate) variant: Variant,
    pub(crate) id: Uuid,
    /// Of a differencing image.
    pub(crate) parent: Option<Uuid>,
    /// In bytes.
    pub(crate) capacity: u64,
}

/// A medium that VirtualBox knows.
#[derive(Clone, Debug)]
pub(crate) struct Medium {
    pub(crate) id: Uuid,
    pub(crate) kind: MediumKind,
    pub(crate) location: PathBuf,
    pub(crate) format: ImageFormat,
    pub(crate) variant: Variant,
    /// In bytes.
    pub(crate) capacity: u64,
    pub(crate) parent: Option<Uuid>,
    /// `normal`, `immutable`, `writethrough`, ...; what differs from a parent is always `normal`.
    pub(crate) disk_type: &'static str,
    /// Why the file could not be read when it was last looked at.
    pub(crate) access_error: Option<String>,
}

impl Medium {
    pub(super) fn new(id: Uuid, kind: MediumKind, location: &Path, image: &ImageInfo) -> Self {
        Self {
            id,
            kind,
            location: location.to_owned(),
            format: image.format,
            variant: image.variant,
            capacity: image.capacity,
            parent: None,
            disk_type: "normal",
            access_error: None,
        }
    }
}
