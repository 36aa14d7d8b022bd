//! Eventual consistency: what was created is not seen at first.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::{Id, Kind, Moment, Region, Result};
use crate::ec2::error::Ec2Error;

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
    kind: Kind,
    reads: u32,
    until: Moment,
}

impl Visibility {
    /// Hides an object from now on.
    pub(super) fn hide(&mut self, kind: Kind, id: Id, lag: Lag, now: Moment) {
        if lag != Lag::default() {
            let until = now.after(lag.time);
            let reads = lag.reads;
            self.hidden.insert(id, Hidden { kind, reads, until });
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
}

impl Region {
    /// Hides an object for a while.
    pub(crate) fn hide(&mut self, kind: Kind, id: &Id, lag: Lag, now: Moment) {
        self.visibility.hide(kind, id.clone(), lag, now);
    }

    /// Objects of a kind that a listing does not show yet (key pairs by name). Asking is an attempt to see them.
    pub(crate) fn hidden_among(&mut self, kind: Kind, now: Moment) -> HashSet<Id> {
        let hidden = self.visibility.hidden.iter();
        let mut ids: HashSet<Id> =
            hidden.filter(|(_, it)| it.kind == kind).map(|(id, _)| id.clone()).collect();
        ids.retain(|id| self.visibility.is_hidden(id, now));
        ids
    }

    /// Refuses objects that are not seen yet, as if they did not exist.
    ///
    /// # Errors
    /// The kind's error for ids that belong to nothing.
    pub(super) fn require_visible(&mut self, kind: Kind, ids: &[&str], now: Moment) -> Result<()> {
        let mut hidden = ids.to_vec();
        hidden.retain(|id| self.visibility.is_hidden(id, now));
        match hidden.is_empty() {
            true => Ok(()),
            false => Err(Ec2Error::not_found(kind, &hidden)),
        }
    }

    /// Checks that instances exist and can be seen.
    ///
    /// # Errors
    /// `InvalidInstanceID.NotFound` or `InvalidInstanceID.Malformed`.
    pub(crate) fn visible_instances(&mut self, ids: &[&str], now: Moment) -> Result<()> {
        Self::all_present(&self.instances, Kind::Instance, ids)?;
        self.require_visible(Kind::Instance, ids, now)
    }

    /// Checks that security groups exist and can be seen.
    ///
    /// # Errors
    /// `InvalidGroup.NotFound` or `InvalidGroupId.Malformed`.
    pub(crate) fn visible_groups(&mut self, ids: &[&str], now: Moment) -> Result<()> {
        Self::all_present(&self.groups, Kind::Group, ids)?;
        self.require_visible(Kind::Group, ids, now)
    }

    /// Checks that volumes exist and can be seen.
    ///
    /// # Errors
    /// `InvalidVolume.NotFound`, or `InvalidParameterValue` for another form.
    pub(crate) fn visible_volumes(&mut self, ids: &[&str], now: Moment) -> Result<()> {
        Self::all_present(&self.volumes, Kind::Volume, ids)?;
        self.require_visible(Kind::Volume, ids, now)
    }

    /// Checks that spot requests exist and can be seen.
    ///
    /// # Errors
    /// `InvalidSpotInstanceRequestID.NotFound` or `.Malformed`.
    pub(crate) fn visible_spot_requests(&mut self, ids: &[&str], now: Moment) -> Result<()> {
        Self::all_present(&self.spot_requests, Kind::SpotRequest, ids)?;
        self.require_visible(Kind::SpotRequest, ids, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_appears_after_so_many_reads_and_so_much_time() {
        let mut visibility = Visibility::default();
        let lag = Lag { reads: 1, time: Duration::from_millis(10) };
        visibility.hide(Kind::Volume, "a".into(), lag, Moment(0));
        visibility.hide(Kind::Volume, "b".into(), Lag::default(), Moment(0));
        assert!(visibility.is_hidden("a", Moment(20)) && !visibility.is_hidden("a", Moment(20)));
        assert!(!visibility.is_hidden("b", Moment(0)));
        visibility.hide(Kind::Volume, "a".into(), lag, Moment(0));
        assert!((0..5).all(|now| visibility.is_hidden("a", Moment(now))));
        assert!(!visibility.is_hidden("a", Moment(10)));
    }
}
