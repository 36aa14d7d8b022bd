//! What happens in a walk, as data: the same story can be generated, shortened, kept in a file and carried out again.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::need_of;
use crate::check::Need;

/// Schema of a story's JSON.
pub const SCHEMA: &str = "machine-conformance/story/v1";

/// Most machines of a story.
pub(super) const MOST_MACHINES: usize = 3;
/// Most rounds of a story.
pub(super) const MOST_ROUNDS: usize = 200;

/// A story: what is done to one or more machines, in which order, and what happens at the same time.
///
/// ```
/// # use machine_conformance::model::Story;
/// let story = Story::from_json(r#"{
///     "schema": "machine-conformance/story/v1",
///     "why": "A machine that was switched off at the provider can be started",
///     "rounds": [[{"do": "create"}], [{"do": "power-off"}], [{"do": "start"}]]
/// }"#)?;
/// assert_eq!(story.to_string(), "Create, power off at the provider, Start");
/// # Ok::<(), machine_conformance::model::StoryError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Story {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Why somebody keeps it; empty for one that was made up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Number of machines, from 1 to 3; all of them belong to one driver and one account.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub machines: usize,
    /// Whether each operation has a process of its own.
    #[serde(default)]
    pub processes: Processes,
    /// What happens, in order. The moves of a round happen at the same time, each to another machine.
    pub rounds: Vec<Vec<Move>>,
}

/// Whose processes carry a story out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Processes {
    /// A fresh process with the saved record for every operation, as docker-machine and rancher-machine have it.
    #[default]
    Fresh,
    /// One process for all operations of a machine until one fails, as programs have it that use libmachine.
    Kept,
}

/// One thing that happens to one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Move {
    /// Number of the machine, from 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub machine: usize,
    /// What happens.
    #[serde(rename = "do")]
    pub action: Action,
    /// Whether the getters are asked in the same process again and again while the operation runs.
    #[serde(default, skip_serializing_if = "is_false")]
    pub getters: bool,
}

/// What can happen: operations of the driver, and events outside of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// `Create`; after `Remove` a new machine of the same name.
    Create,
    /// `Start`.
    Start,
    /// `Stop`.
    Stop,
    /// `Kill`.
    Kill,
    /// `Restart`.
    Restart,
    /// `Remove`.
    Remove,
    /// The instance is powered off at the provider.
    PowerOff,
    /// The instance is deleted at the provider.
    DeleteInstance,
    /// The instance gets another address.
    ChangeAddress,
    /// The instance is paused at the provider.
    Pause,
    /// The provider refuses the next change that anybody asks for, once.
    RefuseNextChange,
    /// The provider answers every call with an error.
    ProviderDown,
    /// The provider answers again.
    ProviderUp,
    /// The process ends, and another one gets its record.
    NewProcess,
}

impl Action {
    /// All of them, in the order in which they are declared.
    pub const ALL: [Self; 14] = [
        Self::Create,
        Self::Start,
        Self::Stop,
        Self::Kill,
        Self::Restart,
        Self::Remove,
        Self::PowerOff,
        Self::DeleteInstance,
        Self::ChangeAddress,
        Self::Pause,
        Self::RefuseNextChange,
        Self::ProviderDown,
        Self::ProviderUp,
        Self::NewProcess,
    ];

