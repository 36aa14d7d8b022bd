//! The SSH client against a server that behaves, one that boots, and several that do neither.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use machine_driver::{
    ErrorKind,
    ssh::{self, Client, Endpoint, KeyAlgorithm, KeyPair, Limits},
    wait::{Wait, Waits},
};
use ssh_server::{PASSWORD, SshServer, endpoint};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

mod ssh_server;

/// Long enough for a loaded machine; nothing waits for it when all goes well.
const PATIENT: Limits =
    Limits { connect: Duration::from_secs(30), command: Duration::from_secs(30), output: 4 << 20 };

async fn key_pair() -> (TempDir, KeyPair) {
    let folder = tempfile::tempdir().unwrap();
    let pair = KeyPair::generate(folder.path().join("id_rsa"), KeyAlgorithm::Ed25519).await.unwrap();
    (folder, pair)
}

async fn server() -> (TempDir, SshServer, Endpoint) {
    let (folder, pair) = key_pair().await;
    let server = SshServer::start(&pair).await;
    let endpoint = server.endpoint(pair.path());
    (folder, server, endpoint)
}

#[tokio::test]
async fn passwords_that_are_accepted_are_found() {
    let (_folder, _server, endpoint) = server().await;
    let found = ssh::accepted_password(&endpoint, &["", "ubuntu", PASSWORD], PATIENT).await;
    assert_eq!(found.unwrap().as_deref(), Some(PASSWORD));
    let found = ssh::accepted_password(&endpoint, &["", "ubuntu"], PATIENT).await;
    assert_eq!(found.unwrap(), None);
}

#[tokio::test]
async fn runs_commands_one_after_the_other() {
    let (_folder, server, endpoint) = server().await;
    let client = Client::connect(&endpoint, PATIENT).await.unwrap();
    let host_key = client.host_key().unwrap();
    assert_eq!((host_key.algorithm.as_str(), &host_key.fingerprint), ("ssh-ed25519", &server.host_key));

    let both = client.run("both").await.unwrap();
    assert_eq!((both.stdout.as_slice(), both.stderr.as_slice()), (&b"to stdout\n"[..], &b"to stderr\n"[..]));
    assert_eq!((both.exit_status, both.signal, both.truncated), (7, None, false));
    assert_eq!(client.run("true").await.unwrap().exit_status, 0);
}

#[tokio::test]
async fn rsa_keys_log_in_without_delay() {
    let folder = tempfile::tempdir().unwrap();
    let pair = KeyPair::generate(folder.path().join("id_rsa"), KeyAlgorithm::Rsa2048).await.unwrap();
    let server = SshServer::start(&pair).await;
    let client = Client::connect(&server.endpoint(pair.path()), PATIENT).await.unwrap();
    assert_eq!(client.run("true").await.unwrap().exit_status, 0);
}

#[tokio::test]
async fn a_signal_is_reported() {
    let (_folder, _server, endpoint) = server().await;
    let client = Client::connect(&endpoint, PATIENT).await.unwrap();
    let output = client.run("killed").await.unwrap();
    assert_eq!((output.exit_status, output.signal.as_deref()), (255, Some("KILL")));
}

#[tokio::test]
async fn long_output_is_cut_and_says_so() {
    let (_folder, _server, endpoint) = server().await;
    let client = Client::connect(&endpoint, Limits { output: 1000, ..PATIENT }).await.unwrap();
    let output = client.run("long").await.unwrap();
    assert_eq!((output.stdout.len(), output.truncated, output.exit_status), (1000, true, 0));
}

#[tokio::test]
async fn commands_that_never_end_hit_the_deadline() {
    let (_folder, _server, endpoint) = server().await;
    for command in ["hang", "flood"] {
        let limits = Limits { command: Duration::from_millis(300), ..PATIENT };
        let client = Client::connect(&endpoint, limits).await.unwrap();
        let error = client.run(command).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
        assert!(error.to_string().contains(&endpoint.to_string()), "{error}");
    }
}

#[tokio::test]
async fn commands_without_an_answer_are_connection_errors() {
    let (_folder, _server, endpoint) = server().await;
    for (command, reason) in [
        ("refuse", "refuses to run"),
        ("drop", "ended before"),
        ("no status", "ended before the command's exit"),
    ] {
        let client = Client::connect(&endpoint, PATIENT).await.unwrap();
        let error = client.run(command).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connection, "{command}: {error}");
        assert!(error.to_string().contains(reason), "{command}: {error}");
    }
}

#[tokio::test]
async fn a_key_that_is_not_wanted_is_named() {
    let (_folder, _server, mut endpoint) = server().await;
    endpoint.user = "root".into();
    let error = Client::connect(&endpoint, PATIENT).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unauthenticated, true));
    let text = error.to_string();
    assert!(text.contains("does not let root in with the key") && text.contains("SHA256:"), "{text}");
}

#[tokio::test]
async fn a_missing_key_file_is_no_reason_to_try_again() {
    let (folder, _server, mut endpoint) = server().await;
    endpoint.key_path = folder.path().join("missing");
    let started = Instant::now();
    let error = ssh::wait_until_ready(&endpoint, &Waits::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Io, false));
    assert!(started.elapsed() < ssh::READY.deadline / 4);
}

/// Serves one connection with `serve` at an endpoint of its own.
async fn raw_server<F: Future<Output = ()> + Send + 'static>(
    serve: impl FnOnce(TcpStream) -> F + Send + 'static,
) -> (TempDir, Endpoint) {
    let (folder, pair) = key_pair().await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let endpoint = endpoint(listener.local_addr().unwrap(), pair.path());
    tokio::spawn(async move { serve(listener.accept().await.unwrap().0).await });
    (folder, endpoint)
}

