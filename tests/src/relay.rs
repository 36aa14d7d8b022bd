//! A relay between a driver and its provider, for defects in how the driver talks to it.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};

use machine_driver::{BoxFuture, Error, ErrorKind, Result};
use serde_json::{Map, Value};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

/// What a defective driver makes of the provider's answers.
pub(crate) trait Answers: Send + Sync + fmt::Debug {
    /// The answer to a request; empty if there is none.
    fn answer<'a>(&'a self, request: Request, provider: &'a Provider) -> BoxFuture<'a, Vec<u8>>;
}

/// The provider behind a relay: host and port.
#[derive(Debug)]
pub(crate) struct Provider(String);

impl Provider {
    /// The provider's answer; empty if there is none.
    pub(crate) async fn send(&self, request: &Request) -> Vec<u8> {
        let mut answer = Vec::new();
        let exchange = async {
            let mut stream = TcpStream::connect(&self.0).await?;
            stream.write_all(&request.bytes()).await?;
            stream.read_to_end(&mut answer).await
        };
        // What came before the connection broke is passed on.
        let _ = exchange.await;
        answer
    }
}

/// A relay; it ends with the value.
#[derive(Debug)]
struct Relay {
    /// URL of the provider.
    provider: String,
    /// URL that the driver is given instead.
    url: String,
    accepting: AbortHandle,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Relay {
    /// Starts a relay to the provider at `provider`, an `http` URL.
    async fn start(answers: Arc<dyn Answers>, provider: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let authority = provider.trim_start_matches("http://").trim_end_matches('/');
        let behind = Arc::new(Provider(authority.to_owned()));
        let accepting = tokio::spawn(accept(listener, answers, behind)).abort_handle();
        Ok(Self { provider: provider.to_owned(), url, accepting })
    }
}

/// The way of one driver to its provider: through a relay that the host does not see.
#[derive(Debug, Default)]
pub(crate) struct Detour(Mutex<Option<Relay>>);

impl Detour {
    /// The URL that the driver is given for the provider at `endpoint`.
    ///
    /// # Errors
    /// If the relay cannot listen on loopback.
    pub(crate) async fn through(&self, endpoint: &str, answers: Arc<dyn Answers>) -> Result<String> {
        // An endpoint that makes no sense is the driver's to refuse.
        let address = endpoint.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        if address.is_none_or(|address| address.parse::<SocketAddr>().is_err()) {
            return Ok(endpoint.to_owned());
        }
        let relay = Relay::start(answers, endpoint)
            .await
            .map_err(|error| Error::new(ErrorKind::Io, format!("no relay to the provider: {error}")))?;
        let url = relay.url.clone();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(relay);
        Ok(url)
    }

    /// The driver's record as the host sees it.
    pub(crate) fn outward(&self, json: Vec<u8>) -> Vec<u8> {
        let relay = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(relay) = relay.as_ref() else { return json };
        String::from_utf8_lossy(&json).replace(&relay.url, &relay.provider).into_bytes()
    }

    /// The host's record as the driver is given it.
    ///
    /// # Errors
    /// If the relay cannot listen on loopback.
    pub(crate) async fn inward(&self, json: Vec<u8>, answers: Arc<dyn Answers>) -> Result<Vec<u8>> {
        let mut record: Map<String, Value> = serde_json::from_slice(&json).unwrap_or_default();
        let endpoint = record.get("Endpoint").and_then(Value::as_str).unwrap_or_default();
        let (endpoint, url) = (endpoint.to_owned(), self.through(endpoint, answers).await?);
        if endpoint == url {
            return Ok(json);
        }
        record.insert("Endpoint".to_owned(), url.into());
        Ok(serde_json::to_vec(&record).unwrap_or_default())
    }
}

async fn accept(listener: TcpListener, answers: Arc<dyn Answers>, provider: Arc<Provider>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (answers, provider) = (Arc::clone(&answers), Arc::clone(&provider));
        // A connection that breaks is the driver's to report.
        connections.spawn(async move { serve(stream, answers.as_ref(), &provider).await });
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, answers: &dyn Answers, provider: &Provider) -> io::Result<()> {
    let request = Request::read(&mut stream).await?;
    let mut nothing = [0];
    let answer = tokio::select! {
        answer = answers.answer(request, provider) => answer,
        // The driver has hung up.
        _ = stream.read(&mut nothing) => return Ok(()),
    };
    stream.write_all(&answer).await?;
    stream.shutdown().await
}

/// A request: one for each connection.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    async fn read(stream: &mut TcpStream) -> io::Result<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let mut body = bytes.split_off(end);
        let head = String::from_utf8_lossy(&bytes).into_owned();
        let (first, rest) = head.split_once("\r\n").unwrap_or((&head, ""));
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut length = 0;
        let mut headers = String::new();
        for line in rest.lines().filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or_default(),
                "connection" => {}
                _ => headers.push_str(&format!("{line}\r\n")),
            }
        }
        while body.len() < length {
            if stream.read_buf(&mut body).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Self { method, target, headers, body })
    }

    fn bytes(&self) -> Vec<u8> {
        let Self { method, target, headers, body } = self;
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    }

    /// Whether it has this method and a target that begins with `path`.
    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.target.starts_with(path)
    }
}

/// Status of an answer; 0 if there is none.
pub(crate) fn status(answer: &[u8]) -> u16 {
    let head = String::from_utf8_lossy(&answer[..answer.len().min(16)]).into_owned();
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

/// The same answer with a status that nobody repeats a call for.
pub(crate) fn refused(answer: &[u8]) -> Vec<u8> {
    let status = status(answer).to_string();
    replaced(answer, &format!("HTTP/1.1 {status}"), "HTTP/1.1 400")
}

/// The answer with one text replaced by another one of the same length.
pub(crate) fn replaced(answer: &[u8], old: &str, new: &str) -> Vec<u8> {
    String::from_utf8_lossy(answer).replace(old, new).into_bytes()
}
