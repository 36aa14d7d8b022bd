//! Instances and reservations as XML.

use super::dns::DnsNames;
use crate::ec2::{
    state::{GroupName, Instance, InstanceState, Interface, MetadataOptions, PublicAddress, Region, Tags},
    xml::Xml,
};

/// Usual length of an instance, to make room for many at once.
const USUAL_LENGTH: usize = 4_300;

/// Writes reservations with the instances that are wanted. Instances that follow one another and belong together form
/// one entry, as in pages of AWS.
pub(super) fn reservations(xml: &mut Xml, region: &Region, instances: &[&Instance]) {
    let names = DnsNames::of(&region.name);
    xml.reserve(instances.len() * USUAL_LENGTH);
    let launches = instances.chunk_by(|one, next| one.reservation == next.reservation);
    xml.list("reservationSet", launches, |xml, launch| {
        reservation(xml, region, &names, launch, Devices::Shown);
    });
}

/// Writes the contents of the reservation that a launch has made. Instances that have not run yet show no volumes there.
pub(super) fn launched(xml: &mut Xml, region: &Region, instances: &[&Instance]) {
    xml.reserve(instances.len() * USUAL_LENGTH);
    reservation(xml, region, &DnsNames::of(&region.name), instances, Devices::HiddenWhilePending);
}

/// Whether the volumes of an instance are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Devices {
    Shown,
    HiddenWhilePending,
}

fn reservation(xml: &mut Xml, region: &Region, names: &DnsNames, launch: &[&Instance], devices: Devices) {
    if let Some(first) = launch.first() {
        xml.plain("reservationId", &first.reservation);
    }
    xml.plain("ownerId", &region.account);
    // Security groups of a reservation are those of EC2-Classic.
    xml.empty("groupSet");
    xml.list("instancesSet", launch, |xml, it| {
        instance(xml, region, names, it, devices);
    });
}

fn instance(xml: &mut Xml, region: &Region, names: &DnsNames, it: &Instance, devices: Devices) {
    let address = it.public.as_ref().map(|public| public.address);
    xml.plain("instanceId", &it.id);
    xml.plain("imageId", &it.image.id);
    xml.element("instanceState", |xml| state(xml, it.state));
    names.write_private(xml, "privateDnsName", it.private_address);
    names.write_public(xml, "dnsName", address);
    if it.transition_reason.is_empty() {
        xml.empty("reason");
    } else {
        xml.text("reason", &it.transition_reason);
    }
    xml.optional("keyName", it.key_name.as_deref());
    xml.number("amiLaunchIndex", it.launch_index);
    xml.empty("productCodes");
    xml.plain("instanceType", it.instance_type.name);
    xml.time("launchTime", it.launched);
    xml.element("placement", |xml| {
        xml.plain("availabilityZone", &it.zone.name);
        xml.plain("availabilityZoneId", &it.zone.id);
        xml.empty("groupName");
        xml.plain("tenancy", it.tenancy);
    });
    xml.element("monitoring", |xml| xml.plain("state", it.monitoring.word()));
    xml.optional("subnetId", it.subnet.as_deref());
    xml.optional("vpcId", it.vpc.as_deref());
    if let Some(address) = it.private_address {
        xml.address("privateIpAddress", address);
    }
    if let Some(address) = address {
        xml.address("ipAddress", address);
    }
    if let Some(address) = it.ipv6.first() {
        xml.shown("ipv6Address", address);
    }
    xml.boolean("sourceDestCheck", it.source_dest_check);
    groups(xml, &it.groups);
    if let Some(reason) = &it.state_reason {
        xml.element("stateReason", |xml| {
            xml.text("code", reason.code);
            xml.text("message", &reason.message);
        });
    }
    xml.plain("architecture", it.image.architecture);
    xml.plain("rootDeviceType", "ebs");
    xml.text("rootDeviceName", it.image.root_device);
    match devices {
        Devices::HiddenWhilePending if it.state == InstanceState::Pending => xml.empty("blockDeviceMapping"),
        _ => block_devices(xml, it),
    }
    xml.plain("virtualizationType", "hvm");
    match &it.client_token {
        Some(token) => xml.text("clientToken", token),
        None => xml.empty("clientToken"),
    }
    tags(xml, &it.tags);
    xml.plain("hypervisor", "xen");
    let interfaces = it.interfaces.iter().filter_map(|id| region.interfaces.get(id));
    xml.list("networkInterfaceSet", interfaces, |xml, interface| {
        network_interface(xml, region, names, interface);
    });
    if let Some((profile, _)) = &it.profile {
        xml.element("iamInstanceProfile", |xml| {
            xml.text("arn", &profile.arn);
            xml.text("id", &profile.id);
        });
    }
    xml.boolean("ebsOptimized", it.ebs_optimized);
    xml.boolean("enaSupport", true);
    if let Some(request) = &it.spot_request {
        xml.plain("instanceLifecycle", "spot");
        xml.plain("spotInstanceRequestId", request);
    }
    xml.element("cpuOptions", |xml| {
        let threads = it.instance_type.threads_per_core.max(1);
        xml.number("coreCount", (it.instance_type.vcpus / threads).max(1));
        xml.number("threadsPerCore", threads);
    });
    xml.element("capacityReservationSpecification", |xml| {
        xml.plain("capacityReservationPreference", "open");
    });
    xml.element("hibernationOptions", |xml| xml.boolean("configured", false));
    xml.element("enclaveOptions", |xml| xml.boolean("enabled", false));
    xml.element("metadataOptions", |xml| {
        metadata_options(xml, &it.metadata, "applied");
    });
    xml.element("maintenanceOptions", |xml| {
        xml.plain("autoRecovery", "default");
        xml.plain("rebootMigration", "default");
    });
    xml.plain("currentInstanceBootMode", "legacy-bios");
    xml.plain("platformDetails", "Linux/UNIX");
    xml.plain("usageOperation", "RunInstances");
    xml.time("usageOperationUpdateTime", it.created);
    xml.element("privateDnsNameOptions", |xml| {
        xml.plain("hostnameType", "ip-name");
        xml.boolean("enableResourceNameDnsARecord", false);
        xml.boolean("enableResourceNameDnsAAAARecord", false);
    });
    xml.element("networkPerformanceOptions", |xml| {
        xml.plain("bandwidthWeighting", "default");
    });
    xml.element("operator", |xml| xml.boolean("managed", false));
}

