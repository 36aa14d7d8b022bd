//! A listening socket with everything that comes in over it.

use std::{
    io,
    net::{Shutdown, TcpListener},
    sync::Arc,
    task::Poll,
};

use futures_util::future::BoxFuture;
use socket2::SockRef;
use tokio::{
    net,
    runtime::Handle,
    task::{AbortHandle, JoinSet},
};

use super::gate::{Gate, GatedStream};
use crate::locked::Locked;

/// Answers one connection.
pub(crate) type Serve = Arc<dyn Fn(GatedStream) -> BoxFuture<'static, ()> + Send + Sync>;

/// A listening socket that can be closed at once, so that its port is free again without waiting for a task.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    socket: Arc<Locked<Option<net::TcpListener>>>,
    task: AbortHandle,
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        if let Some(socket) = self.socket.lock().take() {
            // A child that another thread is starting has a copy of the socket until it executes its program;
            // closing alone would leave the port open in it. Where the system cannot, closing has to do.
            let _ = SockRef::from(&socket).shutdown(Shutdown::Both);
        }
        self.task.abort();
    }
}

impl OpenSocket {
    /// Answers connections to a socket, through a gate, until it is dropped.
    pub(crate) fn new(
        socket: TcpListener,
        gate: Arc<Gate>,
        serve: Serve,
        runtime: &Handle,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let _runtime = runtime.enter();
        let socket = net::TcpListener::from_std(socket)?;
        let socket = Arc::new(Locked::new(Some(socket)));
        let accepting = accept(Arc::clone(&socket), gate, serve);
        let task = runtime.spawn(accepting).abort_handle();
        Ok(Self { socket, task })
    }
}

/// Accepts connections until the socket is closed, and takes its connections with it.
async fn accept(socket: Arc<Locked<Option<net::TcpListener>>>, gate: Arc<Gate>, serve: Serve) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = std::future::poll_fn(|context| match &*socket.lock() {
            Some(socket) => socket.poll_accept(context).map(Some),
            None => Poll::Ready(None),
        });
        tokio::select! {
            accepted = accepted => match accepted {
                Some(Ok((stream, _))) => {
                    // Nagle's algorithm costs 40 ms a command.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(serve(gate.attach(stream)));
                }
                // A connection that was gone before it was accepted.
                Some(Err(_)) => tokio::task::yield_now().await,
                None => return,
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}
