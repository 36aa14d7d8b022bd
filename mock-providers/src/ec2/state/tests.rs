//! The state machine against its invariants, on a table instead of simulated machines.

mod hardware;
mod instances;
mod invariants;
mod orders;

pub(super) use hardware::{Desk, region};
