//! One HTTP/1.1 connection that sends prepared requests, with as little work of its own as possible.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Longest time for one answer; moto needs half a minute to list ten thousand instances.
const PATIENCE: Duration = Duration::from_secs(300);
const CHUNK: usize = 64 * 1024;

/// A connection that is made again when the server closes it.
#[derive(Debug)]
pub struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// What came back.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "two facts")]
pub struct Reply<'a> {
    /// HTTP status.
    pub status: u16,
    /// The body, without chunk marks only if the server sent none.
    pub body: &'a [u8],
}

impl Connection {
    /// A connection that is opened by its first request.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, stream: None, buffer: Vec::new() }
    }

    /// Sends a whole request and reads the whole answer.
    ///
    /// # Errors
    ///
    /// The server cannot be reached, or closes the connection within an answer.
    pub fn exchange(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        let was_open = self.stream.is_some();
        let head = match self.attempt(request) {
            // The server may have closed a connection that it had kept.
            Err(_) if was_open => {
                self.stream = None;
                self.attempt(request)?
            }
            result => result?,
        };
        if head.closes {
            self.stream = None;
        }
        Ok(Reply { status: head.status, body: &self.buffer[head.length..] })
    }

    fn attempt(&mut self, request: &[u8]) -> io::Result<Head> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address)?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            self.stream = Some(stream);
        }
        let Some(stream) = &mut self.stream else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        stream.write_all(request)?;
        self.buffer.clear();
        let head = loop {
            if more(stream, &mut self.buffer)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(head) = Head::read(&self.buffer) {
                break head;
            }
        };
        while !head.is_complete(&self.buffer) {
            if more(stream, &mut self.buffer)? == 0 {
                if matches!(head.end, End::Close) {
                    break;
                }
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(head)
    }
}

fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let length = buffer.len();
    buffer.resize(length + CHUNK, 0);
    let read = stream.read(&mut buffer[length..]);
    buffer.truncate(length + *read.as_ref().unwrap_or(&0));
    read
}

/// How the end of a body is known.
#[derive(Debug)]
enum End {
    Length(usize),
    LastChunk,
    Close,
}

#[derive(Debug)]
struct Head {
    status: u16,
    length: usize,
    end: End,
    closes: bool,
}

impl Head {
    /// `None` while it is not complete.
    fn read(bytes: &[u8]) -> Option<Self> {
        let length = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&bytes[..length]).to_ascii_lowercase();
        let field = |name: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(':'));
            lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim().to_owned())
        };
        let content_length = field("content-length").and_then(|value| value.parse().ok());
        let end = match (content_length, field("transfer-encoding")) {
            (_, Some(encoding)) if encoding.contains("chunked") => End::LastChunk,
            (Some(length), _) => End::Length(length),
            (None, _) => End::Close,
        };
        Some(Self {
            status: text.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default(),
            length,
            closes: matches!(end, End::Close)
                || field("connection").map_or_else(|| text.starts_with("http/1.0"), |value| value == "close"),
            end,
        })
    }

    fn is_complete(&self, bytes: &[u8]) -> bool {
        match self.end {
            End::Length(length) => bytes.len() >= self.length + length,
            End::LastChunk => bytes.ends_with(b"0\r\n\r\n"),
            End::Close => false,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn answers(replies: &'static [&'static str]) -> SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for reply in replies {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]).unwrap();
                stream.write_all(reply.as_bytes()).unwrap();
            }
        });
        address
    }

    #[test]
    fn the_end_of_an_answer_is_found_in_three_ways() {
        let mut connection = Connection::new(answers(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
            "HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n",
            "HTTP/1.0 500 Oops\r\n\r\nuntil the end",
        ]));
        let mut next = || {
            let reply = connection.exchange(b"POST / HTTP/1.1\r\n\r\n").unwrap();
            (reply.status, String::from_utf8_lossy(reply.body).into_owned())
        };
        assert_eq!(next(), (200, "hello".to_owned()));
        assert_eq!(next(), (400, "2\r\nab\r\n0\r\n\r\n".to_owned()));
        assert_eq!(next(), (500, "until the end".to_owned()));
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        let mut connection =
            Connection::new(answers(&["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"]));
        assert!(connection.exchange(b"POST / HTTP/1.1\r\n\r\n").is_err());
    }
}
