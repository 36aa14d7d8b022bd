//! The state machine against its invariants, on a table instead of simulated machines.

mod companions;
mod hardware;
mod instances;
mod invariants;
mod orders;
mod step;

pub(super) use hardware::{Desk, region};
