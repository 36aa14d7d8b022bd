//! An answer that faults may change.

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};

use super::WireFault;
use crate::faults::FaultKind;

/// An answer before it is sent.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
    /// Seconds of `Retry-After`.
    pub(crate) retry_after: Option<u64>,
    wire: Option<WireFault>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Bytes>) -> Self {
        Self { status, body: body.into(), retry_after: None, wire: None }
    }

    /// Lets a fault spoil the body or the connection. Errors in the provider's format are the provider's to make.
    pub(crate) fn spoil(&mut self, fault: &FaultKind) {
        match fault {
            FaultKind::Drop { .. } => self.wire = Some(WireFault::Close),
            FaultKind::Reset { .. } => self.wire = Some(WireFault::Reset),
            FaultKind::Stall { .. } => self.wire = Some(WireFault::Stall),
            FaultKind::Truncate { bytes } => self.wire = Some(WireFault::Truncate(*bytes)),
            FaultKind::EmptyBody => self.body = Bytes::new(),
            FaultKind::Body { status, body } => {
                self.status = status.unwrap_or(self.status);
                self.body = body.clone().into();
            }
            _ => {}
        }
    }

    /// Status that the client sees; `None` when the connection is cut before it.
    pub(crate) fn status_seen(&self) -> Option<u16> {
        let is_sent = self.wire.is_none_or(|wire| matches!(wire, WireFault::Truncate(_)));
        is_sent.then_some(self.status)
    }

    pub(crate) fn into_response(self, content_type: &'static str) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = status;
        if status != StatusCode::NO_CONTENT {
            let value = HeaderValue::from_static(content_type);
            response.headers_mut().insert(header::CONTENT_TYPE, value);
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(wire) = self.wire {
            response.extensions_mut().insert(wire);
        }
        response
    }
}
