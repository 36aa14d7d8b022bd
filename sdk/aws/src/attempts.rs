use std::{cell::RefCell, time::Duration};

use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority},
};
use aws_smithy_types::retry::ErrorKind;

use crate::query;

tokio::task_local! {
    /// What the service answered to the tries of the call that is under way, each reason once.
    pub(crate) static REASONS: RefCell<Vec<String>>;
}

/// Looks at each try that failed, before the AWS SDK repeats it or not: only the last answer reaches the caller.
///
/// With it errors have the first answer too (CREATE-011), of services with the [Query](query) protocol; and pauses that
/// `Retry-After` asks for are kept (FAULT-002). Drivers give it to the service's `Builder::retry_classifier`.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a name without content")]
pub struct Attempts;

impl ClassifyRetry for Attempts {
    fn classify_retry(&self, attempt: &InterceptorContext) -> RetryAction {
        let Some(answer) = attempt.response().filter(|answer| !answer.status().is_success()) else {
            return RetryAction::NoActionIndicated;
        };
        if let Some(reason) = answer.body().bytes().and_then(query::message) {
            // Outside of a call there is nobody to tell.
            let _ = REASONS.try_with(|reasons| {
                let mut reasons = reasons.borrow_mut();
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            });
        }
        // AWS itself says nothing of that kind, but what stands before it may.
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

#[cfg(test)]
#[path = "tests/attempts.rs"]
mod tests;
