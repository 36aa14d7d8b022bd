use std::fmt;

use machine_driver_http::{Dialect, Meaning, Said};
use serde::Deserialize;

/// What is special about the provider's API: how it is asked, and what its errors mean.
pub(crate) const DIALECT: Dialect = Dialect::new(
    concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")),
    "template-token",
    "TEMPLATE_TOKEN",
    said,
);

/// Only the provider's own "no such object" means that something is gone (RM-011, STATE-005).
fn said(status: u16, body: &[u8]) -> Said {
    let reason = Reason::read(body);
    let meaning = match (status, reason.code.as_str()) {
        (404, "not_found") => Meaning::Missing,
        (409, "name_taken") => Meaning::Taken,
        _ => Meaning::of_status(status),
    };
    Said::new(meaning, reason.to_string())
}

/// The provider's error object. Everything about it is optional: proxies answer with other things.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    code: String,
    message: String,
    field: Option<String>,
}

impl Reason {
    fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            error: Reason,
        }
        serde_json::from_slice::<Envelope>(body).map(|envelope| envelope.error).unwrap_or_default()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() && self.message.is_empty() {
            return Ok(());
        }
        let field = self.field.as_ref().map(|field| format!(", field {field}")).unwrap_or_default();
        write!(f, "{} ({}{field})", self.message, self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_mean_what_the_provider_says() {
        let body = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"text","field":"name"}}}}"#);
        for (status, code, meaning) in [
            (404, "not_found", Meaning::Missing),
            (404, "other", Meaning::Refused),
            (410, "not_found", Meaning::Refused),
            (409, "name_taken", Meaning::Taken),
            (409, "wrong_state", Meaning::Refused),
            (401, "unauthorized", Meaning::Unauthorized),
            (423, "locked", Meaning::Busy),
            (503, "unavailable", Meaning::Failed),
        ] {
            let expected = Said::new(meaning, format!("text ({code}, field name)"));
            assert_eq!(said(status, body(code).as_bytes()), expected);
        }
        for other in ["", "<h1>Not Found</h1>", "{}", "{\"error\":7}"] {
            assert_eq!(said(404, other.as_bytes()), Said::new(Meaning::Refused, ""));
        }
    }
}
