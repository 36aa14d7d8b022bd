//! Makes stories up, from a seed.
//!
//! A story follows the reference state machine, so that most of it makes progress; operations that make no sense in a
//! situation come too, but less often. The same seed gives the same story as long as the suite is the same; across
//! versions a story travels as JSON.

use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::{
    Action, Move, Processes, SCHEMA, Settings, Situation, Story,
    contract::{Weather, after_event, expected},
    need_of,
    story::MOST_MACHINES,
};
use crate::check::Need;

/// What kind of stories a check makes up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One machine, one thing after the other.
    OneMachine,
    /// Two or three machines, with things that happen at the same time.
    SeveralMachines,
    /// One machine, and all getters beside its operations in one process.
    ParallelCalls,
}

impl Shape {
    /// Walks of this shape in a run that makes `walks` of one machine.
    pub(crate) fn share_of(self, walks: usize) -> usize {
        match self {
            Self::OneMachine => walks,
            Self::SeveralMachines | Self::ParallelCalls => walks.div_ceil(3),
        }
    }
}

/// An operation that makes no sense in its situation comes so many times less often than one that does.
const SENSELESS: u32 = 4;
/// `Remove` comes so many times more often when the instance has vanished: little else is left to do.
const TIDY: u32 = 4;
/// The first thing is almost always `Create`: in one of so many stories it may be anything.
const FALSE_START: u32 = 8;

/// The story of `seed`.
pub(super) fn story(seed: u64, shape: Shape, settings: &Settings, offers: &dyn Fn(Need) -> bool) -> Story {
    let mut random = StdRng::seed_from_u64(seed);
    let machines = match shape {
        Shape::SeveralMachines => random.random_range(2..=MOST_MACHINES),
        _ => 1,
    };
    let processes = match shape {
        Shape::ParallelCalls => Processes::Kept,
        _ if random.random_bool(0.5) => Processes::Kept,
        _ => Processes::Fresh,
    };
    let mut plot = Plot {
        random,
        shape,
        settings,
        offers,
        processes,
        situations: vec![Situation::Absent; machines],
        provider_is_up: true,
    };
    let rounds = (0..settings.length.max(1)).map(|_| plot.round()).collect();
    Story { schema: SCHEMA.to_owned(), why: String::new(), machines, processes, rounds }
}

/// Where a story stands while it is made up.
struct Plot<'a> {
    random: StdRng,
    shape: Shape,
    settings: &'a Settings,
    offers: &'a dyn Fn(Need) -> bool,
    processes: Processes,
    situations: Vec<Situation>,
    provider_is_up: bool,
}

impl Plot<'_> {
    fn round(&mut self) -> Vec<Move> {
        let machines = self.situations.len();
        let first = self.random.random_range(0..machines);
        let together = if machines > 1 { self.random.random_range(1..=machines) } else { 1 };
        let mut round = Vec::new();
        for machine in (0..machines).cycle().skip(first).take(together) {
            let alone = round.is_empty();
            let Some(action) = self.action(self.situations[machine], alone) else {
                continue;
            };
            self.happens(machine, action);
            round.push(Move {
                machine: machine + 1,
                action,
                getters: self.shape == Shape::ParallelCalls && action.is_operation(),
            });
            if action.is_about_the_provider() {
                break;
            }
        }
        if round.is_empty() {
            // Only weights of zero lead here.
            round.push(Move::new(first + 1, Action::Create));
        }
        round
    }

    fn action(&mut self, situation: Situation, alone: bool) -> Option<Action> {
        if situation == Situation::Absent && self.random.random_range(0..FALSE_START) > 0 {
            return Some(Action::Create);
        }
        let weights = Action::ALL.map(|action| self.weight(action, situation, alone));
        let total: u32 = weights.iter().sum();
        if total == 0 {
            return None;
        }
        let mut drawn = self.random.random_range(0..total);
        for (action, weight) in Action::ALL.into_iter().zip(weights) {
            if drawn < weight {
                return Some(action);
            }
            drawn -= weight;
        }
        None
    }

    fn weight(&self, action: Action, situation: Situation, alone: bool) -> u32 {
        let offered = need_of(action).is_none_or(|need| (self.offers)(need));
        // What the provider does is no matter of one machine among several.
        let fits = !action.is_about_the_provider() || (alone && self.situations.len() == 1);
        if !offered || !fits {
            return 0;
        }
        let weight = self.settings.weight(action).min(10_000) * SENSELESS;
        match action {
            Action::ProviderUp if self.provider_is_up => 0,
            Action::ProviderDown | Action::RefuseNextChange if !self.provider_is_up => 0,
            Action::ProviderUp | Action::ProviderDown | Action::RefuseNextChange => weight,
            Action::NewProcess if self.processes == Processes::Fresh => 0,
            _ if !action.is_operation() => match after_event(action, situation) {
                Some(_) => weight,
                None => 0,
            },
            Action::Remove if situation == Situation::Vanished => weight * TIDY,
            _ if makes_sense(action, situation) => weight,
            _ => weight / SENSELESS,
        }
    }

    fn happens(&mut self, machine: usize, action: Action) {
        let situation = self.situations[machine];
        self.situations[machine] = match action {
            Action::ProviderDown => {
                self.provider_is_up = false;
                situation
            }
            Action::ProviderUp => {
                self.provider_is_up = true;
                situation
            }
            _ if action.is_operation() && self.provider_is_up => {
                expected(action, situation, Weather::Fair).after_nil[0]
            }
            Action::Create if situation == Situation::Absent => Situation::HalfMade,
            _ if action.is_operation() => situation,
            _ => after_event(action, situation).unwrap_or(situation),
        };
    }
}

