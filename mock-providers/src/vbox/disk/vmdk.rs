//! VMware disks: sparse ones in one file, and flat ones with a descriptor beside the data.

use std::path::{Path, PathBuf};

use super::{
    SECTOR,
    layout::{BlockMap, Layout, Piece, Written, align, geometry, put, u32_le, u64_le},
    reader::Head,
};
use crate::vbox::state::{FileError, ImageFormat, ImageInfo, NewImage, Uuid, Variant};

const MAGIC: &[u8] = b"KDMV";
const DESCRIPTOR_START: &[u8] = b"# Disk DescriptorFile";
/// Bytes of a grain.
const GRAIN: u64 = 128 * SECTOR;
/// Grains of a table.
const TABLE: u64 = 512;
const TABLE_BYTES: u64 = TABLE * 4;
/// Sectors kept for the descriptor.
const DESCRIPTOR_SECTORS: u64 = 20;
const DESCRIPTOR_AT: u64 = SECTOR;

/// Where the directories and tables are. There are two sets of the same.
#[derive(Clone, Copy, Debug)]
struct Tables {
    count: u64,
    /// Bytes of a directory.
    directory: u64,
    first: u64,
    second: u64,
    end: u64,
}

fn tables(capacity: u64) -> Tables {
    let count = capacity.div_ceil(GRAIN).div_ceil(TABLE);
    let directory = align(count * 4, SECTOR);
    let first = DESCRIPTOR_AT + DESCRIPTOR_SECTORS * SECTOR;
    let second = first + directory + count * TABLE_BYTES;
    Tables { count, directory, first, second, end: second + directory + count * TABLE_BYTES }
}

pub(super) fn layout(image: &NewImage) -> Layout {
    Layout {
        block: GRAIN,
        prefix: 0,
        data: match image.variant {
            Variant::Fixed => 0,
            Variant::Standard | Variant::Differencing => align(tables(image.capacity).end, GRAIN),
        },
    }
}

/// File with the data of a flat disk.
pub(super) fn flat_file(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!("{stem}-flat.vmdk"))
}

/// Descriptor of a flat disk, which is a file of its own.
pub(super) fn flat_descriptor(image: &NewImage, path: &Path) -> String {
    let flat = flat_file(path);
    let name = flat.file_name().unwrap_or_default().to_string_lossy();
    descriptor(image, "monolithicFlat", "FLAT", &format!("\"{name}\" 0"))
}

fn descriptor(image: &NewImage, kind: &str, extent: &str, file: &str) -> String {
    let sectors = image.capacity / SECTOR;
    let (cylinders, heads, per_track) = geometry(image.capacity);
    let parent = image.parent.unwrap_or_default();
    let parent_id = if image.parent.is_some() { "fffffffe" } else { "ffffffff" };
    let (id, change) = (image.id, Uuid::random());
    format!(
        "# Disk DescriptorFile\nversion=1\nCID={:08x}\nparentCID={parent_id}\ncreateType=\"{kind}\"\n\n\
         # Extent description\nRW {sectors} {extent} {file}\n\n\
         # The disk Data Base \n#DDB\n\nddb.virtualHWVersion = \"4\"\nddb.adapterType=\"ide\"\n\
         ddb.geometry.cylinders=\"{cylinders}\"\nddb.geometry.heads=\"{heads}\"\nddb.geometry.sectors=\"{per_track}\"\n\
         ddb.uuid.image=\"{id}\"\nddb.uuid.parent=\"{parent}\"\nddb.uuid.modification=\"{change}\"\n\
         ddb.uuid.parentmodification=\"{}\"\nddb.comment=\"\"\n",
        u32_le(&id.to_disk(), 0),
        Uuid::default(),
    )
}

