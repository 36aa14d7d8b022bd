//! The reference state machine: what an operation must answer in each situation, and where it leads.

use super::{Action, Situation};

/// What an operation must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    /// Whether it may or must fail.
    pub(super) outcome: Outcome,
    /// Clause that says so.
    pub(super) clause: &'static str,
    /// Situations after nil, the usual one first.
    pub(super) after_nil: Vec<Situation>,
    /// Situations after an error, the usual one first.
    pub(super) after_error: Vec<Situation>,
}

/// Whether an operation must succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Only nil is right.
    Nil,
    /// Only an error is right.
    Error,
    /// Both are.
    Either,
}

/// What the provider does to an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// Nothing.
    Fair,
    /// It refused one of its changes.
    Refused,
    /// It answers every call with an error.
    Down,
}

/// What `operation` must do to a machine that is in `situation`.
pub(super) fn expected(operation: Action, situation: Situation, weather: Weather) -> Expected {
    match weather {
        Weather::Fair => fair(operation, situation),
        Weather::Refused => refused(operation, situation),
        Weather::Down => down(operation, situation),
    }
}

fn fair(operation: Action, situation: Situation) -> Expected {
    use Outcome::{Either, Error, Nil};
    use Situation::{Absent, HalfMade, Paused, Removed, Running, Stopped, Vanished};
    let (outcome, clause, after_nil) = match (operation, situation) {
        (Action::Create, Absent) => (Nil, "CREATE-001", Running),
        (Action::Create, Removed) => (Nil, "IDEM-008", Running),
        (Action::Create, HalfMade) => (Either, "CREATE-008", Running),
        (Action::Create, Vanished) => (Either, "CREATE-014", Running),
        (Action::Create, _) => (Either, "CREATE-014", situation),

        (Action::Start, Stopped) => (Nil, "START-001", Running),
        (Action::Start, Running) => (Either, "START-005", Running),
        (Action::Start, Paused) => (Either, "START-008", Running),
        (Action::Start, HalfMade) => (Either, "START-007", Running),
        (Action::Start, _) => (Error, "START-007", situation),

        (Action::Stop, Running) => (Nil, "STOP-001", Stopped),
        (Action::Stop, Stopped) => (Either, "STOP-005", Stopped),
        (Action::Stop, Paused) => (Either, "STOP-008", Stopped),
        (Action::Stop, HalfMade) => (Either, "STOP-006", Stopped),
        (Action::Stop, _) => (Error, "STOP-006", situation),

        (Action::Kill, Running) => (Nil, "KILL-001", Stopped),
        (Action::Kill, Stopped) => (Either, "KILL-004", Stopped),
        (Action::Kill, Paused) => (Either, "KILL-005", Stopped),
        (Action::Kill, HalfMade) => (Either, "ERR-005", Stopped),
        (Action::Kill, _) => (Error, "ERR-005", situation),

        (Action::Restart, Running) => (Nil, "RST-001", Running),
        (Action::Restart, Stopped | Paused) => (Either, "RST-005", Running),
        (Action::Restart, HalfMade) => (Either, "RST-007", Running),
        (Action::Restart, _) => (Error, "RST-007", situation),

        (Action::Remove, Absent) => (Nil, "RM-010", Removed),
        (Action::Remove, HalfMade) => (Nil, "CREATE-008", Removed),
        (Action::Remove, Running) => (Nil, "RM-005", Removed),
        (Action::Remove, Stopped) => (Nil, "RM-006", Removed),
        (Action::Remove, Paused) => (Nil, "RM-007", Removed),
        (Action::Remove, Vanished) => (Nil, "RM-008", Removed),
        (Action::Remove, Removed) => (Nil, "RM-012", Removed),

        // Events are no operations: nothing is asked of the driver.
        (_, situation) => (Either, "ERR-005", situation),
    };
    let after_nil = match (operation, situation) {
        (Action::Create, Vanished) => vec![Running, Vanished],
        // A no-op, or the machine is made usable again.
        (Action::Create, Stopped | Paused) => vec![situation, Running],
        (_, HalfMade) if operation != Action::Remove => vec![after_nil, HalfMade],
        _ => vec![after_nil],
    };
    let after_error = match (operation, situation) {
        (Action::Create, Absent | Removed) => vec![HalfMade],
        (Action::Restart, Paused) => vec![Paused, Stopped],
        _ => vec![situation],
    };
    Expected { outcome, clause, after_nil, after_error }
}

