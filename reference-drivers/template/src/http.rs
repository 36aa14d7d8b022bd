use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use machine_driver::{
    Error, ErrorKind, Log, Result, Secret, quoted,
    wait::{Wait, Waits},
};
use reqwest::{Method, StatusCode, Url, header, redirect};
use serde::Deserialize;

/// One request: its deadline, and the pause before the first repetition. The pause doubles each time.
pub(crate) const ANSWER: Wait =
    Wait::new("an answer of the provider", Duration::from_secs(10), Duration::from_millis(500));
/// Requests until a failing read is given up: with the deadline above a getter ends within half a minute (STATE-008).
const TRIES: u32 = 3;
/// Requests until a busy provider or its rate limit is given up (CONC-008, FAULT-002).
const TRIES_WHEN_LIMITED: u32 = 8;
/// Longest pause, also when the provider asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Largest answer that is read.
const LARGEST_ANSWER: usize = 8 << 20;

/// The HTTP client, made at the first request: reading the system's certificates takes longer than all the rest of
/// a plugin's start, and most plugin processes never ask the provider anything.
pub(crate) type LazyClient = Arc<OnceLock<reqwest::Client>>;

/// A way to the provider for one method of the driver.
#[derive(Debug)]
pub(crate) struct Http {
    pub(crate) client: LazyClient,
    pub(crate) endpoint: Url,
    /// Tokens in the order in which they are tried.
    pub(crate) tokens: Vec<Secret<String>>,
    pub(crate) waits: Waits,
    pub(crate) log: Log,
}

/// One request to the provider.
#[derive(Debug)]
pub(crate) struct Request {
    /// What it does, as it reads after "cannot": `create the server m1`.
    pub(crate) purpose: String,
    pub(crate) method: Method,
    /// Segments of the path, escaped when sent.
    pub(crate) path: Vec<String>,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<serde_json::Value>,
    pub(crate) repeat: Repeat,
}

/// When a request that failed is sent again. A busy provider and a rate limit are always waited out: nothing was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// It reads only: whenever the provider fails (FAULT-001).
    Always,
    /// It carries an idempotency key: when there was no answer, which may have been lost (FAULT-007).
    Unanswered,
    /// It changes something: a failure is the caller's to handle (ERR-005).
    Never,
}

/// Why one try failed, and whether another one makes sense.
struct Failure {
    error: Error,
    next: Next,
}

enum Next {
    GiveUp,
    /// The provider failed.
    Repeat,
    /// The provider did not answer.
    AskAgain,
    /// The provider did nothing because it is busy, or because of its rate limit; maybe it said for how long.
    Wait(Option<Duration>),
    /// The provider refuses the token.
    OtherToken,
}

impl Http {
    /// Sends a request, again where that is safe. `None`: the object does not exist.
    ///
    /// Only the provider's own "no such object" counts as that; a refused token, a failure or an answer that makes no
    /// sense is an error (RM-011, STATE-005). Neither token nor bodies are logged (SEC-001, SEC-011).
    pub(crate) async fn send(&self, request: &Request) -> Result<Option<Vec<u8>>> {
        let mut tokens = self.tokens.iter();
        let Some(mut token) = tokens.next() else {
            let text = format!(
                "cannot {}: there is no token; set --template-token or TEMPLATE_TOKEN",
                request.purpose
            );
            return Err(Error::new(ErrorKind::Unauthenticated, text));
        };
        let mut back_off = self.waits.scale(ANSWER.interval);
        let mut tries = 0;
        loop {
            tries += 1;
            let Failure { error, next } = match self.try_once(request, token).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let pause = match next {
                Next::OtherToken => match tokens.next() {
                    Some(other) => {
                        token = other;
                        continue;
                    }
                    None => return Err(error),
                },
                Next::Repeat if request.repeat == Repeat::Always && tries < TRIES => back_off,
                Next::AskAgain if request.repeat != Repeat::Never && tries < TRIES => back_off,
                Next::Wait(asked) if tries < TRIES_WHEN_LIMITED => back_off.max(asked.unwrap_or_default()),
                _ => return Err(error),
            };
            if pause > LONGEST_PAUSE {
                return Err(error.with_context("provider asks to wait", format!("{} s", pause.as_secs())));
            }
            self.log.debug(format!("{error}; trying again in {:.1} s", pause.as_secs_f64()));
            self.waits.clock().sleep(pause).await;
            back_off *= 2;
        }
    }

    async fn try_once(&self, request: &Request, token: &Secret<String>) -> Result<Option<Vec<u8>>, Failure> {
        let exchange = async {
            let (status, retry_after, body) =
                self.exchange(request, token).await.map_err(|error| request.not_answered(error))?;
            request.judge(status, retry_after, body).map_err(|Failure { error, next }| {
                // A provider that echoes the token must not make the driver print it (ERR-006).
                Failure { error: error.without_secret(token), next }
            })
        };
        let deadline = self.waits.scale_answer(ANSWER.deadline);
        tokio::select! {
            biased;
            outcome = exchange => outcome,
            () = self.waits.clock().sleep(deadline) => Err(request.too_late(deadline)),
        }
    }

