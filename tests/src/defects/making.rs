//! Defects of what a driver makes and deletes at the provider.

use std::{path::PathBuf, sync::Arc, time::Duration};

use machine_driver::{
    BoxFuture, DriverOptions, DynDriver, Error, ErrorKind, Flag, FlagKind, OptionValue, Result, State,
    ssh::{KeyAlgorithm, KeyPair},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{
    Defect,
    inner::{Inner, pass_on},
    unverified,
};

/// Key that the defective drivers share between machines.
const SHARED: &str = "docker-machine";
/// Any public key.
const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKHEChAMu8dyI6XKOOUlEPm1fVn3Qz3NMVlpUaBCDqUG shared";
/// Gives the user a password and lets people log in with it.
const SET_PASSWORD: &str = "echo \"$(whoami):docker\" | sudo chpasswd && \
    echo 'PasswordAuthentication yes' | sudo tee /etc/ssh/sshd_config.d/00-password.conf";
/// Between looking for a shared object and making it: what a real driver needs for its other look-ups.
const MEANWHILE: Duration = Duration::from_millis(400);

/// Status of a provider that is busy with another change; only [`Defect::BusyIsFatal`] takes it for an error.
const LOCKED: u16 = 423;

/// Bytes of user data that the provider takes.
const LONGEST_USER_DATA: usize = 16 << 10;

/// The template driver that does something else at the provider.
pub(super) struct Making {
    inner: Inner,
    defect: Defect,
}

impl Making {
    /// Defects that this wrapper shows.
    pub(super) const DEFECTS: &'static [Defect] = &[
        Defect::SameKeyForAllMachines,
        Defect::SizeIsIgnored,
        Defect::ImageIsFixed,
        Defect::UserDataIsTrimmed,
        Defect::UserDataIsForgotten,
        Defect::LongUserDataIsCut,
        Defect::SwarmPortStaysClosed,
        Defect::UnknownOfferIsAccepted,
        Defect::PreCreateCheckReservesAKey,
        Defect::NamesakeIsTakenOver,
        Defect::RollBackDeletesByName,
        Defect::KilledCreateIsForgotten,
        Defect::OpensFurtherPorts,
        Defect::KeyIsSentToTheProvider,
        Defect::ExistingKeyIsDeleted,
        Defect::SharedKeyIsLookedForThenMade,
        Defect::SharedKeyGoesWithTheFirst,
        Defect::BusyIsFatal,
        Defect::RunsAProgram,
        Defect::CertificatesAreNotVerified,
        Defect::FlagWithoutEffect,
        Defect::DefaultSizeIsWithdrawn,
        Defect::DefaultIsDebian,
        Defect::DefaultIsBoot2Docker,
        Defect::GuestWithoutSoftware,
        Defect::UserHasAPassword,
        Defect::ProxyIsIgnored,
    ];

    pub(super) fn new(inner: Arc<dyn DynDriver>, defect: Defect) -> Self {
        Self { inner: Inner(inner), defect }
    }

    async fn before_create(&self) -> Result<()> {
        let provider = self.inner.provider().await?;
        match self.defect {
            Defect::SizeIsIgnored => self.inner.set("Size", "small").await?,
            Defect::ImageIsFixed => {
                self.inner.set("Image", "ubuntu-24.04").await?;
                self.inner.set("SSHUser", "ubuntu").await?;
            }
            Defect::UserDataIsTrimmed => self.change_user_data(str::trim).await?,
            Defect::UserDataIsForgotten => self.inner.set("UserDataFile", "").await?,
            Defect::SwarmPortStaysClosed => self.inner.set("SwarmMaster", false).await?,
            Defect::NamesakeIsTakenOver if self.inner.text("ServerId").await.is_empty() => {
                let name = self.inner.text("MachineName").await;
                // Those of other machines are spared: how two of them meet is another defect.
                for server in provider.named("servers", &name).await? {
                    if server["tags"]["owner"].is_null() {
                        let id = server["id"].as_str().unwrap_or_default();
                        provider.call("DELETE", &format!("servers/{id}"), None).await?;
                    }
                }
            }
            Defect::SharedKeyIsLookedForThenMade if provider.named("keys", SHARED).await?.is_empty() => {
                tokio::time::sleep(MEANWHILE).await;
                let (mut status, mut answer) = provider.call("POST", "keys", Some(key(SHARED))).await?;
                while status == LOCKED {
                    tokio::time::sleep(MEANWHILE).await;
                    (status, answer) = provider.call("POST", "keys", Some(key(SHARED))).await?;
                }
                if status != 201 {
                    return Err(broken(format!("cannot create the key {SHARED}: {answer}")));
                }
            }
            Defect::SharedKeyGoesWithTheFirst => {
                provider.call("POST", "keys", Some(key(SHARED))).await?;
            }
            Defect::BusyIsFatal => {
                let name = format!("probe-{}", self.inner.text("MachineName").await);
                let (status, answer) = provider.call("POST", "keys", Some(key(&name))).await?;
                if status != 201 {
                    return Err(broken(format!("cannot create the key {name}: {answer}")));
                }
                provider.delete_named("keys", &name).await?;
            }
            Defect::RunsAProgram => {
                let program = tokio::process::Command::new("uname").output().await;
                program.map_err(|error| broken(format!("cannot run uname: {error}")))?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Lets the driver read another file with user data.
    async fn change_user_data(&self, change: impl Fn(&str) -> &str) -> Result<()> {
        let path = self.inner.text("UserDataFile").await;
        if let Ok(text) = tokio::fs::read_to_string(&path).await {
            let changed = PathBuf::from(format!("{path}.changed"));
            let _ = tokio::fs::write(&changed, change(&text)).await;
            self.inner.set("UserDataFile", changed.display().to_string()).await?;
        }
        Ok(())
    }

    async fn after_create(&self) -> Result<()> {
        let provider = self.inner.provider().await?;
        let name = self.inner.text("MachineName").await;
        match self.defect {
            Defect::SwarmPortStaysClosed => self.inner.set("SwarmMaster", true).await?,
            Defect::OpensFurtherPorts => {
                let (owner, server) = (self.inner.text("Owner").await, self.inner.text("ServerId").await);
                let rule = json!({
                    "name": format!("machine-{name}-{owner}"), "server_id": server, "ports": [2375, 8080],
                });
                provider.call("POST", "firewalls", Some(rule)).await?;
            }
            Defect::KeyIsSentToTheProvider => {
                let path = self.inner.0.ssh_key_path().await?;
                let private = tokio::fs::read_to_string(path).await.unwrap_or_default();
                let body = json!({ "name": "backup", "public_key": private });
                provider.call("POST", "keys", Some(body)).await?;
            }
            Defect::GuestWithoutSoftware => {
                self.inner.guest("sudo rm -f /usr/bin/apt-get /usr/bin/curl").await?;
            }
            Defect::UserHasAPassword => drop(self.inner.guest(SET_PASSWORD).await?),
            _ => {}
        }
        Ok(())
    }

    async fn after_remove(&self) -> Result<()> {
        let provider = self.inner.provider().await?;
        match self.defect {
            Defect::ExistingKeyIsDeleted => {
                let name = self.inner.text("KeyName").await;
                if !name.is_empty() {
                    provider.delete_named("keys", &name).await?;
                }
            }
            // Collected with the last machine, as it should be.
            Defect::SharedKeyIsLookedForThenMade if provider.all("servers").await?.is_empty() => {
                provider.delete_named("keys", SHARED).await?;
            }
            Defect::SharedKeyGoesWithTheFirst => provider.delete_named("keys", SHARED).await?,
            _ => {}
        }
        Ok(())
    }
}

impl DynDriver for Making {
    fn create_flags(&self) -> BoxFuture<'_, Result<Vec<Flag>>> {
        Box::pin(async move {
            let mut flags = self.inner.0.create_flags().await?;
            let mut default = |name: &str, value: &str| {
                for flag in flags.iter_mut().filter(|flag| flag.name == name) {
                    flag.kind = FlagKind::String { default: value.to_owned() };
                }
            };
            match self.defect {
                Defect::DefaultSizeIsWithdrawn => default("template-size", "nano"),
                Defect::DefaultIsDebian => {
                    default("template-image", "debian-12");
                    default("template-ssh-user", "debian");
                }
                Defect::DefaultIsBoot2Docker => {
                    default("template-image", "boot2docker-19.03");
                    default("template-ssh-user", "docker");
                }
                Defect::FlagWithoutEffect => flags.insert(
                    0,
                    Flag::string("template-colour").env_var("TEMPLATE_COLOUR").usage("Colour of the server"),
                ),
                _ => {}
            }
            Ok(flags)
        })
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let mut options = options;
            let has_key = !options.string("template-ssh-key-path").is_empty();
            if self.defect == Defect::SameKeyForAllMachines && !has_key {
                let path = one_key_for_all().await?;
                options.insert("template-ssh-key-path", OptionValue::String(path));
            }
            self.inner.0.set_config_from_flags(options).await
        })
    }

    fn pre_create_check(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            match self.defect {
                Defect::PreCreateCheckReservesAKey => {
                    let provider = self.inner.provider().await?;
                    let name = format!("reserved-{}", self.inner.text("MachineName").await);
                    provider.call("POST", "keys", Some(key(&name))).await?;
                    provider.delete_named("keys", &name).await?;
                }
                Defect::LongUserDataIsCut => {
                    self.change_user_data(|text| &text[..text.len().min(LONGEST_USER_DATA)]).await?;
                }
                Defect::CertificatesAreNotVerified => {
                    let endpoint = self.inner.text("Endpoint").await;
                    if let Some(authority) = endpoint.strip_prefix("https://") {
                        unverified::greet(authority).await?;
                    }
                }
                _ => {}
            }
            let checked = self.inner.0.pre_create_check().await;
            match (checked, self.defect) {
                (Err(error), Defect::UnknownOfferIsAccepted)
                    if error.to_string().contains("the provider has:") =>
                {
                    Ok(())
                }
                (Err(error), Defect::NamesakeIsTakenOver) if error.kind() == ErrorKind::AlreadyExists => {
                    Ok(())
                }
                (checked, _) => checked,
            }
        })
    }

    fn create(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.before_create().await?;
            let created = self.inner.0.create().await;
            if created.is_err() && self.defect == Defect::RollBackDeletesByName {
                let name = self.inner.text("MachineName").await;
                self.inner.provider().await?.delete_named("servers", &name).await?;
            }
            created?;
            self.after_create().await
        })
    }

    fn remove(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let unknown =
                self.inner.text("ServerId").await.is_empty() && self.inner.text("KeyId").await.is_empty();
            if self.defect == Defect::KilledCreateIsForgotten && unknown {
                return Ok(());
            }
            self.inner.0.remove().await?;
            self.after_remove().await
        })
    }

    pass_on! {
        driver_name() -> String;
        config_raw() -> Vec<u8>;
        set_config_raw(json: Vec<u8>) -> ();
        machine_name() -> String;
        ip() -> String;
        ipv6() -> String;
        ssh_hostname() -> String;
        ssh_key_path() -> String;
        ssh_port() -> u16;
        ssh_username() -> String;
        url() -> String;
        state() -> State;
        start() -> ();
        stop() -> ();
        restart() -> ();
        kill() -> ();
    }
}

/// Path of the one key pair that all machines get.
async fn one_key_for_all() -> Result<String> {
    static KEY: OnceCell<(TempDir, String)> = OnceCell::const_new();
    let made = KEY.get_or_try_init(|| async {
        let folder = tempfile::tempdir().map_err(|error| broken(error.to_string()))?;
        let path = folder.path().join("key");
        KeyPair::generate(&path, KeyAlgorithm::Ed25519).await?;
        let path = path.display().to_string();
        Result::Ok((folder, path))
    });
    made.await.map(|(_, path)| path.clone())
}

fn key(name: &str) -> serde_json::Value {
    json!({ "name": name, "public_key": PUBLIC_KEY })
}

fn broken(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Other, text)
}
