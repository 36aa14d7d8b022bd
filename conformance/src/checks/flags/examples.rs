//! Options that the profile says are refused, or taken.

use std::collections::BTreeMap;

use machine_driver::DriverOptions;

use super::refusal::Refusals;
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    facts::GivenValue,
};

pub(super) const REFUSED: Check = Check {
    id: "flags::refused_examples_are_refused",
    title: "Options that the profile lists as refused are refused before Create",
    clauses: &["FLAG-009", "FLAG-014"],
    needs: &[Need::Flags],
    why: "What a driver refuses is written once, and nobody notices when it no longer does.",
    good: "[[refused]] acme-open-port = [\"22/icmp\"]: SetConfigFromFlags or PreCreateCheck says what a port is.",
    bad: "Both return nil, and the port stays shut.",
    run: |cx| {
        Box::pin(async move {
            let examples = &cx.examples().refused;
            if examples.is_empty() {
                return Err(Stop::NotApplicable("the profile has no [[refused]] options".to_owned()));
            }
            let mut refusals = Refusals::of(&cx).await?;
            for example in examples {
                let clause = if example.len() == 1 { "FLAG-009" } else { "FLAG-014" };
                refusals.try_out(clause, options_with(&cx, example)?, shown(example), shown(example)).await?;
            }
            refusals.end()
        })
    },
};

pub(super) const ACCEPTED: Check = Check {
    id: "flags::accepted_examples_are_accepted",
    title: "Options that the profile lists as accepted pass SetConfigFromFlags and PreCreateCheck",
    clauses: &["PRE-007"],
    needs: &[Need::Flags, Need::Machine],
    why: "A check of options that is too strict locks users out, and no test with defaults notices.",
    good: "[[accepted]] acme-open-port = [\"53/udp\"] passes.",
    bad: "SetConfigFromFlags knows tcp only.",
    run: |cx| {
        Box::pin(async move {
            let examples = &cx.examples().accepted;
            if examples.is_empty() {
                return Err(Stop::NotApplicable("the profile has no [[accepted]] options".to_owned()));
            }
            for example in examples {
                let machine = cx.machine_with(cx.machine_name(), options_with(&cx, example)?).await?;
                let configured = machine.configure().await;
                let what = format!("SetConfigFromFlags with {}", shown(example));
                if cx.rule("PRE-007").succeeds(&configured, &what) {
                    let checked = machine.session().pre_create_check().await;
                    cx.rule("PRE-007").succeeds(&checked, &format!("PreCreateCheck with {}", shown(example)));
                }
            }
            Ok(())
        })
    },
};

/// The options of the run and those of the example.
fn options_with(cx: &Context, example: &BTreeMap<String, GivenValue>) -> Result<DriverOptions, Stop> {
    let mut options = cx.options()?;
    for flag in cx.flags()? {
        if let Some(value) = example.get(&flag.name) {
            // A front end has compared the types.
            options.insert(&flag.name, value.for_flag(flag).map_err(Stop::Suite)?);
        }
    }
    Ok(options)
}

fn shown(example: &BTreeMap<String, GivenValue>) -> String {
    let options = example.iter().map(|(name, value)| format!("--{name} ({value})"));
    options.collect::<Vec<_>>().join(" and ")
}
