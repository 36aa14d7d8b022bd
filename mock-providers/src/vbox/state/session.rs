//! Who has locked a machine.

use super::{Machine, Uuid, VBoxError, VirtualBox, error::Component, error::ResultCode};

/// The lock of a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Session {
    /// Nobody's.
    #[default]
    Unlocked,
    /// A VM process is being launched, and nobody else may lock the machine.
    Spawning,
    /// A VM process has it.
    Process,
    /// A VM process is giving it back.
    Unlocking,
    /// Somebody else has it for writing, for example a settings window.
    Other,
    /// Somebody waits for it.
    Pending,
}

/// Kinds of locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LockKind {
    /// To change what can be changed while the machine is off.
    Write,
    /// To look, and to talk to a running machine.
    Shared,
}

impl VirtualBox {
    /// Asks for a lock and gives it back at once: whether the call may go on. Calls are carried out one after the other,
    /// so only VM processes and windows hold locks for longer.
    ///
    /// # Errors
    /// `VBOX_E_INVALID_OBJECT_STATE` when somebody has the lock; `E_ACCESSDENIED` while a VM process is launched, and
    /// for an inaccessible machine.
    pub(crate) fn lock(&self, id: Uuid, kind: LockKind) -> Result<&Machine, VBoxError> {
        let machine = self.require(id)?;
        let name = &machine.name;
        match (kind, machine.session) {
            _ if !machine.is_accessible() => Err(VBoxError::limited()),
            (_, Session::Pending) => Err(VBoxError::lock_pending(name)),
            (_, Session::Spawning) => Err(unexpected_process(name)),
            (_, Session::Unlocked) | (LockKind::Shared, Session::Process | Session::Unlocking) => Ok(machine),
            (LockKind::Shared, Session::Other)
            | (LockKind::Write, Session::Process | Session::Unlocking | Session::Other) => {
                Err(VBoxError::locked(name))
            }
        }
    }

    /// The lock of a running machine's console.
    ///
    /// # Errors
    /// As for [`VirtualBox::lock`]; nothing when the machine does not run, which VBoxManage says in its own words.
    pub(crate) fn console(&self, id: Uuid) -> Result<Option<&Machine>, VBoxError> {
        let machine = self.lock(id, LockKind::Shared)?;
        let runs = machine.session == Session::Process && machine.state.is_online();
        Ok(runs.then_some(machine))
    }

    /// Lets somebody else lock a machine, for example a window of its settings; `pending` only waits for the lock.
    ///
    /// # Errors
    /// As for [`VirtualBox::lock`].
    pub(crate) fn hold(&mut self, id: Uuid, pending: bool) -> Result<(), VBoxError> {
        self.lock(id, LockKind::Write)?;
        let session = if pending { Session::Pending } else { Session::Other };
        self.require_mut(id)?.session = session;
        Ok(())
    }

    /// Ends what [`VirtualBox::hold`] has begun.
    pub(crate) fn release(&mut self, id: Uuid) {
        let machine = self.machines.iter_mut().find(|machine| machine.id == id);
        if let Some(machine) = machine.filter(|it| matches!(it.session, Session::Other | Session::Pending)) {
            machine.session = Session::Unlocked;
        }
    }
}

fn unexpected_process(machine: &str) -> VBoxError {
    // Real ones are small numbers too; nothing can be done with them.
    let (intruder, process) = (0x260, 0x26d);
    let text = format!(
        "An unexpected process (PID=0x{intruder:08X}) has tried to lock the machine '{machine}', while only the process \
         started by LaunchVMProcess (PID=0x{process:08X}) is allowed"
    );
    VBoxError::new(ResultCode::AccessDenied, Component::MACHINE, text)
}