pub(super) fn metadata(written: &Written<'_>) -> Vec<Piece> {
    let image = written.image;
    let tables = tables(image.capacity);
    let mut header = vec![0; SECTOR as usize];
    put(&mut header, 0, MAGIC);
    put(&mut header, 4, &1_u32.to_le_bytes());
    // The characters for line ends are valid, and there is a second set of tables.
    put(&mut header, 8, &3_u32.to_le_bytes());
    let mut number = |at: usize, number: u64| put(&mut header, at, &number.to_le_bytes());
    number(12, image.capacity / SECTOR);
    number(20, GRAIN / SECTOR);
    number(28, DESCRIPTOR_AT / SECTOR);
    number(36, DESCRIPTOR_SECTORS);
    number(48, tables.first / SECTOR);
    number(56, tables.second / SECTOR);
    number(64, written.layout.data / SECTOR);
    put(&mut header, 44, &(TABLE as u32).to_le_bytes());
    put(&mut header, 73, b"\n \r\n");
    let name = format!("\"{}\"", written.file_name);
    let mut text = descriptor(image, "monolithicSparse", "SPARSE", &name).into_bytes();
    text.truncate((DESCRIPTOR_SECTORS * SECTOR) as usize);
    let mut pieces = vec![(0, header), (DESCRIPTOR_AT, text)];
    for start in [tables.first, tables.second] {
        let table_at = |table: u64| start + tables.directory + table * TABLE_BYTES;
        let directory = (0..tables.count).flat_map(|table| sector(table_at(table)).to_le_bytes());
        pieces.push((start, directory.collect()));
        for (grain, offset) in written.map {
            let entry = table_at(grain / TABLE) + grain % TABLE * 4;
            pieces.push((entry, sector(*offset).to_le_bytes().to_vec()));
        }
    }
    pieces
}

/// Number of the sector at an offset; the format has no more than 32 bits for it.
fn sector(offset: u64) -> u32 {
    u32::try_from(offset / SECTOR).unwrap_or(u32::MAX)
}

pub(super) fn is_vmdk(start: &[u8]) -> bool {
    start.starts_with(MAGIC) || start.starts_with(DESCRIPTOR_START)
}

/// Reads a header and the descriptor behind it, or a descriptor alone.
pub(super) fn head(start: &[u8]) -> Result<Head, FileError> {
    let is_sparse = start.starts_with(MAGIC);
    let text = match is_sparse {
        true => start.get(u64_le(start, 28).saturating_mul(SECTOR) as usize..),
        false => Some(start),
    };
    let text = String::from_utf8_lossy(text.unwrap_or_default());
    let text = text.split('\0').next().unwrap_or_default();
    let id = value(text, "ddb.uuid.image").and_then(|id| id.parse().ok());
    if is_sparse {
        let is_compressed = u32_le(start, 8) & 0x1_0000 != 0;
        let is_usual =
            u64_le(start, 20).saturating_mul(SECTOR) == GRAIN && u64::from(u32_le(start, 44)) == TABLE;
        if is_compressed || !is_usual {
            return Err(FileError::NotSupported);
        }
        let capacity = u64_le(start, 12).saturating_mul(SECTOR);
        let is_differencing = value(text, "parentCID").is_some_and(|parent| parent != "ffffffff");
        return Ok(Head {
            info: ImageInfo {
                format: ImageFormat::Vmdk,
                variant: if is_differencing { Variant::Differencing } else { Variant::Standard },
                id,
                capacity,
            },
            block: GRAIN,
            map_at: u64_le(start, 56).saturating_mul(SECTOR),
            map_length: capacity.div_ceil(GRAIN).div_ceil(TABLE) * 4,
            data_at: 0,
        });
    }
    let extent = text.lines().find(|line| line.starts_with("RW ") && line.contains(" FLAT "));
    let sectors = extent.and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok());
    let sectors = sectors.ok_or(FileError::NotSupported)?;
    Ok(Head {
        info: ImageInfo {
            format: ImageFormat::Vmdk,
            variant: Variant::Fixed,
            id,
            capacity: sectors.saturating_mul(SECTOR),
        },
        block: GRAIN,
        map_at: 0,
        map_length: 0,
        data_at: 0,
    })
}

/// A value in a descriptor, without its quotes.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let (_, value) = lines.find(|(name, _)| name.trim() == key)?;
    Some(value.trim().trim_matches('"'))
}

/// Offsets of the tables, from a directory.
pub(super) fn table_offsets(directory: &[u8]) -> Vec<u64> {
    let entries = directory.chunks_exact(4).map(|entry| u32_le(entry, 0));
    entries.map(|entry| u64::from(entry) * SECTOR).collect()
}

/// Adds the grains of a table to a map.
pub(super) fn read_table(map: &mut BlockMap, table: u64, bytes: &[u8]) {
    let entries = bytes.chunks_exact(4).map(|entry| u32_le(entry, 0)).zip(0_u64..);
    // 1 is a grain of zeros.
    for (entry, grain) in entries.filter(|(entry, _)| *entry > 1) {
        map.insert(table * TABLE + grain, u64::from(entry) * SECTOR);
    }
}

/// Bytes of a table.
pub(super) const TABLE_LENGTH: usize = TABLE_BYTES as usize;
