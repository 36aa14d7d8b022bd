//! What servers can be made of.

use serde_json::{Value, json};

use crate::guest::GuestOs;

/// Regions and their names.
pub(super) const REGIONS: &[(&str, &str)] =
    &[("eu-1", "Europe 1"), ("us-1", "America 1"), ("ap-1", "Asia 1")];

/// Images with their operating system.
pub(super) const IMAGES: &[(&str, GuestOs, &str)] = &[
    ("ubuntu-24.04", GuestOs::Ubuntu, "Ubuntu 24.04 LTS"),
    ("debian-12", GuestOs::Debian, "Debian 12"),
    ("boot2docker-19.03", GuestOs::Boot2Docker, "Boot2Docker 19.03"),
];

/// Sizes: CPUs and memory in MB.
pub(super) const SIZES: &[(&str, u32, u32)] =
    &[("small", 1, 1024), ("medium", 2, 4096), ("large", 4, 16_384)];

/// Ids of all images, with the user to log in as.
pub fn images() -> impl Iterator<Item = (&'static str, &'static str)> {
    IMAGES.iter().map(|(id, os, _)| (*id, os.default_user()))
}

/// Ids of all regions.
pub fn regions() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|(id, _)| *id)
}

/// Ids of all sizes.
pub fn sizes() -> impl Iterator<Item = &'static str> {
    SIZES.iter().map(|(id, ..)| *id)
}

/// Operating system of an image.
pub(super) fn image_os(image: &str) -> Option<GuestOs> {
    IMAGES.iter().find(|(id, ..)| *id == image).map(|(_, os, _)| *os)
}

/// Everything in a list of the catalogue: `regions`, `images`, `sizes`. `own_images` come first; they are copies of
/// Ubuntu.
pub(super) fn list(collection: &str, own_images: &[String]) -> Vec<Value> {
    let regions = || REGIONS.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
    let images = || {
        let image = |(id, os, name): &(&str, GuestOs, &str)| json!({"id": id, "name": name, "user": os.default_user()});
        let user = GuestOs::Ubuntu.default_user();
        let own = own_images.iter().map(|id| json!({"id": id, "name": id, "user": user}));
        own.chain(IMAGES.iter().map(image)).collect()
    };
    let sizes = || {
        let size = |(id, cpus, memory): &(&str, u32, u32)| {
            let name = format!("{cpus} CPU, {} GB", memory / 1024);
            json!({"id": id, "name": name, "cpus": cpus, "memory_mb": memory})
        };
        SIZES.iter().map(size).collect()
    };
    match collection {
        "regions" => regions(),
        "images" => images(),
        "sizes" => sizes(),
        _ => Vec::new(),
    }
}
