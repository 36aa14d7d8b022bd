//! Being a plugin: from the listening socket to the end of the process.

use std::{
    fmt,
    io::{self, Write},
    net::{Ipv4Addr, TcpListener as StdListener},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{
    connection::Connection, driver_threads::DriverThreads, output::standard_log, prelude, watchdog::Watchdog,
    wire::Limits,
};
use crate::{
    dynamic::DynDriver,
    error::{Error, ErrorKind, Result},
    log::Log,
};

/// Longest time without a heartbeat (PROTOCOL section 9).
const HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(10);
const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// Most peers that are waited for at once.
const MAX_STRANGERS: usize = 64;

/// How a plugin is served.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServeOptions {
    /// Time without a heartbeat after which the plugin ends. Hosts expect the default of 10 s.
    pub heartbeat_timeout: Duration,
    /// Longest time that a peer at the port may take for its `CONNECT`, which hosts send at once. The default is 5 s.
    pub greeting_timeout: Duration,
    /// Caps on what the host may send.
    pub limits: Limits,
    /// Where the server's own lines go; by default [`standard_log`].
    pub log: Log,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            heartbeat_timeout: HEARTBEAT_TIMEOUT,
            greeting_timeout: GREETING_TIMEOUT,
            limits: Limits::default(),
            log: standard_log(),
        }
    }
}

impl fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeOptions")
            .field("heartbeat_timeout", &self.heartbeat_timeout)
            .field("greeting_timeout", &self.greeting_timeout)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// Why a plugin's life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// The host called `Close`.
    Closed,
    /// The connection ended without `Close`: the host is gone, or failed.
    HostGone,
    /// No heartbeat came in time.
    HeartbeatsStopped,
}

impl Exit {
    /// The exit status of the process: 0 after `Close`, else 1, as with plugins written in Go (PROTOCOL section 9).
    pub fn status(self) -> u8 {
        u8::from(self != Self::Closed)
    }
}

/// Serves `driver` as this process's plugin: listens on a free port of 127.0.0.1, prints the address as the first
/// line on standard output, and answers the host until it calls `Close`, hangs up, or sends no heartbeat for too
/// long.
///
/// The caller ends the process with [`Exit::status`], without waiting for anything: methods that are still running
/// are dropped. See [`main`](super::main) for a whole `fn main`.
///
/// # Errors
/// [`ErrorKind::Io`] if no port can be opened or the address cannot be printed; [`ErrorKind::Protocol`] if the host
/// sends something that is not the protocol.
pub async fn serve(driver: Arc<dyn DynDriver>, options: ServeOptions) -> Result<Exit> {
    serve_on(announce()?, driver, options, None).await
}

/// Serves one connection, from `CONNECT` to its end, over any byte stream. The time without heartbeats counts from
/// now. For tests, fuzzing and transports of other kinds. Needs a tokio runtime.
///
/// # Errors
/// [`ErrorKind::Protocol`] if the peer does not speak the protocol, [`ErrorKind::Io`] if the stream fails before
/// the first call.
pub async fn serve_connection(
    driver: Arc<dyn DynDriver>,
    mut stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    options: ServeOptions,
) -> Result<Exit> {
    let watchdog = Watchdog::new(options.heartbeat_timeout);
    let serve = async {
        let Some(already_read) = prelude::accept(&mut stream).await? else {
            return Err(Error::new(
                ErrorKind::Protocol,
                "the peer is no host: it did not open the connection with CONNECT /_goRPC_",
            ));
        };
        let (reader, writer) = tokio::io::split(stream);
        connection(driver, &watchdog, None, &options).serve(reader, writer, &already_read).await
    };
    tokio::select! {
        exit = serve => exit,
        () = watchdog.expired() => Ok(Exit::HeartbeatsStopped),
    }
}

/// Opens the port and prints the address line.
pub(super) fn announce() -> Result<StdListener> {
    let attempt = |what: &'static str| {
        move |error: io::Error| {
            Error::new(ErrorKind::Io, format!("this plugin cannot {what}; nobody can reach it"))
                .with_source(&error)
        }
    };
    let open = || {
        let listener = StdListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok((listener, address))
    };
    let (listener, address) = open().map_err(attempt("listen on a free port of 127.0.0.1"))?;
    let print = || {
        let mut out = io::stdout().lock();
        out.write_all(format!("{address}\n").as_bytes())?;
        out.flush()
    };
    print().map_err(attempt("print its address on standard output"))?;
    Ok(listener)
}

/// Serves the first host that comes.
pub(super) async fn serve_on(
    listener: StdListener,
    driver: Arc<dyn DynDriver>,
    options: ServeOptions,
    threads: Option<&DriverThreads>,
) -> Result<Exit> {
    let watchdog = Watchdog::new(options.heartbeat_timeout);
    let serve = async {
        // Hosts dial once. The port is closed behind the first one, because whoever reaches it may read the record.
        let (stream, already_read) =
            first_host(TcpListener::from_std(listener)?, options.greeting_timeout).await?;
        let (reader, writer) = stream.into_split();
        connection(driver, &watchdog, threads, &options).serve(reader, writer, &already_read).await
    };
    tokio::select! {
        exit = serve => exit,
        () = watchdog.expired() => {
            options.log.debug(format!(
                "No heartbeat for {:.1} s: the host is gone, and this plugin ends",
                options.heartbeat_timeout.as_secs_f64()
            ));
            Ok(Exit::HeartbeatsStopped)
        }
    }
}

fn connection<'a>(
    driver: Arc<dyn DynDriver>,
    watchdog: &'a Watchdog,
    threads: Option<&'a DriverThreads>,
    options: &'a ServeOptions,
) -> Connection<'a> {
    Connection { driver, watchdog, threads, log: &options.log, limits: options.limits }
}

/// Accepts connections until one is opened by a host; it, and what it sent behind `CONNECT`. The others are dropped.
///
/// A peer that says something else gets its HTTP error, and one that says nothing is kept aside, so that a scanner
/// that finds the port before the host does neither ends the plugin nor takes the host's place.
async fn first_host(listener: TcpListener, greeting_timeout: Duration) -> Result<(TcpStream, Vec<u8>)> {
    let mut strangers = FuturesUnordered::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if strangers.len() < MAX_STRANGERS => match accepted {
                Ok((stream, _)) => strangers.push(timeout(greeting_timeout, greeted(stream))),
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error.into()),
            },
            Some(outcome) = strangers.next() => {
                if let Ok(Ok(Some(host))) = outcome {
                    return Ok(host);
                }
            }
        }
    }
}

async fn greeted(mut stream: TcpStream) -> io::Result<Option<(TcpStream, Vec<u8>)>> {
    stream.set_nodelay(true)?;
    Ok(prelude::accept(&mut stream).await?.map(|already_read| (stream, already_read)))
}
