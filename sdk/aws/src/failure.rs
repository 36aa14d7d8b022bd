use std::{fmt, time::Duration};

use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use machine_driver::{Error, ErrorKind, Secret, quoted};

use crate::service::Service;

/// The service does not accept who asks, or what they may.
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

/// A call that failed: the error for people, and the service's code for the driver.
///
/// It becomes an [`Error`] with `?`. One after which the service may have acted all the same is
/// [retryable](Error::is_retryable) (FAULT-007).
#[derive(Clone, Debug)]
pub struct Failure {
    code: String,
    error: Error,
}

impl Failure {
    /// Reads an error of the AWS SDK. `reasons` are those of all tries, of which the first is the cause (CREATE-011).
    pub(crate) fn new<E>(
        service: Service,
        purpose: &str,
        error: &SdkError<E, HttpResponse>,
        reasons: &[String],
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let name = service.name;
        let code = error.code().unwrap_or_default();
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        let (kind, reason, unsure) = match error {
            SdkError::ServiceError(_) if status >= Some(300) => {
                let reason = match error.message() {
                    Some(message) => format!("{message} ({code})"),
                    None if code.is_empty() => "no reason given".to_owned(),
                    None => code.to_owned(),
                };
                let mut reason =
                    format!("{name} answers {}: {}", status.unwrap_or_default(), quoted(&reason));
                let kind = if REFUSALS.contains(&code) || matches!(status, Some(401 | 403)) {
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
                (ErrorKind::Provider, format!("{name}'s answer makes no sense"), true)
            }
            SdkError::TimeoutError(_) => (ErrorKind::Timeout, format!("{name} did not answer in time"), true),
            SdkError::DispatchFailure(failure) if !failure.is_other() => {
                (ErrorKind::Connection, format!("{name} gave no answer: {}", causes(error)), true)
            }
            // It was never sent: no credentials, or nothing to send them to.
            _ => {
                let hint = service.no_credentials();
                let reason = format!("{name} was not asked: {}; {hint}", causes(error));
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
        Self { code: code.to_owned(), error }
    }

    /// No answer within the driver's own deadline.
    pub(crate) fn too_late(service: Service, purpose: &str, deadline: Duration) -> Self {
        let seconds = deadline.as_secs_f64();
        let text = format!("cannot {purpose}: {} did not answer within {seconds:.0} s", service.name);
        Error::new(ErrorKind::Timeout, text).retryable().into()
    }

    /// An answer that lacks what it is about.
    pub(crate) fn senseless(service: Service, purpose: &str) -> Self {
        let text = format!("cannot {purpose}: {}'s answer makes no sense", service.name);
        Error::new(ErrorKind::Provider, text).retryable().into()
    }

    /// The service's code, such as `InvalidInstanceID.NotFound`; empty if it gave none.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether the code is one of these.
    pub fn is(&self, codes: &[&str]) -> bool {
        codes.contains(&self.code())
    }

    /// Whether the service itself says that the object does not exist, with a code that ends with `.NotFound`. Nothing
    /// else counts as that: no refusal, no failure, no answer of a proxy (RM-011, STATE-005).
    pub fn is_missing(&self) -> bool {
        self.code.ends_with(".NotFound")
    }

    /// Whether the service does not accept who asks, or was not asked for want of credentials.
    pub fn is_refused(&self) -> bool {
        self.error.kind() == ErrorKind::Unauthenticated
    }

    /// A provider that echoes a secret must not make the driver print it (ERR-006).
    pub(crate) fn without(mut self, secrets: &[Secret<String>]) -> Self {
        self.error = secrets.iter().fold(self.error, Error::without_secret);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failure {}

/// A failure without a code, for methods that make calls among other things.
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

/// Why the service had no part in it, from the outermost cause to the innermost.
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
pub(crate) mod tests;
