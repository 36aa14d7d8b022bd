//! Instance types.

use super::{Call, Effect, Operation, Result, Stage};
use crate::ec2::{
    catalog::{INSTANCE_TYPES, InstanceType},
    error::Ec2Error,
    state::Kind,
    xml::Xml,
};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::new("DescribeInstanceTypes", Effect::Reads, Kind::Instance, describe),
    Operation::new("DescribeInstanceTypeOfferings", Effect::Reads, Kind::Instance, describe_offerings),
];

const FILTERS: &[&str] = &[
    "bare-metal",
    "burstable-performance-supported",
    "current-generation",
    "ebs-info.ebs-optimized-support",
    "free-tier-eligible",
    "hypervisor",
    "instance-storage-supported",
    "instance-type",
    "memory-info.size-in-mib",
    "network-info.ipv6-supported",
    "network-info.network-performance",
    "processor-info.supported-architecture",
    "supported-root-device-type",
    "supported-usage-class",
    "supported-virtualization-type",
    "vcpu-info.default-cores",
    "vcpu-info.default-threads-per-core",
    "vcpu-info.default-vcpus",
];

fn describe(call: &mut Call<'_>) -> Result<()> {
    let names = call.parameters.list("InstanceType");
    let filters = call.filters(FILTERS)?;
    let page = call.page(5..=100, !names.is_empty())?;
    call.parameters.ignore(&["IncludeUnsupportedInRegion"]);
    let Stage { xml, .. } = call.begin()?;
    let known = |name: &&str| INSTANCE_TYPES.iter().any(|it| it.name == *name);
    let unknown: Vec<&str> = names.iter().copied().filter(|name| !known(name)).collect();
    if !unknown.is_empty() {
        let message = format!("The following supplied instance types do not exist: [{}]", unknown.join(", "));
        return Err(Ec2Error::client("InvalidInstanceType", message));
    }
    let numbered = (1..).zip(INSTANCE_TYPES);
    let chosen = numbered.filter(|(_, it)| names.is_empty() || names.contains(&it.name));
    let fitting =
        chosen.filter(|(_, it)| filters.fit(std::iter::empty, |name, test| attribute(it, name, test)));
    let (types, next) = page.cut(fitting);
    xml.list("instanceTypeSet", types, write);
    xml.optional("nextToken", next.as_deref());
    Ok(())
}

fn attribute(it: &InstanceType, name: &str, test: &dyn Fn(&str) -> bool) -> bool {
    let flag = |value: bool| test(if value { "true" } else { "false" });
    match name {
        "bare-metal" | "instance-storage-supported" => flag(false),
        "burstable-performance-supported" => flag(it.burstable),
        "current-generation" => flag(it.current),
        "ebs-info.ebs-optimized-support" => test(it.ebs_optimized),
        "free-tier-eligible" => flag(is_free(it)),
        "hypervisor" => test(it.hypervisor),
        "instance-type" => test(it.name),
        "memory-info.size-in-mib" => test(&it.memory.to_string()),
        "network-info.ipv6-supported" => flag(true),
        "network-info.network-performance" => test(it.network),
        "processor-info.supported-architecture" => it.architectures.iter().any(|name| test(name)),
        "supported-root-device-type" => test("ebs"),
        "supported-usage-class" => ["on-demand", "spot"].iter().any(|class| test(class)),
        "supported-virtualization-type" => test("hvm"),
        "vcpu-info.default-cores" => test(&cores(it).to_string()),
        "vcpu-info.default-threads-per-core" => test(&it.threads_per_core.to_string()),
        "vcpu-info.default-vcpus" => test(&it.vcpus.to_string()),
        _ => false,
    }
}

fn is_free(it: &InstanceType) -> bool {
    matches!(it.name, "t2.micro" | "t3.micro")
}

fn cores(it: &InstanceType) -> u32 {
    (it.vcpus / it.threads_per_core.max(1)).max(1)
}

fn is_nitro(it: &InstanceType) -> bool {
    it.hypervisor == "nitro"
}

fn is_arm(it: &InstanceType) -> bool {
    it.architectures.contains(&"arm64")
}

fn manufacturer(it: &InstanceType) -> &'static str {
    let family = it.name.split('.').next().unwrap_or_default();
    match family {
        _ if is_arm(it) => "AWS",
        // Families of the older kind end with the number of their generation.
        _ if family.ends_with('a') => "AMD",
        _ => "Intel",
    }
}

fn boot_modes(it: &InstanceType) -> &'static [&'static str] {
    match (is_arm(it), is_nitro(it)) {
        (true, _) => &["uefi"],
        (false, true) => &["legacy-bios", "uefi"],
        (false, false) => &["legacy-bios"],
    }
}

fn support(is_supported: bool) -> &'static str {
    if is_supported { "supported" } else { "unsupported" }
}

/// A list whose entries are words.
fn words(xml: &mut Xml, tag: &str, words: &[&str]) {
    xml.element(tag, |xml| words.iter().for_each(|word| xml.plain("item", word)));
}

