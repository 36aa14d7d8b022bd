//! Values for the driver: those of the command line over those of the profile, and the line that repeats them.

use std::collections::BTreeMap;

use super::{
    RunArguments,
    assignment::{Assignment, shell_word},
};
use crate::{
    command_line::failure::Failure,
    facts::GivenValue,
    profile::{Profile, ProfileSetting, Setting},
};

/// Values of flags: those of the command line replace those of the profile.
pub(super) fn flags(
    profile: Option<&Profile>,
    settings: &BTreeMap<String, ProfileSetting>,
    assignments: &[Assignment],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, GivenValue>, Failure> {
    let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for assignment in assignments {
        given.entry(assignment.name.clone()).or_default().push(assignment.value.clone());
    }
    let mut values: BTreeMap<String, GivenValue> = given
        .into_iter()
        .map(|(name, mut texts)| match texts.len() {
            1 => (name, GivenValue::Text(texts.remove(0))),
            _ => (name, GivenValue::List(texts)),
        })
        .collect();
    for (name, setting) in settings {
        if let Some(profile) = profile
            && !values.contains_key(name)
        {
            values.insert(name.clone(), profile.resolve(name, setting, variable)?.into());
        }
    }
    Ok(values)
}

pub(super) fn texts(value: &GivenValue) -> impl Iterator<Item = String> {
    match value {
        GivenValue::Text(text) => vec![text.clone()],
        GivenValue::List(texts) => texts.clone(),
        GivenValue::Number(number) => vec![number.to_string()],
        GivenValue::Switch(_) | GivenValue::Provider(_) => Vec::new(),
    }
    .into_iter()
}

pub(super) fn environment(
    profile: Option<&Profile>,
    settings: &BTreeMap<String, ProfileSetting>,
    assignments: &[Assignment],
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>, Failure> {
    let mut environment: BTreeMap<String, String> =
        assignments.iter().map(|assignment| (assignment.name.clone(), assignment.value.clone())).collect();
    for (name, setting) in settings {
        let Some(profile) = profile.filter(|_| !environment.contains_key(name)) else {
            continue;
        };
        let text = match profile.resolve(name, setting, variable)? {
            Setting::Text(text) => text,
            Setting::Integer(number) => number.to_string(),
            Setting::Switch(on) => on.to_string(),
            Setting::List(texts) => texts.join(","),
            Setting::Provider(_) => {
                let problem = "the environment is the same for all checks, but each has its own part of the provider; \
                               give the value to a flag instead";
                return Err(profile
                    .wrong_value(name, problem)
                    .map_or_else(|| Failure::usage(problem), Into::into));
            }
        };
        environment.insert(name.clone(), text);
    }
    Ok(environment)
}

/// The options that belong into the line that repeats a run. Values of secrets are left to the shell's environment.
pub(super) fn repeated(
    arguments: &RunArguments,
    profile: Option<&Profile>,
    hidden: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let mut words = Vec::new();
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), value]);
    // A profile that was found by itself must be named as soon as a driver is.
    if let Some(profile) = profile {
        option("--profile", shell_word(profile.file()));
    }
    if let Some(set) = arguments.requirements {
        option("--spec", set.name().to_owned());
    }
    if let Some(baseline) = &arguments.baseline {
        option("--baseline", shell_word(&baseline.display().to_string()));
    }
    if let Some(provider) = arguments.provider {
        option("--provider", provider.word().to_owned());
    }
    if let Some(guest) = arguments.guest {
        option("--guest", guest.word().to_owned());
    }
    if let Some(host) = &arguments.host {
        option("--host", shell_word(&host.display().to_string()));
    }
    for (name, assignments) in [("--flag", &arguments.flags), ("--env", &arguments.environment)] {
        for assignment in assignments {
            let value = if hidden(&assignment.name) {
                format!("{}=\"${}\"", assignment.name, assignment.name.to_uppercase().replace('-', "_"))
            } else {
                shell_word(&format!("{}={}", assignment.name, assignment.value))
            };
            option(name, value);
        }
    }
    for secret in &arguments.secrets {
        option("--secret", shell_word(secret));
    }
    // They decide which walks a seed gives.
    for (name, number) in [("--walks", arguments.walks), ("--walk-length", arguments.walk_length)] {
        if let Some(number) = number {
            option(name, number.to_string());
        }
    }
    for path in &arguments.replay {
        option("--replay", shell_word(&path.display().to_string()));
    }
    if let Some(factor) = arguments.timeout_factor {
        option("--timeout-factor", factor.to_string());
    }
    if arguments.yes_this_costs_money {
        words.push("--yes-this-costs-money".to_owned());
    }
    if arguments.create_machines {
        words.push("--create-machines".to_owned());
    }
    words
}
