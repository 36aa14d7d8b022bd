//! The states that instances passed through.

use std::time::Instant;

/// An instance that is in another state from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateChange {
    /// When.
    pub at: Instant,
    /// Id of the instance.
    pub instance: String,
    /// The state in the provider's words; [`GONE`] when the instance exists no more.
    pub state: String,
}

/// The state of an instance that exists no more.
pub const GONE: &str = "gone";

impl StateChange {
    pub(crate) fn new(at: Instant, instance: &str, state: &str) -> Self {
        Self { at, instance: instance.to_owned(), state: state.to_owned() }
    }
}
