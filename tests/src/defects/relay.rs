//! A relay between the driver and its provider, for defects in how the driver talks to it.

use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};

use super::Defect;

/// Repetitions of a driver that repeats without a pause, and the time that one takes at least.
const TIGHT_LOOP: (usize, Duration) = (1000, Duration::from_millis(5));

/// A relay; it ends with the value.
#[derive(Debug)]
pub(super) struct Relay {
    /// URL of the provider.
    pub(super) provider: String,
    /// URL that the driver is given instead.
    pub(super) url: String,
    state: Arc<State>,
    accepting: AbortHandle,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// What the driver is doing, as far as the defects depend on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase {
    /// The running method.
    method: &'static str,
    /// Id of the machine's key.
    key_id: String,
    /// Whether the order of the server failed.
    order_failed: bool,
    /// The answer to everything, once the driver has given up.
    given_up: Option<Vec<u8>>,
}

impl Phase {
    pub(super) fn new(method: &'static str, key_id: String) -> Self {
        Self {
            method,
            key_id,
            ..Self::default()
        }
    }
}

#[derive(Debug)]
struct State {
    defect: Defect,
    provider: String,
    phase: Mutex<Phase>,
}

impl Relay {
    /// Starts a relay to the provider at `provider`, an `http` URL.
    pub(super) async fn start(defect: Defect, provider: &str) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(State {
            defect,
            provider: provider
                .trim_start_matches("http://")
                .trim_end_matches('/')
                .to_owned(),
            phase: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state))).abort_handle();
        Ok(Self {
            provider: provider.to_owned(),
            url,
            state,
            accepting,
        })
    }

    /// Says what the driver begins to do.
    pub(super) fn begin(&self, phase: Phase) {
        *self.state.phase.lock().unwrap_or_else(PoisonError::into_inner) = phase;
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let state = Arc::clone(&state);
        // A connection that breaks is the driver's to report.
        connections.spawn(async move { state.serve(stream).await });
        while connections.try_join_next().is_some() {}
    }
}

/// A request: one for each connection.
#[derive(Clone)]
struct Request {
    method: String,
    target: String,
    headers: String,
    body: Vec<u8>,
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
        Ok(Self {
            method,
            target,
            headers,
            body,
        })
    }

    fn bytes(&self) -> Vec<u8> {
        let Self {
            method,
            target,
            headers,
            body,
        } = self;
        let length = body.len();
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    }

    fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.target.starts_with(path)
    }
}

impl State {
    fn phase(&self) -> std::sync::MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        let request = Request::read(&mut stream).await?;
        let mut nothing = [0];
        let answer = tokio::select! {
            answer = self.answer(request) => answer,
            // The driver has hung up.
            _ = stream.read(&mut nothing) => return Ok(()),
        };
        stream.write_all(&answer).await?;
        stream.shutdown().await
    }

    /// The provider's answer; empty if there is none.
    async fn send(&self, request: &Request) -> Vec<u8> {
        let mut answer = Vec::new();
        let exchange = async {
            let mut stream = TcpStream::connect(&self.provider).await?;
            stream.write_all(&request.bytes()).await?;
            stream.read_to_end(&mut answer).await
        };
        // What came before the connection broke is passed on.
        let _ = exchange.await;
        answer
    }

    /// What the driver makes of the provider's answer.
    async fn answer(&self, request: Request) -> Vec<u8> {
        match self.defect {
            Defect::ThrottledCallIsNotRepeated => {
                let answer = self.send(&request).await;
                if status(&answer) == 429 {
                    refused(&answer)
                } else {
                    answer
                }
            }
            Defect::FailedReadIsNotRepeated => {
                let answer = self.send(&request).await;
                if request.method == "GET" && status(&answer) >= 500 {
                    refused(&answer)
                } else {
                    answer
                }
            }
            Defect::RepeatsInATightLoop => {
                let (times, pause) = TIGHT_LOOP;
                let mut answer = self.send(&request).await;
                for _ in 0..times {
                    if status(&answer) != 429 {
                        break;
                    }
                    tokio::time::sleep(pause).await;
                    answer = self.send(&request).await;
                }
                answer
            }
            Defect::LostOrderIsPlacedAnew => {
                let answer = self.send(&request).await;
                if request.is("POST", "/v1/servers") && answer.is_empty() {
                    return self.send(&renamed(request)).await;
                }
                answer
            }
            Defect::FailedCreateKeepsItsKey => self.keep_the_key(request).await,
            Defect::RemoveStopsAtTheFirstError => self.delete_the_key_first(request).await,
            Defect::OnlyTheFirstPageIsRead
                if request.is("GET", "/v1/") && request.target.contains("name=") =>
            {
                let all = Request {
                    target: request.target.split('?').next().unwrap_or_default().to_owned(),
                    ..request
                };
                // Another name of the field, of the same length.
                replaced(&self.send(&all).await, "\"next_page\"", "\"next_pagE\"")
            }
            Defect::LateObjectFailsCreate if request.method == "GET" && self.phase().method == "Create" => {
                let answer = self.send(&request).await;
                if status(&answer) == 404 {
                    refused(&answer)
                } else {
                    answer
                }
            }
            _ => self.send(&request).await,
        }
    }

    /// A roll-back that forgets the key, and a Remove that does not look for one.
    async fn keep_the_key(&self, request: Request) -> Vec<u8> {
        let phase = self.phase().clone();
        if request.is("DELETE", "/v1/keys/") && phase.method == "Create" && phase.order_failed {
            return b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec();
        }
        let answer = self.send(&request).await;
        if request.is("POST", "/v1/servers") {
            self.phase().order_failed = !(200..300).contains(&status(&answer));
        }
        if request.is("GET", "/v1/keys?") && phase.method == "Remove" {
            // Nothing in the list has the name that is looked for.
            return replaced(&answer, "machine-", "nothing-");
        }
        answer
    }

    /// A Remove that begins with the key, and ends if that fails.
    async fn delete_the_key_first(&self, request: Request) -> Vec<u8> {
        let phase = self.phase().clone();
        if let Some(answer) = phase.given_up {
            return answer;
        }
        if request.is("DELETE", "/v1/servers/") && phase.method == "Remove" && !phase.key_id.is_empty() {
            let key = Request {
                target: format!("/v1/keys/{}", phase.key_id),
                ..request.clone()
            };
            let answer = self.send(&key).await;
            if status(&answer) >= 500 {
                self.phase().given_up = Some(answer.clone());
                return answer;
            }
        }
        self.send(&request).await
    }
}

/// Status of an answer; 0 if there is none.
fn status(answer: &[u8]) -> u16 {
    let head = String::from_utf8_lossy(&answer[..answer.len().min(16)]).into_owned();
    head.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_default()
}

/// The same answer with a status that nobody repeats a call for.
fn refused(answer: &[u8]) -> Vec<u8> {
    let status = status(answer).to_string();
    replaced(answer, &format!("HTTP/1.1 {status}"), "HTTP/1.1 400")
}

/// The answer with one text replaced by another one of the same length.
fn replaced(answer: &[u8], old: &str, new: &str) -> Vec<u8> {
    String::from_utf8_lossy(answer).replace(old, new).into_bytes()
}

/// The order of a server under another name, as if it were the first one.
fn renamed(request: Request) -> Request {
    let mut order: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let name = order["name"].as_str().unwrap_or_default().to_owned();
    order["name"] = format!("{name}-anew").into();
    order["idempotency_key"] = format!("{name}-anew").into();
    Request {
        body: order.to_string().into_bytes(),
        ..request
    }
}
