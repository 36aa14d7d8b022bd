use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use async_trait::async_trait;

use super::{Object, ProviderRequest, Tenant, World, WorldError};
use crate::check::Need;

/// No world: the suite sees the driver and nothing else.
#[derive(Clone, Debug, Default)]
pub struct NoWorld {
    creates: bool,
}

impl NoWorld {
    /// A world that observes nothing. `creates` says that machines may be made, for drivers whose `Create` costs
    /// and changes nothing, or with the user's consent.
    pub fn new(creates: bool) -> Self {
        Self { creates }
    }
}

#[async_trait]
impl World for NoWorld {
    fn kind(&self) -> &'static str {
        "none"
    }

    fn offers(&self) -> BTreeSet<Need> {
        if self.creates { BTreeSet::from([Need::Machine, Need::Parallel]) } else { BTreeSet::new() }
    }

    fn pace(&self) -> f64 {
        1.0
    }

    async fn tenant(&self, _check: &str) -> Result<Arc<dyn Tenant>, WorldError> {
        Ok(Arc::new(Nothing))
    }
}

#[derive(Debug)]
struct Nothing;

fn cannot<T>(what: &str) -> Result<T, WorldError> {
    Err(WorldError(format!("{what} needs a provider, and the run has none (--provider none)")))
}

#[async_trait]
impl Tenant for Nothing {
    fn settings(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    async fn inventory(&self) -> Result<Vec<Object>, WorldError> {
        cannot("listing objects")
    }

    async fn requests(&self) -> Result<Vec<ProviderRequest>, WorldError> {
        cannot("reading the request log")
    }

    async fn delete_instance(&self, _machine: &str) -> Result<(), WorldError> {
        cannot("deleting an instance")
    }

    async fn power_off(&self, _machine: &str) -> Result<(), WorldError> {
        cannot("powering an instance off")
    }

    async fn readdress(&self, _machine: &str) -> Result<String, WorldError> {
        cannot("changing an address")
    }

    async fn freeze_guest(&self, _machine: &str) -> Result<(), WorldError> {
        cannot("freezing a guest")
    }

    async fn heal(&self) -> Result<(), WorldError> {
        cannot("healing the provider")
    }

    async fn close(&self) {}
}
