//! What became of the servers of an account.

use std::{collections::BTreeMap, time::Duration};

use super::state::Cloud;
use crate::history::GONE;

/// Changes that are kept; an account of a check has a few dozens.
const KEPT: usize = 10_000;

/// The states of servers, noted whenever the cloud is looked at or changed.
#[derive(Debug, Default)]
pub(super) struct History {
    known: BTreeMap<String, &'static str>,
    changes: Vec<Change>,
}

/// A server that is in another state from a time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) at: Duration,
    pub(super) server: String,
    pub(super) state: &'static str,
}

impl History {
    /// Notes what is different now.
    pub(super) fn note(&mut self, cloud: &Cloud, now: Duration) {
        let mut changes = Vec::new();
        for record in &cloud.servers {
            let (id, state) = (&record.server.id, record.server.state.word());
            if self.known.get(id) != Some(&state) {
                changes.push((id.clone(), state));
            }
        }
        let is_there = |id: &String| cloud.servers.iter().any(|record| record.server.id == *id);
        let gone = self.known.keys().filter(|id| !is_there(id));
        changes.extend(gone.map(|id| (id.clone(), GONE)));
        for (server, state) in changes {
            match state {
                GONE => self.known.remove(&server),
                _ => self.known.insert(server.clone(), state),
            };
            if self.changes.len() < KEPT {
                self.changes.push(Change { at: now, server, state });
            }
        }
    }

    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }
}
