use std::time::Duration;

use machine_driver::{
    Context, Error, ErrorKind, Log, Result, Secret, quoted,
    wait::{Wait, Waits},
};
use reqwest::{Url, header};
use serde::de::DeserializeOwned;

use crate::{
    client::Client,
    dialect::{Authorization, Dialect, Meaning},
    request::{Repeat, Request},
};

/// Time for one request, and the pause before the first repetition. The pause doubles each time.
pub const ANSWER: Wait =
    Wait::new("an answer of the provider", Duration::from_secs(10), Duration::from_millis(500));
/// Requests until a failing read is given up: with the deadline above a getter ends within half a minute (STATE-008).
const TRIES: u32 = 3;
/// Requests until a busy provider or its rate limit is given up (CONC-008, FAULT-002).
const TRIES_WHEN_LIMITED: u32 = 8;
/// Longest pause, also when the provider asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Largest answer that is read, in bytes.
const LARGEST_ANSWER: usize = 8 << 20;

/// A way to the provider for one method of the driver.
#[derive(Clone, Debug)]
pub struct Http {
    dialect: Dialect,
    client: Client,
    endpoint: Url,
    tokens: Vec<Secret<String>>,
    waits: Waits,
    log: Log,
}

/// An answer as it came.
struct Answer {
    status: u16,
    retry_after: Option<Duration>,
    body: Vec<u8>,
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
    /// A way to the provider at `endpoint`, without a token yet.
    ///
    /// # Errors
    /// If the endpoint is no URL.
    pub fn new(dialect: Dialect, client: &Client, endpoint: &str, cx: &Context) -> Result<Self> {
        let endpoint = Url::parse(endpoint).map_err(|error| {
            Error::new(ErrorKind::Config, "the recorded endpoint is no URL").with_source(&error)
        })?;
        let (client, waits, log) = (client.clone(), cx.waits().clone(), cx.log().clone());
        Ok(Self { dialect, client, endpoint, tokens: Vec::new(), waits, log })
    }

    /// Uses a token of the machine's record.
    ///
    /// A record outlives its token: if the machine exists, one that is refused is replaced by that of the dialect's variable
    /// (PERSIST-008). Before it exists, a wrong one must be noticed instead. That there is none is an error of the first
    /// request.
    #[must_use]
    pub fn with_token(mut self, token: &Secret<String>, machine_exists: bool) -> Self {
        self.tokens = self.dialect.tokens(token, machine_exists, |name| std::env::var(name).ok());
        self
    }

    /// Sends a request, again where that is safe; the body of the answer. `None`: the object does not exist.
    ///
    /// Only the provider's own "no such object" counts as that; a refused token, a failure or an answer that makes no
    /// sense is an error (RM-011, STATE-005). Neither token nor bodies are logged (SEC-001, SEC-011).
    ///
    /// # Errors
    /// What the provider refuses or fails at, and its silence. A [retryable](Error::is_retryable) one leaves open whether
    /// something was done.
    pub async fn send(&self, request: &Request) -> Result<Option<Vec<u8>>> {
        let mut tokens = self.tokens.iter();
        let Some(mut token) = tokens.next() else {
            let Dialect { token_flag, token_variable, .. } = self.dialect;
            let text = format!(
                "cannot {}: there is no token; set --{token_flag} or {token_variable}",
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

    /// As [`send`](Self::send), for an answer that is JSON.
    ///
    /// # Errors
    /// As [`send`](Self::send); an answer that cannot be understood, without its values.
    pub async fn json<T: DeserializeOwned>(&self, request: &Request) -> Result<Option<T>> {
        let answer = self.send(request).await?;
        answer.map(|answer| request.read(&answer)).transpose()
    }

    /// As [`json`](Self::json), for requests that are not about one object: whoever answers "no such object" is not the
    /// provider's API.
    ///
    /// # Errors
    /// As [`json`](Self::json).
    pub async fn expected_json<T: DeserializeOwned>(&self, request: &Request) -> Result<T> {
        self.json(request)
            .await?
            .ok_or_else(|| request.error(ErrorKind::Provider, " answers 404; check the endpoint"))
    }

    async fn try_once(&self, request: &Request, token: &Secret<String>) -> Result<Option<Vec<u8>>, Failure> {
        let exchange = async {
            let answer = self.exchange(request, token).await.map_err(|error| not_answered(request, error))?;
            self.judge(request, answer).map_err(|Failure { error, next }| {
                // A provider that echoes the token must not make the driver print it (ERR-006).
                Failure { error: error.without_secret(token), next }
            })
        };
        let deadline = self.waits.scale_answer(ANSWER.deadline);
        tokio::select! {
            biased;
            outcome = exchange => outcome,
            () = self.waits.clock().sleep(deadline) => {
                let text = format!(" did not answer within {:.0} s", deadline.as_secs_f64());
                let error = request.error(ErrorKind::Timeout, &text).retryable();
                Err(Failure { error, next: Next::AskAgain })
            }
        }
    }

    async fn exchange(&self, request: &Request, token: &Secret<String>) -> Result<Answer, reqwest::Error> {
        let client = self.client.to(&self.endpoint, self.dialect.user_agent)?;
        let mut sent = client.request(request.method.clone(), request.url(&self.endpoint));
        sent = match self.dialect.authorization {
            Authorization::Bearer => sent.bearer_auth(token.expose()),
            Authorization::Header(name) => sent.header(name, token.expose()),
        };
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
        let (status, retry_after) = (answer.status().as_u16(), seconds.map(Duration::from_secs));
        Ok(Answer { status, retry_after, body })
    }

    /// What the answer means: a body, "no such object", or a failure.
    fn judge(&self, request: &Request, answer: Answer) -> Result<Option<Vec<u8>>, Failure> {
        let Answer { status, retry_after, body } = answer;
        if body.len() > LARGEST_ANSWER {
            let error = request.error(ErrorKind::Provider, "'s answer is too long");
            return Err(Failure { error, next: Next::GiveUp });
        }
        if (200..300).contains(&status) {
            return Ok(Some(body));
        }
        let said = (self.dialect.read)(status, &body);
        let reason = if said.reason.is_empty() { "no reason given".to_owned() } else { quoted(&said.reason) };
        let (kind, hint, next) = match said.meaning {
            Meaning::Missing => return Ok(None),
            Meaning::Unauthorized => (ErrorKind::Unauthenticated, "; check the API token", Next::OtherToken),
            Meaning::Taken => (ErrorKind::AlreadyExists, "", Next::GiveUp),
            Meaning::Busy => (ErrorKind::Provider, "", Next::Wait(retry_after)),
            Meaning::Failed => (ErrorKind::Provider, "", Next::Repeat),
            Meaning::Refused => (ErrorKind::Provider, "", Next::GiveUp),
        };
        let error = request.error(kind, &format!(" answers {status}: {reason}{hint}"));
        let error = if matches!(next, Next::GiveUp | Next::OtherToken) { error } else { error.retryable() };
        Err(Failure { error, next })
    }
}

fn not_answered(request: &Request, error: reqwest::Error) -> Failure {
    // The URL adds nothing, and proxies may put things into it that nobody should read.
    let error = error.without_url();
    let error = request.error(ErrorKind::Connection, " gave no answer").with_source(&error).retryable();
    Failure { error, next: Next::AskAgain }
}

#[cfg(test)]
#[path = "tests/http.rs"]
mod tests;