/// A change was refused: the driver has tried again, or it has failed half-way.
fn refused(operation: Action, situation: Situation) -> Expected {
    let fair = fair(operation, situation);
    let mut after_error = fair.after_error;
    if operation != Action::Create {
        after_error.extend(&fair.after_nil);
    }
    match operation {
        Action::Restart if situation.has_instance() => after_error.push(Situation::Stopped),
        Action::Remove => {
            after_error.retain(|after| *after != Situation::Removed);
            after_error.push(Situation::Vanished);
        }
        _ => {}
    }
    Expected {
        // What had to fail has to fail all the same.
        outcome: match fair.outcome {
            Outcome::Error => Outcome::Error,
            _ => Outcome::Either,
        },
        after_error,
        ..fair
    }
}

fn down(operation: Action, situation: Situation) -> Expected {
    use Situation::{Absent, Paused, Removed, Running, Stopped};
    let clause = match operation {
        Action::Create => "CREATE-007",
        Action::Start => "START-006",
        Action::Remove => "RM-011",
        _ => "ERR-005",
    };
    let outcome = match (operation, situation) {
        // A record without anything in it needs no provider.
        (Action::Remove, Absent | Removed) => Outcome::Either,
        // Nothing is asked for that is not there already.
        (Action::Create, Running | Stopped | Paused) => Outcome::Either,
        _ => Outcome::Error,
    };
    let fair = fair(operation, situation);
    Expected {
        outcome,
        clause,
        after_nil: match operation {
            Action::Create => vec![situation],
            _ => fair.after_nil,
        },
        after_error: match (operation, situation) {
            (Action::Create, Absent | Removed) => vec![Situation::HalfMade],
            _ => vec![situation],
        },
    }
}

/// Situation after an event; `None` if it cannot happen.
pub(super) fn after_event(event: Action, situation: Situation) -> Option<Situation> {
    use Situation::{Paused, Running, Stopped, Vanished};
    match (event, situation) {
        (Action::PowerOff, Running | Paused) => Some(Stopped),
        (Action::DeleteInstance, Running | Stopped | Paused) => Some(Vanished),
        (Action::ChangeAddress, Running) => Some(Running),
        (Action::Pause, Running) => Some(Paused),
        (Action::NewProcess, situation) => Some(situation),
        _ => None,
    }
}

/// Clause by which an operation must end.
pub(super) fn must_end(operation: Action) -> &'static str {
    match operation {
        Action::Create => "CREATE-017",
        Action::Start => "START-010",
        Action::Stop => "STOP-007",
        Action::Restart => "RST-005",
        Action::Remove => "RM-018",
        _ => "FAULT-005",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::specification;

    const SITUATIONS: [Situation; 7] = [
        Situation::Absent,
        Situation::HalfMade,
        Situation::Running,
        Situation::Stopped,
        Situation::Paused,
        Situation::Vanished,
        Situation::Removed,
    ];
    const WEATHERS: [Weather; 3] = [Weather::Fair, Weather::Refused, Weather::Down];

    fn all() -> impl Iterator<Item = (Action, Situation, Weather)> {
        let operations = Action::ALL.into_iter().filter(|action| action.is_operation());
        operations.flat_map(|operation| {
            SITUATIONS
                .into_iter()
                .flat_map(move |situation| WEATHERS.map(|weather| (operation, situation, weather)))
        })
    }

    #[test]
    fn every_cell_names_a_clause_and_leads_somewhere() {
        for (operation, situation, weather) in all() {
            let cell = format!("{operation:?} x {situation:?} x {weather:?}");
            let expected = expected(operation, situation, weather);
            assert!(specification().clause(expected.clause).is_some(), "{cell}");
            assert!(specification().clause(must_end(operation)).is_some(), "{cell}");
            assert!(!expected.after_nil.is_empty() && !expected.after_error.is_empty(), "{cell}");
        }
    }

    #[test]
    fn nothing_but_create_makes_an_instance() {
        for (operation, situation, weather) in all() {
            let none = matches!(situation, Situation::Absent | Situation::Vanished | Situation::Removed);
            if operation == Action::Create || !none {
                continue;
            }
            let expected = expected(operation, situation, weather);
            let leads_to = expected.after_nil.iter().chain(&expected.after_error);
            for after in leads_to {
                assert!(!after.has_instance(), "{operation:?} x {situation:?} x {weather:?}");
            }
        }
    }

    #[test]
    fn a_provider_that_is_down_changes_nothing() {
        for (operation, situation, _) in all() {
            let expected = expected(operation, situation, Weather::Down);
            let unchanged = expected.after_error == [situation]
                || (operation == Action::Create && expected.after_error == [Situation::HalfMade]);
            assert!(unchanged, "{operation:?} x {situation:?}");
        }
    }

    #[test]
    fn an_error_never_leads_to_removed() {
        for (operation, situation, weather) in all() {
            let expected = expected(operation, situation, weather);
            if situation != Situation::Removed {
                assert!(
                    !expected.after_error.contains(&Situation::Removed),
                    "{operation:?} x {situation:?} x {weather:?}"
                );
            }
        }
    }
}
