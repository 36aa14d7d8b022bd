//! An SSH client for the tests, and machines that it can log in to.

use std::{net::IpAddr, sync::Arc, time::Duration};

use machine_mock_providers::guest::{Guest, GuestOptions, GuestOs, PowerState, User};
use russh::{
    ChannelMsg, ChannelStream, Disconnect,
    client::{self, Handle},
    keys::{Algorithm, PrivateKey, PrivateKeyWithHashAlg, PublicKey},
};

/// How long anything may take on a busy machine before a test fails.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn new_key() -> PrivateKey {
    PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap()
}

pub(crate) fn public_line(key: &PrivateKey) -> String {
    key.public_key().to_openssh().unwrap()
}

/// Options of a machine whose usual user accepts a key.
pub(crate) fn options(os: GuestOs, key: &PrivateKey) -> GuestOptions {
    GuestOptions {
        os,
        host_name: "h0".into(),
        users: vec![User { name: os.default_user().into(), authorized_keys: vec![public_line(key)] }],
        ..GuestOptions::default()
    }
}

pub(crate) async fn reached(guest: &Guest, state: PowerState) {
    let waited = tokio::time::timeout(LIMIT, guest.reached(state)).await;
    assert!(waited.is_ok(), "{state:?} not reached, but {:?}: {:?}", guest.state(), guest.notes());
}

pub(crate) async fn booted(options: GuestOptions) -> Guest {
    let guest = Guest::new(options).unwrap();
    guest.power_on();
    reached(&guest, PowerState::Running).await;
    guest
}

#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) status: Option<u32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Output {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap()
    }
}

pub(crate) struct Session(Handle<Trust>);

/// Accepts the host key that it expects.
pub(crate) struct Trust(Option<String>);

impl client::Handler for Trust {
    type Error = russh::Error;

    async fn check_server_key(
        &mut self,
        key: &russh::keys::PublicKeyOrCertificate,
    ) -> Result<bool, Self::Error> {
        let russh::keys::PublicKeyOrCertificate::PublicKey { key, .. } = key else {
            return Ok(false);
        };
        let matches = |line: &String| {
            PublicKey::from_openssh(line).is_ok_and(|known| known.key_data() == key.key_data())
        };
        Ok(self.0.as_ref().is_none_or(matches))
    }
}

impl Session {
    pub(crate) async fn open(guest: &Guest, user: &str, key: &PrivateKey) -> Result<Self, String> {
        let expected = Some(guest.host_key());
        Self::open_at(guest.address(), guest.ssh_port(), user, key, expected).await
    }

    pub(crate) async fn open_at(
        address: impl Into<IpAddr>,
        port: u16,
        user: &str,
        key: &PrivateKey,
        host_key: Option<String>,
    ) -> Result<Self, String> {
        let config = Arc::new(client::Config { nodelay: true, ..client::Config::default() });
        let connecting = client::connect(config, (address.into(), port), Trust(host_key));
        let mut handle = tokio::time::timeout(LIMIT, connecting)
            .await
            .map_err(|_| "no answer".to_owned())?
            .map_err(|error| error.to_string())?;
        let key = PrivateKeyWithHashAlg::new(Arc::new(key.clone()), None);
        let authenticated =
            handle.authenticate_publickey(user, key).await.map_err(|error| error.to_string())?;
        if !authenticated.success() {
            return Err("the key is refused".to_owned());
        }
        Ok(Self(handle))
    }

    pub(crate) async fn run(&self, command: &str) -> Output {
        self.run_with_input(command, None).await
    }

    /// A channel with the SFTP server at its other end.
    pub(crate) async fn sftp(&self) -> ChannelStream<client::Msg> {
        let channel = self.0.channel_open_session().await.unwrap();
        channel.request_subsystem(true, "sftp").await.unwrap();
        channel.into_stream()
    }

    pub(crate) async fn run_with_input(&self, command: &str, input: Option<&[u8]>) -> Output {
        let mut channel = self.0.channel_open_session().await.unwrap();
        channel.exec(true, command).await.unwrap();
        if let Some(input) = input {
            channel.data(input).await.unwrap();
            channel.eof().await.unwrap();
        }
        let mut output = Output { status: None, stdout: Vec::new(), stderr: String::new() };
        let reading = async {
            while let Some(message) = channel.wait().await {
                match message {
                    ChannelMsg::Data { data } => output.stdout.extend_from_slice(&data),
                    ChannelMsg::ExtendedData { data, .. } => output.stderr += &String::from_utf8_lossy(&data),
                    ChannelMsg::ExitStatus { exit_status } => output.status = Some(exit_status),
                    _ => {}
                }
            }
        };
        tokio::time::timeout(LIMIT, reading).await.unwrap_or_else(|_| panic!("{command} does not end"));
        output
    }

    pub(crate) fn handle(&self) -> &Handle<Trust> {
        &self.0
    }

    pub(crate) async fn close(self) {
        let _ = self.0.disconnect(Disconnect::ByApplication, "", "").await;
    }
}
