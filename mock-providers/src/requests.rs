//! The log of requests that a provider got.

use std::time::{Duration, Instant, SystemTime};

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
    /// HTTP method.
    pub method: String,
    /// Path without the query.
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
    /// Status of the answer; `None` while there is none, or when the connection was cut instead.
    pub status: Option<u16>,
    /// Body of the answer as the provider made it, the first 64 KiB.
    pub answer: String,
    /// Faults that hit it, by their words.
    pub faults: Vec<String>,
}

/// Requests in the order in which they came in.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Locked<Vec<Request>>);

/// Place of a request in its log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry(usize, Instant);

impl RequestLog {
    pub(crate) fn begin(&self, request: Request) -> Entry {
        let started = request.started;
        let mut requests = self.0.lock();
        requests.push(request);
        Entry(requests.len() - 1, started)
    }

    pub(crate) fn end(&self, Entry(index, started): Entry, status: Option<u16>, answer: &[u8]) {
        let mut requests = self.0.lock();
        // A log that was cleared meanwhile has other requests, or none, at this place.
        if let Some(request) = requests
            .get_mut(index)
            .filter(|request| request.started == started)
        {
            request.took = started.elapsed();
            request.status = status;
            request.answer = text(answer);
        }
    }

    pub(crate) fn all(&self) -> Vec<Request> {
        self.0.lock().clone()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }
}

/// The part of a body that is kept, as text.
pub(crate) fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(&body[..body.len().min(KEPT)]).into_owned()
}
