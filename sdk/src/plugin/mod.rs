//! The plugin protocol, both ends.

mod child;
mod client;
mod connection;
mod dispatch;
mod driver_threads;
mod entry;
mod handshake;
mod heartbeat;
mod host;
mod host_driver;
mod host_options;
mod host_output;
mod incoming;
mod outgoing;
mod output;
mod prelude;
mod rpc;
mod serve;
mod watchdog;
pub mod wire;

pub use entry::{DRIVER_NAME_VARIABLE, HEARTBEAT_TIMEOUT_VARIABLE, TOKEN, TOKEN_VARIABLE, main, main_with, waits_from_environment};
pub use host::{Argument, Host};
pub use host_options::{HostOptions, LineCallback};
pub use host_output::{OutputLine, OutputStream};
pub use output::standard_log;
pub use serve::{Exit, ServeOptions, serve, serve_connection};
