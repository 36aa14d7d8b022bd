//! The HTTP exchange that opens a connection (PROTOCOL section 3).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What hosts send: 27 bytes, without headers.
const REQUEST: &[u8] = b"CONNECT /_goRPC_ HTTP/1.0\n\n";
/// What plugins answer: 34 bytes.
const RESPONSE: &[u8] = b"HTTP/1.0 200 Connected to Go RPC\n\n";
/// Hosts compare the status text.
const STATUS: &str = "200 Connected to Go RPC";
const PATH: &str = "/_goRPC_";
/// Longest request or response head.
const MAX_HEAD: usize = 8 * 1024;

/// Opens a connection as the host; returns what the plugin sent after its response.
///
/// # Errors
/// `InvalidData` with what came instead of the response; `UnexpectedEof` if the plugin hung up; other I/O errors.
pub(super) async fn connect(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Vec<u8>> {
    stream.write_all(REQUEST).await?;
    let (head, rest) = read_head(stream, false).await?.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the plugin closed the connection without answering CONNECT",
        )
    })?;
    let line = first_line(&head);
    match line.split_once(' ') {
        Some((version, STATUS)) if version.starts_with("HTTP/1.") => Ok(rest),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("expected the answer \"HTTP/1.0 {STATUS}\" to CONNECT, but {line:?} came"),
        )),
    }
}

/// Answers a peer as the plugin does. Returns the bytes after the request if the peer is a host, and `None` if it
/// was something else and got its HTTP error, or hung up.
///
/// # Errors
/// I/O errors of the stream.
pub(super) async fn accept(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> io::Result<Option<Vec<u8>>> {
    let refusal = match read_head(stream, true).await {
        Ok(None) => return Ok(None),
        Ok(Some((head, rest))) => match refusal(first_line(&head)) {
            None => {
                stream.write_all(RESPONSE).await?;
                return Ok(Some(rest));
            }
            Some(refusal) => refusal,
        },
        Err(error) if error.kind() == io::ErrorKind::InvalidData => BAD_REQUEST,
        Err(error) => return Err(error),
    };
    let (status, body) = refusal;
    let answer = format!(
        "HTTP/1.0 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(None)
}

const BAD_REQUEST: (&str, &str) = ("400 Bad Request", "400 Bad Request");

/// Status and body for a request line that does not open a connection.
fn refusal(line: &str) -> Option<(&'static str, &'static str)> {
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some(method), Some(path), Some(version), None) if version.starts_with("HTTP/1.") => {
            if path != PATH {
                Some(("404 Not Found", "404 page not found\n"))
            } else if method != "CONNECT" {
                Some(("405 Method Not Allowed", "405 must CONNECT\n"))
            } else {
                None
            }
        }
        _ => Some(BAD_REQUEST),
    }
}

/// Reads up to the empty line after the headers: the head, and the bytes behind it. `None` if nothing came at all.
///
/// # Errors
/// `InvalidData` if the head has no end within [`MAX_HEAD`] bytes or (`is_request`) starts with bytes that no HTTP
/// request starts with, so that a peer that speaks something else is not waited for.
async fn read_head(
    stream: &mut (impl AsyncRead + Unpin),
    is_request: bool,
) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 1024];
    loop {
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            return match bytes.is_empty() {
                true => Ok(None),
                false => Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("the connection ended within the HTTP head {:?}", first_line(&bytes)),
                )),
            };
        }
        bytes.extend_from_slice(&chunk[..count]);
        if let Some(end) = head_end(&bytes) {
            let rest = bytes.split_off(end);
            return Ok(Some((bytes, rest)));
        }
        let garbage = is_request && !bytes[0].is_ascii_uppercase();
        if garbage || bytes.len() > MAX_HEAD {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("expected an HTTP head, but {:?} came", first_line(&bytes)),
            ));
        }
    }
}

/// Position after the empty line; lines end in LF or CRLF.
fn head_end(bytes: &[u8]) -> Option<usize> {
    bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).find_map(|start| {
        match &bytes[start..] {
            [b'\n', ..] => Some(start + 1),
            [b'\r', b'\n', ..] => Some(start + 2),
            _ => None,
        }
    })
}

