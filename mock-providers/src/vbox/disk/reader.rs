//! Reading images.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::Path,
};

use super::{MOST, SECTOR, file_error, layout::BlockMap, vdi, vhd, vmdk, writer::ImageWriter};
use crate::vbox::state::{FileError, ImageFormat, ImageInfo, Variant};

/// Bytes at the start of a file that are looked at: header and descriptor of every format.
const START: u64 = 16 << 10;

/// What a header says.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) info: ImageInfo,
    /// Bytes of a block.
    pub(super) block: u64,
    /// Where the map, or the directory of the maps, begins.
    pub(super) map_at: u64,
    pub(super) map_length: u64,
    /// Where blocks are counted from.
    pub(super) data_at: u64,
}

/// An image that is read.
#[derive(Debug)]
pub(crate) struct ImageReader {
    info: ImageInfo,
    file: File,
    block: u64,
    /// None when all blocks are in the file, one after the other.
    map: Option<BlockMap>,
}

/// Reads the head of an image of a hard disk.
///
/// # Errors
/// `NotSupported` for a file that is none of the known formats; what the operating system says.
pub(super) fn probe(path: &Path) -> Result<ImageInfo, FileError> {
    let mut file = File::open(path).map_err(|error| file_error(&error))?;
    head(&mut file).map(|head| head.info)
}

fn head(file: &mut File) -> Result<Head, FileError> {
    let start = read(file, 0, START).map_err(|error| file_error(&error))?;
    let head = if vdi::is_vdi(&start) {
        vdi::head(&start)?
    } else if vmdk::is_vmdk(&start) {
        vmdk::head(&start)?
    } else if vhd::is_vhd(&start) {
        vhd::head(&start, &start)?
    } else {
        let length = file.metadata().map_err(|error| file_error(&error))?.len();
        let at = length.checked_sub(SECTOR).ok_or(FileError::NotSupported)?;
        let footer = read(file, at, SECTOR).map_err(|error| file_error(&error))?;
        if !vhd::is_vhd(&footer) {
            return Err(FileError::NotSupported);
        }
        vhd::head(&footer, &start)?
    };
    match head.info.capacity {
        1..=MOST => Ok(head),
        _ => Err(FileError::NotSupported),
    }
}

/// As many bytes from a place on as there are.
fn read(file: &mut File, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at))?;
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

impl ImageReader {
    /// Opens an image of a hard disk.
    ///
    /// # Errors
    /// `NotSupported` for a file that is none of the known formats; what the operating system says.
    pub(crate) fn open(path: &Path) -> Result<Self, FileError> {
        let mut file = File::open(path).map_err(|error| file_error(&error))?;
        let head = head(&mut file)?;
        let fail = |error: io::Error| file_error(&error);
        let bytes = read(&mut file, head.map_at, head.map_length).map_err(fail)?;
        let is_fixed = head.info.variant == Variant::Fixed;
        let map = match head.info.format {
            ImageFormat::Vdi => Some(vdi::map(&head, &bytes)),
            ImageFormat::Vhd => (!is_fixed).then(|| vhd::map(&bytes)),
            ImageFormat::Vmdk if is_fixed => {
                file = File::open(vmdk::flat_file(path)).map_err(fail)?;
                None
            }
            ImageFormat::Vmdk => {
                let mut map = BlockMap::new();
                for (table, offset) in (0_u64..).zip(vmdk::table_offsets(&bytes)) {
                    let entries = read(&mut file, offset, vmdk::TABLE_LENGTH as u64).map_err(fail)?;
                    vmdk::read_table(&mut map, table, &entries);
                }
                Some(map)
            }
            ImageFormat::Raw => return Err(FileError::NotSupported),
        };
        Ok(Self { info: head.info, file, block: head.block, map })
    }

    /// What the header says.
    pub(crate) fn info(&self) -> &ImageInfo {
        &self.info
    }

    /// Reads a part of the disk; what was never written is zero.
    ///
    /// # Errors
    /// What the operating system says.
    pub(crate) fn read_at(&mut self, offset: u64, length: usize) -> Result<Vec<u8>, FileError> {
        let mut bytes = vec![0; length];
        let mut done = 0;
        while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset + done as u64;
            let (block, within) = (at / self.block, at % self.block);
            let room = usize::try_from(self.block - within).unwrap_or(usize::MAX);
            let piece = room.min(rest.len());
            let start = match &self.map {
                Some(map) => map.get(&block).copied(),
                None => Some(block * self.block),
            };
            if let Some(start) = start {
                let found = read(&mut self.file, start + within, piece as u64);
                let found = found.map_err(|error| file_error(&error))?;
                rest[..found.len()].copy_from_slice(&found);
            }
            done += piece;
        }
        Ok(bytes)
    }

    /// Writes everything that is not zero into another image.
    ///
    /// # Errors
    /// What the operating system says.
    pub(super) fn copy_to(&mut self, writer: &mut ImageWriter) -> Result<(), FileError> {
        let mut next = 0;
        while let Some(block) = self.next_block(next) {
            let at = block * self.block;
            let length = self.block.min(self.info.capacity - at);
            let bytes = self.read_at(at, usize::try_from(length).unwrap_or(usize::MAX))?;
            writer.write_at(at, &bytes)?;
            next = block + 1;
        }
        Ok(())
    }

    /// The first block from a number on in which something may have been written.
    fn next_block(&self, from: u64) -> Option<u64> {
        let blocks = self.info.capacity.div_ceil(self.block);
        let block = match &self.map {
            Some(map) => *map.range(from..).next()?.0,
            None => from,
        };
        (block < blocks).then_some(block)
    }
}
