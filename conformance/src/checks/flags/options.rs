//! What the driver makes of the options that a host sends.

use std::collections::BTreeMap;

use machine_driver::{BaseDriver, DriverOptions, Flag, FlagKind, OptionValue};

use crate::{
    check::{Check, Need, Stop},
    checks::{
        base::changes::changes,
        persistence::record::{Record, differences, stable_record},
        plugin::raw,
    },
    context::Context,
};

pub(super) const VARIABLES_WORK: Check = Check {
    id: "flags::variables_work",
    title: "A value from the environment has the effect of the same value from the command line",
    clauses: &["FLAG-005"],
    needs: &[Need::Process, Need::Flags],
    why: "Hosts read the variable themselves and send its value as the option; the driver inherits the variable too.",
    good: "--acme-size=large and ACME_SIZE=large give the same record.",
    bad: "The driver reads ACME_BACKUPS itself and takes any text for true, so ACME_BACKUPS=false turns backups on.",
    run: |cx| {
        Box::pin(async move {
            let base = base_of(&cx).await?;
            let options = cx.options()?;
            let plain = BTreeMap::new();
            accepted(&cx, &base, &options).await?;
            let with_variable: Vec<_> = cx.flags()?.iter().filter(|flag| variable_of(flag).is_some()).collect();
            let mut cases = vec![("all options".to_owned(), options.clone(), environment(&with_variable, &options))];
            for flag in with_variable.iter().filter(|flag| other_value(flag).is_some()) {
                let mut changed = options.clone();
                changed.insert(&flag.name, other_value(flag).unwrap_or(OptionValue::Nil));
                let variables = environment(&[*flag], &changed);
                cases.push((format!("--{}", flag.name), changed, variables));
            }
            for (what, options, variables) in cases {
                let from_line = outcome(&cx, &base, &options, &plain).await?;
                let from_environment = outcome(&cx, &base, &options, &variables).await?;
                if let Some((expected, got)) = contrast(&from_line, &from_environment) {
                    cx.rule("FLAG-005").broken(
                        format!("{what} from the environment as from the command line: {expected}"),
                        got,
                    );
                }
            }
            Ok(())
        })
    },
};

pub(super) const DEFAULTS_ARE_ENOUGH: Check = Check {
    id: "flags::defaults_are_enough",
    title: "Defaults and the required values make a valid configuration",
    clauses: &["FLAG-007"],
    needs: &[Need::Machine],
    why: "Who gives the required flags and nothing else is the most common user.",
    good: "SetConfigFromFlags with --acme-token and the default of every other flag returns nil.",
    bad: "The default of --acme-size is a size that the driver itself refuses.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.machine_with(cx.machine_name(), cx.options()?).await?;
            cx.rule("FLAG-007").succeeds(
                &machine.configure().await,
                "SetConfigFromFlags with the required values and the defaults",
            );
            Ok(())
        })
    },
};

pub(super) const MISSING_KEYS_ARE_ZERO: Check = Check {
    id: "flags::missing_keys_are_zero",
    title: "An option that is not sent means the same as its zero value",
    clauses: &["FLAG-007"],
    needs: &[Need::Flags],
    why: "Some hosts leave out options whose value is empty, 0 or false.",
    good: "With and without acme-tag=[] and acme-backups=false the record is the same.",
    bad: "SetConfigFromFlags fails with \"option acme-backups is missing\".",
    run: |cx| {
        Box::pin(async move {
            let base = base_of(&cx).await?;
            let options = cx.options()?;
            accepted(&cx, &base, &options).await?;
            let zeros: Vec<String> = options.iter().filter(|(_, value)| is_zero(value)).map(|(name, _)| name.to_owned()).collect();
            let mut fewer = options.clone();
            for name in &zeros {
                fewer.remove(name);
            }
            let plain = BTreeMap::new();
            let expected = outcome(&cx, &base, &options, &plain).await?;
            if let Some((expected, got)) = contrast(&expected, &outcome(&cx, &base, &fewer, &plain).await?) {
                cx.rule("FLAG-007").broken(format!("{expected} when options with zero values are left out"), got);
            }
            for flag in cx.flags()?.iter().filter(|flag| !zeros.contains(&flag.name)) {
                let (mut zero, mut missing, mut default) = (options.clone(), options.clone(), options.clone());
                zero.insert(&flag.name, zero_of(flag));
                missing.remove(&flag.name);
                default.insert(&flag.name, default_of(flag));
                let got = outcome(&cx, &base, &missing, &plain).await?;
                let Some((expected, problem)) = contrast(&outcome(&cx, &base, &zero, &plain).await?, &got) else { continue };
                // The flag's own default is as good.
                if contrast(&outcome(&cx, &base, &default, &plain).await?, &got).is_some() {
                    cx.rule("FLAG-007").broken(format!("{expected} without {} as with its zero value", flag.name), problem);
                }
            }
            Ok(())
        })
    },
};

