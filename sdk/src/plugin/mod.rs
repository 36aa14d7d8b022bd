//! The plugin protocol, both ends.
