//! What the driver makes of the options that a host sends.

use std::collections::BTreeMap;

use machine_driver::{DriverOptions, Flag, FlagKind, OptionValue};

use super::outcome::{
    accepted, base_of, contrast, default_of, environment, is_zero, outcome, variable_of, zero_of,
};
use crate::{
    check::{Check, Need, Stop},
    checks::{
        base::changes::changes,
        persistence::record::{differences, stable_record},
        plugin::raw,
    },
    context::Context,
    provider::{left_over, objects_of},
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
            let made_up = accepted(&cx, &base, &options).await?;
            let with_variable: Vec<_> =
                cx.flags()?.iter().filter(|flag| variable_of(flag).is_some()).collect();
            let mut cases =
                vec![("all options".to_owned(), options.clone(), environment(&with_variable, &options))];
            for flag in with_variable.iter().filter(|flag| other_value(flag).is_some()) {
                let mut changed = options.clone();
                changed.insert(&flag.name, other_value(flag).unwrap_or(OptionValue::Nil));
                let variables = environment(&[*flag], &changed);
                cases.push((format!("--{}", flag.name), changed, variables));
            }
            for (what, options, variables) in cases {
                let from_line = outcome(&cx, &base, &options, &plain).await?;
                let from_environment = outcome(&cx, &base, &options, &variables).await?;
                if let Some((expected, got)) = contrast(&from_line, &from_environment, &made_up) {
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
            let made_up = accepted(&cx, &base, &options).await?;
            let zeros: Vec<String> =
                options.iter().filter(|(_, value)| is_zero(value)).map(|(name, _)| name.to_owned()).collect();
            let mut fewer = options.clone();
            for name in &zeros {
                fewer.remove(name);
            }
            let plain = BTreeMap::new();
            let expected = outcome(&cx, &base, &options, &plain).await?;
            let got = outcome(&cx, &base, &fewer, &plain).await?;
            if let Some((expected, got)) = contrast(&expected, &got, &made_up) {
                cx.rule("FLAG-007")
                    .broken(format!("{expected} when options with zero values are left out"), got);
            }
            for flag in cx.flags()?.iter().filter(|flag| !zeros.contains(&flag.name)) {
                let (mut zero, mut missing, mut default) =
                    (options.clone(), options.clone(), options.clone());
                zero.insert(&flag.name, zero_of(flag));
                missing.remove(&flag.name);
                default.insert(&flag.name, default_of(flag));
                let got = outcome(&cx, &base, &missing, &plain).await?;
                let zero = outcome(&cx, &base, &zero, &plain).await?;
                let Some((expected, problem)) = contrast(&zero, &got, &made_up) else {
                    continue;
                };
                // The flag's own default is as good.
                let default = outcome(&cx, &base, &default, &plain).await?;
                if contrast(&default, &got, &made_up).is_some() {
                    cx.rule("FLAG-007")
                        .broken(format!("{expected} without {} as with its zero value", flag.name), problem);
                }
            }
            Ok(())
        })
    },
};

pub(super) const MAKE_NOTHING: Check = Check {
    id: "flags::make_nothing",
    title: "SetConfigFromFlags changes nothing at the provider",
    clauses: &["FLAG-011"],
    needs: &[Need::Inventory, Need::Flags],
    why: "Nothing is recorded yet; what is made here is nobody's when the create fails.",
    good: "It looks a network up by its name, at most.",
    bad: "It uploads the key pair of the machine.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.machine_with(cx.machine_name(), cx.options()?).await?;
            let (objects, before) = (cx.inventory().await?, changes(&cx).await?);
            machine.configure().await.map_err(|error| cx.prerequisite("SetConfigFromFlags", &error))?;
            let made = left_over(&objects, &cx.inventory().await?);
            cx.rule("FLAG-011")
                .holds(made.is_empty(), "no new objects after SetConfigFromFlags", || objects_of(&made));
            let after = changes(&cx).await?;
            cx.rule("FLAG-011").holds(
                before == after,
                "no change at the provider during SetConfigFromFlags",
                || format!("{} change(s)", after.unwrap_or(0) - before.unwrap_or(0)),
            );
            Ok(())
        })
    },
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
                    "the driver's plugin library does not report reads of options that were not sent"
                        .to_owned(),
                ));
            }
            let wrong = undeclared_reads(&cx, &base, &cx.options()?).await?;
            cx.rule("FLAG-010").holds(
                wrong.is_empty(),
                "reads of declared options with their type only",
                || format!("the driver reported: {}", wrong.join("; ")),
            );
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
            let lists: Vec<_> =
                cx.flags()?.iter().filter(|flag| matches!(flag.kind, FlagKind::StringList { .. })).collect();
            for flag in lists.iter().filter(|flag| options.list(&flag.name).is_empty()).collect::<Vec<_>>() {
                options.insert(&flag.name, OptionValue::List(vec!["conformance=1".to_owned()]));
            }
            let full = cx.machine_with(cx.machine_name(), options).await?;
            // Lists may have rules of their own; then the given options must do.
            let machine = if full.configure().await.is_ok() { full } else { cx.configured().await? };
            let session = machine.session();
            let read = |error| cx.prerequisite("GetConfigRaw", &error);
            let before = stable_record(&session).await.map_err(read)?;
            if cx.rule("IDEM-004").succeeds(&machine.configure().await, "SetConfigFromFlags the second time")
            {
                let found = differences(&before, &stable_record(&session).await.map_err(read)?);
                cx.rule("IDEM-004")
                    .holds(found.is_empty(), "the record after the first call", || found.join("; "));
            }
            Ok(())
        })
    },
};

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

/// A value beside the default that a flag of this type can have.
fn other_value(flag: &Flag) -> Option<OptionValue> {
    match &flag.kind {
        FlagKind::Bool => Some(OptionValue::Bool(true)),
        FlagKind::Int { default } => Some(OptionValue::Int(default.saturating_add(1))),
        FlagKind::String { .. } | FlagKind::StringList { .. } => None,
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
}
