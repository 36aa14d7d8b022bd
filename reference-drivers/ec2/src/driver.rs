use aws_sdk_ec2::Client;
use machine_driver::{
    BaseDriver, Context, Driver, DriverFlags, Error, ErrorKind, Flag, Result, State, check_host_name, ssh,
};
use machine_driver_aws::Clients;
use serde::{Deserialize, Serialize};

use crate::{
    instance::{PENDING, RUNNING, SHUT_DOWN, STOPPED, STOPPING, UP, state, to_machine},
    options::Options,
};

const DEFAULT_SSH_USER: &str = "ubuntu";

/// One machine: an instance of EC2 with its volumes, its key pair and its security group.
///
/// The fields are the machine's record. Hosts store it as JSON and give it to a fresh process for every command, so
/// everything that any method needs is here (PERSIST-002). A field that an older record lacks is empty, and empty
/// fields must work (PERSIST-004).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct Ec2Driver {
    #[serde(flatten)]
    pub(crate) base: BaseDriver,
    #[serde(flatten)]
    pub(crate) options: Options,
    /// The [mark](BaseDriver::mark); recorded, because the store may move (PERSIST-007).
    pub(crate) owner: String,
    /// Ids are known after `create`; until then objects are found by their tags.
    pub(crate) instance_id: String,
    pub(crate) key_pair_id: String,
    #[serde(rename = "PrivateIPAddress")]
    pub(crate) private_ip_address: String,
    #[serde(skip)]
    pub(crate) clients: Clients<Client>,
}

impl Driver for Ec2Driver {
    type Options = Options;

