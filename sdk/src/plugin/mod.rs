//! The plugin protocol, both ends.

mod client;
mod connection;
mod dispatch;
mod driver_threads;
mod entry;
mod incoming;
mod outgoing;
mod output;
mod payload;
mod prelude;
mod rpc;
mod serve;
mod watchdog;
pub mod wire;

pub use entry::{DRIVER_NAME_VARIABLE, TOKEN, TOKEN_VARIABLE, main, main_with, waits_from_environment};
pub use output::standard_log;
pub use serve::{Exit, ServeOptions, serve, serve_connection};
