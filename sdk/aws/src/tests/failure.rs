//! What errors of the AWS SDK mean to a driver.

#![allow(clippy::unwrap_used, reason = "tests")]

use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::{body::SdkBody, error::ErrorMetadata};

use super::*;

const ACME: Service = Service::new("Acme", "acme");

type SdkFailure = SdkError<ErrorMetadata, HttpResponse>;

fn answer(status: u16) -> HttpResponse {
    HttpResponse::new(status.try_into().unwrap(), SdkBody::empty())
}

/// An answer of the service, with a code and a text, or without.
pub(crate) fn refusal(status: u16, code: &str, text: &str) -> SdkFailure {
    let mut error = ErrorMetadata::builder();
    if !code.is_empty() {
        error = error.code(code);
    }
    if !text.is_empty() {
        error = error.message(text);
    }
    SdkError::service_error(error.build(), answer(status))
}

fn failure(error: &SdkFailure) -> Failure {
    Failure::new(ACME, "stop the server 7", error, &[])
}

#[track_caller]
fn assert_means(error: &SdkFailure, kind: ErrorKind, unsure: bool, text: &str) {
    let failure = failure(error);
    assert_eq!(failure.to_string(), format!("cannot stop the server 7: {text}"));
    let error = Error::from(failure);
    assert_eq!((error.kind(), error.is_retryable()), (kind, unsure), "{error}");
}

#[test]
fn answers_name_status_reason_and_code() {
    let means = |status, code, text, kind, meaning| {
        assert_means(&refusal(status, code, text), kind, status >= 500, meaning);
    };
    means(400, "Wrong", "no such size", ErrorKind::Provider, "Acme answers 400: no such size (Wrong)");
    means(400, "Wrong", "", ErrorKind::Provider, "Acme answers 400: Wrong");
    means(404, "", "", ErrorKind::Provider, "Acme answers 404: no reason given");
    means(500, "Internal", "oh", ErrorKind::Provider, "Acme answers 500: oh (Internal)");
    means(400, "Key.Duplicate", "", ErrorKind::AlreadyExists, "Acme answers 400: Key.Duplicate");
}

#[test]
fn refusals_are_known_by_code_or_status() {
    for (status, code) in [(400, "RequestExpired"), (401, "Odd"), (403, "Odd")] {
        let text = format!("Acme answers {status}: {code}; check the AWS credentials and their permissions");
        assert_means(&refusal(status, code, ""), ErrorKind::Unauthenticated, false, &text);
        assert!(failure(&refusal(status, code, "")).is_refused());
    }
    assert!(!failure(&refusal(400, "Wrong", "")).is_refused());
}

#[test]
fn whatever_may_have_been_done_is_retryable() {
    let senseless = "Acme's answer makes no sense";
    assert_means(&refusal(200, "", ""), ErrorKind::Provider, true, senseless);
    let cut_off = SdkError::response_error("the answer ends early", answer(200));
    assert_means(&cut_off, ErrorKind::Provider, true, senseless);
    let silent = SdkError::timeout_error("late");
    assert_means(&silent, ErrorKind::Timeout, true, "Acme did not answer in time");
    let reset = ConnectorError::io(std::io::Error::other("connection reset").into());
    let lost = SdkError::dispatch_failure(reset);
    assert_means(&lost, ErrorKind::Connection, true, "Acme gave no answer: io error: connection reset");
    for own in [
        Failure::senseless(ACME, "stop the server 7"),
        Failure::too_late(ACME, "stop the server 7", Duration::from_secs(45)),
    ] {
        assert!(Error::from(own).is_retryable());
    }
}

#[test]
fn who_was_not_asked_did_nothing() {
    let unsent = SdkError::construction_failure("no credentials");
    let text = "Acme was not asked: no credentials; set --acme-access-key and --acme-secret-key, or check the AWS \
                profile, session or instance role";
    assert_means(&unsent, ErrorKind::Unauthenticated, false, text);
}

#[test]
fn only_the_service_s_own_word_means_missing() {
    let missing = failure(&refusal(400, "InvalidServerID.NotFound", "gone"));
    assert!(missing.is_missing() && missing.is(&["Other", "InvalidServerID.NotFound"]));
    assert_eq!(missing.code(), "InvalidServerID.NotFound");
    for other in [refusal(404, "", ""), refusal(404, "NotFound", ""), refusal(500, "InternalError", "")] {
        assert!(!failure(&other).is_missing());
    }
    let local = Failure::from(Error::new(ErrorKind::Io, "no file"));
    assert!(!local.is_missing() && !local.is(&["NotFound"]));
}

#[test]
fn the_first_answer_and_the_request_are_told() {
    let mut raw = answer(503);
    raw.headers_mut().insert("x-amzn-requestid", "r-1");
    let error: SdkFailure = SdkError::service_error(ErrorMetadata::builder().code("Busy").build(), raw);
    for (reasons, context) in [
        (&["first", "second"][..], "(first answer: first, request: r-1)"),
        (&["alone"], "(request: r-1)"),
        (&[], "(request: r-1)"),
    ] {
        let reasons: Vec<_> = reasons.iter().map(|&reason| reason.to_owned()).collect();
        let text = Failure::new(ACME, "stop the server 7", &error, &reasons).to_string();
        assert_eq!(text, format!("cannot stop the server 7: Acme answers 503: Busy {context}"));
    }
}

#[test]
fn causes_are_told_from_the_outermost_to_the_innermost() {
    let inner = std::io::Error::other("no route");
    let outer: SdkFailure = SdkError::construction_failure(Error::from(inner));
    assert_eq!(causes(&outer), "no route");
    assert_eq!(causes(&std::io::Error::from(std::io::ErrorKind::Other)), quoted(""));
}

#[test]
fn secrets_are_hidden() {
    let secrets = ["s3cret", ""].map(|secret| Secret::new(secret.to_owned()));
    let echo = failure(&refusal(403, "Odd", "key s3cret is wrong")).without(&secrets);
    assert!(echo.to_string().contains("key *** is wrong"), "{echo}");
    assert!(!format!("{echo:?}").contains("s3cret"));
}
