use std::{fmt, sync::Arc};

/// Where a line belongs (plugin protocol, handshake and log lines).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has two streams")]
pub enum LogLevel {
    /// For the user: standard output of the plugin, shown by hosts.
    Info,
    /// For the author: standard error of the plugin, shown by hosts with `--debug`.
    Debug,
}

type Sink = dyn Fn(LogLevel, &str) + Send + Sync;

/// A driver's log: lines for the user and lines for the author.
#[derive(Clone)]
pub struct Log(Arc<Sink>);

impl Log {
    /// A log that hands each line to `sink`.
    pub fn new(sink: impl Fn(LogLevel, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// A log that drops everything.
    pub fn discard() -> Self {
        Self::new(|_, _| {})
    }

    /// Tells the user something.
    pub fn info(&self, line: impl AsRef<str>) {
        (self.0)(LogLevel::Info, line.as_ref());
    }

    /// Tells the driver's author something.
    pub fn debug(&self, line: impl AsRef<str>) {
        (self.0)(LogLevel::Debug, line.as_ref());
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}
