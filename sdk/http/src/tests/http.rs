//! One call against a provider that answers, fails, limits, stalls and lies.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use machine_driver::{BoxFuture, wait::Clock};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::*;
use crate::Said;

const TOKEN: &str = "t0p-s3cret";
const ACME: Dialect = Dialect::new("acme/1.0", "acme-token", "ACME_TOKEN", said);

/// Errors are `{"error": {"code": ..., "message": ...}}`.
fn said(status: u16, body: &[u8]) -> Said {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let [code, message] = ["code", "message"].map(|key| body["error"][key].as_str().unwrap_or_default());
    let meaning = match (status, code) {
        (404, "not_found") => Meaning::Missing,
        (409, "name_taken") => Meaning::Taken,
        _ => Meaning::of_status(status),
    };
    Said::new(meaning, if code.is_empty() { String::new() } else { format!("{message} ({code})") })
}

/// Pauses take no time and are written down; deadlines are real, unless they pass at once too.
#[derive(Default)]
struct Pauses {
    impatient: bool,
    taken: Mutex<Vec<Duration>>,
}

impl Clock for Pauses {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration >= Waits::SHORTEST_ANSWER && !self.impatient {
            return Box::pin(tokio::time::sleep(duration));
        }
        self.taken.lock().unwrap().push(duration);
        Box::pin(std::future::ready(()))
    }
}

struct Setting {
    server: MockServer,
    pauses: Arc<Pauses>,
}

impl Setting {
    async fn new() -> Self {
        Self { server: MockServer::start().await, pauses: Arc::default() }
    }

    /// The next `times` requests get this answer; mount in order.
    async fn answer(&self, times: u64, answer: ResponseTemplate) {
        Mock::given(matchers::any()).respond_with(answer).up_to_n_times(times).mount(&self.server).await;
    }

    /// The next `times` connections are closed without an answer.
    async fn drop_connection(&self, times: u64) {
        let closed = |_: &wiremock::Request| std::io::Error::other("closed");
        Mock::given(matchers::any()).respond_with_err(closed).up_to_n_times(times).mount(&self.server).await;
    }

    fn http(&self) -> Http {
        // Back-off is in microseconds, so that every longer pause was asked for by the provider.
        let waits = Waits::with_clock(self.pauses.clone()).scaled(0.000_001);
        let cx = Context::new(Log::discard(), waits, |_| {});
        let http = Http::new(ACME, &Client::default(), &self.server.uri(), &cx).unwrap();
        http.with_token(&Secret::new(TOKEN.into()), false)
    }

    async fn requests(&self) -> usize {
        self.server.received_requests().await.unwrap().len()
    }

    fn pauses(&self) -> Vec<Duration> {
        self.pauses.taken.lock().unwrap().clone()
    }
}

fn request(repeat: Repeat) -> Request {
    let request =
        Request::post("look up the server srv-1", &["v1", "servers", "a/../b c"], json!({ "size": "small" }));
    request.query("name", "m 1&page=9").repeat(repeat)
}

fn problem(status: u16, code: &str, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "error": { "code": code, "message": message } }))
}