/// The first line as text, shortened to what fits into an error message.
fn first_line(head: &[u8]) -> &str {
    const SHOWN: usize = 200;
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = &line[..line.len().min(SHOWN)];
    let line = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&line[..error.valid_up_to()]).unwrap_or_default(),
    };
    line.strip_suffix('\r').unwrap_or(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    async fn host_meets(answer: &[u8]) -> io::Result<Vec<u8>> {
        let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(answer).await.unwrap();
        theirs.shutdown().await.unwrap();
        connect(&mut ours).await
    }

    async fn plugin_meets(request: &[u8]) -> (Option<Vec<u8>>, String) {
        let (mut ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(request).await.unwrap();
        theirs.shutdown().await.unwrap();
        let rest = accept(&mut ours).await.unwrap();
        drop(ours);
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).await.unwrap();
        (rest, answer)
    }

    #[tokio::test]
    async fn both_ends_understand_each_other() {
        let (mut ours, mut theirs) = tokio::io::duplex(64);
        let (host, plugin) = tokio::join!(connect(&mut ours), accept(&mut theirs));
        assert_eq!(host.unwrap(), b"");
        assert_eq!(plugin.unwrap().unwrap(), b"");
    }

    #[tokio::test]
    async fn a_host_accepts_every_form_that_go_accepts() {
        for answer in [
            "HTTP/1.0 200 Connected to Go RPC\n\nrest",
            "HTTP/1.1 200 Connected to Go RPC\r\n\r\nrest",
            "HTTP/1.1 200 Connected to Go RPC\r\nServer: x\r\n\r\nrest",
        ] {
            assert_eq!(host_meets(answer.as_bytes()).await.unwrap(), b"rest", "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_host_names_what_it_did_not_expect() {
        for (answer, shown) in [
            ("HTTP/1.0 200 OK\n\n", "200 OK"),
            ("SSH-2.0-OpenSSH\r\n\r\n", "SSH-2.0"),
            ("HTTP/1.0 200 Connected to Go", "ended within"),
            ("", "without answering"),
        ] {
            let error = host_meets(answer.as_bytes()).await.unwrap_err().to_string();
            assert!(error.contains(shown), "{answer:?}: {error}");
        }
        let endless = host_meets(&[b'x'; 20_000]).await.unwrap_err();
        assert_eq!(endless.kind(), io::ErrorKind::InvalidData);
    }

    #[tokio::test]
    async fn a_plugin_takes_every_form_of_connect() {
        for request in [
            "CONNECT /_goRPC_ HTTP/1.0\n\nrest",
            "CONNECT /_goRPC_ HTTP/1.1\r\n\r\nrest",
            "CONNECT /_goRPC_ HTTP/1.1\r\nHost: x\r\n\r\nrest",
        ] {
            let (rest, answer) = plugin_meets(request.as_bytes()).await;
            assert_eq!(rest.unwrap(), b"rest", "{request:?}");
            assert_eq!(answer.as_bytes(), RESPONSE);
        }
    }

    #[tokio::test]
    async fn a_plugin_answers_others_with_http_errors() {
        for (request, status) in [
            ("GET /_goRPC_ HTTP/1.0\n\n", "405 Method Not Allowed"),
            ("CONNECT /other HTTP/1.0\n\n", "404 Not Found"),
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found"),
            ("HELLO\n\n", "400 Bad Request"),
            ("CONNECT /_goRPC_", "400 Bad Request"),
            ("\u{0}\u{1}garbage", "400 Bad Request"),
        ] {
            let (rest, answer) = plugin_meets(request.as_bytes()).await;
            assert_eq!(rest, None, "{request:?}");
            assert!(answer.starts_with(&format!("HTTP/1.0 {status}\r\n")), "{request:?}: {answer:?}");
        }
        assert_eq!(plugin_meets(b"").await, (None, String::new()));
    }
}
