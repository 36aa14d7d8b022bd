use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind};

/// State of a machine, with libmachine's numbers (plugin protocol, `GetState`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_enums, reason = "the protocol fixes the numbers (STATE-009)")]
pub enum State {
    /// 0: nothing is known, or there is no instance.
    #[default]
    None = 0,
    /// 1: powered on and usable.
    Running = 1,
    /// 2: suspended in memory.
    Paused = 2,
    /// 3: suspended to disk.
    Saved = 3,
    /// 4: powered off, disk kept.
    Stopped = 4,
    /// 5: going down.
    Stopping = 5,
    /// 6: coming up.
    Starting = 6,
    /// 7: broken, or gone.
    Error = 7,
    /// 8: set by hosts when a driver does not answer in time; never by a driver.
    Timeout = 8,
    /// 9: the instance does not exist (rancher-machine only).
    NotFound = 9,
}

impl State {
    /// All states, in the order of their numbers.
    pub const ALL: [Self; 10] = [
        Self::None,
        Self::Running,
        Self::Paused,
        Self::Saved,
        Self::Stopped,
        Self::Stopping,
        Self::Starting,
        Self::Error,
        Self::Timeout,
        Self::NotFound,
    ];

    /// The number that travels over the wire.
    pub fn code(self) -> i64 {
        self as i64
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Running => "Running",
            Self::Paused => "Paused",
            Self::Saved => "Saved",
            Self::Stopped => "Stopped",
            Self::Stopping => "Stopping",
            Self::Starting => "Starting",
            Self::Error => "Error",
            Self::Timeout => "Timeout",
            Self::NotFound => "Not Found",
        })
    }
}

impl TryFrom<i64> for State {
    type Error = Error;

    /// The state with this number.
    ///
    /// # Errors
    /// [`ErrorKind::Protocol`] for a number that is not declared (STATE-009).
    fn try_from(code: i64) -> Result<Self, Error> {
        usize::try_from(code).ok().and_then(|index| Self::ALL.get(index)).copied().ok_or_else(|| {
            Error::new(
                ErrorKind::Protocol,
                format!("the driver answered state {code}; the declared states are 0 (None) to 9 (NotFound)"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn numbers_round_trip_and_others_are_refused() {
        for state in State::ALL {
            assert_eq!(State::try_from(state.code()).ok(), Some(state));
        }
        for code in [-1, 10, i64::MAX, i64::MIN] {
            let error = State::try_from(code).expect_err("undeclared");
            assert!(error.to_string().contains(&code.to_string()), "{error}");
        }
    }
}
