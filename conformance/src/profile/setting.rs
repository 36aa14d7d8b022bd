//! Values that a profile gives to the driver's flags and environment.

use std::{fmt, ops::Range};

use crate::facts::GivenValue;

/// A value for a flag or an environment variable.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "front ends must decide what each kind means to them")]
pub enum Setting {
    /// A text; on the command line everything is a text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A switch.
    Switch(bool),
    /// A list of texts.
    List(Vec<String>),
    /// Something that only the running provider knows, for example its `endpoint`.
    Provider(String),
}

impl From<Setting> for GivenValue {
    fn from(setting: Setting) -> Self {
        match setting {
            Setting::Text(text) => Self::Text(text),
            Setting::Integer(number) => Self::Number(number),
            Setting::Switch(on) => Self::Switch(on),
            Setting::List(texts) => Self::List(texts),
            Setting::Provider(name) => Self::Provider(name),
        }
    }
}

/// Shows the kind only: the value may be a secret.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(_) => f.write_str("(a text)"),
            Self::Integer(_) => f.write_str("(a whole number)"),
            Self::Switch(_) => f.write_str("(true or false)"),
            Self::List(_) => f.write_str("(a list of texts)"),
            Self::Provider(name) => f.debug_tuple("Provider").field(name).finish(),
        }
    }
}

/// A value as written in the profile; [`Profile::resolve`](super::Profile::resolve) makes a [`Setting`] of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ProfileSetting {
    pub(super) source: SettingSource,
    pub(super) key: Range<usize>,
    pub(super) value: Range<usize>,
    pub(super) secret: bool,
}

impl ProfileSetting {
    /// The value, if it stands in the profile.
    pub fn given(&self) -> Option<GivenValue> {
        match &self.source {
            SettingSource::Given(setting) => Some(setting.clone().into()),
            SettingSource::Variable(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) enum SettingSource {
    Given(Setting),
    /// From an environment variable of the suite.
    Variable(String),
}
