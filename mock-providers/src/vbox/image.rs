//! The image that guests boot from.

use ring::digest::{SHA256, digest};

/// Where an ISO 9660 image has its mark and the name of its volume.
const ISO_MARK: (usize, &[u8]) = (0x8001, b"CD001");
const ISO_VOLUME: (usize, &[u8]) = (0x8028, b"B2D-v19.03.12");
/// Length in bytes of the smallest image that has both.
const ISO_LENGTH: usize = 38 << 10;

/// SHA-256 of [`boot2docker_image`], in hexadecimal digits.
pub fn boot2docker_checksum() -> String {
    digest(&SHA256, &boot2docker_image()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Contents of a file that is a Boot2Docker image as far as drivers and VirtualBox look.
pub fn boot2docker_image() -> Vec<u8> {
    let mut image = vec![0; ISO_LENGTH];
    for (at, text) in [ISO_MARK, ISO_VOLUME] {
        image[at..at + text.len()].copy_from_slice(text);
    }
    image
}