pub(super) const REQUIRED_FLAG_IS_NAMED: Check = Check {
    id: "flags::required_flag_is_named",
    title: "A missing required flag is an error of SetConfigFromFlags that names it",
    clauses: &["FLAG-008"],
    needs: &[Need::Flags],
    why: "It is the first thing that a new user runs into; nothing must have been made at the provider by then.",
    good: "\"acme driver requires the --acme-token option\".",
    bad: "SetConfigFromFlags returns nil, and PreCreateCheck fails with \"401 unauthorized\".",
    run: |cx| Box::pin(leave_out_each(cx)),
};

pub(super) const ONLY_DECLARED_FLAGS_ARE_READ: Check = Check {
    id: "flags::only_declared_flags_are_read",
    title: "SetConfigFromFlags reads only options that the driver declares, with the declared type",
    clauses: &["FLAG-010"],
    needs: &[Need::Process, Need::Flags],
    why: "Hosts send declared options only; any other read gives a zero value, and the user never learns why.",
    good: "Every flags.String(\"acme-...\") has its StringFlag.",
    bad: "flags.String(\"acme-regoin\"): the region is always empty.",
    run: |cx| {
        Box::pin(async move {
            let base = base_of(&cx).await?;
            // Without any option, a library that reports such reads has something to report.
            let reports = undeclared_reads(&cx, &base, &DriverOptions::new()).await?;
            if reports.is_empty() {
                return Err(Stop::NotTested(
                    "the driver's plugin library does not report reads of options that were not sent".to_owned(),
                ));
            }
            let wrong = undeclared_reads(&cx, &base, &cx.options()?).await?;
            cx.rule("FLAG-010").holds(wrong.is_empty(), "reads of declared options with their type only", || {
                format!("the driver reported: {}", wrong.join("; "))
            });
            Ok(())
        })
    },
};

pub(super) const SECOND_TIME_CHANGES_NOTHING: Check = Check {
    id: "flags::second_time_changes_nothing",
    title: "SetConfigFromFlags twice gives the configuration of once",
    clauses: &["IDEM-004"],
    needs: &[],
    why: "Programs that embed drivers call it again after the user changed something.",
    good: "Both times the record has \"Tags\": [\"a\"].",
    bad: "The second time it has \"Tags\": [\"a\", \"a\"].",
    run: |cx| {
        Box::pin(async move {
            let mut options = cx.options()?;
            let lists: Vec<_> = cx.flags()?.iter().filter(|flag| matches!(flag.kind, FlagKind::StringList { .. })).collect();
            for flag in lists.iter().filter(|flag| options.list(&flag.name).is_empty()).collect::<Vec<_>>() {
                options.insert(&flag.name, OptionValue::List(vec!["conformance=1".to_owned()]));
            }
            let full = cx.machine_with(cx.machine_name(), options).await?;
            // Lists may have rules of their own; then the given options must do.
            let machine = if full.configure().await.is_ok() { full } else { cx.configured().await? };
            let session = machine.session();
            let read = |error| cx.prerequisite("GetConfigRaw", &error);
            let before = stable_record(&session).await.map_err(read)?;
            if cx.rule("IDEM-004").succeeds(&machine.configure().await, "SetConfigFromFlags the second time") {
                let found = differences(&before, &stable_record(&session).await.map_err(read)?);
                cx.rule("IDEM-004").holds(found.is_empty(), "the record after the first call", || found.join("; "));
            }
            Ok(())
        })
    },
};

