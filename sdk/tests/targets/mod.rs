//! What must hold for any input, for the fuzzer and for the mutation loop.
#![allow(dead_code, reason = "no user uses everything")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

pub(crate) mod connection;
pub(crate) mod decoder;
