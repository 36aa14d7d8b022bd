//! What a check did and saw, redacted as it is written.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    event::{CallRecord, CallTarget, LogRecord, WaitRecord},
    redact::Redactor,
    subject::Line,
};

/// Longest text kept of an argument, a result or a log line, in bytes.
const KEPT_TEXT: usize = 2000;
/// Most calls kept of one check.
const KEPT_CALLS: usize = 2000;
/// Most log lines kept of one check.
const KEPT_LINES: usize = 2000;
/// Most waits kept of one check.
const KEPT_WAITS: usize = 200;
/// Waits that took a smaller part of their limit are not worth a record.
const WORTH_RECORDING: f64 = 0.5;

/// Records the calls and log lines of one check.
#[derive(Clone, Debug)]
pub struct Recorder {
    start: Instant,
    redactor: Arc<Redactor>,
    recorded: Arc<Mutex<Recorded>>,
}

#[derive(Debug, Default)]
struct Recorded {
    calls: Vec<CallRecord>,
    log: Vec<LogRecord>,
    waits: Vec<WaitRecord>,
    timed_out: Option<String>,
    observations: Observations,
}

/// When a call began after the start of the check, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) at: Duration,
    pub(crate) duration: Duration,
}

/// What is wrong whatever a check is about; the always-on checks look at it.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// Driver processes that were started.
    pub processes: usize,
    /// Lines that were read from drivers.
    pub lines: usize,
    /// Longest line of a driver, in bytes.
    pub longest_line: usize,
    /// Where the longest line was seen.
    pub longest_line_in: String,
    /// Secrets that reached a stream: name of the secret and where.
    pub leaked_on_streams: Vec<(String, String)>,
    /// Secrets that reached an error text: name of the secret and where.
    pub leaked_in_errors: Vec<(String, String)>,
    /// Calls during which the driver's process ended: method, and how it ended.
    pub deaths: Vec<(String, String)>,
    /// Calls whose error has no usable text.
    pub empty_errors: Vec<String>,
    /// Panics that came back as errors: method and text.
    pub panics: Vec<(String, String)>,
}

impl Observations {
    /// Adds what another check observed.
    pub fn absorb(&mut self, other: Self) {
        self.processes += other.processes;
        self.lines += other.lines;
        if other.longest_line > self.longest_line {
            self.longest_line = other.longest_line;
            self.longest_line_in = other.longest_line_in;
        }
        self.leaked_on_streams.extend(other.leaked_on_streams);
        self.leaked_in_errors.extend(other.leaked_in_errors);
        self.deaths.extend(other.deaths);
        self.empty_errors.extend(other.empty_errors);
        self.panics.extend(other.panics);
    }
}

