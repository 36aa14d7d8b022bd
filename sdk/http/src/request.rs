use machine_driver::{Error, ErrorKind, Result};
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One request to the provider.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is sent"]
pub struct Request {
    pub(crate) purpose: String,
    pub(crate) method: Method,
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<Value>,
    pub(crate) repeat: Repeat,
}

/// When a request that failed is sent again. A busy provider and a rate limit are always waited out: nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repeat {
    /// It reads only: whenever the provider fails (FAULT-001).
    Always,
    /// It may arrive twice, for example because it carries an idempotency key: when there was no answer, which may have
    /// been lost (FAULT-007).
    Unanswered,
    /// It changes something: a failure is the caller's to handle (ERR-005).
    Never,
}

impl Request {
    fn new(method: Method, purpose: impl Into<String>, path: &[&str], repeat: Repeat) -> Self {
        let path = path.iter().map(|&segment| segment.to_owned()).collect();
        Self { purpose: purpose.into(), method, path, query: Vec::new(), body: None, repeat }
    }

    /// A request that reads. `purpose` is what it does, as it reads after "cannot": `look up the server srv-1`; the
    /// segments of the path are escaped when it is sent.
    pub fn get(purpose: impl Into<String>, path: &[&str]) -> Self {
        Self::new(Method::GET, purpose, path, Repeat::Always)
    }

    /// A request that makes something or asks for an action, with a JSON body.
    pub fn post(purpose: impl Into<String>, path: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, purpose, path, Repeat::Never) }
    }

    /// A request that deletes.
    pub fn delete(purpose: impl Into<String>, path: &[&str]) -> Self {
        Self::new(Method::DELETE, purpose, path, Repeat::Never)
    }

    /// A request that changes something, with a JSON body and the method `PUT`.
    pub fn put(purpose: impl Into<String>, path: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PUT, purpose, path, Repeat::Never) }
    }

    /// A request that changes something, with a JSON body and the method `PATCH`.
    pub fn patch(purpose: impl Into<String>, path: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PATCH, purpose, path, Repeat::Never) }
    }

    /// Sets a parameter of the query; a second value of a name replaces the first.
    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.retain(|(known, _)| *known != name);
        self.query.push((name, value.into()));
        self
    }

    /// Says when the request is sent again.
    pub fn repeat(self, repeat: Repeat) -> Self {
        Self { repeat, ..self }
    }

    pub(crate) fn url(&self, endpoint: &Url) -> Url {
        let mut url = endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&self.path);
        }
        for (name, value) in &self.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    }

    pub(crate) fn read<T: DeserializeOwned>(&self, answer: &[u8]) -> Result<T> {
        serde_json::from_slice(answer).map_err(|error| self.not_understood(&error))
    }

    /// The error for an answer that cannot be understood (FAULT-006). The parser's text is left out: it quotes values
    /// (SEC-001).
    pub fn not_understood(&self, error: &serde_json::Error) -> Error {
        let text = format!("'s answer makes no sense (line {}, column {})", error.line(), error.column());
        self.error(ErrorKind::Provider, &text).retryable()
    }

    /// An error of this request: operation, object and reason (ERR-002). `reason` goes on after "the provider".
    pub(crate) fn error(&self, kind: ErrorKind, reason: &str) -> Error {
        Error::new(kind, format!("cannot {}: the provider{reason}", self.purpose))
    }
}
