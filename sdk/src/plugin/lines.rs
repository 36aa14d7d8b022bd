use super::output::text_prefix;

/// Cuts text for an error message.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 300;
    match text_prefix(text, SHOWN) {
        start if start.len() < text.len() => format!("{start}... ({} bytes)", text.len()),
        _ => text.to_owned(),
    }
}

/// A line, or the start of one.
#[derive(Debug, Default)]
pub(super) struct RawLine {
    pub(super) kept: Vec<u8>,
    /// True length in bytes.
    pub(super) length: usize,
}

impl RawLine {
    fn extend(&mut self, bytes: &[u8], most: usize) {
        self.length += bytes.len();
        let room = most.saturating_sub(self.kept.len());
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn without_carriage_return(mut self) -> Self {
        if self.kept.len() == self.length && self.kept.last() == Some(&b'\r') {
            self.kept.pop();
            self.length -= 1;
        }
        self
    }

    /// The start of the line, for an error message.
    pub(super) fn shown(&self) -> String {
        shortened(&String::from_utf8_lossy(&self.kept[..self.kept.len().min(4096)]))
    }
}

/// Cuts bytes into lines of any length, of which it keeps the start.
#[derive(Debug)]
pub(super) struct LineSplitter {
    pub(super) current: RawLine,
    most: usize,
}

impl LineSplitter {
    /// Keeps `most` bytes of each line.
    pub(super) fn new(most: usize) -> Self {
        Self { current: RawLine::default(), most }
    }

    pub(super) fn push(&mut self, bytes: &[u8], mut line: impl FnMut(RawLine)) {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.current.extend(&rest[..end], self.most);
            line(std::mem::take(&mut self.current).without_carriage_return());
            rest = &rest[end + 1..];
        }
        self.current.extend(rest, self.most);
    }

    /// What came after the last line end.
    pub(super) fn finish(self) -> Option<RawLine> {
        (self.current.length > 0).then_some(self.current)
    }
}
