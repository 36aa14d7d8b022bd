//! The event stream of a run: the only thing that reports read.
//!
//! Events are append-only and serialise to one JSON object a line. All text in them is already redacted.

use std::collections::BTreeMap;

use machine_mock_providers::guest::GuestKind;
use serde::{Deserialize, Serialize};

use crate::{
    model::{Action, Situation, Story},
    verdict::{Level, Verdict},
    world::Object,
};

/// One event with its time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// Milliseconds since the start of the run.
    pub at_ms: u64,
    /// What happened.
    pub kind: EventKind,
}

impl Event {
    /// An event at `at_ms` milliseconds since the start of the run.
    pub fn new(at_ms: u64, kind: EventKind) -> Self {
        Self { at_ms, kind }
    }
}

/// What happened. Reports match exhaustively, so that a new kind forces a decision in each of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
#[expect(clippy::exhaustive_enums, reason = "every report must decide what a new kind means to it")]
pub enum EventKind {
    /// The plan is made; checks follow.
    RunStarted(RunInfo),
    /// A check begins.
    CheckStarted {
        /// Id of the check.
        id: String,
    },
    /// A check ended, or was decided without running.
    CheckFinished(Box<CheckResult>),
    /// The last event.
    RunFinished(Summary),
}

/// What is run against what.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunInfo {
    /// Version of the suite.
    pub suite_version: String,
    /// Version of the specification, for example `v1`.
    pub specification: String,
    /// The driver's command, as the user gave it.
    pub driver: String,
    /// What `DriverName` answered; empty if it never did.
    pub driver_name: String,
    /// Provider of the run, for example `template` or `none`.
    pub provider: String,
    /// Seed of every random choice of the run.
    pub seed: u64,
    /// Number of checks that run at the same time.
    pub jobs: usize,
    /// Ids of the selected checks, in the order of the plan.
    pub checks: Vec<String>,
    /// Number of clauses that the selected checks observe.
    pub clauses_selected: usize,
    /// Number of clauses in the specification.
    pub clauses_total: usize,
    /// Start of the run, RFC 3339 in UTC.
    pub started_at: String,
    /// Operating system, architecture and the like.
    pub environment: BTreeMap<String, String>,
    /// Path of the driver's source, as the profile names it, for reports that point into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Text of the profile, without secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// Result of one check, with everything needed to understand it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CheckResult {
    /// Id in words, for example `remove::instance_already_gone`.
    pub id: String,
    /// What the check does, one sentence.
    pub title: String,
    /// Ids of the clauses that the check observes.
    pub clauses: Vec<String>,
    /// Highest level among its clauses.
    pub level: Level,
    /// The outcome.
    pub verdict: Verdict,
    /// Why it was not run, or is a known failure, or who is at fault; one sentence.
    pub reason: Option<String>,
    /// It was not tested because the driver failed in a step that it only needs as preparation, for example `Create`, in a
    /// run that can create machines.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub blocked: bool,
    /// Everything that was found, not only the first.
    pub problems: Vec<Problem>,
    /// Calls of the driver, in order.
    pub calls: Vec<CallRecord>,
    /// Log lines of the driver, in order.
    pub log: Vec<LogRecord>,
    /// Start, in milliseconds since the start of the run.
    pub started_ms: u64,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// Command line that runs just this check again.
    pub rerun: String,
    /// What a sweep tried; only checks of the group `sweep` have one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// What was walked; only checks of the group `walk` have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walks: Option<Walks>,
    /// The provider's objects before, at the end and after cleaning up; `None` if the provider cannot be looked into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inventory: Option<InventoryRecord>,
    /// States of the instances over time, as far as the provider tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<StateRecord>,
    /// Waits and limits of which at least half was needed, in the order in which they ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<WaitRecord>,
    /// What the guests are that the check logs in to; `None` if it logs in to none, or nobody knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guests: Option<Guests>,
}

/// What the guests of a provider are. A simulated one says how the driver treats a guest, not how a kernel, OpenSSH or a
/// firewall would treat the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Guests {
    /// Simulations in the process of the suite.
    Simulated,
    /// Linux containers.
    Container,
}

impl Guests {
    /// As reports write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Simulated => "simulated",
            Self::Container => "container",
        }
    }
}

impl From<GuestKind> for Guests {
    fn from(kind: GuestKind) -> Self {
        match kind {
            GuestKind::Container => Self::Container,
            _ => Self::Simulated,
        }
    }
}

/// The provider's objects at three moments of a check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InventoryRecord {
    /// When the check got its part of the provider.
    pub before: Vec<Object>,
    /// When it ended.
    pub after: Vec<Object>,
    /// After its machines were removed as a host does; `None` if they were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleaned: Option<Vec<Object>>,
}

/// A change of state of one of the provider's instances.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StateRecord {
    /// When, in milliseconds since the start of the check.
    pub at_ms: u64,
    /// The instance, for example `srv-22b0d84a`.
    pub instance: String,
    /// The state that it has from then on, in the provider's words; `gone` when it exists no more.
    pub state: String,
}

/// A wait of the suite, or the limit of a call, of which much was needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WaitRecord {
    /// What was waited for, for example `the machine to reach the state` or `Stop`.
    pub name: String,
    /// Milliseconds that it took.
    pub took_ms: u64,
    /// Milliseconds that it was allowed to take.
    pub limit_ms: u64,
    /// Whether what was waited for came in time.
    pub in_time: bool,
}

