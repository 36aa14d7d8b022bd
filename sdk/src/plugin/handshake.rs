//! From a started process to a connection with a known version (PROTOCOL sections 2, 3 and 6).

use std::{io, time::Duration};

use tokio::{
    net::TcpStream,
    time::{timeout, timeout_at},
};

use super::{
    child::Child,
    client::Client,
    host_options::HostOptions,
    host_output::FirstLine,
    lines::shortened,
    prelude,
    rpc::{self, API_VERSION, EMPTY, SERVICE_V0, SERVICE_V1},
    wire::messages::int_from_value,
};
use crate::error::{Error, ErrorKind, Result};

/// Longest first line that is waited for. No address is that long.
const MAX_ADDRESS_LINE: usize = 4096;
/// What the first line has to be.
const EXPECTED: &str = "expected the address of its RPC server, such as 127.0.0.1:40123, as the first line on \
                        standard output";
/// How long an exit status may lag behind the end of standard output.
const EXIT_LAG: Duration = Duration::from_millis(500);

/// An opened connection.
pub(super) struct Handshake {
    pub(super) client: Client,
    pub(super) service: &'static str,
    pub(super) version: i64,
    pub(super) address_line: String,
    pub(super) spawn_to_address: Duration,
}

/// Waits for the address, connects, and agrees on service name and version.
pub(super) async fn shake_hands(child: &Child, options: &HostOptions) -> Result<Handshake> {
    let address_line = address_line(child, options.address_deadline).await?;
    let spawn_to_address = child.output().started().elapsed();
    let limit = options.connect_deadline;
    let opened = async {
        let client = connect(&address_line, options).await?;
        let (service, version) = agree(&client).await?;
        Ok((client, service, version))
    };
    let (client, service, version) = timeout(limit, opened).await.unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Timeout,
            format!(
                "the plugin printed its address {address_line}, but did not answer CONNECT and GetVersion there \
                 within {:.1} s",
                limit.as_secs_f64()
            ),
        ))
    })?;
    Ok(Handshake { client, service, version, address_line, spawn_to_address })
}

async fn address_line(child: &Child, limit: Duration) -> Result<String> {
    let deadline = child.output().started() + limit;
    let mut first_line = child.output().first_line();
    let known = first_line.wait_for(|first| match first {
        FirstLine::Incomplete { length, .. } => *length > MAX_ADDRESS_LINE,
        FirstLine::Complete(_) | FirstLine::Ended { .. } => true,
    });
    let first = match timeout_at(deadline.into(), known).await {
        Ok(Ok(first)) => first.clone(),
        Ok(Err(_)) => FirstLine::Ended { start: String::new() },
        Err(_) => {
            let mut message =
                format!("the plugin printed no line within {:.1} s; {EXPECTED}", limit.as_secs_f64());
            if let FirstLine::Incomplete { start, length: 1.. } = &*child.output().first_line().borrow() {
                message.push_str(&format!("; only {start:?} without an end came"));
            }
            return Err(Error::new(ErrorKind::Timeout, message));
        }
    };
    match first {
        FirstLine::Complete(line) => {
            let address = line.trim();
            match is_address(address) {
                true => Ok(address.to_owned()),
                false => Err(Error::new(
                    ErrorKind::Protocol,
                    format!("the plugin printed {:?}; {EXPECTED}", shortened(&line)),
                )),
            }
        }
        FirstLine::Incomplete { start, length } => Err(Error::new(
            ErrorKind::Protocol,
            format!("the plugin's first line has no end after {length} bytes: {start:?}; {EXPECTED}"),
        )),
        FirstLine::Ended { start } => {
            let what = match child.wait_exit(EXIT_LAG).await {
                Some(status) => format!("the plugin ended ({status}) before it printed its address"),
                None => "the plugin closed its standard output before it printed its address".to_owned(),
            };
            let rest = if start.is_empty() {
                String::new()
            } else {
                format!("; only {start:?} without an end came")
            };
            Err(Error::new(ErrorKind::Protocol, format!("{what}; {EXPECTED}{rest}")))
        }
    }
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port != 0))
}

async fn connect(address: &str, options: &HostOptions) -> Result<Client> {
    // As in Go, an address without host means this machine.
    let dialled = if address.starts_with(':') { format!("127.0.0.1{address}") } else { address.to_owned() };
    let mut stream = TcpStream::connect(&dialled).await.map_err(|error| {
        Error::new(
            ErrorKind::Connection,
            format!("nothing answers at {address}, the address that the plugin printed"),
        )
        .with_source(&error)
    })?;
    stream.set_nodelay(true)?;
    let already_read = prelude::connect(&mut stream).await.map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => ErrorKind::Protocol,
            _ => ErrorKind::Connection,
        };
        Error::new(kind, format!("no RPC server at {address}: {error}"))
    })?;
    let (reader, writer) = stream.into_split();
    Ok(Client::new(reader, writer, &already_read, options.limits))
}

/// Asks for the version under the usual service name, and then under the oldest one.
async fn agree(client: &Client) -> Result<(&'static str, i64)> {
    let mut refusals = Vec::new();
    for service in [SERVICE_V1, SERVICE_V0] {
        let method = format!("{service}.GetVersion");
        let reply = client.call(&method, &EMPTY, &rpc::empty()).await;
        let problem = match reply.as_ref().map(int_from_value) {
            Ok(Ok(API_VERSION)) => return Ok((service, API_VERSION)),
            Ok(Ok(version)) => {
                return Err(Error::new(
                    ErrorKind::Protocol,
                    format!(
                        "Driver binary uses an incompatible API version ({version}); this host speaks version \
                         {API_VERSION}"
                    ),
                ));
            }
            Ok(Err(error)) => format!("reading body {error}"),
            Err(error) => error.to_string(),
        };
        refusals.push(format!("{method}: {problem}"));
    }
    Err(Error::new(
        ErrorKind::Protocol,
        format!(
            "the plugin does not tell its API version under either service name ({})",
            refusals.join("; ")
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_port() {
        for good in ["127.0.0.1:1", "[::1]:65535", "localhost:80", ":80"] {
            assert!(is_address(good), "{good}");
        }
        for bad in
            ["", "hello", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:http"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
