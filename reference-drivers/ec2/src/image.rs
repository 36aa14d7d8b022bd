use aws_sdk_ec2::types::{BlockDeviceMapping, EbsBlockDevice, Image, ImageState, VolumeType};
use machine_driver::{Error, ErrorKind, Result};

use crate::{api::Ec2, driver::Ec2Driver, names::filter};

/// Account of Canonical, who makes Ubuntu (OS-003).
const CANONICAL: &str = "099720109477";
/// The default image without its architecture. It is looked for, because a table of ids would be wrong in a month.
const UBUNTU: &str = "ubuntu/images/hvm-ssd*/ubuntu-noble-24.04";

impl Ec2Driver {
    /// The image of the options, or the newest Ubuntu; it fits the instance type and the size of the root volume.
    pub(crate) async fn image(&self, ec2: &Ec2) -> Result<Image> {
        let options = &self.options;
        let kind = &options.instance_type;
        let info = ec2.instance_type(kind).await?;
        let info = info.ok_or_else(|| refused("instance-type", kind, "is no instance type of the region"))?;
        let processors = info.processor_info.and_then(|info| info.supported_architectures);
        let processors = processors.unwrap_or_default();
        let runs = |processor: &str| processors.iter().any(|known| known.as_str() == processor);
        let image = if options.ami.is_empty() {
            let processor = if runs("arm64") { "arm64" } else { "amd64" };
            self.newest_ubuntu(ec2, processor).await?
        } else {
            let found = ec2.image(&options.ami).await?;
            found.ok_or_else(|| refused("ami", &options.ami, "is no image of the region"))?
        };
        let id = image.image_id().unwrap_or_default();
        if image.state().is_some_and(|state| *state != ImageState::Available) {
            return Err(refused("ami", id, "is an image that is not available"));
        }
        if image.architecture().is_some_and(|needed| !runs(needed.as_str())) {
            let problem = format!("is an image for other processors than those of {kind}");
            return Err(refused("ami", id, &problem));
        }
        let smallest = root(&image).and_then(EbsBlockDevice::volume_size).unwrap_or(0);
        if self.root_size() < smallest {
            let problem = format!("is less than the {smallest} GiB of the image {id}");
            return Err(refused("root-size", &self.root_size().to_string(), &problem));
        }
        Ok(image)
    }

    async fn newest_ubuntu(&self, ec2: &Ec2, architecture: &str) -> Result<Image> {
        let name = format!("{UBUNTU}-{architecture}-server-*");
        let filters = vec![filter("name", &[&name]), filter("state", &["available"])];
        let images = ec2.images(CANONICAL, filters).await?.into_iter();
        // ISO 8601, so texts are in the order of time.
        let newest = images.max_by_key(|image| image.creation_date().map(str::to_owned));
        newest.ok_or_else(|| {
            let region = self.options.region();
            let text =
                format!("the region {region} has no image {name} of Canonical; name one with --ec2-ami");
            Error::new(ErrorKind::InvalidOption, text)
        })
    }

    /// The instance's volumes: the root as the options want it, and all gone with the instance (RM-002).
    pub(crate) fn block_devices(&self, image: &Image) -> Vec<BlockDeviceMapping> {
        let options = &self.options;
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let root_device = some(&options.device_name).or_else(|| image.root_device_name.clone());
        let device = |name: &str, ebs| BlockDeviceMapping::builder().device_name(name).ebs(ebs).build();
        let root = EbsBlockDevice::builder()
            .delete_on_termination(true)
            .volume_size(self.root_size())
            .set_volume_type(some(&options.volume_type).map(|kind| VolumeType::from(kind.as_str())))
            .set_encrypted(options.encrypt_ebs_volume.then_some(true))
            .set_kms_key_id(some(&options.kms_key));
        let mut devices = Vec::new();
        for mapping in image.block_device_mappings() {
            let Some(name) = mapping.device_name() else {
                continue;
            };
            let stays = mapping.ebs().and_then(EbsBlockDevice::delete_on_termination) == Some(false);
            if stays && Some(name) != root_device.as_deref() {
                let gone = EbsBlockDevice::builder().delete_on_termination(true);
                devices.push(device(name, gone.build()));
            }
        }
        devices.extend(root_device.map(|name| device(&name, root.build())));
        devices
    }

    fn root_size(&self) -> i32 {
        i32::try_from(self.options.root_size).unwrap_or(i32::MAX)
    }
}

fn root(image: &Image) -> Option<&EbsBlockDevice> {
    let mut mappings = image.block_device_mappings().iter();
    mappings.find(|mapping| mapping.device_name() == image.root_device_name())?.ebs()
}

fn refused(flag: &str, value: &str, problem: &str) -> Error {
    Error::invalid_option(&format!("ec2-{flag}"), format!("{value} {problem}"))
}
