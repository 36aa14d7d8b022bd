//! Faults of the provider that last, or come at a moment that a sweep does not know.

mod answers;
mod boot;
mod create;
mod power;

use machine_driver::Error;
use machine_mock_providers::faults::{Fault, FaultKind, FaultPlan, When};

use crate::{
    check::{Check, Stop},
    context::Context,
    session::hit_the_limit,
};

pub(crate) const CHECKS: &[Check] = &[
    answers::LIMITED_CALLS_ARE_SPACED,
    answers::REFUSED_CONNECTIONS_ARE_ERRORS,
    answers::SILENCE_ENDS,
    answers::NONSENSE_IS_AN_ERROR,
    answers::EMPTY_LIST_MEANS_GONE,
    answers::PRE_CREATE_CHECK_NOTICES,
    create::LATE_OBJECTS_ARE_WAITED_FOR,
    create::ROLL_BACK_SPARES_OTHERS,
    create::CAUSE_SURVIVES_THE_ROLL_BACK,
    create::MANY_PAGES_ARE_READ,
    boot::FAILED_BOOT_FAILS_CREATE,
    boot::CREATE_ENDS_WITHOUT_A_BOOT,
    boot::START_ENDS_WITHOUT_A_BOOT,
    boot::FAILED_START_IS_AN_ERROR,
    power::EXPIRED_CREDENTIALS_CHANGE_NOTHING,
    power::HALF_A_RESTART_IS_AN_ERROR,
    power::STATE_DOES_NOT_FLAP,
    power::ADDRESS_WHEN_STOPPED_IS_QUICK,
];

/// Sets one fault for all calls that `when` means.
async fn inject(cx: &Context, when: When, then: FaultKind) -> Result<(), Stop> {
    inject_plan(cx, Fault::new(when, then).into()).await
}

/// Sets a plan, if the provider knows all of its faults.
async fn inject_plan(cx: &Context, plan: FaultPlan) -> Result<(), Stop> {
    if let Some(fault) = plan.faults.iter().find(|fault| !cx.tenant().can_inject(&fault.then)) {
        return Err(Stop::NotTested(format!("this provider has no fault of the kind {}", fault.then.word())));
    }
    Ok(cx.tenant().set_faults(plan).await?)
}

/// Expects that a method did not hang. Whether it failed is a matter of its own.
fn ended(cx: &Context, clause: &'static str, method: &str, outcome: &Result<(), Error>) {
    if let Err(error) = outcome
        && hit_the_limit(method, error)
    {
        cx.rule(clause).broken(format!("an end of {method}"), error);
    }
}
