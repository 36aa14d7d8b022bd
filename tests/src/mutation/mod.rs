//! Mutation score: how many small changes of a right driver the conformance suite notices, with no other test at hand.
//!
//! `cargo-mutants` thinks the changes up; each is built in a copy of the workspace and judged by
//! `machine-conformance run --fail-fast`. A change that does not build says nothing and is not counted.

mod mutant;
mod score;
mod workshop;

use std::{
    collections::{BTreeMap, VecDeque},
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use self::workshop::Workshop;
pub use self::{
    mutant::Mutant,
    score::{Score, change},
};

/// What is mutated, and who judges.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the executable fills it in")]
pub struct Plan {
    /// Package of the driver; its executable has the same name.
    pub package: String,
    /// Executable `machine-conformance`, of the sources as they are.
    pub suite: PathBuf,
    /// Further arguments of `machine-conformance run`.
    pub arguments: Vec<String>,
    /// Folder for the copies of the workspace and what is built in them.
    pub folder: PathBuf,
    /// Mutants that are judged at the same time, each in a copy of its own; at least 1.
    pub jobs: usize,
    /// A suite that runs longer is ended, and has caught its mutant.
    pub limit: Duration,
}

/// What became of a mutant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
#[non_exhaustive]
pub enum Outcome {
    /// The suite complains, be it with a warning: about the driver without the change it does not.
    Caught {
        /// The checks that do.
        checks: Vec<String>,
    },
    /// The suite did not end in time.
    TimedOut,
    /// The suite has nothing against the driver.
    Survived,
    /// It does not build.
    Unviable,
}

/// Judges the mutants, and tells each outcome.
///
/// # Errors
/// If the workspace cannot be copied or built as it is, the suite complains about the driver as it is, or a process
/// cannot be started.
pub async fn judge(
    plan: &Plan,
    mutants: Vec<Mutant>,
    tell: impl Fn(&Mutant, &Outcome) + Sync,
) -> Result<BTreeMap<String, Outcome>> {
    let waiting = Mutex::new(VecDeque::from(mutants));
    let outcomes = Mutex::new(BTreeMap::new());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let workers = (0..plan.jobs.max(1)).map(|number| {
        let (next, outcomes, tell) = (&next, &outcomes, &tell);
        async move {
            let workshop = Workshop::open(plan, number).await?;
            while let Some(mutant) = next() {
                let outcome =
                    workshop.judge(&mutant).await.with_context(|| format!("the mutant {}", mutant.name))?;
                tell(&mutant, &outcome);
                outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(mutant.name, outcome);
            }
            anyhow::Ok(())
        }
    });
    futures_util::future::try_join_all(workers).await?;
    Ok(outcomes.into_inner().unwrap_or_else(PoisonError::into_inner))
}
