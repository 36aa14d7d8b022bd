//! Defects of what a driver tells about a machine, and of its power.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use machine_driver::{BoxFuture, DriverOptions, DynDriver, ErrorKind, Flag, Result, State};
use serde_json::{Map, Value, json};

use super::{
    Defect,
    inner::{Inner, pass_on},
};

/// Address that no machine has.
const PRIVATE_URL: &str = "tcp://10.0.0.4:2376";
/// Until the provider does what it accepted.
const LATER: Duration = Duration::from_secs(1);
/// Switch of [`Defect::PrivateAddressIsMixedUp`].
const SWITCH: &str = "template-private-address";

/// The template driver that says something else.
pub(super) struct Telling {
    inner: Inner,
    defect: Defect,
    /// Address in the record that was loaded.
    loaded_address: Mutex<String>,
    /// Whether what the defect waits for has happened.
    happened: AtomicBool,
}

impl Telling {
    /// Defects that this wrapper shows.
    pub(super) const DEFECTS: &'static [Defect] = &[
        Defect::KeyOptionIsNotCopied,
        Defect::GettersListEverything,
        Defect::AddressOfTheFirst,
        Defect::GetterCrashesDuringCreate,
        Defect::GetterCrashesAfterRemove,
        Defect::TransitionsAreRunning,
        Defect::StartReturnsEarly,
        Defect::StopReturnsEarly,
        Defect::StartForgetsTheAddress,
        Defect::RestartForgetsTheAddress,
        Defect::KillAsksTheGuestFirst,
        Defect::FirstAddressOfTheGuest,
        Defect::PrivateAddressIsMixedUp,
        Defect::HostIsNoAddress,
    ];

    pub(super) fn new(inner: Arc<dyn DynDriver>, defect: Defect) -> Self {
        Self {
            inner: Inner(inner),
            defect,
            loaded_address: Mutex::default(),
            happened: AtomicBool::new(false),
        }
    }

    fn happened(&self) -> bool {
        self.happened.load(Ordering::SeqCst)
    }

    fn happens(&self, now: bool) {
        self.happened.store(now, Ordering::SeqCst);
    }

    fn loaded_address(&self) -> String {
        self.loaded_address.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Address of the first of several servers in the account.
    async fn first_address(&self) -> Option<String> {
        let servers = self.inner.provider().await.ok()?.all("servers").await.ok()?;
        let running: Vec<&str> = servers.iter().filter_map(|server| server["address"].as_str()).collect();
        (running.len() > 1).then(|| running[0].to_owned())
    }
}

