//! What a running check sees of the run.

/// Handle of a running check.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Context;
