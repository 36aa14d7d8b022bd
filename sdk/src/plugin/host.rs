use std::{
    fmt,
    path::PathBuf,
    process::ExitStatus,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::{
    child::Child,
    client::{CallError, Client},
    handshake::{Handshake, shake_hands},
    heartbeat::Heartbeat,
    host_options::HostOptions,
    host_output::OutputLine,
    rpc::{self, EMPTY, SERVICE_V0},
    wire::{
        DecodeError, Type, Value,
        messages::{OPTIONS_NAME, OPTIONS_NAME_V0, options_to_value},
    },
};
use crate::{
    error::{Error, ErrorKind, Result},
    options::DriverOptions,
};

/// Longest interval of heartbeats for plugins that only have the oldest service name: they end after 500 ms.
const HEARTBEAT_INTERVAL_V0: Duration = Duration::from_millis(200);
/// How long a killed process may take to go.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// How long the exit status and the last lines of an ended plugin may lag behind the end of its connection.
const EXIT_NEWS: Duration = Duration::from_millis(250);

/// A driver in a process of its own, written in any language: starts the executable, speaks the plugin protocol with
/// it, and drives it as [`DynDriver`](crate::DynDriver).
///
/// The plugin lives until [`close`](Host::close), [`kill`](Host::kill), or the end of this value, which kills it, if it
/// still runs, with everything in its process group. Heartbeats go out by themselves; calls have no limit of time, so callers put
/// their own around them. Dropping a call does not stop it in the plugin. Needs a tokio runtime that keeps running.
pub struct Host {
    // Dropped before the process: a plugin that still lives sees its host hang up first.
    heartbeat: Heartbeat,
    client: Arc<Client>,
    child: Child,
    program: PathBuf,
    service: &'static str,
    version: i64,
    address_line: String,
    spawn_to_address: Duration,
    close_grace: Duration,
}

/// Argument of [`Host::call`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Argument {
    /// The empty struct, which most methods take.
    Empty,
    /// The argument of `SetConfigRaw`.
    Bytes(Vec<u8>),
    /// The argument of `SetConfigFromFlags`, under the name that goes with the plugin's service name.
    Options(DriverOptions),
    /// Any value, encoded as a type.
    Value(Type, Value),
}

impl Host {
    /// Starts a plugin and agrees with it on the protocol's version, with a fallback to the oldest service name.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the executable cannot be started; [`ErrorKind::Timeout`], [`ErrorKind::Protocol`] or
    /// [`ErrorKind::Connection`] if it does not behave as a plugin. They name the executable, what was expected and
    /// what came, and the last lines on standard error. The process is gone then.
    pub async fn spawn(options: HostOptions) -> Result<Self> {
        let blame = |error: Error| error.with_context("executable", options.program.display());
        let child = Child::spawn(&options).map_err(blame)?;
        match shake_hands(&child, &options).await {
            Ok(handshake) => Ok(Self::over(handshake, child, options)),
            Err(error) => {
                child.kill_and_reap(KILL_LIMIT).await;
                child.wait_drained(EXIT_NEWS).await;
                Err(with_stderr(blame(error), &child))
            }
        }
    }

    fn over(handshake: Handshake, child: Child, options: HostOptions) -> Self {
        let Handshake { client, service, version, address_line, spawn_to_address } = handshake;
        let client = Arc::new(client);
        let interval = match service {
            SERVICE_V0 => options.heartbeat_interval.min(HEARTBEAT_INTERVAL_V0),
            _ => options.heartbeat_interval,
        };
        Self {
            heartbeat: Heartbeat::start(Arc::clone(&client), service, interval),
            client,
            child,
            program: options.program,
            service,
            version,
            address_line,
            spawn_to_address,
            close_grace: options.close_grace,
        }
    }

