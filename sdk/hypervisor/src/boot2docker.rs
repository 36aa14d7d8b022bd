//! Boot2docker: the image that VMs boot, and the disk on which it finds the machine's SSH key.

mod disk;
mod image;

pub use disk::disk_with_key;
pub use image::Image;
