//! What is learnt from a try that failed.

#![allow(clippy::unwrap_used, reason = "tests")]

use aws_smithy_runtime_api::client::{interceptors::context::Input, orchestrator::HttpResponse};
use aws_smithy_types::body::SdkBody;

use super::*;

/// A try with its answer: status, `Retry-After` and body.
fn attempt(status: u16, retry_after: Option<&'static str>, body: &'static str) -> InterceptorContext {
    let mut answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert("retry-after", seconds);
    }
    let mut attempt = InterceptorContext::new(Input::erase(()));
    attempt.set_response(answer);
    attempt
}

fn asked(seconds: u64) -> RetryAction {
    let delay = Duration::from_secs(seconds);
    RetryAction::retryable_error_with_explicit_delay(ErrorKind::ThrottlingError, delay)
}

#[test]
fn pauses_are_kept_that_a_busy_service_asks_for() {
    for (status, retry_after, action) in [
        (503, Some("3"), asked(3)),
        (429, Some("0"), asked(0)),
        (500, Some("3"), RetryAction::NoActionIndicated),
        (200, Some("3"), RetryAction::NoActionIndicated),
        (503, Some("Fri, 31 Dec 1999 23:59:59 GMT"), RetryAction::NoActionIndicated),
        (503, None, RetryAction::NoActionIndicated),
    ] {
        assert_eq!(Attempts.classify_retry(&attempt(status, retry_after, "")), action, "{status}");
    }
    let silent = InterceptorContext::new(Input::erase(()));
    assert_eq!(Attempts.classify_retry(&silent), RetryAction::NoActionIndicated);
}

#[tokio::test]
async fn each_reason_is_noted_once() {
    let reasons = REASONS.scope(RefCell::default(), async {
        for (status, body) in [
            (500, "<Message>first</Message>"),
            (503, "<Message>second</Message>"),
            (500, "<Message>first</Message>"),
            (500, "<html/>"),
            (200, "<Message>no error</Message>"),
        ] {
            Attempts.classify_retry(&attempt(status, None, body));
        }
        REASONS.with(RefCell::take)
    });
    assert_eq!(reasons.await, ["first", "second"]);
    // Nobody asked.
    Attempts.classify_retry(&attempt(500, None, "<Message>first</Message>"));
}
