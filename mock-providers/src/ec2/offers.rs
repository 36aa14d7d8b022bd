//! What a user of the mock can choose, in the default region.

use super::{
    catalog::{self, INSTANCE_TYPES},
    server::DEFAULT_REGION,
};

/// Id of every image for x86-64, and the user that its guests let in with the key pair.
pub fn images() -> impl Iterator<Item = (String, &'static str)> {
    let images = catalog::images(DEFAULT_REGION).into_iter();
    images.filter(|image| image.architecture == "x86_64").map(|image| (image.id, image.os.default_user()))
}

/// Name of every instance type that EC2 still offers for x86-64.
pub fn instance_types() -> impl Iterator<Item = &'static str> {
    let current = INSTANCE_TYPES.iter().filter(|it| it.current);
    current.filter(|it| it.architectures.contains(&"x86_64")).map(|it| it.name)
}

/// Name of every availability zone.
pub fn zones() -> impl Iterator<Item = String> {
    catalog::zones(DEFAULT_REGION).into_iter().map(|zone| zone.name)
}
