//! What can be said about a check without running it.

use crate::{
    check::{Check, Need},
    engine::{Setup, execute},
    event::CheckResult,
    verdict::Verdict,
};

/// The result of a check that this run cannot or need not execute; `None` if it must be run.
pub(super) fn without_running(setup: &Setup, check: &'static Check, at_ms: u64) -> Option<CheckResult> {
    let (verdict, reason) = check.needs.iter().find_map(|need| unmet(setup, *need))?;
    let mut result = execute::blank(setup, check, at_ms);
    result.verdict = verdict;
    result.reason = Some(reason);
    Some(result)
}

/// Why `need` is not met. What the driver lacks makes a check not applicable, what the run lacks not tested.
pub(crate) fn unmet(setup: &Setup, need: Need) -> Option<(Verdict, String)> {
    if let Some(reason) = setup.lacks.get(&need) {
        return Some((Verdict::NotApplicable, reason.clone()));
    }
    let met = match need {
        Need::WholeRun | Need::Flags | Need::Rancher => true,
        Need::Process => setup.subject.executable().is_some(),
        Need::Host => setup
            .subject
            .executable()
            .is_some_and(|executable| executable.host().is_some()),
        Need::NoPower => {
            return (!setup.lacks.contains_key(&Need::Power))
                .then(|| (Verdict::NotApplicable, need.missing().to_owned()));
        }
        Need::Power => setup.world.offers().contains(&Need::Machine),
        Need::Secret => !setup.secrets.is_empty() || setup.world.offers().contains(&Need::Secret),
        other => setup.world.offers().contains(&other),
    };
    (!met).then(|| (Verdict::NotTested, need.missing().to_owned()))
}
