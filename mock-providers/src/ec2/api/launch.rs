//! `RunInstances`.

use super::{Call, Effect, Operation, Result, Stage, instance_xml};
use crate::ec2::{
    error::Ec2Error,
    query::Parameters,
    state::{
        BlockDevice, ClientToken, Instance, InterfaceSpecification, Kind, Launch, MetadataChange,
        ProfileName, ShutdownBehavior, SpotOptions,
    },
};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::new("RunInstances", Effect::Changes, Kind::Image, run_instances)];

/// Parameters that EC2 has and that change nothing here.
const WITHOUT_EFFECT: &[&str] = &[
    "AdditionalInfo",
    "CapacityReservationSpecification",
    "CpuOptions",
    "ElasticGpuSpecification",
    "ElasticInferenceAccelerator",
    "EnablePrimaryIpv6",
    "EnclaveOptions",
    "HibernationOptions",
    "KernelId",
    "LicenseSpecification",
    "MaintenanceOptions",
    "NetworkPerformanceOptions",
    "Operator",
    "PrivateDnsNameOptions",
    "RamdiskId",
    "SecondaryInterface",
];

const ADDRESS: &str = "It must be an IPv4 address.";
const ADDRESS6: &str = "It must be an IPv6 address.";
const SWITCH: &[&str] = &["enabled", "disabled"];

fn run_instances(call: &mut Call<'_>) -> Result<()> {
    let parameters = call.parameters;
    if parameters.group("LaunchTemplate").is_present() {
        let message = "Launch templates are not part of this mock; give the parameters in the request.";
        return Err(Ec2Error::client("UnsupportedOperation", message));
    }
    parameters.required("ImageId")?;
    let count = |name: &str| {
        parameters.required(name)?;
        Ok::<u32, Ec2Error>(parameters.number(name)?.unwrap_or_default())
    };
    let (min_count, max_count) = (count("MinCount")?, count("MaxCount")?);
    let shutdown = parameters.word("InstanceInitiatedShutdownBehavior", &["stop", "terminate"])?;
    let credits = parameters.group("CreditSpecification");
    let launch = Launch {
        min_count,
        max_count,
        private_address: parameters.parsed("PrivateIpAddress", ADDRESS)?,
        ipv6_count: parameters.number("Ipv6AddressCount")?,
        ipv6_addresses: ipv6_addresses(&parameters, "Ipv6Address")?,
        metadata: metadata_change(&parameters.group("MetadataOptions"))?,
        disable_api_termination: parameters.boolean("DisableApiTermination")?.unwrap_or(false),
        disable_api_stop: parameters.boolean("DisableApiStop")?.unwrap_or(false),
        shutdown_behavior: match shutdown {
            Some("terminate") => ShutdownBehavior::Terminate,
            _ => ShutdownBehavior::Stop,
        },
        cpu_credits: credits.word("CpuCredits", &["standard", "unlimited"])?,
        tags: call.tag_specifications(),
        spot: spot(&parameters.group("InstanceMarketOptions"))?,
        client_token: call
            .client_token()
            .map(|(token, fingerprint)| ClientToken { token: token.to_owned(), fingerprint }),
        start_faults: call.faults.clone(),
        ..specification(&parameters)?
    };
    parameters.ignore(WITHOUT_EFFECT);

    let Stage { region, hardware, xml, now } = call.begin()?;
    let launched = region.run_instances(&launch, now, hardware)?;
    let instances = launched.instances.iter().filter_map(|id| region.instances.get(id));
    let instances: Vec<&Instance> = instances.collect();
    instance_xml::launched(xml, region, &instances);
    Ok(())
}

/// Reads what orders of instances and of spot instances have in common.
pub(super) fn specification(parameters: &Parameters<'_>) -> Result<Launch> {
    let placement = parameters.group("Placement");
    placement.ignore(&[
        "Affinity",
        "AvailabilityZoneId",
        "GroupId",
        "GroupName",
        "HostId",
        "HostResourceGroupArn",
        "PartitionNumber",
        "SpreadDomain",
    ]);
    let monitoring = parameters.group("Monitoring");
    monitoring.ignore(&["MetricCategoryId"]);
    let profile = parameters.group("IamInstanceProfile");
    let (arn, name) = (profile.filled("Arn"), profile.filled("Name"));
    let owned = |name: &str| parameters.filled(name).map(str::to_owned);
    Ok(Launch {
        image: owned("ImageId").unwrap_or_default(),
        instance_type: owned("InstanceType"),
        key_name: owned("KeyName"),
        zone: placement.filled("AvailabilityZone").map(str::to_owned),
        tenancy: placement.word("Tenancy", &["default", "dedicated", "host"])?,
        subnet: owned("SubnetId"),
        group_ids: texts(parameters, "SecurityGroupId"),
        group_names: texts(parameters, "SecurityGroup"),
        interfaces: interfaces(parameters)?,
        block_devices: block_devices(parameters)?,
        user_data: owned("UserData").unwrap_or_default(),
        profile: match (arn, name) {
            (Some(arn), _) => Some(ProfileName::Arn(arn.to_owned())),
            (None, Some(name)) => Some(ProfileName::Name(name.to_owned())),
            (None, None) => None,
        },
        monitoring: monitoring.boolean("Enabled")?.unwrap_or(false),
        ebs_optimized: parameters.boolean("EbsOptimized")?.unwrap_or(false),
        ..Launch::default()
    })
}

