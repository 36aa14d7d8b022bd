//! What EC2 offers: regions with their zones, images, instance types. Facts, no state.

mod images;
mod instance_types;
mod regions;
mod types;

pub(crate) use images::{images, ubuntu};
pub(crate) use instance_types::{INSTANCE_TYPES, instance_type};
pub(crate) use regions::{REGIONS, partition, zones};
pub(crate) use types::{Image, InstanceProfile, InstanceType};

/// A number that is always the same for the same texts, for ids of what is the same in all runs (FNV-1a).
pub(crate) fn stable_number(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
