use aws_sdk_ec2::{
    Client,
    operation::run_instances::builders::RunInstancesFluentBuilder,
    primitives::Blob,
    types::{
        Filter, Image, Instance, InstanceType, InstanceTypeInfo, IpPermission, KeyPairInfo, Reservation,
        ResourceType, SecurityGroup, SpotInstanceRequest, Subnet, Tag, Volume,
    },
};
use machine_driver::Result;
use machine_driver_aws::{Calls, Failure};

use crate::names::{filter, is_owned, owned_by, tagged};

/// The calls to EC2 that the driver makes.
///
/// All of them may be repeated: reads and deletions by nature, `RunInstances` by its client token; and whoever makes a
/// key pair or a group finds out what "exists already" means.
pub(crate) struct Ec2(pub(crate) Calls<Client>);

impl Ec2 {
    /// One instance by its id; `None` if EC2 has none, which may also mean "not yet".
    pub(crate) async fn instance(&self, id: &str) -> Result<Option<Instance>> {
        let look = |ec2: Client| ec2.describe_instances().instance_ids(id).send();
        let answer = self.0.find(format!("look up the instance {id}"), look).await?;
        let reservations = answer.and_then(|answer| answer.reservations);
        let mut instances = reservations.into_iter().flatten().flat_map(instances_of);
        Ok(instances.find(|instance| instance.instance_id() == Some(id)))
    }

    /// All instances that pass the filters, on all pages (FAULT-012).
    pub(crate) async fn instances(&self, filters: Vec<Filter>) -> Result<Vec<Instance>> {
        let look = |ec2: Client| {
            ec2.describe_instances().set_filters(Some(filters.clone())).into_paginator().items().send()
        };
        let reservations = self.0.list("look for instances", look).await?;
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
        let instances = self.0.call(&purpose, launch).await?.instances.into_iter().flatten();
        let launched = instances.into_iter().find(|instance| instance.instance_id().is_some());
        launched.ok_or_else(|| self.0.senseless(&purpose))
    }

    pub(crate) async fn start(&self, id: &str) -> Result<()> {
        let start = |ec2: Client| ec2.start_instances().instance_ids(id).send();
        Ok(self.0.change(format!("start the instance {id}"), start).await?)
    }

    /// With `force` the guest is not asked.
    pub(crate) async fn stop(&self, id: &str, force: bool) -> Result<()> {
        let stop = |ec2: Client| ec2.stop_instances().instance_ids(id).force(force).send();
        Ok(self.0.change(format!("stop the instance {id}"), stop).await?)
    }

    pub(crate) async fn reboot(&self, id: &str) -> Result<()> {
        let reboot = |ec2: Client| ec2.reboot_instances().instance_ids(id).send();
        Ok(self.0.change(format!("reboot the instance {id}"), reboot).await?)
    }

    /// As all deletions: what does not exist is deleted (RM-008, RM-012).
    pub(crate) async fn terminate(&self, id: &str) -> Result<()> {
        let terminate = |ec2: Client| ec2.terminate_instances().instance_ids(id).send();
        Ok(self.0.delete(format!("terminate the instance {id}"), terminate).await?)
    }

    /// The machine's spot requests that are not over.
    pub(crate) async fn spot_requests(&self, owner: &str) -> Result<Vec<SpotInstanceRequest>> {
        let look = |ec2: Client| {
            let look = ec2.describe_spot_instance_requests().filters(owned_by(owner));
            look.filters(filter("state", &["open", "active"])).into_paginator().items().send()
        };
        let mut requests = self.0.list("look for spot requests", look).await?;
        requests.retain(|request| is_owned(request.tags(), owner));
        Ok(requests)
    }

    pub(crate) async fn cancel_spot_request(&self, id: &str) -> Result<()> {
        let cancel = |ec2: Client| {
            let cancel = ec2.cancel_spot_instance_requests();
            cancel.spot_instance_request_ids(id).send()
        };
        Ok(self.0.delete(format!("cancel the spot request {id}"), cancel).await?)
    }

    /// Key pairs with a name: one or none.
    pub(crate) async fn key_pairs(&self, name: &str) -> Result<Vec<KeyPairInfo>> {
        let look = |ec2: Client| {
            let look = ec2.describe_key_pairs().filters(filter("key-name", &[name]));
            look.include_public_key(true).send()
        };
        let answer = self.0.call(format!("look for the key pair {name}"), look).await?;
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
        let id = self.0.call(&purpose, import).await?.key_pair_id;
        id.ok_or_else(|| self.0.senseless(&purpose))
    }

