//! Switching a guest on and off, from outside and from inside.

use std::{io, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    options::{Acpi, GuestFault, GuestOs},
    services,
    shell::{Input, Output, Shell, Streams},
    ssh,
    system::{Boot, Request, System, SystemState},
};

/// What a guest is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum PowerState {
    /// No power.
    Off,
    /// Switched on; nothing listens yet.
    Booting,
    /// Up.
    Running,
    /// Hangs: connections are accepted, nothing is answered.
    Frozen,
    /// Going down in order.
    ShuttingDown,
}

/// Commands of services that end a boot get this long before the power goes.
const STOP_LIMIT: Duration = Duration::from_secs(5);
/// Commands that are running when one of them asks for a shutdown get this long to be answered.
const ANSWER_LIMIT: Duration = Duration::from_secs(1);
/// Attempts to open the SSH port, and the pause between them.
const SSH_ATTEMPTS: u32 = 200;
const SSH_PAUSE: Duration = Duration::from_millis(10);

impl System {
    pub(super) fn state(&self) -> PowerState {
        *self.power.borrow()
    }

    pub(super) fn power_on(self: &Arc<Self>) {
        self.power_on_in(self.options.boot);
    }

    /// Switches on; SSH answers after a time.
    pub(super) fn power_on_in(self: &Arc<Self>, time: Duration) {
        let mut state = self.lock();
        if self.state() != PowerState::Off {
            return;
        }
        self.power.send_replace(PowerState::Booting);
        state.pressed = None;
        let system = Arc::clone(self);
        self.begin(&mut state, async move |epoch| system.boot(epoch, time).await);
    }

    /// Presses the power button, or asks for a restart. True when the guest will react; one that is booting does
    /// so when it is up.
    pub(super) fn press_power_button(self: &Arc<Self>, restart: bool) -> bool {
        {
            let mut state = self.lock();
            if state.acpi == Acpi::Ignores || state.has_fault(GuestFault::IgnoresAcpi) {
                return false;
            }
            if self.state() == PowerState::Booting {
                state.pressed = Some(restart);
                return !state.has_fault(GuestFault::NeverBoots);
            }
        }
        self.shut_down(restart, false)
    }

    /// Goes down in order, and up again with `restart`. False when the guest is not running. With `from_inside`
    /// the command that asked for it gets its answer first.
    pub(super) fn shut_down(self: &Arc<Self>, restart: bool, from_inside: bool) -> bool {
        let mut state = self.lock();
        if self.state() != PowerState::Running {
            return false;
        }
        self.power.send_replace(PowerState::ShuttingDown);
        let system = Arc::clone(self);
        self.begin(&mut state, async move |epoch| {
            if from_inside {
                let mut commands = system.commands.subscribe();
                let all_answered = commands.wait_for(|running| *running == 0);
                // Commands that go on are ended with the rest.
                let _ = tokio::time::timeout(ANSWER_LIMIT, all_answered).await;
            }
            system.end_services().await;
            let time = system.lock().shutdown;
            tokio::time::sleep(time).await;
            system.has_shut_down(epoch, restart).await;
        });
        true
    }

    /// Everything has ended in order: the power goes, or the next boot comes.
    async fn has_shut_down(self: &Arc<Self>, epoch: u64, restart: bool) {
        let ended = {
            let mut state = self.lock();
            if state.epoch != epoch {
                return;
            }
            let next = if restart { PowerState::Booting } else { PowerState::Off };
            self.power.send_replace(next);
            state.boot.take()
        };
        drop(ended);
        if restart {
            self.boot(epoch, self.options.boot).await;
        }
    }

    /// Cuts the power.
    pub(super) fn power_off(&self) {
        let mut state = self.lock();
        state.epoch += 1;
        if let Some(transition) = state.transition.take() {
            transition.abort();
        }
        let boot = state.boot.take();
        let had_power = self.power.send_replace(PowerState::Off) != PowerState::Off;
        drop(state);
        drop(boot);
        if let (Some(container), true) = (&self.container, had_power) {
            container.kill();
        }
    }

    pub(super) fn freeze(&self) {
        let state = self.lock();
        if let (Some(boot), PowerState::Running) = (&state.boot, self.state()) {
            boot.gate.freeze();
            if let Some(container) = &self.container {
                container.pause();
            }
            self.power.send_replace(PowerState::Frozen);
        }
    }

    pub(super) fn thaw(&self) {
        let state = self.lock();
        if let (Some(boot), PowerState::Frozen) = (&state.boot, self.state()) {
            if let Some(container) = &self.container {
                container.go_on();
            }
            boot.gate.open();
            self.power.send_replace(PowerState::Running);
        }
    }

    /// Carries out what programs asked for.
    pub(crate) fn apply_requests(self: &Arc<Self>) {
        let requests = std::mem::take(&mut self.lock().requests);
        for request in requests {
            match request {
                Request::PowerOff => drop(self.shut_down(false, true)),
                Request::Reboot => drop(self.shut_down(true, true)),
                Request::Run(script) => drop(self.spawn(Arc::clone(self).run_as_root(script))),
            }
        }
    }

    /// Starts a change of power in the background; it replaces one that is going on.
    ///
    /// The work gets the epoch to compare with before it changes anything: a task that is replaced may be at any
    /// point, and ends only when it waits.
    fn begin<F>(&self, state: &mut SystemState, work: impl FnOnce(u64) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        state.epoch += 1;
        if let Some(previous) = state.transition.take() {
            previous.abort();
        }
        state.transition = Some(self.runtime.spawn(work(state.epoch)).abort_handle());
    }

