//! The template driver with one thing wrong in how it deals with a provider that fails.

use std::sync::Arc;

use machine_driver::{
    BoxFuture, DriverOptions, DynDriver, Error, ErrorKind, Flag, OptionValue, Result, State,
};
use serde_json::{Map, Value};

use super::{
    Defect,
    answers::{Phase, Twisted},
};
use crate::relay::Detour;

/// Flag with the URL of the provider.
const ENDPOINT: &str = "template-endpoint";

/// A driver with a defect that shows when the provider fails.
pub(super) struct Faulty {
    inner: Arc<dyn DynDriver>,
    defect: Defect,
    twisted: Arc<Twisted>,
    detour: Detour,
}

impl Faulty {
    pub(super) fn new(inner: Arc<dyn DynDriver>, defect: Defect) -> Self {
        Self { inner, defect, twisted: Arc::new(Twisted::new(defect)), detour: Detour::default() }
    }

    /// The URL that the driver is given for the provider at `endpoint`.
    async fn endpoint(&self, endpoint: &str) -> Result<String> {
        if self.defect.needs_a_relay() {
            self.detour.through(endpoint, self.twisted.clone()).await
        } else {
            Ok(endpoint.to_owned())
        }
    }

    async fn text(&self, key: &str) -> String {
        let json = self.inner.config_raw().await.unwrap_or_default();
        let record: Map<String, Value> = serde_json::from_slice(&json).unwrap_or_default();
        let text = record.get(key).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    }

    async fn begin(&self, method: &'static str) {
        if self.defect.needs_a_relay() {
            self.twisted.begin(Phase::new(method, self.text("KeyId").await));
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
        Box::pin(async move { Ok(self.detour.outward(self.inner.config_raw().await?)) })
    }

    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let json = if self.defect.needs_a_relay() {
                self.detour.inward(json, self.twisted.clone()).await?
            } else {
                json
            };
            self.inner.set_config_raw(json).await
        })
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut options = options;
            let url = self.endpoint(options.string(ENDPOINT)).await?;
            if !url.is_empty() {
                options.insert(ENDPOINT, OptionValue::String(url));
            }
            self.inner.set_config_from_flags(options).await
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<State>> {
        Box::pin(async move {
            let state = self.inner.state().await;
            if self.defect == Defect::WaitsForEverForAnAnswer
                && state.as_ref().is_err_and(|error| error.kind() == ErrorKind::Timeout)
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
            let text = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
            match (self.defect, text.split_once("could not undo it")) {
                (Defect::RollBackHidesTheCause, Some((_, second))) => {
                    Err(Error::new(ErrorKind::Other, second.trim_start_matches([':', ' ', '='])))
                }
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
                    Err(Error::new(ErrorKind::Provider, "the server could not be switched off"))
                }
                outcome => self.spoilt(outcome),
            }
        })
    }
}
