//! SDK for machine drivers of AWS services: EC2, Lightsail and others.
//!
//! The AWS SDK has the calls; this crate makes them fit for a driver: credentials that a record can outlive, the
//! driver's clock in pauses and deadlines, an end for each call, one cryptography, and errors that say what could not be
//! done, why, and whether the service may have acted all the same. It knows no service: the driver brings the client.
//!
//! | module | contents |
//! | --- | --- |
//! | `service` | [`Service`]: the service's name and flags in texts, and its endpoint as users write it |
//! | `keys`, `settings` | [`Keys`] and [`Settings`]: how the service is reached |
//! | `clients` | [`Clients`]: the service's clients, made at the first call |
//! | `calls`, `failure` | [`Calls`], with all that is alike in calls, and the [`Failure`] of one |
//! | `attempts`, [`query`] | [`Attempts`] and [`WholeAnswers`](query::WholeAnswers): what the service's client is told to look at |
//! | `http`, `sleeper` | the HTTP client and the clock of the AWS SDK |
//!
//! ```
//! use machine_driver::{Context, Result, Secret};
//! use machine_driver_aws::{Attempts, Clients, Keys, Service, Settings, query::WholeAnswers};
//! # mod aws_sdk_acme {
//! #     use aws_config::SdkConfig;
//! #     use aws_smithy_runtime_api::client::{interceptors::Intercept, result::SdkError, retries::classifiers::ClassifyRetry};
//! #     use aws_smithy_runtime_api::http::Response;
//! #     use aws_smithy_types::error::ErrorMetadata;
//! #     #[derive(Clone)]
//! #     pub struct Client;
//! #     impl Client {
//! #         pub fn from_conf(_: Builder) -> Self { Self }
//! #         pub fn stop_server(&self) -> Self { Self }
//! #         pub fn server_id(self, _: &str) -> Self { self }
//! #         pub async fn send(self) -> Result<(), SdkError<ErrorMetadata, Response>> { Ok(()) }
//! #     }
//! #     pub struct Builder;
//! #     impl Builder {
//! #         pub fn from(_: &SdkConfig) -> Self { Self }
//! #         pub fn interceptor(self, _: impl Intercept) -> Self { self }
//! #         pub fn retry_classifier(self, _: impl ClassifyRetry) -> Self { self }
//! #         pub fn build(self) -> Self { self }
//! #     }
//! #     pub mod config { pub use super::Builder; }
//! # }
//! use aws_sdk_acme::{Client, config::Builder};
//!
//! const ACME: Service = Service::new("Acme", "acme");
//!
//! #[derive(Default)]
//! struct AcmeDriver {
//!     access_key: Secret<String>,
//!     secret_key: Secret<String>,
//!     server_id: String,
//!     clients: Clients<Client>,
//! }
//!
//! impl AcmeDriver {
//!     async fn stop(&self, cx: &Context) -> Result<()> {
//!         let keys = Keys::new(&self.access_key, &self.secret_key, &Secret::default());
//!         let settings = Settings::new(ACME, "eu-central-1").with_keys(keys, !self.server_id.is_empty());
//!         let acme = self.clients.calls(&settings, cx.waits(), |config| {
//!             let config = Builder::from(config).interceptor(WholeAnswers).retry_classifier(Attempts);
//!             Client::from_conf(config.build())
//!         });
//!         let id = &self.server_id;
//!         let stop = |acme: Client| acme.stop_server().server_id(id).send();
//!         Ok(acme.await.change(format!("stop the server {id}"), stop).await?)
//!     }
//! }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! #     AcmeDriver { access_key: Secret::new("k".into()), ..AcmeDriver::default() }.stop(&Context::for_tests(1.0)).await
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attempts;
mod calls;
mod clients;
mod failure;
mod http;
mod keys;
pub mod query;
mod service;
mod settings;
mod sleeper;

pub use attempts::Attempts;
pub use calls::Calls;
pub use clients::Clients;
pub use failure::Failure;
pub use keys::Keys;
pub use service::Service;
pub use settings::Settings;
