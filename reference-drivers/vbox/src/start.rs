use std::{net::IpAddr, time::Duration};

use machine_driver::{
    Context, Driver, Error, ErrorKind, Result,
    ssh::{self, Endpoint},
    wait::Wait,
};
use machine_driver_hypervisor::{
    guest::{self, free_port},
    tool::Tool,
};

use crate::{
    answer::{self, Info, VmState},
    command,
    driver::VBoxDriver,
    vboxmanage,
};

// Every wait has a name, which errors quote, and an end (CREATE-017, START-010). VBoxManage itself waits for the start of
// a VM: this one is for starts that somebody else makes, or that outlast the call.
const RUNNING: Wait = Wait::new("the VM to run", Duration::from_secs(180), Duration::from_secs(4));
const ADDRESS: Wait = Wait::new(
    "the guest to have an address in the host-only network",
    Duration::from_secs(180),
    Duration::from_secs(2),
);
/// Starts with a taken port that are repaired.
const FORWARDING_TRIES: u32 = 3;

/// Coming up, from every state.
impl VBoxDriver {
    pub(crate) const SSH_HOST: &'static str = "127.0.0.1";

    /// Starts, resumes or restores the VM, and waits until its guest answers (START-002, START-003, START-008).
    pub(crate) async fn bring_up(&mut self, vbox: &Tool, cx: &Context) -> Result<()> {
        let mut info = self.existing(vbox).await?;
        if info.state()? == VmState::Stopping {
            info = self.settled(vbox, cx).await?;
        }
        self.switch_on(vbox, cx, &info).await?;
        self.come_up(vbox, cx).await
    }

    /// Gets the VM to run, or to be about to.
    pub(crate) async fn switch_on(&mut self, vbox: &Tool, cx: &Context, info: &Info) -> Result<()> {
        let vm = self.vm_id();
        match info.state()? {
            VmState::Running | VmState::Starting => Ok(()),
            VmState::Paused => {
                let resume = command::control("resume the VM", &vm, "resume");
                Ok(vbox.change(&resume).await?)
            }
            VmState::Crashed => Err(crashed()),
            VmState::Off => {
                let joined = info.host_only().map(|(adapter, _)| adapter);
                self.join_network(vbox, cx, joined).await?;
                self.power_up(vbox, cx, info).await
            }
            // Its network cards are part of the saved state.
            VmState::Saved => self.power_up(vbox, cx, info).await,
            VmState::Stopping => Err(Error::new(ErrorKind::Provider, "the VM does not finish stopping")),
        }
    }

    async fn power_up(&mut self, vbox: &Tool, cx: &Context, info: &Info) -> Result<()> {
        let vm = self.vm_id();
        let listener = free_port(info.ssh_port()).await?;
        let port = listener.local_addr()?.port();
        if info.ssh_port() != Some(port) {
            for command in command::forward_ssh(&vm, port, info.ssh_port().is_some(), false) {
                vbox.change(&command).await?;
            }
        }
        cx.log().info("Starting VM...");
        // Held until now, so that no other machine chooses it.
        drop(listener);
        if let Err(failure) = vbox.change(&command::start(&vm, &self.options.ui_type)).await {
            // Somebody else may have started it, or the answer was lost (FAULT-007).
            let now = self.existing(vbox).await?;
            if !matches!(now.state()?, VmState::Running | VmState::Starting) {
                let log = vboxmanage::log(&now).await;
                return Err(match answer::failed_start(&log) {
                    Some(reason) => failure.error.with_context("log of the VM", reason),
                    None => failure.error,
                });
            }
        }
        self.repair_forwarding(vbox, info, port).await
    }

    /// VirtualBox starts a VM even if its forwarded port was taken in the meantime, and only its log says so.
    async fn repair_forwarding(&self, vbox: &Tool, info: &Info, mut port: u16) -> Result<()> {
        for _ in 0..FORWARDING_TRIES {
            if !answer::lacks_forwarding(&vboxmanage::log(info).await, port) {
                break;
            }
            port = free_port(None).await?.local_addr()?.port();
            for command in command::forward_ssh(&self.vm_id(), port, true, true) {
                vbox.change(&command).await?;
            }
        }
        Ok(())
    }

    /// Waits until the VM runs and its guest answers (CREATE-003, CREATE-004).
    async fn come_up(&mut self, vbox: &Tool, cx: &Context) -> Result<()> {
        let info = self.running(vbox, cx).await?;
        // It may have changed (START-004, START-011, NET-010).
        self.base.ssh_port = info.ssh_port().ok_or_else(|| {
            let text = "the VM forwards no port to SSH in its guest; stop it and start it again";
            Error::new(ErrorKind::Provider, text)
        })?;
        cx.publish(self);
        cx.log().info("Waiting for SSH...");
        let ready = ssh::wait_until_ready(&self.ssh_endpoint(Self::SSH_HOST), cx.waits()).await;
        if let Err(error) = ready.map(drop) {
            let now = self.existing(vbox).await?;
            return Err(match now.state()? {
                VmState::Running => error,
                VmState::Crashed => crashed(),
                state => error.with_context("state of the VM by now", state.to_machine()),
            });
        }
        cx.log().info("Waiting for an address...");
        let address = cx.waits().until_despite(
            &ADDRESS,
            |_| true,
            || async { self.guest_address(&info, cx).await.map(Some) },
        );
        let address = address.await?;
        self.base.ip_address = address.to_string();
        cx.publish(self);
        Ok(())
    }

    pub(crate) async fn running(&self, vbox: &Tool, cx: &Context) -> Result<Info> {
        self.reach(vbox, cx, &RUNNING, |state| match state {
            VmState::Running => Ok(true),
            VmState::Crashed => Err(crashed()),
            VmState::Off => {
                Err(Error::new(ErrorKind::Provider, "the VM went off while it started; its log says why"))
            }
            _ => Ok(false),
        })
        .await
    }

    /// Polls the VM until it is in a state that is `right`. VBoxManage fails now and then while a VM changes hands, so
    /// a failing look is one look less.
    pub(crate) async fn reach(
        &self,
        vbox: &Tool,
        cx: &Context,
        wait: &Wait,
        right: impl Fn(VmState) -> Result<bool> + Send + Sync,
    ) -> Result<Info> {
        let passes = |error: &Error| error.kind() != ErrorKind::NotFound;
        let reached = cx.waits().until_despite(wait, passes, || async {
            let info = self.existing(vbox).await?;
            // What is wrong for good does not pass.
            let is_right = info.state().and_then(&right);
            Ok(is_right.map(|is_right| is_right.then_some(info)).transpose())
        });
        reached.await?
    }

    /// Address of the guest in the host-only network, as the guest says.
    pub(crate) async fn guest_address(&self, info: &Info, cx: &Context) -> Result<IpAddr> {
        let (_, card) = info.host_only().ok_or_else(|| {
            Error::new(ErrorKind::Provider, "the VM has no network card in a host-only network")
        })?;
        let port = info.ssh_port().unwrap_or_else(|| self.ssh_port());
        let endpoint = Endpoint { port, ..self.ssh_endpoint(Self::SSH_HOST) };
        guest::address(&endpoint, &card, cx.waits()).await
    }
}

fn crashed() -> Error {
    let text = "the VM has crashed (guru meditation); kill the machine and start it again";
    Error::new(ErrorKind::Provider, text)
}
