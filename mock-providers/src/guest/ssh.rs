//! The SSH server of a guest (russh; the only module that knows the library).

use std::{borrow::Cow, collections::HashMap, io, sync::Arc, time::Duration, time::SystemTime};

use russh::{
    Channel, ChannelId, MethodKind, MethodSet, Preferred, SshId, kex,
    keys::{Algorithm, HashAlg, PrivateKey, PublicKey},
    server::{self, Auth, ChannelOpenHandle, Handle, Msg, PublicKeyOffer, Session, VerifiedPublicKey},
};
use tokio::{sync::mpsc, task::AbortHandle};

use super::{
    options::GuestFault,
    password,
    record::{CommandRecord, Login},
    sftp,
    shell::{Input, Output, Shell, Streams},
    system::{RunningCommand, System, SystemState},
};

/// Size of the pieces in which output is sent.
const PIECE: usize = 32 << 10;
/// Part of standard error that is kept in the record.
const RECORDED_ERROR: usize = 2 << 10;

/// Key exchanges: cheap ones first, then what old clients know. The extension names must be part of the list.
const KEY_EXCHANGES: &[kex::Name] = &[
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::DH_G14_SHA256,
    kex::DH_G14_SHA1,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

/// Makes a host key.
pub(super) fn host_key() -> io::Result<PrivateKey> {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).map_err(io::Error::other)
}

/// Checks a line of `authorized_keys`.
pub(super) fn parse_public_key(line: &str) -> Result<PublicKey, String> {
    PublicKey::from_openssh(line.trim()).map_err(|error| error.to_string())
}

/// Fingerprint of a public key line in OpenSSH's form.
///
/// # Errors
/// What is wrong with the line.
pub fn fingerprint(line: &str) -> Result<String, String> {
    parse_public_key(line).map(|key| key.fingerprint(HashAlg::Sha256).to_string())
}

/// Opens the SSH port of a booted guest.
pub(super) fn listen(system: &Arc<System>, state: &mut SystemState) -> io::Result<()> {
    let port = state.ssh_port;
    if state.has_fault(GuestFault::RefusesSsh) {
        return Ok(());
    }
    if state.has_fault(GuestFault::SilentSsh) {
        let silent =
            |stream| Box::pin(async move { hold(stream).await }) as futures_util::future::BoxFuture<'_, ()>;
        return state.listen(port, "sshd", Arc::new(silent));
    }
    if let Some(container) = &system.container {
        return state.listen(port, "sshd", container.relay(22));
    }
    let system = Arc::downgrade(system);
    let serve = move |stream| {
        let system = system.upgrade();
        Box::pin(async move {
            let Some(system) = system else { return };
            let config = Arc::new(server_config(&system));
            let login = LoginSession { system, user: None, client: String::new(), channels: HashMap::new() };
            // Errors are those of the client: scans, refused keys, broken connections.
            if let Ok(session) = server::run_stream(config, stream, login).await {
                let _ = session.await;
            }
        }) as futures_util::future::BoxFuture<'static, ()>
    };
    state.listen(port, "sshd", Arc::new(serve))
}

/// How the server treats one connection.
fn server_config(system: &System) -> server::Config {
    let methods: &[MethodKind] = match password::is_asked_for(&system.lock().disk) {
        true => &[MethodKind::PublicKey, MethodKind::Password],
        false => &[MethodKind::PublicKey],
    };
    server::Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-OpenSSH_9.6p1")),
        methods: MethodSet::from(methods),
        auth_rejection_time: Duration::ZERO,
        auth_rejection_time_initial: Some(Duration::ZERO),
        inactivity_timeout: None,
        nodelay: true,
        keys: vec![system.host_key.clone()],
        preferred: Preferred { kex: Cow::Borrowed(KEY_EXCHANGES), ..Preferred::DEFAULT },
        ..server::Config::default()
    }
}

/// Reads and never answers.
async fn hold(mut stream: super::gate::GatedStream) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    std::future::pending::<()>().await;
}

/// One connection.
struct LoginSession {
    system: Arc<System>,
    user: Option<String>,
    client: String,
    channels: HashMap<ChannelId, OpenChannel>,
}

