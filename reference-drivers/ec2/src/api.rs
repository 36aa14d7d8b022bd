use std::{cell::RefCell, future::Future, time::Duration};

use aws_sdk_ec2::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::run_instances::builders::RunInstancesFluentBuilder,
    primitives::Blob,
    types::{
        Filter, Image, Instance, InstanceType, InstanceTypeInfo, IpPermission, KeyPairInfo, Reservation,
        ResourceType, SecurityGroup, SpotInstanceRequest, Subnet, Tag, Volume,
    },
};
use machine_driver::{Result, Secret, wait::Waits};

use crate::{
    attempts::REASONS,
    failure::Failure,
    names::{filter, is_owned, owned_by, tagged},
};

/// The calls to EC2 that the driver makes.
///
/// The SDK repeats a call when EC2 limits the rate, fails, or does not answer, after pauses that get longer. That is
/// safe for all of them: for reads and deletions by nature, for `RunInstances` by its client token; and whoever makes a
/// key pair or a group finds out what "exists already" means.
pub(crate) struct Ec2 {
    /// One for each pair of keys, in the order in which they are tried.
    pub(crate) clients: Vec<Client>,
    pub(crate) secrets: Vec<Secret<String>>,
    /// Longest time for one call with its repetitions and pages.
    pub(crate) deadline: Duration,
    pub(crate) waits: Waits,
}

impl Ec2 {
    /// Makes a call. `purpose` reads after "cannot".
    async fn call<T, E, F>(&self, purpose: impl AsRef<str>, call: impl Fn(Client) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let purpose = purpose.as_ref();
        let mut failure = Failure::too_late(purpose, self.deadline);
        for client in &self.clients {
            let attempts = REASONS.scope(RefCell::default(), async {
                let answer = call(client.clone()).await;
                answer.map_err(|error| Failure::new(purpose, &error, &REASONS.with(RefCell::take)))
            });
            let answer = tokio::select! {
                biased;
                answer = attempts => answer,
                () = self.waits.clock().sleep(self.deadline) => break,
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(last) => failure = last.without(&self.secrets),
            }
            if !failure.is_refused() {
                break;
            }
        }
        Err(failure)
    }

