//! Everything that people and programs read of the suite, compared with what was read and approved before.
//!
//! `INSTA_UPDATE=always cargo test -p machine-conformance --test snapshots` accepts what has changed; read the
//! difference before it is committed.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod command_line;
mod documents;
mod interrupt;
mod mock;
mod profile;
mod reports;
mod sample;
mod terminal;
mod unreferenced;