#[tokio::test]
async fn hostile_servers_are_errors() {
    let answers: [&[u8]; 7] = [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-1.5-ancient\r\n",
        b"SSH-2.0-x\r\n\x00\x00\x00\x00\x00",
        b"SSH-2.0-x\r\n\xff\xff\xff\xff\xff\xff\xff\xff",
        // A key exchange that offers nothing.
        b"SSH-2.0-x\r\n\x00\x00\x00\x44\x04\x14................\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0....",
        b"SSH-2.0-x\r\n\x00\x00\x00\x0c\x0a\x15AAAAAAAAAA",
    ];
    for answer in answers {
        let (_folder, endpoint) = raw_server(move |mut stream| async move {
            let _ = stream.write_all(answer).await;
        })
        .await;
        let error = Client::connect(&endpoint, PATIENT).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.is_retryable()),
            (ErrorKind::Connection, true),
            "{answer:?}: {error}"
        );
        assert!(error.to_string().len() < 500, "{error}");
    }
}

#[tokio::test]
async fn an_endless_greeting_is_cut() {
    let (_folder, endpoint) =
        raw_server(|mut stream| async move { while stream.write_all(&[b'x'; 10_000]).await.is_ok() {} })
            .await;
    let limits = Limits { connect: Duration::from_secs(2), ..PATIENT };
    let error = Client::connect(&endpoint, limits).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Connection | ErrorKind::Timeout), "{error}");
}

#[tokio::test]
async fn a_silent_server_hits_the_deadline_and_is_hung_up_on() {
    let (tell, told) = tokio::sync::oneshot::channel();
    // Greets, so that the library waits for the key exchange in a task of its own.
    let (_folder, endpoint) = raw_server(|mut stream| async move {
        stream.write_all(b"SSH-2.0-silent\r\n").await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        let _ = tell.send(());
    })
    .await;
    let limits = Limits { connect: Duration::from_millis(200), ..PATIENT };
    let error = Client::connect(&endpoint, limits).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(error.to_string().contains("logging in took longer than 0.2 s"), "{error}");
    told.await.expect("the connection is closed when the login is given up");
}

#[tokio::test]
async fn waits_for_a_guest_that_boots() {
    let (_folder, server, endpoint) = server().await;
    server.not_yet.store(3, Ordering::SeqCst);
    let client = ssh::wait_until_ready(&endpoint, &Waits::default().scaled(0.2)).await.unwrap();
    assert_eq!(server.not_yet.load(Ordering::SeqCst), 0);
    assert_eq!(client.run("true").await.unwrap().exit_status, 0);
}

#[tokio::test]
async fn a_guest_that_never_boots_is_given_up_with_the_last_reason() {
    // Bound and dropped, on an address of its own: nobody listens there.
    let address: SocketAddr = {
        let listener = TcpListener::bind((Ipv4Addr::new(127, 31, 7, 9), 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    let (_folder, pair) = key_pair().await;
    let endpoint = endpoint(address, pair.path());
    let waits = Waits::default().scaled(0.005);
    let error = ssh::wait_until_ready(&endpoint, &waits).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    let text = error.to_string();
    assert!(text.contains("gave up waiting for SSH in the guest"), "{text}");
    assert!(text.contains(&endpoint.to_string()) && text.contains("refused"), "{text}");
}

#[tokio::test]
async fn tells_a_new_boot_from_the_old_one() {
    let (_folder, server, endpoint) = server().await;
    let client = Client::connect(&endpoint, PATIENT).await.unwrap();
    let before = ssh::boot_id(&client).await.unwrap();
    assert_eq!(before.to_string(), "11111111-2222-3333-4444-555555555555");

    let boot_id = server.boot_id.clone();
    let waiting = {
        let (endpoint, before) = (endpoint.clone(), before.clone());
        tokio::spawn(async move {
            ssh::wait_for_new_boot(&endpoint, &before, &Waits::default().scaled(0.2)).await
        })
    };
    tokio::task::yield_now().await;
    *boot_id.lock().unwrap() = "99999999-2222-3333-4444-555555555555".into();
    let after = waiting.await.unwrap().unwrap();
    assert_ne!(after, before);

    let stuck = ssh::wait_for_new_boot(&endpoint, &after, &Waits::default().scaled(0.002)).await.unwrap_err();
    assert!(stuck.to_string().contains("still runs on the boot 99999999"), "{stuck}");
}

#[tokio::test]
async fn a_boot_id_that_is_none_is_an_error() {
    let (_folder, server, endpoint) = server().await;
    let client = Client::connect(&endpoint, PATIENT).await.unwrap();
    for garbage in ["", "no such file", &"1".repeat(100_000)] {
        *server.boot_id.lock().unwrap() = garbage.into();
        let error = ssh::boot_id(&client).await.unwrap_err();
        assert!(error.is_retryable() && error.to_string().len() < 200, "{error}");
    }
}

#[tokio::test]
async fn custom_waits_keep_looking_until_satisfied() {
    let (_folder, _server, endpoint) = server().await;
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let wait = Wait::new("the third look", Duration::from_secs(60), Duration::from_millis(10));
    let found = ssh::wait_until(&endpoint, &Waits::default(), &wait, |_client| {
        let look = looks.fetch_add(1, Ordering::SeqCst) + 1;
        async move { Ok((look == 3).then_some(look)) }
    })
    .await
    .unwrap();
    assert_eq!(found, 3);
}
