//! Orders of instances (`RunInstances`).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{ClientToken, MetadataChange, ShutdownBehavior, StartFaults, TagSpecification};

/// An order of instances. Texts are as they were in the request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Launch {
    /// Image.
    pub(crate) image: String,
    /// Least number of instances that makes sense.
    pub(crate) min_count: u32,
    /// Number of instances that is wanted.
    pub(crate) max_count: u32,
    /// Type; `m1.small` when nothing is said.
    pub(crate) instance_type: Option<String>,
    /// Name of the key pair.
    pub(crate) key_name: Option<String>,
    /// Availability zone.
    pub(crate) zone: Option<String>,
    /// Tenancy.
    pub(crate) tenancy: Option<&'static str>,
    /// Subnet of the request itself.
    pub(crate) subnet: Option<String>,
    /// Ids of security groups of the request itself.
    pub(crate) group_ids: Vec<String>,
    /// Names of security groups of the request itself.
    pub(crate) group_names: Vec<String>,
    /// Private address of the request itself.
    pub(crate) private_address: Option<Ipv4Addr>,
    /// Number of IPv6 addresses of the request itself.
    pub(crate) ipv6_count: Option<u32>,
    /// IPv6 addresses of the request itself.
    pub(crate) ipv6_addresses: Vec<Ipv6Addr>,
    /// Network interfaces.
    pub(crate) interfaces: Vec<InterfaceSpecification>,
    /// Volumes that differ from the image's.
    pub(crate) block_devices: Vec<BlockDevice>,
    /// User data in Base64.
    pub(crate) user_data: String,
    /// Instance profile.
    pub(crate) profile: Option<ProfileName>,
    /// Detailed monitoring.
    pub(crate) monitoring: bool,
    /// EBS optimisation.
    pub(crate) ebs_optimized: bool,
    /// Options of the metadata service.
    pub(crate) metadata: MetadataChange,
    /// Protection against termination.
    pub(crate) disable_api_termination: bool,
    /// Protection against being stopped.
    pub(crate) disable_api_stop: bool,
    /// What a shutdown from inside does.
    pub(crate) shutdown_behavior: ShutdownBehavior,
    /// CPU credits: `standard` or `unlimited`.
    pub(crate) cpu_credits: Option<&'static str>,
    /// Tags of what is created.
    pub(crate) tags: Vec<TagSpecification>,
    /// Options of a spot instance.
    pub(crate) spot: Option<SpotOptions>,
    /// Token that makes the order one of a kind.
    pub(crate) client_token: Option<ClientToken>,
    /// How the start goes wrong.
    pub(crate) start_faults: StartFaults,
}

/// A network interface of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InterfaceSpecification {
    /// Place, 0 is the primary one.
    pub(crate) device_index: Option<u32>,
    /// An interface that exists.
    pub(crate) interface: Option<String>,
    /// Subnet.
    pub(crate) subnet: Option<String>,
    /// Ids of security groups.
    pub(crate) groups: Vec<String>,
    /// Whether it gets a public address; what the subnet says when nothing is said.
    pub(crate) public_address: Option<bool>,
    /// Private address.
    pub(crate) private_address: Option<Ipv4Addr>,
    /// Number of IPv6 addresses.
    pub(crate) ipv6_count: Option<u32>,
    /// IPv6 addresses.
    pub(crate) ipv6_addresses: Vec<Ipv6Addr>,
    /// Whether its first IPv6 address is the primary one.
    pub(crate) primary_ipv6: Option<bool>,
    /// Whether it goes with the instance; true when nothing is said.
    pub(crate) delete_on_termination: Option<bool>,
    /// Description.
    pub(crate) description: Option<String>,
}

/// A volume of an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BlockDevice {
    /// Name of the device.
    pub(crate) device: String,
    /// Whether the image's volume of this name is left out.
    pub(crate) no_device: bool,
    /// Instance store volume, for example `ephemeral0`.
    pub(crate) virtual_name: Option<String>,
    /// Size in GiB.
    pub(crate) size: Option<u32>,
    /// Type, for example `gp3`.
    pub(crate) volume_type: Option<String>,
    /// Operations a second.
    pub(crate) iops: Option<u32>,
    /// MiB a second.
    pub(crate) throughput: Option<u32>,
    /// Snapshot.
    pub(crate) snapshot: Option<String>,
    /// Whether it goes with the instance; true when nothing is said.
    pub(crate) delete_on_termination: Option<bool>,
    /// Encryption.
    pub(crate) encrypted: Option<bool>,
    /// Key of the encryption.
    pub(crate) kms_key: Option<String>,
}

/// An instance profile, by one of its names. Empty texts are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProfileName {
    /// By ARN.
    Arn(String),
    /// By name.
    Name(String),
}

/// Options of a spot instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SpotOptions {
    /// Highest price in dollars an hour.
    pub(crate) max_price: Option<String>,
    /// Whether the request stays open after its instance has ended.
    pub(crate) persistent: bool,
    /// Minutes after which it is interrupted.
    pub(crate) block_duration: Option<u32>,
    /// What an interruption does: `terminate`, `stop` or `hibernate`.
    pub(crate) interruption: Option<&'static str>,
}
