//! Where a machine stands, as the suite knows it from what it did and from the provider.

use machine_driver::{Result, State};
use serde::{Deserialize, Serialize};

/// Where a machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Situation {
    /// Configured, and never created.
    Absent,
    /// `Create` failed: some objects may exist.
    HalfMade,
    /// Its instance runs.
    Running,
    /// Its instance is off.
    Stopped,
    /// Its instance is paused.
    Paused,
    /// Its instance was deleted at the provider; what belongs to it may remain.
    Vanished,
    /// `Remove` returned nil.
    Removed,
}

impl Situation {
    /// Word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "not created",
            Self::HalfMade => "half-made",
            Self::Running => "running",
            Self::Stopped => "stopped",
            Self::Paused => "paused",
            Self::Vanished => "vanished",
            Self::Removed => "removed",
        }
    }

    /// Whether there is an instance.
    pub(super) fn has_instance(self) -> bool {
        matches!(self, Self::Running | Self::Stopped | Self::Paused)
    }

    /// The state that `GetState` must reach within the settle window; `None` where several answers are right.
    pub(super) fn state(self) -> Option<State> {
        match self {
            Self::Running => Some(State::Running),
            Self::Stopped => Some(State::Stopped),
            _ => None,
        }
    }

    /// Clause by which `GetState` tells the truth.
    pub(super) fn state_clause(self) -> &'static str {
        match self {
            Self::Absent | Self::HalfMade => "STATE-010",
            Self::Running => "STATE-001",
            Self::Stopped => "STATE-003",
            Self::Paused => "STATE-002",
            Self::Vanished | Self::Removed => "STATE-006",
        }
    }

    /// Whether `answer` of `GetState` is right, and what would be.
    pub(super) fn accepts(self, answer: &Result<State>) -> (bool, &'static str) {
        let Ok(state) = answer else {
            return match self {
                Self::Running => (false, "Running"),
                Self::Stopped => (false, "Stopped"),
                Self::Paused => (false, "Paused, Saved, Stopped or None"),
                _ => (true, "an error"),
            };
        };
        match self {
            Self::Absent => {
                (matches!(state, State::None | State::Error | State::NotFound), "an error, None or Error")
            }
            // Whether there is an instance after a failed Create is judged where the inventory is looked at.
            Self::HalfMade => (true, "any answer"),
            Self::Running => (*state == State::Running, "Running"),
            Self::Stopped => (*state == State::Stopped, "Stopped"),
            Self::Paused => (
                matches!(state, State::Paused | State::Saved | State::Stopped | State::None),
                "Paused, Saved, Stopped or None",
            ),
            Self::Vanished | Self::Removed => (
                !matches!(state, State::Running | State::Stopped | State::Paused | State::Saved),
                "an error, None, Error or Not Found",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use machine_driver::Error;

    use super::*;

    #[test]
    fn getters_may_fail_only_where_there_is_nothing() {
        let all = [
            Situation::Absent,
            Situation::HalfMade,
            Situation::Running,
            Situation::Stopped,
            Situation::Paused,
            Situation::Vanished,
            Situation::Removed,
        ];
        for situation in all {
            let (accepted, _) = situation.accepts(&Err(Error::remote("no")));
            assert_eq!(accepted, !situation.has_instance(), "{situation:?}");
        }
        assert!(!Situation::Vanished.accepts(&Ok(State::Stopped)).0);
        assert!(!Situation::Paused.accepts(&Ok(State::Running)).0);
        assert!(Situation::Paused.accepts(&Ok(State::Saved)).0);
        assert!(!Situation::Absent.accepts(&Ok(State::Running)).0);
    }
}
