//! Flags as the driver declares them.

mod option_values;
mod options;

use std::collections::BTreeMap;

use machine_driver::{
    BaseDriver, Flag, FlagKind,
    plugin::{Argument, wire::Value},
};

use super::{name::isolation::Isolation, plugin::raw};
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    facts::{HOST_FLAGS, LOOKUP_NAME},
    session::Session,
};

pub(crate) const CHECKS: &[Check] = &[
    HAVE_KNOWN_TYPES,
    NAMES_ARE_UNIQUE,
    ARE_NAMED_AND_EXPLAINED,
    ARE_ALWAYS_THE_SAME,
    LISTS_HAVE_NO_VARIABLE,
    SWITCHES_ARE_OFF,
    options::VARIABLES_WORK,
    options::DEFAULTS_ARE_ENOUGH,
    options::MISSING_KEYS_ARE_ZERO,
    options::REQUIRED_FLAG_IS_NAMED,
    options::ONLY_DECLARED_FLAGS_ARE_READ,
    options::SECOND_TIME_CHANGES_NOTHING,
    option_values::NONSENSE_ENDS_NO_PROCESS,
    option_values::NONSENSE_IS_REFUSED,
];

/// Registered names of the four types that hosts know, with whether they carry a default.
const FLAG_TYPES: [(&str, bool); 4] = [
    ("*mcnflag.StringFlag", true),
    ("*mcnflag.StringSliceFlag", true),
    ("*mcnflag.IntFlag", true),
    ("*mcnflag.BoolFlag", false),
];

const HAVE_KNOWN_TYPES: Check = Check {
    id: "flags::have_known_types",
    title: "Every flag has one of the four types that hosts know",
    clauses: &["FLAG-001"],
    needs: &[Need::Process],
    why: "Hosts decode the list of flags as a whole; one flag of another type, and `create` ends with an error for all.",
    good: "GetCreateFlags answers a list of *mcnflag.StringFlag, StringSliceFlag, IntFlag and BoolFlag.",
    bad: "One of them is a *cli.DurationFlag: \"gob: name not registered for interface\".",
    run: |cx| {
        Box::pin(async move {
            let session = cx.process().await?;
            match raw::ask(&cx, &session, "GetCreateFlags", Argument::Empty).await? {
                Ok(Value::Slice(flags)) => {
                    for problem in flags.iter().filter_map(wrong_type) {
                        cx.rule("FLAG-001").broken("a flag of type string, string list, int or bool", problem);
                    }
                }
                Ok(other) => cx.rule("FLAG-001").broken("a list of flags", format!("a {}", other.kind())),
                Err(error) => cx.rule("FLAG-001").broken("a list of flags", format!("GetCreateFlags failed: {error}")),
            }
            Ok(())
        })
    },
};

const NAMES_ARE_UNIQUE: Check = Check {
    id: "flags::names_are_unique",
    title: "No two flags have one name, and none has the name of a flag of the host",
    clauses: &["FLAG-002"],
    needs: &[Need::Flags],
    why: "Hosts put all flags on one command line; a second one of the same name ends them with \"flag redefined\".",
    good: "acme-token, acme-region, acme-size.",
    bad: "acme-region twice, or a flag of the driver called engine-label.",
    run: |cx| {
        Box::pin(async move {
            let mut uses = BTreeMap::<String, usize>::new();
            for name in cx.flags()?.iter().flat_map(command_line_names) {
                *uses.entry(name).or_default() += 1;
            }
            for (name, uses) in uses {
                cx.rule("FLAG-002").holds(uses == 1, format!("one flag --{name}"), || format!("{uses} flags --{name}"));
                let taken = HOST_FLAGS.contains(&name.as_str());
                cx.rule("FLAG-002").holds(!taken, "no flag with the name of a flag of the host", || {
                    format!("the driver declares --{name}, which `create` has already")
                });
            }
            Ok(())
        })
    },
};