impl Recorder {
    /// A recorder that starts now and redacts what `redactor` knows.
    pub fn new(redactor: Arc<Redactor>) -> Self {
        Self { start: Instant::now(), redactor, recorded: Arc::default() }
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Time since the start of the check.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Start of the check.
    pub fn start(&self) -> Instant {
        self.start
    }

    /// `text` without secrets, shortened.
    pub fn clean(&self, text: &str) -> String {
        shorten(&self.redactor.redact(text))
    }

    /// Records one call that began `started` after the start of the check.
    pub fn call(
        &self,
        to: CallTarget,
        started: Duration,
        name: &str,
        argument: &str,
        result: Result<&str, &str>,
    ) {
        let duration = self.elapsed().saturating_sub(started);
        let times = Times { at: started, duration };
        self.add_call(to, times, name, argument, result, None);
    }

    /// Records one call of the provider, with the fault that it met.
    pub(crate) fn provider_call(
        &self,
        times: Times,
        name: &str,
        argument: &str,
        result: Result<&str, &str>,
        fault: Option<String>,
    ) {
        self.add_call(CallTarget::Provider, times, name, argument, result, fault);
    }

    fn add_call(
        &self,
        to: CallTarget,
        times: Times,
        name: &str,
        argument: &str,
        result: Result<&str, &str>,
        fault: Option<String>,
    ) {
        let failed = result.is_err();
        let (Ok(text) | Err(text)) = result;
        let record = CallRecord {
            at_ms: millis(times.at),
            duration_ms: millis(times.duration),
            to,
            name: self.clean(name),
            argument: self.clean(argument),
            result: self.clean(text),
            failed,
            fault,
        };
        let mut recorded = self.recorded();
        if recorded.calls.len() < KEPT_CALLS {
            recorded.calls.push(record);
        }
    }

    /// Notes an error text of the driver.
    pub fn error_text(&self, method: &str, text: &str) {
        let secrets = self.redactor.secrets_in(text).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let mut recorded = self.recorded();
        for secret in secrets {
            recorded.observations.leaked_in_errors.push((secret, format!("the error of {method}")));
        }
        if says_nothing(text) {
            recorded.observations.empty_errors.push(format!("{method} failed with {text:?}"));
        }
    }

    /// Notes that the driver's process ended during `method`.
    pub fn death(&self, method: &str, how: &str) {
        let how = self.clean(how);
        self.recorded().observations.deaths.push((method.to_owned(), how));
    }

    /// Notes that `method` panicked and said so.
    pub fn panic(&self, method: &str, text: &str) {
        let text = self.clean(text);
        self.recorded().observations.panics.push((method.to_owned(), text));
    }

    /// Notes that a process was started.
    pub fn process_started(&self) {
        self.recorded().observations.processes += 1;
    }

    /// Records one line of the `process`-th process of `check`.
    pub fn line(&self, process: u32, line: Line<'_>, check: &str) {
        let Line { stream, text, length, .. } = line;
        let secrets = self.redactor.secrets_in(text).into_iter().map(str::to_owned).collect::<Vec<_>>();
        let record = LogRecord {
            at_ms: millis(self.elapsed()),
            process,
            stream: stream.to_owned(),
            text: self.clean(text),
        };
        let mut recorded = self.recorded();
        let observations = &mut recorded.observations;
        observations.lines += 1;
        if length > observations.longest_line {
            observations.longest_line = length;
            observations.longest_line_in = format!("{stream} of process {process} in {check}");
        }
        for secret in secrets {
            observations
                .leaked_on_streams
                .push((secret, format!("{stream} of process {process} in {check}")));
        }
        if recorded.log.len() < KEPT_LINES {
            recorded.log.push(record);
        }
    }

    /// Notes how much of a limit was needed, if that was much.
    pub fn waited(&self, name: &str, took: Duration, limit: Duration, in_time: bool) {
        if took < limit.mul_f64(WORTH_RECORDING) {
            return;
        }
        let record =
            WaitRecord { name: self.clean(name), took_ms: millis(took), limit_ms: millis(limit), in_time };
        let mut recorded = self.recorded();
        if recorded.waits.len() < KEPT_WAITS {
            recorded.waits.push(record);
        }
    }

    /// Waits and limits of which much was needed.
    pub(crate) fn waits(&self) -> Vec<WaitRecord> {
        self.recorded().waits.clone()
    }

    /// Notes that a call did not end within its limit.
    pub fn timed_out(&self, what: String) {
        self.recorded().timed_out.get_or_insert(what);
    }

    /// The first call that did not end within its limit.
    pub fn first_timeout(&self) -> Option<String> {
        self.recorded().timed_out.clone()
    }

    /// Adds what was observed elsewhere on behalf of the same check.
    pub(crate) fn absorb(&self, observations: Observations) {
        self.recorded().observations.absorb(observations);
    }

    /// Takes over the calls and log lines of a part of the check, whose times count from the start of that part.
    pub(crate) fn adopt(&self, calls: Vec<CallRecord>, log: Vec<LogRecord>) {
        let mut recorded = self.recorded();
        recorded.calls.extend(calls);
        recorded.log.extend(log);
    }

    /// A copy of what was observed so far.
    pub fn observations(&self) -> Observations {
        self.recorded().observations.clone()
    }

    /// Everything recorded, in the order of time.
    pub fn finish(&self) -> (Vec<CallRecord>, Vec<LogRecord>) {
        let mut recorded = self.recorded();
        let mut calls = std::mem::take(&mut recorded.calls);
        calls.sort_by_key(|call| call.at_ms);
        (calls, std::mem::take(&mut recorded.log))
    }
}

/// Whether an error text tells a user nothing (ERR-001).
fn says_nothing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty()
        || text.eq_ignore_ascii_case("error")
        || text == "<nil>"
        || text.strip_prefix("exit status ").is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()))
}

fn shorten(text: &str) -> String {
    if text.len() <= KEPT_TEXT {
        return text.to_owned();
    }
    let mut end = KEPT_TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}... ({} bytes)", &text[..end], text.len())
}

/// Whole milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Counts for a summary: how often each key occurs.
pub(crate) fn tally<K: Ord>(keys: impl IntoIterator<Item = K>) -> BTreeMap<K, usize> {
    let mut counts = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_texts_say_nothing() {
        for text in ["", "  ", "exit status 1", "<nil>", "error", "exit status 255\n"] {
            assert!(says_nothing(text), "{text:?}");
        }
        for text in ["exit status 1: no such host", "server 81 is gone"] {
            assert!(!says_nothing(text), "{text:?}");
        }
    }
}