async fn leave_out_each(cx: Context) -> Result<(), Stop> {
    let base = base_of(&cx).await?;
    let options = cx.options()?;
    accepted(&cx, &base, &options).await?;
    let credentials: Vec<String> = {
        let (facts, secrets) = (cx.facts()?, cx.tenant().secrets());
        secrets.keys().filter_map(|setting| facts.flag_for_setting(setting)).map(|flag| flag.name.clone()).collect()
    };
    let supplied = cx.supplied_flags()?;
    let candidates: Vec<&Flag> = cx
        .flags()?
        .iter()
        .filter(|flag| supplied.contains(&flag.name) && is_zero(&default_of(flag)) && matches!(flag.kind, FlagKind::String { .. }))
        .collect();
    if candidates.is_empty() {
        return Err(Stop::NotTested("this run gives no value to a text flag without default, so none can be left out".to_owned()));
    }
    let mut required = 0;
    for flag in &candidates {
        let mut without = options.clone();
        without.insert(&flag.name, OptionValue::String(String::new()));
        let before = changes(&cx).await?;
        // The user's own environment must not stand in for the option.
        let blank = variables_of(flag).map(|name| (name, String::new())).collect();
        let session = cx.process_in(blank).await?;
        session.set_config(&base).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
        match session.set_config_from_flags(&without).await {
            Err(error) => {
                required += 1;
                let text = error.to_string();
                cx.rule("FLAG-008").holds(
                    text.to_lowercase().contains(&flag.name.to_lowercase()),
                    format!("without --{}, an error that names this flag", flag.name),
                    || format!("the error {text:?}"),
                );
                let after = changes(&cx).await?;
                cx.rule("FLAG-008").equals("the number of changes at the provider", &before, &after);
            }
            Ok(()) if credentials.contains(&flag.name) && cx.offers(Need::RequestLog) => {
                if let Err(error) = session.pre_create_check().await {
                    required += 1;
                    cx.rule("FLAG-008").broken(
                        format!("without --{}, an error of SetConfigFromFlags", flag.name),
                        format!("SetConfigFromFlags returned nil, and PreCreateCheck failed: {error}"),
                    );
                }
            }
            Ok(()) => {}
        }
        session.close().await;
    }
    if required == 0 {
        let names: Vec<_> = candidates.iter().map(|flag| format!("--{}", flag.name)).collect();
        return Err(Stop::NotApplicable(format!("the driver does without {}", names.join(", "))));
    }
    Ok(())
}

/// First configuration for several processes that must give the same record.
async fn base_of(cx: &Context) -> Result<Vec<u8>, Stop> {
    let base = BaseDriver::new(cx.machine_name(), cx.store().await?.to_string_lossy());
    Ok(serde_json::to_vec(&base).unwrap_or_default())
}

/// What a fresh driver in `environment` makes of `options`: its record, or its error.
async fn outcome(
    cx: &Context,
    base: &[u8],
    options: &DriverOptions,
    environment: &BTreeMap<String, String>,
) -> Result<Result<Record, String>, Stop> {
    let session = cx.process_in(environment.clone()).await?;
    session.set_config(base).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
    let outcome = match session.set_config_from_flags(options).await {
        Ok(()) => Ok(stable_record(&session).await.map_err(|error| cx.prerequisite("GetConfigRaw", &error))?),
        Err(error) => Err(error.to_string()),
    };
    session.close().await;
    Ok(outcome)
}

/// Ends the check if the driver refuses the options of the run.
async fn accepted(cx: &Context, base: &[u8], options: &DriverOptions) -> Result<(), Stop> {
    match outcome(cx, base, options, &BTreeMap::new()).await? {
        Ok(_) => Ok(()),
        Err(error) => Err(Stop::Prerequisite(format!(
            "SetConfigFromFlags refuses the options of the run: {error} (give required flags with --flag NAME=VALUE)"
        ))),
    }
}

