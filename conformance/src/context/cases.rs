//! Parts of a check that have a context of their own: cases of sweeps, and walks.

use std::sync::{Arc, PoisonError, Weak};

use tokio::sync::Semaphore;

use super::{Context, Given};
use crate::{
    check::Stop,
    event::{Sweep, Walks},
    recorder::{Observations, Recorder},
    redact::Redactor,
    session::Session,
    world::{ObservedTenant, Tenant},
};

impl Context {
    /// A context for one case of this check, with a recorder, a folder and, unless `tenant` is given, a part of the
    /// provider of its own. `label` is unique in the check.
    pub(crate) async fn for_case(&self, label: &str, tenant: Option<Arc<dyn Tenant>>) -> Result<Self, Stop> {
        let inner = &self.0;
        let tenant = match tenant {
            Some(tenant) => tenant,
            None => {
                let name = format!("{} {label}", inner.check.id);
                inner.setup.world.tenant(&name).await?
            }
        };
        let private = inner.private.join(label.replace(|c: char| !c.is_ascii_alphanumeric(), "-"));
        tokio::fs::create_dir_all(&private).await.map_err(|error| {
            Stop::Environment(format!("cannot make the folder {}: {error}", private.display()))
        })?;
        let secrets = inner.setup.secrets.iter().cloned().chain(tenant.secrets());
        let recorder = Recorder::new(Arc::new(Redactor::new(secrets)));
        let case = Self::new(Given {
            check: inner.check,
            setup: Arc::clone(&inner.setup),
            facts: Arc::clone(&inner.facts),
            limits: inner.limits.clone(),
            tenant: Arc::new(ObservedTenant::new(tenant, recorder.clone())),
            recorder,
            private,
            earlier: Observations::default(),
            cases: Arc::clone(&inner.cases),
        });
        let mut parts = inner.parts.lock().unwrap_or_else(PoisonError::into_inner);
        parts.retain(|part| part.strong_count() > 0);
        parts.push(Arc::downgrade(&case.0));
        drop(parts);
        Ok(case)
    }

    /// Ends every process of a case, and with `tenant` also its part of the provider.
    pub(crate) async fn end_case(&self, tenant: bool) {
        drop(self.machines());
        for session in self.sessions() {
            session.abandon().await;
        }
        if self.0.setup.keep {
            return;
        }
        // A folder that cannot be deleted now goes with the folder of the check.
        let _ = tokio::fs::remove_dir_all(&self.0.private).await;
        if tenant {
            self.0.tenant.close().await;
        }
    }

    /// Permits for cases: as many run at the same time as checks do.
    pub(crate) fn case_permits(&self) -> &Arc<Semaphore> {
        &self.0.cases
    }

    /// Cases that run at the same time.
    pub(crate) fn jobs(&self) -> usize {
        self.0.setup.jobs.max(1)
    }

    pub(crate) fn set_sweep(&self, sweep: Sweep) {
        *self.0.sweep.lock().unwrap_or_else(PoisonError::into_inner) = Some(sweep);
    }

    pub(crate) fn take_sweep(&self) -> Option<Sweep> {
        self.0.sweep.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn set_walks(&self, walks: Walks) {
        *self.0.walks.lock().unwrap_or_else(PoisonError::into_inner) = Some(walks);
    }

    pub(crate) fn take_walks(&self) -> Option<Walks> {
        self.0.walks.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Every process, also those of cases that were cut off.
    pub(crate) fn sessions(&self) -> Vec<Arc<Session>> {
        let mut sessions =
            std::mem::take(&mut *self.0.sessions.lock().unwrap_or_else(PoisonError::into_inner));
        let parts = std::mem::take(&mut *self.0.parts.lock().unwrap_or_else(PoisonError::into_inner));
        for part in parts.iter().filter_map(Weak::upgrade) {
            sessions.append(&mut part.sessions.lock().unwrap_or_else(PoisonError::into_inner));
        }
        sessions
    }
}
