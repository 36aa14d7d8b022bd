//! One machine of a story: what the suite knows of it, and how things are done to it.

use std::sync::Arc;

use machine_driver::{Error, Result};
use tokio::sync::watch;

use super::{Action, Processes, Situation};
use crate::{check::Stop, context::Context, machine::Machine, overlap, session::Session};

/// A machine of a story.
pub(super) struct Walker {
    /// Its number in the story, from 1.
    pub(super) number: usize,
    pub(super) machine: Arc<Machine>,
    pub(super) situation: Situation,
    /// Id of its instance, from Create on.
    pub(super) identity: Option<String>,
    /// Boot id of its guest, as it was last seen.
    pub(super) boot: Option<String>,
    /// What was written to its disk.
    pub(super) mark: Option<String>,
    /// Address that the provider gave it behind the driver's back, until something may have changed it.
    pub(super) address: Option<String>,
}

/// What came of an operation.
pub(super) struct Attempt {
    /// What it returned.
    pub(super) outcome: Result<()>,
    /// What a getter beside it met that must not happen.
    pub(super) beside: Option<String>,
    /// What a host has to do before or after, and cannot: start a process with the saved record, or save it.
    pub(super) trouble: Option<String>,
}

impl Walker {
    /// A machine that is configured and not created.
    pub(super) async fn begin(cx: &Context, number: usize) -> Result<Self, Stop> {
        let machine = cx.configured().await?;
        let saved = machine.save().await;
        saved.map_err(|error| cx.prerequisite("saving the record", &error))?;
        Ok(Self {
            number,
            machine,
            situation: Situation::Absent,
            identity: None,
            boot: None,
            mark: None,
            address: None,
        })
    }

    /// Carries an operation out as a host does.
    pub(super) async fn operate(
        &mut self,
        cx: &Context,
        processes: Processes,
        action: Action,
        getters: bool,
    ) -> Attempt {
        let session = match self.process_for(processes, action).await {
            Ok(session) => session,
            Err(stop) => return Attempt::troubled(format!("a process for {}: {stop}", action.told())),
        };
        self.address = None;
        let (done, finished) = watch::channel(false);
        let operation = async {
            let outcome = self.call(&session, action).await;
            // Without getters nobody listens.
            let _ = done.send(true);
            outcome
        };
        let name = self.machine.name().to_owned();
        let (outcome, beside) = if getters {
            tokio::join!(operation, overlap::getters_until(cx, Arc::clone(&session), name, finished))
        } else {
            (operation.await, None)
        };
        let trouble = self.after(action, &outcome).await;
        Attempt { outcome, beside, trouble }
    }

    async fn process_for(&mut self, processes: Processes, action: Action) -> Result<Arc<Session>, Stop> {
        match (action, self.situation) {
            (Action::Create, Situation::Absent) => Ok(self.machine.session()),
            (Action::Create, Situation::Removed) => {
                self.machine = self.machine.anew().await?;
                let session = self.machine.session();
                let configured = self.machine.configure().await;
                configured.map_err(|error| Stop::Prerequisite(format!("SetConfigFromFlags: {error}")))?;
                let saved = self.machine.save().await;
                saved.map_err(|error| Stop::Prerequisite(format!("saving the record: {error}")))?;
                Ok(session)
            }
            _ if processes == Processes::Fresh => self.machine.fresh_process().await,
            _ => Ok(self.machine.session()),
        }
    }

    async fn call(&self, session: &Session, action: Action) -> Result<()> {
        match action {
            Action::Create => {
                // Hosts check before each Create that makes something; what exists already would fail the check.
                if matches!(self.situation, Situation::Absent | Situation::Removed) {
                    session.pre_create_check().await?;
                }
                session.create().await
            }
            Action::Start => session.start().await,
            Action::Stop => session.stop().await,
            Action::Kill => session.kill().await,
            Action::Restart => session.restart().await,
            Action::Remove => session.remove().await,
            _ => Ok(()),
        }
    }

    /// After nil the record is saved, after an error the process ends and the next one gets the record that was saved
    /// last. After `Remove` the record stays for those who call it again.
    async fn after(&self, action: Action, outcome: &Result<()>) -> Option<String> {
        let told = action.told();
        match outcome {
            Ok(()) if action == Action::Remove => None,
            Ok(()) => {
                let saved = self.machine.save().await;
                saved.err().map(|error| format!("saving the record after {told}: {error}"))
            }
            Err(_) => {
                let fresh = self.machine.fresh_process().await;
                fresh.err().map(|stop| format!("a process after {told} failed: {stop}"))
            }
        }
    }

    /// Ends the process without a word and gives its record to another one.
    pub(super) async fn new_process(&self) -> Option<String> {
        let record = match self.machine.session().config().await {
            Ok(record) => record,
            Err(error) => return Some(format!("GetConfigRaw: {error}")),
        };
        self.machine.session().abandon().await;
        let fresh = self.machine.fresh_process_with(&record).await;
        fresh.err().map(|stop| format!("a new process: {stop}"))
    }
}

impl Attempt {
    fn troubled(trouble: String) -> Self {
        Self { outcome: Err(Error::remote(trouble.clone())), beside: None, trouble: Some(trouble) }
    }
}
