//! Load on servers that speak EC2's query protocol, ours and others, from the outside.

mod connection;
mod form;
mod process;
mod signed;

pub use connection::{Connection, Reply};
pub use form::form;
pub use process::Processes;
pub use signed::{Credentials, post};
