//! `--report events=PATH`: every event as it happens, one JSON object a line.

use std::io::{self, Write};

use super::{Report, RunRecord};
use crate::event::Event;

/// Writes each event at once, so that the log of a run that was killed ends with what it did last.
pub struct EventLog<W: Write> {
    writer: W,
}

impl<W: Write> EventLog<W> {
    /// A log to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send> Report for EventLog<W> {
    fn event(&mut self, event: &Event) -> io::Result<()> {
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        self.writer.write_all(&line)?;
        self.writer.flush()
    }

    fn finish(&mut self, _run: &RunRecord) -> io::Result<()> {
        self.writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for EventLog<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventLog").finish_non_exhaustive()
    }
}
