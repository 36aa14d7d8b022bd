//! Volumes and their types.

use std::sync::Arc;

use super::{
    BlockDevice, ClientToken, Id, Kind, Moment, Region, Result, TagSpecification, Tags, Zone,
    block_device::PlannedVolume, tags,
};
use crate::ec2::error::Ec2Error;

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

/// A volume type with its limits ("Amazon EBS volume types" of the EBS User Guide).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct VolumeType {
    pub(super) name: &'static str,
    /// Least and greatest size in GiB.
    size: (u32, u32),
    /// Least and greatest number of operations a second that can be asked for.
    iops: Option<(u32, u32)>,
    /// Most operations a second for each GiB that can be asked for.
    iops_per_gib: u32,
}

const fn volume_type(
    name: &'static str,
    size: (u32, u32),
    iops: Option<(u32, u32)>,
    iops_per_gib: u32,
) -> VolumeType {
    VolumeType { name, size, iops, iops_per_gib }
}

static TYPES: [VolumeType; 7] = [
    volume_type("standard", (1, 1024), None, 0),
    volume_type("gp2", (1, 16_384), None, 0),
    volume_type("gp3", (1, 65_536), Some((3000, 80_000)), 500),
    volume_type("io1", (4, 16_384), Some((100, 64_000)), 50),
    volume_type("io2", (4, 65_536), Some((100, 256_000)), 1000),
    volume_type("st1", (125, 16_384), None, 0),
    volume_type("sc1", (125, 16_384), None, 0),
];

impl VolumeType {
    /// The type with a name.
    pub(super) fn named(name: &str) -> Result<&'static Self> {
        let found = TYPES.iter().find(|it| it.name == name);
        found.ok_or_else(|| {
            let message = format!("Invalid value '{name}' for parameter volumeType.");
            Ec2Error::invalid_parameter_value(message)
        })
    }

    pub(super) fn check_size(&self, size: u32) -> Result<()> {
        let (least, most) = self.size;
        if (least..=most).contains(&size) {
            return Ok(());
        }
        let name = self.name;
        let message = match size < least {
            true => {
                format!("Volume of {size}GiB is too small for volume type {name}; minimum is {least}GiB.")
            }
            false => {
                format!("Volume of {size}GiB is too large for volume type {name}; maximum is {most}GiB.")
            }
        };
        Err(Ec2Error::invalid_parameter_value(message))
    }

    /// Operations a second of a volume.
    pub(super) fn operations(&self, size: u32, asked: Option<u32>) -> Result<Option<u32>> {
        let name = self.name;
        let Some((least, most)) = self.iops else {
            if asked.is_some() {
                let message = format!("The parameter iops is not supported for {name} volumes.");
                return Err(Ec2Error::invalid_combination(message));
            }
            // Volumes of type gp2 have three for each GiB.
            return Ok((name == "gp2").then(|| (size.saturating_mul(3)).clamp(100, 16_000)));
        };
        let iops = match asked {
            Some(iops) => iops,
            None if name == "gp3" => least,
            None => {
                let message = format!("The parameter iops must be specified for {name} volumes.");
                return Err(Ec2Error::invalid_combination(message));
            }
        };
        if !(least..=most).contains(&iops) {
            let message =
                format!("Volume iops of {iops} is not between {least} and {most} for {name} volumes.");
            return Err(Ec2Error::invalid_parameter_value(message));
        }
        // The number that every gp3 volume has needs no size.
        if iops > least && iops > size.saturating_mul(self.iops_per_gib) {
            let ratio = self.iops_per_gib;
            let message = format!("Iops to volume size ratio is too high; maximum is {ratio}.");
            return Err(Ec2Error::invalid_parameter_value(message));
        }
        Ok(Some(iops))
    }

    /// MiB a second of a volume.
    pub(super) fn bandwidth(&self, asked: Option<u32>) -> Result<Option<u32>> {
        match (self.name, asked) {
            ("gp3", None) => Ok(Some(125)),
            ("gp3", Some(throughput @ 125..=2000)) => Ok(Some(throughput)),
            ("gp3", Some(throughput)) => {
                let message = format!("Throughput of {throughput} MiB/s is not between 125 and 2000 MiB/s.");
                Err(Ec2Error::invalid_parameter_value(message))
            }
            (_, None) => Ok(None),
            (name, Some(_)) => {
                let message = format!("The parameter Throughput is not supported for {name} volumes.");
                Err(Ec2Error::invalid_combination(message))
            }
        }
    }
}

