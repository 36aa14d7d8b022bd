//! Spot requests.

use std::collections::HashSet;

use super::{Call, Effect, Operation, Result, Stage, launch::specification};
use crate::ec2::{
    error::Ec2Error,
    state::{Kind, Launch, SpotOptions, SpotRequest},
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("RequestSpotInstances", Effect::Changes, Kind::Image, request),
    Operation::new("DescribeSpotInstanceRequests", Effect::Reads, Kind::SpotRequest, describe),
    Operation::new("CancelSpotInstanceRequests", Effect::Changes, Kind::SpotRequest, cancel),
];

const FILTERS: &[&str] = &[
    "availability-zone-group",
    "create-time",
    "fault-code",
    "fault-message",
    "instance-id",
    "launch-group",
    "launch.group-id",
    "launch.image-id",
    "launch.instance-type",
    "launch.key-name",
    "launched-availability-zone",
    "product-description",
    "spot-instance-request-id",
    "spot-price",
    "state",
    "status-code",
    "status-message",
    "tag-key",
    "type",
];

fn request(call: &mut Call<'_>) -> Result<()> {
    let parameters = call.parameters;
    let order = parameters.group("LaunchSpecification");
    order.required("ImageId")?;
    order.ignore(&["AddressingType", "KernelId", "RamdiskId"]);
    let launch = Launch { start_faults: call.faults.clone(), ..specification(&order)? };
    let options = SpotOptions {
        max_price: parameters.filled("SpotPrice").map(str::to_owned),
        persistent: parameters.word("Type", &["one-time", "persistent"])? == Some("persistent"),
        block_duration: parameters.number("BlockDurationMinutes")?,
        interruption: parameters.word("InstanceInterruptionBehavior", &["terminate", "stop", "hibernate"])?,
    };
    let count = parameters.number("InstanceCount")?.unwrap_or(1);
    let tags = call.tag_specifications();
    // Requests are not made twice by the SDKs that send no token, so a token changes nothing.
    parameters.ignore(&["AvailabilityZoneGroup", "ClientToken", "LaunchGroup", "ValidFrom", "ValidUntil"]);
    let Stage { region, xml, now, .. } = call.begin()?;
    let ids = region.request_spot_instances(count, &launch, &options, &tags, now)?;
    let requests = ids.iter().filter_map(|id| region.spot_requests.get(id));
    xml.list("spotInstanceRequestSet", requests, write);
    Ok(())
}

fn describe(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("SpotInstanceRequestId");
    let filters = call.filters(FILTERS)?;
    let page = call.page(5..=1000, !ids.is_empty())?;
    let Stage { region, xml, now, .. } = call.begin()?;
    let hidden = if ids.is_empty() {
        region.hidden_among(Kind::SpotRequest, now)
    } else {
        region.visible_spot_requests(&ids, now)?;
        HashSet::new()
    };
    let chosen = region.spot_requests.starting_at(0).filter(|(_, request)| {
        let is_named = ids.is_empty() || ids.contains(&&*request.id);
        is_named && !hidden.contains(&request.id)
    });
    let fitting = chosen.filter(|(_, request)| {
        let tags = || request.tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        filters.fit(tags, |name, test| attribute(request, name, test))
    });
    let (requests, next) = page.cut(fitting);
    xml.list("spotInstanceRequestSet", requests, write);
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn attribute(it: &SpotRequest, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let optional = |value: Option<&str>| value.is_some_and(test);
    match name {
        "create-time" => test(&it.created.to_string()),
        "instance-id" => optional(it.instance.as_deref()),
        "launch.group-id" => it.launch.group_ids.iter().any(|id| test(id)),
        "launch.image-id" => test(&it.launch.image),
        "launch.instance-type" => optional(it.launch.instance_type.as_deref()),
        "launch.key-name" => optional(it.launch.key_name.as_deref()),
        "launched-availability-zone" => optional(it.zone.as_deref()),
        "product-description" => test("Linux/UNIX"),
        "spot-instance-request-id" => test(&it.id),
        "spot-price" => test(&it.price),
        "state" => test(it.state.word()),
        "status-code" => test(it.status),
        "status-message" => test(&it.status_message),
        "type" => test(kind(it)),
        // Known names of what no request here has.
        _ => false,
    }
}

fn kind(it: &SpotRequest) -> &'static str {
    if it.options.persistent { "persistent" } else { "one-time" }
}

fn cancel(call: &mut Call<'_>) -> Result<()> {
    let ids = call.parameters.list("SpotInstanceRequestId");
    if ids.is_empty() {
        return Err(Ec2Error::missing_parameter("SpotInstanceRequestId"));
    }
    let Stage { region, xml, now, .. } = call.begin()?;
    region.cancel_spot_requests(&ids, now)?;
    let requests = ids.iter().filter_map(|id| region.spot_requests.get(id));
    xml.list("spotInstanceRequestSet", requests, |xml, request| {
        xml.plain("spotInstanceRequestId", &request.id);
        xml.plain("state", request.state.word());
    });
    Ok(())
}

fn write(xml: &mut Xml, it: &SpotRequest) {
    xml.plain("spotInstanceRequestId", &it.id);
    xml.plain("spotPrice", &it.price);
    xml.plain("type", kind(it));
    xml.plain("state", it.state.word());
    xml.element("status", |xml| {
        xml.plain("code", it.status);
        xml.time("updateTime", it.status_since);
        xml.text("message", &it.status_message);
    });
    xml.element("launchSpecification", |xml| specification_of(xml, &it.launch));
    xml.optional("instanceId", it.instance.as_deref());
    xml.time("createTime", it.created);
    xml.plain("productDescription", "Linux/UNIX");
    xml.optional("launchedAvailabilityZone", it.zone.as_deref());
    xml.optional_number("blockDurationMinutes", it.options.block_duration);
    xml.plain("instanceInterruptionBehavior", it.options.interruption.unwrap_or("terminate"));
    xml.tags(it.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
}

fn specification_of(xml: &mut Xml, launch: &Launch) {
    xml.text("imageId", &launch.image);
    xml.optional("keyName", launch.key_name.as_deref());
    xml.list("groupSet", &launch.group_ids, |xml, id| xml.text("groupId", id));
    xml.optional("instanceType", launch.instance_type.as_deref());
    if let Some(zone) = &launch.zone {
        xml.element("placement", |xml| xml.text("availabilityZone", zone));
    }
    xml.list("blockDeviceMapping", &launch.block_devices, |xml, device| {
        xml.text("deviceName", &device.device);
        xml.element("ebs", |xml| {
            xml.optional_number("volumeSize", device.size);
            xml.optional("volumeType", device.volume_type.as_deref());
            xml.boolean("deleteOnTermination", device.delete_on_termination.unwrap_or(true));
        });
    });
    xml.element("monitoring", |xml| xml.boolean("enabled", launch.monitoring));
    xml.optional("subnetId", launch.subnet.as_deref());
    xml.list("networkInterfaceSet", &launch.interfaces, |xml, interface| {
        xml.number("deviceIndex", interface.device_index.unwrap_or(0));
        xml.optional("subnetId", interface.subnet.as_deref());
        xml.boolean("deleteOnTermination", interface.delete_on_termination.unwrap_or(true));
        xml.boolean("associatePublicIpAddress", interface.public_address.unwrap_or(false));
        let groups = interface.groups.iter().map(String::as_str);
        xml.element("groupSet", |xml| {
            for group in groups {
                xml.element("item", |xml| xml.text("groupId", group));
            }
        });
    });
    xml.boolean("ebsOptimized", launch.ebs_optimized);
}
