use std::time::Instant;

use futures_util::future::join_all;
use machine_driver::State;
use machine_mock_providers::{
    faults::{FaultKind, When},
    guest::GuestFault,
};

use super::{ended, inject};
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    provider::{left_over, objects_of},
    session::is_crash,
};

/// Reason of a boot that fails.
const REASON: &str = "the disk image of rack K17 is damaged";

pub(super) const FAILED_BOOT_FAILS_CREATE: Check = Check {
    id: "faults::failed_boot_fails_create",
    title: "An instance that fails while it boots makes Create fail, and can be removed",
    clauses: &["FAULT-011", "CREATE-007", "FAULT-008"],
    needs: &[Need::Machine, Need::Inventory, Need::Faults],
    why: "The provider accepted the order, and then the instance goes into its error state.",
    good: "Create fails with the provider's reason; Remove from the record before it leaves nothing.",
    bad: "Create polls for Running until its time is up and returns nil.",
    run: |cx| {
        Box::pin(async move {
            let baseline = cx.inventory().await?;
            let machine = cx.configured().await?;
            let checked = machine.session().pre_create_check().await;
            checked.map_err(|error| cx.prerequisite("PreCreateCheck", &error))?;
            inject(&cx, When::always(), boot_error()).await?;
            let outcome = machine.create_checked().await;
            let hits = cx.tenant().fault_hits().await?;
            cx.tenant().heal().await?;
            if let (Err(error), true) = (&outcome, hits.iter().all(|hits| *hits == 0)) {
                return Err(cx.prerequisite("Create before the instance boots", error));
            }
            ended(&cx, "CREATE-007", "Create", &outcome);
            cx.rule("FAULT-011").fails(&outcome, "Create of an instance that fails while it boots");
            let removed = machine.remove().await;
            if let Err(error) = &removed
                && is_crash(error, cx.offers(Need::Process))
            {
                return Err(cx.prerequisite("Remove", error));
            }
            cx.rule("FAULT-011").succeeds(&removed, "Remove of a machine whose instance failed");
            if let Err(left) = cx.back_to(&baseline).await {
                cx.rule("FAULT-011").broken("the inventory back at the baseline", left);
            }
            Ok(())
        })
    },
};

pub(super) const CREATE_ENDS_WITHOUT_A_BOOT: Check = Check {
    id: "faults::create_ends_without_a_boot",
    title: "Create fails in bounded time if the instance never boots, gets no address, or does not let anybody in",
    clauses: &["CREATE-017", "CREATE-007", "CREATE-020"],
    needs: &[Need::Machine, Need::Inventory, Need::Faults],
    why: "Hosts put no limit on Create.",
    good: "Create gives up after its own deadline, and deletes; nothing appears afterwards.",
    bad: "Create polls for ever, or returns nil for a machine that nobody can reach.",
    run: |cx| {
        Box::pin(async move {
            let attempts = no_boots().into_iter().map(|(what, fault)| {
                let cx = &cx;
                async move {
                    let case = cx.for_case(what, None).await?;
                    let outcome = create_without_boot(&case, what, fault).await;
                    for problem in case.take_problems() {
                        cx.add_problem(problem);
                    }
                    cx.recorder().absorb(case.recorder().observations());
                    if let Some(text) = case.recorder().first_timeout() {
                        cx.recorder().timed_out(text);
                    }
                    let (calls, log) = case.recorder().finish();
                    cx.recorder().adopt(calls, log);
                    case.end_case(true).await;
                    outcome
                }
            });
            join_all(attempts).await.into_iter().collect()
        })
    },
};

pub(super) const START_ENDS_WITHOUT_A_BOOT: Check = Check {
    id: "faults::start_ends_without_a_boot",
    title: "Start ends in bounded time if the guest never boots or gets no address",
    clauses: &["START-010", "START-006"],
    needs: &[Need::Machine, Need::Power, Need::Faults],
    why: "Hosts put no limit on Start.",
    good: "Start fails after its own deadline.",
    bad: "Start polls for ever.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            inject(&cx, When::always(), FaultKind::NeverReady).await?;
            let session = machine.fresh_process().await?;
            let outcome = session.start().await;
            cx.tenant().heal().await?;
            ended(&cx, "START-010", "Start", &outcome);
            if outcome.is_ok() {
                let settled = machine.settle(State::Running).await;
                cx.rule("START-006").succeeds(
                    &settled,
                    "Start of an instance that never boots returned nil, so waiting for Running",
                );
            }
            Ok(())
        })
    },
};

pub(super) const FAILED_START_IS_AN_ERROR: Check = Check {
    id: "faults::failed_start_is_an_error",
    title: "A start that the provider accepts and that fails later is an error of Start",
    clauses: &["FAULT-008", "START-006"],
    needs: &[Need::Machine, Need::Power, Need::Faults],
    why: "\"Accepted\" is not \"done\".",
    good: "The instance goes into its error state; Start fails with the provider's reason.",
    bad: "Start returns nil as soon as the request is accepted, and nobody hears of the rest.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            inject(&cx, When::always(), boot_error()).await?;
            let outcome = machine.fresh_process().await?.start().await;
            cx.tenant().heal().await?;
            cx.rule("FAULT-008").fails(&outcome, "Start of an instance that fails while it starts");
            Ok(())
        })
    },
};

fn boot_error() -> FaultKind {
    FaultKind::BootError { message: Some(REASON.to_owned()) }
}

/// Ways of an instance not to become a machine.
fn no_boots() -> [(&'static str, FaultKind); 4] {
    let guest = |fault| FaultKind::Guest { fault };
    [
        ("never gets ready", FaultKind::NeverReady),
        ("gets no address", FaultKind::NoAddress),
        ("never boots", guest(GuestFault::NeverBoots)),
        ("accepts no key", guest(GuestFault::RejectsKeys)),
    ]
}

/// A Create whose instance does not boot; then Remove, and a look at what appears later.
async fn create_without_boot(cx: &Context, what: &str, fault: FaultKind) -> Result<(), Stop> {
    let baseline = cx.inventory().await?;
    let machine = cx.configured().await?;
    inject(cx, When::always(), fault).await?;
    let outcome = machine.create().await;
    cx.tenant().heal().await?;
    ended(cx, "CREATE-017", "Create", &outcome);
    if outcome.is_ok() {
        // Drivers may leave the wait for the guest to the host; then the host must succeed.
        let works = match machine.settle(State::Running).await {
            Ok(()) if cx.offers(Need::Guest) => machine.guest("exit 0").await.map(drop),
            settled => settled,
        };
        cx.rule("CREATE-007")
            .succeeds(&works, &format!("Create of an instance that {what} returned nil, so using it"));
        return Ok(());
    }
    let _ = machine.remove().await;
    let limits = cx.limits();
    let window = limits.machine_waits().scale(limits.undone().deadline);
    let begun = Instant::now();
    let mut gone = false;
    while begun.elapsed() < window {
        let now = cx.inventory().await?;
        let left = left_over(&baseline, &now);
        if gone && !left.is_empty() {
            cx.rule("CREATE-020").broken(
                format!("nothing that appears after the failed Create of an instance that {what}"),
                objects_of(&left),
            );
            return Ok(());
        }
        gone |= left.is_empty();
        limits.machine_waits().pause(&limits.undone()).await;
    }
    Ok(())
}
