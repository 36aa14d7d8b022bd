//! Volumes.

use std::sync::Arc;

use super::{Id, Moment, Tags, Zone};

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Volume {
    /// Id.
    pub(crate) id: Id,
    /// Size in GiB.
    pub(crate) size: u32,
    /// Type, for example `gp3`.
    pub(crate) volume_type: &'static str,
    /// Operations a second, for types that have a number.
    pub(crate) iops: Option<u32>,
    /// MiB a second, for types that have a number.
    pub(crate) throughput: Option<u32>,
    /// Snapshot that it was made from; empty is none.
    pub(crate) snapshot: String,
    /// Zone.
    pub(crate) zone: Arc<Zone>,
    /// When it was made.
    pub(crate) created: Moment,
    /// Whether it is encrypted.
    pub(crate) encrypted: bool,
    /// ARN of the key of the encryption.
    pub(crate) kms_key: Option<String>,
    /// Attachment; a volume without one is `available`.
    pub(crate) attachment: Option<VolumeAttachment>,
    /// Tags.
    pub(crate) tags: Tags,
}

/// How a volume is attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct VolumeAttachment {
    /// Instance.
    pub(crate) instance: Id,
    /// Name of the device.
    pub(crate) device: Arc<str>,
    /// When it was attached.
    pub(crate) attached: Moment,
    /// Whether it goes with the instance.
    pub(crate) delete_on_termination: bool,
}

impl Volume {
    /// The word on the wire for its state.
    pub(crate) fn state(&self) -> &'static str {
        match self.attachment {
            Some(_) => "in-use",
            None => "available",
        }
    }
}