const ARE_NAMED_AND_EXPLAINED: Check = Check {
    id: "flags::are_named_and_explained",
    title: "Flags and their variables start with the driver's name, and have a help text",
    clauses: &["FLAG-003"],
    needs: &[Need::Flags],
    why: "`create --help` is the only documentation at hand, and it shows the flags of the host and the driver mixed.",
    good: "--acme-region \"Region of the server\" [$ACME_REGION]",
    bad: "--region without text, from the variable Region.",
    run: |cx| {
        Box::pin(async move {
            let driver = cx.driver_name()?;
            for flag in cx.flags()? {
                for (expected, got) in naming_problems(driver, flag) {
                    cx.rule("FLAG-003").broken(expected, got);
                }
            }
            Ok(())
        })
    },
};

const ARE_ALWAYS_THE_SAME: Check = Check {
    id: "flags::are_always_the_same",
    title: "GetCreateFlags answers the same in every process and configuration, from memory",
    clauses: &["FLAG-004"],
    needs: &[],
    why: "Hosts ask twice for each create, once as machine \"flag-lookup\" without a store, and combine both answers.",
    good: "Four calls, in two processes, before and after SetConfigRaw, answer the same list; nobody is contacted.",
    bad: "The list shrinks once a name is set, or holds the regions that the provider has today.",
    run: |cx| {
        Box::pin(async move {
            // The user's own surroundings may change a default, so all calls are made in the same quiet ones.
            let quiet = Isolation::new(&cx).await?;
            let lookup = cx.process_in(quiet.environment()).await?;
            configure(&cx, &lookup, &BaseDriver::new(LOOKUP_NAME, "")).await?;
            let expected = lookup.create_flags().await.map_err(|error| cx.prerequisite("GetCreateFlags", &error))?;
            let session = cx.process_in(quiet.environment()).await?;
            let mut answers = vec![("in a new process", session.create_flags().await)];
            answers.push(("the second time", session.create_flags().await));
            let store = cx.store().await?;
            configure(&cx, &session, &BaseDriver::new(cx.machine_name(), store.to_string_lossy())).await?;
            answers.push(("for a machine", session.create_flags().await));
            for (when, answer) in answers {
                match answer {
                    Err(error) => cx.rule("FLAG-004").broken(
                        format!("GetCreateFlags answers {when}"),
                        format!("it failed: {error}"),
                    ),
                    Ok(flags) => {
                        let differences = flag_differences(&expected, &flags);
                        cx.rule("FLAG-004").holds(
                            differences.is_empty(),
                            format!("GetCreateFlags {when} answers what it answered for the flag look-up"),
                            || differences.join("; "),
                        );
                    }
                }
            }
            let (contacts, files) = (quiet.contacts(), quiet.files());
            cx.rule("FLAG-004").holds(contacts.is_empty(), "no use of the network", || {
                format!("it asked its proxy for: {}", contacts.join(", "))
            });
            cx.rule("FLAG-004").holds(files.is_empty(), "no files in the home folder", || format!("{files:?}"));
            Ok(())
        })
    },
};

const LISTS_HAVE_NO_VARIABLE: Check = Check {
    id: "flags::lists_have_no_variable",
    title: "No list flag promises an environment variable",
    clauses: &["FLAG-006"],
    needs: &[Need::Flags],
    why: "docker-machine shows the variable of a list flag in its help, and then ignores it.",
    good: "--acme-tag may be repeated and has no variable.",
    bad: "--acme-tag [$ACME_TAGS]: who sets the variable gets a machine without tags.",
    run: |cx| {
        Box::pin(async move {
            let lists = cx.flags()?.iter().filter(|flag| matches!(flag.kind, FlagKind::StringList { .. }));
            for flag in lists {
                cx.rule("FLAG-006").holds(
                    flag.env_var.is_empty(),
                    format!("no variable for the list flag --{}", flag.name),
                    || format!("--{} declares {}, which hosts ignore", flag.name, flag.env_var),
                );
            }
            Ok(())
        })
    },
};

