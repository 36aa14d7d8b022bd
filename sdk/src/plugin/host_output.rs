//! What a plugin prints, as its host sees it (PROTOCOL section 2).

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    sync::watch,
};

use super::{
    host_options::LineCallback,
    lines::{LineSplitter, RawLine, shortened},
};

/// Which of a plugin's outputs a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a process has two")]
pub enum OutputStream {
    /// Standard output: the address line, then lines for the user.
    Stdout,
    /// Standard error: lines for the driver's author.
    Stderr,
}

/// One line that a plugin printed. A last line without end counts too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputLine {
    /// When it was complete, since the start of the process.
    pub at: Duration,
    /// Where it was printed.
    pub stream: OutputStream,
    /// The line without its end, at most [`HostOptions::kept_line`](super::HostOptions::kept_line) bytes of it.
    /// Bytes that are not UTF-8 are replaced.
    pub text: String,
    /// True length in bytes, without the end.
    pub length: usize,
    /// Bytes at the end that are missing in `text`.
    pub truncated_len: usize,
}

/// Everything that one plugin printed.
pub(super) struct HostOutput {
    started: Instant,
    kept_line: usize,
    kept_output: usize,
    lines: Mutex<Lines>,
    /// Held while a line is recorded and handed on, so that each callback gets every line once and in order.
    callbacks: Mutex<Vec<LineCallback>>,
    first_line: watch::Sender<FirstLine>,
    /// Number of pipes read to their end.
    drained: watch::Sender<usize>,
}

#[derive(Default)]
struct Lines {
    kept: VecDeque<OutputLine>,
    bytes: usize,
    dropped: u64,
    longest: usize,
}

/// The first line on standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum FirstLine {
    /// Its end has not come yet; so much of it has.
    Incomplete { start: String, length: usize },
    /// It is complete.
    Complete(String),
    /// Standard output was closed before its end.
    Ended { start: String },
}

impl HostOutput {
    pub(super) fn new(kept_line: usize, kept_output: usize, callback: Option<LineCallback>) -> Self {
        Self {
            started: Instant::now(),
            kept_line,
            kept_output,
            lines: Mutex::default(),
            callbacks: Mutex::new(callback.into_iter().collect()),
            first_line: watch::Sender::new(FirstLine::Incomplete { start: String::new(), length: 0 }),
            drained: watch::Sender::new(0),
        }
    }

    pub(super) fn started(&self) -> Instant {
        self.started
    }

    pub(super) fn lines(&self) -> Vec<OutputLine> {
        self.locked().kept.iter().cloned().collect()
    }

    pub(super) fn dropped(&self) -> u64 {
        self.locked().dropped
    }

    pub(super) fn longest(&self) -> usize {
        self.locked().longest
    }

    pub(super) fn first_line(&self) -> watch::Receiver<FirstLine> {
        self.first_line.subscribe()
    }

    /// Hands the kept lines to `callback`, and then every further one.
    pub(super) fn on_line(&self, callback: LineCallback) {
        let mut callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        for line in self.lines() {
            callback(&line);
        }
        callbacks.push(callback);
    }

    /// The last lines on standard error, shortened, for an error message.
    pub(super) fn stderr_tail(&self) -> String {
        const LINES: usize = 6;
        let lines = self.locked();
        let stderr = lines.kept.iter().filter(|line| line.stream == OutputStream::Stderr);
        let mut tail: Vec<_> = stderr.rev().take(LINES).map(|line| shortened(&line.text)).collect();
        tail.reverse();
        tail.join(" | ")
    }

    /// Reads a pipe to its end, however long its lines are.
    pub(super) async fn drain(&self, mut pipe: impl AsyncRead + Unpin, stream: OutputStream) {
        let mut splitter = LineSplitter::new(self.kept_line);
        let mut chunk = vec![0; 16 * 1024];
        // A pipe that cannot be read has ended, as far as anybody can tell.
        while let Ok(count @ 1..) = pipe.read(&mut chunk).await {
            splitter.push(&chunk[..count], |line| self.record(stream, &line));
            if stream == OutputStream::Stdout {
                self.first_line_grew(&splitter.current);
            }
        }
        let rest = splitter.finish();
        if stream == OutputStream::Stdout {
            self.first_line.send_if_modified(|first| {
                let ended = matches!(first, FirstLine::Incomplete { .. });
                if ended {
                    *first =
                        FirstLine::Ended { start: rest.as_ref().map(RawLine::shown).unwrap_or_default() };
                }
                ended
            });
        }
        if let Some(line) = rest {
            self.record(stream, &line);
        }
        self.drained.send_modify(|count| *count += 1);
    }

