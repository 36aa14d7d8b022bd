//! The types that a field of an options struct may have.

use std::{fmt, path::PathBuf};

use super::OptionValue;
use crate::{
    error::{Error, Result},
    flag::FlagKind,
    secret::Secret,
};

/// A type that a field of a [`DriverFlags`](super::DriverFlags) struct may have.
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
    /// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) naming `flag`.
    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>>;

    /// The value of an optional field that was not given.
    fn absent() -> Option<Self> {
        None
    }

    /// Whether the value says something: a switch that is on, a number that is not 0, a text or list that is not empty.
    fn is_given(&self) -> bool;
}

pub(super) fn out_of_range(flag: &str, least: impl fmt::Display, most: impl fmt::Display, got: i64) -> Error {
    Error::invalid_option(flag, format!("must be between {least} and {most}, but is {got}"))
}

fn wrong_type<T>(flag: &str, expected: &str, value: &OptionValue) -> Result<T> {
    let got = value.type_name();
    Err(Error::invalid_option(flag, format!("must be a {expected}, but the host sent a {got}")))
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

    fn is_given(&self) -> bool {
        !self.is_empty()
    }
}

impl OptionField for PathBuf {
    fn kind(default: Option<&str>) -> FlagKind {
        String::kind(default)
    }

    fn from_value(flag: &str, value: Option<&OptionValue>) -> Result<Option<Self>> {
        Ok(String::from_value(flag, value)?.map(Self::from))
    }

    fn is_given(&self) -> bool {
        !self.as_os_str().is_empty()
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

    fn is_given(&self) -> bool {
        *self
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

    fn is_given(&self) -> bool {
        !self.is_empty()
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
                    Some(OptionValue::Int(number)) => {
                        Self::try_from(*number).map(Some).map_err(|_| out_of_range(flag, Self::MIN, Self::MAX, *number))
                    }
                    Some(other) => wrong_type(flag, "number", other),
                }
            }

            fn absent() -> Option<Self> {
                Some(0)
            }

            fn is_given(&self) -> bool {
                *self != 0
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

    fn is_given(&self) -> bool {
        self.as_ref().is_some_and(T::is_given)
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

    fn is_given(&self) -> bool {
        self.expose().is_given()
    }
}
