//! The accept loop.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, http::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use super::wire::{FaultStream, Wire, WireFault};

/// A port that is served until the value is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

/// Serves a router on an address.
///
/// # Errors
/// When the address cannot be had.
pub(crate) async fn listen(address: SocketAddr, router: Router) -> io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(accept(listener, router));
    Ok(Listening {
        address,
        _tasks: tasks,
    })
}

async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(serve(stream, router.clone()))),
                // A connection that was gone before it was accepted, or no file descriptor for it.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    // Answers are small; waiting for more of them costs 40 ms each.
    let _ = stream.set_nodelay(true);
    let wire = Arc::new(Wire::default());
    let stream = FaultStream::new(stream, Arc::clone(&wire));
    let router = TowerToHyperService::new(router);
    let service = service_fn(|request: Request<Incoming>| {
        let (answer, wire) = (router.call(request.map(Body::new)), Arc::clone(&wire));
        async move {
            let response = answer.await?;
            if let Some(fault) = response.extensions().get::<WireFault>() {
                wire.set(*fault);
            }
            Ok::<_, Infallible>(response)
        }
    });
    // Broken connections are the client's to report.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