/// Code and name of a state.
pub(super) fn state(xml: &mut Xml, state: InstanceState) {
    xml.number("code", state.code());
    xml.plain("name", state.name());
}

/// `groupSet` with ids and names.
pub(super) fn groups(xml: &mut Xml, groups: &[GroupName]) {
    xml.list("groupSet", groups, |xml, group| {
        xml.plain("groupId", &group.id);
        xml.text("groupName", &group.name);
    });
}

/// `tagSet`; none at all for an instance without tags.
fn tags(xml: &mut Xml, tags: &Tags) {
    if !tags.is_empty() {
        xml.tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())));
    }
}

/// `blockDeviceMapping` of an instance.
pub(super) fn block_devices(xml: &mut Xml, it: &Instance) {
    xml.list("blockDeviceMapping", &it.volumes, |xml, volume| {
        xml.text("deviceName", &volume.device);
        xml.element("ebs", |xml| {
            xml.plain("volumeId", &volume.volume);
            // A volume is there from the first moment on in which the instance runs.
            let is_pending = it.state == InstanceState::Pending && volume.attached == it.launched;
            xml.plain("status", if is_pending { "attaching" } else { "attached" });
            xml.time("attachTime", volume.attached);
            xml.boolean("deleteOnTermination", volume.delete_on_termination);
        });
    });
}

/// Options of the metadata service.
pub(super) fn metadata_options(xml: &mut Xml, options: &MetadataOptions, state: &str) {
    xml.plain("state", state);
    xml.plain("httpTokens", options.tokens);
    xml.number("httpPutResponseHopLimit", options.hop_limit);
    xml.plain("httpEndpoint", options.endpoint);
    xml.plain("httpProtocolIpv6", options.ipv6);
    xml.plain("instanceMetadataTags", options.tags);
}

fn network_interface(xml: &mut Xml, region: &Region, names: &DnsNames, it: &Interface) {
    xml.plain("networkInterfaceId", &it.id);
    xml.plain("subnetId", &it.subnet);
    xml.plain("vpcId", &it.vpc);
    if it.description.is_empty() {
        xml.empty("description");
    } else {
        xml.text("description", &it.description);
    }
    xml.plain("ownerId", &region.account);
    xml.plain("status", "in-use");
    xml.plain("macAddress", &it.mac);
    xml.address("privateIpAddress", it.private_address);
    names.write_private(xml, "privateDnsName", Some(it.private_address));
    xml.boolean("sourceDestCheck", it.source_dest_check);
    groups(xml, &it.groups);
    xml.element("attachment", |xml| {
        let attachment = &it.attachment;
        xml.plain("attachmentId", &attachment.id);
        xml.number("deviceIndex", attachment.device_index);
        xml.plain("status", "attached");
        xml.time("attachTime", attachment.attached);
        xml.boolean("deleteOnTermination", attachment.delete_on_termination);
        xml.number("networkCardIndex", 0_u32);
    });
    if let Some(public) = &it.public {
        association(xml, region, names, public);
    }
    xml.list("privateIpAddressesSet", [it], |xml, it| {
        xml.address("privateIpAddress", it.private_address);
        names.write_private(xml, "privateDnsName", Some(it.private_address));
        xml.boolean("primary", true);
        if let Some(public) = &it.public {
            association(xml, region, names, public);
        }
    });
    xml.list("ipv6AddressesSet", it.ipv6.iter().enumerate(), |xml, (index, address)| {
        xml.shown("ipv6Address", address);
        xml.boolean("isPrimaryIpv6", it.primary_ipv6 && index == 0);
    });
    xml.plain("interfaceType", "interface");
    xml.element("operator", |xml| xml.boolean("managed", false));
}

fn association(xml: &mut Xml, region: &Region, names: &DnsNames, public: &PublicAddress) {
    xml.element("association", |xml| {
        xml.address("publicIp", public.address);
        names.write_public(xml, "publicDnsName", Some(public.address));
        match public.allocation {
            Some(_) => xml.plain("ipOwnerId", &region.account),
            None => xml.plain("ipOwnerId", "amazon"),
        }
    });
}
