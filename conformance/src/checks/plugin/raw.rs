//! Calls of any method over the plugin protocol, and processes that no host manages.

use std::{
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use machine_driver::{
    Error, ErrorKind, Result,
    plugin::{Argument, DRIVER_NAME_VARIABLE, Host, OutputLine, TOKEN, TOKEN_VARIABLE, wire::Value},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::Child,
    time::timeout,
};

use crate::{check::Stop, context::Context, event::CallTarget, session::Session};

/// What a host sends first on the connection.
const CONNECT: &[u8] = b"CONNECT /_goRPC_ HTTP/1.0\n\n";
/// Status text of the right answer.
const CONNECTED: &str = "200 Connected to Go RPC";
/// Longest first line that is read, in bytes.
const LONGEST_FIRST_LINE: u64 = 64 << 10;

/// The process of a session.
pub(crate) fn host(session: &Session) -> std::result::Result<&Host, Stop> {
    session.host().map(AsRef::as_ref).ok_or_else(|| Stop::Suite("the check needs Need::Process".to_owned()))
}

/// Calls `method` of the service that the plugin has, within the limit of a getter.
pub(crate) async fn ask(
    cx: &Context,
    session: &Session,
    method: &str,
    argument: Argument,
) -> std::result::Result<Result<Value>, Stop> {
    let service = host(session)?.service_name();
    call(cx, session, &format!("{service}.{method}"), argument).await
}

/// Calls `Service.Method`, within the limit of a getter.
pub(crate) async fn call(
    cx: &Context,
    session: &Session,
    service_method: &str,
    argument: Argument,
) -> std::result::Result<Result<Value>, Stop> {
    let (recorder, limit) = (cx.recorder(), cx.limits().getter());
    let started = recorder.elapsed();
    let shown = format!("{argument:?}");
    let outcome = match timeout(limit, host(session)?.call(service_method, argument)).await {
        Ok(outcome) => outcome,
        Err(_) => {
            let text = format!("{service_method} did not answer within {:.1} s", limit.as_secs_f64());
            recorder.timed_out(text.clone());
            Err(Error::new(ErrorKind::Timeout, text))
        }
    };
    let text = outcome.as_ref().map(|value| format!("a {}", value.kind())).map_err(ToString::to_string);
    let result = text.as_ref().map(String::as_str).map_err(String::as_str);
    recorder.call(CallTarget::Driver(session.number()), started, service_method, &shown, result);
    Ok(outcome)
}

/// Ends the process in order and returns everything that it printed.
pub(crate) async fn printed_until_close(
    cx: &Context,
    session: &Session,
) -> std::result::Result<Vec<OutputLine>, Stop> {
    session.close().await;
    let host = host(session)?;
    // What was in the pipes when the process ended is read soon after; nothing tells when that is done.
    let mut last = None;
    let settled = cx
        .limits()
        .process_waits()
        .until(&cx.limits().output(), || {
            let lines = host.output().len();
            let same = last.replace(lines) == Some(lines);
            async move { Ok(same.then_some(())) }
        })
        .await;
    // A process that still prints after its end was killed; what came so far must do.
    let _ = settled;
    Ok(host.output())
}

/// The first line of a plugin that was started by hand. The process ends with the value.
#[derive(Debug)]
pub(crate) struct FirstLine {
    /// The line without its end; `None` if none came.
    pub(crate) text: Option<String>,
    /// When it came, or how long it was waited for.
    pub(crate) after: Duration,
    /// How the process ended, if it did so before the line.
    pub(crate) exit: Option<ExitStatus>,
    _process: Child,
}

/// Starts the executable as hosts do and reads its first line on standard output, for at most `limit`.
pub(crate) async fn first_line(
    cx: &Context,
    environment: impl IntoIterator<Item = (String, String)>,
    limit: Duration,
) -> std::result::Result<FirstLine, Stop> {
    let executable = cx.executable()?;
    let options = executable.host_options();
    let started = Instant::now();
    let mut process = executable
        .plain_command()
        .envs(&options.environment)
        .envs(environment)
        .env(TOKEN_VARIABLE, TOKEN)
        .env(DRIVER_NAME_VARIABLE, &options.driver_name)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| {
            Stop::Environment(format!("{} cannot be started: {error}", executable.program().display()))
        })?;
    let mut line = Vec::new();
    let stdout = process.stdout.take().ok_or_else(|| Stop::Suite("standard output is no pipe".to_owned()))?;
    let mut reader = BufReader::new(stdout).take(LONGEST_FIRST_LINE);
    let read = timeout(limit, reader.read_until(b'\n', &mut line)).await;
    let after = started.elapsed();
    let complete = matches!(read, Ok(Ok(_))) && line.ends_with(b"\n");
    let exit = if complete || read.is_err() {
        None
    } else {
        timeout(limit, process.wait()).await.ok().and_then(Result::ok)
    };
    let text = (complete || !line.is_empty())
        .then(|| String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned());
    Ok(FirstLine { text, after, exit, _process: process })
}

/// Whether a plugin's RPC server answers at `address`; otherwise why not.
pub(crate) async fn answers_as_plugin(address: &str, limit: Duration) -> std::result::Result<(), String> {
    let attempt = async {
        let mut stream =
            TcpStream::connect(address).await.map_err(|error| format!("connecting failed: {error}"))?;
        stream.write_all(CONNECT).await.map_err(|error| format!("writing failed: {error}"))?;
        let mut status = String::new();
        BufReader::new(stream)
            .take(1024)
            .read_line(&mut status)
            .await
            .map_err(|error| format!("reading failed: {error}"))?;
        match status.trim_end().split_once(' ') {
            Some((_, CONNECTED)) => Ok(()),
            _ => Err(format!("it answered {status:?} to CONNECT")),
        }
    };
    timeout(limit, attempt).await.unwrap_or_else(|_| Err("it did not answer".to_owned()))
}

/// Whether a line is `host:port` as Go's dialler takes it.
pub(crate) fn is_address(line: &str) -> bool {
    line.trim().rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && !host.contains(char::is_whitespace)
            && port.parse::<u16>().is_ok_and(|port| port != 0)
            && (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')))
    })
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn addresses() {
        for good in ["127.0.0.1:46087", "localhost:1", "[::1]:65535", " 127.0.0.1:1\r"] {
            assert!(is_address(good), "{good}");
        }
        for bad in
            ["", "hello", "127.0.0.1", "127.0.0.1:0", ":80", "::1:80", "listening on 127.0.0.1:80", "a:b"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
