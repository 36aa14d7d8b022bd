//! Instances, as the region keeps them.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use super::{Id, Moment, Tags, timeline::Timer};
use crate::{
    ec2::catalog::{Image, InstanceProfile, InstanceType},
    guest::GuestFault,
};

/// An instance.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    /// Id.
    pub(crate) id: Id,
    /// Reservation: the launch that it belongs to.
    pub(crate) reservation: Id,
    /// Place in its launch, from 0.
    pub(crate) launch_index: u32,
    /// Image.
    pub(crate) image: Arc<Image>,
    /// Type.
    pub(crate) instance_type: &'static InstanceType,
    /// Name of its key pair.
    pub(crate) key_name: Option<Arc<str>>,
    /// State.
    pub(crate) state: InstanceState,
    /// The states that it passed through since it was launched, each with its beginning.
    pub(crate) history: Vec<(Moment, InstanceState)>,
    /// Why it is in this state, as code and text; none while it is wanted to run.
    pub(crate) state_reason: Option<StateReason>,
    /// The same as a sentence, `User initiated (… GMT)`; empty when there is none.
    pub(crate) transition_reason: String,
    /// When it was launched, or started the last time.
    pub(crate) launched: Moment,
    /// When it was launched the first time.
    pub(crate) created: Moment,
    /// Availability zone.
    pub(crate) zone: Arc<Zone>,
    /// Tenancy: `default`, `dedicated` or `host`.
    pub(crate) tenancy: &'static str,
    /// Detailed monitoring.
    pub(crate) monitoring: Monitoring,
    /// Network interfaces, the primary one first; none after termination.
    pub(crate) interfaces: Vec<Id>,
    /// Address in its subnet; none after termination.
    pub(crate) private_address: Option<Ipv4Addr>,
    /// Public address at present.
    pub(crate) public: Option<PublicAddress>,
    /// IPv6 addresses.
    pub(crate) ipv6: Vec<Ipv6Addr>,
    /// Subnet; none after termination.
    pub(crate) subnet: Option<Id>,
    /// VPC; none after termination.
    pub(crate) vpc: Option<Id>,
    /// Security groups of the primary interface.
    pub(crate) groups: Vec<GroupName>,
    /// Volumes that are attached.
    pub(crate) volumes: Vec<Attached>,
    /// Tags.
    pub(crate) tags: Tags,
    /// Token of the launch.
    pub(crate) client_token: Option<String>,
    /// User data in Base64, as it was given.
    pub(crate) user_data: String,
    /// Instance profile and the id of its association.
    pub(crate) profile: Option<(Arc<InstanceProfile>, Id)>,
    /// Whether it is EBS-optimised.
    pub(crate) ebs_optimized: bool,
    /// Whether packets must be from and to its own addresses.
    pub(crate) source_dest_check: bool,
    /// Options of the metadata service.
    pub(crate) metadata: MetadataOptions,
    /// Whether calls may not terminate it.
    pub(crate) disable_api_termination: bool,
    /// Whether calls may not stop it.
    pub(crate) disable_api_stop: bool,
    /// What a shutdown from inside does.
    pub(crate) shutdown_behavior: ShutdownBehavior,
    /// CPU credits: `standard` or `unlimited`; none for types without.
    pub(crate) cpu_credits: Option<&'static str>,
    /// Spot request that it fulfils.
    pub(crate) spot_request: Option<Id>,
    /// Whether that request stays open when the instance is stopped.
    pub(crate) is_persistent_spot: bool,
    /// When it came into its present state.
    pub(crate) since: Moment,
    /// Whether a machine is behind it; those that tests put in place have none.
    pub(crate) has_machine: bool,
    /// What it looked like before its latest change of state, for reads that are behind.
    pub(crate) before: Option<Before>,
    /// Next change by itself.
    pub(super) timer: Option<Timer>,
    /// How its start goes wrong.
    pub(super) start_faults: StartFaults,
    /// Whether it wants a public address of its own whenever it starts.
    pub(super) wants_public_address: bool,
}

/// State of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum InstanceState {
    /// Coming up.
    Pending,
    /// Has power.
    Running,
    /// On its way to the end.
    ShuttingDown,
    /// At its end; still shown for a while.
    Terminated,
    /// Going down.
    Stopping,
    /// Has no power, can be started again.
    Stopped,
}

