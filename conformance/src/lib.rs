//! Conformance suite for machine drivers: clauses, checks, engine and reports.

pub mod calendar;
pub mod check;
pub mod context;
pub mod event;
pub mod nearest;
pub mod profile;
pub mod provider_kind;
pub mod redact;
pub mod selection;
pub mod spec;
pub mod verdict;

#[cfg(test)]
mod sample;
