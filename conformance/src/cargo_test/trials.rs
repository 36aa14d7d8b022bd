//! From the plan of a run to trials.

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::{Arguments, Completion, Conclusion, Failed, Trial};

use super::board::{Board, Outcome};
use crate::{
    check::{Check, Need},
    command_line::{Failure, Order, RunArguments},
};

/// The trials of a test, and what runs them.
pub(super) struct Trials {
    trials: Vec<Trial>,
    board: Arc<Board>,
}

impl Trials {
    /// Decides from the profile alone, without starting anything, which checks there are and which are ignored.
    pub(super) fn plan(
        options: RunArguments,
        arguments: &Arguments,
        board: Arc<Board>,
    ) -> Result<Self, Failure> {
        let mut order = Order::new(&options, &|name| std::env::var(name).ok())?;
        let selected = options.selected(&order)?;
        let conditions = order.conditions();
        let part_of_all =
            |check: &Check| board.one_check_per_process() && check.needs.contains(&Need::WholeRun);
        let trials: Vec<(&'static Check, Trial)> = selected
            .iter()
            .filter(|check| !part_of_all(check))
            .map(|&check| {
                let outcome = {
                    let board = Arc::clone(&board);
                    move || outcome(board.outcome(check.id))
                };
                let ignored = conditions.unmet(check).is_some();
                let trial = Trial::ignorable_test(check.id, outcome).with_ignored_flag(ignored);
                (check, trial)
            })
            .collect();
        let mut wanted: Vec<&'static Check> = trials
            .iter()
            .filter(|(_, trial)| !arguments.is_filtered_out(trial) && !arguments.is_ignored(trial))
            .map(|(check, _)| *check)
            .collect();
        wanted.extend(selected.iter().copied().filter(|check| part_of_all(check)));
        if let Some(threads) = arguments.test_threads {
            order.jobs = threads.max(1);
        }
        board.will_run(order, wanted, options);
        Ok(Self { trials: trials.into_iter().map(|(_, trial)| trial).collect(), board })
    }

    /// Lists or runs them.
    pub(super) fn run(self, mut arguments: Arguments) -> ExitCode {
        // Trials only wait for their results; how many checks run at the same time is the engine's affair.
        arguments.test_threads = Some(self.trials.len().max(2));
        let listing = arguments.list;
        let conclusion = libtest_mimic::run(&arguments, self.trials);
        if listing {
            return conclusion.exit_code();
        }
        self.board.finish(&conclusion)
    }
}

fn outcome(outcome: Outcome) -> Result<Completion, Failed> {
    match outcome {
        Outcome::Passed => Ok(Completion::Completed),
        Outcome::NotRun(reason) => Ok(Completion::ignored_with(reason)),
        Outcome::Failed(text) => Err(Failed::from(text)),
    }
}

/// Whether libtest's part of the result is good.
pub(super) fn succeeded(conclusion: &Conclusion) -> bool {
    conclusion.num_failed == 0
}
