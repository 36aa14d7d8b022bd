use aws_sdk_ec2::{
    operation::run_instances::builders::RunInstancesFluentBuilder,
    types::{
        HttpTokensState, IamInstanceProfileSpecification, Image, InstanceMarketOptionsRequest,
        InstanceMetadataEndpointState, InstanceMetadataOptionsRequest, InstanceMetadataProtocolState,
        InstanceNetworkInterfaceSpecification, InstanceType, MarketType, ResourceType,
        RunInstancesMonitoringEnabled, SpotInstanceType, SpotMarketOptions,
    },
};
use aws_smithy_types::base64;
use machine_driver::{Context, Error, ErrorKind, Result, options::read_file};

use crate::{
    api::Ec2,
    driver::Ec2Driver,
    instance::{SEARCHED, SHOWN},
    names::tagged,
    place::Place,
};

/// EC2's limit in bytes.
const LONGEST_USER_DATA: u64 = 16 << 10;

/// Create and its reverse.
impl Ec2Driver {
    /// The steps of `create`. An id is published as soon as it is known, so that it is in the record whatever happens
    /// next.
    pub(crate) async fn build(
        &mut self,
        ec2: &Ec2,
        cx: &Context,
        (place, image): (Place, Image),
        user_data: Option<String>,
    ) -> Result<()> {
        cx.log().info("Creating SSH key...");
        let key = self.make_key(ec2, cx).await?;
        cx.log().info("Launching instance...");
        let begin = cx.waits().clock().now();
        // Not a wait that cuts off its last look: an instance may be on its way.
        let instance = loop {
            let launched = async {
                let groups = self.groups(ec2, cx, &place.vpc).await?;
                let order = |run| self.order(run, &place, &image, &key, &groups, user_data.as_deref());
                ec2.launch(&self.base.machine_name, order).await
            };
            let failure = match launched.await {
                // Not all of EC2 knows it yet (FAULT-003), or a shared group went with its last machine just now.
                Err(failure) if failure.is(&["InvalidKeyPair.NotFound", "InvalidGroup.NotFound"]) => {
                    Error::from(failure)
                }
                answer => break answer?,
            };
            if cx.waits().clock().now().duration_since(begin) > cx.waits().scale(SHOWN.deadline) {
                return Err(failure);
            }
            cx.log().debug(format!("{failure}; trying again"));
            cx.waits().pause(&SHOWN).await;
        };
        self.instance_id = instance.instance_id.unwrap_or_default();
        cx.publish(self);
        let id = self.instance_id.clone();
        self.come_up(ec2, cx, &id, true).await
    }

