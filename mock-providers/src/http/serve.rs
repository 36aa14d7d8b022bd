//! The accept loop.

use std::{convert::Infallible, io, net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, http::Request};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_rustls::TlsAcceptor;

use super::wire::{FaultStream, Transport, Wire, WireFault};

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
    listen_with(address, router, None).await
}

/// The same over TLS.
///
/// # Errors
/// When the address cannot be had.
pub(crate) async fn listen_tls(
    address: SocketAddr,
    router: Router,
    tls: TlsAcceptor,
) -> io::Result<Listening> {
    listen_with(address, router, Some(tls)).await
}

async fn listen_with(address: SocketAddr, router: Router, tls: Option<TlsAcceptor>) -> io::Result<Listening> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(accept(listener, router, tls));
    Ok(Listening { address, _tasks: tasks })
}

async fn accept(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    // Answers are small; waiting for more of them costs 40 ms each.
                    let _ = stream.set_nodelay(true);
                    let router = router.clone();
                    match tls.clone() {
                        None => drop(connections.spawn(serve(stream, router))),
                        Some(tls) => drop(connections.spawn(async move {
                            // A handshake that fails is the client's to report.
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, router).await;
                            }
                        })),
                    }
                }
                // A connection that was gone before it was accepted, or no file descriptor for it.
                Err(_) => tokio::task::yield_now().await,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn serve<S: Transport>(stream: S, router: Router) {
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
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
