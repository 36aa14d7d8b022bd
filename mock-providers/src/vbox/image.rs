//! The image that guests boot from.

/// Where an ISO 9660 image has its mark and the name of its volume.
const ISO_MARK: (usize, &[u8]) = (0x8001, b"CD001");
const ISO_VOLUME: (usize, &[u8]) = (0x8028, b"B2D-v19.03.12");
/// Length in bytes of the smallest image that has both.
const ISO_LENGTH: usize = 38 << 10;

/// Contents of a file that is a Boot2Docker image as far as drivers and VirtualBox look.
pub fn boot2docker_image() -> Vec<u8> {
    let mut image = vec![0; ISO_LENGTH];
    for (at, text) in [ISO_MARK, ISO_VOLUME] {
        image[at..at + text.len()].copy_from_slice(text);
    }
    image
}