    /// What is asked of EC2. The SDK adds a client token, the same for all repetitions of the request (FAULT-007).
    fn order(
        &self,
        run: RunInstancesFluentBuilder,
        place: &Place,
        image: &Image,
        key: &str,
        groups: &[String],
        user_data: Option<&str>,
    ) -> RunInstancesFluentBuilder {
        let options = &self.options;
        let some = |text: &String| Some(text.as_str()).filter(|text| !text.is_empty()).map(str::to_owned);
        let ipv6_count = i32::try_from(options.ipv6_address_count).ok().filter(|count| *count > 0);
        let network = InstanceNetworkInterfaceSpecification::builder()
            .device_index(0)
            .subnet_id(&place.subnet)
            .set_groups(Some(groups.to_vec()))
            .associate_public_ip_address(!options.private_address_only && !options.ipv6_address_only)
            .set_ipv6_address_count(ipv6_count)
            .set_primary_ipv6(options.enable_primary_ipv6.then_some(true));
        let mut tags = self.machine_tags();
        tags.extend(options.own_tags().unwrap_or_default());
        let mut run = run
            .set_image_id(image.image_id.clone())
            .instance_type(InstanceType::from(options.instance_type.as_str()))
            .key_name(key)
            .network_interfaces(network.build())
            .set_block_device_mappings(Some(self.block_devices(image)))
            .set_user_data(user_data.map(str::to_owned))
            .set_ebs_optimized(options.use_ebs_optimized_instance.then_some(true));
        for resource in [ResourceType::Instance, ResourceType::Volume, ResourceType::NetworkInterface] {
            run = run.tag_specifications(tagged(resource, &tags));
        }
        if options.monitoring {
            run = run.monitoring(RunInstancesMonitoringEnabled::builder().enabled(true).build());
        }
        if let Some(profile) = some(&options.iam_instance_profile) {
            let wanted = IamInstanceProfileSpecification::builder();
            let by_arn = profile.starts_with("arn:");
            let wanted = if by_arn { wanted.arn(profile) } else { wanted.name(profile) };
            run = run.iam_instance_profile(wanted.build());
        }
        let [endpoint, tokens, ipv6] =
            [&options.http_endpoint, &options.http_tokens, &options.http_protocol_ipv6].map(some);
        if endpoint.is_some() || tokens.is_some() || ipv6.is_some() {
            let metadata = InstanceMetadataOptionsRequest::builder()
                .set_http_endpoint(endpoint.map(|value| InstanceMetadataEndpointState::from(value.as_str())))
                .set_http_tokens(tokens.map(|value| HttpTokensState::from(value.as_str())))
                .set_http_protocol_ipv6(
                    ipv6.map(|value| InstanceMetadataProtocolState::from(value.as_str())),
                );
            run = run.metadata_options(metadata.build());
        }
        if options.request_spot_instance {
            let minutes = i32::try_from(options.block_duration_minutes).ok().filter(|minutes| *minutes > 0);
            let spot = SpotMarketOptions::builder()
                .max_price(&options.spot_price)
                .spot_instance_type(SpotInstanceType::OneTime)
                .set_block_duration_minutes(minutes);
            let market = InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot);
            run = run.instance_market_options(market.spot_options(spot.build()).build());
            run = run.tag_specifications(tagged(ResourceType::SpotInstancesRequest, &tags));
        }
        run
    }

    /// Deletes what this `create` made and nothing else (CREATE-009, CREATE-010).
    ///
    /// `unsure`: the last answer was lost, so there may be an object whose id is not known.
    pub(crate) async fn roll_back(&mut self, ec2: &Ec2, cx: &Context, unsure: bool) -> Result<()> {
        let searched = if unsure { self.find_unanswered(ec2, cx).await } else { Ok(()) };
        if self.key_pair_id.is_empty() && self.options.keypair_name.is_empty() {
            // The key pair comes first, so there is nothing else.
            return searched;
        }
        if !self.instance_id.is_empty() {
            // An instance that is not shown yet cannot be terminated yet; if it never is, terminating it says more.
            let _ = cx.waits().until(&SEARCHED, || ec2.instance(&self.instance_id)).await;
        }
        let removed = self.remove_all(ec2, cx).await;
        Error::all([searched, removed])
    }

    /// Looks for the object that the last request may have made; what has the machine's mark was not there before.
    async fn find_unanswered(&mut self, ec2: &Ec2, cx: &Context) -> Result<()> {
        let key_wanted = self.key_pair_id.is_empty() && self.options.keypair_name.is_empty();
        let found = cx.waits().until_or_none(&SEARCHED, || async {
            Ok(if key_wanted {
                self.own_key(ec2).await?.and_then(|pair| pair.key_pair_id)
            } else if self.instance_id.is_empty() {
                self.own_instances(ec2).await?.into_iter().find_map(|instance| instance.instance_id)
            } else {
                Some(self.instance_id.clone())
            })
        });
        // What is not found never was made.
        let id = found.await?.unwrap_or_default();
        if key_wanted {
            self.key_pair_id = id;
        } else {
            self.instance_id = id;
        }
        Ok(())
    }

    /// What this machine left at EC2 already, or what others have there under its names (PRE-004, CREATE-013, CREATE-014).
    pub(crate) async fn refuse_taken_names(&self, ec2: &Ec2) -> Result<()> {
        let machine = &self.base.machine_name;
        let instance = self.own_instances(ec2).await?.into_iter().find_map(|instance| instance.instance_id);
        let name = self.object_name();
        let taken = match instance {
            Some(id) => format!("machine {machine} already has the instance {id}"),
            None if !self.options.keypair_name.is_empty() || ec2.key_pairs(&name).await?.is_empty() => {
                return Ok(());
            }
            None => format!("EC2 already has a key pair named {name}"),
        };
        Err(Error::new(ErrorKind::AlreadyExists, taken))
    }

    /// The user data in base64, read each time: it is not in the record, because it may hold secrets (SEC-010).
    pub(crate) async fn user_data(&self) -> Result<Option<String>> {
        let Some(path) = &self.options.userdata else {
            return Ok(None);
        };
        Ok(Some(base64::encode(read_file("ec2-userdata", path, LONGEST_USER_DATA).await?)))
    }
}

#[cfg(test)]
#[path = "tests/create.rs"]
mod tests;
