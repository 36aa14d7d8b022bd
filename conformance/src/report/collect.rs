//! A whole run: what the JSON report holds, and what the other reports are written from.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    event::{CallRecord, CallTarget, CheckResult, Event, EventKind, RunInfo, Summary},
    verdict::{ExitCode, Verdict},
};

/// Schema of the JSON report. Fields may be added under the same name; a change of meaning gets a new one.
pub const SCHEMA: &str = "machine-conformance/report/v1";

/// Everything about one run. Serialised as it is, this is the JSON report.
///
/// Readers must accept fields that they do not know. `checks` is in the order of the plan, and holds each selected
/// check once; in a run that was cut short, those that ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RunRecord {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// The verdict on the driver.
    pub verdict: RunVerdict,
    /// What was run against what.
    pub run: RunInfo,
    /// Numbers.
    pub summary: Summary,
    /// Result of each check.
    pub checks: Vec<CheckResult>,
}

impl RunRecord {
    /// Reads a JSON report.
    ///
    /// # Errors
    /// If it is not JSON of the expected shape, or of another schema.
    pub fn from_json(text: &str) -> Result<Self, SchemaError> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.schema != SCHEMA {
            return Err(SchemaError::Other(head.schema));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// Results with this verdict, in the order of the plan.
    pub fn with_verdict(&self, verdict: Verdict) -> impl Iterator<Item = &CheckResult> {
        self.checks.iter().filter(move |result| result.verdict == verdict)
    }

    /// Groups of the checks with their results, both in the order of the plan.
    pub fn groups(&self) -> Vec<(&str, Vec<&CheckResult>)> {
        let mut groups: Vec<(&str, Vec<&CheckResult>)> = Vec::new();
        for result in &self.checks {
            let name = group_of(&result.id);
            match groups.iter_mut().find(|(group, _)| *group == name) {
                Some((_, results)) => results.push(result),
                None => groups.push((name, vec![result])),
            }
        }
        groups
    }

    pub(super) fn take(&mut self, event: &Event) {
        match &event.kind {
            EventKind::RunStarted(info) => self.run = info.clone(),
            EventKind::CheckStarted { .. } => {}
            EventKind::CheckFinished(result) => self.checks.push((**result).clone()),
            EventKind::RunFinished(summary) => {
                self.verdict = RunVerdict::of(summary);
                self.summary = summary.clone();
                if summary.interrupted {
                    self.summary.exit_code = ExitCode::INTERRUPTED;
                }
            }
        }
    }

    /// Brings the results, which come as they finish, into the order of the plan.
    pub(super) fn complete(&mut self) {
        let order: HashMap<&str, usize> =
            self.run.checks.iter().enumerate().map(|(index, id)| (id.as_str(), index)).collect();
        self.checks.sort_by_key(|result| order.get(result.id.as_str()).copied().unwrap_or(usize::MAX));
    }
}

impl Default for RunRecord {
    fn default() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            verdict: RunVerdict::Interrupted,
            run: RunInfo::default(),
            summary: Summary::default(),
            checks: Vec::new(),
        }
    }
}

/// Place of a call among those of its check: by its start, and the driver's before those that it makes itself.
pub(crate) fn place_of(call: &CallRecord) -> (u64, bool) {
    (call.at_ms, !matches!(call.to, CallTarget::Driver(_)))
}

/// Group of a check id: the part before `::`.
pub(super) fn group_of(id: &str) -> &str {
    id.split("::").next().unwrap_or(id)
}

/// Verdict on the driver as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RunVerdict {
    /// Every executed MUST check passed, and at least one was executed.
    Conformant,
    /// A MUST clause is broken, a call did not end, a known failure is stale, or the driver failed before a check could be
    /// tested and no check says why.
    NotConformant,
    /// No MUST check was executed.
    NothingRan,
    /// The environment was at fault.
    EnvironmentError,
    /// The suite was at fault.
    SuiteError,
    /// The run was cut short.
    Interrupted,
}

impl RunVerdict {
    /// Verdict of a finished run.
    pub fn of(summary: &Summary) -> Self {
        match summary.exit_code {
            _ if summary.interrupted => Self::Interrupted,
            ExitCode::CONFORMANT => Self::Conformant,
            ExitCode::NOT_CONFORMANT => Self::NotConformant,
            ExitCode::NOTHING_RAN => Self::NothingRan,
            ExitCode::ENVIRONMENT => Self::EnvironmentError,
            _ => Self::SuiteError,
        }
    }

    /// The words of the last line of the terminal report.
    pub fn headline(self) -> &'static str {
        match self {
            Self::Conformant => "CONFORMANT",
            Self::NotConformant => "NOT CONFORMANT",
            Self::NothingRan => "NOTHING RAN",
            Self::EnvironmentError => "ENVIRONMENT ERROR",
            Self::SuiteError => "DEFECT OF THE SUITE",
            Self::Interrupted => "INTERRUPTED",
        }
    }
}

/// A JSON report that cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// Not JSON, or not of the expected shape.
    #[error("not a report of this suite: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another schema.
    #[error("the report has the schema \"{0}\"; this version reads \"{SCHEMA}\"")]
    Other(String),
}
