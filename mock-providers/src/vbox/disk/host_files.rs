//! The host's files.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write},
    path::Path,
};

use super::{file_error, reader, reader::ImageReader, settings_file, vmdk, writer::ImageWriter};
use crate::vbox::state::{
    FileError, Files, ImageFormat, ImageInfo, Machine, Medium, MediumKind, NewImage, Variant,
};

/// Least length of an image of a DVD or a floppy, in bytes: a sector of a CD. Contents are not looked at.
const LEAST: u64 = 2048;

/// Files that are really there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HostFiles {
    is_full: bool,
}

impl HostFiles {
    /// Pretends that there is no space left, or no longer.
    pub(crate) fn set_full(&mut self, is_full: bool) {
        self.is_full = is_full;
    }

    fn require_space(self) -> Result<(), FileError> {
        if self.is_full { Err(FileError::Full) } else { Ok(()) }
    }

    /// Begins an image; for contents that come from a client.
    ///
    /// # Errors
    /// As for [`ImageWriter::create`]; `Full` when there is no space left.
    pub(crate) fn begin_image(self, path: &Path, image: &NewImage) -> Result<ImageWriter, FileError> {
        self.require_space()?;
        ImageWriter::create(path, image)
    }
}

fn done(result: io::Result<()>) -> Result<(), FileError> {
    result.map_err(|error| file_error(&error))
}

impl Files for HostFiles {
    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn make_directory(&mut self, path: &Path) -> Result<(), FileError> {
        done(fs::create_dir_all(path))
    }

    fn write_settings(&mut self, machine: &Machine, media: &[&Medium]) -> Result<(), FileError> {
        self.require_space()?;
        let file = &machine.settings_file;
        let (new, previous) = (file.with_extension("vbox-tmp"), file.with_extension("vbox-prev"));
        done(fs::write(&new, settings_file::text(machine, media)))?;
        if file.exists() {
            done(fs::rename(file, previous))?;
        }
        done(fs::rename(new, file))
    }

    fn write(&mut self, path: &Path, contents: &[u8]) -> Result<(), FileError> {
        self.require_space()?;
        if let Some(folder) = path.parent() {
            self.make_directory(folder)?;
        }
        done(fs::write(path, contents))
    }

    fn append(&mut self, path: &Path, text: &str) -> Result<(), FileError> {
        self.require_space()?;
        let file = OpenOptions::new().append(true).open(path);
        done(file.and_then(|mut file| file.write_all(text.as_bytes())))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<(), FileError> {
        if to.exists() {
            return Err(FileError::AlreadyExists);
        }
        done(fs::rename(from, to))
    }

    fn remove(&mut self, path: &Path) -> Result<(), FileError> {
        if path.extension().is_some_and(|it| it == "vmdk") {
            // The data of a flat disk; most disks have none.
            let _ = fs::remove_file(vmdk::flat_file(path));
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => done(result),
        }
    }

    fn remove_empty_directory(&mut self, path: &Path) {
        // What is not empty stays, and so does what is not there.
        let _ = fs::remove_dir(path);
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
    }

    fn length(&self, path: &Path) -> Option<u64> {
        fs::metadata(path).ok().filter(fs::Metadata::is_file).map(|it| it.len())
    }

    fn probe(&self, path: &Path, kind: MediumKind) -> Result<ImageInfo, FileError> {
        if kind == MediumKind::HardDisk {
            return reader::probe(path);
        }
        let data = fs::metadata(path).map_err(|error| file_error(&error))?;
        if !data.is_file() || data.len() < LEAST {
            return Err(FileError::NotSupported);
        }
        Ok(ImageInfo { format: ImageFormat::Raw, variant: Variant::Fixed, id: None, capacity: data.len() })
    }

    fn create_image(&mut self, path: &Path, image: &NewImage) -> Result<(), FileError> {
        if let Some(folder) = path.parent() {
            self.make_directory(folder)?;
        }
        self.begin_image(path, image)?.finish()
    }

    fn copy_image(&mut self, from: &Path, to: &Path, image: &NewImage) -> Result<(), FileError> {
        let mut reader = ImageReader::open(from)?;
        if let Some(folder) = to.parent() {
            self.make_directory(folder)?;
        }
        let mut writer = self.begin_image(to, image)?;
        reader.copy_to(&mut writer)?;
        writer.finish()
    }

    fn resize_image(&mut self, path: &Path, capacity: u64) -> Result<(), FileError> {
        let info = reader::probe(path)?;
        let larger = path.with_extension("resized");
        let image = NewImage {
            format: info.format,
            variant: info.variant,
            id: info.id.unwrap_or_default(),
            parent: None,
            capacity,
        };
        self.copy_image(path, &larger, &image)?;
        done(fs::rename(larger, path))
    }
}