const SWITCHES_ARE_OFF: Check = Check {
    id: "flags::switches_are_off",
    title: "What is on by default is a switch that turns it off",
    clauses: &["FLAG-012"],
    needs: &[Need::Flags],
    why: "Switches have no default on the wire: hosts send false for a switch that the user does not mention.",
    good: "--acme-no-backups \"Do not make backups\".",
    bad: "--acme-backups \"Make backups (default: true)\": without the switch there are none, and it cannot be turned off.",
    run: |cx| {
        Box::pin(async move {
            for (expected, got) in cx.flags()?.iter().filter_map(positive_default) {
                cx.rule("FLAG-012").broken(expected, got);
            }
            Ok(())
        })
    },
};

async fn configure(cx: &Context, session: &Session, base: &BaseDriver) -> Result<(), Stop> {
    let config = serde_json::to_vec(base).unwrap_or_default();
    session.set_config(&config).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))
}

/// What is wrong with the type of a flag on the wire.
fn wrong_type(flag: &Value) -> Option<String> {
    let Value::Interface(Some(held)) = flag else {
        return Some(format!("a flag that is a {}", flag.kind()));
    };
    let (type_name, value) = (&held.0, &held.1);
    let name = match value.field("Name") {
        Some(Value::String(name)) => format!("--{name}"),
        _ => "a flag without name".to_owned(),
    };
    let Some((_, has_default)) = FLAG_TYPES.iter().find(|(known, _)| known == type_name) else {
        return Some(format!("{name} has the type {type_name}"));
    };
    match value.field("Value") {
        Some(Value::Bool(true)) if !has_default => {
            Some(format!("{name} is a switch with the default true, which hosts ignore"))
        }
        _ => None,
    }
}

/// Names that a flag takes on the command line: `name, n` is a long and a short one.
fn command_line_names(flag: &Flag) -> impl Iterator<Item = String> {
    flag.name.split(',').map(|name| name.trim().to_owned())
}

/// Expected and got for everything that FLAG-003 does not like about a flag.
fn naming_problems(driver: &str, flag: &Flag) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let prefix = format!("{driver}-");
    if !flag.name.starts_with(&prefix) {
        problems.push((format!("a flag name that starts with {prefix}"), format!("--{}", flag.name)));
    }
    if flag.usage.trim().is_empty() {
        problems.push((format!("a help text for --{}", flag.name), "none".to_owned()));
    }
    let variables: Vec<&str> = flag.env_var.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let variable_prefix = prefix.to_uppercase().replace('-', "_");
    let upper = |name: &&str| !name.chars().any(char::is_lowercase);
    let good = variables.iter().all(upper)
        && (variables.is_empty() || variables.iter().any(|name| name.starts_with(&variable_prefix)));
    if !good {
        problems.push((
            format!("a variable of --{} in upper case that starts with {variable_prefix}", flag.name),
            flag.env_var.clone(),
        ));
    }
    problems
}

/// Expected and got for a flag that is on by default.
fn positive_default(flag: &Flag) -> Option<(String, String)> {
    let negative = flag
        .name
        .split('-')
        .any(|word| matches!(word, "no" | "not" | "disable" | "disabled" | "without" | "skip" | "omit"));
    match &flag.kind {
        FlagKind::Bool if !negative && says_on(&flag.usage) => Some((
            format!("a switch that turns it off instead of --{}", flag.name),
            format!("its help says {:?}, but switches are false unless given", flag.usage),
        )),
        FlagKind::String { default } if default.eq_ignore_ascii_case("true") => Some((
            format!("a switch that turns it off instead of --{}", flag.name),
            format!("a text flag with the default {default:?}"),
        )),
        _ => None,
    }
}

/// Whether a help text says that the switch is on by default.
fn says_on(usage: &str) -> bool {
    let words: String =
        usage.to_lowercase().chars().map(|character| if character.is_alphanumeric() { character } else { ' ' }).collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    ["default true", "default is true", "defaults to true", "default on", "defaults to on", "enabled by default", "on by default", "true by default"]
        .iter()
        .any(|phrase| format!(" {words} ").contains(&format!(" {phrase} ")))
}

