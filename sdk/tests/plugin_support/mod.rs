//! What the tests of the plugin protocol share.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part")]

use std::{path::Path, time::Duration};

use machine_driver::{
    plugin::{
        Host, HostOptions,
        wire::{Decoder, Encoder, Limits, Type, Value, messages},
    },
    wait::{Wait, Waits},
};
use rustix::process::{Pid, test_kill_process};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Long enough for the slowest machine; no test that passes waits for it.
pub const LONG: Duration = Duration::from_secs(60);

const PREDICATE: Wait = Wait::new("a condition of the test", LONG, Duration::from_millis(2));

/// Options for the test plugin, misbehaving as `script` says; empty for a good one.
pub fn peer(script: &str) -> HostOptions {
    HostOptions::new(env!("CARGO_BIN_EXE_machine-driver-test-plugin"))
        .env("PEER", script)
        // Backtraces of panics that a test asks for take longer than all the rest.
        .env("RUST_BACKTRACE", "0")
}

pub async fn spawn(options: HostOptions) -> Host {
    Host::spawn(options).await.unwrap()
}

/// Waits until `condition` holds; fails the test if it never does.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let met = Waits::default()
        .until(&PREDICATE, || {
            let met = condition();
            async move { Ok(met.then_some(())) }
        })
        .await;
    assert!(met.is_ok(), "never true: {what}");
}

/// Whether there is a process with this id, even one that only waits to be reaped.
pub fn exists(pid: u32) -> bool {
    test_kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap()).is_ok()
}

pub async fn assert_gone(pid: u32) {
    eventually(&format!("process {pid} is gone"), || !exists(pid)).await;
}

/// The process id that a plugin wrote to the file named by `PEER_PID_FILE`.
pub fn pid_in(file: &Path) -> u32 {
    std::fs::read_to_string(file).unwrap().parse().unwrap()
}

/// A host that sends what it likes.
pub struct RawHost<S> {
    pub stream: S,
    encoder: Encoder,
    decoder: Decoder,
    next_seq: u64,
}

/// An answer as it was on the wire.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub method: String,
    pub seq: u64,
    pub error: String,
    pub value: Value,
}

impl<S: AsyncRead + AsyncWrite + Unpin> RawHost<S> {
    /// Opens a connection.
    pub async fn connect(mut stream: S) -> Self {
        stream.write_all(b"CONNECT /_goRPC_ HTTP/1.0\n\n").await.unwrap();
        let mut response = [0; 34];
        stream.read_exact(&mut response).await.unwrap();
        assert_eq!(&response, b"HTTP/1.0 200 Connected to Go RPC\n\n");
        Self { stream, encoder: messages::encoder(), decoder: Decoder::new(Limits::default()), next_seq: 0 }
    }

    /// Sends a call with the empty argument.
    pub async fn send(&mut self, method: &str) -> u64 {
        self.send_value(method, &Type::structure("", []), &Value::Struct(Vec::new())).await
    }

    pub async fn send_value(&mut self, method: &str, of: &Type, value: &Value) -> u64 {
        self.try_send(method, of, value).await.unwrap()
    }

    /// Sends a call, unless the plugin has hung up.
    pub async fn try_send(&mut self, method: &str, of: &Type, value: &Value) -> std::io::Result<u64> {
        let seq = self.next_seq;
        self.next_seq += 1;
        let header = Value::structure([
            ("ServiceMethod", Value::String(method.to_owned())),
            ("Seq", Value::Uint(seq)),
        ]);
        let header_type = Type::structure("Request", [("ServiceMethod", Type::String), ("Seq", Type::Uint)]);
        let mut bytes = Vec::new();
        self.encoder.encode(&header_type, &header, &mut bytes).unwrap();
        self.encoder.encode(of, value, &mut bytes).unwrap();
        self.stream.write_all(&bytes).await?;
        Ok(seq)
    }

    /// The next answer; `None` if the plugin hung up.
    pub async fn answer(&mut self) -> Option<Answer> {
        let header = self.value().await?;
        let value = self.value().await.expect("a value behind the header");
        let text = |field| match header.field(field) {
            Some(Value::String(text)) => text.clone(),
            None => String::new(),
            other => panic!("{other:?}"),
        };
        let seq = match header.field("Seq") {
            Some(Value::Uint(seq)) => *seq,
            None => 0,
            other => panic!("{other:?}"),
        };
        Some(Answer { method: text("ServiceMethod"), seq, error: text("Error"), value })
    }

    /// Calls a method with the empty argument and waits for its answer.
    pub async fn call(&mut self, method: &str) -> Answer {
        let seq = self.send(method).await;
        let answer = self.answer().await.expect("an answer");
        assert_eq!((answer.seq, answer.method.as_str()), (seq, method));
        answer
    }

    async fn value(&mut self) -> Option<Value> {
        loop {
            if let Some(decoded) = self.decoder.next().unwrap() {
                return Some(decoded.value);
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk).await {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.decoder.push(&chunk[..count]),
            }
        }
    }
}
