//! What real hosts sent to real plugins, sent to ours: every call must be answered.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::tests_outside_test_module)]

#[path = "plugin_peer/sleepy.rs"]
#[allow(dead_code, reason = "its options are for real hosts")]
mod sleepy;

use std::{collections::BTreeMap, path::Path, sync::Arc};

use machine_driver::{
    Hosted, Log,
    plugin::{
        Exit, ServeOptions, serve_connection,
        wire::{Decoder, Limits, Value},
    },
    wait::Waits,
};
use sleepy::Sleepy;
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

/// Header of a call, or of an answer.
#[derive(Debug, PartialEq)]
struct Header {
    method: String,
    error: String,
    /// Where its bytes start.
    offset: usize,
}

#[tokio::test]
async fn every_recorded_call_is_answered() {
    let sessions = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/sessions");
    let mut count = 0;
    for session in std::fs::read_dir(sessions).unwrap() {
        let session = session.unwrap().path();
        let sent = bytes_of(&session.join("c2s.hex"));
        let recorded = headers(&bytes_of(&session.join("s2c.hex")), 34);
        let calls = headers(&sent, 27);
        let answers = replay(&sent, &calls).await;
        assert_eq!(answers.len(), calls.len(), "{}", session.display());
        for (seq, call) in &calls {
            let answer = &answers[seq];
            assert_eq!(answer.method, call.method, "{} {seq}", session.display());
            // What the driver itself says is another driver's here; what net/rpc says is the same everywhere.
            let said = recorded.get(seq).map_or("", |header| &header.error);
            if said.starts_with("rpc: ") && implemented(&call.method) {
                assert_eq!(answer.error, said, "{} {seq}", session.display());
            } else {
                assert!(
                    !answer.error.starts_with("rpc: ") && !answer.error.starts_with("gob: "),
                    "{answer:?}"
                );
            }
        }
        count += 1;
    }
    assert!(count >= 20, "only {count} sessions found");
}

/// Whether the recorded plugins offered all that ours does for this call: they were of several ages.
fn implemented(method: &str) -> bool {
    !method.ends_with(".GetIPv6") && !method.ends_with("ServerDriver.GetVersion")
}

/// Feeds a whole session at once, but for a final `Close`, which waits for the other answers as hosts do; returns the
/// answers by number.
async fn replay(sent: &[u8], calls: &BTreeMap<u64, Header>) -> BTreeMap<u64, Header> {
    let driver = Arc::new(Hosted::new(Sleepy::default(), Log::discard(), Waits::default()));
    let (mut host, plugin) = duplex(1024);
    let mut options = ServeOptions::default();
    options.log = Log::discard();
    let server = tokio::spawn(serve_connection(driver, plugin, options));
    let (mut reader, mut writer) = tokio::io::split(&mut host);
    let close = calls.values().find(|call| call.method.ends_with(".Close"));
    let (others, rest) = sent.split_at(close.map_or(sent.len(), |close| close.offset));
    let awaited = calls.len() - usize::from(close.is_some());
    let mut bytes = Vec::new();
    let read = async {
        while bytes.len() < 34 || headers(&bytes, 34).len() < awaited {
            let mut chunk = [0; 4096];
            match reader.read(&mut chunk).await.unwrap() {
                0 => break,
                count => bytes.extend_from_slice(&chunk[..count]),
            }
        }
    };
    let (write, ()) = tokio::join!(writer.write_all(others), read);
    write.unwrap();
    if close.is_some() {
        writer.write_all(rest).await.unwrap();
        reader.read_to_end(&mut bytes).await.unwrap();
    }
    drop(host);
    let expected = if close.is_some() { Exit::Closed } else { Exit::HostGone };
    assert_eq!(server.await.unwrap().unwrap(), expected);
    headers(&bytes, 34)
}

/// The headers of a stream behind its prelude, by number; those with a body only.
fn headers(bytes: &[u8], prelude: usize) -> BTreeMap<u64, Header> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(&bytes[prelude..]);
    let mut headers = BTreeMap::new();
    while let Some(header) = decoder.next().unwrap() {
        if decoder.next().unwrap().is_none() {
            break;
        }
        let offset = prelude + usize::try_from(header.messages[0].offset).unwrap();
        let text = |field| match header.value.field(field) {
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        };
        let seq = match header.value.field("Seq") {
            Some(Value::Uint(seq)) => *seq,
            _ => 0,
        };
        headers.insert(seq, Header { method: text("ServiceMethod"), error: text("Error"), offset });
    }
    headers
}

fn bytes_of(file: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(file).unwrap();
    let digits: Vec<_> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
