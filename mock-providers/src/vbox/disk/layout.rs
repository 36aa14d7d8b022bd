//! What the formats have in common: blocks, a map of them, and a geometry.

use std::collections::BTreeMap;

use super::SECTOR;
use crate::vbox::state::NewImage;

/// Where blocks of the disk are in the file, by their number. What is missing is zero.
pub(super) type BlockMap = BTreeMap<u64, u64>;

/// How a format puts blocks into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Bytes of a block.
    pub(super) block: u64,
    /// Bytes before the data of each block in the file.
    pub(super) prefix: u64,
    /// Where the first block can be.
    pub(super) data: u64,
}

/// An image whose blocks are all written, and which needs its metadata.
#[derive(Debug)]
pub(super) struct Written<'a> {
    pub(super) image: &'a NewImage,
    pub(super) layout: Layout,
    pub(super) map: &'a BlockMap,
    /// Where the next block would be.
    pub(super) end: u64,
    /// Name of the file, without its folder.
    pub(super) file_name: &'a str,
}

/// Bytes for a place in the file.
pub(super) type Piece = (u64, Vec<u8>);

/// Cylinders, heads and sectors that old systems see.
pub(super) fn geometry(capacity: u64) -> (u32, u32, u32) {
    let cylinders = (capacity / SECTOR / (16 * 63)).clamp(1, 16_383);
    (u32::try_from(cylinders).unwrap_or(16_383), 16, 63)
}

/// The next multiple of a unit.
pub(super) fn align(number: u64, unit: u64) -> u64 {
    number.div_ceil(unit) * unit
}

/// Little-endian numbers in a header, which are zero behind its end.
pub(super) fn u32_le(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array(bytes, at))
}

pub(super) fn u64_le(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

pub(super) fn u32_be(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(array(bytes, at))
}

pub(super) fn u64_be(bytes: &[u8], at: usize) -> u64 {
    u64::from_be_bytes(array(bytes, at))
}

/// So many bytes from a place on.
pub(super) fn array<const LENGTH: usize>(bytes: &[u8], at: usize) -> [u8; LENGTH] {
    let part = bytes.get(at..at.saturating_add(LENGTH));
    part.and_then(|part| part.try_into().ok()).unwrap_or([0; LENGTH])
}

/// Writes bytes over a header.
pub(super) fn put(header: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = header.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}
