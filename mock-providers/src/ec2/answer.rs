//! Answers of EC2, and what faults make of them.

use axum::{
    body::Bytes,
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

use super::{error::Ec2Error, xml};
use crate::{faults::FaultKind, http::Reply};

const CONTENT_TYPE: &str = "text/xml;charset=UTF-8";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const SERVER: HeaderValue = HeaderValue::from_static("AmazonEC2");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache, no-store");

/// An answer before it is sent.
#[derive(Debug)]
pub(super) struct Answer {
    reply: Reply,
    request_id: String,
}

impl Answer {
    pub(super) fn new(result: Result<Bytes, Ec2Error>, request_id: String) -> Self {
        let reply = match result {
            Ok(body) => Reply::new(200, body),
            Err(error) => failed(&error, &request_id),
        };
        Self { reply, request_id }
    }

    /// Lets a fault change the answer.
    pub(super) fn apply(&mut self, fault: &FaultKind) {
        match fault {
            // These were not carried out, so that the answer is the error already.
            FaultKind::NotFound | FaultKind::Unauthorized => {}
            FaultKind::HttpError { .. } | FaultKind::Throttle { .. } => {
                if let Some(error) = error_of(fault, None) {
                    self.reply = failed(&error, &self.request_id);
                }
                if let FaultKind::Throttle { retry_after } = fault {
                    self.reply.retry_after = *retry_after;
                }
            }
            fault => self.reply.spoil(fault),
        }
    }

    pub(super) fn status_seen(&self) -> Option<u16> {
        self.reply.status_seen()
    }

    pub(super) fn body(&self) -> &Bytes {
        &self.reply.body
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = self.reply.into_response(CONTENT_TYPE);
        let headers = response.headers_mut();
        headers.insert(header::SERVER, SERVER);
        headers.insert(header::CACHE_CONTROL, NO_CACHE);
        if let Ok(id) = HeaderValue::try_from(self.request_id) {
            headers.insert(REQUEST_ID, id);
        }
        response
    }
}

fn failed(error: &Ec2Error, request_id: &str) -> Reply {
    let body = xml::error(&error.code, &error.message, request_id);
    Reply::new(error.status, body)
}

/// The error that a fault stands for; `not_found` is the one of the operation.
pub(super) fn error_of(fault: &FaultKind, not_found: Option<Ec2Error>) -> Option<Ec2Error> {
    match fault {
        FaultKind::HttpError { status, code, message, .. } => {
            let mut error = Ec2Error::for_status(*status);
            if let Some(code) = code {
                error.code = code.clone().into();
            }
            if let Some(message) = message {
                error.message.clone_from(message);
            }
            Some(error)
        }
        FaultKind::Throttle { .. } => Some(Ec2Error::request_limit_exceeded()),
        FaultKind::Unauthorized => Some(Ec2Error::auth_failure()),
        FaultKind::NotFound => Some(not_found.unwrap_or_else(|| Ec2Error::for_status(404))),
        _ => None,
    }
}
