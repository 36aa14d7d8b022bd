//! VirtualBox Disk Images.

use super::{
    layout::{BlockMap, Layout, Piece, Written, align, array, geometry, put, u32_le, u64_le},
    reader::Head,
};
use crate::vbox::state::{FileError, ImageFormat, ImageInfo, NewImage, Uuid, Variant};

const TEXT: &[u8] = b"<<< Oracle VM VirtualBox Disk Image >>>\n";
const SIGNATURE: u32 = 0xbeda_107f;
const VERSION: u32 = 0x0001_0001;
const BLOCK: u64 = 1 << 20;
/// Where the map begins.
const MAP: u64 = 1 << 20;
const UNALLOCATED: u32 = u32::MAX;
const HEADER: usize = 512;

pub(super) fn layout(capacity: u64) -> Layout {
    Layout { block: BLOCK, prefix: 0, data: align(MAP + capacity.div_ceil(BLOCK) * 4, BLOCK) }
}

pub(super) fn metadata(written: &Written<'_>) -> Vec<Piece> {
    let NewImage { capacity, id, parent, variant, .. } = *written.image;
    let blocks = capacity.div_ceil(BLOCK);
    let is_fixed = variant == Variant::Fixed;
    let place = |block: u64| {
        let number = match written.map.get(&block) {
            Some(offset) => (offset - written.layout.data) / BLOCK,
            None if is_fixed => block,
            None => return None,
        };
        u32::try_from(number).ok()
    };
    let map: Vec<u8> =
        (0..blocks).flat_map(|block| place(block).unwrap_or(UNALLOCATED).to_le_bytes()).collect();
    let mut header = vec![0; HEADER];
    let mut number = |at: usize, number: u32| put(&mut header, at, &number.to_le_bytes());
    let (cylinders, heads, sectors) = geometry(capacity);
    number(64, SIGNATURE);
    number(68, VERSION);
    number(72, 400);
    number(
        76,
        match variant {
            Variant::Standard => 1,
            Variant::Fixed => 2,
            Variant::Differencing => 4,
        },
    );
    number(340, MAP as u32);
    number(344, u32::try_from(written.layout.data).unwrap_or(u32::MAX));
    number(360, 512);
    number(376, BLOCK as u32);
    number(384, u32::try_from(blocks).unwrap_or(u32::MAX));
    let allocated = if is_fixed { blocks } else { written.map.len() as u64 };
    number(388, u32::try_from(allocated).unwrap_or(u32::MAX));
    number(456, cylinders);
    number(460, heads);
    number(464, sectors);
    number(468, 512);
    put(&mut header, 0, TEXT);
    put(&mut header, 368, &capacity.to_le_bytes());
    put(&mut header, 392, &id.to_disk());
    put(&mut header, 408, &Uuid::random().to_disk());
    if let Some(parent) = parent {
        put(&mut header, 424, &parent.to_disk());
        put(&mut header, 440, &parent.to_disk());
    }
    vec![(0, header), (MAP, map)]
}

pub(super) fn is_vdi(start: &[u8]) -> bool {
    u32_le(start, 64) == SIGNATURE
}

/// Reads the header; the map is still to be read from the file.
pub(super) fn head(start: &[u8]) -> Result<Head, FileError> {
    let variant = match u32_le(start, 76) {
        1 => Variant::Standard,
        2 => Variant::Fixed,
        4 => Variant::Differencing,
        _ => return Err(FileError::NotSupported),
    };
    if u32_le(start, 68) >> 16 != 1 || u64::from(u32_le(start, 376)) != BLOCK {
        return Err(FileError::NotSupported);
    }
    let capacity = u64_le(start, 368);
    Ok(Head {
        info: ImageInfo {
            format: ImageFormat::Vdi,
            variant,
            id: Some(Uuid::from_disk(array(start, 392))),
            capacity,
        },
        block: BLOCK,
        map_at: u64::from(u32_le(start, 340)),
        map_length: capacity.div_ceil(BLOCK) * 4,
        data_at: u64::from(u32_le(start, 344)),
    })
}

pub(super) fn map(head: &Head, bytes: &[u8]) -> BlockMap {
    let entries = bytes.chunks_exact(4).map(|entry| u32_le(entry, 0)).zip(0_u64..);
    // The largest two numbers mean that there is nothing.
    let entries = entries.filter(|(entry, _)| *entry < UNALLOCATED - 1);
    entries.map(|(entry, block)| (block, head.data_at + u64::from(entry) * BLOCK)).collect()
}
