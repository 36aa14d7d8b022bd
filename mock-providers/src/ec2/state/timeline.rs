//! What happens by itself, and when.

use std::collections::BTreeMap;

use super::{Id, Kind, Moment};

/// Handle of a change that is due, to take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    at: Moment,
    number: u64,
}

/// A change by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A pending instance runs.
    Run(Id),
    /// A stopping instance has stopped, if its machine is off by now; after the moment given it is switched off.
    Stop(Id, Moment),
    /// An instance that is shutting down has ended.
    Terminate(Id),
    /// A terminated instance is not shown any more.
    Forget(Id),
    /// An open spot request is fulfilled.
    Fulfil(Id),
    /// A client token can be used again.
    ForgetToken(Kind, String),
}

/// Changes in the order in which they are due.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    due: BTreeMap<Timer, Change>,
    next: u64,
}

impl Timeline {
    /// Adds a change.
    pub(super) fn add(&mut self, at: Moment, change: Change) -> Timer {
        let timer = Timer { at, number: self.next };
        self.next += 1;
        self.due.insert(timer, change);
        timer
    }

    /// Takes a change back.
    pub(super) fn cancel(&mut self, timer: Option<Timer>) {
        if let Some(timer) = timer {
            self.due.remove(&timer);
        }
    }

    /// When the next change is due.
    pub(super) fn next_due(&self) -> Option<Moment> {
        self.due.keys().next().map(|timer| timer.at)
    }

    /// Takes out the earliest change that is due by now.
    pub(super) fn take_due(&mut self, now: Moment) -> Option<(Moment, Change)> {
        let entry = self.due.first_entry().filter(|entry| entry.key().at <= now)?;
        let (timer, change) = entry.remove_entry();
        Some((timer.at, change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_come_in_order_and_can_be_taken_back() {
        let mut timeline = Timeline::default();
        let change = |name: &str| Change::Run(name.into());
        timeline.add(Moment(5), change("b"));
        let timer = timeline.add(Moment(5), change("c"));
        timeline.add(Moment(3), change("a"));
        assert_eq!(timeline.next_due(), Some(Moment(3)));
        timeline.cancel(Some(timer));
        assert_eq!(timeline.take_due(Moment(4)), Some((Moment(3), change("a"))));
        assert_eq!(timeline.take_due(Moment(4)), None);
        assert_eq!(timeline.take_due(Moment(5)), Some((Moment(5), change("b"))));
        assert_eq!(timeline.next_due(), None);
    }
}
