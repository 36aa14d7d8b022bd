//! What the code that `#[derive(DriverFlags)]` makes calls, and files that options name.

use std::path::Path;

use tokio::io::AsyncReadExt;

use super::{
    DriverOptions, OptionValue,
    field::{OptionField, out_of_range},
};
use crate::{
    error::{Error, Result},
    flag::{Flag, FlagKind},
};

/// Declares one flag; called by the code that `#[derive(DriverFlags)]` makes.
pub fn declare<T: OptionField>(name: &str, usage: &str, env_var: &str, default: Option<&str>) -> Flag {
    Flag {
        name: name.to_owned(),
        usage: usage.to_owned(),
        env_var: env_var.to_owned(),
        kind: T::kind(default),
    }
}

/// Which values a flag takes, beside those of its type.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_enums, reason = "made by the code that the derive makes")]
pub enum Rule {
    /// All.
    Any,
    /// One of these texts; each item of a list is one.
    Values(&'static [&'static str]),
    /// A number from the first to the second.
    Range(i64, i64),
}

impl Rule {
    fn check<T: OptionField>(self, flag: &str, value: Option<&OptionValue>) -> Result<()> {
        match (self, value) {
            (Self::Values(known), Some(OptionValue::String(text))) => {
                one_of::<T>(flag, known, Some(text).filter(|text| !text.is_empty()))
            }
            (Self::Values(known), Some(OptionValue::List(items))) => one_of::<T>(flag, known, items),
            (Self::Range(least, most), Some(OptionValue::Int(number)))
                if !(least..=most).contains(number) =>
            {
                Err(out_of_range(flag, least, most, *number))
            }
            _ => Ok(()),
        }
    }
}

fn one_of<'t, T: OptionField>(
    flag: &str,
    known: &[&str],
    texts: impl IntoIterator<Item = &'t String>,
) -> Result<()> {
    let Some(unknown) = texts.into_iter().find(|text| !known.contains(&text.as_str())) else { return Ok(()) };
    let known = known.join(", ");
    let got = if T::SECRET { String::new() } else { format!(", but is {unknown:?}") };
    Err(Error::invalid_option(flag, format!("must be one of {known}{got}")))
}

/// Reads one field; called by the code that `#[derive(DriverFlags)]` makes.
///
/// A missing key counts as its default, because some hosts leave defaults out (FLAG-007).
///
/// # Errors
/// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) naming the flag that is missing or malformed.
pub fn read<T: OptionField>(
    options: &DriverOptions,
    name: &str,
    default: Option<&str>,
    required: bool,
    rule: Rule,
) -> Result<T> {
    let sent = options.value(name);
    let given = T::from_value(name, sent)?;
    rule.check::<T>(name, sent)?;
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
    Err(Error::invalid_option(name, "is required, but was not given"))
}

/// Refuses a field that was given without the one that it needs; called by the code that `#[derive(DriverFlags)]` makes.
///
/// # Errors
/// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) naming both flags.
pub fn check_need<T: OptionField, N: OptionField>(
    (flag, value): (&str, &T),
    (needed, other): (&str, &N),
) -> Result<()> {
    if value.is_given() && !other.is_given() {
        return Err(Error::invalid_option(flag, format!("needs --{needed}")));
    }
    Ok(())
}