impl DynDriver for Telling {
    fn create_flags(&self) -> BoxFuture<'_, Result<Vec<Flag>>> {
        Box::pin(async move {
            let mut flags = self.inner.0.create_flags().await?;
            if self.defect == Defect::PrivateAddressIsMixedUp {
                let switch =
                    Flag::bool(SWITCH).env_var("TEMPLATE_PRIVATE_ADDRESS").usage("Use the private address");
                flags.insert(0, switch);
            }
            Ok(flags)
        })
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let private = options.bool(SWITCH);
            self.inner.0.set_config_from_flags(options).await?;
            if self.defect == Defect::PrivateAddressIsMixedUp {
                self.inner.set("PrivateAddress", private).await?;
            }
            Ok(())
        })
    }

    fn config_raw(&self) -> BoxFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            let mut record = self.inner.record().await?;
            let address = match self.defect {
                // Whoever returns early learns the address later.
                Defect::StartReturnsEarly => self.inner.0.ip().await.unwrap_or_default(),
                Defect::StartForgetsTheAddress => self.loaded_address(),
                _ => String::new(),
            };
            if !address.is_empty() {
                record.insert("IPAddress".to_owned(), address.into());
            }
            Ok(serde_json::to_vec(&record).unwrap_or_default())
        })
    }

    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let record: Map<String, Value> = serde_json::from_slice(&json).unwrap_or_default();
            let address = record.get("IPAddress").and_then(Value::as_str).unwrap_or_default();
            address.clone_into(&mut self.loaded_address.lock().unwrap_or_else(PoisonError::into_inner));
            self.inner.0.set_config_raw(json).await
        })
    }

    fn ip(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let ip = self.inner.0.ip().await?;
            let other = match self.defect {
                Defect::AddressOfTheFirst => self.first_address().await,
                Defect::FirstAddressOfTheGuest => self.inner.guest("hostname -I").await.ok(),
                _ => None,
            };
            let other = other.and_then(|addresses| addresses.split(' ').next().map(str::to_owned));
            Ok(other.unwrap_or(ip))
        })
    }

    fn url(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            match self.defect {
                Defect::GetterCrashesDuringCreate if self.happened() => std::process::abort(),
                Defect::PrivateAddressIsMixedUp
                    if self.inner.record().await?.get("PrivateAddress") == Some(&json!(true)) =>
                {
                    Ok(PRIVATE_URL.to_owned())
                }
                Defect::AddressOfTheFirst => Ok(format!("tcp://{}:2376", self.ip().await?)),
                _ => self.inner.0.url().await,
            }
        })
    }

    fn ssh_hostname(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let host = self.inner.0.ssh_hostname().await?;
            Ok(match self.defect {
                Defect::RestartForgetsTheAddress if self.happened() => self.loaded_address(),
                // The address as one number: resolvers of C libraries know it, parsers of addresses do not.
                Defect::HostIsNoAddress => match host.parse::<std::net::Ipv4Addr>() {
                    Ok(address) => u32::from(address).to_string(),
                    Err(_) => host,
                },
                _ => host,
            })
        })
    }

    fn ssh_key_path(&self) -> BoxFuture<'_, Result<String>> {
        Box::pin(async move {
            let source = self.inner.text("SshKeySource").await;
            if self.defect == Defect::KeyOptionIsNotCopied && !source.is_empty() {
                return Ok(source);
            }
            self.inner.0.ssh_key_path().await
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<State>> {
        Box::pin(async move {
            let state = self.inner.0.state().await;
            match (self.defect, &state) {
                (Defect::TransitionsAreRunning, Ok(State::Starting | State::Stopping)) => {
                    return Ok(State::Running);
                }
                (Defect::GettersListEverything, Ok(_)) => {
                    let provider = self.inner.provider().await?;
                    for collection in ["servers", "keys", "firewalls", "images", "sizes", "regions"] {
                        provider.all(collection).await?;
                    }
                }
                (Defect::GetterCrashesAfterRemove, Ok(State::Running)) => self.happens(true),
                (Defect::GetterCrashesAfterRemove, Err(error))
                    if self.happened() && error.kind() == ErrorKind::NotFound =>
                {
                    std::process::abort();
                }
                _ => {}
            }
            state
        })
    }

    fn create(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.happens(self.defect == Defect::GetterCrashesDuringCreate);
            let outcome = self.inner.0.create().await;
            self.happens(false);
            outcome
        })
    }

    fn start(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let stopped = matches!(self.inner.0.state().await, Ok(State::Stopped));
            if self.defect == Defect::StartReturnsEarly && stopped {
                let path = format!("servers/{}/actions", self.inner.text("ServerId").await);
                let order = json!({ "type": "start" });
                let provider = self.inner.provider().await?;
                tokio::spawn(async move {
                    tokio::time::sleep(LATER).await;
                    // Nobody is there any more to be told of an error.
                    let _ = provider.call("POST", &path, Some(order)).await;
                });
                return Ok(());
            }
            self.inner.0.start().await
        })
    }

    fn stop(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            let running = matches!(self.inner.0.state().await, Ok(State::Running));
            if self.defect != Defect::StopReturnsEarly || !running {
                return self.inner.0.stop().await;
            }
            let path = format!("servers/{}/actions", self.inner.text("ServerId").await);
            let order = json!({ "type": "shutdown" });
            let (status, answer) = self.inner.provider().await?.call("POST", &path, Some(order)).await?;
            match status {
                200..300 => Ok(()),
                _ => Err(machine_driver::Error::remote(format!("cannot shut down: {answer}"))),
            }
        })
    }

    fn restart(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            self.inner.0.restart().await?;
            self.happens(self.defect == Defect::RestartForgetsTheAddress);
            Ok(())
        })
    }

    fn kill(&self) -> BoxFuture<'_, Result<()>> {
        Box::pin(async move {
            if self.defect == Defect::KillAsksTheGuestFirst {
                // Whatever comes of it.
                let _ = self.inner.0.stop().await;
            }
            self.inner.0.kill().await
        })
    }

    pass_on! {
        driver_name() -> String;
        machine_name() -> String;
        ipv6() -> String;
        ssh_port() -> u16;
        ssh_username() -> String;
        pre_create_check() -> ();
        remove() -> ();
    }
}
