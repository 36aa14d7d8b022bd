use std::time::Duration;

use machine_driver::{Context, ErrorKind, Result, wait::Wait};
use machine_driver_hypervisor::tool::Tool;

use crate::{
    answer::{Info, VmState},
    command,
    driver::VBoxDriver,
};

// Every wait has a name, which errors quote, and an end (STOP-007, KILL-003). Each is longer than the deadline of a call,
// so that one call without an answer does not use it up (FAULT-001).
const SHUT_DOWN: Wait = Wait::new("the guest to shut down", Duration::from_secs(300), Duration::from_secs(4));
const SETTLED: Wait =
    Wait::new("the VM to finish stopping", Duration::from_secs(300), Duration::from_secs(4));
// Follows the wait for the guest when `create` rolls back: both must end within a host's patience (CREATE-017).
const POWERED_OFF: Wait = Wait::new("the VM to be off", Duration::from_secs(120), Duration::from_secs(4));

/// Going down, from every state.
impl VBoxDriver {
    /// Presses the power button and waits. A paused or saved guest must go on to hear it (STOP-008).
    pub(crate) async fn shut_down(&mut self, vbox: &Tool, cx: &Context) -> Result<()> {
        let mut info = self.existing(vbox).await?;
        if info.state()? == VmState::Stopping {
            info = self.settled(vbox, cx).await?;
        }
        match info.state()? {
            VmState::Off => return Ok(()),
            VmState::Running => {}
            _ => {
                self.switch_on(vbox, cx, &info).await?;
                self.running(vbox, cx).await?;
            }
        }
        cx.log().info("Stopping VM...");
        let press = command::control("press the power button of the VM", &self.vm_id(), "acpipowerbutton");
        if let Err(failure) = vbox.change(&press).await {
            // It may have stopped by itself in the meantime.
            return match self.existing(vbox).await?.state()? {
                VmState::Off => Ok(()),
                VmState::Stopping => self.settled(vbox, cx).await.map(drop),
                _ => Err(failure.error),
            };
        }
        let down = self.reach(vbox, cx, &SHUT_DOWN, |state| Ok(state == VmState::Off)).await;
        down.map(drop).map_err(|error| match error.kind() {
            ErrorKind::Timeout => error.with_context("hint", "kill does not ask the guest"),
            _ => error,
        })
    }

    /// Waits until a VM that stops or saves its state has done so.
    pub(crate) async fn settled(&self, vbox: &Tool, cx: &Context) -> Result<Info> {
        self.reach(vbox, cx, &SETTLED, |state| Ok(state != VmState::Stopping)).await
    }

    /// Cuts the power (KILL-001), whatever the guest does. A VM between two states takes no orders, so it is told
    /// again until it does (KILL-005); a saved state is discarded.
    pub(crate) async fn power_off(&self, vbox: &Tool, cx: &Context, now: VmState) -> Result<()> {
        let vm = self.vm_id();
        if now == VmState::Off {
            return Ok(());
        }
        cx.log().info("Switching VM off...");
        let off = cx.waits().until(&POWERED_OFF, || async {
            let state = match self.existing(vbox).await {
                Ok(info) => info.state()?,
                Err(error) if error.kind() == ErrorKind::Provider => return Ok(None),
                Err(error) => return Err(error),
            };
            let order = match state {
                VmState::Off => return Ok(Some(())),
                VmState::Saved => command::discard_state(&vm),
                _ => command::control("switch the VM off", &vm, "poweroff"),
            };
            let Err(failure) = vbox.change(&order).await else {
                return Ok(None);
            };
            let after = self.existing(vbox).await.and_then(|info| info.state());
            match (state, after) {
                (VmState::Starting | VmState::Stopping, _) | (_, Ok(VmState::Stopping | VmState::Off)) => {
                    Ok(None)
                }
                _ => Err(failure.error),
            }
        });
        off.await
    }
}
