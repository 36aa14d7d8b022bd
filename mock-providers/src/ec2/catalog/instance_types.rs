//! Instance types: a selection with the numbers of the AWS documentation ("Instance types" of the EC2 User Guide).

use super::InstanceType;

const X86: &[&str] = &["x86_64"];
const X86_AND_I386: &[&str] = &["i386", "x86_64"];
const ARM: &[&str] = &["arm64"];

/// A type of the current generation on the Nitro hypervisor.
const fn nitro(
    name: &'static str,
    vcpus: u32,
    gib: u64,
    network: &'static str,
    interfaces: u32,
    addresses: u32,
) -> InstanceType {
    InstanceType {
        name,
        vcpus,
        threads_per_core: if vcpus > 1 { 2 } else { 1 },
        memory: gib * 1024,
        hypervisor: "nitro",
        architectures: X86,
        current: true,
        burstable: false,
        network,
        interfaces,
        addresses,
        ebs_optimized: "default",
    }
}

/// A burstable type on Nitro.
const fn burstable(
    name: &'static str,
    mib: u64,
    vcpus: u32,
    interfaces: u32,
    addresses: u32,
) -> InstanceType {
    InstanceType {
        memory: mib,
        burstable: true,
        ..nitro(name, vcpus, 0, "Up to 5 Gigabit", interfaces, addresses)
    }
}

/// The same for Graviton processors, whose cores have one thread.
const fn graviton(base: InstanceType) -> InstanceType {
    InstanceType { architectures: ARM, threads_per_core: 1, ..base }
}

/// A burstable type of the second generation, on Xen.
const fn t2(name: &'static str, mib: u64, vcpus: u32, interfaces: u32, addresses: u32) -> InstanceType {
    InstanceType {
        threads_per_core: 1,
        hypervisor: "xen",
        network: "Low to Moderate",
        ebs_optimized: "unsupported",
        architectures: if mib <= 4096 { X86_AND_I386 } else { X86 },
        ..burstable(name, mib, vcpus, interfaces, addresses)
    }
}

/// A type of an earlier generation, on Xen.
const fn earlier(
    name: &'static str,
    vcpus: u32,
    mib: u64,
    network: &'static str,
    ebs_optimized: &'static str,
) -> InstanceType {
    InstanceType {
        threads_per_core: if vcpus > 1 { 2 } else { 1 },
        memory: mib,
        hypervisor: "xen",
        current: false,
        ebs_optimized,
        ..nitro(name, vcpus, 0, network, 2, 10)
    }
}

/// All types, in the order of their names.
pub(crate) const INSTANCE_TYPES: &[InstanceType] = &[
    nitro("c5.2xlarge", 8, 16, "Up to 10 Gigabit", 4, 15),
    nitro("c5.large", 2, 4, "Up to 10 Gigabit", 3, 10),
    nitro("c5.xlarge", 4, 8, "Up to 10 Gigabit", 4, 15),
    nitro("c6i.large", 2, 4, "Up to 12.5 Gigabit", 3, 10),
    nitro("c6i.xlarge", 4, 8, "Up to 12.5 Gigabit", 4, 15),
    graviton(nitro("c7g.large", 2, 4, "Up to 12.5 Gigabit", 3, 10)),
    nitro("c7i.large", 2, 4, "Up to 12.5 Gigabit", 3, 10),
    earlier("m1.large", 2, 7680, "Moderate", "supported"),
    InstanceType {
        architectures: X86_AND_I386,
        addresses: 4,
        ..earlier("m1.medium", 1, 3788, "Moderate", "unsupported")
    },
    InstanceType {
        architectures: X86_AND_I386,
        addresses: 4,
        ..earlier("m1.small", 1, 1740, "Low", "unsupported")
    },
    earlier("m3.medium", 1, 3840, "Moderate", "unsupported"),
    InstanceType { current: true, ..earlier("m4.large", 2, 8192, "Moderate", "default") },
    InstanceType { current: true, ..earlier("m4.xlarge", 4, 16_384, "High", "default") },
    nitro("m5.2xlarge", 8, 32, "Up to 10 Gigabit", 4, 15),
    nitro("m5.4xlarge", 16, 64, "Up to 10 Gigabit", 8, 30),
    nitro("m5.large", 2, 8, "Up to 10 Gigabit", 3, 10),
    nitro("m5.xlarge", 4, 16, "Up to 10 Gigabit", 4, 15),
    nitro("m5a.large", 2, 8, "Up to 10 Gigabit", 3, 10),
    graviton(nitro("m6g.large", 2, 8, "Up to 10 Gigabit", 3, 10)),
    nitro("m6i.large", 2, 8, "Up to 12.5 Gigabit", 3, 10),
    nitro("m6i.xlarge", 4, 16, "Up to 12.5 Gigabit", 4, 15),
    graviton(nitro("m7g.large", 2, 8, "Up to 12.5 Gigabit", 3, 10)),
    nitro("m7i.large", 2, 8, "Up to 12.5 Gigabit", 3, 10),
    nitro("r5.large", 2, 16, "Up to 10 Gigabit", 3, 10),
    nitro("r5.xlarge", 4, 32, "Up to 10 Gigabit", 4, 15),
    nitro("r6i.large", 2, 16, "Up to 12.5 Gigabit", 3, 10),
    InstanceType { architectures: X86_AND_I386, ..earlier("t1.micro", 1, 627, "Very Low", "unsupported") },
    t2("t2.2xlarge", 32_768, 8, 3, 15),
    t2("t2.large", 8192, 2, 3, 12),
    t2("t2.medium", 4096, 2, 3, 6),
    t2("t2.micro", 1024, 1, 2, 2),
    t2("t2.nano", 512, 1, 2, 2),
    t2("t2.small", 2048, 1, 3, 4),
    t2("t2.xlarge", 16_384, 4, 3, 15),
    burstable("t3.2xlarge", 32_768, 8, 4, 15),
    burstable("t3.large", 8192, 2, 3, 12),
    burstable("t3.medium", 4096, 2, 3, 6),
    burstable("t3.micro", 1024, 2, 2, 2),
    burstable("t3.nano", 512, 2, 2, 2),
    burstable("t3.small", 2048, 2, 3, 4),
    burstable("t3.xlarge", 16_384, 4, 4, 15),
    burstable("t3a.large", 8192, 2, 3, 12),
    burstable("t3a.medium", 4096, 2, 3, 6),
    burstable("t3a.micro", 1024, 2, 2, 2),
    burstable("t3a.small", 2048, 2, 2, 4),
    graviton(burstable("t4g.medium", 4096, 2, 3, 6)),
    graviton(burstable("t4g.micro", 1024, 2, 2, 2)),
    graviton(burstable("t4g.small", 2048, 2, 3, 4)),
];

/// The type with a name.
pub(crate) fn instance_type(name: &str) -> Option<&'static InstanceType> {
    let index = INSTANCE_TYPES.binary_search_by_key(&name, |it| it.name).ok()?;
    INSTANCE_TYPES.get(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_name() {
        assert!(INSTANCE_TYPES.is_sorted_by_key(|it| it.name));
        for it in INSTANCE_TYPES {
            assert_eq!(instance_type(it.name), Some(it));
            assert!(it.memory > 0 && it.vcpus % it.threads_per_core == 0, "{}", it.name);
        }
        assert_eq!(instance_type("t9.mega"), None);
    }
}