/// An order of a volume (`CreateVolume`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct NewVolume {
    /// Zone.
    pub(crate) zone: String,
    /// Size, type and the rest; the name of the device is not used.
    pub(crate) device: BlockDevice,
    /// Tags.
    pub(crate) tags: Vec<TagSpecification>,
    /// Token that makes the order one of a kind.
    pub(crate) client_token: Option<ClientToken>,
}

impl Region {
    /// Makes a volume.
    ///
    /// # Errors
    /// No such zone or snapshot; a size or a number that the type does not have.
    pub(crate) fn create_volume(&mut self, new: &NewVolume, now: Moment) -> Result<&Volume> {
        let token = new.client_token.as_ref();
        if let Some(id) = self.made_before(Kind::Volume, token)? {
            return self.volume(&id);
        }
        tags::require_types(&new.tags, &["volume"])?;
        let own_tags = tags::tags_for(&new.tags, "volume")?;
        let zone = Arc::clone(self.zone(&new.zone)?);
        let planned = self.planned_volume(&new.device)?;
        let id = self.add_volume(&planned, zone, own_tags, now);
        self.remember(Kind::Volume, token, &id, now);
        self.volume(&id)
    }

    pub(super) fn add_volume(
        &mut self,
        planned: &PlannedVolume,
        zone: Arc<Zone>,
        tags: Tags,
        now: Moment,
    ) -> Id {
        let id = self.ids.next(Kind::Volume);
        let volume = Volume {
            id: id.clone(),
            size: planned.size,
            volume_type: planned.volume_type.name,
            iops: planned.iops,
            throughput: planned.throughput,
            snapshot: planned.snapshot.clone(),
            zone,
            created: now,
            encrypted: planned.encrypted,
            kms_key: planned.kms_key.clone(),
            attachment: None,
            tags,
        };
        self.volumes.insert(id.clone(), volume);
        self.hide(Kind::Volume, &id, self.lag, now);
        id
    }

    /// Removes a volume.
    ///
    /// # Errors
    /// No such volume; `VolumeInUse` while it is attached.
    pub(crate) fn delete_volume(&mut self, id: &str, now: Moment) -> Result<()> {
        self.require_visible(Kind::Volume, &[id], now)?;
        if let Some(attachment) = &self.volume(id)?.attachment {
            let message = format!("Volume {id} is currently attached to {}", attachment.instance);
            return Err(Ec2Error::client("VolumeInUse", message));
        }
        self.volumes.remove(id);
        Ok(())
    }

    /// A volume.
    ///
    /// # Errors
    /// `InvalidVolume.NotFound`, or `InvalidParameterValue` for another form.
    pub(crate) fn volume(&self, id: &str) -> Result<&Volume> {
        self.volumes.get(id).ok_or_else(|| Self::missing(Kind::Volume, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_type_and_size() {
        let of = |name: &str, size, iops| VolumeType::named(name).unwrap().operations(size, iops);
        assert_eq!(of("gp2", 8, None).unwrap(), Some(100));
        assert_eq!(of("gp2", 1000, None).unwrap(), Some(3000));
        assert_eq!(of("gp3", 8, None).unwrap(), Some(3000));
        assert_eq!(of("gp3", 8, Some(4000)).unwrap(), Some(4000));
        assert_eq!(of("io1", 100, Some(500)).unwrap(), Some(500));
        assert_eq!(of("standard", 8, None).unwrap(), None);
        assert_eq!(of("io1", 8, None).unwrap_err().code, "InvalidParameterCombination");
        assert_eq!(of("gp2", 8, Some(100)).unwrap_err().code, "InvalidParameterCombination");
        assert_eq!(of("io1", 4, Some(500)).unwrap_err().code, "InvalidParameterValue");
        assert!(
            VolumeType::named("gp9").is_err() && VolumeType::named("st1").unwrap().check_size(8).is_err()
        );
        assert_eq!(VolumeType::named("gp3").unwrap().bandwidth(None).unwrap(), Some(125));
        assert!(VolumeType::named("gp2").unwrap().bandwidth(Some(125)).is_err());
    }
}
