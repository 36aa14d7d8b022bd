//! Flags as the driver declares them.

mod declared;
mod effect;
mod examples;
mod option_values;
mod options;
mod outcome;
mod refusal;
mod required;

use std::collections::BTreeMap;

use machine_driver::{
    BaseDriver, FlagKind,
    plugin::{Argument, wire::Value},
};

use declared::{
    command_line_names, declared, flag_differences, naming_problems, positive_default, wrong_type,
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
    required::REQUIRED_FLAG_IS_NAMED,
    options::MAKE_NOTHING,
    options::ONLY_DECLARED_FLAGS_ARE_READ,
    options::SECOND_TIME_CHANGES_NOTHING,
    option_values::NONSENSE_ENDS_NO_PROCESS,
    option_values::NONSENSE_IS_REFUSED,
    examples::REFUSED,
    examples::ACCEPTED,
    effect::HAVE_AN_EFFECT,
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
                        cx.rule("FLAG-001")
                            .broken("a flag of type string, string list, int or bool", problem);
                    }
                }
                Ok(other) => cx.rule("FLAG-001").broken("a list of flags", format!("a {}", other.kind())),
                Err(error) => {
                    cx.rule("FLAG-001").broken("a list of flags", format!("GetCreateFlags failed: {error}"));
                }
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
                cx.rule("FLAG-002").holds(uses == 1, format!("one flag --{name}"), || declared(&name, uses));
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
            let session = cx.process_in(quiet.environment()).await?;
            let files = quiet.files();
            let expected =
                lookup.create_flags().await.map_err(|error| cx.prerequisite("GetCreateFlags", &error))?;
            let mut answers = vec![("in a new process", session.create_flags().await)];
            answers.push(("the second time", session.create_flags().await));
            let store = cx.store().await?;
            configure(&cx, &session, &BaseDriver::new(cx.machine_name(), store.to_string_lossy())).await?;
            answers.push(("for a machine", session.create_flags().await));
            for (when, answer) in answers {
                match answer {
                    Err(error) => cx
                        .rule("FLAG-004")
                        .broken(format!("GetCreateFlags answers {when}"), format!("it failed: {error}")),
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
            let contacts = quiet.contacts();
            cx.rule("FLAG-004").holds(contacts.is_empty(), "no use of the network", || {
                format!("it asked its proxy for: {}", contacts.join(", "))
            });
            let mut made = quiet.files();
            made.retain(|file| !files.contains(file));
            cx.rule("FLAG-004")
                .holds(made.is_empty(), "no new files in the home folder", || format!("{made:?}"));
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
