//! What can be said about declared flags by looking at them.

use machine_driver::{Flag, FlagKind, plugin::wire::Value};

/// Registered names of the four types that hosts know, with whether they carry a default.
const FLAG_TYPES: [(&str, bool); 4] = [
    ("*mcnflag.StringFlag", true),
    ("*mcnflag.StringSliceFlag", true),
    ("*mcnflag.IntFlag", true),
    ("*mcnflag.BoolFlag", false),
];

/// What is wrong with the type of a flag on the wire.
pub(super) fn wrong_type(flag: &Value) -> Option<String> {
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
pub(super) fn command_line_names(flag: &Flag) -> impl Iterator<Item = String> {
    flag.name.split(',').map(|name| name.trim().to_owned())
}

/// How often a name is declared, in words.
pub(super) fn declared(name: &str, uses: usize) -> String {
    let times = if uses == 2 { "twice".to_owned() } else { format!("{uses} times") };
    format!("--{name} is declared {times}")
}

/// Expected and got for everything that FLAG-003 does not like about a flag.
pub(super) fn naming_problems(driver: &str, flag: &Flag) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    let prefix = format!("{driver}-");
    if !flag.name.starts_with(&prefix) {
        problems.push((format!("a flag name that starts with {prefix}"), format!("--{}", flag.name)));
    }
    if flag.usage.trim().is_empty() {
        problems.push((format!("a help text for --{}", flag.name), "none".to_owned()));
    }
    let variables: Vec<&str> =
        flag.env_var.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
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
pub(super) fn positive_default(flag: &Flag) -> Option<(String, String)> {
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
    let words: String = usage
        .to_lowercase()
        .chars()
        .map(|character| if character.is_alphanumeric() { character } else { ' ' })
        .collect();
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    [
        "default true",
        "default is true",
        "defaults to true",
        "default on",
        "defaults to on",
        "enabled by default",
        "on by default",
        "true by default",
    ]
    .iter()
    .any(|phrase| format!(" {words} ").contains(&format!(" {phrase} ")))
}

/// Where two lists of flags differ, a sentence fragment each.
pub(super) fn flag_differences(expected: &[Flag], got: &[Flag]) -> Vec<String> {
    let missing = expected
        .iter()
        .filter(|flag| !got.contains(flag))
        .map(|flag| format!("--{} is missing or changed", flag.name));
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
        assert_eq!(
            wrong_type(&flag("*cli.DurationFlag", None)).unwrap(),
            "--acme-x has the type *cli.DurationFlag"
        );
        assert!(
            wrong_type(&flag("*mcnflag.BoolFlag", Some(Value::Bool(true)))).unwrap().contains("default true")
        );
        assert!(wrong_type(&Value::Interface(None)).is_some());
        assert!(wrong_type(&Value::Int(1)).is_some());
    }

    #[test]
    fn names_and_variables() {
        let flag = |name: &str, variable: &str| Flag::string(name).usage("Help").env_var(variable);
        for good in [
            flag("acme-x-region", "ACME_X_REGION"),
            flag("acme-x-a", ""),
            flag("acme-x-b", "REGION, ACME_X_B"),
        ] {
            assert!(naming_problems("acme-x", &good).is_empty(), "{good:?}");
        }
        for bad in [
            flag("region", ""),
            flag("acme-x-a", "REGION"),
            flag("acme-x-a", "acme_x_a"),
            Flag::string("acme-x-a"),
        ] {
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
        assert_eq!(
            flag_differences(std::slice::from_ref(&a), &[a.clone().usage("x")]),
            ["--a is missing or changed"]
        );
        assert_eq!(flag_differences(&[a], &twice), ["2 flags instead of 1"]);
    }
}