    /// Word in JSON and in the profile.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Kill => "kill",
            Self::Restart => "restart",
            Self::Remove => "remove",
            Self::PowerOff => "power-off",
            Self::DeleteInstance => "delete-instance",
            Self::ChangeAddress => "change-address",
            Self::Pause => "pause",
            Self::RefuseNextChange => "refuse-next-change",
            Self::ProviderDown => "provider-down",
            Self::ProviderUp => "provider-up",
            Self::NewProcess => "new-process",
        }
    }

    /// Words in a told story.
    pub fn told(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::Start => "Start",
            Self::Stop => "Stop",
            Self::Kill => "Kill",
            Self::Restart => "Restart",
            Self::Remove => "Remove",
            Self::PowerOff => "power off at the provider",
            Self::DeleteInstance => "delete the instance at the provider",
            Self::ChangeAddress => "another address",
            Self::Pause => "pause at the provider",
            Self::RefuseNextChange => "the provider refuses the next change",
            Self::ProviderDown => "the provider is down",
            Self::ProviderUp => "the provider is up again",
            Self::NewProcess => "a new process",
        }
    }

    /// Whether it is a method of the driver.
    pub fn is_operation(self) -> bool {
        matches!(self, Self::Create | Self::Start | Self::Stop | Self::Kill | Self::Restart | Self::Remove)
    }

    /// Whether it is about the provider as a whole, not about one machine.
    pub(super) fn is_about_the_provider(self) -> bool {
        matches!(self, Self::RefuseNextChange | Self::ProviderDown | Self::ProviderUp)
    }
}

impl Move {
    /// Something that happens to one machine, without getters beside it.
    pub fn new(machine: usize, action: Action) -> Self {
        Self { machine, action, getters: false }
    }
}

impl Story {
    /// A story of one machine, with one move in each round.
    pub fn of(processes: Processes, actions: &[Action]) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            why: String::new(),
            machines: 1,
            processes,
            rounds: actions.iter().map(|action| vec![Move::new(1, *action)]).collect(),
        }
    }

    /// Number of moves.
    pub fn steps(&self) -> usize {
        self.rounds.iter().map(Vec::len).sum()
    }

    /// Reads a story.
    ///
    /// # Errors
    /// [`StoryError`] if it is not JSON of this schema, or tells something that cannot happen.
    pub fn from_json(text: &str) -> Result<Self, StoryError> {
        #[derive(Deserialize)]
        struct Head {
            schema: String,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.schema != SCHEMA {
            return Err(StoryError::Schema(head.schema));
        }
        let story: Self = serde_json::from_str(text)?;
        story.check()?;
        Ok(story)
    }

    /// The story as JSON, one round a line.
    pub fn to_json(&self) -> String {
        let mut head = self.clone();
        let rounds = std::mem::take(&mut head.rounds);
        let line = |round: &Vec<Move>| format!("    {}", serde_json::to_string(round).unwrap_or_default());
        let lines: Vec<String> = rounds.iter().map(line).collect();
        let mut text = serde_json::to_string_pretty(&head).unwrap_or_default();
        if let Some(end) = text.rfind("[]") {
            text.replace_range(end.., &format!("[\n{}\n  ]\n}}\n", lines.join(",\n")));
        }
        text
    }

    fn check(&self) -> Result<(), StoryError> {
        let wrong = |what: String| Err(StoryError::Impossible(what));
        if !(1..=MOST_MACHINES).contains(&self.machines) {
            return wrong(format!(
                "it has {} machines, but 1 to {MOST_MACHINES} are possible",
                self.machines
            ));
        }
        if self.rounds.is_empty() || self.rounds.len() > MOST_ROUNDS {
            return wrong(format!(
                "it has {} rounds, but 1 to {MOST_ROUNDS} are possible",
                self.rounds.len()
            ));
        }
        for (index, round) in self.rounds.iter().enumerate() {
            let number = index + 1;
            if round.is_empty() {
                return wrong(format!("nothing happens in round {number}"));
            }
            let mut machines: Vec<usize> = round.iter().map(|step| step.machine).collect();
            machines.sort_unstable();
            machines.dedup();
            if machines.len() < round.len() {
                return wrong(format!("two things happen to one machine in round {number}"));
            }
            if let Some(machine) = machines.iter().find(|machine| !(1..=self.machines).contains(*machine)) {
                return wrong(format!(
                    "round {number} is about machine {machine}, but the machines are 1 to {}",
                    self.machines
                ));
            }
            let whole = round.iter().any(|step| step.action.is_about_the_provider());
            if whole && round.len() > 1 {
                return wrong(format!(
                    "round {number} is about the provider as a whole, so nothing else can happen in it"
                ));
            }
            if let Some(step) = round.iter().find(|step| step.getters && !step.action.is_operation()) {
                return wrong(format!(
                    "round {number}: getters can be asked beside an operation, but \"{}\" is none",
                    step.action.word()
                ));
            }
        }
        Ok(())
    }

    /// What the run must offer.
    pub(super) fn needs(&self) -> Vec<Need> {
        let mut needs: Vec<Need> =
            self.rounds.iter().flatten().filter_map(|step| need_of(step.action)).collect();
        if self.machines > 1 {
            needs.push(Need::Parallel);
        }
        needs.sort_unstable();
        needs.dedup();
        needs
    }

    /// A move as it is told: with the machine's number if there are several.
    pub(super) fn told(&self, step: &Move) -> String {
        let beside = if step.getters { " beside all getters" } else { "" };
        let told = step.action.told();
        if self.machines == 1 || step.action.is_about_the_provider() {
            format!("{told}{beside}")
        } else {
            format!("machine {}: {told}{beside}", step.machine)
        }
    }
}

