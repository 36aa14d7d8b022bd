//! What must hold after each step, whatever it was.

use machine_driver::Result as DriverResult;

use super::{Action, Situation, walker::Walker};
use crate::{
    check::{Need, Stop},
    context::Context,
    provider::{instances_of, left_over, objects_of},
    session::is_crash,
    world::Object,
};

/// The step that was last.
pub(super) struct Step<'a> {
    /// Where the story stands, in words.
    pub(super) here: String,
    /// The operation of this machine in it, if there was one.
    pub(super) operation: Option<&'a Operation>,
    pub(super) provider_is_up: bool,
    /// Whether the story has no other machine.
    pub(super) alone: bool,
    /// The provider's objects before there was a machine.
    pub(super) baseline: &'a [Object],
}

/// An operation that was called.
pub(super) struct Operation {
    /// Number of the machine, from 1.
    pub(super) machine: usize,
    pub(super) action: Action,
    /// Clause that says what it must do.
    pub(super) clause: &'static str,
    /// Situation before it.
    pub(super) before: Situation,
    /// Whether it returned nil.
    pub(super) nil: bool,
}

/// Looks at one machine: its state, its addresses, its instance and its guest.
///
/// # Errors
/// [`Stop::Environment`] if the provider cannot be looked into.
pub(super) async fn machine(cx: &Context, walker: &mut Walker, step: &Step<'_>) -> Result<(), Stop> {
    if !step.provider_is_up {
        if walker.situation.has_instance() {
            let state = walker.machine.session().state().await;
            let what = format!("{}: GetState while the provider answers with errors", step.here);
            cx.rule("STATE-005").fails(&state, &what);
        }
        return Ok(());
    }
    if let Some(operation) = step.operation
        && operation.action == Action::Remove
        && operation.nil
    {
        removed(cx, walker, step, operation).await;
    }
    if cx.has_problems() || !state(cx, walker, step).await {
        return Ok(());
    }
    addresses(cx, walker, step).await;
    instance(cx, walker, step).await?;
    if walker.situation == Situation::Running
        && cx.offers(Need::Guest)
        && let Some(operation) = step.operation
        && operation.nil
    {
        guest(cx, walker, step, operation).await;
    }
    Ok(())
}

/// `GetState`, which may take the settle window after something was done. Whether the other answers are worth a look.
async fn state(cx: &Context, walker: &Walker, step: &Step<'_>) -> bool {
    let (situation, session) = (walker.situation, walker.machine.session());
    let clause = match step.operation {
        Some(operation) if operation.nil => match operation.clause {
            "CREATE-001" | "IDEM-008" => "CREATE-002",
            clause => clause,
        },
        // Somebody else's operation must not matter.
        None if !step.alone => "CONC-003",
        _ => situation.state_clause(),
    };
    if let Some(wanted) = situation.state() {
        let settled = walker.machine.settle(wanted).await;
        return cx.rule(clause).succeeds(&settled, &format!("{}: waiting for {wanted}", step.here));
    }
    let answer = session.state().await;
    let (right, wanted) = situation.accepts(&answer);
    let got = || match &answer {
        Ok(state) => state.to_string(),
        Err(error) => format!("GetState failed: {error}"),
    };
    if answer.as_ref().is_err_and(|error| is_crash(error, cx.offers(Need::Process))) {
        cx.rule("PLUG-007").broken(format!("{}: GetState answers {wanted}", step.here), got());
        return false;
    }
    let clause = situation.state_clause();
    cx.rule(clause).holds(right, format!("{}: GetState answers {wanted}", step.here), got)
}