    async fn exchange(
        &self,
        request: &Request,
        token: &Secret<String>,
    ) -> Result<(StatusCode, Option<Duration>, Vec<u8>), reqwest::Error> {
        let mut url = self.endpoint.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(&request.path);
        }
        for (name, value) in &request.query {
            url.query_pairs_mut().append_pair(name, value);
        }
        let mut sent = self.client()?.request(request.method.clone(), url).bearer_auth(token.expose());
        if let Some(body) = &request.body {
            sent = sent.json(body);
        }
        let mut answer = sent.send().await?;
        let seconds =
            answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > LARGEST_ANSWER {
                break;
            }
        }
        Ok((answer.status(), seconds.map(Duration::from_secs), body))
    }

    fn client(&self) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Fails if it was chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            // A redirected request would carry the token elsewhere.
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(20));
        if self.endpoint.scheme() == "http" {
            // Certificates are not needed, and some systems have none.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build()?;
        Ok(self.client.get_or_init(|| client))
    }
}

impl Request {
    /// What the answer means: a body, "no such object", or a failure.
    fn judge(
        &self,
        status: StatusCode,
        retry_after: Option<Duration>,
        body: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, Failure> {
        if body.len() > LARGEST_ANSWER {
            return Err(self.failure(ErrorKind::Provider, "'s answer is too long", Next::GiveUp));
        }
        if status.is_success() {
            return Ok(Some(body));
        }
        let reason = Reason::read(&body);
        if status == StatusCode::NOT_FOUND && reason.code == "not_found" {
            return Ok(None);
        }
        let text = format!(" answers {}: {reason}", status.as_u16());
        Err(match status.as_u16() {
            401 | 403 => self.failure(
                ErrorKind::Unauthenticated,
                &format!("{text}; check the API token"),
                Next::OtherToken,
            ),
            409 if reason.code == "name_taken" => self.failure(ErrorKind::AlreadyExists, &text, Next::GiveUp),
            // Busy with another change, or too many requests: nothing was done (CONC-008, FAULT-002).
            423 | 429 => self.failure(ErrorKind::Provider, &text, Next::Wait(retry_after)),
            500.. => self.failure(ErrorKind::Provider, &text, Next::Repeat),
            _ => self.failure(ErrorKind::Provider, &text, Next::GiveUp),
        })
    }

    fn not_answered(&self, error: reqwest::Error) -> Failure {
        // The URL adds nothing, and proxies may put things into it that nobody should read.
        let error = error.without_url();
        let mut failure = self.failure(ErrorKind::Connection, " gave no answer", Next::AskAgain);
        failure.error = failure.error.with_source(&error);
        failure
    }

    fn too_late(&self, deadline: Duration) -> Failure {
        let text = format!(" did not answer within {:.0} s", deadline.as_secs_f64());
        self.failure(ErrorKind::Timeout, &text, Next::AskAgain)
    }

    /// An answer that cannot be understood. The parser's text is left out: it quotes values.
    pub(crate) fn not_understood(&self, error: &serde_json::Error) -> Error {
        let text = format!("'s answer makes no sense (line {}, column {})", error.line(), error.column());
        self.failure(ErrorKind::Provider, &text, Next::Repeat).error
    }

    /// The collection does not exist either: this is not the provider's API.
    pub(crate) fn not_there(&self) -> Error {
        self.failure(ErrorKind::Provider, " answers 404; check the endpoint", Next::GiveUp).error
    }

    /// An error of this request: operation, object and reason (ERR-002). `reason` goes on after "the provider".
    fn failure(&self, kind: ErrorKind, reason: &str, next: Next) -> Failure {
        let error = Error::new(kind, format!("cannot {}: the provider{reason}", self.purpose));
        let error = if matches!(next, Next::GiveUp | Next::OtherToken) { error } else { error.retryable() };
        Failure { error, next }
    }
}

/// The provider's error object. Everything about it is optional: proxies answer with other things.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: String,
    message: String,
    field: Option<String>,
}

impl Reason {
    fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            error: Reason,
        }
        serde_json::from_slice::<Envelope>(body).map(|envelope| envelope.error).unwrap_or_default()
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.code.is_empty() && self.message.is_empty() {
            return f.write_str("no reason given");
        }
        let field = self.field.as_ref().map(|field| format!(", field {field}")).unwrap_or_default();
        f.write_str(&quoted(&format!("{} ({}{field})", self.message, self.code)))
    }
}

#[cfg(test)]
#[path = "tests/http.rs"]
mod tests;