/// A sweep: an operation of the driver, repeated with every fault at every one of its provider calls.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Sweep {
    /// The driver's method, for example `Create`.
    pub operation: String,
    /// The cases, by call and then by fault.
    pub cases: Vec<SweepCase>,
    /// Faults that were not tried, each with the reason.
    pub left_out: Vec<String>,
}

impl Sweep {
    /// Number of cases that ended in this way.
    pub fn count(&self, outcome: CaseOutcome) -> usize {
        self.cases.iter().filter(|case| case.outcome == outcome).count()
    }

    /// Cases that did not simply hold.
    pub fn findings(&self) -> impl Iterator<Item = &SweepCase> {
        self.cases.iter().filter(|case| matches!(case.outcome, CaseOutcome::Broken | CaseOutcome::Leaked))
    }
}

/// One case of a sweep: one fault at one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SweepCase {
    /// Provider call, for example `CreateServer` or `GetServer (last)`.
    pub call: String,
    /// Whether the call changes something at the provider.
    pub mutating: bool,
    /// What happens to it, for example `answer lost`.
    pub fault: String,
    /// How the case ended.
    pub outcome: CaseOutcome,
    /// Clauses that are broken.
    pub clauses: Vec<String>,
    /// Objects that were left at the provider in the end: kind, id and name.
    pub left: Vec<String>,
}

/// How a case of a sweep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CaseOutcome {
    /// Every expectation held.
    Held,
    /// An expectation was broken, and nothing was left behind.
    Broken,
    /// Something was left behind.
    Leaked,
    /// The call did not come this time: polls vary in number.
    NotReached,
    /// The case broke off because of something else; the reason of the check says what.
    BrokenOff,
}

/// Walks: stories of operations and outside events, each carried out with machines of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Walks {
    /// Stories that were carried out.
    pub stories: usize,
    /// Steps of all of them together.
    pub steps: usize,
    /// Ways that were taken through the reference state machine, and how often.
    pub transitions: Vec<Transition>,
    /// Stories that failed, at most one for each way to fail, each as short as it could be made.
    pub failures: Vec<FailedStory>,
    /// Stories that were not carried out, with the reason.
    pub left_out: Vec<String>,
}

/// A way through the reference state machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Transition {
    /// Situation before.
    pub from: Situation,
    /// What was done.
    pub action: Action,
    /// Situation afterwards.
    pub to: Situation,
    /// How often.
    pub count: usize,
}

/// A story that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FailedStory {
    /// Where it comes from: `walk 3`, the name of a story of the suite, or a file.
    pub origin: String,
    /// Clauses that it broke.
    pub clauses: Vec<String>,
    /// Step by step what happened; the last step is the one that failed.
    pub lines: Vec<StoryLine>,
    /// The story, to be carried out again with `--replay`.
    pub story: Story,
    /// Number of steps before it was made shorter.
    pub steps_at_first: usize,
    /// Stories that were tried to make it shorter.
    pub attempts: usize,
    /// Whether it failed in the same way when it was carried out again. If not, chance is part of it.
    pub repeats: bool,
    /// Other stories that failed in the same way.
    pub likewise: Vec<String>,
    /// File in which it was saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<String>,
}

/// One step of a story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StoryLine {
    /// Number of the round, from 1; what has the same number happened at the same time.
    pub round: usize,
    /// What was done, for example `Stop` or `machine 2: power off at the provider`.
    pub told: String,
    /// Situation before.
    pub before: Situation,
    /// Situation afterwards.
    pub after: Situation,
    /// What the operation returned; empty for events.
    pub result: String,
}

/// One broken expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Problem {
    /// Clause that is broken.
    pub clause: String,
    /// Level of that clause.
    pub level: Level,
    /// The rule in one sentence.
    pub rule: String,
    /// What was expected, with the values of this run.
    pub expected: String,
    /// What happened.
    pub got: String,
}

/// One call of the driver, or of its provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CallRecord {
    /// Start, in milliseconds since the start of the check.
    pub at_ms: u64,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// Who was called.
    pub to: CallTarget,
    /// Driver method such as `Create`, or provider call such as `POST /v1/servers`.
    pub name: String,
    /// The argument, shortened; empty if there is none.
    pub argument: String,
    /// The result, shortened.
    pub result: String,
    /// Whether the call failed.
    pub failed: bool,
    /// The fault that the suite made this call meet, in its words, for example `http-error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// Whom a recorded call went to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CallTarget {
    /// The driver, in the n-th process of the check (from 1).
    Driver(u32),
    /// The provider.
    Provider,
    /// The guest, over SSH.
    Guest,
    /// The world around the driver: what the suite did there behind the driver's back, for example deleting an
    /// instance.
    World,
}

/// One log line of the driver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LogRecord {
    /// Time in milliseconds since the start of the check.
    pub at_ms: u64,
    /// Process of the check (from 1).
    pub process: u32,
    /// `stdout` (info) or `stderr` (debug).
    pub stream: String,
    /// The line, shortened.
    pub text: String,
}

/// Numbers of a finished run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Summary {
    /// Checks selected on the command line.
    pub selected: usize,
    /// Selected checks that apply to this driver.
    pub applicable: usize,
    /// Applicable checks that were run.
    pub run: usize,
    /// Checks that passed.
    pub passed: usize,
    /// Number of checks by verdict word.
    pub verdicts: BTreeMap<String, usize>,
    /// Number of executed checks of level MUST.
    pub must_run: usize,
    /// Wall time in milliseconds.
    pub duration_ms: u64,
    /// Exit code of the run, see [`crate::verdict::ExitCode`].
    pub exit_code: u8,
    /// Whether the run was interrupted.
    pub interrupted: bool,
}
