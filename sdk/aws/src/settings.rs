use std::time::Duration;

use aws_config::{
    BehaviorVersion, Region, SdkConfig, retry::RetryConfig,
    stalled_stream_protection::StalledStreamProtectionConfig, timeout::TimeoutConfig,
};
use aws_types::{origin::Origin, sdk_config::SharedAsyncSleep};
use machine_driver::wait::Waits;

use crate::{http::http_client, keys::Keys, service::Service, sleeper::Sleeper};

/// Pause before the first repetition; it doubles each time, and a random part of it is waited (FAULT-002).
const BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(20);
/// Repetitions where nothing else is said.
const RETRIES: u32 = 5;

/// How a driver reaches its service: region, endpoint, keys, and how often a request is repeated.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) service: Service,
    region: String,
    endpoint: Option<String>,
    pub(crate) keys: Vec<Keys>,
    retries: u32,
}

impl Settings {
    /// A service in a region, with the keys that the AWS SDK finds, and five repetitions of what fails.
    pub fn new(service: Service, region: &str) -> Self {
        Self { service, region: region.to_owned(), endpoint: None, keys: Vec::new(), retries: RETRIES }
    }

    /// Asks this URL instead of the region's own endpoint. `None` is the region's own, whatever variables and profiles
    /// say.
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Option<String>) -> Self {
        self.endpoint = endpoint;
        self
    }

    /// Uses keys of the machine's record.
    ///
    /// A record outlives its keys: if the machine exists, keys that are refused are replaced by those of the variables
    /// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN` (PERSIST-008). Before it exists, wrong ones
    /// must be noticed instead.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys, machine_exists: bool) -> Self {
        self.keys = keys.in_order(machine_exists, |name| std::env::var(name).ok());
        self
    }

    /// How often a request that failed is repeated; zero or less for never.
    #[must_use]
    pub fn with_retries(mut self, retries: i64) -> Self {
        self.retries = u32::try_from(retries.max(0)).unwrap_or(u32::MAX);
        self
    }

    /// What a service's client is made from. `attempt` is the time for one request.
    pub(crate) async fn config(&self, keys: Option<&Keys>, attempt: Duration, waits: &Waits) -> SdkConfig {
        // Certificates are not needed then, some systems have none, and reading them takes longer than the rest.
        let plain = keys.is_some() && self.endpoint.as_ref().is_some_and(|url| url.starts_with("http://"));
        let retry = RetryConfig::standard()
            .with_max_attempts(self.retries.saturating_add(1))
            .with_initial_backoff(waits.scale(BACK_OFF))
            .with_max_backoff(LONGEST_BACK_OFF);
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(self.region.clone()))
            .http_client(http_client(plain))
            .sleep_impl(SharedAsyncSleep::new(Sleeper(waits.clone())))
            .retry_config(retry)
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(attempt).build())
            // The time for one request covers it.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(keys) = keys {
            // Nothing else is searched for others, the metadata service least of all.
            loader = loader.credentials_provider(keys.credentials());
        }
        let mut config = loader.load().await.into_builder();
        // Said by the program, so that no variable and no profile sends requests elsewhere.
        config.insert_origin("endpoint_url", Origin::shared_config());
        config.set_endpoint_url(self.endpoint.clone());
        config.build()
    }
}

#[cfg(test)]
#[path = "tests/settings.rs"]
mod tests;
