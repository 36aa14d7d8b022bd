//! Virtual Hard Disks.

use super::{
    SECTOR,
    layout::{BlockMap, Layout, Piece, Written, align, array, geometry, put, u32_be, u64_be},
    reader::Head,
};
use crate::vbox::state::{FileError, ImageFormat, ImageInfo, NewImage, Uuid, Variant};

const BLOCK: u64 = 2 << 20;
/// Where the map begins, behind a copy of the footer and the header.
const MAP: u64 = 3 * SECTOR;
const UNALLOCATED: u32 = u32::MAX;

pub(super) fn layout(image: &NewImage) -> Layout {
    match image.variant {
        Variant::Fixed => Layout { block: BLOCK, prefix: 0, data: 0 },
        Variant::Standard | Variant::Differencing => Layout {
            block: BLOCK,
            // Which sectors are in use: a bit for each.
            prefix: SECTOR,
            data: align(MAP + image.capacity.div_ceil(BLOCK) * 4, SECTOR),
        },
    }
}

pub(super) fn metadata(written: &Written<'_>) -> Vec<Piece> {
    let footer = footer(written.image);
    if written.image.variant == Variant::Fixed {
        return vec![(written.image.capacity, footer)];
    }
    let blocks = written.image.capacity.div_ceil(BLOCK);
    let place = |block: u64| {
        let offset = written.map.get(&block)?;
        u32::try_from((offset - written.layout.prefix) / SECTOR).ok()
    };
    let map: Vec<u8> =
        (0..blocks).flat_map(|block| place(block).unwrap_or(UNALLOCATED).to_be_bytes()).collect();
    let mut pieces =
        vec![(0, footer.clone()), (SECTOR, header(written.image, blocks)), (MAP, map), (written.end, footer)];
    let bitmap = vec![0xff; written.layout.prefix as usize];
    let offsets = written.map.values().map(|offset| offset - written.layout.prefix);
    pieces.extend(offsets.map(|offset| (offset, bitmap.clone())));
    pieces
}

fn footer(image: &NewImage) -> Vec<u8> {
    let mut footer = vec![0; 512];
    let (cylinders, heads, sectors) = geometry(image.capacity);
    put(&mut footer, 0, b"conectix");
    put(&mut footer, 8, &2_u32.to_be_bytes());
    put(&mut footer, 12, &0x0001_0000_u32.to_be_bytes());
    let (kind, header_at) = match image.variant {
        Variant::Fixed => (2_u32, u64::MAX),
        Variant::Standard => (3, SECTOR),
        Variant::Differencing => (4, SECTOR),
    };
    put(&mut footer, 16, &header_at.to_be_bytes());
    put(&mut footer, 28, b"vbox");
    put(&mut footer, 32, &0x0007_0002_u32.to_be_bytes());
    put(&mut footer, 36, b"Wi2k");
    put(&mut footer, 40, &image.capacity.to_be_bytes());
    put(&mut footer, 48, &image.capacity.to_be_bytes());
    put(&mut footer, 56, &(cylinders as u16).to_be_bytes());
    put(&mut footer, 58, &[heads as u8, sectors as u8]);
    put(&mut footer, 60, &kind.to_be_bytes());
    put(&mut footer, 68, &image.id.to_bytes());
    let sum = checksum(&footer);
    put(&mut footer, 64, &sum.to_be_bytes());
    footer
}

fn header(image: &NewImage, blocks: u64) -> Vec<u8> {
    let mut header = vec![0; 1024];
    put(&mut header, 0, b"cxsparse");
    put(&mut header, 8, &u64::MAX.to_be_bytes());
    put(&mut header, 16, &MAP.to_be_bytes());
    put(&mut header, 24, &0x0001_0000_u32.to_be_bytes());
    put(&mut header, 28, &u32::try_from(blocks).unwrap_or(u32::MAX).to_be_bytes());
    put(&mut header, 32, &(BLOCK as u32).to_be_bytes());
    if let Some(parent) = image.parent {
        put(&mut header, 40, &parent.to_bytes());
    }
    let sum = checksum(&header);
    put(&mut header, 36, &sum.to_be_bytes());
    header
}

/// The complement of the sum of all bytes, with the field of the sum still zero.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().map(|byte| u32::from(*byte)).sum::<u32>()
}

pub(super) fn is_vhd(start: &[u8]) -> bool {
    start.starts_with(b"conectix")
}

/// Reads a footer and, unless the image is fixed, the header behind the copy of the footer.
pub(super) fn head(footer: &[u8], start: &[u8]) -> Result<Head, FileError> {
    let capacity = u64_be(footer, 48);
    let variant = match u32_be(footer, 60) {
        2 => Variant::Fixed,
        3 => Variant::Standard,
        4 => Variant::Differencing,
        _ => return Err(FileError::NotSupported),
    };
    let is_fixed = variant == Variant::Fixed;
    let block = if is_fixed { BLOCK } else { u64::from(u32_be(start, 512 + 32)) };
    if !is_fixed && (!start.get(512..).is_some_and(|it| it.starts_with(b"cxsparse")) || block != BLOCK) {
        return Err(FileError::NotSupported);
    }
    Ok(Head {
        info: ImageInfo {
            format: ImageFormat::Vhd,
            variant,
            id: Some(Uuid::from_bytes(array(footer, 68))),
            capacity,
        },
        block,
        map_at: if is_fixed { 0 } else { u64_be(start, 512 + 16) },
        map_length: if is_fixed { 0 } else { capacity.div_ceil(BLOCK) * 4 },
        data_at: 0,
    })
}

/// The map of an image that grows.
pub(super) fn map(bytes: &[u8]) -> BlockMap {
    let entries = bytes.chunks_exact(4).map(|entry| u32_be(entry, 0)).zip(0_u64..);
    let entries = entries.filter(|(entry, _)| *entry != UNALLOCATED);
    entries.map(|(entry, block)| (block, (u64::from(entry) + 1) * SECTOR)).collect()
}