fn texts(parameters: &Parameters<'_>, name: &str) -> Vec<String> {
    let texts = parameters.list(name).into_iter();
    texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

fn interfaces(parameters: &Parameters<'_>) -> Result<Vec<InterfaceSpecification>> {
    let interface = |it: Parameters<'_>| {
        it.ignore(&[
            "AssociateCarrierIpAddress",
            "ConnectionTrackingSpecification",
            "EnaQueueCount",
            "EnaSrdSpecification",
            "InterfaceType",
            "Ipv4Prefix",
            "Ipv4PrefixCount",
            "Ipv6Prefix",
            "Ipv6PrefixCount",
            "NetworkCardIndex",
            "SecondaryPrivateIpAddressCount",
        ]);
        // The list names the primary address in another way, and secondary ones, which interfaces here do not have.
        let mut private_address = it.parsed("PrivateIpAddress", ADDRESS)?;
        for entry in it.groups("PrivateIpAddresses") {
            let address = entry.parsed("PrivateIpAddress", ADDRESS)?;
            if entry.boolean("Primary")?.unwrap_or(false) {
                private_address = private_address.or(address);
            }
        }
        Ok(InterfaceSpecification {
            device_index: it.number("DeviceIndex")?,
            interface: it.filled("NetworkInterfaceId").map(str::to_owned),
            subnet: it.filled("SubnetId").map(str::to_owned),
            groups: texts(&it, "SecurityGroupId"),
            public_address: it.boolean("AssociatePublicIpAddress")?,
            private_address,
            ipv6_count: it.number("Ipv6AddressCount")?,
            ipv6_addresses: ipv6_addresses(&it, "Ipv6Addresses")?,
            primary_ipv6: it.boolean("PrimaryIpv6")?,
            delete_on_termination: it.boolean("DeleteOnTermination")?,
            description: it.text("Description").map(str::to_owned),
        })
    };
    let interfaces = parameters.groups("NetworkInterface").into_iter();
    interfaces.map(interface).collect()
}

fn ipv6_addresses(parameters: &Parameters<'_>, list: &str) -> Result<Vec<std::net::Ipv6Addr>> {
    let entries = parameters.groups(list).into_iter();
    let addresses = entries.map(|entry| {
        entry.ignore(&["IsPrimaryIpv6"]);
        entry.parsed("Ipv6Address", ADDRESS6)
    });
    Ok(addresses.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

fn block_devices(parameters: &Parameters<'_>) -> Result<Vec<BlockDevice>> {
    let device = |it: Parameters<'_>| {
        let ebs = it.group("Ebs");
        ebs.ignore(&[
            "AvailabilityZone",
            "AvailabilityZoneId",
            "EbsCardIndex",
            "OutpostArn",
            "VolumeInitializationRate",
        ]);
        Ok(BlockDevice {
            device: it.filled("DeviceName").unwrap_or_default().to_owned(),
            no_device: it.text("NoDevice").is_some(),
            virtual_name: it.filled("VirtualName").map(str::to_owned),
            size: ebs.number("VolumeSize")?,
            volume_type: ebs.filled("VolumeType").map(str::to_owned),
            iops: ebs.number("Iops")?,
            throughput: ebs.number("Throughput")?,
            snapshot: ebs.filled("SnapshotId").map(str::to_owned),
            delete_on_termination: ebs.boolean("DeleteOnTermination")?,
            encrypted: ebs.boolean("Encrypted")?,
            kms_key: ebs.filled("KmsKeyId").map(str::to_owned),
        })
    };
    let devices = parameters.groups("BlockDeviceMapping").into_iter();
    devices.map(device).collect()
}

/// Reads changes of the options of the metadata service.
pub(super) fn metadata_change(parameters: &Parameters<'_>) -> Result<MetadataChange> {
    let hops: Option<u8> = parameters.number("HttpPutResponseHopLimit")?;
    if let Some(hops) = hops.filter(|hops| !(1..=64).contains(hops)) {
        let rule = "It must be a number from 1 to 64.";
        return Err(parameters.invalid("HttpPutResponseHopLimit", &hops.to_string(), rule));
    }
    Ok(MetadataChange {
        tokens: parameters.word("HttpTokens", &["optional", "required"])?,
        hop_limit: hops,
        endpoint: parameters.word("HttpEndpoint", SWITCH)?,
        ipv6: parameters.word("HttpProtocolIpv6", SWITCH)?,
        tags: parameters.word("InstanceMetadataTags", SWITCH)?,
    })
}

fn spot(market: &Parameters<'_>) -> Result<Option<SpotOptions>> {
    let options = market.group("SpotOptions");
    options.ignore(&["ValidUntil"]);
    let spot = SpotOptions {
        max_price: options.filled("MaxPrice").map(str::to_owned),
        persistent: options.word("SpotInstanceType", &["one-time", "persistent"])? == Some("persistent"),
        block_duration: options.number("BlockDurationMinutes")?,
        interruption: options.word("InstanceInterruptionBehavior", &["terminate", "stop", "hibernate"])?,
    };
    let kind = market.word("MarketType", &["spot", "on-demand"])?;
    Ok((kind == Some("spot")).then_some(spot))
}
