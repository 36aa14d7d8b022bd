//! Conformance suite for machine drivers: clauses, checks, engine and reports.

pub mod calendar;
pub mod check;
pub mod checks;
pub mod command_line;
pub mod context;
pub mod event;
pub mod world;
pub mod subject;
pub mod store;
pub mod session;
pub mod recorder;
pub mod provider;
pub mod machine;
pub mod limits;
pub mod facts;
pub mod expectation;
pub mod engine;
pub mod nearest;
pub mod profile;
pub mod provider_kind;
pub mod redact;
pub mod report;
pub mod selection;
pub mod spec;
pub mod stable_output;
pub mod verdict;

#[cfg(test)]
mod sample;
