use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{self, Poll},
    time::Duration,
};

use aws_sdk_ec2::{
    Client,
    config::{
        AsyncSleep, BehaviorVersion, ConfigBag, Credentials, Intercept, Region, RuntimeComponents,
        SharedAsyncSleep, SharedHttpClient, SharedInterceptor, Sleep, StalledStreamProtectionConfig,
        interceptors::AfterDeserializationInterceptorContextRef, retry::RetryConfig, timeout::TimeoutConfig,
    },
    error::BoxError,
};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use machine_driver::{BoxFuture, Context, Result, Secret, wait::Waits};
use tokio::sync::OnceCell;

use crate::{api::Ec2, attempts::Attempts, driver::Ec2Driver};

/// Time for one request.
const ATTEMPT: Duration = Duration::from_secs(15);
/// Pause before the first repetition; it doubles each time, and a random part of it is waited (FAULT-002).
const BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(20);
/// Time for one call with all its repetitions, in attempts: a getter ends within a minute (STATE-008).
const LONGEST_CALL: u32 = 3;

/// The SDK's clients, made at the first call: most plugin processes never ask EC2 anything.
#[derive(Clone, Default)]
pub(crate) struct LazyClients(Arc<OnceCell<Vec<Client>>>);

impl fmt::Debug for LazyClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LazyClients")
    }
}

impl Ec2Driver {
    /// A way to EC2 for one method.
    pub(crate) async fn ec2(&self, cx: &Context) -> Result<Ec2> {
        let options = &self.options;
        let endpoint = options.endpoint_url()?.map(String::from);
        let keys = self.keys();
        let attempt = cx.waits().scale_answer(ATTEMPT);
        let clients = self.clients.0.get_or_init(|| async {
            let mut clients = Vec::new();
            if keys.is_empty() {
                clients.push(self.client(None, endpoint, attempt, cx.waits()).await);
            } else {
                for keys in &keys {
                    clients.push(self.client(Some(keys), endpoint.clone(), attempt, cx.waits()).await);
                }
            }
            clients
        });
        Ok(Ec2 {
            clients: clients.await.clone(),
            secrets: keys.iter().flat_map(secrets).collect(),
            deadline: attempt * LONGEST_CALL,
            waits: cx.waits().clone(),
        })
    }

    /// Keys in the order in which they are tried; none for the SDK's own search through environment, profiles, SSO and
    /// instance role.
    fn keys(&self) -> Vec<Credentials> {
        let options = &self.options;
        let keys = |access: String, secret: String, token: String| {
            let token = Some(token).filter(|token| !token.is_empty());
            Credentials::new(access, secret, token, None, "options")
        };
        let recorded = [&options.access_key, &options.secret_key, &options.session_token];
        let [access, secret, token] = recorded.map(|key| key.expose().clone());
        if access.is_empty() {
            return Vec::new();
        }
        let mut all = vec![keys(access.clone(), secret.clone(), token)];
        // A record outlives its keys (PERSIST-008). Before the instance exists wrong ones must be noticed instead.
        if !self.instance_id.is_empty() {
            let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
            let new_access = variable("AWS_ACCESS_KEY_ID").unwrap_or_else(|| access.clone());
            let new_secret = variable("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|| secret.clone());
            if (&new_access, &new_secret) != (&access, &secret) {
                all.push(keys(new_access, new_secret, variable("AWS_SESSION_TOKEN").unwrap_or_default()));
            }
        }
        all
    }

    async fn client(
        &self,
        keys: Option<&Credentials>,
        endpoint: Option<String>,
        attempt: Duration,
        waits: &Waits,
    ) -> Client {
        // Certificates are not needed then, some systems have none, and reading them takes longer than the rest.
        let plain = keys.is_some() && endpoint.as_ref().is_some_and(|url| url.starts_with("http://"));
        let retry = RetryConfig::standard()
            .with_max_attempts(u32::try_from(self.options.retries + 1).unwrap_or(1).max(1))
            .with_initial_backoff(waits.scale(BACK_OFF))
            .with_max_backoff(LONGEST_BACK_OFF);
        let mut settings = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(self.options.region().to_owned()))
            .http_client(http_client(plain))
            .sleep_impl(SharedAsyncSleep::new(Sleeper(waits.clone())))
            .retry_config(retry)
            .timeout_config(TimeoutConfig::builder().operation_attempt_timeout(attempt).build())
            // The time for one request covers it.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        if let Some(keys) = keys {
            // Nothing else is searched for others, the metadata service least of all.
            settings = settings.credentials_provider(keys.clone());
        }
        let mut config = aws_sdk_ec2::config::Builder::from(&settings.load().await);
        config.set_endpoint_url(endpoint);
        config.push_interceptor(SharedInterceptor::new(WholeAnswers));
        config = config.retry_classifier(Attempts);
        Client::from_conf(config.build())
    }
}

fn secrets(keys: &Credentials) -> impl Iterator<Item = Secret<String>> {
    let token = keys.session_token().map(str::to_owned);
    std::iter::once(keys.secret_access_key().to_owned()).chain(token).map(Secret::new)
}

/// An HTTP client with the project's one cryptography that uses the proxies of the environment (API-003, API-004).
fn http_client(plain: bool) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        if plain {
            connector.build_http()
        } else {
            connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
        }
    })
}

/// Refuses answers that end early: the SDK reads them as if the rest were empty, and an empty list means that an
/// instance is gone (FAULT-006, RM-011).
#[derive(Debug)]
struct WholeAnswers;

impl Intercept for WholeAnswers {
    fn name(&self) -> &'static str {
        "WholeAnswers"
    }

    fn read_after_deserialization(
        &self,
        answer: &AfterDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = answer.response().body().bytes().unwrap_or_default();
        if answer.response().status().is_success() && !body.trim_ascii_end().ends_with(b"Response>") {
            return Err("the answer ends early".into());
        }
        Ok(())
    }
}

/// The driver's clock for the SDK's pauses and deadlines, whose lengths are scaled already.
#[derive(Debug)]
struct Sleeper(Waits);

impl AsyncSleep for Sleeper {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(Shareable(Mutex::new(self.0.clock().sleep(duration))))
    }
}

/// The SDK wants futures that threads may share. Nobody polls through a shared reference, so the lock is never taken.
struct Shareable(Mutex<BoxFuture<'static, ()>>);

impl Future for Shareable {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<()> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}

#[cfg(test)]
#[path = "tests/client.rs"]
mod tests;
