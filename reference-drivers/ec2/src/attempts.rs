use std::{cell::RefCell, time::Duration};

use aws_sdk_ec2::config::{
    interceptors::InterceptorContext,
    retry::{ClassifyRetry, RetryAction},
};
use aws_smithy_runtime_api::client::retries::classifiers::RetryClassifierPriority;
use aws_smithy_types::retry::ErrorKind;

tokio::task_local! {
    /// What EC2 answered to the tries of the call that is under way, each reason once.
    pub(crate) static REASONS: RefCell<Vec<String>>;
}

/// Looks at each try that failed, before the SDK repeats it or not: only the last answer reaches the caller.
#[derive(Debug)]
pub(crate) struct Attempts;

impl ClassifyRetry for Attempts {
    fn classify_retry(&self, attempt: &InterceptorContext) -> RetryAction {
        let Some(answer) = attempt.response().filter(|answer| !answer.status().is_success()) else {
            return RetryAction::NoActionIndicated;
        };
        if let Some(reason) = answer.body().bytes().and_then(message) {
            // Outside of a call there is nobody to tell.
            let _ = REASONS.try_with(|reasons| {
                let mut reasons = reasons.borrow_mut();
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            });
        }
        // EC2 itself says nothing of that kind, but what stands before it may (FAULT-002).
        let asked = answer.headers().get("retry-after").and_then(|seconds| seconds.parse().ok());
        match asked.filter(|_| matches!(answer.status().as_u16(), 429 | 503)) {
            Some(seconds) => {
                let delay = Duration::from_secs(seconds);
                RetryAction::retryable_error_with_explicit_delay(ErrorKind::ThrottlingError, delay)
            }
            None => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "Attempts"
    }

    /// After the SDK's own, so that a pause that was asked for counts.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

/// The text in an error of EC2.
fn message(body: &[u8]) -> Option<String> {
    let body = str::from_utf8(body).ok()?;
    let (_, rest) = body.split_once("<Message>")?;
    Some(rest.split_once("</Message>")?.0.to_owned())
}
