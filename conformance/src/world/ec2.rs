use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use machine_mock_providers::{
    ec2::{self, Account, Ec2Error, Server, ServerOptions, Times},
    faults::FaultPlan,
    guest::GuestKind,
};

use super::{
    Object, Offer, ProviderRequest, SLOW_SHUTDOWN, StateChange, Supplied, Tenant, Transition, World,
    WorldError, pace_of,
    provided::{Foreign, key_of_a_user},
};
use crate::{check::Need, event::Guests};

/// Instances of the mock boot in milliseconds; libmachine's minutes become seconds.
const PACE: f64 = 0.02;
/// Until EC2 cuts the power of a guest that does not shut down: minutes, so that a Kill that waits for it is seen.
const PATIENCE: Duration = Duration::from_secs(2);
/// Port of SSH when nobody says another one.
const USUAL_SSH_PORT: u16 = 22;
/// Port of the engine, as hosts configure it.
const ENGINE_PORT: u16 = 2376;
/// Name of the key pair and of the security group of a user; no machine has it.
const SUPPLIED: &str = "laptop of a user";

/// The suite's own EC2.
///
/// Each check gets an account of its own. All of them use the default region, in which an account sees nothing of
/// another one.
#[derive(Clone, Debug)]
pub struct Ec2World {
    server: Arc<Server>,
    guests: GuestKind,
}

impl Ec2World {
    /// Starts the server.
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
        let options = ServerOptions {
            guest_kind: guests,
            times: Times { stop_timeout: PATIENCE, ..Times::default() },
            ..ServerOptions::default()
        };
        let server = Server::start(options).await.map_err(|error| {
            WorldError(format!("the suite's own EC2 cannot be started on loopback: {error}"))
        })?;
        Ok(Self { server: Arc::new(server), guests })
    }
}

impl Ec2World {
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
            Need::Ipv6,
        ])
    }
}

#[async_trait]
impl World for Ec2World {
    fn kind(&self) -> &'static str {
        "ec2"
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
        Ok(Arc::new(Ec2Tenant {
            account: self.server.account(check),
            server: Arc::clone(&self.server),
            foreign: Foreign::default(),
        }))
    }
}

#[derive(Debug)]
struct Ec2Tenant {
    server: Arc<Server>,
    account: Account,
    foreign: Foreign,
}

impl Ec2Tenant {
    fn objects(&self) -> Vec<Object> {
        self.foreign.apart(self.account.inventory())
    }

    /// The instance of a machine, by the tags that attribute it.
    fn instance_of(&self, machine: &str) -> Result<String, WorldError> {
        let owned = |object: &Object| object.kind == "instance" && object.owner.as_deref() == Some(machine);
        let found = self.objects().into_iter().find(owned);
        found.map(|object| object.id).ok_or_else(|| {
            WorldError(format!("EC2 has no instance of the machine {machine} (by its tag Name)"))
        })
    }
}

impl From<Ec2Error> for WorldError {
    fn from(error: Ec2Error) -> Self {
        Self(format!("EC2 refuses: {error}"))
    }
}

#[async_trait]
impl Tenant for Ec2Tenant {
    fn settings(&self) -> BTreeMap<String, String> {
        let credentials = self.account.credentials();
        let region = self.server.default_region();
        let port = self.server.ssh_port().unwrap_or(USUAL_SSH_PORT);
        BTreeMap::from(
            [
                ("endpoint", self.server.endpoint()),
                ("access-key", credentials.access_key.clone()),
                ("secret-key", credentials.secret_key.clone()),
                ("region", region.to_owned()),
                ("zone", format!("{region}a")),
                ("ami", self.server.usable_image()),
                ("ssh-port", port.to_string()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        BTreeMap::from([("secret-key".to_owned(), self.account.credentials().secret_key.clone())])
    }

    async fn inventory(&self) -> Result<Vec<Object>, WorldError> {
        Ok(self.objects())
    }

    async fn requests(&self) -> Result<Vec<ProviderRequest>, WorldError> {
        let requests = self.account.request_log().into_iter();
        Ok(requests.map(ProviderRequest::from).collect())
    }

    async fn states(&self) -> Vec<StateChange> {
        self.account.states().into_iter().map(StateChange::from).collect()
    }

    async fn delete_instance(&self, machine: &str) -> Result<(), WorldError> {
        // As at AWS the instance is shown as terminated afterwards.
        Ok(self.account.terminate_instance(&self.instance_of(machine)?)?)
    }

    async fn power_off(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.power_off(&self.instance_of(machine)?)?)
    }

    async fn readdress(&self, machine: &str) -> Result<String, WorldError> {
        Ok(self.account.readdress(&self.instance_of(machine)?)?)
    }

    async fn freeze_guest(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.freeze_guest(&self.instance_of(machine)?)?)
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
        let made = self.account.seed_instances("somebody else's", count)?;
        self.foreign.add(made);
        Ok(())
    }

    async fn catalog(&self) -> Result<Vec<Offer>, WorldError> {
        let offer = |kind, setting, shown_as: &str, value: String| Offer {
            kind,
            setting,
            shown_as: (shown_as.to_owned(), value.clone()),
            value,
            with: BTreeMap::new(),
            closed: true,
        };
        let images = ec2::images().map(|(image, user)| Offer {
            with: BTreeMap::from([("ssh-user".to_owned(), user.to_owned())]),
            ..offer("image", "ami", "image", image)
        });
        let types = ec2::instance_types().map(|name| offer("size", "instance-type", "type", name.to_owned()));
        let zones = ec2::zones().map(|zone| offer("zone", "zone", "zone", zone));
        let tags = Offer {
            value: "purpose,conformance".to_owned(),
            shown_as: ("tag.purpose".to_owned(), "conformance".to_owned()),
            closed: false,
            ..offer("tag", "tags", "", String::new())
        };
        Ok(images.chain(types).chain(zones).chain([tags]).collect())
    }

    async fn seed_namesakes(&self, machine: &str) -> Result<Vec<Object>, WorldError> {
        let made = self.account.seed_instances(machine, 1)?;
        Ok(self.foreign.add(made))
    }

    async fn supply(&self, folder: &Path) -> Result<Supplied, WorldError> {
        let (pair, path) = key_of_a_user(folder).await?;
        let port = self.server.ssh_port().unwrap_or(USUAL_SSH_PORT);
        let key = self.account.seed_key_pair(SUPPLIED, pair.public_key());
        let group = self.account.seed_security_group(SUPPLIED, &[port, ENGINE_PORT]);
        let settings = [
            ("keypair-name", SUPPLIED.to_owned()),
            ("ssh-keypath", path.display().to_string()),
            ("security-group", SUPPLIED.to_owned()),
        ];
        Ok(Supplied {
            objects: self.foreign.add([key?, group?].concat()),
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        })
    }

    async fn hold(&self, machine: &str, transition: Transition) -> Result<(), WorldError> {
        let state = match transition {
            Transition::Starting => "pending",
            Transition::Stopping => "stopping",
        };
        Ok(self.account.hold_state(&self.instance_of(machine)?, state)?)
    }

    async fn make_private_addresses_reachable(&self) -> Result<(), WorldError> {
        self.account.make_private_addresses_reachable();
        Ok(())
    }

    async fn give_ipv6(&self) -> Result<(), String> {
        if !Server::ipv6_is_local() {
            let network = Server::ipv6_network();
            return Err(format!(
                "IPv6 addresses of instances do not lead to this machine; on Linux they do after \
                 `ip -6 route add local {network} dev lo`, as root"
            ));
        }
        self.account.give_ipv6();
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
