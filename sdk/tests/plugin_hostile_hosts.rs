//! The plugin server against hosts and strangers that send what they like.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::tests_outside_test_module)]

#[path = "plugin_peer/sleepy.rs"]
#[allow(dead_code, reason = "its options are for real hosts")]
mod sleepy;

mod plugin_support;

use std::{process::Stdio, sync::Arc, time::Duration};

use machine_driver::{
    ErrorKind, Hosted, Log, Result,
    plugin::{
        Exit, ServeOptions, serve_connection,
        wire::{Type, Value},
    },
    wait::Waits,
};
use plugin_support::{LONG, RawHost};
use sleepy::Sleepy;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
    net::TcpStream,
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

/// A server in memory.
fn server() -> (DuplexStream, JoinHandle<Result<Exit>>) {
    server_with(ServeOptions::default(), 64 * 1024)
}

fn server_with(mut options: ServeOptions, buffer: usize) -> (DuplexStream, JoinHandle<Result<Exit>>) {
    options.log = Log::discard();
    let (ours, theirs) = duplex(buffer);
    let driver = Arc::new(Hosted::new(Sleepy::default(), Log::discard(), Waits::default()));
    (ours, tokio::spawn(serve_connection(driver, theirs, options)))
}

async fn end(server: JoinHandle<Result<Exit>>) -> Result<Exit> {
    timeout(LONG, server).await.unwrap().unwrap()
}

#[tokio::test]
async fn unknown_names_and_odd_arguments_are_answered_in_go_s_words() {
    let (stream, server) = server();
    let mut host = RawHost::connect(stream).await;
    for (method, text) in [
        ("RPCServerDriver.Upgrade", "rpc: can't find method RPCServerDriver.Upgrade"),
        ("RpcServerDriver.Upgrade", "rpc: can't find method RpcServerDriver.Upgrade"),
        ("NoSuchService.X", "rpc: can't find service NoSuchService.X"),
        ("noDot", "rpc: service/method request ill-formed: noDot"),
    ] {
        let answer = host.call(method).await;
        assert_eq!((answer.error.as_str(), answer.value), (text, Value::Struct(vec![])));
    }
    for (method, of, value, text) in [
        (
            "SetConfigRaw",
            Type::String,
            Value::String("{}".into()),
            "gob: decoding into local type *[]uint8, received remote type string",
        ),
        (
            "Create",
            Type::Int,
            Value::Int(1),
            "gob: decoding into local type *struct {}, received remote type int",
        ),
        (
            "SetConfigFromFlags",
            Type::Interface,
            Value::interface("int64", Value::Int(1)),
            "gob: name not registered for interface: \"int64\"",
        ),
    ] {
        host.send_value(&format!("RPCServerDriver.{method}"), &of, &value).await;
        assert_eq!(host.answer().await.unwrap().error, text);
    }
    // None of them harmed the connection.
    assert_eq!(host.call("RPCServerDriver.GetVersion").await.value, Value::Int(1));
    drop(host);
    assert_eq!(end(server).await.unwrap(), Exit::HostGone);
}

