//! What can be said about a check without running it.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    check::{Check, Need},
    engine::{Setup, execute},
    event::CheckResult,
    verdict::Verdict,
};

/// The result of a check that this run cannot or need not execute; `None` if it must be run.
pub(super) fn without_running(setup: &Setup, check: &'static Check, at_ms: u64) -> Option<CheckResult> {
    let (verdict, reason) = Conditions::of(setup).unmet(check)?;
    let mut result = execute::blank(setup, check, at_ms);
    result.verdict = verdict;
    result.reason = Some(reason);
    Some(result)
}

/// What decides, before anything is started, which checks a run executes.
#[derive(Clone, Debug)]
pub(crate) struct Conditions {
    /// What the driver lacks, with the reason.
    pub(crate) lacks: BTreeMap<Need, String>,
    /// What the world offers.
    pub(crate) offers: BTreeSet<Need>,
    /// Whether the driver runs as an executable.
    pub(crate) is_process: bool,
    /// Whether there is a host to start the driver in.
    pub(crate) has_host: bool,
    /// Whether the user named a secret.
    pub(crate) has_secrets: bool,
}

impl Conditions {
    /// Those of a run.
    pub(crate) fn of(setup: &Setup) -> Self {
        Self {
            lacks: setup.lacks.clone(),
            offers: setup.world.offers(),
            is_process: setup.subject.executable().is_some(),
            has_host: setup.subject.executable().is_some_and(|executable| executable.host().is_some()),
            has_secrets: !setup.secrets.is_empty(),
        }
    }

    /// Verdict and reason of a check that will not be executed.
    pub(crate) fn unmet(&self, check: &Check) -> Option<(Verdict, String)> {
        check.needs.iter().find_map(|need| self.unmet_need(*need))
    }

    /// Why `need` is not met. What the driver lacks makes a check not applicable, what the run lacks not tested.
    pub(crate) fn unmet_need(&self, need: Need) -> Option<(Verdict, String)> {
        if let Some(reason) = self.lacks.get(&need) {
            return Some((Verdict::NotApplicable, reason.clone()));
        }
        let met = match need {
            Need::WholeRun | Need::Flags | Need::Rancher => true,
            Need::Process => self.is_process,
            Need::Host => self.has_host,
            Need::NoPower => {
                return (!self.lacks.contains_key(&Need::Power))
                    .then(|| (Verdict::NotApplicable, need.missing().to_owned()));
            }
            Need::Power => self.offers.contains(&Need::Machine),
            Need::Secret => self.has_secrets || self.offers.contains(&Need::Secret),
            other => self.offers.contains(&other),
        };
        (!met).then(|| (Verdict::NotTested, need.missing().to_owned()))
    }
}
