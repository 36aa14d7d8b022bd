//! The numbers of a run, and the exit code that follows from them.

use crate::{
    event::{CheckResult, Summary},
    recorder::tally,
    verdict::{ExitCode, Level, Verdict},
};

/// The numbers of these results.
pub(crate) fn summarise(results: &[CheckResult], duration_ms: u64, interrupted: bool) -> Summary {
    let count = |verdict: Verdict| results.iter().filter(|result| result.verdict == verdict).count();
    let run = results.iter().filter(|result| result.verdict.was_run());
    let must_run = run.clone().filter(|result| result.level == Level::Must).count();
    Summary {
        selected: results.len(),
        applicable: results.len() - count(Verdict::NotApplicable),
        run: run.count(),
        passed: count(Verdict::Pass),
        verdicts: tally(results.iter().map(|result| result.verdict.word().to_owned())),
        must_run,
        duration_ms,
        exit_code: exit_code(&count, must_run, unexplained(results)),
        interrupted,
    }
}

/// How many checks were not tested because the driver failed before, while no check says what is wrong with it.
///
/// Usually the check that is about the failed step complains, and the others need not. Where none does, silence would pass
/// for success: the driver may fail only with an option that one check gives.
pub(crate) fn unexplained(results: &[CheckResult]) -> usize {
    let says_why = |result: &CheckResult| result.verdict.was_run() && result.verdict != Verdict::Pass;
    match results.iter().any(says_why) {
        true => 0,
        false => results.iter().filter(|result| result.blocked).count(),
    }
}

/// The worst outcome decides; a run that executed no MUST check never succeeds, nor one with checks that the driver
/// kept from being tested.
fn exit_code(count: &impl Fn(Verdict) -> usize, must_run: usize, unexplained: usize) -> u8 {
    if count(Verdict::SuiteError) > 0 {
        ExitCode::SUITE_DEFECT
    } else if count(Verdict::Fail) + count(Verdict::DriverTimeout) + count(Verdict::Stale) > 0 {
        ExitCode::NOT_CONFORMANT
    } else if count(Verdict::EnvironmentError) > 0 {
        ExitCode::ENVIRONMENT
    } else if must_run == 0 {
        ExitCode::NOTHING_RAN
    } else if unexplained > 0 {
        ExitCode::NOT_CONFORMANT
    } else {
        ExitCode::CONFORMANT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(verdicts: &[Verdict], must_run: usize) -> u8 {
        exit_code(&|wanted| verdicts.iter().filter(|&&verdict| verdict == wanted).count(), must_run, 0)
    }

    #[test]
    fn a_failure_that_no_check_explains_is_no_success() {
        let mut blocked = crate::sample::finished("create::user_data_arrives", Verdict::NotTested);
        blocked.blocked = true;
        let passed = crate::sample::finished("create::succeeds", Verdict::Pass);
        let failed = crate::sample::finished("create::succeeds", Verdict::Fail);
        let silent = summarise(&[passed, blocked.clone()], 0, false);
        assert_eq!(silent.exit_code, ExitCode::NOT_CONFORMANT);
        assert_eq!(unexplained(&[failed, blocked]), 0);
    }

    #[test]
    fn exit_codes() {
        assert_eq!(code(&[Verdict::Pass, Verdict::Warn, Verdict::NotTested], 2), ExitCode::CONFORMANT);
        assert_eq!(code(&[Verdict::Pass, Verdict::Fail], 2), ExitCode::NOT_CONFORMANT);
        assert_eq!(code(&[Verdict::Stale], 1), ExitCode::NOT_CONFORMANT);
        assert_eq!(code(&[Verdict::DriverTimeout], 1), ExitCode::NOT_CONFORMANT);
        assert_eq!(code(&[Verdict::Pass, Verdict::EnvironmentError], 2), ExitCode::ENVIRONMENT);
        assert_eq!(code(&[Verdict::Fail, Verdict::SuiteError], 2), ExitCode::SUITE_DEFECT);
        assert_eq!(code(&[Verdict::NotTested, Verdict::NotApplicable], 0), ExitCode::NOTHING_RAN);
        assert_eq!(code(&[Verdict::Pass], 0), ExitCode::NOTHING_RAN, "only SHOULD checks were executed");
        assert_eq!(code(&[], 0), ExitCode::NOTHING_RAN);
    }
}
