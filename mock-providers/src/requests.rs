//! The log of requests that a provider got.

use std::{
    collections::VecDeque,
    time::{Duration, Instant, SystemTime},
};

use axum::body::Bytes;
use serde::Serialize;

use crate::locked::Locked;

/// Part of a body that is kept.
const KEPT: usize = 64 << 10;

/// A request and what became of it. Credentials are not part of it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Request {
    /// When it had been read.
    #[serde(with = "crate::epoch")]
    pub at: SystemTime,
    /// The same moment on the monotonic clock.
    #[serde(skip)]
    pub started: Instant,
    /// Time until the answer was ready, in milliseconds when serialised.
    #[serde(serialize_with = "crate::milliseconds::serialize")]
    pub took: Duration,
    /// HTTP method; for calls of a program its name.
    pub method: String,
    /// Path without the query; for calls of a program the object that they name.
    pub path: String,
    /// Query, without the question mark.
    pub query: String,
    /// Name of the operation; empty when there is none at this path.
    pub operation: String,
    /// Whether it is meant to change something.
    pub mutating: bool,
    /// Body, the first 64 KiB.
    pub body: String,
    /// Software of the client, as it calls itself.
    pub user_agent: String,
    /// Status of the answer, or exit code; `None` while there is none, or when the connection was cut instead.
    pub status: Option<u16>,
    /// Body of the answer as the provider made it, the first 64 KiB.
    pub answer: String,
    /// Faults that hit it, by their words.
    pub faults: Vec<String>,
}

/// Memory of a log; the oldest requests are forgotten when it needs more.
const MOST_BYTES: usize = 16 << 20;

/// Requests in the order in which they came in.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Locked<Kept>);

#[derive(Debug, Default)]
struct Kept {
    requests: VecDeque<Logged>,
    /// Number of the first one that is kept.
    first: usize,
    bytes: usize,
}

/// A request with its answer, which is shared with the connection and becomes a text when somebody reads the log.
#[derive(Debug)]
struct Logged {
    request: Request,
    answer: Bytes,
}

/// Place of a request in its log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry(usize, Instant);

impl RequestLog {
    pub(crate) fn begin(&self, request: Request) -> Entry {
        let started = request.started;
        let mut kept = self.0.lock();
        let logged = Logged { request, answer: Bytes::new() };
        kept.bytes += logged.size();
        kept.requests.push_back(logged);
        Entry(kept.first + kept.requests.len() - 1, started)
    }

    pub(crate) fn end(&self, Entry(number, started): Entry, status: Option<u16>, answer: &Bytes) {
        let mut kept = self.0.lock();
        let index = number.checked_sub(kept.first);
        // A log that was cleared meanwhile has other requests, or none, at this place.
        if let Some(logged) = index
            .and_then(|index| kept.requests.get_mut(index))
            .filter(|logged| logged.request.started == started)
        {
            logged.request.took = started.elapsed();
            logged.request.status = status;
            logged.answer = start_of(answer);
            let grown = logged.answer.len();
            kept.bytes += grown;
        }
        while kept.bytes > MOST_BYTES {
            let Some(oldest) = kept.requests.pop_front() else {
                break;
            };
            kept.bytes -= oldest.size();
            kept.first += 1;
        }
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.0.lock().requests.iter().map(Logged::read).collect()
    }

    /// Requests from a number on, and the number of the next one. Numbers go on when requests are forgotten.
    pub(crate) fn since(&self, number: usize) -> (Vec<Request>, usize) {
        let kept = self.0.lock();
        let skipped = number.saturating_sub(kept.first);
        let requests = kept.requests.iter().skip(skipped).map(Logged::read).collect();
        (requests, kept.first + kept.requests.len())
    }

    pub(crate) fn clear(&self) {
        let mut kept = self.0.lock();
        kept.first += kept.requests.len();
        kept.requests.clear();
        kept.bytes = 0;
    }
}

impl Request {
    /// Whether the provider refused it, or gave no answer. The status is that of HTTP, or an exit code.
    pub fn failed(&self) -> bool {
        self.status.is_none_or(|status| status >= 400 || (1..100).contains(&status))
    }
}

impl Logged {
    fn size(&self) -> usize {
        let Request { query, body, user_agent, .. } = &self.request;
        size_of::<Self>() + query.len() + body.len() + user_agent.len() + self.answer.len()
    }

    fn read(&self) -> Request {
        let mut request = self.request.clone();
        request.answer = text(&self.answer);
        request
    }
}

/// The part of an answer that is kept. A large one is copied, so that the rest of it does not stay in memory.
fn start_of(answer: &Bytes) -> Bytes {
    if answer.len() > KEPT { Bytes::copy_from_slice(&answer[..KEPT]) } else { answer.clone() }
}

/// The part of a body that is kept, as text.
pub(crate) fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(KEPT)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> Request {
        Request {
            at: SystemTime::now(),
            started: Instant::now(),
            took: Duration::ZERO,
            method: "POST".into(),
            path: "/".into(),
            query: String::new(),
            operation: String::new(),
            mutating: false,
            body: body.into(),
            user_agent: String::new(),
            status: None,
            answer: String::new(),
            faults: Vec::new(),
        }
    }

    #[test]
    fn the_oldest_requests_make_room_and_numbers_go_on() {
        let log = RequestLog::default();
        let body = "x".repeat(KEPT);
        for number in 0..2_000 {
            let entry = log.begin(request(&format!("{number} {body}")));
            log.end(entry, Some(200), &Bytes::from_static(b"ok"));
        }
        let (kept, next) = log.since(0);
        assert!(next == 2_000 && (200..256).contains(&kept.len()), "{}", kept.len());
        assert!(kept.last().unwrap().body.starts_with("1999 ") && kept[0].answer == "ok");
        assert_eq!(log.since(1_998).0.len(), 2);
        log.clear();
        let entry = log.begin(request("late"));
        log.end(entry, None, &Bytes::new());
        let (kept, next) = log.since(1_999);
        assert_eq!((kept.len(), next), (1, 2_001));
    }
}
