//! The answering end of net/rpc (PROTOCOL section 4): one connection of a host, served.

use std::{future::poll_fn, panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
    task::JoinSet,
};

use super::{
    client::next_value,
    dispatch::{self, Call, Method, Reply},
    driver_threads::DriverThreads,
    incoming::{Incoming, ReadError},
    outgoing::Outgoing,
    output::text_prefix,
    rpc::{Header, RESPONSE},
    serve::Exit,
    watchdog::Watchdog,
    wire::{Limits, Value},
};
use crate::{
    dynamic::DynDriver,
    error::{Error, ErrorKind, Result},
    hosted::panicked,
    log::Log,
};

/// Most calls under way at once. Hosts have two or three; beyond this, calls are refused with an error.
const MAX_CALLS: usize = 1024;
/// Most bytes of replies that a host has not taken yet; beyond this, no further requests are read.
const MAX_BACKLOG: usize = 1 << 20;
/// Longest error text that is sent.
const MAX_ERROR_TEXT: usize = 1 << 20;

/// What a connection needs beside its stream.
pub(super) struct Connection<'a> {
    pub(super) driver: Arc<dyn DynDriver>,
    pub(super) watchdog: &'a Watchdog,
    pub(super) threads: Option<&'a DriverThreads>,
    pub(super) log: &'a Log,
    pub(super) limits: Limits,
}

impl Connection<'_> {
    /// Answers calls until `Close` or the end of the connection. Calls that are still running then are dropped.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] if the host sends something that is not the protocol.
    pub(super) async fn serve(
        self,
        reader: impl AsyncRead + Unpin,
        writer: impl AsyncWrite + Send + 'static,
        already_read: &[u8],
    ) -> Result<Exit> {
        let mut incoming = Incoming::new(reader, already_read, self.limits);
        let outgoing = Arc::new(Outgoing::new(Box::pin(writer)));
        let mut running = JoinSet::new();
        loop {
            while running.try_join_next().is_some() {}
            if outgoing.backlog() > MAX_BACKLOG && drained(&outgoing).await.is_err() {
                return Ok(Exit::HostGone);
            }
            let header = match next_value(&mut incoming, &outgoing).await {
                Ok(Some(value)) => Header::from_value(value).map_err(|problem| broken(&problem))?,
                Ok(None) | Err(ReadError::UnexpectedEof | ReadError::Io(_)) => return Ok(Exit::HostGone),
                Err(ReadError::Decode(error)) => return Err(broken(&error.to_string())),
            };
            let argument = match next_value(&mut incoming, &outgoing).await {
                Ok(Some(value)) => value,
                Ok(None) | Err(ReadError::UnexpectedEof | ReadError::Io(_)) => return Ok(Exit::HostGone),
                Err(ReadError::Decode(error)) => {
                    // The host learns why; nothing behind these bytes can be understood.
                    answer(&outgoing, header, Err(error.to_string()));
                    let _ = drained(&outgoing).await;
                    return Err(broken(&error.to_string()));
                }
            };
            if self.request(header, argument, &outgoing, &mut running) == After::Close {
                // If the host does not wait for the reply, that is no concern of ours.
                let _ = drained(&outgoing).await;
                return Ok(Exit::Closed);
            }
        }
    }

    /// Answers one request, now or from a task of its own.
    fn request(
        &self,
        header: Header,
        argument: Value,
        outgoing: &Arc<Outgoing>,
        running: &mut JoinSet<()>,
    ) -> After {
        let call = match dispatch::find(&header.service_method) {
            Ok(method) => Call::new(method, argument).map_err(|error| error.to_string()),
            Err(text) => Err(text),
        };
        let call = match call {
            Ok(call) => call,
            Err(text) => {
                answer(outgoing, header, Err(text));
                return After::Continue;
            }
        };
        match call.method {
            Method::Heartbeat => {
                self.watchdog.heartbeat();
                answer(outgoing, header, Ok(Reply::done(())));
            }
            Method::Close => {
                self.log.debug("Closing plugin on server side");
                answer(outgoing, header, Ok(Reply::done(())));
                return After::Close;
            }
            _ if running.len() >= MAX_CALLS => {
                answer(
                    outgoing,
                    header,
                    Err(format!("{MAX_CALLS} calls are under way on this connection already")),
                );
            }
            method => {
                let mut outcome = Box::pin(performed(call, Arc::clone(&self.driver)));
                let here = method.answers_from_memory();
                if here && let Some(outcome) = outcome.as_mut().now_or_never() {
                    answer(outgoing, header, outcome);
                    return After::Continue;
                }
                let home = match self.threads {
                    Some(threads) if !here => threads.handle(),
                    _ => Handle::current(),
                };
                let outgoing = Arc::clone(outgoing);
                let task = async move {
                    answer(&outgoing, header, outcome.await);
                    outgoing.flush();
                };
                running.spawn_on(task, &home);
            }
        }
        After::Continue
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum After {
    Continue,
    Close,
}

/// The driver's answer; a panic counts as an error, so that the host gets a reply and the process lives (PLUG-007).
async fn performed(call: Call, driver: Arc<dyn DynDriver>) -> Result<Reply, String> {
    let method = call.method;
    let outcome = match AssertUnwindSafe(call.perform(driver)).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(panic) => Err(panicked(&format!("{method:?}"), panic.as_ref())),
    };
    outcome.map_err(|error| {
        let mut text = error.to_string();
        if text.is_empty() {
            // On the wire, an empty text means success (ERR-001).
            text = format!("{method:?} failed without saying why; this is a bug of the driver");
        }
        text
    })
}

/// Queues an answer. What the connection's own task queues goes out before it reads on, so that a host that sends
/// many calls at once gets many answers at once.
fn answer(outgoing: &Outgoing, request: Header, outcome: Result<Reply, String>) {
    let (reply, error) = match outcome {
        Ok(reply) => (reply, String::new()),
        Err(mut error) => {
            error.truncate(text_prefix(&error, MAX_ERROR_TEXT).len());
            (Reply::done(()), error)
        }
    };
    let header = Header { error, ..request };
    let queued = outgoing.queue(&RESPONSE, &header.clone().into_response(), reply.of, &reply.value);
    if let Err(problem) = queued
        && header.error.is_empty()
    {
        answer(outgoing, header, Err(format!("the reply cannot be sent: {problem}")));
    }
}

async fn drained(outgoing: &Outgoing) -> std::io::Result<()> {
    poll_fn(|cx| outgoing.poll_drain(cx)).await
}

fn broken(problem: &str) -> Error {
    Error::new(
        ErrorKind::Protocol,
        format!("the host sent something that is not the plugin protocol: {problem}; closing the connection"),
    )
}
