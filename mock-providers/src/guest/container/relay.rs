//! Connections to a guest's own address, passed on to its container.

use std::{net::Ipv4Addr, sync::Arc};

use crate::{guest::open_socket::Serve, locked::Locked};

/// Passes connections on to a port of the container, wherever that is at the time.
pub(super) fn to_port(address: Arc<Locked<Option<Ipv4Addr>>>, port: u16) -> Serve {
    Arc::new(move |stream| {
        let address = *address.lock();
        Box::pin(async move {
            if let Some(address) = address {
                stream.pass_on((address, port)).await;
            }
        })
    })
}
