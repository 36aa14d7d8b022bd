use std::path::PathBuf;

use machine_driver::{
    BaseDriver, Context, Driver, Error, ErrorKind, Result, Secret, State, check_host_name,
    ssh::{self, KeyPair},
};
use machine_driver_http::Client;
use serde::{Deserialize, Serialize};

use crate::{
    api::Action,
    instance::{POWERED_OFF, RUNNING, SHUT_DOWN, failed},
    options::Options,
    server::ServerState,
};

const DEFAULT_SSH_USER: &str = "ubuntu";

/// One machine: a server of the provider, its key, and a firewall if it needs one.
///
/// The fields are the machine's record. Hosts store it as JSON and give it to a fresh process for every command, so
/// everything that any method needs is here (PERSIST-002). A field that an older record lacks is empty, and empty
/// fields must work (PERSIST-004).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct TemplateDriver {
    #[serde(flatten)]
    pub(crate) base: BaseDriver,
    pub(crate) endpoint: String,
    pub(crate) token: Secret<String>,
    pub(crate) region: String,
    pub(crate) image: String,
    pub(crate) size: String,
    /// Name of a key that the user has at the provider; it is used, and never deleted (RM-003).
    pub(crate) key_name: String,
    /// The user's private key; empty for a new one per machine.
    pub(crate) ssh_key_source: PathBuf,
    pub(crate) user_data_file: PathBuf,
    pub(crate) tags: Vec<String>,
    /// The [mark](BaseDriver::mark); recorded, because the store may move (PERSIST-007).
    pub(crate) owner: String,
    /// Ids are known after `create`; until then objects are found by name and owner.
    pub(crate) server_id: String,
    pub(crate) key_id: String,
    #[serde(skip)]
    pub(crate) client: Client,
}

impl Driver for TemplateDriver {
    type Options = Options;