impl InstanceState {
    /// The number on the wire.
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
            Self::Stopping => 64,
            Self::Stopped => 80,
        }
    }

    /// The word on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }

    /// Whether it is over, or will be.
    pub(crate) fn is_ending(self) -> bool {
        matches!(self, Self::ShuttingDown | Self::Terminated)
    }
}

/// What an instance looked like before its latest change of state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Before {
    /// State.
    pub(crate) state: InstanceState,
    /// Public address.
    pub(crate) public: Option<PublicAddress>,
}

/// A change of state, as Start, Stop and Terminate answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateChange {
    /// Instance.
    pub(crate) id: Id,
    /// State before the call.
    pub(crate) previous: InstanceState,
    /// State after the call.
    pub(crate) current: InstanceState,
}

/// Why an instance is in its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StateReason {
    /// For example `Client.UserInitiatedShutdown`.
    pub(crate) code: &'static str,
    /// For example `Client.UserInitiatedShutdown: User initiated shutdown`.
    pub(crate) message: String,
}

/// An availability zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Zone {
    /// Name, for example `us-east-1a`.
    pub(crate) name: String,
    /// Id, the same place for all accounts, for example `use1-az6`.
    pub(crate) id: String,
}

/// Detailed monitoring of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Monitoring {
    /// Off.
    Disabled,
    /// On from the first start on.
    Pending,
    /// On.
    Enabled,
}

impl Monitoring {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Pending => "pending",
            Self::Enabled => "enabled",
        }
    }
}

/// A public address that an instance has at present.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicAddress {
    /// The address.
    pub(crate) address: Ipv4Addr,
    /// Allocation of the Elastic IP that it is; none for one that the instance got by itself.
    pub(crate) allocation: Option<Id>,
}

/// A security group with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupName {
    /// Id.
    pub(crate) id: Id,
    /// Name.
    pub(crate) name: Arc<str>,
}

/// A volume as its instance sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    /// Name of the device, for example `/dev/sda1`.
    pub(crate) device: Arc<str>,
    /// Volume.
    pub(crate) volume: Id,
    /// When it was attached.
    pub(crate) attached: Moment,
    /// Whether it goes with the instance.
    pub(crate) delete_on_termination: bool,
}

/// What a shutdown from inside does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum ShutdownBehavior {
    /// The instance is stopped.
    #[default]
    Stop,
    /// The instance is terminated.
    Terminate,
}

impl ShutdownBehavior {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Terminate => "terminate",
        }
    }
}

/// Options of the metadata service of an instance, in the words of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MetadataOptions {
    /// `optional` or `required`.
    pub(crate) tokens: &'static str,
    /// Hops that answers may take, 1 to 64.
    pub(crate) hop_limit: u8,
    /// `enabled` or `disabled`.
    pub(crate) endpoint: &'static str,
    /// `enabled` or `disabled`.
    pub(crate) ipv6: &'static str,
    /// `enabled` or `disabled`.
    pub(crate) tags: &'static str,
}

impl Default for MetadataOptions {
    fn default() -> Self {
        Self { tokens: "optional", hop_limit: 1, endpoint: "enabled", ipv6: "disabled", tags: "disabled" }
    }
}

/// Changes of the options of the metadata service; what is `None` stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct MetadataChange {
    /// `optional` or `required`.
    pub(crate) tokens: Option<&'static str>,
    /// Hops, 1 to 64.
    pub(crate) hop_limit: Option<u8>,
    /// `enabled` or `disabled`.
    pub(crate) endpoint: Option<&'static str>,
    /// `enabled` or `disabled`.
    pub(crate) ipv6: Option<&'static str>,
    /// `enabled` or `disabled`.
    pub(crate) tags: Option<&'static str>,
}

impl MetadataOptions {
    /// The options after a change.
    pub(crate) fn changed(self, change: &MetadataChange) -> Self {
        Self {
            tokens: change.tokens.unwrap_or(self.tokens),
            hop_limit: change.hop_limit.unwrap_or(self.hop_limit),
            endpoint: change.endpoint.unwrap_or(self.endpoint),
            ipv6: change.ipv6.unwrap_or(self.ipv6),
            tags: change.tags.unwrap_or(self.tags),
        }
    }
}

/// How a start goes wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StartFaults {
    /// It stays pending.
    pub(crate) never_ready: bool,
    /// It runs without a public address.
    pub(crate) no_address: bool,
    /// It is terminated while it starts, for this reason.
    pub(crate) error: Option<String>,
    /// Misbehaviour of the machine.
    pub(crate) guest: BTreeSet<GuestFault>,
}
