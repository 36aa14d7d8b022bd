//! Serving HTTP on a loopback port, with faults of the connection.

mod reply;
mod serve;
mod tls;
mod token;
mod wire;

pub(crate) use reply::Reply;
pub(crate) use serve::{Listening, listen, listen_tls};
pub(crate) use tls::Authority;
pub(crate) use token::{bearer, is_same, random_token};
pub(crate) use wire::WireFault;
