use std::{future::Future, time::Duration};

use aws_sdk_ec2::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::run_instances::builders::RunInstancesFluentBuilder,
    primitives::Blob,
    types::{
        Filter, Image, Instance, InstanceType, InstanceTypeInfo, IpPermission, KeyPairInfo, ResourceType,
        SecurityGroup, SpotInstanceRequest, Subnet, Tag, Volume,
    },
};
use machine_driver::{Result, Secret, wait::Waits};

use crate::{
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
            let answer = tokio::select! {
                biased;
                answer = call(client.clone()) => answer,
                () = self.waits.clock().sleep(self.deadline) => break,
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => failure = Failure::new(purpose, &error).without(&self.secrets),
            }
            if !failure.is_refused() {
                break;
            }
        }
        Err(failure)
    }

    /// One instance by its id; `None` if EC2 has none, which may also mean "not yet".
    pub(crate) async fn instance(&self, id: &str) -> Result<Option<Instance>> {
        let answer = self.call(format!("look up the instance {id}"), |ec2| {
            ec2.describe_instances().instance_ids(id).send()
        });
        let reservations = existing(answer.await)?
            .and_then(|answer| answer.reservations)
            .unwrap_or_default();
        let mut instances = reservations
            .into_iter()
            .flat_map(|reservation| reservation.instances.unwrap_or_default());
        Ok(instances.find(|instance| instance.instance_id() == Some(id)))
    }

    /// All instances that pass the filters, on all pages (FAULT-012).
    pub(crate) async fn instances(&self, filters: Vec<Filter>) -> Result<Vec<Instance>> {
        let pages = self.call("look for instances", |ec2| {
            ec2.describe_instances()
                .set_filters(Some(filters.clone()))
                .into_paginator()
                .items()
                .send()
                .collect()
        });
        let reservations: Vec<aws_sdk_ec2::types::Reservation> = pages.await?;
        Ok(reservations
            .into_iter()
            .flat_map(|reservation| reservation.instances.unwrap_or_default())
            .collect())
    }

    /// Launches one instance.
    pub(crate) async fn launch(
        &self,
        machine: &str,
        order: impl Fn(RunInstancesFluentBuilder) -> RunInstancesFluentBuilder,
    ) -> Result<Instance, Failure> {
        let purpose = format!("launch the instance of {machine}");
        let answer = self
            .call(&purpose, |ec2| {
                order(ec2.run_instances().min_count(1).max_count(1)).send()
            })
            .await?;
        let mut instances = answer.instances.unwrap_or_default().into_iter();
        instances
            .find(|instance| instance.instance_id().is_some())
            .ok_or_else(|| Failure::senseless(&purpose))
    }

    pub(crate) async fn start(&self, id: &str) -> Result<()> {
        let purpose = format!("start the instance {id}");
        Ok(self
            .call(&purpose, |ec2| ec2.start_instances().instance_ids(id).send())
            .await
            .map(drop)?)
    }

    /// With `force` the guest is not asked.
    pub(crate) async fn stop(&self, id: &str, force: bool) -> Result<()> {
        let purpose = format!("stop the instance {id}");
        Ok(self
            .call(&purpose, |ec2| {
                ec2.stop_instances().instance_ids(id).force(force).send()
            })
            .await
            .map(drop)?)
    }

    pub(crate) async fn reboot(&self, id: &str) -> Result<()> {
        let purpose = format!("reboot the instance {id}");
        Ok(self
            .call(&purpose, |ec2| ec2.reboot_instances().instance_ids(id).send())
            .await
            .map(drop)?)
    }

    /// Terminates an instance; one that does not exist is terminated.
    pub(crate) async fn terminate(&self, id: &str) -> Result<()> {
        let purpose = format!("terminate the instance {id}");
        existing(
            self.call(&purpose, |ec2| ec2.terminate_instances().instance_ids(id).send())
                .await,
        )
        .map(drop)
    }

    /// The machine's spot requests that are not over.
    pub(crate) async fn spot_requests(&self, owner: &str) -> Result<Vec<SpotInstanceRequest>> {
        let states = filter("state", &["open", "active"]);
        let pages = self.call("look for spot requests", |ec2| {
            let look = ec2
                .describe_spot_instance_requests()
                .filters(owned_by(owner))
                .filters(states.clone());
            look.into_paginator().items().send().collect()
        });
        let mut requests: Vec<SpotInstanceRequest> = pages.await?;
        requests.retain(|request| is_owned(request.tags(), owner));
        Ok(requests)
    }

    pub(crate) async fn cancel_spot_request(&self, id: &str) -> Result<()> {
        let purpose = format!("cancel the spot request {id}");
        let answer = self.call(&purpose, |ec2| {
            ec2.cancel_spot_instance_requests()
                .spot_instance_request_ids(id)
                .send()
        });
        existing(answer.await).map(drop)
    }

    /// Key pairs with a name: one or none.
    pub(crate) async fn key_pairs(&self, name: &str) -> Result<Vec<KeyPairInfo>> {
        let answer = self.call(format!("look for the key pair {name}"), |ec2| {
            let look = ec2.describe_key_pairs().filters(filter("key-name", &[name]));
            look.include_public_key(true).send()
        });
        let mut found = answer.await?.key_pairs.unwrap_or_default();
        // What is found may be deleted, so EC2's filter is not trusted.
        found.retain(|pair| pair.key_name() == Some(name));
        Ok(found)
    }

    /// Uploads a public key; the id of the key pair.
    pub(crate) async fn import_key_pair(
        &self,
        name: &str,
        public_key: &str,
        tags: &[Tag],
    ) -> Result<String, Failure> {
        let purpose = format!("import the key pair {name}");
        let answer = self.call(&purpose, |ec2| {
            let import = ec2
                .import_key_pair()
                .key_name(name)
                .public_key_material(Blob::new(public_key));
            import
                .tag_specifications(tagged(ResourceType::KeyPair, tags))
                .send()
        });
        answer
            .await?
            .key_pair_id
            .ok_or_else(|| Failure::senseless(&purpose))
    }

    pub(crate) async fn delete_key_pair(&self, id: &str) -> Result<()> {
        let purpose = format!("delete the key pair {id}");
        existing(
            self.call(&purpose, |ec2| ec2.delete_key_pair().key_pair_id(id).send())
                .await,
        )
        .map(drop)
    }

    /// Security groups that pass the filters.
    pub(crate) async fn groups(&self, filters: Vec<Filter>) -> Result<Vec<SecurityGroup>> {
        let pages = self.call("look for security groups", |ec2| {
            let look = ec2.describe_security_groups().set_filters(Some(filters.clone()));
            look.into_paginator().items().send().collect()
        });
        Ok(pages.await?)
    }

    pub(crate) async fn create_group(&self, name: &str, vpc: &str, tags: &[Tag]) -> Result<(), Failure> {
        let purpose = format!("create the security group {name}");
        let answer = self.call(&purpose, |ec2| {
            let create = ec2.create_security_group().group_name(name).vpc_id(vpc);
            let create = create.tag_specifications(tagged(ResourceType::SecurityGroup, tags));
            create.description("Made by docker-machine-driver-ec2").send()
        });
        answer.await.map(drop)
    }

    pub(crate) async fn open_ports(&self, group: &str, permissions: &[IpPermission]) -> Result<(), Failure> {
        let purpose = format!("open ports in the security group {group}");
        let answer = self.call(&purpose, |ec2| {
            let authorize = ec2.authorize_security_group_ingress().group_id(group);
            authorize.set_ip_permissions(Some(permissions.to_vec())).send()
        });
        answer.await.map(drop)
    }

    pub(crate) async fn delete_group(&self, id: &str) -> Result<(), Failure> {
        let purpose = format!("delete the security group {id}");
        match self
            .call(&purpose, |ec2| ec2.delete_security_group().group_id(id).send())
            .await
        {
            Err(failure) if !failure.is_missing() => Err(failure),
            _ => Ok(()),
        }
    }

    /// Volumes with the machine's mark.
    pub(crate) async fn volumes(&self, owner: &str) -> Result<Vec<Volume>> {
        let pages = self.call("look for volumes", |ec2| {
            ec2.describe_volumes()
                .filters(owned_by(owner))
                .into_paginator()
                .items()
                .send()
                .collect()
        });
        let mut volumes: Vec<Volume> = pages.await?;
        volumes.retain(|volume| is_owned(volume.tags(), owner));
        Ok(volumes)
    }

    pub(crate) async fn delete_volume(&self, id: &str) -> Result<()> {
        let purpose = format!("delete the volume {id}");
        existing(
            self.call(&purpose, |ec2| ec2.delete_volume().volume_id(id).send())
                .await,
        )
        .map(drop)
    }

    /// The region's default VPC.
    pub(crate) async fn default_vpc(&self) -> Result<Option<String>> {
        let answer = self.call("look for the default VPC", |ec2| {
            ec2.describe_vpcs()
                .filters(filter("is-default", &["true"]))
                .send()
        });
        Ok(answer
            .await?
            .vpcs
            .unwrap_or_default()
            .into_iter()
            .find_map(|vpc| vpc.vpc_id))
    }

    pub(crate) async fn subnets(&self, filters: Vec<Filter>) -> Result<Vec<Subnet>> {
        let pages = self.call("look for subnets", |ec2| {
            ec2.describe_subnets()
                .set_filters(Some(filters.clone()))
                .into_paginator()
                .items()
                .send()
                .collect()
        });
        Ok(pages.await?)
    }

    /// One image by its id.
    pub(crate) async fn image(&self, id: &str) -> Result<Option<Image>> {
        let answer = self.call(format!("look up the image {id}"), |ec2| {
            ec2.describe_images().image_ids(id).send()
        });
        let images = existing(answer.await)?
            .and_then(|answer| answer.images)
            .unwrap_or_default();
        Ok(images.into_iter().find(|image| image.image_id() == Some(id)))
    }

    pub(crate) async fn images(&self, owner: &str, filters: Vec<Filter>) -> Result<Vec<Image>> {
        let pages = self.call("look for images", |ec2| {
            let look = ec2
                .describe_images()
                .owners(owner)
                .set_filters(Some(filters.clone()));
            look.into_paginator().items().send().collect()
        });
        Ok(pages.await?)
    }

    /// What EC2 knows of an instance type; `None` if it has no such type.
    pub(crate) async fn instance_type(&self, name: &str) -> Result<Option<InstanceTypeInfo>> {
        let answer = self.call(format!("look up the instance type {name}"), |ec2| {
            ec2.describe_instance_types()
                .instance_types(InstanceType::from(name))
                .send()
        });
        match answer.await {
            Err(failure) if failure.is("InvalidInstanceType") => Ok(None),
            answer => Ok(answer?.instance_types.unwrap_or_default().into_iter().next()),
        }
    }
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
