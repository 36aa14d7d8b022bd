//! Values that no option can have.

use std::sync::Arc;

use machine_driver::{Error, ErrorKind, Flag, FlagKind, OptionValue};

use super::refusal::Refusals;
use crate::{
    check::{Check, Need, Stop},
    machine::Machine,
    session::Session,
};

/// No URL by any reading: the bracket of the host is never closed.
const NO_URL: &str = "http://[broken";
/// No port by any reading.
const NO_PORT: &str = "ssh-port";
/// Most processes that one check starts anew after they ended.
const MOST_DEATHS: usize = 10;

pub(super) const NONSENSE_ENDS_NO_PROCESS: Check = Check {
    id: "flags::nonsense_ends_no_process",
    title: "No value of any option ends the driver's process",
    clauses: &["FLAG-009"],
    needs: &[Need::Flags],
    why: "The user sees \"unexpected EOF\" and nothing about the option.",
    good: "--acme-subnet=nonsense: \"subnet nonsense does not exist\".",
    bad: "The driver takes the first item of an empty answer; its process ends with a panic.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            let mut cases: Vec<(String, OptionValue)> = Vec::new();
            for flag in cx.flags()? {
                cases.extend(nonsense_for(flag).into_iter().map(|value| (flag.name.clone(), value)));
            }
            for host in ["", "nonsense", "tcp://0.0.0.0", "tcp://[::]:x"] {
                cases.push(("swarm-host".to_owned(), OptionValue::String(host.to_owned())));
            }
            let mut deaths = 0;
            let mut session = machine.session();
            for (name, value) in cases {
                let Some(error) = try_value(&machine, &session, &name, &value).await else {
                    continue;
                };
                cx.rule("FLAG-009").broken(
                    format!("--{name} {} is accepted or refused", shown(&value)),
                    format!("the process ended: {error}"),
                );
                deaths += 1;
                if deaths == MOST_DEATHS {
                    break;
                }
                session = machine.fresh_process_with(&machine.first_config()).await?;
            }
            Ok(())
        })
    },
};

pub(super) const NONSENSE_IS_REFUSED: Check = Check {
    id: "flags::nonsense_is_refused",
    title: "A text that is no URL or no port is refused before Create",
    clauses: &["FLAG-009"],
    needs: &[Need::Flags],
    why: "After Create, a typing mistake costs a machine that nobody can reach.",
    good: "--acme-endpoint=http://[broken: \"is no URL: missing bracket\".",
    bad: "Both SetConfigFromFlags and PreCreateCheck return nil.",
    run: |cx| {
        Box::pin(async move {
            let cases: Vec<_> =
                cx.flags()?.iter().filter_map(|flag| Some((flag.name.clone(), malformed(flag)?))).collect();
            if cases.is_empty() {
                return Err(Stop::NotApplicable(
                    "the driver has no text flag for a URL or a port".to_owned(),
                ));
            }
            let mut refusals = Refusals::of(&cx).await?;
            for (name, text) in cases {
                let mut options = cx.options()?;
                options.insert(&name, OptionValue::String(text.to_owned()));
                let named = format!("--{name}={text}");
                refusals.try_out("FLAG-009", options, named, format!("--{name}")).await?;
            }
            refusals.end()
        })
    },
};

/// Sends one value; the error, if the process did not survive it.
async fn try_value(
    machine: &Machine,
    session: &Arc<Session>,
    name: &str,
    value: &OptionValue,
) -> Option<Error> {
    let mut options = machine.options().clone();
    options.insert(name, value.clone());
    let outcome = match session.set_config_from_flags(&options).await {
        // What the provider must know is looked up later.
        Ok(()) if *value == unknown() => session.pre_create_check().await,
        other => other,
    };
    outcome.err().filter(|error| ends_the_process(session, error))
}

/// Whether an error means that the driver panicked or ended.
fn ends_the_process(session: &Session, error: &Error) -> bool {
    // Without a process it is the driver's own connection, to its provider.
    let connection = session.host().is_some() && error.kind() == ErrorKind::Connection;
    connection || error.kind() == ErrorKind::Panic || error.to_string().contains("Panic in the driver")
}

/// A name that no provider has anything under.
fn unknown() -> OptionValue {
    OptionValue::String("no-such-thing".to_owned())
}

fn nonsense_for(flag: &Flag) -> Vec<OptionValue> {
    let texts =
        |texts: &[&str]| texts.iter().map(|&text| OptionValue::String(text.to_owned())).collect::<Vec<_>>();
    let lists = |lists: &[&[&str]]| {
        lists
            .iter()
            .map(|list| OptionValue::List(list.iter().map(|&item| item.to_owned()).collect()))
            .collect()
    };
    match flag.kind {
        FlagKind::String { .. } => {
            let mut values =
                texts(&["", " ", "-", ",", ":", "=", "a:b:c", "../..", "%s%n%x", "{\"", "ünï¢ödé\n", NO_URL]);
            values.extend([unknown(), OptionValue::String("long".repeat(5_000))]);
            values
        }
        FlagKind::Int { .. } => {
            [-1, 0, 65_536, i64::from(i32::MAX) + 1, i64::MAX, i64::MIN].map(OptionValue::Int).into()
        }
        FlagKind::Bool => vec![OptionValue::Bool(true)],
        FlagKind::StringList { .. } => {
            lists(&[&[], &[""], &["="], &[",", ":"], &["a", "a"], &["a=b=c", "/"]])
        }
    }
}

/// A text that a flag of this name cannot mean.
fn malformed(flag: &Flag) -> Option<&'static str> {
    let FlagKind::String { .. } = flag.kind else {
        return None;
    };
    match flag.name.rsplit('-').next()? {
        "url" | "endpoint" | "uri" => Some(NO_URL),
        "port" => Some(NO_PORT),
        _ => None,
    }
}

fn shown(value: &OptionValue) -> String {
    const LONGEST: usize = 40;
    let text = format!("{value:?}");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}... ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flags_for_urls_and_ports_have_malformed_texts() {
        for (flag, expected) in [
            (Flag::string("acme-endpoint"), Some(NO_URL)),
            (Flag::string("url"), Some(NO_URL)),
            (Flag::string("acme-ssh-port"), Some(NO_PORT)),
            (Flag::int("acme-ssh-port"), None),
            (Flag::string("acme-region"), None),
            (Flag::string("acme-curl"), None),
        ] {
            assert_eq!(malformed(&flag), expected, "{}", flag.name);
        }
    }

    #[test]
    fn every_kind_of_flag_gets_nonsense_of_its_type() {
        let fits = |flag: &Flag| {
            nonsense_for(flag).iter().all(|value| {
                matches!(
                    (&flag.kind, value),
                    (FlagKind::String { .. }, OptionValue::String(_))
                        | (FlagKind::Int { .. }, OptionValue::Int(_))
                        | (FlagKind::Bool, OptionValue::Bool(_))
                        | (FlagKind::StringList { .. }, OptionValue::List(_))
                )
            })
        };
        for flag in [Flag::string("s"), Flag::int("i"), Flag::bool("b"), Flag::string_list("l")] {
            assert!(fits(&flag) && !nonsense_for(&flag).is_empty(), "{}", flag.name);
        }
    }

    #[test]
    fn long_values_are_cut() {
        let text = shown(&OptionValue::String("x".repeat(100)));
        assert!(text.contains("... (") && text.len() < 70, "{text}");
    }
}
