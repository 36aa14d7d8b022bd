//! Images.

use std::sync::Arc;

use super::{Kind, Region, Result};
use crate::ec2::catalog::Image;

impl Region {
    /// An image.
    ///
    /// # Errors
    /// `InvalidAMIID.NotFound` or `InvalidAMIID.Malformed`.
    pub(crate) fn image(&self, id: &str) -> Result<&Arc<Image>> {
        self.images.get(id).ok_or_else(|| Self::missing(Kind::Image, id))
    }

    /// Checks that images exist.
    ///
    /// # Errors
    /// `InvalidAMIID.NotFound` or `InvalidAMIID.Malformed`.
    pub(crate) fn require_images(&self, ids: &[&str]) -> Result<()> {
        Self::all_present(&self.images, Kind::Image, ids)
    }

    /// Size in GiB of a snapshot; only the images have some.
    ///
    /// # Errors
    /// `InvalidSnapshot.NotFound` or `InvalidSnapshotID.Malformed`.
    pub(super) fn snapshot_size(&self, id: &str) -> Result<u32> {
        let image = self.images.values().find(|image| image.snapshot == id);
        image.map(|image| image.root_size).ok_or_else(|| Self::missing(Kind::Snapshot, id))
    }
}
