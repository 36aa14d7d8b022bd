//! How many walks a run makes, how long they are, and what happens in them how often.

use std::{collections::BTreeMap, path::PathBuf};

use super::{Action, Story};

/// Largest number of walks of a check.
pub(crate) const MOST_WALKS: usize = 100_000;
/// Largest number of rounds of a walk.
pub(crate) const MOST_STEPS: usize = super::story::MOST_ROUNDS;

/// What the run is asked to walk.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// Walks of one machine. Those of several machines and those with parallel calls are a third of it each.
    pub walks: usize,
    /// Rounds of a walk.
    pub length: usize,
    /// How often something happens, compared with the others; what is not in it has its usual weight.
    pub weights: BTreeMap<Action, u32>,
    /// Most attempts to make a story that fails shorter.
    pub shrinking: usize,
    /// Stories of the author, with the names of their files.
    pub known: Vec<(String, Story)>,
    /// Stories that are carried out instead of all known ones.
    pub replay: Vec<(String, Story)>,
    /// Where stories that fail are saved; `None` if they are not.
    pub folder: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            walks: 6,
            length: 10,
            weights: BTreeMap::new(),
            shrinking: 40,
            known: Vec::new(),
            replay: Vec::new(),
            folder: None,
        }
    }
}

impl Settings {
    /// How often `action` happens, compared with the others.
    pub fn weight(&self, action: Action) -> u32 {
        let usual = match action {
            Action::Create => 4,
            Action::Start | Action::Stop => 10,
            Action::Kill | Action::Restart => 6,
            Action::Remove | Action::RefuseNextChange | Action::NewProcess | Action::ChangeAddress => 3,
            Action::PowerOff => 5,
            Action::Pause => 4,
            Action::DeleteInstance | Action::ProviderDown => 2,
            Action::ProviderUp => 12,
        };
        self.weights.get(&action).copied().unwrap_or(usual)
    }
}
