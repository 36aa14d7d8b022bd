//! Errors in the cloud's format.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// An error of the API: status, code, text, and the field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// Code.
    pub code: String,
    /// Text.
    pub message: String,
    /// Field of the request.
    pub field: Option<String>,
    /// Seconds of `Retry-After`.
    pub retry_after: Option<u64>,
}

impl ApiError {
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), field: None, retry_after: None }
    }

    pub(super) fn no_such(word: &str, id: &str) -> Self {
        Self::new(404, "not_found", format!("there is no {word} {id:?}"))
    }

    pub(super) fn field(name: &str, message: impl Into<String>) -> Self {
        Self { field: Some(name.to_owned()), ..Self::new(422, "invalid_field", message) }
    }

    /// The cloud's usual error for a status.
    pub(super) fn for_status(status: u16) -> Self {
        let (code, message) = match status {
            400 => ("bad_request", "the request makes no sense"),
            401 => ("unauthorized", "the token is not known"),
            403 => ("forbidden", "the token does not allow this"),
            404 => ("not_found", "there is no such object"),
            405 => ("method_not_allowed", "the method is not possible here"),
            409 => ("conflict", "the request is in conflict with the present state"),
            413 => ("too_large", "the body is larger than 1 MiB"),
            423 => ("locked", "another change of the account is under way; nothing was done, try again"),
            429 => ("rate_limited", "too many requests"),
            503 => ("unavailable", "the service is not available; try again"),
            500.. => ("internal_error", "something went wrong in the cloud"),
            _ => ("error", "the request failed"),
        };
        Self::new(status, code, message)
    }

    pub(super) fn body(&self) -> Value {
        let mut error = json!({"code": self.code, "message": self.message});
        if let Some(field) = &self.field {
            error["field"] = json!(field);
        }
        json!({ "error": error })
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body())).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