/// Expected and got, if two outcomes differ.
fn contrast(first: &Result<Record, String>, second: &Result<Record, String>) -> Option<(String, String)> {
    match (first, second) {
        (Ok(first), Ok(second)) => {
            let found = differences(first, second);
            (!found.is_empty()).then(|| ("the same record".to_owned(), found.join("; ")))
        }
        (Ok(_), Err(error)) => Some(("no error".to_owned(), format!("SetConfigFromFlags failed: {error}"))),
        (Err(error), Ok(_)) => Some((format!("the error {error}"), "SetConfigFromFlags returned nil".to_owned())),
        (Err(_), Err(_)) => None,
    }
}

/// Reports of Go's plugin library about options that were read and not sent, or sent with another type.
async fn undeclared_reads(cx: &Context, base: &[u8], options: &DriverOptions) -> Result<Vec<String>, Stop> {
    let session = cx.process().await?;
    session.set_config(base).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
    // Without options an error is as good as success.
    let _ = session.set_config_from_flags(options).await;
    let printed = raw::printed_until_close(cx, &session).await?;
    let mut reports: Vec<String> = printed.iter().filter_map(|line| read_report(&line.text)).collect();
    reports.sort();
    reports.dedup();
    Ok(reports)
}

/// A report about a read option, if the line is one.
fn read_report(line: &str) -> Option<String> {
    ["Trying to access option ", "Type assertion did not go smoothly to "]
        .iter()
        .find_map(|start| line.find(start).map(|at| line[at..].trim_end().to_owned()))
}

fn variables_of(flag: &Flag) -> impl Iterator<Item = String> {
    flag.env_var.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty() && !name.contains(['=', '\0']))
}

/// The variable that supplies a flag; lists have none that works (FLAG-006).
fn variable_of(flag: &Flag) -> Option<String> {
    (!matches!(flag.kind, FlagKind::StringList { .. })).then(|| variables_of(flag).next()).flatten()
}

/// Environment variables that say what `options` say.
fn environment(flags: &[&Flag], options: &DriverOptions) -> BTreeMap<String, String> {
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

/// A value beside the default that a flag of this type can have.
fn other_value(flag: &Flag) -> Option<OptionValue> {
    match &flag.kind {
        FlagKind::Bool => Some(OptionValue::Bool(true)),
        FlagKind::Int { default } => Some(OptionValue::Int(default.saturating_add(1))),
        FlagKind::String { .. } | FlagKind::StringList { .. } => None,
    }
}

fn default_of(flag: &Flag) -> OptionValue {
    match &flag.kind {
        FlagKind::String { default } => OptionValue::String(default.clone()),
        FlagKind::StringList { default } => OptionValue::List(default.clone()),
        FlagKind::Int { default } => OptionValue::Int(*default),
        FlagKind::Bool => OptionValue::Bool(false),
    }
}

fn zero_of(flag: &Flag) -> OptionValue {
    match flag.kind {
        FlagKind::String { .. } => OptionValue::String(String::new()),
        FlagKind::StringList { .. } => OptionValue::List(Vec::new()),
        FlagKind::Int { .. } => OptionValue::Int(0),
        FlagKind::Bool => OptionValue::Bool(false),
    }
}

fn is_zero(value: &OptionValue) -> bool {
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
    fn reports_of_go_are_recognised() {
        assert_eq!(
            read_report("Trying to access option acme-regoin which does not exist").as_deref(),
            Some("Trying to access option acme-regoin which does not exist")
        );
        assert_eq!(
            read_report("(web) Type assertion did not go smoothly to int for key acme-size\n").as_deref(),
            Some("Type assertion did not go smoothly to int for key acme-size")
        );
        assert_eq!(read_report("Creating server..."), None);
    }

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
        let expected = [("B", "false"), ("I", "0"), ("S", "x")].map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(environment(&flags, &options), BTreeMap::from(expected));
    }

    #[test]
    fn two_errors_are_no_contrast() {
        let record = |text: &str| -> Result<Record, String> { serde_json::from_str(text).map_err(|error| error.to_string()) };
        assert_eq!(contrast(&Err("a".into()), &Err("b".into())), None);
        assert_eq!(contrast(&record("{\"A\":1}"), &record("{\"A\":1}")), None);
        assert!(contrast(&record("{\"A\":1}"), &record("{\"A\":2}")).is_some());
        assert!(contrast(&record("{}"), &Err("x".into())).is_some());
        assert!(contrast(&Err("x".into()), &record("{}")).is_some());
    }
}
