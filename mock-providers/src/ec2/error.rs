//! Errors of the EC2 API: HTTP status, code and message as AWS documents them ("Error codes for the Amazon EC2 API").

use std::{borrow::Cow, fmt};

use super::state::Kind;

/// An error of the EC2 API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
#[non_exhaustive]
pub struct Ec2Error {
    /// HTTP status.
    pub status: u16,
    /// Error code, for example `InvalidInstanceID.NotFound`.
    pub code: Cow<'static, str>,
    /// Text for people.
    pub message: String,
}

/// Errors that any operation can give.
impl Ec2Error {
    /// An error with any status.
    pub(crate) fn with_status(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// A mistake of the client: status 400.
    pub(crate) fn client(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::with_status(400, code, message)
    }

    /// There is no such operation.
    pub(crate) fn invalid_action(action: &str) -> Self {
        let message = format!("The action {action} is not valid for this web service.");
        Self::client("InvalidAction", message)
    }

    /// The request names no operation.
    pub(crate) fn missing_action() -> Self {
        Self::client("MissingAction", "Could not find operation, check for missing Action parameter")
    }

    /// The version of the API does not exist.
    pub(crate) fn no_such_version(action: &str, version: &str) -> Self {
        let message = format!("The action {action} is not valid for version {version} of this web service.");
        Self::client("NoSuchVersion", message)
    }

    /// A parameter that the operation does not have.
    pub(crate) fn unknown_parameter(name: &str) -> Self {
        Self::client("UnknownParameter", format!("The parameter {name} is not recognized"))
    }

    /// A parameter that must be there is not.
    pub(crate) fn missing_parameter(name: &str) -> Self {
        let message = format!("The request must contain the parameter {name}");
        Self::client("MissingParameter", message)
    }

    /// A parameter has a value that it cannot have; `reason` may be empty.
    pub(crate) fn invalid_value(parameter: &str, value: impl fmt::Display, reason: &str) -> Self {
        let space = if reason.is_empty() { "" } else { " " };
        let message = format!("Value ({value}) for parameter {parameter} is invalid.{space}{reason}");
        Self::client("InvalidParameterValue", message)
    }

    /// A value is wrong, with a text of its own.
    pub(crate) fn invalid_parameter_value(message: impl Into<String>) -> Self {
        Self::client("InvalidParameterValue", message)
    }

    /// Parameters that do not go together.
    pub(crate) fn invalid_combination(message: impl Into<String>) -> Self {
        Self::client("InvalidParameterCombination", message)
    }

    /// A filter that the operation does not have.
    pub(crate) fn invalid_filter(name: &str) -> Self {
        Self::invalid_parameter_value(format!("The filter '{name}' is invalid"))
    }

    /// The call would have worked.
    pub(crate) fn dry_run() -> Self {
        let message = "Request would have succeeded, but DryRun flag is set.";
        Self::with_status(412, "DryRunOperation", message)
    }

    /// The credentials are not accepted.
    pub(crate) fn auth_failure() -> Self {
        let message = "AWS was not able to validate the provided access credentials";
        Self::with_status(401, "AuthFailure", message)
    }

    /// The request carries no signature.
    pub(crate) fn missing_authentication() -> Self {
        let message = "Request is missing Authentication Token";
        Self::with_status(403, "MissingAuthenticationToken", message)
    }

    /// The request was signed too long ago, or for a time to come.
    pub(crate) fn request_expired(message: impl Into<String>) -> Self {
        Self::client("RequestExpired", message)
    }

    /// The account may not do this.
    pub(crate) fn unauthorized_operation() -> Self {
        let message = "You are not authorized to perform this operation.";
        Self::with_status(403, "UnauthorizedOperation", message)
    }

    /// Too many requests.
    pub(crate) fn request_limit_exceeded() -> Self {
        Self::with_status(503, "RequestLimitExceeded", "Request limit exceeded.")
    }

    /// Something broke on the provider's side.
    pub(crate) fn internal() -> Self {
        Self::with_status(500, "InternalError", "An internal error has occurred")
    }

    /// The usual error for a status that a fault asks for.
    pub(crate) fn for_status(status: u16) -> Self {
        match status {
            401 => Self::auth_failure(),
            403 => Self::unauthorized_operation(),
            429 | 503 => Self { status, ..Self::request_limit_exceeded() },
            500.. => Self { status, ..Self::internal() },
            _ => Self::with_status(status, "InvalidRequest", "The request received is invalid."),
        }
    }
}

/// Errors about objects.
impl Ec2Error {
    /// One or several ids of a kind belong to nothing.
    pub(crate) fn not_found<I: AsRef<str>>(kind: Kind, ids: &[I]) -> Self {
        let list = ids.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
        let several = ids.len() > 1;
        let message = match kind {
            Kind::Image if several => format!("The image ids '[{list}]' do not exist"),
            Kind::Image => format!("The image id '[{list}]' does not exist"),
            Kind::Address => format!("Address '{list}' not found."),
            Kind::Volume | Kind::Snapshot | Kind::SpotRequest if several => {
                format!("The {} '{list}' do not exist.", kind.nouns())
            }
            Kind::Volume | Kind::Snapshot | Kind::SpotRequest => {
                format!("The {} '{list}' does not exist.", kind.noun())
            }
            _ if several => format!("The {} '{list}' do not exist", kind.nouns()),
            _ => format!("The {} '{list}' does not exist", kind.noun()),
        };
        Self::client(kind.not_found_code(), message)
    }

    /// An id that is not of the form of its kind.
    pub(crate) fn malformed(kind: Kind, id: &str) -> Self {
        let prefix = kind.prefix();
        let message = match kind {
            Kind::Instance => format!("Invalid id: \"{id}\""),
            Kind::Volume => {
                return Self::invalid_value("volumeId", id, &format!("Expected: '{prefix}-...'."));
            }
            Kind::Snapshot => {
                return Self::invalid_value("snapshotId", id, &format!("Expected: '{prefix}-...'."));
            }
            _ => format!("Invalid id: \"{id}\" (expecting \"{prefix}-...\")"),
        };
        Self::client(kind.malformed_code(), message)
    }

    /// An object is still used by another.
    pub(crate) fn dependency_violation(id: &str) -> Self {
        Self::client("DependencyViolation", format!("resource {id} has a dependent object"))
    }

    /// An instance is in a state in which the call makes no sense.
    pub(crate) fn incorrect_instance_state(message: impl Into<String>) -> Self {
        Self::client("IncorrectInstanceState", message)
    }

    /// A protection of the instance forbids the call: `verb` is `terminated` or `stopped`.
    pub(crate) fn operation_not_permitted(id: &str, verb: &str, attribute: &str) -> Self {
        let message = format!(
            "The instance '{id}' may not be {verb}. Modify its '{attribute}' instance attribute and try again."
        );
        Self::client("OperationNotPermitted", message)
    }

    /// A client token was used before with other parameters.
    pub(crate) fn idempotent_mismatch() -> Self {
        let message = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
        Self::client("IdempotentParameterMismatch", message)
    }
}
