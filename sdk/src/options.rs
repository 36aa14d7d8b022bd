//! Options: the values that a host hands to a driver, and the typed struct that a driver makes of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    error::Result,
    flag::{Flag, FlagKind},
};

mod field;
mod read;

pub use field::OptionField;
pub use read::{Rule, check_need, declare, read, read_file};

/// A value of an option, with the types that cross the plugin protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has exactly these")]
pub enum OptionValue {
    /// A switch.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A text.
    String(String),
    /// A list of texts.
    List(Vec<String>),
    /// A nil interface.
    Nil,
}

impl OptionValue {
    fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::String(_) => "string",
            Self::List(_) => "[]string",
            Self::Nil => "nil",
        }
    }
}

/// All options of a `create`, by flag name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriverOptions(BTreeMap<String, OptionValue>);

impl DriverOptions {
    /// No options.
    pub fn new() -> Self {
        Self::default()
    }

    /// The defaults of `flags`, as hosts send them: a list flag only if its default is not empty.
    pub fn defaults(flags: &[Flag]) -> Self {
        let mut options = Self::new();
        for flag in flags {
            let value = match &flag.kind {
                FlagKind::String { default } => OptionValue::String(default.clone()),
                FlagKind::Int { default } => OptionValue::Int(*default),
                FlagKind::Bool => OptionValue::Bool(false),
                FlagKind::StringList { default } => OptionValue::List(default.clone()),
            };
            options.insert(&flag.name, value);
        }
        options
    }

    /// Sets one option.
    pub fn insert(&mut self, name: impl Into<String>, value: OptionValue) {
        self.0.insert(name.into(), value);
    }

    /// Removes one option.
    pub fn remove(&mut self, name: &str) -> Option<OptionValue> {
        self.0.remove(name)
    }

    /// The value of an option, if it was sent.
    pub fn value(&self, name: &str) -> Option<&OptionValue> {
        self.0.get(name)
    }

    /// A text; empty if it was not sent or has another type (FLAG-007).
    pub fn string(&self, name: &str) -> &str {
        match self.value(name) {
            Some(OptionValue::String(text)) => text,
            _ => "",
        }
    }

    /// A switch; `false` if it was not sent or has another type.
    pub fn bool(&self, name: &str) -> bool {
        matches!(self.value(name), Some(OptionValue::Bool(true)))
    }

    /// A number; 0 if it was not sent or has another type.
    pub fn int(&self, name: &str) -> i64 {
        match self.value(name) {
            Some(OptionValue::Int(number)) => *number,
            _ => 0,
        }
    }

    /// A list; empty if it was not sent or has another type.
    pub fn list(&self, name: &str) -> &[String] {
        match self.value(name) {
            Some(OptionValue::List(list)) => list,
            _ => &[],
        }
    }

    /// All options in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OptionValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Number of options.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>> FromIterator<(N, OptionValue)> for DriverOptions {
    fn from_iter<I: IntoIterator<Item = (N, OptionValue)>>(options: I) -> Self {
        Self(options.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

/// A driver's options as one typed struct; usually derived with `#[derive(DriverFlags)]`.
pub trait DriverFlags: Sized {
    /// The flags, in the order of the fields. Pure: no network, no files (FLAG-004).
    fn flags() -> Vec<Flag>;

    /// Reads the options.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) naming the flag that is missing or malformed (FLAG-008, FLAG-009).
    fn from_options(options: &DriverOptions) -> Result<Self>;
}

/// Untyped options, for drivers that declare their flags by hand.
impl DriverFlags for DriverOptions {
    fn flags() -> Vec<Flag> {
        Vec::new()
    }

    fn from_options(options: &DriverOptions) -> Result<Self> {
        Ok(options.clone())
    }
}
