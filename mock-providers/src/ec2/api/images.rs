//! Images.

use super::{Call, Effect, Operation, Result, Stage};
use crate::ec2::{catalog::Image, state::Kind, xml::Xml};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::new("DescribeImages", Effect::Reads, Kind::Image, describe_images)];

const FILTERS: &[&str] = &[
    "architecture",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.encrypted",
    "block-device-mapping.snapshot-id",
    "block-device-mapping.volume-size",
    "block-device-mapping.volume-type",
    "creation-date",
    "description",
    "ena-support",
    "free-tier-eligible",
    "hypervisor",
    "image-allowed",
    "image-id",
    "image-type",
    "is-public",
    "kernel-id",
    "manifest-location",
    "name",
    "owner-alias",
    "owner-id",
    "platform",
    "product-code",
    "product-code.type",
    "ramdisk-id",
    "root-device-name",
    "root-device-type",
    "source-image-id",
    "source-image-region",
    "source-instance-id",
    "state",
    "state-reason-code",
    "state-reason-message",
    "sriov-net-support",
    "tag-key",
    "tag-value",
    "virtualization-type",
];

fn describe_images(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("ImageId");
    let owners = call.parameters.list("Owner");
    let users = call.parameters.list("ExecutableBy");
    let filters = call.filters(FILTERS)?;
    let page = call.page(1..=1000, !ids.is_empty())?;
    call.parameters.ignore(&["IncludeDeprecated", "IncludeDisabled"]);
    let Stage { region, xml, .. } = call.begin()?;
    region.require_images(&ids)?;
    let shown = region.images.starting_at(0).filter(|(_, image)| {
        let is_wanted = ids.is_empty() || ids.contains(&image.id.as_str());
        let is_owned = owners.is_empty()
            || owners.contains(&image.owner)
            || image.owner_alias.is_some_and(|alias| owners.contains(&alias));
        // All images here are public.
        let is_usable = users.is_empty() || users.contains(&"all");
        let fits = filters.fit(std::iter::empty, |name, test| attribute(image, name, test));
        is_wanted && is_owned && is_usable && fits
    });
    let (images, next) = page.cut(shown);
    xml.list("imagesSet", images, |xml, image| write_image(xml, image));
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn attribute(image: &Image, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let ephemeral = || image.ephemeral.iter().any(|(device, _)| test(device));
    match name {
        "architecture" => test(image.architecture),
        "block-device-mapping.delete-on-termination" | "ena-support" | "image-allowed" | "is-public" => {
            test("true")
        }
        "block-device-mapping.device-name" => test(image.root_device) || ephemeral(),
        "block-device-mapping.encrypted" | "free-tier-eligible" => test("false"),
        "block-device-mapping.snapshot-id" => test(&image.snapshot),
        "block-device-mapping.volume-size" => test(&image.root_size.to_string()),
        "block-device-mapping.volume-type" => test(image.root_volume_type),
        "creation-date" => test(&image.created),
        "description" => test(&image.description),
        "hypervisor" => test("xen"),
        "image-id" => test(&image.id),
        "image-type" => test("machine"),
        "manifest-location" => test(&location(image)),
        "name" => test(&image.name),
        "owner-alias" => image.owner_alias.is_some_and(test),
        "owner-id" => test(image.owner),
        "root-device-name" => test(image.root_device),
        "root-device-type" => test("ebs"),
        "sriov-net-support" => test("simple"),
        "state" => test("available"),
        "virtualization-type" => test("hvm"),
        _ => false,
    }
}

fn location(image: &Image) -> String {
    format!("{}/{}", image.owner_alias.unwrap_or(image.owner), image.name)
}

fn write_image(xml: &mut Xml, image: &Image) {
    xml.plain("platformDetails", "Linux/UNIX");
    xml.plain("usageOperation", "RunInstances");
    xml.element("blockDeviceMapping", |xml| {
        xml.element("item", |xml| {
            xml.plain("deviceName", image.root_device);
            xml.element("ebs", |xml| {
                xml.boolean("deleteOnTermination", true);
                xml.plain("snapshotId", &image.snapshot);
                xml.number("volumeSize", image.root_size);
                xml.plain("volumeType", image.root_volume_type);
                xml.boolean("encrypted", false);
            });
        });
        for (device, name) in image.ephemeral {
            xml.element("item", |xml| {
                xml.plain("deviceName", device);
                xml.plain("virtualName", name);
            });
        }
    });
    xml.text("description", &image.description);
    xml.boolean("enaSupport", true);
    xml.plain("hypervisor", "xen");
    xml.optional("imageOwnerAlias", image.owner_alias);
    xml.text("name", &image.name);
    xml.plain("rootDeviceName", image.root_device);
    xml.plain("rootDeviceType", "ebs");
    xml.plain("sriovNetSupport", "simple");
    xml.plain("virtualizationType", "hvm");
    xml.boolean("imageAllowed", true);
    xml.plain("imageId", &image.id);
    xml.text("imageLocation", &location(image));
    xml.plain("imageState", "available");
    xml.plain("imageOwnerId", image.owner);
    xml.plain("creationDate", &image.created);
    xml.boolean("isPublic", true);
    xml.plain("architecture", image.architecture);
    xml.plain("imageType", "machine");
}
