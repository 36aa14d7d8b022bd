//! A small SSH server for the client's tests: every command is one of a few scripted behaviours.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use machine_driver::ssh::{Endpoint, KeyPair};
use russh::{
    Channel, ChannelId, MethodKind, MethodSet, Sig,
    keys::{Algorithm, HashAlg, PrivateKey},
    server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Session, VerifiedPublicKey},
};
use tokio::net::TcpListener;

pub(crate) const USER: &str = "ubuntu";
/// Password of the user, which nobody should know.
pub(crate) const PASSWORD: &str = "tcuser";

/// The server; it ends with the test's runtime.
#[derive(Clone)]
pub(crate) struct SshServer {
    address: SocketAddr,
    pub(crate) host_key: String,
    /// What `/proc/sys/kernel/random/boot_id` holds.
    pub(crate) boot_id: Arc<Mutex<String>>,
    /// Connections that are closed at once before any is served, as a guest does that boots.
    pub(crate) not_yet: Arc<AtomicUsize>,
    authorized: Arc<str>,
}

impl SshServer {
    pub(crate) async fn start(authorized: &KeyPair) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            host_key: key.fingerprint(HashAlg::Sha256).to_string(),
            boot_id: Arc::new(Mutex::new("11111111-2222-3333-4444-555555555555".into())),
            not_yet: Arc::default(),
            authorized: authorized.fingerprint().into(),
        };
        let config = Arc::new(Config {
            keys: vec![key],
            methods: MethodSet::from(&[MethodKind::PublicKey, MethodKind::Password][..]),
            auth_rejection_time: Duration::ZERO,
            nodelay: true,
            ..Config::default()
        });
        tokio::spawn(server.clone().accept(listener, config));
        server
    }

    async fn accept(self, listener: TcpListener, config: Arc<Config>) {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let refuse = |left: usize| left.checked_sub(1);
            if self.not_yet.fetch_update(Ordering::SeqCst, Ordering::SeqCst, refuse).is_ok() {
                continue;
            }
            let (config, handler) = (Arc::clone(&config), self.clone());
            tokio::spawn(async move {
                if let Ok(session) = russh::server::run_stream(config, stream, handler).await {
                    let _ = session.await;
                }
            });
        }
    }

    pub(crate) fn endpoint(&self, key_path: &Path) -> Endpoint {
        endpoint(self.address, key_path)
    }
}

pub(crate) fn endpoint(address: SocketAddr, key_path: &Path) -> Endpoint {
    Endpoint {
        host: address.ip().to_string(),
        port: address.port(),
        user: USER.into(),
        key_path: key_path.to_owned(),
    }
}

impl Handler for SshServer {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let fingerprint = key.public_key.fingerprint(HashAlg::Sha256).to_string();
        let known = user == USER && *fingerprint == *self.authorized;
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let known = user == USER && password == PASSWORD;
        Ok(if known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let command = String::from_utf8_lossy(command).into_owned();
        if command == "refuse" {
            return session.channel_failure(channel);
        }
        session.channel_success(channel)?;
        match command.as_str() {
            "hang" => return Ok(()),
            "drop" => return Err(russh::Error::Disconnect),
            "flood" => {
                let handle = session.handle();
                tokio::spawn(async move { while handle.data(channel, vec![b'x'; 30_000]).await.is_ok() {} });
                return Ok(());
            }
            "killed" => session.exit_signal_request(channel, Sig::KILL, false, "no memory", "")?,
            "no status" => {}
            "both" => {
                session.data(channel, "to stdout\n")?;
                session.extended_data(channel, 1, "to stderr\n")?;
                session.exit_status_request(channel, 7)?;
            }
            "long" => {
                session.data(channel, vec![b'x'; 100_000])?;
                session.exit_status_request(channel, 0)?;
            }
            "cat /proc/sys/kernel/random/boot_id" => {
                let boot_id = self.boot_id.lock().unwrap().clone();
                session.data(channel, format!("{boot_id}\n"))?;
                session.exit_status_request(channel, 0)?;
            }
            _ => session.exit_status_request(channel, 0)?,
        }
        session.eof(channel)?;
        session.close(channel)
    }
}
