use aws_sdk_ec2::{Client, config::Builder};
use machine_driver::{Context, Result};
use machine_driver_aws::{Attempts, Keys, Service, Settings, query::WholeAnswers};

use crate::{api::Ec2, driver::Ec2Driver};

/// As texts and flags name the service.
pub(crate) const EC2: Service = Service::new("EC2", "ec2");

impl Ec2Driver {
    /// A way to EC2 for one method.
    pub(crate) async fn ec2(&self, cx: &Context) -> Result<Ec2> {
        let options = &self.options;
        let keys = Keys::new(&options.access_key, &options.secret_key, &options.session_token);
        let settings = Settings::new(EC2, options.region())
            .with_endpoint(options.endpoint_url()?)
            .with_keys(keys, !self.instance_id.is_empty())
            .with_retries(options.retries);
        let calls = self.clients.calls(&settings, cx.waits(), |config| {
            let config = Builder::from(config).interceptor(WholeAnswers).retry_classifier(Attempts);
            Client::from_conf(config.build())
        });
        Ok(Ec2(calls.await))
    }
}

#[cfg(test)]
#[path = "tests/failure.rs"]
mod failure_tests;
#[cfg(test)]
#[path = "tests/client.rs"]
mod tests;