    /// A call whose answer says nothing but that it is done.
    async fn change<T, E, F>(&self, purpose: String, call: impl Fn(Client) -> F) -> Result<(), Failure>
    where
        F: Future<Output = Result<T, SdkError<E>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.call(purpose, call).await.map(drop)
    }

    /// One instance by its id; `None` if EC2 has none, which may also mean "not yet".
    pub(crate) async fn instance(&self, id: &str) -> Result<Option<Instance>> {
        let look = |ec2: Client| ec2.describe_instances().instance_ids(id).send();
        let answer = self.call(format!("look up the instance {id}"), look).await;
        let reservations = existing(answer)?.and_then(|answer| answer.reservations);
        let mut instances = reservations.into_iter().flatten().flat_map(instances_of);
        Ok(instances.find(|instance| instance.instance_id() == Some(id)))
    }

    /// All instances that pass the filters, on all pages (FAULT-012).
    pub(crate) async fn instances(&self, filters: Vec<Filter>) -> Result<Vec<Instance>> {
        let look = |ec2: Client| {
            let look = ec2.describe_instances().set_filters(Some(filters.clone()));
            look.into_paginator().items().send().collect()
        };
        let reservations: Vec<_> = self.call("look for instances", look).await?;
        Ok(reservations.into_iter().flat_map(instances_of).collect())
    }

    /// Launches one instance.
    pub(crate) async fn launch(
        &self,
        machine: &str,
        order: impl Fn(RunInstancesFluentBuilder) -> RunInstancesFluentBuilder,
    ) -> Result<Instance, Failure> {
        let purpose = format!("launch the instance of {machine}");
        let launch = |ec2: Client| order(ec2.run_instances().min_count(1).max_count(1)).send();
        let instances = self.call(&purpose, launch).await?.instances.into_iter().flatten();
        let launched = instances.into_iter().find(|instance| instance.instance_id().is_some());
        launched.ok_or_else(|| Failure::senseless(&purpose))
    }

    pub(crate) async fn start(&self, id: &str) -> Result<()> {
        let start = |ec2: Client| ec2.start_instances().instance_ids(id).send();
        Ok(self.change(format!("start the instance {id}"), start).await?)
    }

    /// With `force` the guest is not asked.
    pub(crate) async fn stop(&self, id: &str, force: bool) -> Result<()> {
        let stop = |ec2: Client| ec2.stop_instances().instance_ids(id).force(force).send();
        Ok(self.change(format!("stop the instance {id}"), stop).await?)
    }

    pub(crate) async fn reboot(&self, id: &str) -> Result<()> {
        let reboot = |ec2: Client| ec2.reboot_instances().instance_ids(id).send();
        Ok(self.change(format!("reboot the instance {id}"), reboot).await?)
    }

    /// As all deletions: what does not exist is deleted (RM-008, RM-012).
    pub(crate) async fn terminate(&self, id: &str) -> Result<()> {
        let terminate = |ec2: Client| ec2.terminate_instances().instance_ids(id).send();
        existing(self.change(format!("terminate the instance {id}"), terminate).await).map(drop)
    }

    /// The machine's spot requests that are not over.
    pub(crate) async fn spot_requests(&self, owner: &str) -> Result<Vec<SpotInstanceRequest>> {
        let filters = vec![owned_by(owner), filter("state", &["open", "active"])];
        let look = |ec2: Client| {
            let look = ec2.describe_spot_instance_requests().set_filters(Some(filters.clone()));
            look.into_paginator().items().send().collect()
        };
        let mut requests: Vec<SpotInstanceRequest> = self.call("look for spot requests", look).await?;
        requests.retain(|request| is_owned(request.tags(), owner));
        Ok(requests)
    }

    pub(crate) async fn cancel_spot_request(&self, id: &str) -> Result<()> {
        let cancel = |ec2: Client| {
            let cancel = ec2.cancel_spot_instance_requests();
            cancel.spot_instance_request_ids(id).send()
        };
        existing(self.change(format!("cancel the spot request {id}"), cancel).await).map(drop)
    }

    /// Key pairs with a name: one or none.
    pub(crate) async fn key_pairs(&self, name: &str) -> Result<Vec<KeyPairInfo>> {
        let look = |ec2: Client| {
            let look = ec2.describe_key_pairs().filters(filter("key-name", &[name]));
            look.include_public_key(true).send()
        };
        let answer = self.call(format!("look for the key pair {name}"), look).await?;
        let mut found = answer.key_pairs.unwrap_or_default();
        // What is found may be deleted, so EC2's filter is not trusted.
        found.retain(|pair| pair.key_name() == Some(name));
        Ok(found)
    }

    /// Uploads a public key; the id of the key pair.
    pub(crate) async fn import_key_pair(
        &self,
        name: &str,
        key: &str,
        tags: &[Tag],
    ) -> Result<String, Failure> {
        let purpose = format!("import the key pair {name}");
        let import = |ec2: Client| {
            let import = ec2.import_key_pair().key_name(name).public_key_material(Blob::new(key));
            import.tag_specifications(tagged(ResourceType::KeyPair, tags)).send()
        };
        let id = self.call(&purpose, import).await?.key_pair_id;
        id.ok_or_else(|| Failure::senseless(&purpose))
    }

    pub(crate) async fn delete_key_pair(&self, id: &str) -> Result<()> {
        let delete = |ec2: Client| ec2.delete_key_pair().key_pair_id(id).send();
        existing(self.change(format!("delete the key pair {id}"), delete).await).map(drop)
    }

    /// Security groups that pass the filters.
    pub(crate) async fn groups(&self, filters: Vec<Filter>) -> Result<Vec<SecurityGroup>> {
        let look = |ec2: Client| {
            let look = ec2.describe_security_groups().set_filters(Some(filters.clone()));
            look.into_paginator().items().send().collect()
        };
        Ok(self.call("look for security groups", look).await?)
    }

    pub(crate) async fn create_group(&self, name: &str, vpc: &str, tags: &[Tag]) -> Result<(), Failure> {
        let create = |ec2: Client| {
            let create = ec2.create_security_group().group_name(name).vpc_id(vpc);
            let create = create.description("Made by docker-machine-driver-ec2");
            create.tag_specifications(tagged(ResourceType::SecurityGroup, tags)).send()
        };
        self.change(format!("create the security group {name}"), create).await
    }

    pub(crate) async fn open_ports(&self, group: &str, permissions: &[IpPermission]) -> Result<(), Failure> {
        let open = |ec2: Client| {
            let open = ec2.authorize_security_group_ingress().group_id(group);
            open.set_ip_permissions(Some(permissions.to_vec())).send()
        };
        self.change(format!("open ports in the security group {group}"), open).await
    }

    pub(crate) async fn delete_group(&self, id: &str) -> Result<(), Failure> {
        let delete = |ec2: Client| ec2.delete_security_group().group_id(id).send();
        let answer = self.change(format!("delete the security group {id}"), delete).await;
        answer.or_else(|failure| if failure.is_missing() { Ok(()) } else { Err(failure) })
    }

    /// Volumes with the machine's mark.
    pub(crate) async fn volumes(&self, owner: &str) -> Result<Vec<Volume>> {
        let look = |ec2: Client| {
            let look = ec2.describe_volumes().filters(owned_by(owner));
            look.into_paginator().items().send().collect()
        };
        let mut volumes: Vec<Volume> = self.call("look for volumes", look).await?;
        volumes.retain(|volume| is_owned(volume.tags(), owner));
        Ok(volumes)
    }

    pub(crate) async fn delete_volume(&self, id: &str) -> Result<()> {
        let delete = |ec2: Client| ec2.delete_volume().volume_id(id).send();
        existing(self.change(format!("delete the volume {id}"), delete).await).map(drop)
    }

    /// The region's default VPC.
    pub(crate) async fn default_vpc(&self) -> Result<Option<String>> {
        let look = |ec2: Client| ec2.describe_vpcs().filters(filter("is-default", &["true"])).send();
        let vpcs = self.call("look for the default VPC", look).await?.vpcs;
        Ok(vpcs.into_iter().flatten().find_map(|vpc| vpc.vpc_id))
    }

    pub(crate) async fn subnets(&self, filters: Vec<Filter>) -> Result<Vec<Subnet>> {
        let look = |ec2: Client| {
            let look = ec2.describe_subnets().set_filters(Some(filters.clone()));
            look.into_paginator().items().send().collect()
        };
        Ok(self.call("look for subnets", look).await?)
    }

    /// One image by its id.
    pub(crate) async fn image(&self, id: &str) -> Result<Option<Image>> {
        let look = |ec2: Client| ec2.describe_images().image_ids(id).send();
        let answer = self.call(format!("look up the image {id}"), look).await;
        let images = existing(answer)?.and_then(|answer| answer.images);
        Ok(images.into_iter().flatten().find(|image| image.image_id() == Some(id)))
    }

    pub(crate) async fn images(&self, owner: &str, filters: Vec<Filter>) -> Result<Vec<Image>> {
        let look = |ec2: Client| {
            let look = ec2.describe_images().owners(owner).set_filters(Some(filters.clone()));
            look.into_paginator().items().send().collect()
        };
        Ok(self.call("look for images", look).await?)
    }

    /// What EC2 knows of an instance type; `None` if it has no such type.
    pub(crate) async fn instance_type(&self, name: &str) -> Result<Option<InstanceTypeInfo>> {
        let look = |ec2: Client| {
            let look = ec2.describe_instance_types();
            look.instance_types(InstanceType::from(name)).send()
        };
        match self.call(format!("look up the instance type {name}"), look).await {
            Err(failure) if failure.is(&["InvalidInstanceType"]) => Ok(None),
            answer => Ok(answer?.instance_types.into_iter().flatten().next()),
        }
    }
}

fn instances_of(reservation: Reservation) -> Vec<Instance> {
    reservation.instances.unwrap_or_default()
}

/// `None` for an object that EC2 itself says does not exist.
fn existing<T>(answer: Result<T, Failure>) -> Result<Option<T>> {
    match answer {
        Err(failure) if failure.is_missing() => Ok(None),
        answer => Ok(answer.map(Some)?),
    }
}

#[cfg(test)]
#[path = "tests/api.rs"]
mod tests;