    async fn boot(self: &Arc<Self>, epoch: u64, time: Duration) {
        let faults = self.lock().faults.clone();
        let extra = faults.iter().map(|fault| match fault {
            GuestFault::SlowBoot(milliseconds) => Duration::from_millis(*milliseconds),
            _ => Duration::ZERO,
        });
        tokio::time::sleep(time + extra.sum::<Duration>()).await;
        if faults.contains(&GuestFault::NeverBoots) {
            return std::future::pending().await;
        }
        if let Some(container) = &self.container {
            return container.boot(self, epoch).await;
        }
        {
            let mut state = self.lock();
            if state.epoch != epoch {
                return;
            }
            state.start_kernel();
            services::start_at_boot(&mut state);
            state.boots += 1;
        }
        if let Err(error) = self.open_ssh(epoch).await {
            self.note(format!("the SSH server cannot listen: {error}"));
        }
        self.is_up(epoch);
    }

    /// The boot is over: does what has waited for it.
    pub(super) fn is_up(self: &Arc<Self>, epoch: u64) {
        let (first_boot, pressed) = {
            let mut state = self.lock();
            if state.epoch != epoch || self.state() != PowerState::Booting {
                return;
            }
            self.power.send_replace(PowerState::Running);
            (state.boots == 1, state.pressed.take())
        };
        self.apply_requests();
        let user_data = self
            .options
            .user_data
            .as_deref()
            .filter(|text| first_boot && text.starts_with("#!") && self.container.is_none());
        if let Some(script) = user_data {
            self.spawn(Arc::clone(self).run_as_root(script.to_owned()));
        }
        if let Some(restart) = pressed {
            self.shut_down(restart, false);
        }
    }

    /// The container has ended, and nobody has asked for it from outside.
    #[cfg(feature = "containers")]
    pub(super) fn ended_by_itself(self: &Arc<Self>, epoch: u64, restart: bool) {
        let mut state = self.lock();
        if state.epoch != epoch {
            return;
        }
        self.power.send_replace(PowerState::ShuttingDown);
        let system = Arc::clone(self);
        self.begin(&mut state, async move |epoch| {
            system.has_shut_down(epoch, restart).await;
        });
    }

    /// Opens the SSH port. One that is in use is tried again: a process that is being started by another thread of
    /// this program holds all sockets for a moment, also those of the previous boot.
    pub(super) async fn open_ssh(self: &Arc<Self>, epoch: u64) -> io::Result<()> {
        let mut left = SSH_ATTEMPTS;
        loop {
            let opened = {
                let mut state = self.lock();
                if state.epoch != epoch {
                    return Ok(());
                }
                ssh::listen(self, &mut state)
            };
            left -= 1;
            match opened {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse && left > 0 => {
                    tokio::time::sleep(SSH_PAUSE).await;
                }
                opened => return opened,
            }
        }
    }

    /// Runs what services want to be run before the power goes.
    async fn end_services(self: &Arc<Self>) {
        if let Some(container) = &self.container {
            return container.stop().await;
        }
        let commands = {
            let mut state = self.lock();
            services::stop_commands(&mut state)
        };
        for command in commands {
            let run = Arc::clone(self).run_as_root(command.clone());
            if tokio::time::timeout(STOP_LIMIT, run).await.is_err() {
                self.note(format!("`{command}` did not end within {STOP_LIMIT:?} of the shutdown"));
            }
        }
    }

    async fn run_as_root(self: Arc<Self>, script: String) {
        let streams = Streams { input: Input::default(), output: Output::buffer(), error: Output::buffer() };
        let status = Shell::login(&self, "root").run(&script, &streams).await;
        let error = streams.error.take();
        if status != 0 {
            let error = String::from_utf8_lossy(&error).into_owned();
            self.note(format!("`{script}`, run by the system, exited with {status}: {error}"));
        }
    }
}

impl SystemState {
    /// A new boot: a fresh boot id, empty volatile directories, the host name from the disk.
    fn start_kernel(&mut self) {
        let id = random_uuid();
        match self.os {
            GuestOs::Boot2Docker => {
                let kept = |path: &str| {
                    ["/var/lib/boot2docker", "/var/lib/docker", "/mnt"]
                        .iter()
                        .any(|kept| path.starts_with(kept))
                };
                let image = Arc::clone(&self.image);
                self.disk.reset_except(&image, kept);
            }
            _ => {
                let volatile =
                    |path: &str| ["/run/", "/tmp/"].iter().any(|volatile| path.starts_with(volatile));
                let image = Arc::clone(&self.image);
                self.disk.reset_except(&image, |path| !volatile(path));
            }
        }
        self.disk.install(
            "/proc/sys/kernel/random/boot_id",
            "root",
            0o444,
            Some(format!("{id}\n").as_bytes()),
        );
        let file = match self.os {
            GuestOs::Boot2Docker => "/var/lib/boot2docker/etc/hostname",
            _ => "/etc/hostname",
        };
        if let Some(name) =
            self.disk.text(file).map(|text| text.trim().to_owned()).filter(|name| !name.is_empty())
        {
            self.host_name = name;
        }
        self.boot = Some(Boot::new(id));
    }
}

/// A random identifier in the form of a version 4 UUID.
pub(crate) fn random_uuid() -> String {
    let [a, b] = rand::random::<[u64; 2]>();
    let (version, variant) = (a & 0x0fff | 0x4000, b >> 48 & 0x3fff | 0x8000);
    format!(
        "{:08x}-{:04x}-{version:04x}-{variant:04x}-{:012x}",
        a >> 32,
        a >> 16 & 0xffff,
        b & 0xffff_ffff_ffff
    )
}
