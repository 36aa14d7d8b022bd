//! Connections to a guest's own address, passed on to its container.

use std::{net::Ipv4Addr, sync::Arc};

use tokio::net::TcpStream;

use crate::{
    guest::{gate::GatedStream, open_socket::Serve},
    locked::Locked,
};

/// Passes connections on to a port of the container, wherever that is at the time.
pub(super) fn to_port(address: Arc<Locked<Option<Ipv4Addr>>>, port: u16) -> Serve {
    Arc::new(move |stream| {
        let address = *address.lock();
        Box::pin(async move {
            if let Some(address) = address {
                pass_on(stream, address, port).await;
            }
        })
    })
}

async fn pass_on(mut client: GatedStream, address: Ipv4Addr, port: u16) {
    // A port that has just been closed: the client is let go.
    let Ok(mut server) = TcpStream::connect((address, port)).await else {
        return;
    };
    // Nagle's algorithm costs 40 ms a command.
    let _ = server.set_nodelay(true);
    // Whichever side ended the connection, it is over.
    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
}
