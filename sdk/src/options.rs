//! Options: the values that a host hands to a driver, and the typed struct that a driver makes of them.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, ErrorKind, Result},
    flag::{Flag, FlagKind},
    secret::Secret,
};

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
    /// [`ErrorKind::InvalidOption`] naming the flag that is missing or malformed (FLAG-008, FLAG-009).
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

/// A type that a field of a [`DriverFlags`] struct may have.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the type of a driver option",
    note = "use String, PathBuf, bool, an integer, Vec<String>, Option<T> or Secret<T>"
)]
pub trait OptionField: Sized {
    /// Whether values must not be shown.
    const SECRET: bool = false;

    /// Type and default of the flag. `default` is the text of the attribute.
    fn kind(default: Option<&str>) -> FlagKind;

    /// Reads one value: `Ok(None)` if it was not given and has no default. The empty text counts as not given,
    /// because hosts send it for an option without default.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`] naming `flag`.
    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>>;

    /// The value of an optional field that was not given.
    fn absent() -> Option<Self> {
        None
    }
}

fn wrong_type<T>(flag: &str, expected: &str, value: &OptionValue) -> Result<T> {
    Err(Error::new(
        ErrorKind::InvalidOption,
        format!("--{flag} must be a {expected}, but the host sent a {}", value.type_name()),
    ))
}

impl OptionField for String {
    fn kind(default: Option<&str>) -> FlagKind {
        FlagKind::String { default: default.unwrap_or_default().to_owned() }
    }

    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>> {
        match value {
            None | Some(OptionValue::Nil) => Ok(None),
            Some(OptionValue::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(other) => wrong_type(flag, "string", other),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

impl OptionField for PathBuf {
    fn kind(default: Option<&str>) -> FlagKind {
        String::kind(default)
    }

    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>> {
        Ok(String::from_value(flag, value)?.map(Self::from))
    }
}

impl OptionField for bool {
    fn kind(_default: Option<&str>) -> FlagKind {
        FlagKind::Bool
    }

    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>> {
        match value {
            None | Some(OptionValue::Nil) => Ok(None),
            Some(OptionValue::Bool(on)) => Ok(Some(*on)),
            Some(other) => wrong_type(flag, "bool", other),
        }
    }

    fn absent() -> Option<Self> {
        Some(false)
    }
}

impl OptionField for Vec<String> {
    fn kind(default: Option<&str>) -> FlagKind {
        let default = default.map(|text| text.split(',').map(|item| item.trim().to_owned()).collect());
        FlagKind::StringList { default: default.unwrap_or_default() }
    }

    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>> {
        match value {
            None | Some(OptionValue::Nil) => Ok(None),
            Some(OptionValue::List(list)) => Ok(Some(list.clone()).filter(|list| !list.is_empty())),
            Some(other) => wrong_type(flag, "list of strings", other),
        }
    }

    fn absent() -> Option<Self> {
        Some(Self::new())
    }
}

macro_rules! integer_fields {
    ($($integer:ty),*) => {$(
        impl OptionField for $integer {
            fn kind(default: Option<&str>) -> FlagKind {
                FlagKind::Int { default: default.and_then(|text| text.parse().ok()).unwrap_or_default() }
            }

            fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>> {
                match value {
                    None | Some(OptionValue::Nil) => Ok(None),
                    Some(OptionValue::Int(number)) => Self::try_from(*number).map(Some).map_err(|_| {
                        Error::new(
                            ErrorKind::InvalidOption,
                            format!("--{flag} must be between {} and {}, but is {number}", Self::MIN, Self::MAX),
                        )
                    }),
                    Some(other) => wrong_type(flag, "number", other),
                }
            }

            fn absent() -> Option<Self> {
                Some(0)
            }
        }
    )*};
}

integer_fields!(i64, u16, u32, u64);

impl<T: OptionField> OptionField for Option<T> {
    const SECRET: bool = T::SECRET;

    fn kind(default: Option<&str>) -> FlagKind {
        T::kind(default)
    }

    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>> {
        Ok(T::from_value(flag, value)?.map(Some))
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: OptionField> OptionField for Secret<T> {
    const SECRET: bool = true;

    fn kind(default: Option<&str>) -> FlagKind {
        T::kind(default)
    }

    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>> {
        Ok(T::from_value(flag, value)?.map(Self::new))
    }

    fn absent() -> Option<Self> {
        T::absent().map(Self::new)
    }
}

/// Declares one flag; called by the code that `#[derive(DriverFlags)]` makes.
pub fn declare<T: OptionField>(name: &str, usage: &str, env_var: &str, default: Option<&str>) -> Flag {
    Flag {
        name: name.to_owned(),
        usage: usage.to_owned(),
        env_var: env_var.to_owned(),
        kind: T::kind(default),
    }
}

/// Reads one field; called by the code that `#[derive(DriverFlags)]` makes.
///
/// A missing key counts as its default, because some hosts leave defaults out (FLAG-007).
///
/// # Errors
/// [`ErrorKind::InvalidOption`] naming the flag that is missing or malformed.
pub fn read<T: OptionField>(
    options: &DriverOptions,
    name: &str,
    default: Option<&str>,
    required: bool,
) -> Result<T> {
    let given = T::from_value(name, options.value(name))?;
    let value = match given {
        Some(value) => Some(value),
        None => match default {
            Some(default) => T::from_value(name, Some(&default_value(&T::kind(Some(default)))))?,
            None => None,
        },
    };
    if let Some(value) = value {
        return Ok(value);
    }
    if !required && let Some(absent) = T::absent() {
        return Ok(absent);
    }
    Err(Error::new(ErrorKind::InvalidOption, format!("--{name} is required, but was not given")))
}

fn default_value(kind: &FlagKind) -> OptionValue {
    match kind {
        FlagKind::String { default } => OptionValue::String(default.clone()),
        FlagKind::StringList { default } => OptionValue::List(default.clone()),
        FlagKind::Int { default } => OptionValue::Int(*default),
        FlagKind::Bool => OptionValue::Bool(false),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use super::*;

    #[test]
    fn missing_keys_are_their_defaults_and_required_ones_are_named() {
        let options = DriverOptions::new();
        assert_eq!(read::<String>(&options, "acme-region", Some("eu-1"), false).unwrap(), "eu-1");
        assert_eq!(read::<u16>(&options, "acme-port", Some("22"), false).unwrap(), 22);
        assert_eq!(read::<Option<String>>(&options, "acme-zone", None, false).unwrap(), None);
        let error = read::<Secret<String>>(&options, "acme-token", None, true).unwrap_err();
        assert_eq!(error.to_string(), "--acme-token is required, but was not given");
    }

    #[test]
    fn malformed_values_name_the_flag_and_what_was_expected() {
        let options: DriverOptions =
            [("acme-port", OptionValue::Int(70_000)), ("acme-region", OptionValue::Bool(true))]
                .into_iter()
                .collect();
        let error = read::<u16>(&options, "acme-port", None, false).unwrap_err();
        assert_eq!(error.to_string(), "--acme-port must be between 0 and 65535, but is 70000");
        let error = read::<String>(&options, "acme-region", None, false).unwrap_err();
        assert_eq!(error.to_string(), "--acme-region must be a string, but the host sent a bool");
    }
}
