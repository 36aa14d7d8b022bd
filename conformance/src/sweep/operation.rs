//! The operations that are swept.

use std::sync::Arc;

use machine_driver::{DynDriver, Result, State};

use crate::session::Session;

/// A method of the driver that talks to the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `Create`.
    Create,
    /// `Remove`.
    Remove,
    /// `Start`.
    Start,
    /// `Stop`.
    Stop,
    /// `Restart`.
    Restart,
    /// `Kill`.
    Kill,
    /// `GetState`.
    GetState,
}

impl Operation {
    /// Name of the method.
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Remove => "Remove",
            Self::Start => "Start",
            Self::Stop => "Stop",
            Self::Restart => "Restart",
            Self::Kill => "Kill",
            Self::GetState => "GetState",
        }
    }

    /// State of the machine before it; `None` if there is no machine yet.
    pub(super) fn starts_in(self) -> Option<State> {
        match self {
            Self::Create => None,
            Self::Start => Some(State::Stopped),
            _ => Some(State::Running),
        }
    }

    /// State of the machine after it, if it still exists.
    pub(super) fn ends_in(self) -> Option<State> {
        match self {
            Self::Remove => None,
            Self::Stop | Self::Kill => Some(State::Stopped),
            _ => Some(State::Running),
        }
    }

    /// Whether the same machine serves for one case after the other.
    pub(super) fn keeps_the_machine(self) -> bool {
        !matches!(self, Self::Create | Self::Remove)
    }

    /// Clause by which it must end (FAULT-005 has no word about faults other than silence).
    pub(super) fn must_end(self) -> &'static str {
        match self {
            Self::Create => "CREATE-017",
            Self::Remove => "RM-018",
            Self::Start => "START-010",
            _ => "FAULT-005",
        }
    }

    /// Clause by which it must not return nil without having done its work.
    pub(super) fn nil_means_done(self) -> &'static str {
        match self {
            Self::Create => "CREATE-007",
            Self::Remove => "RM-015",
            Self::Start => "START-006",
            Self::GetState => "STATE-005",
            Self::Stop | Self::Restart | Self::Kill => "ERR-005",
        }
    }

    /// Whether each of its changes must be carried out. A machine that cannot be shut down may still be switched off.
    pub(super) fn has_no_second_way(self) -> bool {
        matches!(self, Self::Create | Self::Remove | Self::Start)
    }

    /// Calls it, recorded and limited. The state is the answer of `GetState`.
    pub(super) async fn call(self, session: &Session) -> Result<Option<State>> {
        let outcome = match self {
            Self::Create => session.create().await,
            Self::Remove => session.remove().await,
            Self::Start => session.start().await,
            Self::Stop => session.stop().await,
            Self::Restart => session.restart().await,
            Self::Kill => session.kill().await,
            Self::GetState => return session.state().await.map(Some),
        };
        outcome.map(|()| None)
    }

    /// Calls it without a record, because its process will be killed. How it ends does not matter.
    pub(super) async fn call_in_vain(self, driver: Arc<dyn DynDriver>) {
        let _ = match self {
            Self::Create => driver.create().await,
            Self::Remove => driver.remove().await,
            Self::Start => driver.start().await,
            Self::Stop => driver.stop().await,
            Self::Restart => driver.restart().await,
            Self::Kill => driver.kill().await,
            Self::GetState => driver.state().await.map(drop),
        };
    }
}
