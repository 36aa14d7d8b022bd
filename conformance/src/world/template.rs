use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use machine_mock_providers::{
    faults::FaultPlan,
    guest::GuestKind,
    template::{self, Account, ApiError, Server, ServerOptions, ServerState},
};

use super::{
    Object, Offer, ProviderRequest, SLOW_SHUTDOWN, StateChange, Supplied, Tenant, Transition, World,
    WorldError, pace_of, provided::key_of_a_user,
};
use crate::{check::Need, event::Guests};

/// The suite's own server of the fictional cloud that the template driver is written for.
///
/// Each check gets an account of its own.
#[derive(Clone, Debug)]
pub struct TemplateWorld {
    server: Arc<Server>,
    guests: GuestKind,
}

/// Machines of the mock boot in milliseconds; libmachine's minutes become seconds.
const PACE: f64 = 0.02;
/// How long the cloud is busy with one change: longer than a driver needs to send the next one.
const BUSY: Duration = Duration::from_millis(15);
/// Name of the user's key; no machine has it.
const SUPPLIED_KEY: &str = "laptop of a user";

impl TemplateWorld {
    /// Starts the server. Its machines get another address at every start, as in clouds.
    ///
    /// # Errors
    /// If it cannot listen on loopback.
    pub async fn start() -> Result<Self, WorldError> {
        Self::with_guests(GuestKind::Simulated).await
    }

    /// Starts the server, with guests of this kind.
    ///
    /// # Errors
    /// If it cannot listen on loopback, or such guests cannot be made here.
    pub async fn with_guests(guests: GuestKind) -> Result<Self, WorldError> {
        let options =
            ServerOptions { guest_kind: guests, new_address_at_start: true, ..ServerOptions::default() };
        let server = Server::start(options).await.map_err(|error| {
            WorldError(format!("the template cloud cannot be started on loopback: {error}"))
        })?;
        Ok(Self { server: Arc::new(server), guests })
    }
}

impl TemplateWorld {
    /// What the world offers to checks, known before it is started.
    pub(super) fn offered() -> BTreeSet<Need> {
        BTreeSet::from([
            Need::Machine,
            Need::Guest,
            Need::Inventory,
            Need::RequestLog,
            Need::OutOfBand,
            Need::Faults,
            Need::Readdress,
            Need::Secret,
            Need::Cloud,
            Need::Parallel,
            Need::Supplied,
            Need::Namesakes,
            Need::Catalog,
            Need::Transitions,
            Need::Busy,
        ])
    }
}

#[async_trait]
impl World for TemplateWorld {
    fn kind(&self) -> &'static str {
        "template"
    }

    fn offers(&self) -> BTreeSet<Need> {
        Self::offered()
    }

    fn pace(&self) -> f64 {
        pace_of(self.guests, PACE)
    }

    fn guests(&self) -> Option<Guests> {
        Some(self.guests.into())
    }

    async fn tenant(&self, check: &str) -> Result<Arc<dyn Tenant>, WorldError> {
        Ok(Arc::new(TemplateTenant { account: self.server.account(check), server: Arc::clone(&self.server) }))
    }
}

#[derive(Debug)]
struct TemplateTenant {
    server: Arc<Server>,
    account: Account,
}

impl TemplateTenant {
    /// The server of a machine, by the tag that attributes it, or by its name.
    fn server_of(&self, machine: &str) -> Result<String, WorldError> {
        let objects = self.account.inventory();
        let servers = objects.iter().filter(|object| object.kind == "server");
        let id = servers
            .clone()
            .find(|object| object.owner.as_deref() == Some(machine))
            .or_else(|| servers.clone().find(|object| object.name == machine))
            .map(|object| object.id.clone());
        id.ok_or_else(|| WorldError(format!("the template cloud has no server of the machine {machine}")))
    }
}

impl From<ApiError> for WorldError {
    fn from(error: ApiError) -> Self {
        Self(format!("the template cloud refuses: {error}"))
    }
}

