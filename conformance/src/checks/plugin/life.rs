//! A small life cycle, for checks about what a driver does beside its answers.

use std::sync::Arc;

use machine_driver::DriverOptions;

use crate::{
    check::{Need, Stop},
    checks::{
        name::isolation::Isolation,
        persistence::{
            answers::{answers_state_first, local_answers},
            at_rest,
        },
    },
    context::Context,
    machine::Machine,
    session::Session,
};

/// Processes of a run after which one more life cycle shows nothing new.
const ENOUGH_PROCESSES: usize = 250;

/// What was done, and with which processes.
pub(crate) struct Life {
    /// Every process, in order. All have ended, or their machine is removed.
    pub(crate) sessions: Vec<Arc<Session>>,
    /// Private key of the machine, if one was made.
    pub(crate) private_key: Option<String>,
    /// Whether a machine was created.
    pub(crate) created: bool,
}

/// Does with one machine what hosts do, as far as the run allows. Errors are recorded and otherwise ignored: they
/// are the matter of other checks.
pub(crate) async fn live(cx: &Context) -> Result<Life, Stop> {
    let machine = cx.named().await?;
    let mut life = Life { sessions: vec![machine.session()], private_key: None, created: false };
    let accepted = cx.options().is_ok() && machine.configure().await.is_ok();
    if !accepted || !cx.offers(Need::Machine) {
        local_answers(&machine.session()).await;
        return Ok(life);
    }
    cx.admit(machine.name())?;
    life.created = machine.create().await.is_ok();
    life.private_key = private_key(&machine).await;
    if life.created {
        let _ = at_rest(cx, &machine.session()).await;
    }
    if let Ok(session) = machine.fresh_process().await {
        life.sessions.push(Arc::clone(&session));
        answers_state_first(&session).await;
    }
    if life.created && cx.offers(Need::Power) {
        let session = machine.session();
        let _ = session.stop().await;
        let _ = at_rest(cx, &session).await;
        let _ = session.start().await;
        let _ = machine.save().await;
    }
    let _ = machine.remove().await;
    life.sessions.push(machine.session());
    machine.session().close().await;
    Ok(life)
}

/// A life cycle for a check that looks at the whole run, with all sorts of errors, unless other checks made enough
/// of both: machines cost time, and at a real provider money.
pub(crate) async fn live_if_alone(cx: &Context) -> Result<(), Stop> {
    if cx.observations().processes >= ENOUGH_PROCESSES {
        return Ok(());
    }
    provoke(cx).await?;
    live(cx).await?;
    live_refused(cx).await
}

/// Calls that fail with every driver, for the sake of what they say.
async fn provoke(cx: &Context) -> Result<(), Stop> {
    let quiet = Isolation::new(cx).await?;
    let session = cx.process_in(quiet.environment()).await?;
    answers_state_first(&session).await;
    let _ = session.set_config(b"{\"MachineName\":").await;
    let _ = session.set_config(b"[]").await;
    let _ = session.set_config_from_flags(&DriverOptions::new()).await;
    session.close().await;
    Ok(())
}

/// Calls a created machine while the provider refuses the driver's credentials, if the world can do that. The
/// recorder looks at what the errors say.
pub(crate) async fn live_refused(cx: &Context) -> Result<(), Stop> {
    if !cx.offers(Need::Machine) || !cx.offers(Need::Faults) {
        return Ok(());
    }
    let machine = match cx.created().await {
        Ok(machine) => machine,
        // Why it cannot be created is the matter of other checks.
        Err(Stop::Prerequisite(_)) => return Ok(()),
        Err(stop) => return Err(stop),
    };
    cx.tenant().revoke_credentials().await?;
    let session = machine.session();
    answers_state_first(&session).await;
    if cx.offers(Need::Power) {
        let _ = session.stop().await;
    }
    let _ = session.remove().await;
    cx.tenant().heal().await?;
    Ok(())
}

/// The private key, as the driver says where it is.
pub(crate) async fn private_key(machine: &Machine) -> Option<String> {
    let path = machine.session().ssh_key_path().await.ok().filter(|path| !path.is_empty())?;
    // Without a file there is no key to look for.
    tokio::fs::read_to_string(path).await.ok()
}
