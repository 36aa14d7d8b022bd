//! A connection that can be cut, reset, or silenced while an answer is sent.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::locked::Locked;

/// What happens to the bytes of an answer. Put into the extensions of a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WireFault {
    /// Closed before the first byte.
    Close,
    /// Reset before the first byte.
    Reset,
    /// Nothing is sent, and the connection stays.
    Stall,
    /// Closed after so many bytes of the body.
    Truncate(usize),
}

/// The fault that the next answer on a connection meets.
#[derive(Debug, Default)]
pub(super) struct Wire(Locked<State>);

#[derive(Debug, Default)]
struct State {
    fault: Option<WireFault>,
    /// The end of the head that has been sent so far, to find where the body starts.
    tail: Vec<u8>,
    in_body: bool,
}

impl Wire {
    pub(super) fn set(&self, fault: WireFault) {
        *self.0.lock() = State { fault: Some(fault), ..State::default() };
    }
}

enum Decision {
    /// Send the first bytes of this piece.
    Send(usize),
    Close,
    Reset,
    Stall,
}

impl Wire {
    /// What to do with bytes that are about to be sent.
    fn decide(&self, bytes: &[u8]) -> Decision {
        let state = self.0.lock();
        match state.fault {
            None => Decision::Send(bytes.len()),
            Some(WireFault::Close) => Decision::Close,
            Some(WireFault::Reset) => Decision::Reset,
            Some(WireFault::Stall) => Decision::Stall,
            Some(WireFault::Truncate(left)) if state.in_body => match left.min(bytes.len()) {
                0 => Decision::Close,
                length => Decision::Send(length),
            },
            // The body comes on its own, so that its bytes can be counted.
            Some(WireFault::Truncate(_)) => Decision::Send(state.head_in(bytes).unwrap_or(bytes.len())),
        }
    }

    /// Takes note of bytes that were sent.
    fn sent(&self, bytes: &[u8]) {
        let mut state = self.0.lock();
        let Some(WireFault::Truncate(left)) = state.fault else {
            return;
        };
        if state.in_body {
            state.fault = Some(WireFault::Truncate(left.saturating_sub(bytes.len())));
        } else if state.head_in(bytes).is_some() {
            state.in_body = true;
        } else {
            state.tail.extend_from_slice(bytes);
            let kept = state.tail.len().saturating_sub(END_OF_HEAD.len() - 1);
            state.tail.drain(..kept);
        }
    }
}

const END_OF_HEAD: &[u8] = b"\r\n\r\n";

impl State {
    /// Number of bytes up to the end of the head, if it is in this piece.
    fn head_in(&self, bytes: &[u8]) -> Option<usize> {
        let seen = [&self.tail, bytes].concat();
        let start = seen.windows(END_OF_HEAD.len()).position(|window| window == END_OF_HEAD)?;
        Some((start + END_OF_HEAD.len()).saturating_sub(self.tail.len()))
    }
}

/// A connection to a client, plain or encrypted.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin {
    /// The TCP connection below.
    fn tcp(&self) -> &TcpStream;
}

impl Transport for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Transport for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// A connection with its fault.
#[derive(Debug)]
pub(super) struct FaultStream<S> {
    stream: S,
    wire: Arc<Wire>,
}

impl<S: Transport> FaultStream<S> {
    pub(super) fn new(stream: S, wire: Arc<Wire>) -> Self {
        Self { stream, wire }
    }
}

impl<S: Transport> AsyncRead for FaultStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Transport> AsyncWrite for FaultStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.wire.decide(bytes) {
            Decision::Send(length) => {
                let written = Pin::new(&mut self.stream).poll_write(context, &bytes[..length]);
                if let Poll::Ready(Ok(length)) = written {
                    self.wire.sent(&bytes[..length]);
                }
                written
            }
            Decision::Close => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Decision::Reset => {
                // The error makes the connection drop, which with this option is a reset.
                let _ = self.stream.tcp().set_zero_linger();
                Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
            }
            Decision::Stall => {
                // Silence lasts until the client gives up.
                let mut byte = [0];
                match self.stream.tcp().poll_peek(context, &mut ReadBuf::new(&mut byte)) {
                    Poll::Ready(Ok(0) | Err(_)) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
                    Poll::Ready(Ok(_)) | Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.wire.0.lock().fault.is_none() {
            // Large answers need not be copied together with their head.
            return Pin::new(&mut self.stream).poll_write_vectored(context, pieces);
        }
        let first = pieces.iter().find(|piece| !piece.is_empty());
        self.poll_write(context, first.map_or(&[][..], |piece| piece))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
