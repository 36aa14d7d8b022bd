//! Serving HTTP on a loopback port, with faults of the connection.

mod serve;
mod token;
mod wire;

pub(crate) use serve::{Listening, listen};
pub(crate) use token::{bearer, is_same, random_token};
pub(crate) use wire::WireFault;
