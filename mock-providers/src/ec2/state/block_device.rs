//! Volumes of an order: those of the image, changed and completed by what the order says.

use super::{BlockDevice, Region, Result, volume::VolumeType};
use crate::ec2::{catalog::Image, error::Ec2Error};

/// A volume that each instance of an order gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlannedVolume {
    pub(super) device: String,
    pub(super) size: u32,
    pub(super) volume_type: &'static VolumeType,
    pub(super) iops: Option<u32>,
    pub(super) throughput: Option<u32>,
    pub(super) snapshot: String,
    pub(super) delete_on_termination: bool,
    pub(super) encrypted: bool,
    pub(super) kms_key: Option<String>,
}

impl Region {
    /// The volumes of an order, the root device first.
    ///
    /// # Errors
    /// `InvalidBlockDeviceMapping` and others for what cannot be.
    pub(super) fn volumes_of(&self, image: &Image, devices: &[BlockDevice]) -> Result<Vec<PlannedVolume>> {
        for (index, device) in devices.iter().enumerate() {
            if device.device.is_empty() {
                return Err(Ec2Error::missing_parameter(&format!(
                    "BlockDeviceMapping.{}.DeviceName",
                    index + 1
                )));
            }
            if devices.iter().take(index).any(|other| other.device == device.device) {
                let message =
                    format!("The device '{}' is used in more than one block-device mapping", device.device);
                return Err(Ec2Error::client("InvalidBlockDeviceMapping", message));
            }
        }
        let root = BlockDevice {
            device: image.root_device.to_owned(),
            snapshot: Some(image.snapshot.clone()),
            volume_type: Some(image.root_volume_type.to_owned()),
            size: Some(image.root_size),
            ..BlockDevice::default()
        };
        let is_root = |device: &&BlockDevice| device.device == image.root_device;
        let changed = devices.iter().find(is_root);
        if changed.is_some_and(|device| device.no_device || device.virtual_name.is_some()) {
            let message = format!("The root device '{}' cannot be left out.", image.root_device);
            return Err(Ec2Error::client("InvalidBlockDeviceMapping", message));
        }
        let mut volumes = vec![self.planned_volume(&merged(root, changed))?];
        for device in devices.iter().filter(|device| !is_root(device)) {
            // Instance store volumes: types that have none ignore them, and so does this mock.
            if !device.no_device && device.virtual_name.is_none() {
                volumes.push(self.planned_volume(device)?);
            }
        }
        Ok(volumes)
    }

    /// A volume by the rules for its type and snapshot.
    pub(super) fn planned_volume(&self, device: &BlockDevice) -> Result<PlannedVolume> {
        let volume_type = VolumeType::named(device.volume_type.as_deref().unwrap_or("gp2"))?;
        let snapshot = device.snapshot.as_deref().filter(|id| !id.is_empty());
        let least = snapshot.map(|id| self.snapshot_size(id)).transpose()?;
        let size = match (device.size, least) {
            (Some(size), Some(least)) if size < least => {
                let id = snapshot.unwrap_or_default();
                let message = format!(
                    "Volume of size {size}GB is smaller than snapshot '{id}', expect size >= {least}GB"
                );
                return Err(Ec2Error::client("InvalidBlockDeviceMapping", message));
            }
            (Some(size), _) | (None, Some(size)) => size,
            (None, None) => {
                let message = "The request must contain the parameter size or snapshotId";
                return Err(Ec2Error::client("MissingParameter", message));
            }
        };
        let encrypted = device.encrypted.unwrap_or(false);
        let key = device.kms_key.as_deref().filter(|key| !key.is_empty());
        if key.is_some() && !encrypted {
            let message = "The parameter KmsKeyId requires the parameter Encrypted to be set.";
            return Err(Ec2Error::client("InvalidParameterDependency", message));
        }
        volume_type.check_size(size)?;
        Ok(PlannedVolume {
            device: device.device.clone(),
            size,
            iops: volume_type.operations(size, device.iops)?,
            throughput: volume_type.bandwidth(device.throughput)?,
            volume_type,
            snapshot: snapshot.unwrap_or_default().to_owned(),
            delete_on_termination: device.delete_on_termination.unwrap_or(true),
            encrypted,
            kms_key: encrypted.then(|| self.kms_key(key)),
        })
    }

    /// ARN of a key of the encryption; Amazon's own when none is named.
    fn kms_key(&self, key: Option<&str>) -> String {
        match key {
            Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
            Some(id) if id.starts_with("alias/") => {
                format!("arn:aws:kms:{}:{}:{id}", self.name, self.account)
            }
            Some(id) => format!("arn:aws:kms:{}:{}:key/{id}", self.name, self.account),
            None => {
                let number = crate::ec2::catalog::stable_number(&["aws/ebs", &self.name, &self.account]);
                let (high, low) = (number >> 32, number & 0xffff_ffff_ffff);
                format!("arn:aws:kms:{}:{}:key/{high:08x}-0000-4000-8000-{low:012x}", self.name, self.account)
            }
        }
    }
}

/// A device of the image with what an order says about it.
fn merged(of_image: BlockDevice, of_order: Option<&BlockDevice>) -> BlockDevice {
    let Some(order) = of_order else { return of_image };
    let text =
        |own: &Option<String>, image: Option<String>| own.clone().filter(|own| !own.is_empty()).or(image);
    BlockDevice {
        size: order.size.or(of_image.size),
        volume_type: text(&order.volume_type, of_image.volume_type),
        snapshot: text(&order.snapshot, of_image.snapshot),
        ..order.clone()
    }
}