/// Whether a host would call `operation` now.
fn makes_sense(operation: Action, situation: Situation) -> bool {
    use Situation::{Absent, HalfMade, Paused, Removed, Running, Stopped};
    match operation {
        Action::Create => matches!(situation, Absent | HalfMade | Removed),
        Action::Start => matches!(situation, Stopped | Paused),
        Action::Stop | Action::Kill => matches!(situation, Running | Paused),
        Action::Restart => situation == Running,
        Action::Remove => !matches!(situation, Absent | Removed),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use super::*;

    const SHAPES: [Shape; 3] = [Shape::OneMachine, Shape::SeveralMachines, Shape::ParallelCalls];

    fn long() -> Settings {
        Settings { length: 40, ..Settings::default() }
    }

    #[test]
    fn the_same_seed_gives_the_same_story_and_every_story_can_happen() {
        for seed in 0..200 {
            for shape in SHAPES {
                let made_up = story(seed, shape, &long(), &|_| true);
                assert_eq!(made_up, story(seed, shape, &long(), &|_| true));
                assert_eq!(made_up.rounds.len(), 40);
                Story::from_json(&made_up.to_json()).unwrap();
            }
        }
    }

    #[test]
    fn everything_happens_somewhere() {
        let happened: BTreeSet<Action> = (0..100)
            .flat_map(|seed| story(seed, Shape::OneMachine, &long(), &|_| true).rounds)
            .flatten()
            .map(|step| step.action)
            .collect();
        assert_eq!(happened.len(), Action::ALL.len(), "{happened:?}");
    }

    #[test]
    fn what_the_provider_does_not_offer_does_not_happen() {
        for seed in 0..50 {
            let made_up = story(seed, Shape::OneMachine, &long(), &|need| need == Need::Power);
            assert_eq!(made_up.needs(), [Need::Power], "{made_up}");
        }
    }

    #[test]
    fn weights_decide() {
        let mut settings = long();
        settings.weights = Action::ALL.into_iter().map(|action| (action, 0)).collect();
        settings.weights.insert(Action::Kill, 1);
        let made_up = story(7, Shape::OneMachine, &settings, &|_| true);
        let others = made_up.rounds.iter().flatten().map(|step| step.action);
        let others: BTreeSet<Action> = others.collect();
        assert!(others.is_subset(&BTreeSet::from([Action::Create, Action::Kill])), "{made_up}");
    }

    #[test]
    fn several_machines_meet() {
        let together = (0..20).any(|seed| {
            let made_up = story(seed, Shape::SeveralMachines, &long(), &|_| true);
            made_up.rounds.iter().any(|round| round.len() == MOST_MACHINES)
        });
        assert!(together, "no round of all machines in twenty stories");
    }
}
