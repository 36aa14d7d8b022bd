//! Syntax tree of the shell language.

use std::sync::Arc;

/// A list of statements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Script(pub(crate) Vec<Statement>);

/// Pipelines joined by `&&` and `||`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) chain: Vec<(Connector, Pipeline)>,
    pub(crate) background: bool,
}

/// When a pipeline of a statement runs, depending on the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connector {
    Always,
    And,
    Or,
}

/// Commands joined by `|`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pipeline {
    pub(crate) negated: bool,
    pub(crate) commands: Vec<Command>,
}

/// A command with its redirections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) kind: CommandKind,
    pub(crate) redirects: Vec<Redirect>,
}

/// What a command does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CommandKind {
    Simple { assignments: Vec<(String, Word)>, words: Vec<Word> },
    Group(Script),
    Subshell(Script),
    If { branches: Vec<(Script, Script)>, otherwise: Option<Script> },
    Loop { until: bool, condition: Script, body: Script },
    For { variable: String, words: Option<Vec<Word>>, body: Script },
    Case { subject: Word, arms: Vec<(Vec<Word>, Script)> },
    Function { name: String, body: Arc<Command> },
}

/// A redirection of one descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Redirect {
    pub(crate) descriptor: u8,
    pub(crate) kind: RedirectKind,
}

/// Where a descriptor goes to or comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RedirectKind {
    Read(Word),
    Write {
        target: Word,
        append: bool,
    },
    Duplicate(Word),
    /// A here-document: its text.
    Here(Word),
}

/// A word: parts that are expanded and joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) Vec<Part>);

/// Part of a word. Unquoted results are split into fields and matched against file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text { text: String, quoted: bool },
    Parameter { name: String, modifier: Option<(Modifier, Word)>, quoted: bool },
    Substitution { script: Script, quoted: bool },
    Arithmetic { expression: Word, quoted: bool },
}

/// What `${name...}` does with the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Modifier {
    /// `${#name}`
    Length,
    /// `${name-word}`; with `colon` also for an empty value.
    Default { colon: bool },
    /// `${name=word}`
    Assign { colon: bool },
    /// `${name+word}`
    Alternative { colon: bool },
    /// `${name?word}`
    Require { colon: bool },
    /// `${name#word}` and `${name##word}`
    RemovePrefix { longest: bool },
    /// `${name%word}` and `${name%%word}`
    RemoveSuffix { longest: bool },
}

impl Word {
    /// The text of a word without quotes or expansions, as reserved words must be.
    pub(crate) fn bare(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Text { text, quoted: false }] => Some(text),
            _ => None,
        }
    }
}
