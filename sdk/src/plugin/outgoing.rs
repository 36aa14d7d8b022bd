use std::{
    io,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::io::AsyncWrite;

use super::wire::{EncodeError, Encoder, Type, Value, messages};

/// A stream that both ends of a connection can write to.
pub(super) type BoxedWriter = Pin<Box<dyn AsyncWrite + Send>>;

/// What stays allocated after a large message.
const KEPT_CAPACITY: usize = 64 * 1024;

/// One direction of a connection, written as header and body pairs by any number of tasks.
///
/// Nobody who sends waits for the stream: messages are queued, and [`flush`](Outgoing::flush) writes what the stream
/// takes at once, nearly always all of it, in one write. The rest is left to the task that polls
/// [`poll_drain`](Outgoing::poll_drain). So a sender that is dropped or not polled never leaves half a message behind
/// nor holds up others.
pub(super) struct Outgoing {
    state: Mutex<State>,
}

struct State {
    stream: BoxedWriter,
    encoder: Encoder,
    buffer: Vec<u8>,
    written: usize,
    /// Wakes the task that drains.
    drainer: Waker,
    failure: Option<io::ErrorKind>,
}

impl Outgoing {
    pub(super) fn new(stream: BoxedWriter) -> Self {
        Self {
            state: Mutex::new(State {
                stream,
                encoder: messages::encoder(),
                buffer: Vec::new(),
                written: 0,
                drainer: Waker::noop().clone(),
                failure: None,
            }),
        }
    }

    /// Queues a header and its body, to be written with the next flush or drain.
    ///
    /// # Errors
    /// If the body cannot be encoded.
    pub(super) fn queue(
        &self,
        header_type: &Type,
        header: &Value,
        body_type: &Type,
        body: &Value,
    ) -> Result<(), EncodeError> {
        let mut state = self.state();
        let start = state.buffer.len();
        let State { encoder, buffer, .. } = &mut *state;
        // The body first: if it cannot be encoded, no header may announce it. Nothing of either is written before
        // both are in the buffer, so they can still change places.
        encoder.encode(body_type, body, buffer)?;
        let body_end = buffer.len();
        if let Err(error) = encoder.encode(header_type, header, buffer) {
            // The encoder takes the body's type definitions for sent, so this stream is lost.
            buffer.truncate(start);
            state.failure = Some(io::ErrorKind::InvalidInput);
            return Err(error);
        }
        let header_length = buffer.len() - body_end;
        buffer[start..].rotate_right(header_length);
        Ok(())
    }

    /// Writes what the stream takes at once. Failures show when the connection is read.
    pub(super) fn flush(&self) {
        let mut state = self.state();
        let drainer = state.drainer.clone();
        let _: Poll<io::Result<()>> = state.poll_write(&mut Context::from_waker(&drainer));
    }

    /// Lets the task that drains do it, soon and for all that is queued until then.
    pub(super) fn flush_soon(&self) {
        self.state().drainer.wake_by_ref();
    }

    /// Writes what is left; the task that polls this is woken to go on. Ready when nothing is left.
    pub(super) fn poll_drain(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.state();
        if !state.drainer.will_wake(cx.waker()) {
            state.drainer = cx.waker().clone();
        }
        state.poll_write(cx)
    }

    /// Bytes that are queued.
    pub(super) fn backlog(&self) -> usize {
        let state = self.state();
        state.buffer.len() - state.written
    }

    /// Ends this direction; what is queued is dropped.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.failure.get_or_insert(io::ErrorKind::NotConnected);
        state.buffer.clear();
        state.written = 0;
        state.stream = Box::pin(tokio::io::sink());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(kind) = self.failure {
            return Poll::Ready(Err(kind.into()));
        }
        while self.written < self.buffer.len() {
            match self.stream.as_mut().poll_write(cx, &self.buffer[self.written..]) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(count)) if count > 0 => self.written += count,
                Poll::Ready(outcome) => {
                    let error = outcome.err().unwrap_or_else(|| io::ErrorKind::WriteZero.into());
                    self.failure = Some(error.kind());
                    self.drainer.wake_by_ref();
                    return Poll::Ready(Err(error));
                }
            }
        }
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_CAPACITY);
        self.written = 0;
        self.stream.as_mut().poll_flush(cx)
    }
}