    fn driver_name(&self) -> &'static str {
        "ec2"
    }

    fn base(&self) -> &BaseDriver {
        &self.base
    }

    fn base_mut(&mut self) -> &mut BaseDriver {
        &mut self.base
    }

    /// Flags with the variables of the Go drivers also have one of their own name: `EC2_REGION` (FLAG-003).
    fn create_flags(&self) -> Vec<Flag> {
        let mut flags = Options::flags();
        for flag in flags.iter_mut().filter(|flag| !flag.env_var.is_empty()) {
            let own = flag.name.to_uppercase().replace('-', "_");
            flag.env_var = format!("{},{own}", flag.env_var);
        }
        flags
    }

    fn ssh_username(&self) -> String {
        self.base.ssh_user_or(DEFAULT_SSH_USER)
    }

    /// Assigns and never appends, so that a second call changes nothing (IDEM-004). Asks nobody: what EC2 has to say comes
    /// in `pre_create_check` (FLAG-011).
    fn set_config_from_flags(&mut self, options: Options) -> Result<()> {
        options.check()?;
        self.base.swarm_port()?;
        self.base.ssh_user.clone_from(&options.ssh_user);
        self.base.ssh_port = options.ssh_port;
        self.options = options;
        self.owner = self.base.mark().to_string();
        self.clients = Clients::default();
        Ok(())
    }

    /// Only reads, here and at EC2 (PRE-001, PRE-002).
    async fn pre_create_check(&self, cx: &Context) -> Result<()> {
        check_host_name(&self.base.machine_name)?;
        self.user_data().await?;
        let ec2 = self.ec2(cx).await?;
        let place = self.place(&ec2).await?;
        self.image(&ec2).await?;
        self.check_key(&ec2).await?;
        self.check_groups(&ec2, cx, &place.vpc).await?;
        self.refuse_taken_names(&ec2).await
    }

    /// The steps are in `build`; here is what happens when one fails.
    async fn create(&mut self, cx: &Context) -> Result<()> {
        if !self.instance_id.is_empty() {
            let (machine, id) = (&self.base.machine_name, &self.instance_id);
            let text = format!("machine {machine} already has the instance {id}");
            return Err(Error::new(ErrorKind::AlreadyExists, text));
        }
        let ec2 = self.ec2(cx).await?;
        let user_data = self.user_data().await?;
        // Also a look at what an earlier `create` of this machine left: its key must not be overwritten (CREATE-014).
        self.refuse_taken_names(&ec2).await?;
        let place = (self.place(&ec2).await?, self.image(&ec2).await?);
        let Err(error) = self.build(&ec2, cx, place, user_data).await else {
            return Ok(());
        };
        cx.log().info("Create failed; deleting what it has made...");
        let unsure = error.is_retryable() || error.kind() == ErrorKind::Timeout;
        // The first cause comes first, whatever happens later (CREATE-011).
        Err(error.after_undoing(self.roll_back(&ec2, cx, unsure).await))
    }

    async fn remove(&mut self, cx: &Context) -> Result<()> {
        if self.owner.is_empty() && self.instance_id.is_empty() {
            // Never configured, so nothing was ever made (RM-010).
            return Ok(());
        }
        let ec2 = self.ec2(cx).await?;
        self.remove_all(&ec2, cx).await
    }

    async fn start(&mut self, cx: &Context) -> Result<()> {
        let ec2 = self.ec2(cx).await?;
        let mut instance = self.existing(&ec2).await?;
        let id = instance.instance_id.clone().unwrap_or_default();
        if state(&instance) == RUNNING {
            self.record(&instance);
            return Ok(());
        }
        if state(&instance) == STOPPING {
            instance = self.reach(&ec2, cx, &id, &SHUT_DOWN, STOPPED, false).await?;
        }
        let starting = state(&instance) == PENDING;
        if !starting {
            ec2.start(&id).await?;
        }
        self.come_up(&ec2, cx, &id, starting).await
    }

    /// Asks the guest, and fails if it does not listen; [`kill`](Driver::kill) does not ask (STOP-003, KILL-006).
    async fn stop(&mut self, cx: &Context) -> Result<()> {
        self.switch_off(cx, false).await
    }

    async fn kill(&mut self, cx: &Context) -> Result<()> {
        self.switch_off(cx, true).await
    }

    async fn restart(&mut self, cx: &Context) -> Result<()> {
        let ec2 = self.ec2(cx).await?;
        let instance = self.existing(&ec2).await?;
        if state(&instance) != RUNNING {
            return self.start(cx).await;
        }
        let id = instance.instance_id.clone().unwrap_or_default();
        // The state stays "running" during a reboot: only the guest can tell when it is over (RST-001, RST-002).
        let before = self.boot_id(cx, &instance).await;
        if before.is_none() {
            cx.log()
                .debug("SSH does not answer before the reboot: cannot tell the new boot from the old one");
        }
        ec2.reboot(&id).await?;
        cx.log().info("Waiting for the next boot...");
        let rebooted = cx.waits().until(&ssh::NEW_BOOT, || async {
            // Asked each time: the address may change (RST-003).
            let instance = self.reach(&ec2, cx, &id, &UP, RUNNING, false).await?;
            let now = self.boot_id(cx, &instance).await;
            Ok(now.filter(|now| Some(now) != before.as_ref()).map(|_| instance))
        });
        let instance = rebooted.await.map_err(|error| error.with_context("instance", &id))?;
        self.record(&instance);
        Ok(())
    }

    async fn state(&self, cx: &Context) -> Result<State> {
        let instance = self.existing(&self.ec2(cx).await?).await?;
        to_machine(state(&instance)).ok_or_else(|| {
            let id = instance.instance_id().unwrap_or_default();
            let text = format!("the instance {id} is in a state that this driver does not know");
            Error::new(ErrorKind::Provider, text)
        })
    }

    async fn url(&self, cx: &Context) -> Result<String> {
        Ok(BaseDriver::engine_url(&self.ip(cx).await?))
    }

    /// Asks EC2 each time: a recorded address may be another machine's by now (NET-006).
    async fn ip(&self, cx: &Context) -> Result<String> {
        self.running_address(cx, Self::address).await
    }

    async fn ipv6(&self, cx: &Context) -> Result<String> {
        self.running_address(cx, |_, instance| instance.ipv6_address().map(str::to_owned)).await
    }
}

#[cfg(test)]
#[path = "tests/driver.rs"]
mod tests;
