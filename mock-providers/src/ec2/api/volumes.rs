//! Volumes.

use std::collections::HashSet;

use super::{Call, Effect, Operation, Result, Stage};
use crate::{
    ec2::{
        state::{BlockDevice, ClientToken, Kind, NewVolume, Region, Volume, tag_pairs},
        xml::Xml,
    },
    timestamp,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("CreateVolume", Effect::Changes, Kind::Volume, create_volume),
    Operation::new("DeleteVolume", Effect::Changes, Kind::Volume, delete_volume),
    Operation::new("DescribeVolumes", Effect::Reads, Kind::Volume, describe_volumes),
];

const FILTERS: &[&str] = &[
    "attachment.attach-time",
    "attachment.delete-on-termination",
    "attachment.device",
    "attachment.instance-id",
    "attachment.status",
    "availability-zone",
    "availability-zone-id",
    "create-time",
    "encrypted",
    "fast-restored",
    "multi-attach-enabled",
    "operator.managed",
    "operator.principal",
    "size",
    "snapshot-id",
    "status",
    "tag-key",
    "tag-value",
    "volume-id",
    "volume-type",
];

fn create_volume(call: &mut Call<'_>) -> Result<()> {
    let parameters = &call.parameters;
    let text = |name| parameters.filled(name).map(str::to_owned);
    let new = NewVolume {
        zone: parameters.required("AvailabilityZone")?.to_owned(),
        device: BlockDevice {
            size: parameters.number("Size")?,
            volume_type: text("VolumeType"),
            iops: parameters.number("Iops")?,
            throughput: parameters.number("Throughput")?,
            snapshot: text("SnapshotId"),
            encrypted: parameters.boolean("Encrypted")?,
            kms_key: text("KmsKeyId"),
            ..BlockDevice::default()
        },
        tags: call.tag_specifications(),
        client_token: call
            .client_token()
            .map(|(token, fingerprint)| ClientToken { token: token.to_owned(), fingerprint }),
    };
    let Stage { region, xml, now, .. } = call.begin()?;
    let id = region.create_volume(&new, now)?.id.clone();
    let volume = region.volume(&id)?;
    // The answer is given before the volume is there ("CreateVolume", EC2 API Reference, example).
    write_volume(xml, region, volume, "creating");
    Ok(())
}

fn delete_volume(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("VolumeId")?;
    let Stage { region, xml, now, .. } = call.begin()?;
    region.delete_volume(id, now)?;
    super::done(xml);
    Ok(())
}

fn describe_volumes(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("VolumeId");
    let filters = call.filters(FILTERS)?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    call.parameters.ignore(&["IncludeManagedResources"]);
    let Stage { region, xml, now, .. } = call.begin()?;
    region.visible_volumes(&ids, now)?;
    let hidden = match ids.is_empty() {
        true => region.hidden_among(Kind::Volume, now),
        false => HashSet::new(),
    };
    let shown = region.volumes.starting_at(0).filter(|(_, volume)| {
        let is_wanted = ids.is_empty() || ids.contains(&&*volume.id);
        let fits = filters.fit(|| tag_pairs(&volume.tags), |name, test| attribute(volume, name, test));
        is_wanted && fits && !hidden.contains(&volume.id)
    });
    let (volumes, next) = page.cut(shown);
    xml.list("volumeSet", volumes, |xml, volume| {
        write_volume(xml, region, volume, volume.state());
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn attribute(volume: &Volume, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let flag = |value: bool| test(if value { "true" } else { "false" });
    let attachment = |name: &str| {
        volume.attachment.as_ref().is_some_and(|attachment| match name {
            "attach-time" => test(&timestamp::text(attachment.attached.0)),
            "delete-on-termination" => flag(attachment.delete_on_termination),
            "device" => test(&attachment.device),
            "instance-id" => test(&attachment.instance),
            _ => test("attached"),
        })
    };
    match name {
        "availability-zone" => test(&volume.zone.name),
        "availability-zone-id" => test(&volume.zone.id),
        "create-time" => test(&timestamp::text(volume.created.0)),
        "encrypted" => flag(volume.encrypted),
        "fast-restored" | "multi-attach-enabled" | "operator.managed" => flag(false),
        "size" => test(&volume.size.to_string()),
        "snapshot-id" => test(&volume.snapshot),
        "status" => test(volume.state()),
        "volume-id" => test(&volume.id),
        "volume-type" => test(volume.volume_type),
        name => name.strip_prefix("attachment.").is_some_and(attachment),
    }
}

fn write_volume(xml: &mut Xml, region: &Region, volume: &Volume, status: &str) {
    xml.plain("availabilityZoneId", &volume.zone.id);
    xml.optional_number("iops", volume.iops);
    xml.tags(tag_pairs(&volume.tags));
    xml.plain("volumeType", volume.volume_type);
    xml.boolean("multiAttachEnabled", false);
    xml.optional_number("throughput", volume.throughput);
    xml.element("operator", |xml| xml.boolean("managed", false));
    xml.plain("volumeId", &volume.id);
    xml.number("size", volume.size);
    xml.plain("snapshotId", &volume.snapshot);
    xml.plain("availabilityZone", &volume.zone.name);
    xml.plain("status", status);
    xml.time("createTime", volume.created);
    xml.list("attachmentSet", &volume.attachment, |xml, attachment| {
        xml.boolean("deleteOnTermination", attachment.delete_on_termination);
        xml.plain("volumeId", &volume.id);
        xml.plain("instanceId", &attachment.instance);
        xml.text("device", &attachment.device);
        xml.plain("status", "attached");
        xml.time("attachTime", attachment.attached);
    });
    xml.boolean("encrypted", volume.encrypted);
    xml.optional("kmsKeyId", volume.kms_key.as_deref());
    xml.plain("volumeArn", &region.arn("volume", &volume.id));
}
