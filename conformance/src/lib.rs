//! Conformance suite for machine drivers: clauses, checks, engine and reports.

pub mod baseline;
pub mod calendar;
pub mod check;
pub mod checks;
pub mod command_line;
pub mod context;
pub mod engine;
pub mod event;
pub mod expectation;
pub mod facts;
pub mod limits;
pub mod machine;
pub mod model;
pub mod nearest;
mod overlap;
pub mod profile;
pub mod provider;
pub mod provider_kind;
pub mod recorder;
pub mod redact;
pub mod report;
pub mod selection;
pub mod session;
pub mod spec;
pub mod stable_output;
pub mod store;
pub mod subject;
mod summary;
mod sweep;
pub mod verdict;
pub mod world;

#[cfg(test)]
mod sample;