#[tokio::test]
async fn sends_token_body_and_escaped_names() {
    let setting = Setting::new().await;
    setting.answer(1, ResponseTemplate::new(200).set_body_string("answer")).await;
    let answer = setting.http().send(&request(Repeat::Never)).await.unwrap();
    assert_eq!(answer.unwrap(), b"answer");
    let sent = &setting.server.received_requests().await.unwrap()[0];
    assert_eq!(sent.url.path(), "/v1/servers/a%2F..%2Fb%20c");
    assert_eq!(sent.url.query(), Some("name=m+1%26page%3D9"));
    assert_eq!(sent.headers["authorization"], format!("Bearer {TOKEN}"));
    assert_eq!(sent.body, br#"{"size":"small"}"#);
}

#[tokio::test]
async fn tokens_and_changes_have_other_forms_too() {
    let setting = Setting::new().await;
    setting.answer(2, ResponseTemplate::new(200)).await;
    let mut http = setting.http();
    http.dialect = ACME.with_authorization(Authorization::Header("x-auth-token"));
    for request in
        [Request::put("rename it", &["v1"], json!(1)), Request::patch("resize it", &["v1"], json!(2))]
    {
        http.send(&request).await.unwrap();
    }
    let sent = setting.server.received_requests().await.unwrap();
    let forms: Vec<_> = sent.iter().map(|sent| (sent.method.as_str(), sent.body.as_slice())).collect();
    assert_eq!(forms, [("PUT", &b"1"[..]), ("PATCH", b"2")]);
    for sent in &sent {
        assert_eq!(sent.headers["x-auth-token"], TOKEN);
        assert!(!sent.headers.contains_key("authorization"));
    }
}

#[tokio::test]
async fn only_the_providers_own_word_means_gone() {
    let setting = Setting::new().await;
    setting.answer(1, problem(404, "not_found", "no such server")).await;
    assert_eq!(setting.http().send(&request(Repeat::Always)).await.unwrap(), None);
    setting.answer(1, ResponseTemplate::new(404).set_body_string("<h1>Not Found</h1>")).await;
    setting.answer(1, problem(404, "other", "gone fishing")).await;
    setting.answer(1, problem(410, "not_found", "gone")).await;
    for _ in 0..3 {
        let error = setting.http().send(&request(Repeat::Always)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Provider);
        assert!(!error.to_string().to_lowercase().contains("not found"), "{error}");
    }
}

#[tokio::test]
async fn errors_name_operation_object_and_reason() {
    let setting = Setting::new().await;
    for (answer, kind, expected) in [
        (problem(401, "unauthorized", "unknown token"), ErrorKind::Unauthenticated, "401: unknown token"),
        (problem(403, "x", "no"), ErrorKind::Unauthenticated, "check the API token"),
        (problem(409, "name_taken", "m1 exists"), ErrorKind::AlreadyExists, "409: m1 exists (name_taken)"),
        (problem(409, "wrong_state", "it is off"), ErrorKind::Provider, "409: it is off (wrong_state)"),
        (problem(422, "invalid_field", "size \"x\""), ErrorKind::Provider, "422: size \"x\" (invalid_field)"),
        (problem(500, "bug", "oops"), ErrorKind::Provider, "500: oops (bug)"),
        (ResponseTemplate::new(502).set_body_string("<html>"), ErrorKind::Provider, "502: no reason given"),
        (ResponseTemplate::new(302), ErrorKind::Provider, "302"),
    ] {
        setting.answer(1, answer).await;
        let error = setting.http().send(&request(Repeat::Never)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let text = error.to_string();
        assert!(text.starts_with("cannot look up the server srv-1: "), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test]
async fn hostile_reasons_are_tamed() {
    let setting = Setting::new().await;
    let message = format!("{TOKEN} NOT FOUND\r\n\u{1b}[2Jnot found {}", "x".repeat(100_000));
    setting.answer(1, problem(422, "bad", &message)).await;
    let text = setting.http().send(&request(Repeat::Never)).await.unwrap_err().to_string();
    assert!(text.contains("*** unknown") && !text.contains(TOKEN), "{text}");
    assert!(!text.to_lowercase().contains("not found") && !text.contains(['\r', '\n', '\u{1b}']), "{text}");
    assert!(text.len() < 1000, "{}", text.len());
}

#[tokio::test]
async fn a_read_survives_two_failures_and_no_more() {
    let setting = Setting::new().await;
    setting.answer(1, problem(503, "unavailable", "later")).await;
    setting.drop_connection(1).await;
    setting.answer(1, ResponseTemplate::new(200)).await;
    assert!(setting.http().send(&request(Repeat::Always)).await.is_ok());
    assert_eq!(setting.requests().await, 3);

    setting.answer(9, problem(503, "unavailable", "later")).await;
    assert!(setting.http().send(&request(Repeat::Always)).await.unwrap_err().is_retryable());
    assert_eq!(setting.requests().await, 6);
    let pauses = setting.pauses();
    assert_eq!(pauses.len(), 4);
    assert!(pauses[1] == pauses[0] * 2 && pauses[3] == pauses[2] * 2, "back-off doubles: {pauses:?}");
}

#[tokio::test]
async fn a_change_is_sent_once() {
    let setting = Setting::new().await;
    setting.answer(1, problem(503, "unavailable", "later")).await;
    setting.drop_connection(1).await;
    for requests in [1, 2] {
        assert!(setting.http().send(&request(Repeat::Never)).await.unwrap_err().is_retryable());
        assert_eq!(setting.requests().await, requests);
    }
}

#[tokio::test]
async fn a_change_with_an_idempotency_key_is_sent_again_only_when_unanswered() {
    let setting = Setting::new().await;
    setting.drop_connection(1).await;
    setting.answer(1, ResponseTemplate::new(201)).await;
    assert!(setting.http().send(&request(Repeat::Unanswered)).await.is_ok());
    assert_eq!(setting.requests().await, 2);
    setting.answer(1, problem(503, "unavailable", "later")).await;
    assert!(setting.http().send(&request(Repeat::Unanswered)).await.is_err());
    assert_eq!(setting.requests().await, 3);
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_as_long_as_asked() {
    let setting = Setting::new().await;
    let limited = problem(429, "rate_limited", "slow down").insert_header("retry-after", "1");
    setting.answer(2, limited).await;
    setting.answer(1, ResponseTemplate::new(201)).await;
    assert!(setting.http().send(&request(Repeat::Never)).await.is_ok());
    assert_eq!(setting.pauses(), [Duration::from_secs(1); 2]);
}

#[tokio::test]
async fn a_busy_provider_is_asked_again() {
    let setting = Setting::new().await;
    setting.answer(3, problem(423, "locked", "busy")).await;
    setting.answer(1, ResponseTemplate::new(201)).await;
    assert!(setting.http().send(&request(Repeat::Never)).await.is_ok());
    let pauses = setting.pauses();
    assert!(pauses.windows(2).all(|pair| pair[1] == pair[0] * 2), "{pauses:?}");
    assert_eq!(pauses.len(), 3);
}

#[tokio::test]
async fn an_endless_rate_limit_is_given_up() {
    let setting = Setting::new().await;
    setting.answer(99, problem(429, "rate_limited", "slow down")).await;
    let error = setting.http().send(&request(Repeat::Never)).await.unwrap_err();
    assert!(error.to_string().contains("429: slow down"), "{error}");
    assert_eq!(setting.requests().await, TRIES_WHEN_LIMITED as usize);
    let pauses = setting.pauses();
    assert!(pauses.windows(2).all(|pair| pair[1] == pair[0] * 2), "{pauses:?}");
}

#[tokio::test]
async fn a_rate_limit_of_an_hour_is_an_error_at_once() {
    let setting = Setting::new().await;
    setting.answer(1, problem(429, "rate_limited", "quota").insert_header("retry-after", "3600")).await;
    let error = setting.http().send(&request(Repeat::Always)).await.unwrap_err();
    assert!(error.to_string().contains("asks to wait: 3600 s"), "{error}");
    assert_eq!((setting.requests().await, setting.pauses().len()), (1, 0));
}

#[tokio::test]
async fn a_second_token_is_tried_when_the_first_is_refused() {
    let setting = Setting::new().await;
    Mock::given(matchers::bearer_token("rotated"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&setting.server)
        .await;
    setting.answer(9, problem(401, "unauthorized", "unknown token")).await;
    let mut http = setting.http();
    assert!(http.send(&request(Repeat::Never)).await.is_err());
    http.tokens.push(Secret::new("rotated".into()));
    assert!(http.send(&request(Repeat::Never)).await.is_ok());
    http.tokens.clear();
    let error = http.send(&request(Repeat::Never)).await.unwrap_err();
    assert!(error.to_string().contains("there is no token"), "{error}");
}

#[tokio::test]
async fn a_provider_that_never_answers_is_given_up() {
    let setting = Setting::new().await;
    let mut http = setting.http();
    // The kernel accepts, nobody answers.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    http.endpoint = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let clock = Arc::new(Pauses { impatient: true, ..Pauses::default() });
    http.waits = Waits::with_clock(clock.clone());
    let error = http.send(&request(Repeat::Always)).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
    assert!(error.to_string().contains("did not answer within 10 s"), "{error}");
    let taken: Duration = clock.taken.lock().unwrap().iter().sum();
    assert!(taken < Duration::from_secs(35), "{taken:?}");
}

#[tokio::test]
async fn nobody_at_the_endpoint() {
    let setting = Setting::new().await;
    let mut http = setting.http();
    // Bound and dropped, on an address of its own: nobody listens there.
    let address = TcpListener::bind("127.31.7.10:0").unwrap().local_addr().unwrap();
    http.endpoint = format!("http://{address}").parse().unwrap();
    let error = http.send(&request(Repeat::Always)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connection);
    let text = error.to_string();
    assert!(text.contains("the provider gave no answer") && text.contains("refused"), "{text}");
}

#[tokio::test]
async fn redirects_do_not_carry_the_token_away() {
    let (setting, other) = (Setting::new().await, MockServer::start().await);
    setting.answer(1, ResponseTemplate::new(307).insert_header("location", other.uri().as_str())).await;
    assert!(setting.http().send(&request(Repeat::Never)).await.is_err());
    assert!(other.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let setting = Setting::new().await;
    setting.answer(1, ResponseTemplate::new(200).set_body_bytes(vec![b' '; LARGEST_ANSWER + 1])).await;
    let error = setting.http().send(&request(Repeat::Never)).await.unwrap_err();
    assert!(error.to_string().contains("too long"), "{error}");
}
