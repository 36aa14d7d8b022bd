use std::{fmt, sync::Arc};

use async_trait::async_trait;
use machine_driver::{Driver, DynDriver, Hosted, Log, LogLevel, Result, wait::Waits};

use super::{Launch, Line, PluginSubject, Started, Subject};

type Factory = dyn Fn(Log, Waits) -> Arc<dyn DynDriver> + Send + Sync;

/// A Rust driver in the suite's own process: fast and easy to debug. Checks that need a process are not tested.
#[derive(Clone)]
pub struct InProcessSubject {
    label: String,
    factory: Arc<Factory>,
}

impl InProcessSubject {
    /// The driver `D`, with its default value as every fresh process has it.
    pub fn new<D: Driver>() -> Self {
        Self::from_factory(D::default().driver_name(), |log, waits| {
            Arc::new(Hosted::new(D::default(), log, waits))
        })
    }

    /// A driver made by `factory` for each start.
    pub fn from_factory(
        label: impl Into<String>,
        factory: impl Fn(Log, Waits) -> Arc<dyn DynDriver> + Send + Sync + 'static,
    ) -> Self {
        Self { label: label.into(), factory: Arc::new(factory) }
    }
}

#[async_trait]
impl Subject for InProcessSubject {
    async fn start(&self, launch: Launch) -> Result<Started> {
        let waits = Waits::default().scaled(launch.wait_factor);
        let log = Log::new(move |level, text| {
            let stream = if level == LogLevel::Info { "stdout" } else { "stderr" };
            launch.lines.receive(Line { stream, text, length: text.len() });
        });
        Ok(Started { driver: (self.factory)(log, waits), host: None })
    }

    fn executable(&self) -> Option<&PluginSubject> {
        None
    }

    fn label(&self) -> String {
        self.label.clone()
    }
}

impl fmt::Debug for InProcessSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcessSubject").field("label", &self.label).finish_non_exhaustive()
    }
}
