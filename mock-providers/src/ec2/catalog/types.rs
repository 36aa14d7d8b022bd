//! Types of what the catalogue lists.

use crate::guest::GuestOs;

/// A machine image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Id.
    pub(crate) id: String,
    /// Name, for example `ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260615`.
    pub(crate) name: String,
    /// Description.
    pub(crate) description: String,
    /// Operating system of the simulated machines.
    pub(crate) os: GuestOs,
    /// `x86_64` or `arm64`.
    pub(crate) architecture: &'static str,
    /// Account of the owner.
    pub(crate) owner: &'static str,
    /// Alias of the owner, for example `amazon`.
    pub(crate) owner_alias: Option<&'static str>,
    /// Name of the root device.
    pub(crate) root_device: &'static str,
    /// Snapshot of the root device.
    pub(crate) snapshot: String,
    /// Size of the root device in GiB.
    pub(crate) root_size: u32,
    /// Type of the root device.
    pub(crate) root_volume_type: &'static str,
    /// When it was made, as it is on the wire.
    pub(crate) created: String,
    /// Instance store volumes: device and virtual name.
    pub(crate) ephemeral: &'static [(&'static str, &'static str)],
}

/// An instance type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InstanceType {
    /// Name, for example `t3.micro`.
    pub(crate) name: &'static str,
    /// Virtual CPUs.
    pub(crate) vcpus: u32,
    /// Threads of each core.
    pub(crate) threads_per_core: u32,
    /// Memory in MiB.
    pub(crate) memory: u64,
    /// `nitro`, `xen`.
    pub(crate) hypervisor: &'static str,
    /// Architectures.
    pub(crate) architectures: &'static [&'static str],
    /// Whether it is of the current generation.
    pub(crate) current: bool,
    /// Whether it has CPU credits.
    pub(crate) burstable: bool,
    /// What the network does, for example `Up to 5 Gigabit`.
    pub(crate) network: &'static str,
    /// Most network interfaces.
    pub(crate) interfaces: u32,
    /// Most IPv4 addresses, and IPv6 addresses, of an interface.
    pub(crate) addresses: u32,
    /// Whether EBS optimisation is `default`, `supported` or `unsupported`.
    pub(crate) ebs_optimized: &'static str,
}

/// An instance profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstanceProfile {
    /// Name.
    pub(crate) name: String,
    /// ARN.
    pub(crate) arn: String,
    /// Id.
    pub(crate) id: String,
}
