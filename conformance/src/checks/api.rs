//! How the driver talks to its provider.

mod endpoint;

use std::collections::{BTreeMap, BTreeSet};

use super::plugin::processes::descendants;
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
};

pub(crate) const CHECKS: &[Check] = &[
    RUNS_NO_PROGRAMS,
    MISSING_PROGRAM_IS_NAMED,
    endpoint::CAN_BE_CHANGED,
    endpoint::CERTIFICATES_ARE_VERIFIED,
];

const RUNS_NO_PROGRAMS: Check = Check {
    id: "api::runs_no_programs",
    title: "A cloud driver creates a machine without running other programs",
    clauses: &["API-001"],
    needs: &[Need::Process, Need::Machine, Need::Cloud],
    why: "Programs have versions, settings and outputs of their own, and are missing on other computers.",
    good: "With an empty PATH Create works as always, and no process is started.",
    bad: "Create runs the provider's command line tool.",
    run: |cx| {
        Box::pin(async move {
            let machine = without_programs(&cx).await?;
            let mut seen = BTreeSet::new();
            let (waits, sample) = (cx.limits().process_waits(), cx.limits().sample());
            let outcome = {
                let pid = machine.session().host().map(|host| host.pid());
                let mut create = std::pin::pin!(machine.create());
                loop {
                    tokio::select! {
                        outcome = &mut create => break outcome,
                        () = waits.pause(&sample) => {
                            let started = pid.and_then(descendants).unwrap_or_default();
                            seen.extend(started.into_values());
                        }
                    }
                }
            };
            for program in &seen {
                cx.rule("API-001").broken("no other program", program);
            }
            if let Err(error) = outcome
                && works_with_programs(&cx).await?
            {
                cx.rule("API-001").broken(
                    "Create works with an empty PATH",
                    format!("it works with the ordinary PATH only: {error}"),
                );
            }
            Ok(())
        })
    },
};

const MISSING_PROGRAM_IS_NAMED: Check = Check {
    id: "api::missing_program_is_named",
    title: "A program that the driver needs and does not find is an error of PreCreateCheck",
    clauses: &["API-002"],
    needs: &[Need::Process, Need::Machine],
    why: "Whoever tries a driver for the first time lacks its programs; Create is too late to say so.",
    good: "\"VBoxManage is not installed, or not in PATH\", before anything is made.",
    bad: "PreCreateCheck returns nil, and Create fails with \"exec: not found\".",
    run: |cx| {
        Box::pin(async move {
            let machine = without_programs(&cx).await?;
            let checked = machine.session().pre_create_check().await;
            let failure = match &checked {
                Err(error) => Some(error.to_string()),
                Ok(()) => machine.create().await.err().map(|error| error.to_string()),
            };
            // Without a failure no program is needed.
            let Some(failure) = failure else { return Ok(()) };
            if !works_with_programs(&cx).await? {
                return Err(Stop::Prerequisite(format!(
                    "Create fails with the ordinary PATH as well: {failure}"
                )));
            }
            cx.rule("API-002").holds(
                checked.is_err(),
                "PreCreateCheck fails, because Create needs a program that is not there",
                || format!("PreCreateCheck returned nil, and then Create failed: {failure}"),
            );
            Ok(())
        })
    },
};

/// A configured machine whose driver finds no program by its name.
async fn without_programs(cx: &Context) -> Result<std::sync::Arc<Machine>, Stop> {
    let folder = cx.private_dir().join("no-programs");
    tokio::fs::create_dir_all(&folder)
        .await
        .map_err(|error| Stop::Environment(format!("cannot make {}: {error}", folder.display())))?;
    let environment = BTreeMap::from([("PATH".to_owned(), folder.display().to_string())]);
    let machine = cx.machine_in(environment, cx.machine_name(), cx.options()?).await?;
    machine
        .configure()
        .await
        .map_err(|error| cx.prerequisite("SetConfigFromFlags with an empty PATH", &error))?;
    Ok(machine)
}

/// Whether a machine can be created in the ordinary environment.
async fn works_with_programs(cx: &Context) -> Result<bool, Stop> {
    Ok(cx.configured().await?.create().await.is_ok())
}
