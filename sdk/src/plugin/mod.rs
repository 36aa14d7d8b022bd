//! The plugin protocol, both ends: being a plugin ([`main`], [`serve`]) and driving one ([`Host`]).
//!
//! A plugin is an executable with one driver in it. Hosts (`docker-machine`, `rancher-machine`, the conformance suite)
//! start it, call it over Go's net/rpc, and throw it away after one command. Hosts and plugins of this crate and
//! those written in Go work with each other in any combination.
//!
//! # How a plugin lives and dies
//!
//! 1. Without `MACHINE_PLUGIN_TOKEN=42` in its environment it prints a notice and exits with status 1.
//! 2. It listens on a free port of 127.0.0.1 and prints the address as the first line on standard output. From now on
//!    its log goes to the host, line by line: standard output for the user, standard error for the driver's author.
//!    Long lines are split, because hosts in Go stop reading for ever at 64 KiB.
//! 3. The first peer that sends `CONNECT /_goRPC_` is its host; the port is closed behind it. Until then, peers that
//!    say something else get an HTTP error, and peers that say nothing are kept aside: a scanner that finds the port
//!    neither ends the plugin nor takes the host's place.
//! 4. It answers calls, any number at a time. Calls that the record answers are answered on the spot; the others run
//!    on threads of their own, so that a driver that blocks its thread keeps nobody else waiting. A panic becomes an
//!    error.
//! 5. It ends, whatever still runs,
//!    - with status 0 after the call `Close`, which it answers first;
//!    - with status 1 when the connection ends without `Close`: the host has failed or was killed;
//!    - with status 1 when no `Heartbeat` has come for 10 s, which only a `Heartbeat` prevents;
//!    - with status 1 and a reason on standard error when the host sends something that is not the protocol, when the
//!      address cannot be printed, or when [`Waits::FACTOR_VARIABLE`](crate::wait::Waits::FACTOR_VARIABLE) is not a
//!      positive decimal.
//!
//! A host that goes away closes the plugin's pipes; what is logged then is lost, and nothing else happens.
//!
//! # How a host drives it
//!
//! [`Host::spawn`] starts the executable in a process group of its own, waits for the address line, connects, and
//! agrees on the version, under the usual service name or the oldest one. It beats the heart, keeps what the plugin
//! prints, whatever the length of its lines, and hands calls to the plugin through
//! [`DynDriver`](crate::DynDriver). [`Host::close`] ends the plugin in order; dropping the [`Host`] kills it and its
//! children. Whatever goes wrong, no process is left behind.

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
mod lines;
mod outgoing;
mod output;
mod prelude;
mod rpc;
mod serve;
mod watchdog;
pub mod wire;

pub use entry::{
    DRIVER_NAME_VARIABLE, HEARTBEAT_TIMEOUT_VARIABLE, TOKEN, TOKEN_VARIABLE, main, main_with,
    waits_from_environment,
};
pub use host::{Argument, Host};
pub use host_options::{HostOptions, LineCallback};
pub use host_output::{OutputLine, OutputStream};
pub use output::standard_log;
pub use serve::{Exit, ServeOptions, serve, serve_connection};