/// On one line, for example `Create, Stop, Start (one process)`.
impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let round = |round: &Vec<Move>| {
            let moves: Vec<String> = round.iter().map(|step| self.told(step)).collect();
            moves.join(" + ")
        };
        let rounds: Vec<String> = self.rounds.iter().map(round).collect();
        f.write_str(&rounds.join(", "))?;
        match self.processes {
            Processes::Fresh => Ok(()),
            Processes::Kept => f.write_str(" (one process)"),
        }
    }
}

fn one() -> usize {
    1
}

fn is_one(number: &usize) -> bool {
    *number == 1
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Why a text is no story.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoryError {
    /// Not JSON, or not of the expected shape.
    #[error("not a story: {0}")]
    Shape(#[from] serde_json::Error),
    /// Another schema.
    #[error("the story has the schema \"{0}\"; this version reads \"{SCHEMA}\"")]
    Schema(String),
    /// It tells something that cannot happen.
    #[error("the story cannot happen: {0}")]
    Impossible(String),
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn stories_survive_their_json() {
        let mut story = Story::of(Processes::Kept, &Action::ALL);
        story.why = "All \"words\"".to_owned();
        story.machines = 2;
        story.rounds[1] =
            vec![Move { getters: true, ..Move::new(2, Action::Stop) }, Move::new(1, Action::Start)];
        let text = story.to_json();
        assert_eq!(Story::from_json(&text).unwrap(), story, "{text}");
        assert_eq!(text.lines().count(), 8 + story.rounds.len(), "{text}");
        for action in Action::ALL {
            assert!(text.contains(&format!("\"{}\"", action.word())), "{action:?}");
        }
    }

    #[test]
    fn what_cannot_happen_is_refused_with_the_reason() {
        let with = |rounds: &str| format!(r#"{{"schema": "{SCHEMA}", "machines": 2, "rounds": {rounds}}}"#);
        for (rounds, reason) in [
            ("[]", "it has 0 rounds"),
            ("[[]]", "nothing happens in round 1"),
            (r#"[[{"do": "stop"}, {"do": "start"}]]"#, "two things happen to one machine"),
            (r#"[[{"machine": 3, "do": "stop"}]]"#, "about machine 3"),
            (r#"[[{"do": "provider-down"}, {"machine": 2, "do": "stop"}]]"#, "as a whole"),
            (r#"[[{"do": "pause", "getters": true}]]"#, "\"pause\" is none"),
            (r#"[[{"do": "explode"}]]"#, "unknown variant `explode`"),
        ] {
            let error = Story::from_json(&with(rounds)).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let other = Story::from_json(r#"{"schema": "x", "rounds": []}"#).unwrap_err();
        assert!(matches!(other, StoryError::Schema(schema) if schema == "x"));
    }
}
