use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use russh::{
    ChannelMsg,
    client::{Config, Handle, Handler},
    keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKeyOrCertificate},
};
use tokio::net::TcpStream;

use super::{error, key};
use crate::{base::HostPort, error::Result, wait::Waits};

/// Where and as whom to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// User name in the guest.
    pub user: String,
    /// Path of the private key, unencrypted.
    pub key_path: PathBuf,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", HostPort(&self.host, self.port))
    }
}

/// What the client puts up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time for connecting, key exchange and login together.
    pub connect: Duration,
    /// Time for one command.
    pub command: Duration,
    /// Bytes kept of each output stream of a command; the rest is read and dropped.
    pub output: usize,
}

impl Default for Limits {
    /// 15 s to log in, 5 minutes and 4 MiB a command.
    fn default() -> Self {
        Self { connect: Duration::from_secs(15), command: Duration::from_secs(300), output: 4 << 20 }
    }
}

impl Limits {
    /// For one look at a guest that should answer: 8 s to log in, and 8 s a command.
    ///
    /// Waits that are scaled down do not cut off a guest that a slow machine still answers for: at least 3 s.
    pub fn soon(waits: &Waits) -> Self {
        let soon = waits.scale(Duration::from_secs(8)).max(Duration::from_secs(3));
        Self { connect: soon, command: soon, ..Self::default() }
    }
}

/// What a command left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// Standard output, at most [`Limits::output`] bytes.
    pub stdout: Vec<u8>,
    /// Standard error, at most [`Limits::output`] bytes.
    pub stderr: Vec<u8>,
    /// Exit status; 255 if a signal ended the command.
    pub exit_status: u32,
    /// Name of the signal that ended the command, without `SIG`.
    pub signal: Option<String>,
    /// Whether a stream was longer than the limit.
    pub truncated: bool,
}

/// The key that the server proved its identity with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// Name of the algorithm, for example `ssh-ed25519`.
    pub algorithm: String,
    /// SHA-256 fingerprint as OpenSSH prints it.
    pub fingerprint: String,
}

/// An SSH connection, logged in with a key.
///
/// The server's key is accepted whatever it is, as hosts do: nobody could have told the driver before the first boot.
/// [`Client::host_key`] shows it, for drivers that learn it elsewhere.
pub struct Client {
    endpoint: Endpoint,
    limits: Limits,
    host_key: Option<HostKey>,
    session: Handle<Acceptor>,
    _socket: ClosedOnDrop,
}

impl Client {
    /// Connects and logs in.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection), [`Timeout`](crate::ErrorKind::Timeout) and
    /// [`Unauthenticated`](crate::ErrorKind::Unauthenticated), all retryable because a guest that boots goes through
    /// them; [`Io`](crate::ErrorKind::Io) or [`InvalidOption`](crate::ErrorKind::InvalidOption) for the key file.
    pub async fn connect(endpoint: &Endpoint, limits: Limits) -> Result<Self> {
        let key_path = endpoint.key_path.clone();
        let key = key::blocking(move || key::read_key(&key_path)).await?;
        tokio::time::timeout(limits.connect, Self::log_in(endpoint, limits, key))
            .await
            .unwrap_or_else(|_| Err(error::deadline(endpoint, "logging in", limits.connect)))
    }

    async fn log_in(endpoint: &Endpoint, limits: Limits, key: PrivateKey) -> Result<Self> {
        let fail = |source: &dyn fmt::Display| error::connection(endpoint, source);
        let Opened { mut session, socket, host_key } = open(endpoint).await?;
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let hash = rsa_hash(&session, &key).await.map_err(|e| fail(&e))?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        let login =
            session.authenticate_publickey(endpoint.user.as_str(), key).await.map_err(|e| fail(&e))?;
        if !login.success() {
            return Err(error::refused_key(endpoint, &fingerprint));
        }
        let host_key = host_key.lock().unwrap_or_else(PoisonError::into_inner).take();
        Ok(Self { endpoint: endpoint.clone(), limits, host_key, session, _socket: socket })
    }

    /// The server's key; `None` if it showed a certificate.
    pub fn host_key(&self) -> Option<&HostKey> {
        self.host_key.as_ref()
    }

    /// Runs a command without a terminal and without input, and waits for its end.
    ///
    /// # Errors
    /// [`Connection`](crate::ErrorKind::Connection) if the connection ends before the command,
    /// [`Timeout`](crate::ErrorKind::Timeout) if the command does not end. An exit status other than 0 is no error.
    pub async fn run(&self, command: &str) -> Result<Output> {
        tokio::time::timeout(self.limits.command, self.execute(command))
            .await
            .unwrap_or_else(|_| Err(error::deadline(&self.endpoint, "a command", self.limits.command)))
    }

