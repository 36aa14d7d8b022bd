//! What a case starts from: a part of the provider, with a machine in the right state.

use std::sync::Arc;

use machine_driver::State;

use super::operation::Operation;
use crate::{
    check::Stop,
    context::Context,
    event::Problem,
    machine::Machine,
    provider::{left_over, objects_of},
    session::Session,
    world::Object,
};

/// A machine in a part of the provider that belongs to it alone.
pub(super) struct Stage {
    sweep: Context,
    cx: Context,
    operation: Operation,
    /// The machine; for `Create` it is configured and saved, and `Create` is the next thing that a host does.
    pub(super) machine: Arc<Machine>,
    /// The provider's objects before there was a machine.
    pub(super) baseline: Vec<Object>,
}

impl Stage {
    /// Sets the stage for `operation`. `label` is unique in the check.
    pub(super) async fn set(sweep: &Context, operation: Operation, label: &str) -> Result<Self, Stop> {
        let cx = sweep.for_case(label, None).await?;
        let prepared = async {
            let baseline = cx.inventory().await?;
            let machine = match operation {
                Operation::Create => about_to_create(&cx).await?,
                _ => cx.created().await?,
            };
            Ok((baseline, machine))
        };
        match prepared.await {
            Ok((baseline, machine)) => Ok(Self { sweep: sweep.clone(), cx, operation, machine, baseline }),
            Err(stop) => {
                cx.end_case(true).await;
                Err(stop)
            }
        }
    }

    /// A context for one case. `Create` goes on in the process that was configured, so it stays in the same context.
    pub(super) async fn context(&self, label: &str) -> Result<Context, Stop> {
        match self.operation {
            Operation::Create => Ok(self.cx.clone()),
            _ => {
                let tenant = Arc::clone(self.cx.tenant());
                self.sweep.for_case(label, Some(tenant)).await
            }
        }
    }

    /// Removes the machine that served for several cases, and ends everything. What is wrong with that is returned.
    pub(super) async fn clear(self, label: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.operation.keeps_the_machine() {
            let outcome = self.machine.in_context(&self.cx).remove().await;
            let rule = self.cx.rule("RM-002");
            if rule.succeeds(&outcome, &format!("Remove after {label}"))
                && let Ok(left) = left_behind(&self.cx, &self.baseline, Patience::Settle).await
                && !left.is_empty()
            {
                rule.broken(
                    format!("the inventory back at the baseline after {label} and Remove"),
                    format!("left behind: {}", objects_of(&left)),
                );
            }
            problems = self.cx.take_problems();
        }
        self.strike().await;
        problems
    }

    /// Ends everything.
    pub(super) async fn strike(self) {
        if self.operation != Operation::Create {
            self.sweep.recorder().absorb(self.cx.recorder().observations());
        }
        self.cx.end_case(true).await;
    }
}

async fn about_to_create(cx: &Context) -> Result<Arc<Machine>, Stop> {
    let machine = cx.configured().await?;
    let checked = machine.session().pre_create_check().await;
    checked.map_err(|error| cx.prerequisite("PreCreateCheck", &error))?;
    let saved = machine.save().await;
    saved.map_err(|error| cx.prerequisite("saving the record", &error))?;
    Ok(machine)
}

/// The process in which the operation is called, with the machine in the state that it starts from.
pub(super) async fn process_for(
    cx: &Context,
    machine: &Machine,
    operation: Operation,
) -> Result<Arc<Session>, Stop> {
    let Some(wanted) = operation.starts_in() else {
        return Ok(machine.session());
    };
    let session = machine.fresh_process().await?;
    if !operation.keeps_the_machine() || session.state().await.is_ok_and(|state| state == wanted) {
        return Ok(session);
    }
    let reached = match wanted {
        State::Stopped => machine.stop().await,
        _ => machine.start().await,
    };
    reached.map_err(|error| cx.prerequisite(&format!("reaching {wanted} before the case"), &error))?;
    machine.fresh_process().await
}

/// How long the provider may take to show that objects are gone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Patience {
    /// After an operation that failed: what it has undone is gone or never will be.
    Undone,
    /// After `Remove`.
    Settle,
}

/// The objects that are not in `baseline`, once they are gone or the provider has had its time.
pub(super) async fn left_behind(
    cx: &Context,
    baseline: &[Object],
    patience: Patience,
) -> Result<Vec<Object>, Stop> {
    let limits = cx.limits();
    let wait = match patience {
        Patience::Undone => limits.undone(),
        Patience::Settle => limits.settle(),
    };
    let gone = limits.machine_waits().until(&wait, || async {
        // A provider that cannot be asked is noticed below.
        let now = cx.tenant().inventory().await.unwrap_or_default();
        Ok(left_over(baseline, &now).is_empty().then_some(()))
    });
    if gone.await.is_ok() {
        return Ok(Vec::new());
    }
    Ok(left_over(baseline, &cx.inventory().await?))
}
