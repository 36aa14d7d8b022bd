//! `--report json=PATH`: the whole run as one document, see [`RunRecord`].

use std::io::{self, BufWriter, Write};

use super::{Report, RunRecord};

/// Writes the run as JSON when it is over.
pub struct JsonReport<W: Write> {
    writer: W,
}

impl<W: Write> JsonReport<W> {
    /// A report to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer }
    }
}

impl<W: Write + Send> Report for JsonReport<W> {
    fn finish(&mut self, run: &RunRecord) -> io::Result<()> {
        let mut writer = BufWriter::new(&mut self.writer);
        serde_json::to_writer_pretty(&mut writer, run)?;
        writer.write_all(b"\n")?;
        writer.flush()
    }
}

impl<W: Write> std::fmt::Debug for JsonReport<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonReport").finish_non_exhaustive()
    }
}
