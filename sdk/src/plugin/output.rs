//! The log stream of a plugin (PROTOCOL section 2).

use std::io::{self, Write};

use crate::log::{Log, LogLevel};

/// Longest line that is written, in bytes without its end. Hosts written in Go stop reading for ever at 64 KiB.
const MAX_LINE: usize = 63 * 1024;

/// The log of a plugin process: lines for the user on standard output, lines for the author on standard error.
///
/// Text is split at line ends and before lines get too long for hosts. What cannot be written because the host is
/// gone is dropped. Nothing may be logged before the address line is out; [`serve`](super::serve) and
/// [`main`](super::main) see to that for the log that they hand out.
pub fn standard_log() -> Log {
    Log::new(|level, text| {
        // Without a host there is nobody left to tell.
        let _ = match level {
            LogLevel::Info => write_lines(&mut io::stdout().lock(), text),
            LogLevel::Debug => write_lines(&mut io::stderr().lock(), text),
        };
    })
}

/// Writes each line of `text` with one write.
pub(super) fn write_lines(out: &mut impl Write, text: &str) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(text.len() + 1);
    for line in pieces(text) {
        bytes.clear();
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        out.write_all(&bytes)?;
    }
    out.flush()
}

/// The lines of `text`, long ones in several pieces; one empty line for an empty text.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.split('\n').flat_map(|line| {
        let mut rest = Some(line.strip_suffix('\r').unwrap_or(line));
        std::iter::from_fn(move || {
            let line = rest?;
            let start = text_prefix(line, MAX_LINE);
            rest = Some(&line[start.len()..]).filter(|rest| !rest.is_empty());
            Some(start)
        })
    })
}

/// The longest start of `text` with at most `most` bytes and whole characters.
pub(super) fn text_prefix(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write_lines(&mut out, text).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn text_becomes_whole_lines() {
        assert_eq!(written("one"), "one\n");
        assert_eq!(written("one\r\ntwo\n"), "one\ntwo\n");
        assert_eq!(written("one\n\ntwo"), "one\n\ntwo\n");
        assert_eq!(written(""), "\n");
    }

    #[test]
    fn no_line_reaches_the_limit_of_go_hosts_and_nothing_is_lost() {
        let text = "ü€x".repeat(100_000);
        let out = written(&text);
        assert!(out.lines().count() > 8);
        assert!(out.lines().all(|line| line.len() < 64 * 1024 - 1 && !line.is_empty()));
        assert_eq!(out.replace('\n', ""), text);
        assert_eq!(written(&"x".repeat(MAX_LINE)).lines().count(), 1);
    }

    #[test]
    fn a_closed_pipe_is_an_error_and_no_panic() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert_eq!(write_lines(&mut Closed, "x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
