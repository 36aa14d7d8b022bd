//! The faults of a sweep.

use machine_mock_providers::faults::{Fault, FaultKind, FaultPlan, When};

use super::plan::Call;

/// The provider's reason in refusals, which errors should pass on (ERR-002). No driver says it by itself.
pub(crate) const REASON: &str = "rack K17 is under maintenance";

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
    pub(super) const ALL: [Self; 12] = [
        Self::Error,
        Self::Refused,
        Self::NotFound,
        Self::Throttled,
        Self::NoAnswer,
        Self::Reset,
        Self::AnswerLost,
        Self::CutOff,
        Self::Garbage,
        Self::PluginKilledBefore,
        Self::PluginKilledAfter,
        Self::HostKilled,
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
            Self::PluginKilledBefore => "plugin killed before it was carried out",
            Self::PluginKilledAfter => "plugin killed after it was carried out",
            Self::HostKilled => "host killed",
        }
    }

    /// Milliseconds for which a call is held while its host dies.
    const HELD: u64 = 20;

    pub(super) fn fault(self) -> FaultKind {
        match self {
            Self::Error | Self::Refused => FaultKind::HttpError {
                status: 500,
                code: None,
                message: Some(REASON.to_owned()),
                acted: false,
            },
            Self::NotFound => FaultKind::NotFound,
            Self::Throttled => FaultKind::Throttle { retry_after: Some(1) },
            Self::NoAnswer | Self::PluginKilledBefore => FaultKind::Stall { acted: false },
            Self::PluginKilledAfter => FaultKind::Stall { acted: true },
            Self::Reset => FaultKind::Reset { acted: false },
            Self::AnswerLost => FaultKind::Reset { acted: true },
            Self::CutOff => FaultKind::Truncate { bytes: 7 },
            Self::Garbage => FaultKind::Body {
                status: None,
                body: "<html><body>502 Bad Gateway</body></html>".to_owned(),
            },
            Self::HostKilled => FaultKind::Delay { ms: Self::HELD },
        }
    }

    /// The plan by which the provider does this to `call`.
    pub(super) fn plan(self, call: &Call) -> FaultPlan {
        let fault = Fault::new(When::operation(&call.name), self.fault()).skip(call.number - 1);
        match self {
            Self::Refused => fault.into(),
            _ => fault.times(1).into(),
        }
    }

    /// Whether it is worth a case at `call`: only what changes something can be refused for good.
    pub(super) fn fits(self, call: &Call) -> bool {
        self != Self::Refused || call.mutating
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
        matches!(
            self,
            Self::Error | Self::NoAnswer | Self::Reset | Self::AnswerLost
        )
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
                let call = ProviderCall {
                    operation,
                    method: "POST",
                    path: "/",
                    mutating: true,
                    body: "",
                };
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
