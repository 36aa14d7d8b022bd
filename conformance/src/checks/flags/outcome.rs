//! What a fresh driver makes of options, for comparing two outcomes.

use std::collections::{BTreeMap, BTreeSet};

use machine_driver::{BaseDriver, DriverOptions, Flag, FlagKind, OptionValue};

use crate::{
    check::Stop,
    checks::persistence::record::{Record, differences, stable_record},
    context::Context,
};

/// First configuration for several processes that must give the same record.
pub(super) async fn base_of(cx: &Context) -> Result<Vec<u8>, Stop> {
    let base = BaseDriver::new(cx.machine_name(), cx.store().await?.to_string_lossy());
    Ok(serde_json::to_vec(&base).unwrap_or_default())
}

/// What a fresh driver in `environment` makes of `options`: its record, or its error.
pub(super) async fn outcome(
    cx: &Context,
    base: &[u8],
    options: &DriverOptions,
    environment: &BTreeMap<String, String>,
) -> Result<Result<Record, String>, Stop> {
    let session = cx.process_in(environment.clone()).await?;
    session.set_config(base).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
    let outcome = match session.set_config_from_flags(options).await {
        Ok(()) => {
            Ok(stable_record(&session).await.map_err(|error| cx.prerequisite("GetConfigRaw", &error))?)
        }
        Err(error) => Err(error.to_string()),
    };
    session.close().await;
    Ok(outcome)
}

/// Keys of a record whose values the driver makes up anew each time, for example a random id.
pub(super) type MadeUp = BTreeSet<String>;

/// What the driver makes up in two records of the same options. Ends the check if it refuses the options of the run.
pub(super) async fn accepted(cx: &Context, base: &[u8], options: &DriverOptions) -> Result<MadeUp, Stop> {
    let plain = BTreeMap::new();
    let (first, second) =
        (outcome(cx, base, options, &plain).await?, outcome(cx, base, options, &plain).await?);
    match (first, second) {
        (Ok(first), Ok(second)) => Ok(first
            .iter()
            .filter(|(key, value)| second.get(*key) != Some(*value))
            .map(|(key, _)| key.clone())
            .collect()),
        (Err(error), _) | (_, Err(error)) => Err(Stop::Prerequisite(format!(
            "SetConfigFromFlags refuses the options of the run: {error} (give required flags with --flag NAME=VALUE)"
        ))),
    }
}

/// Expected and got, if two outcomes differ in more than what is made up.
pub(super) fn contrast(
    first: &Result<Record, String>,
    second: &Result<Record, String>,
    made_up: &MadeUp,
) -> Option<(String, String)> {
    let kept = |record: &Record| -> Record {
        let kept = record.iter().filter(|(key, _)| !made_up.contains(*key));
        kept.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    match (first, second) {
        (Ok(first), Ok(second)) => {
            let found = differences(&kept(first), &kept(second));
            (!found.is_empty()).then(|| ("the same record".to_owned(), found.join("; ")))
        }
        (Ok(_), Err(error)) => Some(("no error".to_owned(), format!("SetConfigFromFlags failed: {error}"))),
        (Err(error), Ok(_)) => {
            Some((format!("the error {error}"), "SetConfigFromFlags returned nil".to_owned()))
        }
        (Err(_), Err(_)) => None,
    }
}

/// Environment variables that a flag declares.
pub(super) fn variables_of(flag: &Flag) -> impl Iterator<Item = String> {
    flag.env_var
        .split(',')
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty() && !name.contains(['=', '\0']))
}

/// The variable that supplies a flag; lists have none that works (FLAG-006).
pub(super) fn variable_of(flag: &Flag) -> Option<String> {
    (!matches!(flag.kind, FlagKind::StringList { .. })).then(|| variables_of(flag).next()).flatten()
}

/// Environment variables that say what `options` say.
pub(super) fn environment(flags: &[&Flag], options: &DriverOptions) -> BTreeMap<String, String> {
    flags
        .iter()
        .filter_map(|flag| {
            let text = match options.value(&flag.name)? {
                OptionValue::String(text) => text.clone(),
                OptionValue::Int(number) => number.to_string(),
                OptionValue::Bool(on) => on.to_string(),
                OptionValue::List(_) | OptionValue::Nil => return None,
            };
            // A user who does not set an option does not set its variable to nothing either.
            (!text.is_empty()).then_some((variable_of(flag)?, text))
        })
        .collect()
}

/// What hosts send for a flag that the user does not give.
pub(super) fn default_of(flag: &Flag) -> OptionValue {
    match &flag.kind {
        FlagKind::String { default } => OptionValue::String(default.clone()),
        FlagKind::StringList { default } => OptionValue::List(default.clone()),
        FlagKind::Int { default } => OptionValue::Int(*default),
        FlagKind::Bool => OptionValue::Bool(false),
    }
}

/// The zero value of a flag's type.
pub(super) fn zero_of(flag: &Flag) -> OptionValue {
    match flag.kind {
        FlagKind::String { .. } => OptionValue::String(String::new()),
        FlagKind::StringList { .. } => OptionValue::List(Vec::new()),
        FlagKind::Int { .. } => OptionValue::Int(0),
        FlagKind::Bool => OptionValue::Bool(false),
    }
}

/// Whether an option says nothing.
pub(super) fn is_zero(value: &OptionValue) -> bool {
    match value {
        OptionValue::String(text) => text.is_empty(),
        OptionValue::Int(number) => *number == 0,
        OptionValue::Bool(on) => !on,
        OptionValue::List(list) => list.is_empty(),
        OptionValue::Nil => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_say_what_options_say() {
        let flags = [
            Flag::string("s").env_var("S, T"),
            Flag::int("i").env_var("I"),
            Flag::bool("b").env_var("B"),
            Flag::string_list("l").env_var("L"),
            Flag::string("empty").env_var("E"),
            Flag::string("none"),
        ];
        let mut options = DriverOptions::defaults(&flags);
        options.insert("s", OptionValue::String("x".into()));
        options.insert("l", OptionValue::List(vec!["y".into()]));
        let flags: Vec<&Flag> = flags.iter().collect();
        let expected =
            [("B", "false"), ("I", "0"), ("S", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(environment(&flags, &options), BTreeMap::from(expected));
    }

    #[test]
    fn two_errors_are_no_contrast() {
        let record = |text: &str| -> Result<Record, String> {
            serde_json::from_str(text).map_err(|error| error.to_string())
        };
        let none = MadeUp::new();
        assert_eq!(contrast(&Err("a".into()), &Err("b".into()), &none), None);
        assert_eq!(contrast(&record("{\"A\":1}"), &record("{\"A\":1}"), &none), None);
        assert!(contrast(&record("{\"A\":1}"), &record("{\"A\":2}"), &none).is_some());
        assert!(contrast(&record("{}"), &Err("x".into()), &none).is_some());
        assert!(contrast(&Err("x".into()), &record("{}"), &none).is_some());
        let made_up = MadeUp::from(["A".to_owned()]);
        assert_eq!(contrast(&record("{\"A\":1}"), &record("{\"A\":2}"), &made_up), None);
    }
}