fn write(xml: &mut Xml, it: &InstanceType) {
    let (nitro, arm) = (is_nitro(it), is_arm(it));
    xml.plain("instanceType", it.name);
    xml.boolean("currentGeneration", it.current);
    xml.boolean("freeTierEligible", is_free(it));
    words(xml, "supportedUsageClasses", &["on-demand", "spot"]);
    words(xml, "supportedRootDeviceTypes", &["ebs"]);
    words(xml, "supportedVirtualizationTypes", &["hvm"]);
    words(xml, "supportedBootModes", boot_modes(it));
    xml.boolean("bareMetal", false);
    xml.plain("hypervisor", it.hypervisor);
    xml.element("processorInfo", |xml| {
        words(xml, "supportedArchitectures", it.architectures);
        xml.plain("manufacturer", manufacturer(it));
    });
    xml.element("vCpuInfo", |xml| {
        xml.number("defaultVCpus", it.vcpus);
        xml.number("defaultCores", cores(it));
        xml.number("defaultThreadsPerCore", it.threads_per_core);
        if nitro {
            let most = cores(it);
            let cores = std::iter::successors(Some(2), |number| Some(number + 2));
            let cores = cores.take_while(|number| *number < most).chain([most]);
            xml.element("validCores", |xml| {
                cores.for_each(|number| xml.number("item", number));
            });
            let threads = 1..=it.threads_per_core;
            xml.element("validThreadsPerCore", |xml| {
                threads.for_each(|number| xml.number("item", number));
            });
        }
    });
    xml.element("memoryInfo", |xml| xml.number("sizeInMiB", it.memory));
    xml.boolean("instanceStorageSupported", false);
    xml.element("ebsInfo", |xml| {
        xml.plain("ebsOptimizedSupport", it.ebs_optimized);
        xml.plain("encryptionSupport", "supported");
        xml.plain("nvmeSupport", if nitro { "required" } else { "unsupported" });
        xml.plain("attachmentLimitType", "shared");
    });
    xml.element("networkInfo", |xml| {
        xml.text("networkPerformance", it.network);
        xml.number("maximumNetworkInterfaces", it.interfaces);
        xml.number("maximumNetworkCards", 1_u32);
        xml.number("defaultNetworkCardIndex", 0_u32);
        xml.list("networkCards", [it], |xml, it| {
            xml.number("networkCardIndex", 0_u32);
            xml.text("networkPerformance", it.network);
            xml.number("maximumNetworkInterfaces", it.interfaces);
        });
        xml.number("ipv4AddressesPerInterface", it.addresses);
        xml.number("ipv6AddressesPerInterface", it.addresses);
        xml.boolean("ipv6Supported", true);
        xml.plain("enaSupport", if nitro { "required" } else { "unsupported" });
        xml.boolean("efaSupported", false);
        xml.boolean("encryptionInTransitSupported", false);
        xml.boolean("enaSrdSupported", false);
    });
    xml.element("placementGroupInfo", |xml| {
        words(xml, "supportedStrategies", &["partition", "spread"]);
    });
    xml.boolean("hibernationSupported", !arm && it.current);
    xml.boolean("burstablePerformanceSupported", it.burstable);
    xml.boolean("dedicatedHostsSupported", nitro);
    xml.boolean("autoRecoverySupported", true);
    xml.plain("nitroEnclavesSupport", "unsupported");
    xml.plain("nitroTpmSupport", support(nitro && !arm));
    if nitro && !arm {
        xml.element("nitroTpmInfo", |xml| words(xml, "supportedVersions", &["2.0"]));
    }
    xml.plain("phcSupport", "unsupported");
    xml.plain("rebootMigrationSupport", "supported");
}

fn describe_offerings(call: &mut Call<'_>) -> Result<()> {
    let kinds = ["region", "availability-zone", "availability-zone-id"];
    let kind = call.parameters.word("LocationType", &kinds)?.unwrap_or("region");
    let filters = call.filters(&["instance-type", "location"])?;
    let page = call.page(5..=1000, false)?;
    let Stage { region, xml, .. } = call.begin()?;
    let locations: Vec<&str> = match kind {
        "availability-zone" => region.zones.iter().map(|zone| zone.name.as_str()).collect(),
        "availability-zone-id" => region.zones.iter().map(|zone| zone.id.as_str()).collect(),
        _ => vec![region.name.as_str()],
    };
    let all = INSTANCE_TYPES.iter().flat_map(|it| locations.iter().map(|location| (it.name, *location)));
    let fitting = (1..).zip(all).filter(|(_, (name, location))| {
        filters.fit(std::iter::empty, |filter, test| match filter {
            "instance-type" => test(name),
            _ => test(location),
        })
    });
    let (offerings, next) = page.cut(fitting);
    xml.list("instanceTypeOfferingSet", offerings, |xml, (name, location)| {
        xml.plain("instanceType", name);
        xml.plain("locationType", kind);
        xml.plain("location", location);
    });
    xml.optional("nextToken", next.as_deref());
    Ok(())
}
