//! Calls of EC2 for defects that the driver's own methods cannot show.

use aws_config::{BehaviorVersion, Region};
use aws_sdk_ec2::{
    Client,
    config::Credentials,
    error::{ProvideErrorMetadata, SdkError},
    operation::describe_instances::DescribeInstancesOutput,
    types::{
        EbsInstanceBlockDeviceSpecification, Filter, Instance, InstanceBlockDeviceMappingSpecification,
        IpPermission, IpRange,
    },
};
use aws_smithy_http_client::{Builder, Connector};
use machine_driver::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

/// Instances on a page, the fewest that EC2 allows.
const FIRST_PAGE: i32 = 5;

/// EC2 with the credentials of a machine.
#[derive(Clone, Debug)]
pub(super) struct Calls(Client);

impl Calls {
    /// As the record has it.
    pub(super) async fn of(record: &Map<String, Value>) -> Self {
        let text = |key: &str| record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let keys = Credentials::new(text("AccessKey"), text("SecretKey"), None, None, "record");
        let plain = Builder::new().build_with_connector_fn(|settings, _| {
            let mut connector = Connector::builder();
            connector.set_connector_settings(settings.cloned());
            connector.build_http()
        });
        let settings = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(text("Region")))
            .credentials_provider(keys)
            .http_client(plain)
            .endpoint_url(text("Endpoint"))
            .load()
            .await;
        Self(Client::new(&settings))
    }

    /// Terminates what has this tag Name.
    pub(super) async fn terminate_named(&self, name: &str) -> Result<()> {
        let found = self
            .0
            .describe_instances()
            .filters(filter("tag:Name", name))
            .filters(filter("instance-state-name", "running"))
            .send()
            .await
            .map_err(failed)?;
        for instance in instances(&found) {
            let id = instance.instance_id().unwrap_or_default();
            self.0.terminate_instances().instance_ids(id).send().await.map_err(failed)?;
        }
        Ok(())
    }

    /// Terminates an instance, and returns at once.
    pub(super) async fn terminate(&self, id: &str) -> Result<()> {
        self.0.terminate_instances().instance_ids(id).send().await.map_err(failed)?;
        Ok(())
    }

    /// Whether the account has an instance that is not terminated.
    pub(super) async fn has_instances(&self) -> Result<bool> {
        let found = self.0.describe_instances().send().await.map_err(failed)?;
        let mut instances = instances(&found);
        Ok(instances.any(|instance| {
            let state = instance.state().and_then(|state| state.name());
            state.is_some_and(|state| !["terminated", "shutting-down"].contains(&state.as_str()))
        }))
    }

    /// Public address of an instance; empty without one.
    pub(super) async fn public_address(&self, id: &str) -> Result<String> {
        let look = self.0.describe_instances().instance_ids(id);
        let found = look.send().await.map_err(failed)?;
        let mut instances = instances(&found);
        let address = instances.find_map(|instance| instance.public_ip_address());
        Ok(address.unwrap_or_default().to_owned())
    }

    /// Whether the first page of all instances has one with a tag of this value.
    pub(super) async fn is_on_the_first_page(&self, value: &str) -> Result<bool> {
        let look = self.0.describe_instances().max_results(FIRST_PAGE);
        let page = look.send().await.map_err(failed)?;
        let mut instances = instances(&page);
        Ok(instances.any(|instance| instance.tags().iter().any(|tag| tag.value() == Some(value))))
    }

    /// Keeps the root volume of an instance when that is terminated, and takes away what the driver would find it by.
    pub(super) async fn keep_the_volume(&self, id: &str) -> Result<()> {
        let found = self
            .0
            .describe_volumes()
            .filters(filter("attachment.instance-id", id))
            .send()
            .await
            .map_err(failed)?;
        for volume in found.volumes() {
            let device = volume.attachments().first().and_then(|attachment| attachment.device());
            let kept = EbsInstanceBlockDeviceSpecification::builder().delete_on_termination(false).build();
            let mapping = InstanceBlockDeviceMappingSpecification::builder()
                .set_device_name(device.map(str::to_owned))
                .ebs(kept)
                .build();
            let change = self.0.modify_instance_attribute().instance_id(id).block_device_mappings(mapping);
            change.send().await.map_err(failed)?;
            let mark = aws_sdk_ec2::types::Tag::builder().key("machine-driver:owner").build();
            let id = volume.volume_id().unwrap_or_default();
            self.0.delete_tags().resources(id).tags(mark).send().await.map_err(failed)?;
        }
        Ok(())
    }

    pub(super) async fn delete_key_pair(&self, name: &str) -> Result<()> {
        self.0.delete_key_pair().key_name(name).send().await.map_err(failed)?;
        Ok(())
    }

    /// Id of the security group of a name.
    pub(super) async fn group(&self, name: &str) -> Result<Option<String>> {
        let found = self
            .0
            .describe_security_groups()
            .filters(filter("group-name", name))
            .send()
            .await
            .map_err(failed)?;
        Ok(found.security_groups().first().and_then(|group| group.group_id()).map(str::to_owned))
    }

    /// Makes a security group; whether it was there already is the error's.
    pub(super) async fn create_group(&self, name: &str) -> Result<()> {
        let order = self.0.create_security_group().group_name(name).description(name);
        order.send().await.map_err(failed)?;
        Ok(())
    }

    /// Deletes a security group that may be in use for a while.
    pub(super) async fn delete_group(&self, id: &str) -> Result<()> {
        self.0.delete_security_group().group_id(id).send().await.map_err(failed)?;
        Ok(())
    }

    /// Opens ports to everybody; -1 to -1 are all of all protocols.
    pub(super) async fn open(&self, group: &str, (from, to): (i32, i32)) -> Result<()> {
        let order = self.0.authorize_security_group_ingress().group_id(group).ip_permissions(rule(from, to));
        order.send().await.map_err(failed)?;
        Ok(())
    }

    /// Closes a port.
    pub(super) async fn close(&self, group: &str, port: i32) -> Result<()> {
        let order = self.0.revoke_security_group_ingress().group_id(group).ip_permissions(rule(port, port));
        order.send().await.map_err(failed)?;
        Ok(())
    }

    /// Asks for everything that a driver could want to know.
    pub(super) async fn list_everything(&self) -> Result<()> {
        self.0.describe_instances().send().await.map_err(failed)?;
        self.0.describe_security_groups().send().await.map_err(failed)?;
        self.0.describe_key_pairs().send().await.map_err(failed)?;
        self.0.describe_volumes().send().await.map_err(failed)?;
        self.0.describe_subnets().send().await.map_err(failed)?;
        Ok(())
    }
}

/// The instances of all launches.
fn instances(answer: &DescribeInstancesOutput) -> impl Iterator<Item = &Instance> {
    answer.reservations().iter().flat_map(|reservation| reservation.instances())
}

fn filter(name: &str, value: &str) -> Filter {
    Filter::builder().name(name).values(value).build()
}

fn rule(from: i32, to: i32) -> IpPermission {
    let protocol = if from == -1 { "-1" } else { "tcp" };
    let everybody = IpRange::builder().cidr_ip("0.0.0.0/0").build();
    let rule = IpPermission::builder().ip_protocol(protocol).ip_ranges(everybody);
    if from == -1 { rule.build() } else { rule.from_port(from).to_port(to).build() }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed<E>(error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error.code().unwrap_or_default().to_owned();
    let text = error.message().map_or_else(|| error.to_string(), str::to_owned);
    Error::new(ErrorKind::Provider, format!("EC2 says {code}: {text}"))
}
