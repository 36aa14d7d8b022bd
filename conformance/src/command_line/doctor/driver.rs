//! What a run would do with the driver.

use std::collections::BTreeMap;

use tokio::runtime::Runtime;

use super::{Finding, State};
use crate::{
    command_line::{
        failure::Failure,
        run::{Order, RunArguments},
    },
    engine, selection,
    verdict::{Level, Verdict},
};

const AREA: &str = "the driver";

/// Starts the driver once, asks for its name and flags, and plans a run without carrying it out.
pub(super) fn look(options: &RunArguments, runtime: &Runtime) -> Result<Vec<Finding>, Failure> {
    let order = Order::new(options, &|name| std::env::var(name).ok())?;
    let subject = order.subject()?;
    let program = subject.program().display().to_string();
    let facts = runtime.block_on(engine::look_up(&subject, order.timeout_factor));
    order.check_flags(&facts)?;
    let mut findings = vec![match &facts.failure {
        Some(failure) => Finding::broken(
            AREA,
            "executable",
            format!("{program}: {failure}"),
            "the checks of the group plugin say what is wrong",
        ),
        None => {
            let detail = format!("{program}: {} with {} flags", facts.driver_name, facts.flags.len());
            Finding::works(AREA, "executable", detail, "")
        }
    }];
    findings.extend(plan(options, &order)?);
    Ok(findings)
}

fn plan(options: &RunArguments, order: &Order) -> Result<Vec<Finding>, Failure> {
    let conditions = order.conditions();
    let selected = options.selected(order)?;
    let mut run = Vec::new();
    let mut not_run: BTreeMap<(Verdict, String), usize> = BTreeMap::new();
    for check in &selected {
        match conditions.unmet(check) {
            None => run.push(*check),
            Some(unmet) => *not_run.entry(unmet).or_default() += 1,
        }
    }
    let must = run.iter().filter(|check| selection::level_of(check) == Level::Must).count();
    let detail = format!(
        "a run would execute {} of {} checks, {must} of them about a MUST",
        run.len(),
        selected.len()
    );
    let mut findings = vec![Finding::works(AREA, "plan", detail, &format!("provider {}", order.provider))];
    for ((verdict, reason), count) in not_run {
        let number = crate::report::count(count, "check");
        findings.push(Finding::new(AREA, verdict.word(), State::Note, number, &reason));
    }
    Ok(findings)
}
