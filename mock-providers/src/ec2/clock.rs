//! The server's time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::state::Moment;

/// A clock that starts with the system's time and never goes back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    started: Instant,
    start: u64,
}

impl Clock {
    pub(super) fn start() -> Self {
        Self { started: Instant::now(), start: system_time().0 }
    }

    pub(super) fn now(&self) -> Moment {
        Moment(self.start).after(self.started.elapsed())
    }

    /// A moment on the monotonic clock.
    pub(super) fn moment(&self, moment: Moment) -> Instant {
        self.started + moment.since(Moment(self.start))
    }
}

/// The system's time, which is what clients sign.
pub(super) fn system_time() -> Moment {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}
