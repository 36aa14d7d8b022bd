//! Outcomes of checks and of runs, and the exit codes they map to.

use serde::{Deserialize, Serialize};

/// Level of a clause: how much breaking it weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Only recorded.
    May,
    /// A broken one is a warning.
    Should,
    /// A broken one fails the run.
    Must,
}

impl Level {
    /// The keyword of the specification, in capitals.
    pub fn keyword(self) -> &'static str {
        match self {
            Self::May => "MAY",
            Self::Should => "SHOULD",
            Self::Must => "MUST",
        }
    }
}

/// Outcome of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every expectation held.
    Pass,
    /// A MUST clause was broken.
    Fail,
    /// A SHOULD clause was broken, no MUST clause was.
    Warn,
    /// The driver lacks what the clause is about; the reason says what.
    NotApplicable,
    /// The clause applies, but this run could not observe it; the reason says why.
    NotTested,
    /// The check failed, and the profile lists it as a known failure.
    KnownFailure,
    /// The profile lists the check as a known failure, but it passed.
    Stale,
    /// A call of the driver did not end within its limit.
    DriverTimeout,
    /// The provider, the network or this machine was at fault.
    EnvironmentError,
    /// The suite itself was at fault.
    SuiteError,
}

impl Verdict {
    /// All verdicts, in the order in which summaries list them.
    pub const ALL: [Self; 10] = [
        Self::Pass,
        Self::Fail,
        Self::Warn,
        Self::NotApplicable,
        Self::NotTested,
        Self::KnownFailure,
        Self::Stale,
        Self::DriverTimeout,
        Self::EnvironmentError,
        Self::SuiteError,
    ];

    /// Lower-case word used in every report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::NotApplicable => "not-applicable",
            Self::NotTested => "not-tested",
            Self::KnownFailure => "known-failure",
            Self::Stale => "stale",
            Self::DriverTimeout => "driver-timeout",
            Self::EnvironmentError => "environment-error",
            Self::SuiteError => "suite-error",
        }
    }

    /// Whether a run with such a check is not conformant, whatever else it found.
    pub fn breaks_the_run(self) -> bool {
        matches!(self, Self::Fail | Self::DriverTimeout | Self::Stale | Self::SuiteError)
    }

    /// Whether the check really ran, so that its result counts.
    pub fn was_run(self) -> bool {
        !matches!(self, Self::NotApplicable | Self::NotTested)
    }
}

/// Exit codes of `machine-conformance`. Documented constants: scripts may rely on them.
#[derive(Debug)]
pub enum ExitCode {}

impl ExitCode {
    /// Every executed MUST check passed, and at least one was executed.
    pub const CONFORMANT: u8 = 0;
    /// At least one MUST clause is broken, a call timed out, a known failure is stale, or the driver failed before a check
    /// could be tested and no check says why.
    pub const NOT_CONFORMANT: u8 = 1;
    /// The command line or the profile is wrong.
    pub const USAGE: u8 = 2;
    /// The environment is at fault: provider, network, missing executable, disk.
    pub const ENVIRONMENT: u8 = 3;
    /// No MUST check was executed, so nothing can be said.
    pub const NOTHING_RAN: u8 = 4;
    /// A defect of the suite.
    pub const SUITE_DEFECT: u8 = 5;
    /// The user interrupted the run, as shells number it.
    pub const INTERRUPTED: u8 = 130;
}
