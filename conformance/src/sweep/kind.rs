//! The faults of a sweep.

use machine_mock_providers::faults::{Fault, FaultKind, FaultPlan, When};

use super::{operation::Operation, plan::Call};

/// The provider's reason in refusals, which errors should pass on (ERR-002). No driver says it by itself.
pub(crate) const REASON: &str = "rack K17 is under maintenance";
/// Its reason when it refuses something else afterwards.
pub(super) const SECOND_REASON: &str = "the quota of deletions is used up";

/// One way in which a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Refused once, with a reason.
    Error,
    /// Refused each time, with a reason.
    Refused,
    /// "There is no such object".
    NotFound,
    /// The rate limit is reached, for one second.
    Throttled,
    /// No answer; nothing was done.
    NoAnswer,
    /// The connection is reset; nothing was done.
    Reset,
    /// The connection is reset after the call was carried out.
    AnswerLost,
    /// The answer breaks off in the middle.
    CutOff,
    /// The answer is that of a proxy.
    Garbage,
    /// What the call makes is shown late.
    Late,
    /// The call is carried out, and what it starts fails while it boots.
    BootFails,
    /// The plugin is killed before the call is carried out.
    PluginKilledBefore,
    /// The plugin is killed after the call was carried out, before it knows.
    PluginKilledAfter,
    /// The host is killed during the call; the plugin is left to itself.
    HostKilled,
}

/// Whose process is killed while the call is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    Plugin,
    Host,
}

impl Kind {
    /// Kinds of single faults. [`BootFails`](Self::BootFails) is none: it has checks of its own, and comes before another
    /// fault.
    pub(super) const ALL: [Self; 13] = [
        Self::Error,
        Self::Refused,
        Self::NotFound,
        Self::Throttled,
        Self::NoAnswer,
        Self::Reset,
        Self::AnswerLost,
        Self::CutOff,
        Self::Garbage,
        Self::Late,
        Self::PluginKilledBefore,
        Self::PluginKilledAfter,
        Self::HostKilled,
    ];

    /// Kinds of faults that meet a roll-back.
    pub(super) const IN_ROLL_BACK: [Self; 7] = [
        Self::Error,
        Self::Refused,
        Self::NotFound,
        Self::Reset,
        Self::AnswerLost,
        Self::PluginKilledBefore,
        Self::PluginKilledAfter,
    ];

    /// What reports call it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Error => "error 500",
            Self::Refused => "error 500 each time",
            Self::NotFound => "not found",
            Self::Throttled => "throttled",
            Self::NoAnswer => "no answer",
            Self::Reset => "connection reset",
            Self::AnswerLost => "answer lost",
            Self::CutOff => "answer cut off",
            Self::Garbage => "answer is garbage",
            Self::Late => "shown late",
            Self::BootFails => "boot fails",
            Self::PluginKilledBefore => "plugin killed before it was carried out",
            Self::PluginKilledAfter => "plugin killed after it was carried out",
            Self::HostKilled => "host killed",
        }
    }

    /// Milliseconds for which a call is held while its host dies.
    const HELD: u64 = 20;
    /// Attempts to see what a call made that come too early.
    const TOO_EARLY: u32 = 2;

    pub(super) fn fault(self) -> FaultKind {
        self.fault_because(REASON)
    }

    fn fault_because(self, reason: &str) -> FaultKind {
        match self {
            Self::Error | Self::Refused => FaultKind::failing(reason),
            Self::NotFound => FaultKind::NotFound,
            Self::Throttled => FaultKind::Throttle { retry_after: Some(1) },
            Self::NoAnswer | Self::PluginKilledBefore => FaultKind::Stall { acted: false },
            Self::PluginKilledAfter => FaultKind::Stall { acted: true },
            Self::Reset => FaultKind::Reset { acted: false },
            Self::AnswerLost => FaultKind::Reset { acted: true },
            Self::CutOff => FaultKind::Truncate { bytes: 7 },
            Self::Garbage => {
                FaultKind::Body { status: None, body: "<html><body>502 Bad Gateway</body></html>".to_owned() }
            }
            Self::Late => FaultKind::Lag { reads: Self::TOO_EARLY, ms: 0 },
            Self::BootFails => FaultKind::BootError { message: Some(reason.to_owned()) },
            Self::HostKilled => FaultKind::Delay { ms: Self::HELD },
        }
    }

    /// The plan by which the provider does this to `call`.
    pub(super) fn plan(self, call: &Call) -> FaultPlan {
        self.at(call, REASON).into()
    }

    /// The fault at `call`, with the reason that the provider gives.
    pub(super) fn at(self, call: &Call, reason: &str) -> Fault {
        let fault = Fault::new(When::operation(&call.name), self.fault_because(reason)).skip(call.number - 1);
        match self {
            Self::Refused => fault,
            _ => fault.times(1),
        }
    }

    /// Whether it is worth a case at `call` of `operation`: only what changes something can be refused for good, and only
    /// what is made can be shown late.
    pub(super) fn fits(self, operation: Operation, call: &Call) -> bool {
        match self {
            Self::Refused => call.mutating,
            Self::Late => call.mutating && operation == Operation::Create,
            _ => true,
        }
    }

    pub(super) fn victim(self) -> Option<Victim> {
        match self {
            Self::PluginKilledBefore | Self::PluginKilledAfter => Some(Victim::Plugin),
            Self::HostKilled => Some(Victim::Host),
            _ => None,
        }
    }

    /// Whether the same call works when it is repeated (FAULT-001).
    pub(super) fn passes(self) -> bool {
        matches!(self, Self::Error | Self::NoAnswer | Self::Reset | Self::AnswerLost)
    }

    /// Whether the provider says why it does not do what it was asked.
    pub(super) fn gives_a_reason(self) -> bool {
        matches!(self, Self::Error | Self::Refused)
    }

    /// Whether the call was carried out and the driver cannot know (FAULT-007).
    pub(super) fn hides_the_result(self) -> bool {
        matches!(self, Self::AnswerLost | Self::CutOff | Self::Garbage)
    }

    /// Whether the provider's answer makes no sense (FAULT-006).
    pub(super) fn makes_no_sense(self) -> bool {
        matches!(self, Self::CutOff | Self::Garbage)
    }
}

#[cfg(test)]
mod tests {
    use machine_mock_providers::faults::{Call as ProviderCall, Injector};

    use super::*;

    fn hits(kind: Kind, number: u32, calls: &[&str]) -> Vec<bool> {
        let call = Call {
            name: "CreateKey".to_owned(),
            mutating: true,
            number,
            place: super::super::plan::Place::Only,
        };
        let mut injector = Injector::new(kind.plan(&call));
        calls
            .iter()
            .map(|operation| {
                let call = ProviderCall { operation, method: "POST", path: "/", mutating: true, body: "" };
                !injector.decide(&call).is_empty()
            })
            .collect()
    }

    #[test]
    fn faults_hit_the_call_that_is_meant() {
        let calls = ["CreateKey", "CreateServer", "CreateKey", "CreateKey"];
        assert_eq!(hits(Kind::Error, 2, &calls), [false, false, true, false]);
        assert_eq!(hits(Kind::Refused, 1, &calls), [true, false, true, true]);
    }

    #[test]
    fn words_tell_the_kinds_apart() {
        let words: std::collections::BTreeSet<_> = Kind::ALL.iter().map(|kind| kind.words()).collect();
        assert_eq!(words.len(), Kind::ALL.len());
    }
}
