//! `machine-conformance mock`
