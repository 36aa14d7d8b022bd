//! Makes a story that fails as short as it can be, and still fail in the same way.
//!
//! Halves of the story are left out first, then quarters, down to single rounds; then what is left is made simpler: one
//! thing after the other instead of at the same time, fewer machines, no getters beside, fresh processes.

use std::collections::HashSet;

use super::{Move, Processes, Story};

/// The shortest story that was found.
#[derive(Debug)]
pub(super) struct Shrunk<W> {
    /// The story.
    pub(super) story: Story,
    /// What came of it when it failed last; `None` if it did not fail again even at its full length.
    pub(super) evidence: Option<W>,
    /// Stories that were tried.
    pub(super) attempts: usize,
}

/// Shortens `story`. `fails` carries a candidate out and returns what came of it if it fails in the same way. No more
/// than `budget` candidates are tried; the order in which they are is always the same.
pub(super) async fn shrink<W, R>(story: &Story, budget: usize, fails: impl Fn(Story) -> R) -> Shrunk<W>
where
    R: Future<Output = Option<W>>,
{
    let mut shrunk = Shrunk { story: story.clone(), evidence: None, attempts: 0 };
    let mut tried = HashSet::new();
    let mut candidates = vec![story.clone()];
    loop {
        let mut shorter = None;
        for candidate in candidates {
            if shrunk.attempts >= budget {
                return shrunk;
            }
            if !tried.insert(candidate.to_json()) {
                continue;
            }
            shrunk.attempts += 1;
            if let Some(evidence) = fails(candidate.clone()).await {
                shorter = Some((candidate, evidence));
                break;
            }
        }
        let Some((story, evidence)) = shorter else {
            return shrunk;
        };
        candidates = smaller(&story);
        shrunk.story = story;
        shrunk.evidence = Some(evidence);
    }
}

/// Stories that are simpler than `story`, the most promising ones first.
fn smaller(story: &Story) -> Vec<Story> {
    let mut candidates = shorter(story);
    candidates.extend(with_fewer_moves(story));
    candidates.extend(without_machines(story));
    candidates.extend(in_turn(story));
    candidates.extend(without_getters(story));
    if story.processes != Processes::Fresh {
        candidates.push(Story { processes: Processes::Fresh, ..story.clone() });
    }
    candidates
}

/// Without a half, a quarter, ..., a single round.
fn shorter(story: &Story) -> Vec<Story> {
    let count = story.rounds.len();
    let mut candidates = Vec::new();
    let mut size = count / 2;
    while size > 0 {
        // From the end: what comes late is least likely to be what later steps need.
        for start in (0..count).step_by(size).rev() {
            let mut rounds = story.rounds.clone();
            rounds.drain(start..(start + size).min(count));
            if !rounds.is_empty() {
                candidates.push(Story { rounds, ..story.clone() });
            }
        }
        size /= 2;
    }
    candidates
}

/// With one move less in a round of several.
fn with_fewer_moves(story: &Story) -> Vec<Story> {
    let mut candidates = Vec::new();
    for (index, round) in story.rounds.iter().enumerate().filter(|(_, round)| round.len() > 1) {
        for left_out in 0..round.len() {
            let mut rounds = story.rounds.clone();
            rounds[index].remove(left_out);
            candidates.push(Story { rounds, ..story.clone() });
        }
    }
    candidates
}

/// Without machines to which nothing happens; the others are numbered anew.
fn without_machines(story: &Story) -> Option<Story> {
    let used: Vec<usize> = (1..=story.machines)
        .filter(|machine| story.rounds.iter().flatten().any(|step| step.machine == *machine))
        .collect();
    if used.len() == story.machines || used.is_empty() {
        return None;
    }
    let renumbered = |step: &Move| Move {
        machine: used.iter().position(|machine| *machine == step.machine).unwrap_or(0) + 1,
        ..*step
    };
    let rounds = story.rounds.iter();
    Some(Story {
        machines: used.len(),
        rounds: rounds.map(|round| round.iter().map(renumbered).collect()).collect(),
        ..story.clone()
    })
}

