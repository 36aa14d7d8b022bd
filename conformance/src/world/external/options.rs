//! What the profile says about the commands of an external world.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

/// What a command of the author does. The words are the keys of `[provider.external]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Act {
    /// Lists the provider's objects.
    Inventory,
    /// Lists the requests that the provider got.
    RequestLog,
    /// Deletes everything that belongs to the machines named by its arguments.
    Sweep,
    /// Deletes the instance of the machine named by its argument, and nothing else.
    Delete,
    /// Powers the instance of the machine off.
    PowerOff,
    /// Gives the instance of the machine another address, and prints it.
    Readdress,
    /// Stops the guest of the machine from answering anything.
    Freeze,
    /// Pauses the instance of the machine.
    Pause,
    /// Saves the instance of the machine to disk.
    Save,
}

impl Act {
    /// Every act with its key.
    pub const WORDS: [(&'static str, Self); 9] = [
        ("inventory", Self::Inventory),
        ("request-log", Self::RequestLog),
        ("sweep", Self::Sweep),
        ("delete", Self::Delete),
        ("power-off", Self::PowerOff),
        ("readdress", Self::Readdress),
        ("freeze", Self::Freeze),
        ("pause", Self::Pause),
        ("save", Self::Save),
    ];

    /// The key in the profile.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, act)| *act == self).map_or("", |(word, _)| word)
    }
}

/// `[provider.external]` of the profile.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExternalOptions {
    /// Folder in which commands run; paths to programs are relative to it.
    pub folder: PathBuf,
    /// Program and arguments of each command.
    pub commands: BTreeMap<Act, Vec<String>>,
    /// Whether the suite can log in to the guests.
    pub guests: bool,
    /// Whether somebody pays for the machines of the run.
    pub costs_money: bool,
    /// Most machines that a run may create, over all; a number for each selected check if the author gives none.
    pub machines: Option<u32>,
    /// How fast machines live there compared with a real provider (1.0).
    pub pace: f64,
    /// Longest time for one command.
    pub limit: Duration,
}

impl ExternalOptions {
    /// Longest time for a command when the profile does not say.
    pub const USUAL_LIMIT: Duration = Duration::from_secs(60);

    /// Options without commands, of a provider that costs money, for a profile in `folder`.
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            commands: BTreeMap::new(),
            guests: false,
            costs_money: true,
            machines: None,
            pace: 1.0,
            limit: Self::USUAL_LIMIT,
        }
    }

    /// Whether the profile has a command for `act`.
    pub fn has(&self, act: Act) -> bool {
        self.commands.contains_key(&act)
    }
}