/// Where two lists of flags differ, a sentence fragment each.
fn flag_differences(expected: &[Flag], got: &[Flag]) -> Vec<String> {
    let missing = expected.iter().filter(|flag| !got.contains(flag)).map(|flag| format!("--{} is missing or changed", flag.name));
    let new = got
        .iter()
        .filter(|flag| !expected.iter().any(|old| old.name == flag.name))
        .map(|flag| format!("--{} is new", flag.name));
    let mut differences: Vec<_> = missing.chain(new).collect();
    if differences.is_empty() && expected.len() != got.len() {
        differences.push(format!("{} flags instead of {}", got.len(), expected.len()));
    }
    differences
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn types_on_the_wire() {
        let flag = |type_name: &str, value: Option<Value>| {
            let mut fields = vec![("Name".to_owned(), Value::String("acme-x".into()))];
            fields.extend(value.map(|value| ("Value".to_owned(), value)));
            Value::interface(type_name, Value::Struct(fields))
        };
        assert_eq!(wrong_type(&flag("*mcnflag.StringFlag", Some(Value::String("x".into())))), None);
        assert_eq!(wrong_type(&flag("*mcnflag.BoolFlag", None)), None);
        assert_eq!(wrong_type(&flag("*cli.DurationFlag", None)).unwrap(), "--acme-x has the type *cli.DurationFlag");
        assert!(wrong_type(&flag("*mcnflag.BoolFlag", Some(Value::Bool(true)))).unwrap().contains("default true"));
        assert!(wrong_type(&Value::Interface(None)).is_some());
        assert!(wrong_type(&Value::Int(1)).is_some());
    }

    #[test]
    fn names_and_variables() {
        let flag = |name: &str, variable: &str| Flag::string(name).usage("Help").env_var(variable);
        for good in [flag("acme-x-region", "ACME_X_REGION"), flag("acme-x-a", ""), flag("acme-x-b", "REGION, ACME_X_B")] {
            assert!(naming_problems("acme-x", &good).is_empty(), "{good:?}");
        }
        for bad in [flag("region", ""), flag("acme-x-a", "REGION"), flag("acme-x-a", "acme_x_a"), Flag::string("acme-x-a")] {
            assert_eq!(naming_problems("acme-x", &bad).len(), 1, "{bad:?}");
        }
    }

    #[test]
    fn switches_that_are_on() {
        for usage in ["Make backups (default: true)", "Backups. Enabled by default.", "Defaults to TRUE"] {
            assert!(positive_default(&Flag::bool("acme-backups").usage(usage)).is_some(), "{usage}");
            assert!(positive_default(&Flag::bool("acme-no-backups").usage(usage)).is_none(), "{usage}");
        }
        for usage in ["Make backups", "Use the default VPC", "Disabled by default"] {
            assert!(positive_default(&Flag::bool("acme-backups").usage(usage)).is_none(), "{usage}");
        }
        let text = |default: &str| Flag::string("a").kind(FlagKind::String { default: default.into() });
        assert!(positive_default(&text("true")).is_some());
        assert!(positive_default(&text("truecolor")).is_none());
    }

    #[test]
    fn aliases_count_as_names() {
        let names: Vec<_> = command_line_names(&Flag::string("acme-name, n")).collect();
        assert_eq!(names, ["acme-name", "n"]);
    }

    #[test]
    fn differences_between_lists() {
        let (a, b) = (Flag::string("a"), Flag::string("b"));
        let twice = [a.clone(), a.clone()];
        assert!(flag_differences(&[a.clone(), b.clone()], &[b.clone(), a.clone()]).is_empty());
        assert_eq!(flag_differences(std::slice::from_ref(&a), &[b]).len(), 2);
        assert_eq!(flag_differences(std::slice::from_ref(&a), &[a.clone().usage("x")]), ["--a is missing or changed"]);
        assert_eq!(flag_differences(&[a], &twice), ["2 flags instead of 1"]);
    }
}