/// With the moves of one round one after the other.
fn in_turn(story: &Story) -> Vec<Story> {
    let several = story.rounds.iter().enumerate().filter(|(_, round)| round.len() > 1);
    several
        .map(|(index, round)| {
            let mut rounds = story.rounds.clone();
            rounds.splice(index..=index, round.iter().map(|step| vec![*step]));
            Story { rounds, ..story.clone() }
        })
        .collect()
}

/// Without getters beside one of the operations.
fn without_getters(story: &Story) -> Vec<Story> {
    let mut candidates = Vec::new();
    for (index, round) in story.rounds.iter().enumerate() {
        for (place, _) in round.iter().enumerate().filter(|(_, step)| step.getters) {
            let mut rounds = story.rounds.clone();
            rounds[index][place].getters = false;
            candidates.push(Story { rounds, ..story.clone() });
        }
    }
    candidates
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;
    use crate::model::Action;

    const LONG: [Action; 12] = [
        Action::Create,
        Action::Stop,
        Action::Start,
        Action::Restart,
        Action::ChangeAddress,
        Action::Kill,
        Action::Start,
        Action::PowerOff,
        Action::Kill,
        Action::Start,
        Action::Stop,
        Action::Remove,
    ];

    /// Whether the actions come in this order, with anything in between.
    fn contains(story: &Story, wanted: &[Action]) -> bool {
        let mut wanted = wanted.iter().peekable();
        for step in story.rounds.iter().flatten() {
            wanted.next_if(|action| **action == step.action);
        }
        wanted.peek().is_none()
    }

    #[tokio::test]
    async fn only_what_makes_it_fail_is_left() {
        let needed = [Action::Create, Action::PowerOff, Action::Start];
        let story = Story::of(Processes::Kept, &LONG);
        let shrunk = shrink(&story, 100, |story| ready(contains(&story, &needed).then_some(()))).await;
        assert_eq!(shrunk.story, Story::of(Processes::Fresh, &needed));
        assert!(shrunk.evidence.is_some());
        assert!(shrunk.attempts < 40, "{} attempts", shrunk.attempts);
    }

    #[tokio::test]
    async fn what_happens_at_the_same_time_is_kept_if_it_matters() {
        let mut story = Story::of(Processes::Fresh, &LONG);
        story.machines = 3;
        story.rounds[5] = vec![
            Move::new(3, Action::Kill),
            Move::new(1, Action::Stop),
            Move { getters: true, ..Move::new(2, Action::Start) },
        ];
        let together = |story: &Story| {
            story.rounds.iter().any(|round| {
                let mut actions = round.iter().map(|step| step.action);
                round.len() == 2 && actions.all(|action| matches!(action, Action::Kill | Action::Start))
            })
        };
        let fails = |story: Story| ready(together(&story).then_some(()));
        // With three at the same time it does not fail, so a candidate of two has to be found.
        story.rounds[5].remove(1);
        let shrunk = shrink(&story, 100, fails).await.story;
        assert_eq!(shrunk.machines, 2, "{shrunk}");
        assert_eq!(shrunk.to_string(), "machine 2: Kill + machine 1: Start");
    }

    #[tokio::test]
    async fn what_does_not_fail_again_is_left_as_it_was() {
        let story = Story::of(Processes::Fresh, &LONG);
        let shrunk = shrink(&story, 100, |_| ready(None::<()>)).await;
        assert_eq!((shrunk.story, shrunk.attempts), (story, 1));
        assert!(shrunk.evidence.is_none());
    }

    #[tokio::test]
    async fn the_budget_is_kept() {
        let story = Story::of(Processes::Fresh, &LONG);
        let shrunk = shrink(&story, 3, |_| ready(Some(()))).await;
        assert_eq!(shrunk.attempts, 3);
    }
}