    /// Ends when so many pipes have been read to their end.
    pub(super) async fn drained(&self, pipes: usize) {
        // The sender is here, so it cannot be gone.
        let _ = self.drained.subscribe().wait_for(|count| *count >= pipes).await;
    }

    fn first_line_grew(&self, current: &RawLine) {
        self.first_line.send_if_modified(|first| match first {
            FirstLine::Incomplete { start, length } => {
                (*start, *length) = (current.shown(), current.length);
                true
            }
            _ => false,
        });
    }

    fn record(&self, stream: OutputStream, line: &RawLine) {
        let line = OutputLine {
            at: self.started.elapsed(),
            stream,
            text: String::from_utf8_lossy(&line.kept).into_owned(),
            length: line.length,
            truncated_len: line.length - line.kept.len(),
        };
        if stream == OutputStream::Stdout {
            self.first_line.send_if_modified(|first| {
                let waiting = matches!(first, FirstLine::Incomplete { .. });
                if waiting {
                    *first = FirstLine::Complete(line.text.clone());
                }
                waiting
            });
        }
        let callbacks = self.callbacks.lock().unwrap_or_else(PoisonError::into_inner);
        self.locked().push(line.clone(), self.kept_output);
        for callback in &*callbacks {
            callback(&line);
        }
    }

    fn locked(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for HostOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostOutput").finish_non_exhaustive()
    }
}

impl Lines {
    fn push(&mut self, line: OutputLine, most_bytes: usize) {
        // An empty line takes memory too.
        let cost = |line: &OutputLine| line.text.len() + size_of::<OutputLine>();
        self.longest = self.longest.max(line.length);
        self.bytes += cost(&line);
        self.kept.push_back(line);
        while self.bytes > most_bytes && self.kept.len() > 1 {
            if let Some(oldest) = self.kept.pop_front() {
                self.bytes -= cost(&oldest);
                self.dropped += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use super::*;

    async fn printed(output: &HostOutput, stream: OutputStream, bytes: &[u8]) {
        output.drain(bytes, stream).await;
    }

    #[tokio::test]
    async fn lines_of_any_length_are_counted_and_cut() {
        let output = HostOutput::new(10, 1 << 20, None);
        let mut text = vec![b'x'; 1_000_000];
        text.extend_from_slice(b"\r\nshort\r\n\nlast");
        printed(&output, OutputStream::Stderr, &text).await;
        let lines = output.lines();
        let seen: Vec<_> =
            lines.iter().map(|line| (line.text.as_str(), line.length, line.truncated_len)).collect();
        // The end of a line that was cut is unknown, so its carriage return counts.
        assert_eq!(seen, [("xxxxxxxxxx", 1_000_001, 999_991), ("short", 5, 0), ("", 0, 0), ("last", 4, 0)]);
        assert_eq!(output.longest(), 1_000_001);
    }

    #[tokio::test]
    async fn old_lines_make_room_for_new_ones() {
        let output = HostOutput::new(1000, 10_000, None);
        let text: String = (0..1000).map(|number| format!("line {number}\n")).collect();
        printed(&output, OutputStream::Stdout, text.as_bytes()).await;
        let lines = output.lines();
        assert_eq!(lines.last().unwrap().text, "line 999");
        assert_eq!(lines.len() as u64 + output.dropped(), 1000);
        assert!(lines.len() < 200, "{}", lines.len());
    }

    #[tokio::test]
    async fn a_callback_gets_every_line_once() {
        let output = HostOutput::new(1000, 1 << 20, None);
        printed(&output, OutputStream::Stdout, b"one\n").await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        output.on_line(Arc::new(move |line| sink.lock().unwrap().push(line.text.clone())));
        printed(&output, OutputStream::Stderr, b"two\nthree").await;
        assert_eq!(*seen.lock().unwrap(), ["one", "two", "three"]);
        assert_eq!(output.stderr_tail(), "two | three");
    }

    #[tokio::test]
    async fn the_first_line_is_told_as_soon_as_it_is_known() {
        for (text, first) in [
            (&b"127.0.0.1:1\nmore\n"[..], FirstLine::Complete("127.0.0.1:1".into())),
            (b"\n127.0.0.1:1\n", FirstLine::Complete(String::new())),
            (b"127.0", FirstLine::Ended { start: "127.0".into() }),
            (b"", FirstLine::Ended { start: String::new() }),
        ] {
            let output = HostOutput::new(1000, 1 << 20, None);
            printed(&output, OutputStream::Stderr, b"noise\n").await;
            printed(&output, OutputStream::Stdout, text).await;
            assert_eq!(*output.first_line().borrow(), first);
        }
    }
}