#[derive(Default)]
struct OpenChannel {
    /// The channel itself, until it is known what it is for.
    unused: Option<Channel<Msg>>,
    /// Record of the SFTP session, if it is for one.
    sftp: Option<usize>,
    /// Where the client's input goes; `None` before a command starts and after its end of input.
    input: Option<mpsc::UnboundedSender<Vec<u8>>>,
    environment: Vec<(String, String)>,
    running: Option<AbortHandle>,
    /// Until the client has closed the channel as well: then it has got the answer, and the machine may go down.
    unanswered: Option<RunningCommand>,
}

impl LoginSession {
    /// Whether the key is in the user's `authorized_keys`, as it is now.
    fn is_authorized(&self, user: &str, key: &PublicKey) -> bool {
        let state = self.system.lock();
        if state.has_fault(GuestFault::RejectsKeys) {
            return false;
        }
        let path = format!("{}/.ssh/authorized_keys", super::shell::home(user));
        let lines = state.disk.text(&path).unwrap_or_default();
        lines
            .lines()
            .filter_map(|line| parse_public_key(line).ok())
            .any(|known| known.key_data() == key.key_data())
    }

    fn record(&self, user: &str, method: &str, key: Option<(&PublicKey, &Algorithm)>, accepted: bool) {
        self.system.records.lock().logins.push(Login {
            at: SystemTime::now(),
            user: user.to_owned(),
            method: method.to_owned(),
            algorithm: key.map(|(_, algorithm)| algorithm.to_string()).unwrap_or_default(),
            fingerprint: key.map(|(key, _)| key.fingerprint(HashAlg::Sha256).to_string()).unwrap_or_default(),
            accepted,
            client: self.client.clone(),
        });
    }

    /// Starts a command; `None` is an interactive login, which runs what it is sent.
    fn start(
        &mut self,
        id: ChannelId,
        command: Option<String>,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let (Some(channel), Some(user)) = (self.channels.get_mut(&id), self.user.clone()) else {
            return session.channel_failure(id);
        };
        // Kept, it would gather what is sent, and the session would wait for somebody to read it.
        channel.unused = None;
        let (sender, receiver) = mpsc::unbounded_channel();
        channel.input = Some(sender);
        let system = Arc::clone(&self.system);
        let environment = channel.environment.clone();
        let handle = session.handle();
        session.channel_success(id)?;
        channel.unanswered = Some(system.running_command());
        let work = async move {
            let run = run(&system, &user, command, environment, Input::channel(receiver)).await;
            // The client may be gone.
            let _ = answer(&handle, id, run).await;
        };
        channel.running = self.system.spawn(work);
        Ok(())
    }
}

/// Result of a command.
struct Run {
    output: Vec<u8>,
    error: Vec<u8>,
    status: u8,
}

async fn run(
    system: &Arc<System>,
    user: &str,
    command: Option<String>,
    environment: Vec<(String, String)>,
    input: Input,
) -> Run {
    let index = begin_record(system, user, command.as_deref().unwrap_or("(shell)"));
    let mut shell = Shell::login(system, user);
    for (name, value) in environment {
        shell.set_variable(&name, &value);
    }
    let streams = Streams { input, output: Output::buffer(), error: Output::buffer() };
    let script = match command {
        Some(command) => command,
        None => String::from_utf8_lossy(&streams.input.read_all().await).into_owned(),
    };
    let status = shell.run(&script, &streams).await;
    let (output, error) = (streams.output.take(), streams.error.take());
    if let Some(record) = system.records.lock().commands.get_mut(index) {
        record.status = Some(status);
        record.output_length = output.len();
        record.error_length = error.len();
        record.error = String::from_utf8_lossy(&error[..error.len().min(RECORDED_ERROR)]).into_owned();
        record.not_found = shell.not_found.lock().clone();
    }
    Run { output, error, status }
}

/// Records a command that has just started. The result is its number.
fn begin_record(system: &System, user: &str, command: &str) -> usize {
    let boot_id = system.lock().boot.as_ref().map(|boot| boot.id.clone()).unwrap_or_default();
    let mut records = system.records.lock();
    records.commands.push(CommandRecord {
        at: SystemTime::now(),
        boot_id,
        user: user.to_owned(),
        command: command.to_owned(),
        status: None,
        output_length: 0,
        error_length: 0,
        error: String::new(),
        not_found: Vec::new(),
    });
    records.commands.len() - 1
}

