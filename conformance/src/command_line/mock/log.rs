//! The requests of a mock, as they come in.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    time::{Duration, Instant},
};

use machine_mock_providers::{guest::Guest, requests::Request};

use crate::report::one_line;

/// How often new requests are looked for.
pub(super) const LOOK: Duration = Duration::from_millis(250);

/// Prints answered requests on standard error, in order.
#[derive(Debug)]
pub(super) struct RequestPrinter {
    next: usize,
    started: Instant,
    /// How many notes of each guest have been printed.
    notes: BTreeMap<String, usize>,
}

impl RequestPrinter {
    pub(super) fn new() -> Self {
        Self { next: 0, started: Instant::now(), notes: BTreeMap::new() }
    }

    /// Prints what is new and has been answered. `since` gives the requests from a number on, and the number after the
    /// last one; `words` says what a request is. The result is what was printed.
    pub(super) fn print(
        &mut self,
        since: impl FnOnce(usize) -> (Vec<Request>, usize),
        words: impl Fn(&Request) -> String,
    ) -> Vec<Request> {
        let (mut requests, end) = since(self.next);
        // The oldest may be forgotten already.
        let first = end - requests.len();
        let open = |request: &Request| request.status.is_none() && request.faults.is_empty();
        if let Some(open) = requests.iter().position(open) {
            requests.truncate(open);
        }
        self.next = first + requests.len();
        for request in &requests {
            let outcome = match request.status {
                Some(status) => status.to_string(),
                None => "cut".to_owned(),
            };
            let faults = match request.faults.as_slice() {
                [] => String::new(),
                faults => format!("   fault {}", faults.join(", ")),
            };
            let words = one_line(&words(request), 80);
            let took = request.took.as_millis();
            let at = request.started.saturating_duration_since(self.started);
            self.line(at, &format!("{words:<46} {outcome:>3}   {took} ms{faults}"));
        }
        requests
    }

    /// Prints what has gone wrong with guests since the last time.
    pub(super) fn trouble(&mut self, guests: &BTreeMap<String, Guest>) {
        self.notes.retain(|id, _| guests.contains_key(id));
        for (id, guest) in guests {
            let notes = guest.notes();
            let told = self.notes.insert(id.clone(), notes.len()).unwrap_or_default();
            for note in notes.iter().skip(told) {
                self.note(&format!("{id} {}", one_line(note, 500)));
            }
        }
    }

    /// Prints a line about something that happened now.
    pub(super) fn note(&self, text: &str) {
        self.line(self.started.elapsed(), text);
    }

    fn line(&self, at: Duration, text: &str) {
        let mut stderr = anstream::AutoStream::auto(io::stderr());
        // Nobody may be looking; the mock goes on.
        let _ = writeln!(stderr, "+{:.1}s {text}", at.as_secs_f64());
    }
}