#[tokio::test]
async fn both_service_names_and_both_names_of_the_options_work() {
    let (stream, server) = server();
    let mut host = RawHost::connect(stream).await;
    for (service, name, bed) in [
        ("RPCServerDriver", "*rpcdriver.RPCFlags", "new"),
        ("RpcServerDriver", "*rpcdriver.RpcFlags", "old"),
        ("RpcServerDriver", "*rpcdriver.RPCFlags", "mixed"),
    ] {
        assert_eq!(host.call(&format!("{service}.GetVersion")).await.value, Value::Int(1));
        let entry =
            |key: &str, name: &str, value| (Value::String(key.to_owned()), Value::interface(name, value));
        let values = Value::Map(vec![
            entry("sleepy-bed", "string", Value::String(bed.to_owned())),
            entry("sleepy-tag", "[]string", Value::Slice(vec![Value::String(bed.to_owned())])),
        ]);
        let options = Value::interface(name, Value::structure([("Values", values)]));
        host.send_value(&format!("{service}.SetConfigFromFlags"), &Type::Interface, &options).await;
        assert_eq!(host.answer().await.unwrap().error, "");
        let Value::Bytes(record) = host.call(&format!("{service}.GetConfigRaw")).await.value else {
            panic!()
        };
        let record = String::from_utf8(record).unwrap();
        assert!(record.contains(&format!(r#""Tags":["{bed}"]"#)), "{record}");
    }
    assert_eq!(host.call("RPCServerDriver.Close").await.error, "");
    assert_eq!(end(server).await.unwrap(), Exit::Closed);
    assert_eq!(host.answer().await, None);
}

#[tokio::test]
async fn a_plugin_never_speaks_before_the_first_call() {
    let (mut stream, server) = server();
    // Even if everything comes in one piece.
    stream.write_all(b"CONNECT /_goRPC_ HTTP/1.0\n\n").await.unwrap();
    let mut response = [0; 34];
    stream.read_exact(&mut response).await.unwrap();
    let mut rest = [0; 1];
    assert!(timeout(Duration::from_millis(50), stream.read(&mut rest)).await.is_err());
    drop(stream);
    assert_eq!(end(server).await.unwrap(), Exit::HostGone);
}

#[tokio::test]
async fn what_is_not_the_protocol_ends_the_connection() {
    for bytes in [
        &[0xff; 300][..],
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: a scanner that does not wait for answers\r\n\r\n",
        // A message of 8 EiB.
        &[0xf8, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        // A string where a header must be.
        &[5, 12, 0, 2, b'h', b'i'],
    ] {
        let (stream, server) = server();
        let mut host = RawHost::connect(stream).await;
        host.stream.write_all(bytes).await.unwrap();
        let error = end(server).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{bytes:?}");
        assert!(
            error.to_string().contains("the host sent something that is not the plugin protocol"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn an_argument_that_is_no_gob_is_answered_before_the_end() {
    let (stream, server) = server();
    let mut host = RawHost::connect(stream).await;
    assert_eq!(host.call("RPCServerDriver.GetVersion").await.seq, 0);
    // The header of a call, as the second message of this type: type id 66 as sent before, and two fields.
    let mut bytes = Vec::new();
    let header = [&[1, 5][..], b"a.Get", &[1, 1, 0]].concat();
    bytes.push(header.len() as u8 + 2);
    bytes.extend([0xff, 130]);
    bytes.extend(header);
    bytes.extend([2, 0xff, 0xff]);
    host.stream.write_all(&bytes).await.unwrap();
    let answer = host.answer().await.unwrap();
    assert_eq!((answer.seq, answer.method.as_str()), (1, "a.Get"));
    assert!(answer.error.starts_with("gob: "), "{}", answer.error);
    assert_eq!(end(server).await.unwrap_err().kind(), ErrorKind::Protocol);
}

#[tokio::test]
async fn half_messages_end_with_their_connection() {
    let mut whole = Vec::new();
    {
        let (ours, mut theirs) = duplex(64 * 1024);
        let answerer = async {
            theirs.read_exact(&mut [0; 27]).await.unwrap();
            theirs.write_all(b"HTTP/1.0 200 Connected to Go RPC\n\n").await.unwrap();
        };
        let (mut host, ()) = tokio::join!(RawHost::connect(ours), answerer);
        host.send("RPCServerDriver.Create").await;
        drop(host);
        theirs.read_to_end(&mut whole).await.unwrap();
    }
    for length in 0..whole.len() {
        let (stream, server) = server();
        let mut host = RawHost::connect(stream).await;
        host.stream.write_all(&whole[..length]).await.unwrap();
        drop(host);
        assert_eq!(end(server).await.unwrap(), Exit::HostGone, "after {length} bytes");
    }
}

#[tokio::test]
async fn only_heartbeats_keep_a_plugin_alive() {
    let mut options = ServeOptions::default();
    options.heartbeat_timeout = Duration::from_millis(100);
    let (stream, server) = server_with(options, 64 * 1024);
    let mut host = RawHost::connect(stream).await;
    let empty = Type::structure("", []);
    let calls = async {
        while host.try_send("RPCServerDriver.DriverName", &empty, &Value::Struct(vec![])).await.is_ok()
            && host.answer().await.is_some()
        {}
    };
    timeout(LONG, calls).await.unwrap();
    assert_eq!(end(server).await.unwrap(), Exit::HeartbeatsStopped);
}

#[tokio::test]
async fn calls_beyond_reason_are_refused_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join("release");
    // The driver reads its environment, which this process cannot change; so a child is asked.
    let (mut child, address) = started(&[("PEER_RELEASE", release.to_str().unwrap())]).await;
    let mut host = RawHost::connect(TcpStream::connect(&address).await.unwrap()).await;
    for _ in 0..1100 {
        host.send("RPCServerDriver.Create").await;
    }
    for _ in 0..1100 - 1024 {
        let answer = host.answer().await.unwrap();
        assert_eq!(answer.error, "1024 calls are under way on this connection already");
    }
    assert_eq!(host.call("RPCServerDriver.Heartbeat").await.error, "");
    host.send("RPCServerDriver.Close").await;
    assert_eq!(timeout(LONG, child.wait()).await.unwrap().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_host_that_reads_late_loses_nothing() {
    const CALLS: u64 = 20_000;
    let (stream, server) = server_with(ServeOptions::default(), 4096);
    let mut host = RawHost::connect(stream).await;
    // Everything is sent before anything is read, as far as the pipe and the server's backlog allow.
    let mut sent = 0;
    while sent < CALLS
        && let Ok(seq) = timeout(Duration::from_millis(200), host.send("RPCServerDriver.GetConfigRaw")).await
    {
        sent = seq + 1;
    }
    assert!(sent > 1000 && sent < CALLS, "the server takes {sent} calls from a host that does not read");
    for seq in 0..sent {
        assert_eq!(host.answer().await.unwrap().seq, seq);
    }
    drop(host);
    assert_eq!(end(server).await.unwrap(), Exit::HostGone);
}

#[tokio::test]
async fn strangers_at_the_port_neither_end_the_plugin_nor_keep_the_host_away() {
    let (mut child, address) = started(&[]).await;
    let connect = || async { TcpStream::connect(&address).await.unwrap() };
    let silent = connect().await;
    let mut half = connect().await;
    half.write_all(b"CONNECT /_goR").await.unwrap();
    drop(connect().await);
    for (request, status) in [
        ("GET /_goRPC_ HTTP/1.0\n\n", "HTTP/1.0 405 Method Not Allowed"),
        ("CONNECT /other HTTP/1.0\n\n", "HTTP/1.0 404 Not Found"),
        ("\u{0}\u{1}\u{2}\u{3}", "HTTP/1.0 400 Bad Request"),
    ] {
        let mut stranger = connect().await;
        stranger.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stranger.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with(status), "{request:?}: {answer:?}");
    }
    let mut host = RawHost::connect(connect().await).await;
    assert_eq!(host.call("RPCServerDriver.GetVersion").await.value, Value::Int(1));
    // The port is closed behind the host, and the strangers are gone.
    assert!(TcpStream::connect(&address).await.is_err());
    for mut stranger in [silent, half] {
        let mut rest = Vec::new();
        let read = timeout(LONG, stranger.read_to_end(&mut rest)).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
    assert_eq!(host.call("RPCServerDriver.DriverName").await.value, Value::String("sleepy".into()));
    assert_eq!(host.call("RPCServerDriver.Close").await.error, "");
    assert_eq!(timeout(LONG, child.wait()).await.unwrap().unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_host_that_talks_nonsense_ends_the_process_with_a_reason() {
    let (mut child, address) = started(&[]).await;
    let mut host = RawHost::connect(TcpStream::connect(&address).await.unwrap()).await;
    host.stream.write_all(&[0xff; 300]).await.unwrap();
    assert_eq!(timeout(LONG, child.wait()).await.unwrap().unwrap().code(), Some(1));
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).await.unwrap();
    assert!(stderr.contains("the host sent something that is not the plugin protocol"), "{stderr}");
}

/// A plugin process, and its address.
async fn started(environment: &[(&str, &str)]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_machine-driver-test-plugin"))
        .env("MACHINE_PLUGIN_TOKEN", "42")
        .env("PEER", "")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut address = String::new();
    stdout.read_line(&mut address).await.unwrap();
    (child, address.trim().to_owned())
}