/// Reads a file that an option names, each time that it is needed: what is in it, such as user data, may hold secrets
/// and belongs in no record (SEC-010).
///
/// `limit` in bytes is the provider's.
///
/// # Errors
/// [`ErrorKind::InvalidOption`](crate::ErrorKind::InvalidOption) naming the flag and the file if it cannot be read, or is longer.
pub async fn read_file(flag: &str, path: &Path, limit: u64) -> Result<Vec<u8>> {
    let refused = |problem: &str| Error::invalid_option(flag, format!("{} {problem}", path.display()));
    let file = tokio::fs::File::open(path).await;
    let file = file.map_err(|error| refused("cannot be opened").with_source(&error))?;
    let mut bytes = Vec::new();
    let read = file.take(limit + 1).read_to_end(&mut bytes).await;
    if read.map_err(|error| refused("cannot be read").with_source(&error))? as u64 > limit {
        return Err(refused(&format!("is longer than the provider's limit of {limit} bytes")));
    }
    Ok(bytes)
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
    use crate::secret::Secret;

    #[test]
    fn missing_keys_are_their_defaults_and_required_ones_are_named() {
        let options = DriverOptions::new();
        assert_eq!(read::<String>(&options, "acme-region", Some("eu-1"), false, Rule::Any).unwrap(), "eu-1");
        assert_eq!(read::<u16>(&options, "acme-port", Some("22"), false, Rule::Any).unwrap(), 22);
        assert_eq!(read::<Option<String>>(&options, "acme-zone", None, false, Rule::Any).unwrap(), None);
        let error = read::<Secret<String>>(&options, "acme-token", None, true, Rule::Any).unwrap_err();
        assert_eq!(error.to_string(), "--acme-token is required, but was not given");
    }

    #[test]
    fn malformed_values_name_the_flag_and_what_was_expected() {
        let options: DriverOptions =
            [("acme-port", OptionValue::Int(70_000)), ("acme-region", OptionValue::Bool(true))]
                .into_iter()
                .collect();
        let error = read::<u16>(&options, "acme-port", None, false, Rule::Any).unwrap_err();
        assert_eq!(error.to_string(), "--acme-port must be between 0 and 65535, but is 70000");
        let error = read::<String>(&options, "acme-region", None, false, Rule::Any).unwrap_err();
        assert_eq!(error.to_string(), "--acme-region must be a string, but the host sent a bool");
    }

    #[test]
    fn values_and_ranges_are_kept() {
        let read_text = |text: &str| {
            let options = [("acme-ui", OptionValue::String(text.into()))].into_iter().collect();
            read::<String>(&options, "acme-ui", Some("none"), false, Rule::Values(&["none", "web"]))
        };
        assert_eq!((read_text("web"), read_text("")), (Ok("web".into()), Ok("none".into())));
        let error = read_text("x").unwrap_err().to_string();
        assert_eq!(error, "--acme-ui must be one of none, web, but is \"x\"");
        let options: DriverOptions = [
            ("acme-list", OptionValue::List(vec!["a".into(), "c".into()])),
            ("acme-pin", OptionValue::String("1234".into())),
            ("acme-size", OptionValue::Int(101)),
        ]
        .into_iter()
        .collect();
        let rule = Rule::Values(&["a", "b"]);
        let error = read::<Vec<String>>(&options, "acme-list", None, false, rule).unwrap_err().to_string();
        assert_eq!(error, "--acme-list must be one of a, b, but is \"c\"");
        let error = read::<Secret<String>>(&options, "acme-pin", None, false, rule).unwrap_err().to_string();
        assert_eq!(error, "--acme-pin must be one of a, b");
        let error = read::<u32>(&options, "acme-size", None, false, Rule::Range(1, 100)).unwrap_err();
        assert_eq!(error.to_string(), "--acme-size must be between 1 and 100, but is 101");
        assert_eq!(read::<u32>(&options, "acme-size", None, false, Rule::Range(1, 101)).unwrap(), 101);
    }

    #[test]
    fn a_flag_without_the_one_that_it_needs_names_both() {
        let (none, key) = (None::<String>, Some("k".to_owned()));
        assert_eq!(check_need(("acme-pair", &none), ("acme-key", &none)), Ok(()));
        assert_eq!(check_need(("acme-pair", &7_u16), ("acme-key", &key)), Ok(()));
        assert_eq!(check_need(("acme-pair", &false), ("acme-key", &Secret::new(String::new()))), Ok(()));
        let error = check_need(("acme-pair", &vec!["x".to_owned()]), ("acme-key", &none)).unwrap_err();
        assert_eq!(error.to_string(), "--acme-pair needs --acme-key");
    }

    #[tokio::test]
    async fn files_are_whole_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("user-data");
        std::fs::write(&file, "12345").unwrap();
        assert_eq!(read_file("acme-data", &file, 5).await.unwrap(), b"12345");
        let long = read_file("acme-data", &file, 4).await.unwrap_err().to_string();
        assert!(
            long.starts_with("--acme-data ")
                && long.ends_with("user-data is longer than the provider's limit of 4 bytes"),
            "{long}"
        );
        let missing = read_file("acme-data", &folder.path().join("none"), 4).await.unwrap_err().to_string();
        assert!(missing.contains("none cannot be opened: No such file"), "{missing}");
    }
}
