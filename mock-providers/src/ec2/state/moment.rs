//! Points in time, passed in from outside.

use std::{fmt, time::Duration};

use crate::timestamp;

/// Milliseconds since 1970-01-01T00:00:00Z. Displayed as in answers of EC2: `2026-11-25T21:41:00.000Z`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Moment(pub(crate) u64);

impl Moment {
    /// So much later; the end of time at the latest.
    pub(crate) fn after(self, duration: Duration) -> Self {
        let milliseconds = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(milliseconds))
    }

    /// Time since an earlier moment; zero for a later one.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The form in reasons of state changes: `2026-11-25 21:41:00 GMT`.
    pub(crate) fn in_words(self) -> String {
        let text = self.to_string();
        let (date, time) = text.split_once('T').unwrap_or((&text, ""));
        let time = time.split('.').next().unwrap_or_default();
        format!("{date} {time} GMT")
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&timestamp::text(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        let moment = Moment(1_795_642_863_007);
        assert_eq!(moment.to_string(), "2026-11-25T21:41:03.007Z");
        assert_eq!(moment.in_words(), "2026-11-25 21:41:03 GMT");
        assert_eq!(moment.after(Duration::from_millis(3)).since(moment).as_millis(), 3);
        assert_eq!(moment.since(moment.after(Duration::MAX)), Duration::ZERO);
    }
}