    /// Process id of the plugin, which is also the id of its process group.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Version of the API that the plugin told.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The service name in use: `RPCServerDriver`, or `RpcServerDriver` with the oldest plugins.
    pub fn service_name(&self) -> &'static str {
        self.service
    }

    /// The plugin's first line on standard output, without white space around it.
    pub fn address_line(&self) -> &str {
        &self.address_line
    }

    /// Time from the start of the process to its address line.
    pub fn spawn_to_address(&self) -> Duration {
        self.spawn_to_address
    }

    /// When the process was started; [`OutputLine::at`] counts from here.
    pub fn spawned_at(&self) -> Instant {
        self.child.output().started()
    }

    /// Everything that the plugin has printed so far and that is kept, oldest first, address line included.
    pub fn output(&self) -> Vec<OutputLine> {
        self.child.output().lines()
    }

    /// Number of the oldest lines that were dropped to stay below [`HostOptions::kept_output`].
    pub fn dropped_lines(&self) -> u64 {
        self.child.output().dropped()
    }

    /// True length in bytes of the longest line that the plugin has printed.
    pub fn longest_line(&self) -> usize {
        self.child.output().longest()
    }

    /// Calls back with every line that is kept, and then with every line that is printed, in order. The callback runs
    /// between two reads of the pipe, so it must not block, and must not call this method.
    pub fn on_line(&self, callback: impl Fn(&OutputLine) + Send + Sync + 'static) {
        self.child.output().on_line(Arc::new(callback));
    }

    /// Stops sending heartbeats, as a host that hangs does.
    pub fn pause_heartbeat(&self) {
        self.heartbeat.pause();
    }

    /// Sends heartbeats again.
    pub fn resume_heartbeat(&self) {
        self.heartbeat.resume();
    }

    /// Number of heartbeats that the plugin has answered.
    pub fn heartbeats(&self) -> u64 {
        self.heartbeat.answered()
    }

    /// Calls any method of any service and returns what it answers, whatever its type is.
    ///
    /// # Errors
    /// [`ErrorKind::Remote`] (or [`ErrorKind::NotRunning`]) with the plugin's text; [`ErrorKind::Connection`] if the
    /// connection ends or has ended; [`ErrorKind::Protocol`] if the reply is not gob; [`ErrorKind::Other`] if the
    /// argument cannot be encoded.
    pub async fn call(&self, service_method: &str, argument: Argument) -> Result<Value> {
        let outcome = match argument {
            Argument::Empty => self.client.call(service_method, &EMPTY, &rpc::empty()).await,
            Argument::Bytes(bytes) => {
                self.client.call(service_method, &Type::Bytes, &Value::Bytes(bytes)).await
            }
            Argument::Options(options) => {
                let name = if self.service == SERVICE_V0 { OPTIONS_NAME_V0 } else { OPTIONS_NAME };
                self.client.call(service_method, &Type::Interface, &options_to_value(&options, name)).await
            }
            Argument::Value(of, value) => self.client.call(service_method, &of, &value).await,
        };
        match outcome {
            Ok(value) => Ok(value),
            Err(CallError::Remote(text)) => Err(Error::remote(text)),
            Err(CallError::Argument(text)) => Err(Error::new(
                ErrorKind::Other,
                format!("the argument of {service_method} cannot be sent: {text}"),
            )),
            Err(CallError::Body(text)) => {
                Err(self.unreadable(service_method, &format!("reading body {text}")))
            }
            Err(CallError::Protocol(text)) => Err(self.unreadable(service_method, &text)),
            Err(error) => Err(self.lost(service_method, &error).await),
        }
    }

    /// Calls a method of the plugin's service and reads its reply.
    pub(super) async fn ask<T>(
        &self,
        method: &str,
        argument: Argument,
        read: impl FnOnce(Value) -> Result<T, DecodeError>,
    ) -> Result<T> {
        let service_method = format!("{}.{method}", self.service);
        let reply = self.call(&service_method, argument).await?;
        read(reply).map_err(|error| {
            // Hosts in Go do the same: they cannot find the next reply behind one that they cannot decode.
            self.client.shut_down();
            self.unreadable(&service_method, &format!("reading body {error}"))
        })
    }

    /// Ends the plugin in order: `Close`, then the end of the process. Ending it twice is no error.
    ///
    /// Processes that the plugin started and left behind are not touched: they may be its machines.
    ///
    /// # Errors
    /// If `Close` fails (a missing reply is none), or the process does not end within
    /// [`HostOptions::close_grace`]. It is killed then.
    pub async fn close(&self) -> Result<()> {
        if self.child.exit_status().is_some() {
            return Ok(());
        }
        self.heartbeat.pause();
        let method = format!("{}.Close", self.service);
        let answer = timeout(self.close_grace, self.client.call(&method, &EMPTY, &rpc::empty())).await;
        let problem = match answer {
            // The reply races with the end of the process.
            Ok(Ok(_) | Err(CallError::UnexpectedEof | CallError::ShutDown | CallError::Connection(_))) => {
                None
            }
            Ok(Err(error)) => Some(Error::remote(error.to_string())),
            Err(_) => {
                Some(self.about_plugin(ErrorKind::Timeout, "the plugin did not answer Close".to_owned()))
            }
        };
        let ended = self.child.wait_exit(self.close_grace).await.is_some();
        if !ended {
            self.kill().await;
        }
        match problem {
            Some(error) => Err(error),
            None if !ended => Err(self.about_plugin(
                ErrorKind::Timeout,
                format!(
                    "the plugin was still running {:.1} s after Close and was killed",
                    self.close_grace.as_secs_f64()
                ),
            )),
            None => Ok(()),
        }
    }

    /// Kills the plugin with everything in its process group and waits for its end.
    ///
    /// Beware: [`DynDriver::kill`](crate::DynDriver::kill) is something else, it kills the machine. On a `Host` this
    /// method goes first; the other one is `DynDriver::kill(&host)`, or `kill` on a `dyn DynDriver`.
    pub async fn kill(&self) {
        self.child.kill_and_reap(KILL_LIMIT).await;
    }

    /// Ends the connection and leaves the process alone, as a host that dies does.
    pub fn hang_up(&self) {
        self.client.shut_down();
    }

    /// Waits until the plugin ends by itself, at most for `limit`; its exit status, or `None` if it still runs.
    pub async fn wait_exit(&self, limit: Duration) -> Option<ExitStatus> {
        self.child.wait_exit(limit).await
    }

    /// The exit status, if the plugin has ended.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.child.exit_status()
    }

    /// The error for a connection that ended; says what became of the process.
    async fn lost(&self, service_method: &str, error: &CallError) -> Error {
        let status = match error {
            // Known since the call that it ended with.
            CallError::ShutDown => self.child.exit_status(),
            _ => self.child.wait_exit(EXIT_NEWS).await,
        };
        let fate = match status {
            Some(status) => {
                self.child.wait_drained(EXIT_NEWS).await;
                format!("the plugin has ended, {status}")
            }
            None => "the plugin still runs".to_owned(),
        };
        let message = format!("{error} during {service_method}; {fate}");
        with_stderr(self.about_plugin(ErrorKind::Connection, message), &self.child)
    }

    fn unreadable(&self, service_method: &str, problem: &str) -> Error {
        self.about_plugin(ErrorKind::Protocol, format!("{problem} (the plugin's answer to {service_method})"))
    }

    pub(super) fn about_plugin(&self, kind: ErrorKind, message: String) -> Error {
        Error::new(kind, message).with_context("executable", self.program.display())
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("program", &self.program)
            .field("pid", &self.pid())
            .field("address", &self.address_line)
            .field("service", &self.service)
            .finish_non_exhaustive()
    }
}

fn with_stderr(error: Error, child: &Child) -> Error {
    match child.output().stderr_tail() {
        tail if tail.is_empty() => error,
        tail => error.with_context("last lines on standard error", tail),
    }
}
