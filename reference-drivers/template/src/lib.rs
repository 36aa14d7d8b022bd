//! `docker-machine-driver-template`: the smallest complete machine driver, to be forked.
//!
//! It manages servers of a small fictional HTTP cloud. `README.md` says how to turn it into a driver for a real one.
//! Read the modules in this order:
//!
//! | module | contents | what a fork changes |
//! | --- | --- | --- |
//! | [`options`](Options) | the flags of `create` | most of it |
//! | [`driver`](TemplateDriver) | the record, and each method of the contract in the contract's order | the record |
//! | `create`, `remove` | the steps of the two long methods | the steps' contents; their order stays |
//! | `instance` | finding the server, waiting for its states, reaching its guest | names of states |
//! | `names` | names and marks of what the driver makes | the provider's rules for names |
//! | `server`, `api` | the provider's objects and calls | all of it |
//! | `dialect` | how the provider is asked, and what its errors mean | all of it |
//!
//! Deadline, repetition, rate limits and tokens of requests are the SDK's: [`machine_driver_http`]. A provider's own client
//! library can take its place.

mod api;
mod create;
mod dialect;
mod driver;
mod instance;
mod names;
mod options;
mod remove;
mod server;
#[cfg(test)]
#[path = "tests/cloud.rs"]
mod test_cloud;
#[cfg(test)]
#[path = "tests/machine.rs"]
mod test_machine;

pub use driver::TemplateDriver;
pub use options::Options;
