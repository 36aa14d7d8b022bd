//! All state of one account in one region: a synchronous state machine. Time, hardware and randomness are passed in.
//!
//! The tables of [`Region`] are there to be read; they are changed by its methods alone. Each method checks everything
//! before it changes anything, so that a failed call changes nothing. What takes time is put on a timeline;
//! [`Region::advance`] lets it happen, [`Region::next_change`] says when to call it next.
//!
//! | file | methods |
//! | --- | --- |
//! | `run`, `lifecycle`, `transitions` | `run_instances`, `start_instances`, `stop_instances`, `reboot_instances`, `terminate_instances`, and what instances do by themselves |
//! | `attributes` | `modify_attributes`, `modify_metadata`, `monitor_instances`, `console_output` |
//! | `outside` | what happens behind the driver's back: `power_off`, `terminate_at_once`, `readdress`, ... |
//! | `group`, `rule` | security groups and their rules |
//! | `network`, `vpc` | VPCs, subnets, network interfaces |
//! | `key_pair`, `image`, `volume`, `address`, `spot`, `tags` | the rest |
//! | `visibility` | eventual consistency: `visible_instances` and the like, `hidden_among` |

mod address;
mod attributes;
mod block_device;
mod cidr;
mod group;
mod hardware;
mod id;
mod image;
mod instance;
mod key_pair;
mod launch;
mod lifecycle;
mod make;
mod moment;
mod network;
mod outside;
mod permission;
mod placement;
mod rule;
mod run;
mod spot;
mod table;
mod tags;
#[cfg(test)]
mod tests;
mod timeline;
mod times;
mod token;
mod transitions;
mod visibility;
mod volume;
mod vpc;

use std::{collections::HashMap, sync::Arc};

use timeline::Timeline;
use token::Tokens;
use visibility::Visibility;

pub(crate) use address::Address;
pub(crate) use attributes::AttributeChange;
pub(crate) use cidr::{Cidr, Cidr6};
pub(crate) use group::{Group, NewGroup};
pub(crate) use hardware::{Build, Hardware, PortSet, ReachablePorts};
pub(crate) use id::{Id, Ids, Kind};
pub(crate) use instance::{
    Attached, GroupName, Instance, InstanceState, MetadataChange, MetadataOptions, Monitoring, PublicAddress,
    ShutdownBehavior, StartFaults, StateChange, StateReason, Zone,
};
pub(crate) use key_pair::KeyPair;
pub(crate) use launch::{BlockDevice, InterfaceSpecification, Launch, ProfileName, SpotOptions};
pub(crate) use moment::Moment;
pub(crate) use network::{Attachment, Interface, Subnet, Vpc};
pub(crate) use permission::{Direction, NewRule, Peer, Permission, Rule};
pub(crate) use rule::Revoked;
pub(crate) use spot::{SpotRequest, SpotState};
pub(crate) use table::Table;
pub(crate) use tags::{TagSpecification, Tags, tag_pairs, tags_for};
pub use times::Times;
pub(crate) use token::ClientToken;
pub(crate) use visibility::Lag;
pub(crate) use volume::{NewVolume, Volume, VolumeAttachment};
pub(crate) use vpc::IPV6_NETWORK;

use super::{
    catalog::{self, Image, InstanceProfile},
    error::Ec2Error,
};

pub(crate) type Result<T> = std::result::Result<T, Ec2Error>;

/// How a region is made.
#[derive(Clone, Debug)]
pub(crate) struct RegionSettings {
    /// Name, for example `us-east-1`.
    pub(crate) name: String,
    /// Number of the account, twelve digits.
    pub(crate) account: String,
    /// How long things take.
    pub(crate) times: Times,
    /// How long everything that is created stays invisible.
    pub(crate) lag: Lag,
    /// Whether the default VPC has IPv6 addresses; at AWS it has none until somebody adds them.
    pub(crate) ipv6: bool,
    /// Whether private addresses of new instances are loopback addresses that lead to them.
    pub(crate) reachable_private_addresses: bool,
    /// Instance profiles of the account, by name.
    pub(crate) profiles: Vec<String>,
    /// Most instances that are not over at the same time; `None` is no limit.
    pub(crate) instance_limit: Option<usize>,
}

/// All state of one account in one region.
#[derive(Clone, Debug)]
pub(crate) struct Region {
    /// Name.
    pub(crate) name: String,
    /// Number of the account.
    pub(crate) account: String,
    /// How long things take.
    pub(crate) times: Times,
    /// How long everything that is created stays invisible.
    pub(crate) lag: Lag,
    /// Availability zones.
    pub(crate) zones: Vec<Arc<Zone>>,
    /// Instances, also terminated ones while they are shown.
    pub(crate) instances: Table<Instance>,
    /// Launches: the instances of each reservation, in order.
    pub(crate) reservations: Table<Vec<Id>>,
    /// Images.
    pub(crate) images: Table<Arc<Image>>,
    /// Key pairs, by name.
    pub(crate) key_pairs: Table<KeyPair>,
    /// Security groups.
    pub(crate) groups: Table<Group>,
    /// VPCs.
    pub(crate) vpcs: Table<Vpc>,
    /// Subnets.
    pub(crate) subnets: Table<Subnet>,
    /// Network interfaces.
    pub(crate) interfaces: Table<Interface>,
    /// Volumes.
    pub(crate) volumes: Table<Volume>,
    /// Elastic IPs, by allocation.
    pub(crate) addresses: Table<Address>,
    /// Spot requests.
    pub(crate) spot_requests: Table<SpotRequest>,
    /// Instance profiles of the account.
    pub(crate) profiles: Vec<Arc<InstanceProfile>>,
    /// Most instances that are not over at the same time.
    pub(crate) instance_limit: Option<usize>,
    /// Whether private addresses of new instances are loopback addresses that lead to them.
    pub(crate) reachable_private_addresses: bool,
    ids: Ids,
    timeline: Timeline,
    visibility: Visibility,
    /// What was made for each client token.
    tokens: Tokens,
    /// Security groups by VPC and name.
    group_names: HashMap<(Id, Arc<str>), Id>,
    /// Instances that are not over.
    active: usize,
}

impl Region {
    /// The error for an id that is not in a table: another form, or no such object.
    fn missing(kind: Kind, id: &str) -> Ec2Error {
        if kind.fits(id) { Ec2Error::not_found(kind, &[id]) } else { Ec2Error::malformed(kind, id) }
    }

    /// The errors for the ids that are not in a table; the first malformed one counts most.
    fn all_present<T>(table: &Table<T>, kind: Kind, ids: &[&str]) -> Result<()> {
        if let Some(id) = ids.iter().find(|id| !kind.fits(id) && !table.contains(id)) {
            return Err(Ec2Error::malformed(kind, id));
        }
        let missing: Vec<&str> = ids.iter().copied().filter(|id| !table.contains(id)).collect();
        match missing.is_empty() {
            true => Ok(()),
            false => Err(Ec2Error::not_found(kind, &missing)),
        }
    }

    /// When something changes by itself next.
    pub(crate) fn next_change(&self) -> Option<Moment> {
        self.timeline.next_due()
    }

    /// The ARN of an object of this account and region.
    pub(crate) fn arn(&self, resource_type: &str, id: &str) -> String {
        let partition = catalog::partition(&self.name);
        format!("arn:{partition}:ec2:{}:{}:{resource_type}/{id}", self.name, self.account)
    }
}