    fn driver_name(&self) -> &'static str {
        "template"
    }

    fn base(&self) -> &BaseDriver {
        &self.base
    }

    fn base_mut(&mut self) -> &mut BaseDriver {
        &mut self.base
    }

    fn ssh_username(&self) -> String {
        self.base.ssh_user_or(DEFAULT_SSH_USER)
    }

    /// Assigns and never appends, so that a second call changes nothing (IDEM-004).
    fn set_config_from_flags(&mut self, options: Options) -> Result<()> {
        options.check()?;
        self.base.swarm_port()?;
        self.base.ssh_user = options.ssh_user;
        self.base.ssh_port = options.ssh_port;
        self.endpoint = options.endpoint;
        self.token = options.token;
        self.region = options.region;
        self.image = options.image;
        self.size = options.size;
        self.key_name = options.key.unwrap_or_default();
        self.ssh_key_source = options.ssh_key_path.unwrap_or_default();
        self.user_data_file = options.user_data.unwrap_or_default();
        self.tags = options.tags;
        self.owner = self.base.mark().to_string();
        Ok(())
    }

    /// Only reads, here and at the provider (PRE-001, PRE-002).
    async fn pre_create_check(&self, cx: &Context) -> Result<()> {
        check_host_name(&self.base.machine_name)?;
        if !self.ssh_key_source.as_os_str().is_empty() {
            KeyPair::load(&self.ssh_key_source).await?;
        }
        self.user_data().await?;
        let api = self.api(cx)?;
        self.refuse_unknown_offers(&api).await?;
        if !self.key_name.is_empty() {
            self.users_key(&api).await?;
        }
        self.refuse_taken_names(&api).await
    }

    /// The steps are in `build`; here is what happens when one fails.
    async fn create(&mut self, cx: &Context) -> Result<()> {
        if !self.server_id.is_empty() {
            let text =
                format!("machine {} already has the server {}", self.base.machine_name, self.server_id);
            return Err(Error::new(ErrorKind::AlreadyExists, text));
        }
        let api = self.api(cx)?;
        let user_data = self.user_data().await?;
        // Also a look at what an earlier `create` of this machine left: its key must not be overwritten (CREATE-014).
        self.refuse_taken_names(&api).await?;
        let Err(error) = self.build(&api, cx, user_data).await else {
            return Ok(());
        };
        cx.log().info("Create failed; deleting what it has made...");
        let unsure = error.is_retryable();
        Err(error.after_undoing(self.roll_back(&api, cx, unsure).await))
    }

    /// Goes on after a failure, and reports all of them (RM-014, RM-015).
    async fn remove(&mut self, cx: &Context) -> Result<()> {
        if self.server_id.is_empty() && self.key_id.is_empty() && self.token.expose().is_empty() {
            // Never configured, so nothing was ever made (RM-010).
            return Ok(());
        }
        let api = self.api(cx)?;
        let server = self.remove_server(&api, cx).await;
        let firewalls = self.remove_firewalls(&api).await;
        let key = self.remove_key(&api).await;
        Error::all([server, firewalls, key])
    }

    async fn start(&mut self, cx: &Context) -> Result<()> {
        let api = self.api(cx)?;
        let mut server = self.existing(&api).await?;
        if server.state == ServerState::Running {
            self.record(&server);
            return Ok(());
        }
        if server.state == ServerState::Stopping {
            server = self.reach(&api, cx, &server.id, &SHUT_DOWN, ServerState::Off).await?;
        }
        if !matches!(server.state, ServerState::Starting | ServerState::Provisioning) {
            self.act(&api, &server.id, Action::Start).await?;
        }
        self.come_up(&api, cx, &server.id).await
    }

    /// Asks the guest, and fails if it does not listen; [`kill`](Driver::kill) does not ask (STOP-003, KILL-006).
    async fn stop(&mut self, cx: &Context) -> Result<()> {
        let api = self.api(cx)?;
        let mut server = self.existing(&api).await?;
        if matches!(server.state, ServerState::Starting | ServerState::Provisioning) {
            server = self.reach(&api, cx, &server.id, &RUNNING, ServerState::Running).await?;
        }
        match server.state {
            ServerState::Off => Ok(()),
            ServerState::Stopping => {
                self.reach(&api, cx, &server.id, &SHUT_DOWN, ServerState::Off).await.map(drop)
            }
            _ => self.power_down(&api, cx, &server.id, Action::Shutdown, &SHUT_DOWN).await,
        }
    }

    async fn kill(&mut self, cx: &Context) -> Result<()> {
        let api = self.api(cx)?;
        let server = self.existing(&api).await?;
        if server.state == ServerState::Off {
            return Ok(());
        }
        self.power_down(&api, cx, &server.id, Action::PowerOff, &POWERED_OFF).await
    }

    async fn restart(&mut self, cx: &Context) -> Result<()> {
        let api = self.api(cx)?;
        let server = self.existing(&api).await?;
        if server.state != ServerState::Running {
            return self.start(cx).await;
        }
        // The state stays "running" during a reboot: only the guest can tell when it is over (RST-001, RST-002).
        let before = self.boot_id(cx, &server).await;
        if before.is_none() {
            cx.log()
                .debug("SSH does not answer before the reboot: cannot tell the new boot from the old one");
        }
        self.act(&api, &server.id, Action::Reboot).await?;
        cx.log().info("Waiting for the next boot...");
        let rebooted = cx.waits().until(&ssh::NEW_BOOT, || async {
            // Asked each time: the address may change (RST-003).
            let server = self.existing(&api).await?;
            failed(&server)?;
            Ok(self.boot_id(cx, &server).await.filter(|now| Some(now) != before.as_ref()).map(|_| server))
        });
        let server = rebooted.await.map_err(|error| error.with_context("server", &server.id))?;
        self.record(&server);
        Ok(())
    }

    async fn state(&self, cx: &Context) -> Result<State> {
        let server = self.existing(&self.api(cx)?).await?;
        server.state.to_machine().ok_or_else(|| {
            let text = format!("the server {} is in a state that this driver does not know", server.id);
            Error::new(ErrorKind::Provider, text)
        })
    }

    async fn url(&self, cx: &Context) -> Result<String> {
        Ok(BaseDriver::engine_url(&self.ip(cx).await?))
    }

    /// Asks the provider each time: a recorded address may be another machine's by now (NET-006).
    async fn ip(&self, cx: &Context) -> Result<String> {
        let server = self.existing(&self.api(cx)?).await?;
        if server.state != ServerState::Running {
            return Err(Error::not_running());
        }
        let address = server.address.ok_or_else(|| {
            Error::new(
                ErrorKind::Provider,
                format!("the provider gave the server {} no address yet", server.id),
            )
        })?;
        Ok(address.to_string())
    }
}

#[cfg(test)]
#[path = "tests/driver.rs"]
mod tests;
