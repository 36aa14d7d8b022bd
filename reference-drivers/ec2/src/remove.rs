use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Volume, VolumeState};
use machine_driver::{Context, Error, Result};

use crate::{
    api::Ec2,
    driver::Ec2Driver,
    instance::{GONE, SEARCHED, TERMINATED, VOLUMES_GONE, state},
};

/// The parts of `remove`. Each deletes by the recorded id, or else what carries the machine's mark (RM-016); what is
/// gone already is deleted (RM-008, RM-012).
impl Ec2Driver {
    /// Goes on after a failure, and reports all of them (RM-014, RM-015).
    pub(crate) async fn remove_all(&mut self, ec2: &Ec2, cx: &Context) -> Result<()> {
        let instances = self.remove_instances(ec2, cx).await;
        let volumes = self.remove_volumes(ec2, cx).await;
        // A group cannot go before the instances that have it.
        let groups = if instances.is_ok() { self.remove_groups(ec2, cx).await } else { Ok(()) };
        let key = self.remove_key(ec2).await;
        Error::all([instances, volumes, groups, key])
    }

    /// Needs neither the guest nor local files (RM-019, RM-020), and ends when the instances are terminated (RM-017).
    async fn remove_instances(&mut self, ec2: &Ec2, cx: &Context) -> Result<()> {
        let mut ids = BTreeSet::new();
        if self.options.request_spot_instance {
            // First, so that nothing is launched after the search (CREATE-020).
            for request in ec2.spot_requests(&self.owner()).await? {
                ec2.cancel_spot_request(request.spot_instance_request_id().unwrap_or_default()).await?;
                ids.extend(request.instance_id);
            }
        }
        if self.instance_id.is_empty() {
            ids.extend(self.unrecorded_instances(ec2, cx).await?);
        } else {
            ids.insert(self.instance_id.clone());
        }
        let mut outcomes = Vec::new();
        for id in &ids {
            outcomes.push(terminate(ec2, cx, id).await);
        }
        Error::all(outcomes)?;
        self.instance_id.clear();
        Ok(())
    }

    /// Ids of the instances with the machine's mark. After a killed `create` EC2 may show one late (CREATE-012): the key
    /// pair, which comes first, tells that there may be one.
    async fn unrecorded_instances(&self, ec2: &Ec2, cx: &Context) -> Result<Vec<String>> {
        let look = async || {
            let found =
                self.own_instances(ec2).await?.into_iter().filter_map(|instance| instance.instance_id);
            Ok::<Vec<String>, Error>(found.collect())
        };
        let found = look().await?;
        // With a recorded key pair `create` has looked already.
        if !found.is_empty() || !self.key_pair_id.is_empty() || self.own_key(ec2).await?.is_none() {
            return Ok(found);
        }
        let late = || async { Ok(Some(look().await?).filter(|found| !found.is_empty())) };
        Ok(cx.waits().until_or_none(&SEARCHED, late).await?.unwrap_or_default())
    }

    /// Volumes that outlive the instance, because somebody changed their attribute. One that serves another instance by
    /// now is left to it.
    async fn remove_volumes(&self, ec2: &Ec2, cx: &Context) -> Result<()> {
        let gone = cx.waits().until(&VOLUMES_GONE, || async {
            let mut left = false;
            for volume in ec2.volumes(&self.owner()).await? {
                let id = volume.volume_id().unwrap_or_default();
                match volume.state() {
                    Some(VolumeState::Available | VolumeState::Error) => ec2.delete_volume(id).await?,
                    Some(VolumeState::Deleting | VolumeState::Deleted) => {}
                    _ => left |= !self.serves_another(ec2, &volume).await?,
                }
            }
            Ok((!left).then_some(()))
        });
        gone.await
    }

    async fn serves_another(&self, ec2: &Ec2, volume: &Volume) -> Result<bool> {
        for attachment in volume.attachments() {
            let id = attachment.instance_id().unwrap_or_default();
            if id.is_empty() {
                continue;
            }
            if ec2.instance(id).await?.is_some_and(|instance| state(&instance) != TERMINATED) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

async fn terminate(ec2: &Ec2, cx: &Context, id: &str) -> Result<()> {
    ec2.terminate(id).await?;
    let gone = cx.waits().until(&GONE, || async {
        let instance = ec2.instance(id).await?;
        Ok(instance.is_none_or(|instance| state(&instance) == TERMINATED).then_some(()))
    });
    gone.await.map_err(|error| error.with_context("instance", id))
}

#[cfg(test)]
#[path = "tests/remove.rs"]
mod tests;