    async fn execute(&self, command: &str) -> Result<Output> {
        let fail = |source: &dyn fmt::Display| error::connection(&self.endpoint, source);
        let mut channel = self.session.channel_open_session().await.map_err(|e| fail(&e))?;
        channel.exec(true, command).await.map_err(|e| fail(&e))?;
        let mut output = Output::default();
        let mut exit_status = None;
        while let Some(message) = channel.wait().await {
            match message {
                ChannelMsg::Data { data } => {
                    output.truncated |= !keep(&mut output.stdout, &data, self.limits.output);
                }
                ChannelMsg::ExtendedData { data, .. } => {
                    output.truncated |= !keep(&mut output.stderr, &data, self.limits.output);
                }
                ChannelMsg::Failure => return Err(fail(&"the server refuses to run commands")),
                ChannelMsg::ExitStatus { exit_status: status } => exit_status = Some(status),
                ChannelMsg::ExitSignal { signal_name, .. } => {
                    output.signal = Some(signal_text(&signal_name));
                    exit_status.get_or_insert(255);
                }
                ChannelMsg::Close => break,
                _ => {}
            }
        }
        output.exit_status =
            exit_status.ok_or_else(|| fail(&"the connection ended before the command's exit status"))?;
        Ok(output)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

/// The first of `passwords` with which the server lets the endpoint's user in; `None` if it takes none of them. The key is
/// not used, and no command is run (SEC-005).
///
/// Servers end a connection after some attempts, so there should be no more than six.
///
/// # Errors
/// [`Connection`](crate::ErrorKind::Connection) and [`Timeout`](crate::ErrorKind::Timeout), for all attempts together.
pub async fn accepted_password(
    endpoint: &Endpoint,
    passwords: &[&str],
    limits: Limits,
) -> Result<Option<String>> {
    let attempts = async {
        let mut opened = open(endpoint).await?;
        for password in passwords {
            let login = opened
                .session
                .authenticate_password(endpoint.user.as_str(), *password)
                .await
                .map_err(|e| error::connection(endpoint, &e))?;
            if login.success() {
                return Ok(Some((*password).to_owned()));
            }
        }
        Ok(None)
    };
    tokio::time::timeout(limits.connect, attempts)
        .await
        .unwrap_or_else(|_| Err(error::deadline(endpoint, "trying passwords", limits.connect)))
}

/// A connection on which nobody has logged in yet.
struct Opened {
    session: Handle<Acceptor>,
    socket: ClosedOnDrop,
    host_key: Arc<Mutex<Option<HostKey>>>,
}

/// Connects and exchanges keys.
async fn open(endpoint: &Endpoint) -> Result<Opened> {
    let fail = |source: &dyn fmt::Display| error::connection(endpoint, source);
    let stream = TcpStream::connect((endpoint.host.as_str(), endpoint.port)).await.map_err(|e| fail(&e))?;
    stream.set_nodelay(true).map_err(|e| fail(&e))?;
    let (stream, socket) = ClosedOnDrop::guard(stream).map_err(|e| fail(&e))?;
    let acceptor = Acceptor::default();
    let host_key = Arc::clone(&acceptor.host_key);
    let config = Config { nodelay: true, ..Config::default() };
    let connecting = russh::client::connect_stream(Arc::new(config), stream, acceptor);
    let session = connecting.await.map_err(|e| fail(&e))?;
    Ok(Opened { session, socket, host_key })
}

/// Appends what still fits; `false` if something did not.
fn keep(kept: &mut Vec<u8>, data: &[u8], limit: usize) -> bool {
    let room = limit.saturating_sub(kept.len()).min(data.len());
    let (fits, rest) = data.split_at(room);
    kept.extend_from_slice(fits);
    rest.is_empty()
}

fn signal_text(signal: &russh::Sig) -> String {
    match signal {
        russh::Sig::Custom(name) => name.chars().filter(char::is_ascii_alphanumeric).take(32).collect(),
        known => format!("{known:?}"),
    }
}

/// Hash for signatures of an RSA key. Asking the server can take a second, so other keys never ask.
async fn rsa_hash(session: &Handle<Acceptor>, key: &PrivateKey) -> Result<Option<HashAlg>, russh::Error> {
    match key.algorithm() {
        Algorithm::Rsa { .. } => {
            Ok(session.best_supported_rsa_hash().await?.unwrap_or(Some(HashAlg::Sha256)))
        }
        _ => Ok(None),
    }
}

/// Accepts any host key and remembers it.
#[derive(Default)]
struct Acceptor {
    host_key: Arc<Mutex<Option<HostKey>>>,
}

impl Handler for Acceptor {
    type Error = russh::Error;

    async fn check_server_key(&mut self, server_key: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        if let PublicKeyOrCertificate::PublicKey { key, .. } = server_key {
            let host_key = HostKey {
                algorithm: key.algorithm().to_string(),
                fingerprint: key.fingerprint(HashAlg::Sha256).to_string(),
            };
            *self.host_key.lock().unwrap_or_else(PoisonError::into_inner) = Some(host_key);
        }
        Ok(true)
    }
}

/// Second handle of the socket, which closes the connection when the client or a half-done login is dropped: the
/// library's session task would otherwise wait for a silent server for ever.
struct ClosedOnDrop(std::net::TcpStream);

impl ClosedOnDrop {
    fn guard(stream: TcpStream) -> std::io::Result<(TcpStream, Self)> {
        let stream = stream.into_std()?;
        let second = stream.try_clone()?;
        Ok((TcpStream::from_std(stream)?, Self(second)))
    }
}

impl Drop for ClosedOnDrop {
    fn drop(&mut self) {
        // Fails only if the peer closed it before.
        let _ = self.0.shutdown(std::net::Shutdown::Both);
    }
}
