//! SDK for machine drivers: the executables through which `docker-machine` and `rancher-machine` create and manage
//! hosts at a provider.
//!
//! A driver is one struct, one [`Driver`] impl and a `main` that calls [`plugin::main`]. Hosts that know nothing of
//! this crate load it, because [`plugin`] speaks their protocol.

extern crate self as machine_driver;

mod base;
mod driver;
mod dynamic;
mod error;
mod flag;
mod hosted;
mod lock;
mod log;
mod mark;
pub mod options;
pub mod plugin;
mod quote;
mod record;
mod secret;
pub mod ssh;
mod state;
pub mod wait;

pub use base::BaseDriver;
pub use driver::{Context, Driver};
pub use dynamic::{BoxFuture, DynDriver};
pub use error::{Error, ErrorKind, Result};
pub use flag::{Flag, FlagKind};
pub use hosted::Hosted;
pub use lock::FileLock;
pub use log::{Log, LogLevel};
pub use machine_driver_derive::DriverFlags;
pub use mark::{MachineMark, check_host_name};
pub use options::{DriverFlags, DriverOptions, OptionValue};
pub use quote::quoted;
pub use secret::Secret;
pub use state::State;
