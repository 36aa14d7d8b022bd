//! How long things take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long things take; milliseconds when serialised.
///
/// With `launch`, `stop` and `teardown` at zero, calls never meet the moments in which a VM process comes and goes. Real
/// VirtualBox has them, and drivers stumble over them: Go's takes a machine that is `stopping` for a stopped one that it
/// cannot start, and a Restart that meets that moment waits five minutes for SSH. Meeting it by chance would make every
/// verdict a matter of luck, so it takes somebody who asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..Times::default()")]
pub struct Times {
    /// From the order to start until the VM process has taken the lock; calls for the VM are refused meanwhile.
    #[serde(with = "crate::milliseconds")]
    pub launch: Duration,
    /// From `starting` to `running`.
    #[serde(with = "crate::milliseconds")]
    pub start: Duration,
    /// From `running` until SSH answers.
    #[serde(with = "crate::milliseconds")]
    pub guest_boot: Duration,
    /// How long a guest that obeys the power button needs to shut down.
    #[serde(with = "crate::milliseconds")]
    pub guest_shutdown: Duration,
    /// From `stopping` to `poweroff`.
    #[serde(with = "crate::milliseconds")]
    pub stop: Duration,
    /// From `saving` to `saved`.
    #[serde(with = "crate::milliseconds")]
    pub save: Duration,
    /// From `restoring` to `running`.
    #[serde(with = "crate::milliseconds")]
    pub restore: Duration,
    /// From `poweroff` or `saved` until the VM process has given the lock back; information about the VM is cut
    /// short meanwhile.
    #[serde(with = "crate::milliseconds")]
    pub teardown: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let milliseconds = Duration::from_millis;
        Self {
            launch: Duration::ZERO,
            start: milliseconds(4),
            guest_boot: milliseconds(4),
            guest_shutdown: milliseconds(4),
            stop: Duration::ZERO,
            save: milliseconds(4),
            restore: milliseconds(4),
            teardown: Duration::ZERO,
        }
    }
}

impl Times {
    /// All times multiplied.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let seconds = |time: Duration| (time.as_secs_f64() * factor).max(0.0);
        let scale = |time| Duration::try_from_secs_f64(seconds(time)).unwrap_or(Duration::MAX);
        Self {
            launch: scale(self.launch),
            start: scale(self.start),
            guest_boot: scale(self.guest_boot),
            guest_shutdown: scale(self.guest_shutdown),
            stop: scale(self.stop),
            save: scale(self.save),
            restore: scale(self.restore),
            teardown: scale(self.teardown),
        }
    }
}
