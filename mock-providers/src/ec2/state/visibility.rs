//! Eventual consistency: what was created is not seen at first.

use std::{collections::HashMap, time::Duration};

use super::{Id, Moment};

/// How long a new object stays invisible: for so many attempts to see it, and for so long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lag {
    /// Attempts.
    pub(crate) reads: u32,
    /// Time.
    pub(crate) time: Duration,
}

/// Objects that cannot be seen yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Visibility {
    hidden: HashMap<Id, Hidden>,
}

#[derive(Clone, Copy, Debug)]
struct Hidden {
    reads: u32,
    until: Moment,
}

impl Visibility {
    /// Hides an object from now on.
    pub(super) fn hide(&mut self, id: Id, lag: Lag, now: Moment) {
        if lag != Lag::default() {
            let until = now.after(lag.time);
            self.hidden.insert(id, Hidden { reads: lag.reads, until });
        }
    }

    /// Whether an object is not seen yet. Asking is an attempt to see it.
    pub(super) fn is_hidden(&mut self, id: &str, now: Moment) -> bool {
        if self.hidden.is_empty() {
            return false;
        }
        let Some(hidden) = self.hidden.get_mut(id) else {
            return false;
        };
        if hidden.reads == 0 && now >= hidden.until {
            self.hidden.remove(id);
            return false;
        }
        hidden.reads = hidden.reads.saturating_sub(1);
        true
    }

    pub(super) fn clear(&mut self) {
        self.hidden.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_appears_after_so_many_reads_and_so_much_time() {
        let mut visibility = Visibility::default();
        let lag = Lag { reads: 1, time: Duration::from_millis(10) };
        visibility.hide("a".into(), lag, Moment(0));
        visibility.hide("b".into(), Lag::default(), Moment(0));
        assert!(visibility.is_hidden("a", Moment(20)) && !visibility.is_hidden("a", Moment(20)));
        assert!(!visibility.is_hidden("b", Moment(0)));
        visibility.hide("a".into(), lag, Moment(0));
        assert!((0..5).all(|now| visibility.is_hidden("a", Moment(now))));
        assert!(!visibility.is_hidden("a", Moment(10)));
    }
}
