//! The template driver with one thing wrong in how it deals with a provider that fails.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use machine_driver::{
    BoxFuture, DriverOptions, DynDriver, Error, ErrorKind, Flag, OptionValue, Result, State,
};
use serde_json::{Map, Value};

use super::{
    Defect,
    relay::{Phase, Relay},
};

/// Key of the record, and flag, with the URL of the provider.
const ENDPOINT: (&str, &str) = ("Endpoint", "template-endpoint");

/// A driver with a defect that shows when the provider fails.
pub(super) struct Faulty {
    inner: Arc<dyn DynDriver>,
    defect: Defect,
    relay: Mutex<Option<Arc<Relay>>>,
}

impl Faulty {
    pub(super) fn new(inner: Arc<dyn DynDriver>, defect: Defect) -> Self {
        Self {
            inner,
            defect,
            relay: Mutex::default(),
        }
    }

    fn relay(&self) -> Option<Arc<Relay>> {
        self.relay.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The URL that the driver is given for the provider at `endpoint`.
    async fn endpoint(&self, endpoint: &str) -> Result<String> {
        // An endpoint that makes no sense is the inner driver's to refuse.
        let address = endpoint
            .strip_prefix("http://")
            .map(|rest| rest.trim_end_matches('/'));
        let usable = address.is_some_and(|address| address.parse::<SocketAddr>().is_ok());
        if !usable || !self.defect.needs_a_relay() {
            return Ok(endpoint.to_owned());
        }
        let relay = Relay::start(self.defect, endpoint)
            .await
            .map_err(|error| Error::new(ErrorKind::Io, format!("no relay to the provider: {error}")))?;
        let url = relay.url.clone();
        *self.relay.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(relay));
        Ok(url)
    }

    async fn text(&self, key: &str) -> String {
        let json = self.inner.config_raw().await.unwrap_or_default();
        let record: Map<String, Value> = serde_json::from_slice(&json).unwrap_or_default();
        let text = record.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    }

    async fn begin(&self, method: &'static str) {
        if let Some(relay) = self.relay() {
            relay.begin(Phase::new(method, self.text("KeyId").await));
        }
    }

    /// What is wrong with errors of any method.
    fn spoilt<T>(&self, outcome: Result<T>) -> Result<T> {
        match outcome {
            Err(error)
                if self.defect == Defect::NonsensePanics && error.to_string().contains("makes no sense") =>
            {
                Err(Error::new(
                    ErrorKind::Panic,
                    "Panic in the driver: index out of bounds: the len is 0 but the index is 0",
                ))
            }
            outcome => outcome,
        }
    }
}

macro_rules! unchanged {
    ($($method:ident() -> $reply:ty;)*) => {$(
        fn $method(&self) -> BoxFuture<'_, Result<$reply>> {
            Box::pin(async move { self.spoilt(self.inner.$method().await) })
        }
    )*};
}

impl DynDriver for Faulty {
    unchanged! {
        driver_name() -> String;
        create_flags() -> Vec<Flag>;
        machine_name() -> String;
        ip() -> String;
        ipv6() -> String;
        ssh_hostname() -> String;
        ssh_key_path() -> String;
        ssh_port() -> u16;
        ssh_username() -> String;
        url() -> String;
        pre_create_check() -> ();
        stop() -> ();
        restart() -> ();
    }

    fn config_raw(&self) -> BoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            let json = self.inner.config_raw().await?;
            let Some(relay) = self.relay() else {
                return Ok(json);
            };
            let text = String::from_utf8_lossy(&json).replace(&relay.url, &relay.provider);
            Ok(text.into_bytes())
        })
    }

    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut record: Map<String, Value> = serde_json::from_slice(&json).unwrap_or_default();
            let endpoint = record.get(ENDPOINT.0).and_then(Value::as_str).unwrap_or_default();
            let (endpoint, url) = (endpoint.to_owned(), self.endpoint(endpoint).await?);
            if endpoint == url {
                return self.inner.set_config_raw(json).await;
            }
            record.insert(ENDPOINT.0.to_owned(), url.into());
            let json = serde_json::to_vec(&record).unwrap_or_default();
            self.inner.set_config_raw(json).await
        })
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut options = options;
            let url = self.endpoint(options.string(ENDPOINT.1)).await?;
            if !url.is_empty() {
                options.insert(ENDPOINT.1, OptionValue::String(url));
            }
            self.inner.set_config_from_flags(options).await
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<State>> {
        Box::pin(async move {
            let state = self.inner.state().await;
            if self.defect == Defect::WaitsForEverForAnAnswer
                && state
                    .as_ref()
                    .is_err_and(|error| error.kind() == ErrorKind::Timeout)
            {
                return std::future::pending().await;
            }
            self.spoilt(state)
        })
    }

    fn create(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.begin("Create").await;
            let outcome = self.inner.create().await;
            self.begin("").await;
            let text = outcome
                .as_ref()
                .err()
                .map(ToString::to_string)
                .unwrap_or_default();
            match (self.defect, text.split_once("could not undo it")) {
                (Defect::RollBackHidesTheCause, Some((_, second))) => Err(Error::new(
                    ErrorKind::Other,
                    second.trim_start_matches([':', ' ', '=']),
                )),
                (Defect::FailedBootIsIgnored, _) if text.contains("gave up on the server") => Ok(()),
                _ => self.spoilt(outcome),
            }
        })
    }

    fn remove(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.defect == Defect::UnrecordedServerIsForgotten && self.text("ServerId").await.is_empty() {
                return Ok(());
            }
            self.begin("Remove").await;
            let outcome = self.inner.remove().await;
            self.begin("").await;
            self.spoilt(outcome)
        })
    }

    fn start(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.inner.start().await {
                Err(error)
                    if self.defect == Defect::StartIgnoresRefusals && error.kind() == ErrorKind::Provider =>
                {
                    Ok(())
                }
                outcome => self.spoilt(outcome),
            }
        })
    }

    fn kill(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.inner.kill().await {
                Err(error)
                    if self.defect == Defect::KillHidesTheReason && error.kind() == ErrorKind::Provider =>
                {
                    Err(Error::new(
                        ErrorKind::Provider,
                        "the server could not be switched off",
                    ))
                }
                outcome => self.spoilt(outcome),
            }
        })
    }
}