async fn answer(handle: &Handle, id: ChannelId, run: Run) -> Result<(), ()> {
    for piece in run.output.chunks(PIECE) {
        handle.data(id, piece.to_vec()).await.map_err(drop)?;
    }
    for piece in run.error.chunks(PIECE) {
        handle.extended_data(id, 1, piece.to_vec()).await.map_err(drop)?;
    }
    handle.exit_status_request(id, run.status.into()).await?;
    handle.eof(id).await?;
    handle.close(id).await
}

impl server::Handler for LoginSession {
    type Error = russh::Error;

    async fn auth_none(&mut self, user: &str) -> Result<Auth, Self::Error> {
        self.record(user, "none", None, false);
        Ok(Auth::reject())
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        let accepted = password::is_accepted(&self.system.lock().disk, user, password);
        self.record(user, "password", None, accepted);
        if !accepted {
            return Ok(Auth::reject());
        }
        self.user = Some(user.to_owned());
        Ok(Auth::Accept)
    }

    async fn auth_publickey_offered(
        &mut self,
        user: &str,
        offer: PublicKeyOffer<'_>,
    ) -> Result<Auth, Self::Error> {
        if self.is_authorized(user, offer.public_key) {
            return Ok(Auth::Accept);
        }
        self.record(user, "publickey", Some((offer.public_key, offer.algorithm)), false);
        Ok(Auth::reject())
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let accepted = self.is_authorized(user, key.public_key);
        self.record(user, "publickey", Some((key.public_key, key.algorithm)), accepted);
        if !accepted {
            return Ok(Auth::reject());
        }
        self.user = Some(user.to_owned());
        Ok(Auth::Accept)
    }

    async fn auth_succeeded(&mut self, session: &mut Session) -> Result<(), Self::Error> {
        self.client = String::from_utf8_lossy(session.remote_sshid()).trim_end().to_owned();
        if let Some(login) = self.system.records.lock().logins.iter_mut().rev().find(|login| login.accepted) {
            login.client.clone_from(&self.client);
        }
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        let id = channel.id();
        let open = OpenChannel { unused: Some(channel), ..OpenChannel::default() };
        self.channels.insert(id, open);
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(russh::Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_success(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        // What a stock sshd_config accepts.
        if !(name == "LANG" || name.starts_with("LC_")) {
            return session.channel_failure(channel);
        }
        if let Some(channel) = self.channels.get_mut(&channel) {
            channel.environment.push((name.to_owned(), value.to_owned()));
        }
        session.channel_success(channel)
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.start(id, Some(String::from_utf8_lossy(data).into_owned()), session)
    }

    async fn shell_request(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        self.start(id, None, session)
    }

    async fn subsystem_request(
        &mut self,
        id: ChannelId,
        name: &str,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(user) = self.user.clone().filter(|_| name == "sftp") else {
            return session.channel_failure(id);
        };
        let open = self.channels.get_mut(&id);
        let Some((channel, open)) = open.and_then(|open| Some((open.unused.take()?, open))) else {
            return session.channel_failure(id);
        };
        open.sftp = Some(begin_record(&self.system, &user, "(sftp)"));
        session.channel_success(id)?;
        let server = sftp::Session::new(Arc::clone(&self.system), user);
        // Goes on by itself, and ends with the channel.
        russh_sftp::server::run(channel.into_stream(), server).await;
        Ok(())
    }

    async fn x11_request(
        &mut self,
        id: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        session.channel_failure(id)
    }

    async fn agent_request(&mut self, id: ChannelId, session: &mut Session) -> Result<bool, Self::Error> {
        session.channel_failure(id)?;
        Ok(false)
    }

    async fn data(&mut self, id: ChannelId, data: &[u8], _: &mut Session) -> Result<(), Self::Error> {
        if let Some(input) = self.channels.get(&id).and_then(|channel| channel.input.as_ref()) {
            // The command may have ended without reading.
            let _ = input.send(data.to_vec());
        }
        Ok(())
    }

    async fn channel_eof(&mut self, id: ChannelId, session: &mut Session) -> Result<(), Self::Error> {
        let Some(channel) = self.channels.get_mut(&id) else {
            return Ok(());
        };
        channel.input = None;
        if let Some(record) = channel.sftp.take() {
            if let Some(record) = self.system.records.lock().commands.get_mut(record) {
                record.status = Some(0);
            }
            session.exit_status_request(id, 0)?;
            session.close(id)?;
        }
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _: &mut Session) -> Result<(), Self::Error> {
        if let Some(running) = self.channels.remove(&id).and_then(|channel| channel.running) {
            running.abort();
        }
        Ok(())
    }
}
