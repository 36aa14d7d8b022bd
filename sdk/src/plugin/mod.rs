//! The plugin protocol, both ends.

pub mod wire;
