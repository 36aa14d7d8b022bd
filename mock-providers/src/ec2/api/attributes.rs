//! Attributes of instances, their metadata options, monitoring and console.

use base64::{Engine, prelude::BASE64_STANDARD};

use super::{Call, Effect, Operation, Result, Stage, done, instance_xml, launch::metadata_change};
use crate::ec2::{
    error::Ec2Error,
    query::Parameters,
    state::{AttributeChange, Instance, Kind, ShutdownBehavior},
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("DescribeInstanceAttribute", Effect::Reads, Kind::Instance, describe_attribute),
    Operation::new("ModifyInstanceAttribute", Effect::Changes, Kind::Instance, modify_attribute),
    Operation::new("ResetInstanceAttribute", Effect::Changes, Kind::Instance, reset_attribute),
    Operation::new("ModifyInstanceMetadataOptions", Effect::Changes, Kind::Instance, modify_metadata_options),
    Operation::new("MonitorInstances", Effect::Changes, Kind::Instance, monitor),
    Operation::new("UnmonitorInstances", Effect::Changes, Kind::Instance, unmonitor),
    Operation::new("GetConsoleOutput", Effect::Reads, Kind::Instance, console_output),
];

/// Names of attributes.
const ATTRIBUTES: &[&str] = &[
    "blockDeviceMapping",
    "disableApiStop",
    "disableApiTermination",
    "ebsOptimized",
    "enaSupport",
    "enclaveOptions",
    "groupSet",
    "instanceInitiatedShutdownBehavior",
    "instanceType",
    "kernel",
    "productCodes",
    "ramdisk",
    "rootDeviceName",
    "sourceDestCheck",
    "sriovNetSupport",
    "userData",
];

fn describe_attribute(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("InstanceId")?;
    call.parameters.required("Attribute")?;
    let attribute = call.parameters.word("Attribute", ATTRIBUTES)?.unwrap_or_default();
    let Stage { region, xml, now, .. } = call.begin()?;
    region.visible_instances(&[id], now)?;
    xml.plain("instanceId", id);
    if let Some(instance) = region.instances.get(id) {
        write_attribute(xml, instance, attribute);
    }
    Ok(())
}

fn write_attribute(xml: &mut Xml, it: &Instance, attribute: &str) {
    let flag = |xml: &mut Xml, value: bool| xml.element(attribute, |xml| xml.boolean("value", value));
    match attribute {
        "blockDeviceMapping" => instance_xml::block_devices(xml, it),
        "disableApiStop" => flag(xml, it.disable_api_stop),
        "disableApiTermination" => flag(xml, it.disable_api_termination),
        "ebsOptimized" => flag(xml, it.ebs_optimized),
        "enaSupport" => flag(xml, true),
        "sourceDestCheck" => flag(xml, it.source_dest_check),
        "enclaveOptions" => xml.element(attribute, |xml| xml.boolean("enabled", false)),
        "groupSet" => instance_xml::groups(xml, &it.groups),
        "instanceInitiatedShutdownBehavior" => {
            xml.element(attribute, |xml| xml.plain("value", it.shutdown_behavior.word()));
        }
        "instanceType" => xml.element(attribute, |xml| xml.plain("value", it.instance_type.name)),
        "rootDeviceName" => xml.element(attribute, |xml| xml.text("value", it.image.root_device)),
        "sriovNetSupport" => xml.element(attribute, |xml| xml.plain("value", "simple")),
        "userData" if !it.user_data.is_empty() => {
            xml.element(attribute, |xml| xml.text("value", &it.user_data));
        }
        // No instance here has kernel, ramdisk or product codes.
        _ => xml.empty(attribute),
    }
}

fn modify_attribute(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("InstanceId")?;
    let mut changes = changes(&call.parameters)?;
    // The older form names one attribute and gives its value.
    if let Some(attribute) = call.parameters.word("Attribute", ATTRIBUTES)? {
        changes.extend(named_change(attribute, &call.parameters)?);
    }
    if changes.is_empty() {
        let message = "No attributes specified.";
        return Err(Ec2Error::invalid_combination(message));
    }
    if changes.len() > 1 {
        let message =
            "Fields for multiple attribute types specified; only one attribute can be modified per request.";
        let devices = |change: &AttributeChange| matches!(change, AttributeChange::DeleteOnTermination(..));
        if !changes.iter().all(devices) {
            return Err(Ec2Error::invalid_combination(message));
        }
    }
    let Stage { region, hardware, xml, now } = call.begin()?;
    region.modify_attributes(id, &changes, now, hardware)?;
    done(xml);
    Ok(())
}