    pub(crate) async fn delete_key_pair(&self, id: &str) -> Result<()> {
        let delete = |ec2: Client| ec2.delete_key_pair().key_pair_id(id).send();
        Ok(self.0.delete(format!("delete the key pair {id}"), delete).await?)
    }

    /// Security groups that pass the filters.
    pub(crate) async fn groups(&self, filters: Vec<Filter>) -> Result<Vec<SecurityGroup>> {
        let look = |ec2: Client| {
            ec2.describe_security_groups().set_filters(Some(filters.clone())).into_paginator().items().send()
        };
        Ok(self.0.list("look for security groups", look).await?)
    }

    pub(crate) async fn create_group(&self, name: &str, vpc: &str, tags: &[Tag]) -> Result<(), Failure> {
        let create = |ec2: Client| {
            let create = ec2.create_security_group().group_name(name).vpc_id(vpc);
            let create = create.description("Made by docker-machine-driver-ec2");
            create.tag_specifications(tagged(ResourceType::SecurityGroup, tags)).send()
        };
        self.0.change(format!("create the security group {name}"), create).await
    }

    pub(crate) async fn open_ports(&self, group: &str, permissions: &[IpPermission]) -> Result<(), Failure> {
        let open = |ec2: Client| {
            let open = ec2.authorize_security_group_ingress().group_id(group);
            open.set_ip_permissions(Some(permissions.to_vec())).send()
        };
        self.0.change(format!("open ports in the security group {group}"), open).await
    }

    pub(crate) async fn delete_group(&self, id: &str) -> Result<(), Failure> {
        let delete = |ec2: Client| ec2.delete_security_group().group_id(id).send();
        self.0.delete(format!("delete the security group {id}"), delete).await
    }

    /// Volumes with the machine's mark.
    pub(crate) async fn volumes(&self, owner: &str) -> Result<Vec<Volume>> {
        let look =
            |ec2: Client| ec2.describe_volumes().filters(owned_by(owner)).into_paginator().items().send();
        let mut volumes = self.0.list("look for volumes", look).await?;
        volumes.retain(|volume| is_owned(volume.tags(), owner));
        Ok(volumes)
    }

    pub(crate) async fn delete_volume(&self, id: &str) -> Result<()> {
        let delete = |ec2: Client| ec2.delete_volume().volume_id(id).send();
        Ok(self.0.delete(format!("delete the volume {id}"), delete).await?)
    }

    /// The region's default VPC.
    pub(crate) async fn default_vpc(&self) -> Result<Option<String>> {
        let look = |ec2: Client| ec2.describe_vpcs().filters(filter("is-default", &["true"])).send();
        let vpcs = self.0.call("look for the default VPC", look).await?.vpcs;
        Ok(vpcs.into_iter().flatten().find_map(|vpc| vpc.vpc_id))
    }

    pub(crate) async fn subnets(&self, filters: Vec<Filter>) -> Result<Vec<Subnet>> {
        let look = |ec2: Client| {
            ec2.describe_subnets().set_filters(Some(filters.clone())).into_paginator().items().send()
        };
        Ok(self.0.list("look for subnets", look).await?)
    }

    /// One image by its id.
    pub(crate) async fn image(&self, id: &str) -> Result<Option<Image>> {
        let look = |ec2: Client| ec2.describe_images().image_ids(id).send();
        let answer = self.0.find(format!("look up the image {id}"), look).await?;
        let images = answer.and_then(|answer| answer.images);
        Ok(images.into_iter().flatten().find(|image| image.image_id() == Some(id)))
    }

    pub(crate) async fn images(&self, owner: &str, filters: Vec<Filter>) -> Result<Vec<Image>> {
        let look = |ec2: Client| {
            let look = ec2.describe_images().owners(owner).set_filters(Some(filters.clone()));
            look.into_paginator().items().send()
        };
        Ok(self.0.list("look for images", look).await?)
    }

    /// What EC2 knows of an instance type; `None` if it has no such type.
    pub(crate) async fn instance_type(&self, name: &str) -> Result<Option<InstanceTypeInfo>> {
        let look = |ec2: Client| {
            let look = ec2.describe_instance_types();
            look.instance_types(InstanceType::from(name)).send()
        };
        match self.0.call(format!("look up the instance type {name}"), look).await {
            Err(failure) if failure.is(&["InvalidInstanceType"]) => Ok(None),
            answer => Ok(answer?.instance_types.into_iter().flatten().next()),
        }
    }
}

fn instances_of(reservation: Reservation) -> Vec<Instance> {
    reservation.instances.unwrap_or_default()
}

#[cfg(test)]
#[path = "tests/api.rs"]
mod tests;
