//! Conformance suite for machine drivers: clauses, checks, engine and reports.

pub mod check;
pub mod context;
pub mod event;
pub mod spec;
pub mod verdict;

#[cfg(test)]
mod sample;
