//! What machines do by themselves.

use std::time::Duration;

use super::{Uuid, VirtualBox};

/// Something that happens at a time.
#[derive(Clone, Debug)]
pub(super) struct Due {
    /// After 1970.
    pub(super) at: Duration,
    pub(super) event: Event,
}

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The VM process has taken the lock and begins.
    ProcessReady,
    /// The machine is on.
    Up,
    /// The machine is off.
    Down,
    /// The memory is written.
    Saved,
    /// The VM process has given the lock back.
    Unlocked,
    /// The snapshot is taken.
    SnapshotTaken,
}

impl VirtualBox {
    /// When something happens by itself next, after 1970.
    pub(crate) fn next_change(&self) -> Option<Duration> {
        let due = self.machines.iter().filter_map(|machine| machine.due.as_ref());
        due.map(|due| due.at).min()
    }

    /// The machine with the earliest event that is due.
    pub(super) fn next_due(&self, now: Duration) -> Option<(Uuid, Due)> {
        let due = self.machines.iter().filter_map(|machine| {
            let due = machine.due.as_ref().filter(|due| due.at <= now)?;
            Some((machine.id, due.clone()))
        });
        due.min_by_key(|(_, due)| due.at)
    }
}
