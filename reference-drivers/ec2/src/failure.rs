use std::time::Duration;

use aws_sdk_ec2::{
    error::{ProvideErrorMetadata, SdkError},
    operation::RequestId,
};
use machine_driver::{Error, ErrorKind, Secret, quoted};

/// What to do where nobody can be asked.
const NO_CREDENTIALS: &str =
    "set --ec2-access-key and --ec2-secret-key, or check the AWS profile, session or instance role";
/// EC2 does not accept who asks, or what they may.
const REFUSALS: [&str; 12] = [
    "AccessDenied",
    "AuthFailure",
    "Blocked",
    "ExpiredToken",
    "InvalidClientTokenId",
    "MissingAuthenticationToken",
    "OptInRequired",
    "PendingVerification",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
];

/// A call that failed: the error for people, and EC2's code for the driver, empty if EC2 gave none.
#[derive(Debug)]
pub(crate) struct Failure {
    code: String,
    error: Error,
}

impl Failure {
    /// Reads an error of the SDK. `purpose` reads after "cannot": `launch the instance m1`; `reasons` are those of all
    /// tries, of which the first is the cause (CREATE-011).
    ///
    /// Errors after which EC2 may have acted all the same are retryable ones (FAULT-007).
    pub(crate) fn new<E>(purpose: &str, error: &SdkError<E>, reasons: &[String]) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let code = error.code().unwrap_or_default().to_owned();
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        let (kind, reason, unsure) = match error {
            SdkError::ServiceError(_) if status >= Some(300) => {
                let reason = match error.message() {
                    Some(message) => format!("{message} ({code})"),
                    None if code.is_empty() => "no reason given".to_owned(),
                    None => code.clone(),
                };
                let mut reason = format!("EC2 answers {}: {}", status.unwrap_or_default(), quoted(&reason));
                let kind = if REFUSALS.contains(&code.as_str()) || matches!(status, Some(401 | 403)) {
                    reason.push_str("; check the AWS credentials and their permissions");
                    ErrorKind::Unauthenticated
                } else if code.ends_with(".Duplicate") {
                    ErrorKind::AlreadyExists
                } else {
                    ErrorKind::Provider
                };
                (kind, reason, status >= Some(500))
            }
            SdkError::ServiceError(_) | SdkError::ResponseError(_) => {
                let reason = "EC2's answer makes no sense".to_owned();
                (ErrorKind::Provider, reason, true)
            }
            SdkError::TimeoutError(_) => (ErrorKind::Timeout, "EC2 did not answer in time".to_owned(), true),
            SdkError::DispatchFailure(failure) if !failure.is_other() => {
                (ErrorKind::Connection, format!("EC2 gave no answer: {}", causes(error)), true)
            }
            // It was never sent: no credentials, or nothing to send them to.
            _ => {
                let reason = format!("EC2 was not asked: {}; {NO_CREDENTIALS}", causes(error));
                (ErrorKind::Unauthenticated, reason, false)
            }
        };
        let mut described = Error::new(kind, format!("cannot {purpose}: {reason}"));
        if let [first, _, ..] = reasons {
            described = described.with_context("first answer", quoted(first));
        }
        if let Some(id) = error.request_id() {
            described = described.with_context("request", quoted(id));
        }
        let error = if unsure { described.retryable() } else { described };
        Self { code, error }
    }

    /// No answer within the driver's own deadline.
    pub(crate) fn too_late(purpose: &str, deadline: Duration) -> Self {
        let text = format!("cannot {purpose}: EC2 did not answer within {:.0} s", deadline.as_secs_f64());
        Error::new(ErrorKind::Timeout, text).retryable().into()
    }

    /// An answer that lacks what it is about (FAULT-006).
    pub(crate) fn senseless(purpose: &str) -> Self {
        let text = format!("cannot {purpose}: EC2's answer makes no sense");
        Error::new(ErrorKind::Provider, text).retryable().into()
    }

    pub(crate) fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code.as_str())
    }

    /// EC2 itself says that the object does not exist. Nothing else counts as that: no refusal, no failure, no answer
    /// of a proxy (RM-011, STATE-005).
    pub(crate) fn is_missing(&self) -> bool {
        self.code.ends_with(".NotFound")
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.error.kind() == ErrorKind::Unauthenticated
    }

    /// A provider that echoes a secret must not make the driver print it (ERR-006).
    pub(crate) fn without(mut self, secrets: &[Secret<String>]) -> Self {
        self.error = secrets.iter().fold(self.error, Error::without_secret);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { code: String::new(), error }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

/// Why EC2 had no part in it, from the outermost cause to the innermost.
fn causes(error: &dyn std::error::Error) -> String {
    let mut next = error.source();
    let mut text = String::new();
    while let Some(cause) = next {
        text.push_str(if text.is_empty() { "" } else { ": " });
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    quoted(&text)
}

#[cfg(test)]
#[path = "tests/failure.rs"]
mod tests;