/// `GetURL` and `GetIP`.
async fn addresses(cx: &Context, walker: &Walker, step: &Step<'_>) {
    if walker.situation == Situation::HalfMade {
        // Whether there is an address depends on how far Create came.
        return;
    }
    let session = walker.machine.session();
    let (url, ip) = (session.url().await, session.ip().await);
    if walker.situation != Situation::Running {
        let empty = url.as_ref().map_or(true, String::is_empty);
        cx.rule("NET-002")
            .holds(empty, format!("{}: an error of GetURL, or nothing", step.here), || shown(&url));
        cx.rule("NET-005").holds(
            ip.as_ref().map_or(true, |ip| !ip.is_empty()),
            format!("{}: an error of GetIP, or an address", step.here),
            || shown(&ip),
        );
        return;
    }
    let with_url = cx.rule("NET-001").succeeds(&url, &format!("{}: GetURL", step.here));
    let with_ip = cx.rule("NET-004").succeeds(&ip, &format!("{}: GetIP", step.here));
    let (Ok(url), Ok(ip), true) = (&url, &ip, with_url && with_ip) else {
        return;
    };
    if let Some((host, _)) = cx.host_and_port("NET-001", url) {
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        cx.rule("NET-003").equals(&format!("{}: the host in GetURL", step.here), ip, &bare);
    }
    if let Some(address) = &walker.address {
        let what = format!("{}: GetIP after the provider gave another address", step.here);
        cx.rule("NET-006").equals(&what, address, ip);
    }
}

/// What `Remove` must have deleted when it returned nil.
async fn removed(cx: &Context, walker: &Walker, step: &Step<'_>, operation: &Operation) {
    if !step.alone {
        // What belongs to whom is known of instances alone; the rest is looked at in the end.
        let (waits, window) = (cx.limits().machine_waits(), cx.limits().settle());
        let gone = waits.until(&window, || async {
            let now = cx.tenant().inventory().await.unwrap_or_default();
            Ok(instances_with(&now, walker.machine.name()).is_empty().then_some(()))
        });
        let what = format!("{}: waiting until the instance is gone", step.here);
        cx.rule("RM-001").succeeds(&gone.await, &what);
        return;
    }
    let clause = match operation.before {
        Situation::HalfMade => "CREATE-008",
        Situation::Vanished => "RM-009",
        _ => "RM-002",
    };
    if let Err(left) = cx.back_to(step.baseline).await {
        cx.rule(clause).broken(format!("{}: the inventory back at the baseline", step.here), left);
    }
}

/// The instance: there is one and it is the same, or there is none.
async fn instance(cx: &Context, walker: &mut Walker, step: &Step<'_>) -> Result<(), Stop> {
    let mine = instances_with(&cx.inventory().await?, walker.machine.name());
    let created = step
        .operation
        .is_some_and(|operation| operation.action == Action::Create && !operation.before.has_instance());
    match walker.situation {
        Situation::HalfMade => {
            cx.rule("CREATE-014").holds(
                mine.len() <= 1,
                format!("{}: no more than one instance", step.here),
                || objects_of(&mine),
            );
        }
        situation if situation.has_instance() => {
            let clause = if created { "CREATE-001" } else { "CREATE-014" };
            let one = cx
                .rule(clause)
                .holds(mine.len() == 1, format!("{}: one instance", step.here), || objects_of(&mine));
            let Some(instance) = mine.first().filter(|_| one) else {
                return Ok(());
            };
            match &walker.identity {
                Some(identity) if !created => {
                    let what = format!("{}: the id of the instance", step.here);
                    cx.rule("START-012").equals(&what, identity, &instance.id);
                }
                _ => walker.identity = Some(instance.id.clone()),
            }
        }
        situation => {
            let clause = match situation {
                Situation::Removed => "RM-001",
                _ => "START-007",
            };
            cx.rule(clause)
                .holds(mine.is_empty(), format!("{}: no instance", step.here), || objects_of(&mine));
        }
    }
    Ok(())
}