fn changes(parameters: &Parameters<'_>) -> Result<Vec<AttributeChange>> {
    let mut changes = Vec::new();
    let flag = |name: &str| parameters.group(name).boolean("Value");
    let text = |name: &str| parameters.group(name).text("Value");
    changes.extend(flag("DisableApiTermination")?.map(AttributeChange::DisableApiTermination));
    changes.extend(flag("DisableApiStop")?.map(AttributeChange::DisableApiStop));
    changes.extend(flag("EbsOptimized")?.map(AttributeChange::EbsOptimized));
    changes.extend(flag("SourceDestCheck")?.map(AttributeChange::SourceDestCheck));
    if let Some(word) = text("InstanceInitiatedShutdownBehavior") {
        changes.push(shutdown_behavior(word)?);
    }
    changes.extend(text("InstanceType").map(|name| AttributeChange::InstanceType(name.to_owned())));
    changes.extend(text("UserData").map(|data| AttributeChange::UserData(data.to_owned())));
    let groups = parameters.list("GroupId");
    if !groups.is_empty() {
        let groups = groups.into_iter().map(str::to_owned).collect();
        changes.push(AttributeChange::Groups(groups));
    }
    for device in parameters.groups("BlockDeviceMapping") {
        device.ignore(&["NoDevice", "VirtualName"]);
        let ebs = device.group("Ebs");
        ebs.ignore(&["VolumeId"]);
        if let Some(on) = ebs.boolean("DeleteOnTermination")? {
            let name = device.required("DeviceName")?.to_owned();
            changes.push(AttributeChange::DeleteOnTermination(name, on));
        }
    }
    for fixed in ["EnaSupport", "EnclaveOptions", "Kernel", "Ramdisk", "SriovNetSupport"] {
        if parameters.group(fixed).is_present() {
            let message = format!("The attribute {fixed} cannot be changed in this mock.");
            return Err(Ec2Error::client("UnsupportedOperation", message));
        }
    }
    Ok(changes)
}

fn named_change(attribute: &str, parameters: &Parameters<'_>) -> Result<Option<AttributeChange>> {
    let flag = || parameters.boolean("Value");
    let text = || parameters.text("Value");
    Ok(match attribute {
        "disableApiTermination" => flag()?.map(AttributeChange::DisableApiTermination),
        "disableApiStop" => flag()?.map(AttributeChange::DisableApiStop),
        "ebsOptimized" => flag()?.map(AttributeChange::EbsOptimized),
        "sourceDestCheck" => flag()?.map(AttributeChange::SourceDestCheck),
        "instanceType" => text().map(|name| AttributeChange::InstanceType(name.to_owned())),
        "userData" => text().map(|data| AttributeChange::UserData(data.to_owned())),
        "instanceInitiatedShutdownBehavior" => text().map(shutdown_behavior).transpose()?,
        _ => None,
    })
}

fn shutdown_behavior(word: &str) -> Result<AttributeChange> {
    let behavior = match word {
        "stop" => ShutdownBehavior::Stop,
        "terminate" => ShutdownBehavior::Terminate,
        _ => {
            let rule = "It must be stop or terminate.";
            return Err(Ec2Error::invalid_value("InstanceInitiatedShutdownBehavior", word, rule));
        }
    };
    Ok(AttributeChange::ShutdownBehavior(behavior))
}

fn reset_attribute(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("InstanceId")?;
    call.parameters.required("Attribute")?;
    let attribute = call.parameters.word("Attribute", &["sourceDestCheck", "kernel", "ramdisk"])?;
    let changes: Vec<AttributeChange> = (attribute == Some("sourceDestCheck"))
        .then_some(AttributeChange::SourceDestCheck(true))
        .into_iter()
        .collect();
    let Stage { region, hardware, xml, now } = call.begin()?;
    region.modify_attributes(id, &changes, now, hardware)?;
    done(xml);
    Ok(())
}

fn modify_metadata_options(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("InstanceId")?;
    let change = metadata_change(&call.parameters)?;
    let Stage { region, xml, now, .. } = call.begin()?;
    let options = region.modify_metadata(id, &change, now)?;
    xml.plain("instanceId", id);
    xml.element("instanceMetadataOptions", |xml| {
        // Here it has taken effect when the answer is sent; AWS takes a moment and says so.
        instance_xml::metadata_options(xml, &options, "pending");
    });
    Ok(())
}

fn monitor(call: &mut Call<'_>) -> Result<()> {
    switch_monitoring(call, true)
}

fn unmonitor(call: &mut Call<'_>) -> Result<()> {
    switch_monitoring(call, false)
}

fn switch_monitoring(call: &mut Call<'_>, on: bool) -> Result<()> {
    let ids = call.parameters.list("InstanceId");
    if ids.is_empty() {
        return Err(Ec2Error::missing_parameter("InstanceId"));
    }
    let Stage { region, xml, now, .. } = call.begin()?;
    region.monitor_instances(&ids, on, now)?;
    xml.list("instancesSet", ids, |xml, id| {
        xml.plain("instanceId", id);
        let state = if on { "pending" } else { "disabling" };
        xml.element("monitoring", |xml| xml.plain("state", state));
    });
    Ok(())
}

fn console_output(call: &mut Call<'_>) -> Result<()> {
    let id = call.parameters.required("InstanceId")?;
    call.parameters.boolean("Latest")?;
    let Stage { region, hardware, xml, now } = call.begin()?;
    let (time, text) = region.console_output(id, now, hardware)?;
    xml.plain("instanceId", id);
    xml.time("timestamp", time);
    if !text.is_empty() {
        xml.plain("output", &BASE64_STANDARD.encode(text));
    }
    Ok(())
}
