//! One fresh driver, as one command of a host sees it: every call recorded and limited.

use std::{
    fmt,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use machine_driver::{
    DriverOptions, DynDriver, Error, ErrorKind, Flag, OptionValue, Result, State, plugin::Host,
};

use crate::{event::CallTarget, limits::Limits, recorder::Recorder};

/// A started driver with a recorder in front. Dropping it kills its process; [`close`](Session::close) ends it well.
pub struct Session {
    number: u32,
    driver: Arc<dyn DynDriver>,
    host: Option<Arc<Host>>,
    recorder: Recorder,
    limits: Limits,
    dead: AtomicBool,
}

impl Session {
    /// Wraps the `number`-th process of a check (from 1).
    pub(crate) fn new(
        number: u32,
        driver: Arc<dyn DynDriver>,
        host: Option<Arc<Host>>,
        recorder: Recorder,
        limits: Limits,
    ) -> Self {
        recorder.process_started();
        Self { number, driver, host, recorder, limits, dead: AtomicBool::new(false) }
    }

    /// Number of the process in its check (from 1).
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The driver itself, for calls that are neither recorded nor limited.
    pub fn driver(&self) -> &Arc<dyn DynDriver> {
        &self.driver
    }

    /// The process; `None` for a driver that runs in-process.
    pub fn host(&self) -> Option<&Arc<Host>> {
        self.host.as_ref()
    }

    /// `DriverName`.
    ///
    /// # Errors
    /// This and all following methods: the driver's error; [`ErrorKind::Timeout`] if it did not answer in time, which
    /// also makes the verdict of the check `driver-timeout`.
    pub async fn driver_name(&self) -> Result<String> {
        self.getter("DriverName", self.driver.driver_name(), quoted).await
    }

    /// `GetCreateFlags`.
    pub async fn create_flags(&self) -> Result<Vec<Flag>> {
        self.getter("GetCreateFlags", self.driver.create_flags(), |flags| format!("{} flags", flags.len()))
            .await
    }

    /// `GetConfigRaw`.
    pub async fn config(&self) -> Result<Vec<u8>> {
        self.getter("GetConfigRaw", self.driver.config_raw(), |json| {
            String::from_utf8_lossy(json).into_owned()
        })
        .await
    }

    /// `GetConfigRaw`, parsed.
    ///
    /// # Errors
    /// Also if the text is no JSON object.
    pub async fn config_object(&self) -> Result<serde_json::Map<String, serde_json::Value>> {
        let text = self.config().await?;
        serde_json::from_slice(&text).map_err(|error| {
            Error::new(
                ErrorKind::Protocol,
                format!("GetConfigRaw did not answer with a JSON object: {error}"),
            )
        })
    }

    /// `SetConfigRaw`.
    pub async fn set_config(&self, json: &[u8]) -> Result<()> {
        let argument = String::from_utf8_lossy(json).into_owned();
        let call = self.driver.set_config_raw(json.to_vec());
        self.recorded("SetConfigRaw", argument, self.limits.getter(), call, done).await
    }

    /// `SetConfigFromFlags`.
    pub async fn set_config_from_flags(&self, options: &DriverOptions) -> Result<()> {
        let argument = options
            .iter()
            .map(|(name, value)| format!("{name}={}", written(value)))
            .collect::<Vec<_>>()
            .join(" ");
        let call = self.driver.set_config_from_flags(options.clone());
        self.recorded("SetConfigFromFlags", argument, self.limits.operation(), call, done).await
    }

    /// `GetMachineName`.
    pub async fn machine_name(&self) -> Result<String> {
        self.getter("GetMachineName", self.driver.machine_name(), quoted).await
    }

    /// `GetIP`.
    pub async fn ip(&self) -> Result<String> {
        self.getter("GetIP", self.driver.ip(), quoted).await
    }

    /// `GetSSHHostname`.
    pub async fn ssh_hostname(&self) -> Result<String> {
        self.getter("GetSSHHostname", self.driver.ssh_hostname(), quoted).await
    }

    /// `GetSSHKeyPath`.
    pub async fn ssh_key_path(&self) -> Result<String> {
        self.getter("GetSSHKeyPath", self.driver.ssh_key_path(), quoted).await
    }

    /// `GetSSHPort`.
    pub async fn ssh_port(&self) -> Result<u16> {
        self.getter("GetSSHPort", self.driver.ssh_port(), u16::to_string).await
    }

    /// `GetSSHUsername`.
    pub async fn ssh_username(&self) -> Result<String> {
        self.getter("GetSSHUsername", self.driver.ssh_username(), quoted).await
    }

    /// `GetURL`.
    pub async fn url(&self) -> Result<String> {
        self.getter("GetURL", self.driver.url(), quoted).await
    }

    /// `GetState`.
    pub async fn state(&self) -> Result<State> {
        self.getter("GetState", self.driver.state(), State::to_string).await
    }

    /// `PreCreateCheck`.
    pub async fn pre_create_check(&self) -> Result<()> {
        self.operation("PreCreateCheck", self.driver.pre_create_check()).await
    }

    /// `Create`.
    pub async fn create(&self) -> Result<()> {
        self.operation("Create", self.driver.create()).await
    }

    /// `Remove`.
    pub async fn remove(&self) -> Result<()> {
        self.operation("Remove", self.driver.remove()).await
    }

    /// `Start`.
    pub async fn start(&self) -> Result<()> {
        self.operation("Start", self.driver.start()).await
    }

    /// `Stop`.
    pub async fn stop(&self) -> Result<()> {
        self.operation("Stop", self.driver.stop()).await
    }

    /// `Restart`.
    pub async fn restart(&self) -> Result<()> {
        self.operation("Restart", self.driver.restart()).await
    }

    /// `Kill`.
    pub async fn kill(&self) -> Result<()> {
        self.operation("Kill", self.driver.kill()).await
    }

    /// Ends the process as a host does: `Close`, a short wait, then a kill. Nothing to do in-process.
    pub async fn close(&self) {
        if let Some(host) = &self.host {
            let started = self.recorder.elapsed();
            let outcome = host.close().await.map_err(|error| error.to_string());
            let result = outcome.as_ref().map(|()| "ok").map_err(String::as_str);
            self.recorder.call(CallTarget::Driver(self.number), started, "Close", "", result);
        }
    }

    /// Ends the process without a word, as a crash of the host does.
    pub async fn abandon(&self) {
        if let Some(host) = &self.host {
            host.kill().await;
        }
    }

    async fn getter<T>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T>> + Send,
        show: impl FnOnce(&T) -> String,
    ) -> Result<T> {
        self.recorded(method, String::new(), self.limits.getter(), call, show).await
    }

    async fn operation(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<()>> + Send,
    ) -> Result<()> {
        self.recorded(method, String::new(), self.limits.operation(), call, done).await
    }

    async fn recorded<T>(
        &self,
        method: &'static str,
        argument: String,
        limit: Duration,
        call: impl Future<Output = Result<T>> + Send,
        show: impl FnOnce(&T) -> String,
    ) -> Result<T> {
        let started = self.recorder.elapsed();
        let outcome = match tokio::time::timeout(limit, call).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let text = format!("{method} {TOO_LATE} {:.1} s", limit.as_secs_f64());
                self.recorder.timed_out(text.clone());
                Err(Error::new(ErrorKind::Timeout, text))
            }
        };
        let took = self.recorder.elapsed().saturating_sub(started);
        self.recorder.waited(method, took, limit, outcome.is_ok());
        let shown = outcome.as_ref().map(show).map_err(ToString::to_string);
        let result = shown.as_ref().map(String::as_str).map_err(String::as_str);
        self.recorder.call(CallTarget::Driver(self.number), started, method, &argument, result);
        if let Err(error) = &outcome {
            self.note_failure(method, error).await;
        }
        outcome
    }

    async fn note_failure(&self, method: &'static str, error: &Error) {
        if matches!(error.kind(), ErrorKind::Remote | ErrorKind::Panic) {
            self.recorder.error_text(method, error.message());
        }
        if error.to_string().contains("Panic in the driver") {
            self.recorder.panic(method, &error.to_string());
        }
        // Later calls fail because the process is gone; only the first one is what ended it.
        if error.kind() == ErrorKind::Connection
            && let Some(host) = &self.host
            && !self.dead.swap(true, Ordering::Relaxed)
        {
            let exit = host.wait_exit(self.limits.process_waits().scale(Duration::from_secs(1))).await;
            let how = exit.map_or_else(
                || "the connection broke".to_owned(),
                |status| format!("the process ended: {status}"),
            );
            self.recorder.death(method, &how);
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("number", &self.number).finish_non_exhaustive()
    }
}

/// What the error says of a call that did not end within its limit, after the method.
const TOO_LATE: &str = "did not answer within";

/// Whether `error` of `method` is not the driver's: the call did not end within its limit.
pub(crate) fn hit_the_limit(method: &str, error: &Error) -> bool {
    let late = format!("{method} {TOO_LATE}");
    error.kind() == ErrorKind::Timeout && error.message().starts_with(&late)
}

/// Whether `error` says that the driver crashed: it panicked, or its process ended. `process` is whether it has one; in
/// the suite's own process the connection that broke is the driver's, to its provider.
pub(crate) fn is_crash(error: &Error, process: bool) -> bool {
    (process && error.kind() == ErrorKind::Connection) || error.to_string().contains("Panic in the driver")
}

fn done(_: &()) -> String {
    "ok".to_owned()
}

/// An option's value as one would write it.
fn written(value: &OptionValue) -> String {
    match value {
        OptionValue::Bool(value) => value.to_string(),
        OptionValue::Int(value) => value.to_string(),
        OptionValue::String(value) => format!("{value:?}"),
        OptionValue::List(values) => format!("{values:?}"),
        OptionValue::Nil => "nil".to_owned(),
    }
}

fn quoted(text: &String) -> String {
    format!("{text:?}")
}