#[async_trait]
impl Tenant for TemplateTenant {
    fn settings(&self) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("endpoint".to_owned(), self.server.endpoint()),
            ("token".to_owned(), self.account.token().to_owned()),
        ])
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("token".to_owned(), self.account.token().to_owned())])
    }

    async fn inventory(&self) -> Result<Vec<Object>, WorldError> {
        Ok(self.account.inventory().into_iter().map(Object::from).collect())
    }

    async fn requests(&self) -> Result<Vec<ProviderRequest>, WorldError> {
        let requests = self.account.request_log().into_iter();
        Ok(requests.map(ProviderRequest::from).collect())
    }

    async fn states(&self) -> Vec<StateChange> {
        self.account.states().into_iter().map(StateChange::from).collect()
    }

    async fn delete_instance(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.delete_server(&self.server_of(machine)?)?)
    }

    async fn power_off(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.power_off(&self.server_of(machine)?)?)
    }

    async fn readdress(&self, machine: &str) -> Result<String, WorldError> {
        Ok(self.account.readdress(&self.server_of(machine)?)?)
    }

    async fn freeze_guest(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.freeze_guest(&self.server_of(machine)?)?)
    }

    async fn set_faults(&self, plan: FaultPlan) -> Result<(), WorldError> {
        self.account.set_faults(plan);
        Ok(())
    }

    async fn fault_hits(&self) -> Result<Vec<u32>, WorldError> {
        Ok(self.account.faults().1)
    }

    async fn heal(&self) -> Result<(), WorldError> {
        self.account.clear_faults();
        Ok(())
    }

    async fn crowd(&self, count: usize) -> Result<(), WorldError> {
        Ok(self.account.seed_decoys("somebody-else", count)?)
    }

    async fn catalog(&self) -> Result<Vec<Offer>, WorldError> {
        let closed = |kind: &'static str, value: &str| Offer {
            kind,
            setting: kind,
            value: value.to_owned(),
            shown_as: (kind.to_owned(), value.to_owned()),
            with: BTreeMap::new(),
            closed: true,
        };
        let images = template::images().map(|(image, user)| Offer {
            with: BTreeMap::from([("ssh-user".to_owned(), user.to_owned())]),
            ..closed("image", image)
        });
        let regions = template::regions().map(|region| closed("region", region));
        let sizes = template::sizes().map(|size| closed("size", size));
        let tag = Offer {
            value: "purpose=conformance".to_owned(),
            shown_as: ("tag.purpose".to_owned(), "conformance".to_owned()),
            closed: false,
            ..closed("tag", "")
        };
        Ok(images.chain(regions).chain(sizes).chain([tag]).collect())
    }

    async fn seed_namesakes(&self, machine: &str) -> Result<Vec<Object>, WorldError> {
        let server = self.account.seed_server(machine)?;
        let mut objects = self.inventory().await?;
        objects.retain(|object| object.id == server.id);
        Ok(objects)
    }

    async fn supply(&self, folder: &Path) -> Result<Supplied, WorldError> {
        let (pair, path) = key_of_a_user(folder).await?;
        let key = self.account.seed_public_key(SUPPLIED_KEY, pair.public_key())?;
        let mut objects = self.inventory().await?;
        objects.retain(|object| object.id == key.id);
        let settings = BTreeMap::from([
            ("key".to_owned(), SUPPLIED_KEY.to_owned()),
            ("ssh-key-path".to_owned(), path.display().to_string()),
        ]);
        Ok(Supplied { objects, settings })
    }

    async fn hold(&self, machine: &str, transition: Transition) -> Result<(), WorldError> {
        let state = match transition {
            Transition::Starting => ServerState::Starting,
            Transition::Stopping => ServerState::Stopping,
        };
        Ok(self.account.hold_state(&self.server_of(machine)?, state)?)
    }

    async fn one_change_at_a_time(&self) -> Result<(), WorldError> {
        self.account.one_change_at_a_time(BUSY);
        Ok(())
    }

    async fn slow_shutdown(&self) -> Result<(), WorldError> {
        self.account.slow_shutdown(SLOW_SHUTDOWN);
        Ok(())
    }

    async fn close(&self) {
        self.server.close_account(self.account.name());
    }
}