/// The guest after an operation that returned nil: it answers, on the boot and with the disk that it must have.
async fn guest(cx: &Context, walker: &mut Walker, step: &Step<'_>, operation: &Operation) {
    use Action::{Create, Restart, Start};
    let from_nothing = !operation.before.has_instance();
    let (answers, keeps_its_disk) = match operation.action {
        Create if from_nothing => ("CREATE-003", ""),
        Start => ("START-002", "START-009"),
        Restart => ("RST-001", "RST-006"),
        _ => return,
    };
    let booted_anew = operation.action == Restart && operation.before == Situation::Running;
    if let (true, Some(boot)) = (booted_anew, &walker.boot) {
        let changes = cx.boot_id_changes(&walker.machine, boot).await;
        let what = format!("{}: waiting for another boot", step.here);
        if !cx.rule(answers).succeeds(&changes, &what) {
            return;
        }
    }
    let boot = match cx.boot_id(&walker.machine).await {
        Ok(boot) => boot,
        Err(stop) => {
            let what = format!("{}: the guest lets the key in", step.here);
            return cx.rule(answers).broken(what, stop);
        }
    };
    if operation.action == Start && operation.before == Situation::Running {
        let before = walker.boot.clone().unwrap_or_else(|| boot.clone());
        let what = format!("{}: the boot id after Start of a machine that runs", step.here);
        cx.rule("START-005").equals(&what, &before, &boot);
    }
    walker.boot = Some(boot);
    match (&walker.mark, from_nothing) {
        (Some(mark), false) => match cx.disk_mark(&walker.machine).await {
            Ok(now) => {
                let what = format!("{}: the file that was written before", step.here);
                cx.rule(keeps_its_disk).equals(&what, mark, &now);
            }
            Err(stop) => {
                let what = format!("{}: the disk can be read", step.here);
                cx.rule(keeps_its_disk).broken(what, stop);
            }
        },
        _ => match cx.mark_disk(&walker.machine).await {
            Ok(mark) => walker.mark = Some(mark),
            Err(stop) => {
                let what = format!("{}: the disk can be written", step.here);
                cx.rule(answers).broken(what, stop);
            }
        },
    }
}

/// What is true of all objects: those of others stay, and only Create and Remove change which there are.
///
/// # Errors
/// [`Stop::Environment`] if they cannot be listed.
pub(super) async fn objects(
    cx: &Context,
    number: usize,
    operations: &[Operation],
    before: &[Object],
    baseline: &[Object],
    alone: bool,
) -> Result<(), Stop> {
    let now = cx.inventory().await?;
    let called = |action| operations.iter().any(|operation| operation.action == action);
    let clause = match (called(Action::Create), called(Action::Remove)) {
        (true, _) => "CREATE-010",
        (_, true) => "RM-016",
        _ => "CONC-003",
    };
    let lost = left_over(&now, baseline);
    cx.rule(clause).holds(
        lost.is_empty(),
        format!("after step {number}: the objects of others are still there"),
        || format!("gone: {}", objects_of(&lost)),
    );
    if let [operation] = operations
        && alone
        && !matches!(operation.action, Action::Create | Action::Remove)
    {
        let what = format!("after step {number}: the list of objects");
        cx.rule("START-012").equals(&what, &objects_of(before), &objects_of(&now));
    }
    Ok(())
}

/// Waits until nothing is left of all machines.
pub(super) async fn baseline(cx: &Context, baseline: &[Object]) {
    if cx.has_problems() {
        return;
    }
    if let Err(left) = cx.back_to(baseline).await {
        cx.rule("RM-002").broken("the inventory back at the baseline after all machines were removed", left);
    }
}

/// Which of the situations that are right the machine is in.
///
/// # Errors
/// [`Stop::Environment`] if the provider cannot be looked into.
pub(super) async fn observed(
    cx: &Context,
    walker: &Walker,
    candidates: &[Situation],
) -> Result<Situation, Stop> {
    let usual = candidates.first().copied().unwrap_or(walker.situation);
    if candidates.iter().all(|candidate| *candidate == usual) {
        return Ok(usual);
    }
    let mine = instances_with(&cx.inventory().await?, walker.machine.name());
    let state = walker.machine.session().state().await;
    let fits = |candidate: &&Situation| {
        candidate.has_instance() != mine.is_empty()
            && (!candidate.has_instance() || candidate.accepts(&state).0)
    };
    Ok(candidates.iter().find(fits).copied().unwrap_or(usual))
}

/// The instances of a machine, by their owner or name.
fn instances_with(objects: &[Object], machine: &str) -> Vec<Object> {
    let mut instances = instances_of(objects);
    instances.retain(|object| object.owner.as_deref() == Some(machine) || object.name.contains(machine));
    instances
}

fn shown(answer: &DriverResult<String>) -> String {
    match answer {
        Ok(text) => format!("{text:?}"),
        Err(error) => format!("the error {error}"),
    }
}
