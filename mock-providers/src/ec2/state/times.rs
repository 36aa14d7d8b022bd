//! How long things take.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long things take; milliseconds when serialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::exhaustive_structs, reason = "written as a literal with ..Times::default()")]
pub struct Times {
    /// From `pending` to `running`.
    #[serde(with = "crate::milliseconds")]
    pub boot: Duration,
    /// From `running` until SSH answers.
    #[serde(with = "crate::milliseconds")]
    pub guest_boot: Duration,
    /// From `stopping` to `stopped`, at least; the guest may take longer.
    #[serde(with = "crate::milliseconds")]
    pub stop: Duration,
    /// From `stopping` until the power of a guest that does not react is cut.
    #[serde(with = "crate::milliseconds")]
    pub stop_timeout: Duration,
    /// From `shutting-down` to `terminated`; the network interface goes at the same time.
    #[serde(with = "crate::milliseconds")]
    pub terminate: Duration,
    /// How long a terminated instance is shown; an hour at AWS.
    #[serde(with = "crate::milliseconds")]
    pub terminated_visible: Duration,
    /// From `running` until the status checks say `ok` instead of `initializing`.
    #[serde(with = "crate::milliseconds")]
    pub status_checks: Duration,
    /// From a spot request until it is fulfilled.
    #[serde(with = "crate::milliseconds")]
    pub spot_fulfilment: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let milliseconds = Duration::from_millis;
        Self {
            boot: milliseconds(4),
            guest_boot: milliseconds(4),
            stop: milliseconds(4),
            stop_timeout: milliseconds(100),
            terminate: milliseconds(4),
            terminated_visible: Duration::from_secs(60 * 60),
            status_checks: milliseconds(20),
            spot_fulfilment: milliseconds(4),
        }
    }
}

impl Times {
    /// All times multiplied, except how long terminated instances are shown.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let seconds = |time: Duration| (time.as_secs_f64() * factor).max(0.0);
        let scale = |time| Duration::try_from_secs_f64(seconds(time)).unwrap_or(Duration::MAX);
        Self {
            boot: scale(self.boot),
            guest_boot: scale(self.guest_boot),
            stop: scale(self.stop),
            stop_timeout: scale(self.stop_timeout),
            terminate: scale(self.terminate),
            terminated_visible: self.terminated_visible,
            status_checks: scale(self.status_checks),
            spot_fulfilment: scale(self.spot_fulfilment),
        }
    }

    /// How often a guest that is going down is looked at.
    pub(super) fn check(&self) -> Duration {
        self.stop.max(Duration::from_millis(1))
    }
}
