//! The driver inside of a wrapper: its record, and the methods that a wrapper leaves as they are.

use std::sync::Arc;

use machine_driver::{DynDriver, Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::provider::Provider;

/// The driver inside.
#[derive(Clone)]
pub(crate) struct Inner(pub(crate) Arc<dyn DynDriver>);

impl Inner {
    pub(crate) async fn record(&self) -> Result<Map<String, Value>> {
        let json = self.0.config_raw().await?;
        serde_json::from_slice(&json).map_err(|error| Error::new(ErrorKind::Config, error.to_string()))
    }

    /// A text of the record; empty if it has none.
    pub(crate) async fn text(&self, key: &str) -> String {
        let record = self.record().await.unwrap_or_default();
        record.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Sets one value of the record.
    pub(crate) async fn set(&self, key: &str, value: impl Into<Value>) -> Result<()> {
        let mut record = self.record().await?;
        record.insert(key.to_owned(), value.into());
        self.0.set_config_raw(serde_json::to_vec(&record).unwrap_or_default()).await
    }

    pub(super) async fn provider(&self) -> Result<Provider> {
        Ok(Provider::of(&self.record().await?))
    }

    /// Runs a command in the guest.
    pub(crate) async fn guest(&self, command: &str) -> Result<String> {
        let endpoint = machine_driver::ssh::Endpoint {
            host: self.0.ssh_hostname().await?,
            port: self.0.ssh_port().await?,
            user: self.0.ssh_username().await?,
            key_path: self.0.ssh_key_path().await?.into(),
        };
        let limits = machine_driver::ssh::Limits::default();
        let client = machine_driver::ssh::Client::connect(&endpoint, limits).await?;
        let output = client.run(command).await?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// Methods of [`DynDriver`] that go straight to the driver inside.
macro_rules! pass_on {
    ($($method:ident($($argument:ident: $type:ty)?) -> $reply:ty;)*) => {$(
        fn $method(&self $(, $argument: $type)?) -> machine_driver::BoxFuture<'_, machine_driver::Result<$reply>> {
            self.inner.0.$method($($argument)?)
        }
    )*};
}
pub(crate) use pass_on;
