//! Framing of Go's net/rpc (PROTOCOL section 4): header and body pairs over two gob streams.

use std::sync::LazyLock;

use super::wire::{Type, Value};

/// Service name since the second version of the protocol's names, the usual one.
pub(super) const SERVICE_V1: &str = "RPCServerDriver";
/// Service name of the oldest plugins.
pub(super) const SERVICE_V0: &str = "RpcServerDriver";
/// The only version of the API that exists.
pub(super) const API_VERSION: i64 = 1;

/// `struct{}`: argument of most methods, result of many, and what follows a response with an error.
pub(super) static EMPTY: LazyLock<Type> = LazyLock::new(|| Type::structure("", []));

pub(super) static REQUEST: LazyLock<Type> =
    LazyLock::new(|| Type::structure("Request", [("ServiceMethod", Type::String), ("Seq", Type::Uint)]));

pub(super) static RESPONSE: LazyLock<Type> = LazyLock::new(|| {
    Type::structure(
        "Response",
        [("ServiceMethod", Type::String), ("Seq", Type::Uint), ("Error", Type::String)],
    )
});

/// The value of [`EMPTY`].
pub(super) fn empty() -> Value {
    Value::Struct(Vec::new())
}

/// Header of a call, or of its answer: then `error` says how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// `Service.Method`.
    pub(super) service_method: String,
    /// Number of the call on its connection, from 0.
    pub(super) seq: u64,
    /// Empty for success.
    pub(super) error: String,
}

impl Header {
    /// Reads a header; fields with zero value are absent on the wire, fields of other names are ignored as Go does.
    ///
    /// # Errors
    /// What is wrong with it. The stream cannot be used any further.
    pub(super) fn from_value(value: Value) -> Result<Self, String> {
        let Value::Struct(fields) = value else {
            return Err(format!("expected an RPC header, but a value of type {} came", value.kind()));
        };
        let mut header = Self::default();
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("ServiceMethod", Value::String(text)) => header.service_method = text,
                ("Seq", Value::Uint(number)) => header.seq = number,
                ("Error", Value::String(text)) => header.error = text,
                ("ServiceMethod" | "Seq" | "Error", value) => {
                    return Err(format!("field {name} of an RPC header has type {}", value.kind()));
                }
                _ => {}
            }
        }
        Ok(header)
    }

    /// The header of a call, as a value of [`REQUEST`].
    pub(super) fn into_request(self) -> Value {
        Value::structure([
            ("ServiceMethod", Value::String(self.service_method)),
            ("Seq", Value::Uint(self.seq)),
        ])
    }

    /// The header of an answer, as a value of [`RESPONSE`].
    pub(super) fn into_response(self) -> Value {
        Value::structure([
            ("ServiceMethod", Value::String(self.service_method)),
            ("Seq", Value::Uint(self.seq)),
            ("Error", Value::String(self.error)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_round_trip() {
        for header in [
            Header::default(),
            Header { service_method: "A.B".into(), seq: 7, error: String::new() },
            Header { service_method: "A.B".into(), seq: u64::MAX, error: "no".into() },
        ] {
            assert_eq!(Header::from_value(header.clone().into_response()), Ok(header));
        }
    }

    #[test]
    fn other_types_are_refused() {
        assert!(Header::from_value(Value::Int(1)).is_err());
        assert!(Header::from_value(Value::structure([("Seq", Value::Int(1))])).is_err());
        assert!(Header::from_value(Value::structure([("Error", Value::Bytes(vec![]))])).is_err());
    }
}
