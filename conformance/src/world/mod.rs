//! The world: everything around the subject that a check can observe or disturb at the provider.

mod ec2;
mod external;
mod none;
mod observed;
mod provided;
mod template;
mod vbox;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use machine_mock_providers::{
    faults::{FaultKind, FaultPlan, When},
    guest::GuestKind,
    inventory,
    requests::Request,
    vbox::executable::PROGRAM,
};
use serde::{Deserialize, Serialize};

use crate::{check::Need, event::Guests, provider_kind::ProviderKind};

pub use ec2::Ec2World;
pub use external::{Act, ExternalOptions, ExternalWorld};
pub use none::NoWorld;
pub(crate) use observed::ObservedTenant;
pub use provided::{Offer, Supplied, Transition};
pub use template::TemplateWorld;
pub use vbox::VBoxWorld;

/// How long a mock's guest takes to shut down after [`Tenant::slow_shutdown`]: much longer than from the return of `Stop`
/// to the answer of the next `GetState`, also on a busy machine, and shorter than the settle window.
const SLOW_SHUTDOWN: Duration = Duration::from_millis(1000);
/// What the world of this kind will offer to checks, without starting it. `create_machines` is the user's consent to
/// machines that the suite cannot see, `external` the author's commands.
pub fn offers_of(
    kind: ProviderKind,
    create_machines: bool,
    external: Option<&ExternalOptions>,
) -> BTreeSet<Need> {
    match kind {
        ProviderKind::None => NoWorld::new(create_machines).offers(),
        ProviderKind::Template => TemplateWorld::offered(),
        ProviderKind::Ec2 => Ec2World::offered(),
        ProviderKind::Vbox | ProviderKind::VboxMacos => VBoxWorld::offered(),
        ProviderKind::External => external.map(ExternalWorld::offers_of).unwrap_or_default(),
    }
}

/// Pace of machines that are containers: they boot and shut down in seconds.
const CONTAINER_PACE: f64 = 0.2;

/// Pace of a mock provider, from the one that it has with simulated guests.
fn pace_of(guests: GuestKind, simulated: f64) -> f64 {
    match guests {
        GuestKind::Container => CONTAINER_PACE,
        _ => simulated,
    }
}

/// What goes wrong in a world: always the environment's fault, never the driver's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WorldError(pub String);

/// A provider that checks can use.
#[async_trait]
pub trait World: Send + Sync + fmt::Debug {
    /// Word for it in reports, for example `template`.
    fn kind(&self) -> &'static str;

    /// What it offers to checks.
    fn offers(&self) -> BTreeSet<Need>;

    /// How fast its machines live compared with a real provider (1.0).
    fn pace(&self) -> f64;

    /// What its guests are, if it knows.
    fn guests(&self) -> Option<Guests> {
        None
    }

    /// What of the run's machines is still there at its end, for the user to remove.
    fn left_behind(&self) -> Vec<String> {
        Vec::new()
    }

    /// A part of the provider that no other check sees.
    ///
    /// # Errors
    /// If the provider cannot be used.
    async fn tenant(&self, check: &str) -> Result<Arc<dyn Tenant>, WorldError>;
}

/// One check's part of a provider.
#[async_trait]
pub trait Tenant: Send + Sync + fmt::Debug {
    /// Values for the driver's flags: setting `endpoint` is the value of the flag `<driver>-endpoint`.
    fn settings(&self) -> BTreeMap<String, String>;

