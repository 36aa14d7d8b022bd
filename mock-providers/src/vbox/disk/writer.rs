//! Writing images.

use std::{
    fs::{File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use super::{
    MOST, SECTOR, file_error,
    layout::{BlockMap, Layout, Written},
    vdi, vhd, vmdk,
};
use crate::vbox::state::{FileError, ImageFormat, NewImage, Variant};

/// An image in the making. Unless it is finished, its files are removed when it is dropped.
#[derive(Debug)]
pub(crate) struct ImageWriter {
    image: NewImage,
    path: PathBuf,
    /// Where the data is, if that is another file.
    data_path: Option<PathBuf>,
    file: File,
    layout: Layout,
    map: BlockMap,
    end: u64,
    is_finished: bool,
}

impl ImageWriter {
    /// Begins an image in a file that does not exist yet, in a directory that does.
    ///
    /// # Errors
    /// `NotAligned` for a capacity that is no multiple of 512; `NotSupported` for one of 0 or of more than 16 TiB;
    /// `AlreadyExists`; what the operating system says.
    pub(crate) fn create(path: &Path, image: &NewImage) -> Result<Self, FileError> {
        if !image.capacity.is_multiple_of(SECTOR) {
            return Err(FileError::NotAligned);
        }
        if image.capacity == 0 || image.capacity > MOST {
            return Err(FileError::NotSupported);
        }
        let layout = match image.format {
            ImageFormat::Vdi => vdi::layout(image.capacity),
            ImageFormat::Vhd => vhd::layout(image),
            ImageFormat::Vmdk => vmdk::layout(image),
            ImageFormat::Raw => Layout { block: 1 << 20, prefix: 0, data: 0 },
        };
        let is_flat = image.format == ImageFormat::Vmdk && image.variant == Variant::Fixed;
        let data_path = is_flat.then(|| vmdk::flat_file(path));
        let create = |path: &Path| OpenOptions::new().write(true).create_new(true).open(path);
        let file = create(path).map_err(|error| file_error(&error))?;
        let file = match &data_path {
            None => file,
            Some(data) => create(data).map_err(|error| {
                // Nothing of a failed attempt stays; that it cannot be removed would be the same problem.
                let _ = std::fs::remove_file(path);
                file_error(&error)
            })?,
        };
        let mut writer = Self {
            image: image.clone(),
            path: path.to_owned(),
            data_path,
            file,
            layout,
            map: BlockMap::new(),
            end: layout.data,
            is_finished: false,
        };
        if writer.has_all_blocks() {
            let blocks = image.capacity.div_ceil(layout.block);
            writer.end = layout.data + blocks * layout.block;
            let length = match image.format {
                ImageFormat::Vdi => writer.end,
                _ => image.capacity,
            };
            // The file system keeps it as a hole.
            writer.file.set_len(length).map_err(|error| file_error(&error))?;
        }
        Ok(writer)
    }

    /// Whether all blocks are in the file, one after the other.
    fn has_all_blocks(&self) -> bool {
        self.image.variant == Variant::Fixed || self.image.format == ImageFormat::Raw
    }

    /// Writes a part of the disk. Blocks that have only zeros take no space; what is behind the end of the disk is
    /// left out.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), FileError> {
        let room = usize::try_from(self.image.capacity.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut rest = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        let mut at = offset;
        while !rest.is_empty() {
            let (block, within) = (at / self.layout.block, at % self.layout.block);
            let length = usize::try_from(self.layout.block - within).unwrap_or(usize::MAX);
            let (piece, behind) = rest.split_at(length.min(rest.len()));
            self.write_piece(block, within, piece).map_err(|error| file_error(&error))?;
            at += piece.len() as u64;
            rest = behind;
        }
        Ok(())
    }

    fn write_piece(&mut self, block: u64, within: u64, piece: &[u8]) -> io::Result<()> {
        let known = self.map.get(&block).copied();
        let start = match known {
            Some(start) => start,
            None if self.has_all_blocks() => self.layout.data + block * self.layout.block,
            None if piece.iter().all(|byte| *byte == 0) => return Ok(()),
            None => {
                let start = self.end + self.layout.prefix;
                self.end = start + self.layout.block;
                self.map.insert(block, start);
                self.file.set_len(self.end)?;
                start
            }
        };
        self.file.seek(SeekFrom::Start(start + within))?;
        self.file.write_all(piece)
    }

    /// Writes headers and maps; the image can be used then.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn finish(mut self) -> Result<(), FileError> {
        self.write_metadata().map_err(|error| file_error(&error))?;
        self.is_finished = true;
        Ok(())
    }

    fn write_metadata(&mut self) -> io::Result<()> {
        if self.data_path.is_some() {
            return std::fs::write(&self.path, vmdk::flat_descriptor(&self.image, &self.path));
        }
        let file_name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let written = Written {
            image: &self.image,
            layout: self.layout,
            map: &self.map,
            end: self.end,
            file_name: &file_name,
        };
        let pieces = match self.image.format {
            ImageFormat::Vdi => vdi::metadata(&written),
            ImageFormat::Vhd => vhd::metadata(&written),
            ImageFormat::Vmdk => vmdk::metadata(&written),
            ImageFormat::Raw => Vec::new(),
        };
        for (offset, bytes) in pieces {
            self.file.seek(SeekFrom::Start(offset))?;
            self.file.write_all(&bytes)?;
        }
        let length = self.file.metadata()?.len();
        // Whole blocks, also where nothing has been written.
        self.file.set_len(length.max(self.layout.data))
    }
}

impl Drop for ImageWriter {
    fn drop(&mut self) {
        if !self.is_finished {
            for path in self.data_path.iter().chain([&self.path]) {
                // It may have been removed by somebody else.
                let _ = std::fs::remove_file(path);
            }
        }
    }
}
