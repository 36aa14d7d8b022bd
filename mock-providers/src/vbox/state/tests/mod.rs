//! Tests of the state machine with machines and files that only exist in memory.

mod lifecycle;
mod media;
mod properties;
mod registry;
mod rig;
mod table;
