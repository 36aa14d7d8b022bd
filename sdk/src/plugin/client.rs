//! The calling end of net/rpc (PROTOCOL section 4).

use std::{
    collections::HashMap,
    future::poll_fn,
    io,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
    task::JoinHandle,
};

use super::{
    incoming::{Incoming, ReadError},
    outgoing::Outgoing,
    rpc::{Header, REQUEST},
    wire::{Limits, Type, Value},
};

/// How a call failed, with Go's texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallError {
    /// The method answered with this error.
    #[error("{0}")]
    Remote(String),
    /// The connection ended while the call was running.
    #[error("unexpected EOF")]
    UnexpectedEof,
    /// The connection had ended before the call.
    #[error("connection is shut down")]
    ShutDown,
    /// The reply cannot be decoded; the connection ends with it.
    #[error("reading body {0}")]
    Body(String),
    /// The connection failed.
    #[error("{0}")]
    Connection(String),
    /// The peer does not speak the protocol; the connection ends with it.
    #[error("{0}")]
    Protocol(String),
    /// The argument cannot be sent.
    #[error("{0}")]
    Argument(String),
}

/// A connection to a plugin, with any number of calls under way.
///
/// Replies are read by a task of their own, so a call that is not polled holds up no other. Dropping the client ends
/// the connection.
pub(super) struct Client {
    calls: Arc<Calls>,
    reader: JoinHandle<()>,
}

type ReplySender = oneshot::Sender<Result<Value, CallError>>;
type ReplyReceiver = oneshot::Receiver<Result<Value, CallError>>;

/// What the callers and the reader share.
struct Calls {
    outgoing: Outgoing,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    next_seq: u64,
    replies: HashMap<u64, ReplySender>,
    ended: bool,
}

impl Client {
    /// Speaks over an opened connection; `already_read` came behind the prelude. Needs a tokio runtime.
    pub(super) fn new(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + 'static,
        already_read: &[u8],
        limits: Limits,
    ) -> Self {
        let incoming = Incoming::new(reader, already_read, limits);
        let calls = Arc::new(Calls { outgoing: Outgoing::new(Box::pin(writer)), waiting: Mutex::default() });
        let reader = tokio::spawn({
            let calls = Arc::clone(&calls);
            async move {
                let end = read_replies(incoming, &calls).await;
                calls.end(&end);
            }
        });
        Self { calls, reader }
    }

    /// Calls a method and waits for its answer, without a limit. The reply to a call that is dropped is ignored.
    ///
    /// # Errors
    /// See [`CallError`].
    pub(super) async fn call(
        &self,
        service_method: &str,
        argument_type: &Type,
        argument: &Value,
    ) -> Result<Value, CallError> {
        let (seq, alone, reply) = self.calls.register()?;
        // Forgets the call also when this future is dropped.
        let _registration = Registration { calls: &self.calls, seq };
        let header = Header { service_method: service_method.to_owned(), seq, error: String::new() };
        let outgoing = &self.calls.outgoing;
        outgoing
            .queue(&REQUEST, &header.into_request(), argument_type, argument)
            .map_err(|error| CallError::Argument(error.to_string()))?;
        if alone {
            outgoing.flush();
        } else {
            // Others may be about to call too; one write serves all of them.
            outgoing.flush_soon();
        }
        reply.await.unwrap_or(Err(CallError::ShutDown))
    }

    /// Ends the connection; calls under way fail.
    pub(super) fn shut_down(&self) {
        self.reader.abort();
        self.calls.end(&CallError::ShutDown);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.shut_down();
    }
}

struct Registration<'a> {
    calls: &'a Calls,
    seq: u64,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.calls.waiting().replies.remove(&self.seq);
    }
}

impl Calls {
    /// The number of a new call, whether it is the only one, and where its answer will be.
    fn register(&self) -> Result<(u64, bool, ReplyReceiver), CallError> {
        let mut waiting = self.waiting();
        if waiting.ended {
            return Err(CallError::ShutDown);
        }
        let seq = waiting.next_seq;
        waiting.next_seq += 1;
        let (sender, receiver) = oneshot::channel();
        waiting.replies.insert(seq, sender);
        Ok((seq, waiting.replies.len() == 1, receiver))
    }

    fn take(&self, seq: u64) -> Option<ReplySender> {
        self.waiting().replies.remove(&seq)
    }

    fn end(&self, reason: &CallError) {
        self.outgoing.close();
        let mut waiting = self.waiting();
        waiting.ended = true;
        for (_, reply) in waiting.replies.drain() {
            // A caller that is gone needs no answer.
            let _ = reply.send(Err(reason.clone()));
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Hands replies to their calls until the connection ends; returns why it did.
async fn read_replies(mut incoming: Incoming<impl AsyncRead + Unpin>, calls: &Calls) -> CallError {
    loop {
        let header = match next_value(&mut incoming, &calls.outgoing).await {
            Ok(Some(value)) => match Header::from_value(value) {
                Ok(header) => header,
                Err(problem) => return CallError::Protocol(problem),
            },
            Ok(None) | Err(ReadError::UnexpectedEof) => return CallError::UnexpectedEof,
            Err(ReadError::Io(error)) => return CallError::Connection(error.to_string()),
            Err(ReadError::Decode(error)) => return CallError::Protocol(error.to_string()),
        };
        let body = next_value(&mut incoming, &calls.outgoing).await;
        let (outcome, end) = match body {
            Ok(Some(value)) => (Ok(value), None),
            Ok(None) => (Err(CallError::Body("EOF".to_owned())), Some(CallError::UnexpectedEof)),
            Err(ReadError::UnexpectedEof) => {
                (Err(CallError::Body("unexpected EOF".to_owned())), Some(CallError::UnexpectedEof))
            }
            Err(error) => {
                let text = error.to_string();
                (Err(CallError::Body(text.clone())), Some(CallError::Connection(text)))
            }
        };
        // The value behind an error means nothing, whatever it is.
        let outcome = if header.error.is_empty() { outcome } else { Err(CallError::Remote(header.error)) };
        if let Some(reply) = calls.take(header.seq) {
            // A caller that is gone needs no answer.
            let _ = reply.send(outcome);
        }
        if let Some(end) = end {
            return end;
        }
    }
}

/// The next value, or `None` at the end of the stream. Before and while it waits for bytes, what is queued goes out.
pub(super) async fn next_value(
    incoming: &mut Incoming<impl AsyncRead + Unpin>,
    outgoing: &Outgoing,
) -> Result<Option<Value>, ReadError> {
    loop {
        if let Some(value) = incoming.buffered_value()? {
            return Ok(Some(value));
        }
        let mut more = pin!(incoming.read_more());
        let more = poll_fn(|cx| {
            // If writing fails, reading tells why, and may still bring answers.
            let _: Poll<io::Result<()>> = outgoing.poll_drain(cx);
            more.as_mut().poll(cx)
        });
        if !more.await? {
            return Ok(None);
        }
    }
}
