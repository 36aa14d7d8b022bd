use std::path::PathBuf;

use machine_driver::{BaseDriver, Context, Driver, Error, ErrorKind, Result, State};
use machine_driver_hypervisor::{network::HostNetwork, tool::Tool};
use serde::{Deserialize, Serialize};

use crate::{
    answer::{Info, VmState},
    locate::{Platform, settings_folder},
    options::Options,
    vboxmanage::{info, vboxmanage},
};

const DEFAULT_SSH_USER: &str = "docker";

/// One machine: a VM of VirtualBox with boot2docker, its disk and image, and its place in a host-only network.
///
/// The fields are the machine's record. Hosts store it as JSON and give it to a fresh process for every command, so
/// everything that any method needs is here (PERSIST-002). An option that an older record lacks has its default
/// (PERSIST-004).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub struct VBoxDriver {
    #[serde(flatten)]
    pub(crate) base: BaseDriver,
    /// Id of the VM, by the machine's [mark](BaseDriver::mark). Names of VMs are not unique, so every command names it
    /// (RM-016, CONC-007). Recorded, because the store may move (PERSIST-007).
    pub(crate) vm: String,
    #[serde(flatten)]
    pub(crate) options: Options,
}

impl VBoxDriver {
    pub(crate) fn vm_id(&self) -> String {
        if self.vm.is_empty() { self.base.mark().uuid() } else { self.vm.clone() }
    }

    pub(crate) fn network(&self) -> Result<HostNetwork> {
        HostNetwork::parse(&self.options.host_only_cidr).map_err(|problem| {
            let text = format!("the recorded host-only network {problem}");
            Error::new(ErrorKind::Config, text)
        })
    }

    /// Where the list of networks is kept, one for each registry of VirtualBox.
    pub(crate) fn settings_folder(&self) -> Result<PathBuf> {
        settings_folder(Platform::THIS, |name| std::env::var_os(name)).ok_or_else(|| {
            let text = "cannot find the folder of VirtualBox's settings: there is neither VBOX_USER_HOME nor a home folder";
            Error::new(ErrorKind::Io, text)
        })
    }

    /// The VM as it is now; none is an error (START-007, STOP-006, RST-007, STATE-006).
    pub(crate) async fn existing(&self, vbox: &Tool) -> Result<Info> {
        let info = info(vbox, &self.vm_id()).await?;
        info.ok_or_else(|| {
            let (machine, vm) = (&self.base.machine_name, self.vm_id());
            let text = format!("machine {machine} not found: VirtualBox has no VM {{{vm}}}");
            Error::new(ErrorKind::NotFound, text)
        })
    }
}

impl Driver for VBoxDriver {
    type Options = Options;

    fn driver_name(&self) -> &'static str {
        "vbox"
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
        self.options = options;
        DEFAULT_SSH_USER.clone_into(&mut self.base.ssh_user);
        self.vm = self.base.mark().uuid();
        Ok(())
    }

    /// Only reads, here and at VirtualBox, except that a missing image is downloaded (PRE-001, PRE-002, PRE-005).
    async fn pre_create_check(&self, cx: &Context) -> Result<()> {
        self.check(&vboxmanage(cx)?, cx).await
    }

    /// The steps are in `build`; here is what happens when one fails.
    async fn create(&mut self, cx: &Context) -> Result<()> {
        let vbox = vboxmanage(cx)?;
        let mut made = false;
        let Err(error) = self.build(&vbox, cx, &mut made).await else {
            return Ok(());
        };
        if !made {
            return Err(error);
        }
        cx.log().info("Create failed; deleting what it has made...");
        Err(error.after_undoing(self.delete(&vbox, cx).await))
    }

    async fn remove(&mut self, cx: &Context) -> Result<()> {
        if self.base.machine_name.is_empty() {
            // Never configured, so nothing was ever made (RM-010).
            return Ok(());
        }
        self.delete(&vboxmanage(cx)?, cx).await
    }

    async fn start(&mut self, cx: &Context) -> Result<()> {
        self.bring_up(&vboxmanage(cx)?, cx).await
    }

    /// Asks the guest, and fails if it does not listen; [`kill`](Driver::kill) does not ask (STOP-003, KILL-006).
    async fn stop(&mut self, cx: &Context) -> Result<()> {
        self.shut_down(&vboxmanage(cx)?, cx).await
    }

    /// A shutdown and a start: VirtualBox's own reset would be a power cut for the guest (RST-001).
    async fn restart(&mut self, cx: &Context) -> Result<()> {
        let vbox = vboxmanage(cx)?;
        self.shut_down(&vbox, cx).await?;
        self.bring_up(&vbox, cx).await
    }

    async fn kill(&mut self, cx: &Context) -> Result<()> {
        let vbox = vboxmanage(cx)?;
        let info = self.existing(&vbox).await?;
        self.power_off(&vbox, cx, info.state()?).await
    }

    async fn state(&self, cx: &Context) -> Result<State> {
        let info = self.existing(&vboxmanage(cx)?.for_getter()).await?;
        Ok(info.state()?.to_machine())
    }

    async fn url(&self, cx: &Context) -> Result<String> {
        Ok(BaseDriver::engine_url(&self.ip(cx).await?))
    }

    /// Asks the guest each time: VirtualBox's DHCP server does not tell what it gave out (NET-006).
    async fn ip(&self, cx: &Context) -> Result<String> {
        let info = self.existing(&vboxmanage(cx)?.for_getter()).await?;
        if info.state()? != VmState::Running {
            return Err(Error::not_running());
        }
        Ok(self.guest_address(&info, cx).await?.to_string())
    }

    /// SSH comes through a forwarded port of this computer, whatever the guest's address is (SSH-006).
    async fn ssh_hostname(&self, _cx: &Context) -> Result<String> {
        Ok(Self::SSH_HOST.to_owned())
    }
}