    /// Variables of every process of the driver, where it is the environment that leads to the provider.
    fn environment(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// Settings that are secret, by name.
    fn secrets(&self) -> BTreeMap<String, String>;

    /// Notes that the check is about to make this machine; again for the same one changes nothing.
    ///
    /// # Errors
    /// Why it may not: the run may make only so many.
    fn admit(&self, _machine: &str) -> Result<(), String> {
        Ok(())
    }

    /// The provider's objects.
    ///
    /// # Errors
    /// If they cannot be listed.
    async fn inventory(&self) -> Result<Vec<Object>, WorldError>;

    /// The requests that the provider got, in order.
    ///
    /// # Errors
    /// If the world keeps no log.
    async fn requests(&self) -> Result<Vec<ProviderRequest>, WorldError>;

    /// The states that instances had, in the order of their changes; empty if the provider does not tell.
    async fn states(&self) -> Vec<StateChange> {
        Vec::new()
    }

    /// Deletes the instance of `machine` behind the driver's back, and nothing else.
    ///
    /// # Errors
    /// If there is none, or the provider refuses.
    async fn delete_instance(&self, machine: &str) -> Result<(), WorldError>;

    /// Powers the instance of `machine` off behind the driver's back.
    ///
    /// # Errors
    /// If there is none, or the provider refuses.
    async fn power_off(&self, machine: &str) -> Result<(), WorldError>;

    /// Gives the instance of `machine` another address.
    ///
    /// # Errors
    /// If there is none, or the provider refuses.
    async fn readdress(&self, machine: &str) -> Result<String, WorldError>;

    /// Stops the guest of `machine` from answering anything, while its instance stays powered on.
    ///
    /// # Errors
    /// If there is none, or the provider cannot do it.
    async fn freeze_guest(&self, machine: &str) -> Result<(), WorldError>;

    /// Replaces the faults that the driver's calls meet; all counters start again.
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn set_faults(&self, plan: FaultPlan) -> Result<(), WorldError> {
        let _ = plan;
        Err(unoffered("inject faults"))
    }

    /// How often each fault of the plan has hit. What a call does in spite of its fault is done when it counts.
    ///
    /// # Errors
    /// If the provider cannot inject faults.
    async fn fault_hits(&self) -> Result<Vec<u32>, WorldError> {
        Err(unoffered("inject faults"))
    }

    /// Whether this fault means anything to the provider; one that is no network service cannot reset connections.
    fn can_inject(&self, fault: &FaultKind) -> bool {
        let _ = fault;
        true
    }

    /// Makes the provider refuse the driver's credentials from now on.
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn revoke_credentials(&self) -> Result<(), WorldError> {
        self.set_faults(FaultPlan::one(When::always(), FaultKind::Unauthorized)).await
    }

    /// Makes the provider answer every call with an internal error from now on.
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn break_provider(&self) -> Result<(), WorldError> {
        let failing = FaultKind::HttpError { status: 500, code: None, message: None, acted: false };
        self.set_faults(FaultPlan::one(When::always(), failing)).await
    }

    /// Ends all faults: undoes [`set_faults`](Self::set_faults), [`revoke_credentials`](Self::revoke_credentials) and
    /// [`break_provider`](Self::break_provider).
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn heal(&self) -> Result<(), WorldError>;

    /// Makes `count` instances of other people, so that lists have several pages.
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn crowd(&self, count: usize) -> Result<(), WorldError> {
        let _ = count;
        Err(unoffered("make instances of others"))
    }

    // What not every provider can do. A world offers the need and implements the method, or neither.

    /// Values that the driver's options have at this provider ([`Need::Catalog`]).
    ///
    /// # Errors
    /// If they cannot be listed.
    async fn catalog(&self) -> Result<Vec<Offer>, WorldError> {
        Err(unoffered("tell the values of options"))
    }

    /// Makes objects of somebody else that have the names which the driver wants for `machine`; at least an instance
    /// ([`Need::Namesakes`]).
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn seed_namesakes(&self, _machine: &str) -> Result<Vec<Object>, WorldError> {
        Err(unoffered("make objects of somebody else"))
    }

    /// Makes objects of a user that the driver can be told to use, for example a key pair, a network, a group of
    /// firewall rules ([`Need::Supplied`]). Files that belong to them, such as a private key, are put into `folder`.
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn supply(&self, _folder: &Path) -> Result<Supplied, WorldError> {
        Err(unoffered("make objects of a user"))
    }

    /// Holds the instance of `machine` between two states until something else is asked of it
    /// ([`Need::Transitions`]).
    ///
    /// # Errors
    /// If there is none, or the provider cannot do it.
    async fn hold(&self, _machine: &str, _transition: Transition) -> Result<(), WorldError> {
        Err(unoffered("hold an instance between two states"))
    }

    /// From now on the provider carries out one change at a time, and refuses others meanwhile as busy; it is busy with
    /// somebody else's when the first one is asked for ([`Need::Busy`]).
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn one_change_at_a_time(&self) -> Result<(), WorldError> {
        Err(unoffered("refuse changes while it carries out another"))
    }

    /// Makes the private addresses of instances that are made from now on lead to them, where they are not addresses of a
    /// network of this computer. Nothing where they are, or where there are none.
    ///
    /// # Errors
    /// If the provider cannot do it.
    async fn make_private_addresses_reachable(&self) -> Result<(), WorldError> {
        Ok(())
    }

    /// From now on networks have IPv6 addresses, and those of new instances lead to them ([`Need::Ipv6`]).
    ///
    /// # Errors
    /// Why they do not.
    async fn give_ipv6(&self) -> Result<(), String> {
        Err(Need::Ipv6.missing().to_owned())
    }

    /// Pauses the instance of `machine` behind the driver's back ([`Need::Pause`]).
    ///
    /// # Errors
    /// If there is none, or the provider cannot do it.
    async fn pause(&self, _machine: &str) -> Result<(), WorldError> {
        Err(unoffered("pause an instance"))
    }

    /// Whether instances can be saved to disk, beside being paused.
    fn can_save(&self) -> bool {
        true
    }

    /// Saves the instance of `machine` to disk behind the driver's back, so that it can go on later ([`Need::Pause`]).
    ///
    /// # Errors
    /// If there is none, or the provider cannot do it.
    async fn save(&self, _machine: &str) -> Result<(), WorldError> {
        Err(unoffered("save an instance"))
    }

    /// Settings that name an image which cannot be downloaded ([`Need::Hypervisor`]).
    ///
    /// # Errors
    /// If the driver downloads none.
    async fn missing_image(&self) -> Result<BTreeMap<String, String>, WorldError> {
        Err(unoffered("name an image that cannot be downloaded"))
    }

    /// Settings that name an image which can be downloaded, `boot2docker-url`, and its SHA-256, `boot2docker-checksum`
    /// ([`Need::Hypervisor`]).
    ///
    /// # Errors
    /// If the provider serves none.
    async fn served_image(&self) -> Result<BTreeMap<String, String>, WorldError> {
        Err(unoffered("serve an image"))
    }

    /// From now on guests of this tenant take a while to shut down, so that a `Stop` that does not wait is seen.
    ///
    /// # Errors
    /// If the provider cannot do it; real ones are slow enough.
    async fn slow_shutdown(&self) -> Result<(), WorldError> {
        Err(unoffered("slow a shutdown down"))
    }

    /// Deletes what the check's machines have left where the tenant is not dropped as a whole. Returns what was done,
    /// and what is still there, in lines for the log.
    async fn sweep(&self) -> Vec<String> {
        Vec::new()
    }

    /// Ends the tenant: everything in it is gone afterwards.
    async fn close(&self);
}

fn unoffered(what: &str) -> WorldError {
    WorldError(format!("this provider cannot {what}"))
}

/// One object of the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[expect(clippy::exhaustive_structs, reason = "worlds fill it in")]
pub struct Object {
    /// Kind, for example `server`, `instance` or `key`.
    pub kind: String,
    /// The provider's id.
    pub id: String,
    /// Name; may be empty.
    pub name: String,
    /// Name of the machine that it belongs to, if the provider knows.
    #[serde(default)]
    pub owner: Option<String>,
    /// Further properties, for example `address` or `state`.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

/// A request that the provider got.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderRequest {
    /// When it came in.
    pub at: Instant,
    /// Duration.
    pub duration: Duration,
    /// What was asked, as reports show it, for example `POST /v1/servers`.
    pub operation: String,
    /// Name of the operation in fault plans, for example `CreateServer`; the same for every object.
    pub name: String,
    /// Body or parameters, as text.
    pub body: String,
    /// Status, for example `201`.
    pub status: String,
    /// Whether it changes anything.
    pub mutating: bool,
    /// Whether the provider refused it.
    pub failed: bool,
    /// The fault that it was made to meet, in the words of fault plans.
    pub fault: Option<String>,
}

/// An instance that is in another state from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "worlds fill it in")]
pub struct StateChange {
    /// When.
    pub at: Instant,
    /// Id of the instance.
    pub instance: String,
    /// The state in the provider's words; `gone` when it exists no more.
    pub state: String,
}

impl From<machine_mock_providers::history::StateChange> for StateChange {
    fn from(change: machine_mock_providers::history::StateChange) -> Self {
        Self { at: change.at, instance: change.instance, state: change.state }
    }
}

impl From<inventory::Object> for Object {
    fn from(object: inventory::Object) -> Self {
        Self {
            kind: object.kind,
            id: object.id,
            name: object.name,
            owner: object.owner,
            attributes: object.attributes,
        }
    }
}

impl From<Request> for ProviderRequest {
    fn from(request: Request) -> Self {
        Self {
            at: request.started,
            duration: request.took,
            operation: asked(&request),
            failed: request.failed(),
            name: request.operation,
            body: request.body,
            status: request.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string()),
            mutating: request.mutating,
            fault: (!request.faults.is_empty()).then(|| request.faults.join(", ")),
        }
    }
}

/// What was asked: a command line, an operation by its name, or a method and a path.
fn asked(request: &Request) -> String {
    if request.method == PROGRAM {
        return format!("{PROGRAM} {}", request.body);
    }
    if request.path == "/" && !request.operation.is_empty() {
        return request.operation.clone();
    }
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
    format!("{} {}{query}", request.method, request.path)
}
