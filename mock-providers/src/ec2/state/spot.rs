//! Spot requests.

use super::{Id, Launch, Moment, SpotOptions, Tags, timeline::Timer};

/// A spot request for one instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SpotRequest {
    /// Id.
    pub(crate) id: Id,
    /// What was asked for; the token of the order is left out.
    pub(crate) launch: Launch,
    /// Options.
    pub(crate) options: SpotOptions,
    /// Highest price, in dollars an hour.
    pub(crate) price: String,
    /// State.
    pub(crate) state: SpotState,
    /// Status code, for example `fulfilled`.
    pub(crate) status: &'static str,
    /// Status in words.
    pub(crate) status_message: String,
    /// When the status changed.
    pub(crate) status_since: Moment,
    /// When it was made.
    pub(crate) created: Moment,
    /// Instance that fulfils it, also after it was cancelled.
    pub(crate) instance: Option<Id>,
    /// Zone in which it was fulfilled.
    pub(crate) zone: Option<String>,
    /// Tags.
    pub(crate) tags: Tags,
    /// Next change by itself.
    pub(super) timer: Option<Timer>,
}

/// State of a spot request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SpotState {
    /// Waits.
    Open,
    /// Has its instance.
    Active,
    /// Over, because its instance ended.
    Closed,
    /// Over, because somebody cancelled it.
    Cancelled,
    /// Over, because it could not be fulfilled.
    Failed,
}

impl SpotState {
    /// The word on the wire.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Active => "active",
            Self::Closed => "closed",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}
