//! The power switch that every connection of a guest goes through.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, ToSocketAddrs},
};

use crate::locked::Locked;

const OPEN: u8 = 0;
const FROZEN: u8 = 1;
const CLOSED: u8 = 2;

/// State shared by all connections of one boot. Closed is final.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    mode: AtomicU8,
    streams: Locked<Vec<Weak<AtomicWaker>>>,
}

impl Gate {
    /// Lets bytes through (again).
    pub(crate) fn open(&self) {
        self.change(OPEN);
    }

    /// Stops all bytes; connections stay up and silent.
    pub(crate) fn freeze(&self) {
        self.change(FROZEN);
    }

    /// Ends all connections.
    pub(crate) fn close(&self) {
        self.change(CLOSED);
    }

    fn change(&self, mode: u8) {
        let keep_closed = |current| (current != CLOSED).then_some(mode);
        // An error means "closed already", which stays.
        let _ = self.mode.fetch_update(Ordering::SeqCst, Ordering::SeqCst, keep_closed);
        for waker in self.streams.lock().iter().filter_map(Weak::upgrade) {
            waker.wake();
        }
    }

    /// Puts a connection behind the gate.
    pub(crate) fn attach(self: &Arc<Self>, stream: TcpStream) -> GatedStream {
        let waker = Arc::new(AtomicWaker::new());
        let mut streams = self.streams.lock();
        streams.retain(|known| known.strong_count() > 0);
        streams.push(Arc::downgrade(&waker));
        GatedStream { stream, gate: Arc::clone(self), waker }
    }
}

/// A TCP connection of a guest: silent while the guest is frozen, broken when it loses power.
#[derive(Debug)]
pub(crate) struct GatedStream {
    stream: TcpStream,
    gate: Arc<Gate>,
    waker: Arc<AtomicWaker>,
}

impl GatedStream {
    /// Passes everything on to a server and back, until either side ends. Where nobody listens, the client is let go.
    pub(crate) async fn pass_on(mut self, server: impl ToSocketAddrs) {
        let Ok(mut server) = TcpStream::connect(server).await else {
            return;
        };
        // Nagle's algorithm costs 40 ms a command.
        let _ = server.set_nodelay(true);
        // Whichever side ended the connection, it is over.
        let _ = tokio::io::copy_bidirectional(&mut self, &mut server).await;
    }

    /// Ready with `Ok` when bytes may pass.
    fn pass(&self, context: &Context<'_>) -> Poll<io::Result<()>> {
        // Registered before looking, so that a change in between is not missed.
        self.waker.register(context.waker());
        match self.gate.mode.load(Ordering::SeqCst) {
            OPEN => Poll::Ready(Ok(())),
            FROZEN => Poll::Pending,
            _ => Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the guest lost power"))),
        }
    }
}

macro_rules! through_gate {
    ($this:ident, $context:ident) => {
        match $this.pass($context) {
            Poll::Ready(Ok(())) => Pin::new(&mut $this.stream),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => return Poll::Pending,
        }
    };
}

impl AsyncRead for GatedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        through_gate!(self, context).poll_read(context, buffer)
    }
}

impl AsyncWrite for GatedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        through_gate!(self, context).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        through_gate!(self, context).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        through_gate!(self, context).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        time::timeout,
    };

    use super::*;

    #[tokio::test]
    async fn a_frozen_connection_is_silent_and_goes_on_when_thawed() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let gate = Arc::new(Gate::default());
        let mut stream = gate.attach(listener.accept().await.unwrap().0);

        gate.freeze();
        client.write_all(b"hello").await.unwrap();
        let mut buffer = [0; 5];
        let short = Duration::from_millis(20);
        assert!(timeout(short, stream.read_exact(&mut buffer)).await.is_err());

        let reader = tokio::spawn(async move {
            let mut buffer = [0; 5];
            stream.read_exact(&mut buffer).await.map(|_| (stream, buffer))
        });
        gate.open();
        let (mut stream, buffer) = reader.await.unwrap().unwrap();
        assert_eq!(&buffer, b"hello");

        let reader = tokio::spawn(async move { stream.read_u8().await });
        gate.close();
        assert_eq!(reader.await.unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionAborted);
    }
}
