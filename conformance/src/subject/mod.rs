//! The subject: the driver under test and the way to it.

mod host;
mod in_process;
mod plugin;

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use machine_driver::{DynDriver, Result, plugin::Host};

pub use host::{HostCommandLine, HostProgram, Ran, Unusable};
pub use in_process::InProcessSubject;
pub use plugin::PluginSubject;

/// A way to the driver. Each [`start`](Subject::start) gives a driver that knows nothing of earlier ones, as each
/// command of a host starts a new process.
#[async_trait]
pub trait Subject: Send + Sync + fmt::Debug {
    /// Starts a fresh driver.
    ///
    /// # Errors
    /// Why it did not start, with what it said.
    async fn start(&self, launch: Launch) -> Result<Started>;

    /// The executable, if the driver runs as one.
    fn executable(&self) -> Option<&PluginSubject>;

    /// What reports call the driver, for example its command.
    fn label(&self) -> String;
}

/// Receives lines of a driver.
#[derive(Clone)]
pub struct LineSink(Arc<dyn Fn(Line<'_>) + Send + Sync>);

impl LineSink {
    /// Hands every line to `receive`, from whatever task read it.
    pub fn new(receive: impl Fn(Line<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    /// Drops every line.
    pub fn discard() -> Self {
        Self::new(|_| {})
    }

    /// Hands one line over.
    pub fn receive(&self, line: Line<'_>) {
        (self.0)(line);
    }
}

impl fmt::Debug for LineSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LineSink")
    }
}

/// One line of a driver.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Line<'a> {
    /// `stdout` (for users) or `stderr` (for authors).
    pub stream: &'static str,
    /// The line, shortened if it is very long.
    pub text: &'a str,
    /// Full length in bytes.
    pub length: usize,
}

/// How one process is started.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Launch {
    /// Environment variables beside the subject's own.
    pub environment: BTreeMap<String, String>,
    /// Where every line goes that the driver writes.
    pub lines: LineSink,
    /// Factor for the waits of drivers that know `MACHINE_DRIVER_WAIT_FACTOR`.
    pub wait_factor: f64,
}

impl Launch {
    /// A launch with `lines` and `wait_factor`, and no further environment.
    pub fn new(lines: LineSink, wait_factor: f64) -> Self {
        Self { environment: BTreeMap::new(), lines, wait_factor }
    }
}

/// A started driver.
#[derive(Clone)]
#[non_exhaustive]
pub struct Started {
    /// The driver.
    pub driver: Arc<dyn DynDriver>,
    /// Its process, if it has one.
    pub host: Option<Arc<Host>>,
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started").field("process", &self.host.is_some()).finish_non_exhaustive()
    }
}
