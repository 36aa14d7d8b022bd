use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use machine_mock_providers::{
    faults::{FaultKind, FaultPlan},
    guest::GuestKind,
    vbox::{
        Account, Conditions, Server, ServerOptions, VBoxError, boot2docker_checksum, boot2docker_disk,
        boot2docker_image,
    },
};
use tempfile::TempDir;

use super::{
    Object, ProviderRequest, SLOW_SHUTDOWN, Supplied, Tenant, Transition, World, WorldError, pace_of,
    provided::{Foreign, key_of_a_user},
};
use crate::{check::Need, event::Guests};

/// VMs of the mock boot in milliseconds; libmachine's minutes become seconds.
const PACE: f64 = 0.02;
/// MB; drivers that write every byte of a disk need not write twenty gigabytes for each check.
const DISK_SIZE: u32 = 128;
/// Addresses that VirtualBox allows by itself.
const NETWORK: &str = "192.168.59.1/24";
/// The image behind this address is not there.
const MISSING_IMAGE: &str = "/missing.iso";
/// Name of a user's VM that a driver imports.
const SUPPLIED: &str = "supplied";

/// The suite's own VirtualBox.
///
/// Each check gets an account of its own: another user's registry, with a `VBoxManage` of its own in `PATH`.
#[derive(Clone, Debug)]
pub struct VBoxWorld {
    server: Arc<Server>,
    guests: GuestKind,
    is_macos: bool,
    /// Holds the boot2docker image; deleted with the last handle.
    folder: Arc<TempDir>,
}

impl VBoxWorld {
    /// Starts the state server. `executable` becomes `VBoxManage` for drivers: one that calls
    /// [`run_if_invoked`](machine_mock_providers::vbox::executable::run_if_invoked) first, such as the suite's own.
    ///
    /// # Errors
    /// If it cannot listen on loopback, or files cannot be made.
    pub async fn start(executable: PathBuf) -> Result<Self, WorldError> {
        Self::with(executable, GuestKind::Simulated, false).await
    }

    /// Starts the state server, as [`VBoxWorld::start`] does, with guests of this kind. `is_macos` makes VirtualBox what it
    /// is on macOS since 7.0: with host-only networks instead of interfaces.
    ///
    /// # Errors
    /// If it cannot listen on loopback, files cannot be made, or such guests cannot be made here.
    pub async fn with(executable: PathBuf, guests: GuestKind, is_macos: bool) -> Result<Self, WorldError> {
        let failed = |error: std::io::Error| {
            WorldError(format!("the suite's own VirtualBox cannot be started: {error}"))
        };
        let folder = TempDir::with_prefix("machine-conformance-vbox-").map_err(failed)?;
        let image = folder.path().join("boot2docker.iso");
        tokio::fs::write(image, boot2docker_image()).await.map_err(failed)?;
        let options = ServerOptions {
            executable: Some(executable),
            guest_kind: guests,
            conditions: Conditions { host_only_networks: is_macos, ..Conditions::default() },
            ..ServerOptions::default()
        };
        Ok(Self {
            is_macos,
            server: Arc::new(Server::start(options).await.map_err(failed)?),
            guests,
            folder: Arc::new(folder),
        })
    }
}

impl VBoxWorld {
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
            Need::Hypervisor,
            Need::Parallel,
            Need::Supplied,
            Need::Namesakes,
            Need::Transitions,
            Need::Pause,
        ])
    }
}

#[async_trait]
impl World for VBoxWorld {
    fn kind(&self) -> &'static str {
        if self.is_macos { "vbox-macos" } else { "vbox" }
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
        let account = self.server.account(check).map_err(|error| {
            WorldError(format!("the suite's own VirtualBox has no place for {check}: {error}"))
        })?;
        Ok(Arc::new(VBoxTenant { account, world: self.clone(), foreign: Foreign::default() }))
    }
}

#[derive(Debug)]
struct VBoxTenant {
    world: VBoxWorld,
    account: Account,
    /// Ids of what was made for somebody else: it belongs to no machine, whatever its name is.
    foreign: Foreign,
}

impl From<VBoxError> for WorldError {
    fn from(error: VBoxError) -> Self {
        Self(format!("VirtualBox refuses: {error}"))
    }
}

impl VBoxTenant {
    fn objects(&self) -> Vec<Object> {
        let mut objects = self.foreign.apart(self.account.inventory());
        // A DHCP server has the name of the network that it serves, and serves who is in it.
        let users = objects.iter().filter(|object| object.kind == "hostonlyif");
        let users: BTreeMap<String, String> = users
            .filter_map(|network| {
                let users = network.attributes.get("users")?.clone();
                Some((format!("HostInterfaceNetworking-{}", network.name), users))
            })
            .collect();
        for object in objects.iter_mut().filter(|object| object.kind == "dhcpserver") {
            if let Some(users) = users.get(&object.name) {
                object.attributes.insert("users".to_owned(), users.clone());
            }
        }
        objects
    }

    /// UUID of the VM of a machine: drivers name it after the machine. Somebody else's VM may have the same name.
    fn vm_of(&self, machine: &str) -> Result<String, WorldError> {
        let owned = |object: &Object| object.kind == "vm" && object.owner.as_deref() == Some(machine);
        let found = self.objects().into_iter().find(owned);
        found
            .map(|object| object.id)
            .ok_or_else(|| WorldError(format!("VirtualBox has no VM of the machine {machine}")))
    }
}

#[async_trait]
impl Tenant for VBoxTenant {
    fn settings(&self) -> BTreeMap<String, String> {
        let image = self.world.folder.path().join("boot2docker.iso");
        BTreeMap::from(
            [
                ("boot2docker-url", image.display().to_string()),
                ("disk-size", DISK_SIZE.to_string()),
                ("hostonly-cidr", NETWORK.to_owned()),
                // The processor of this computer runs no VM.
                ("no-vtx-check", "true".to_owned()),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        )
    }

    fn environment(&self) -> BTreeMap<String, String> {
        self.account.environment()
    }

    fn secrets(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    async fn inventory(&self) -> Result<Vec<Object>, WorldError> {
        Ok(self.objects())
    }

    async fn requests(&self) -> Result<Vec<ProviderRequest>, WorldError> {
        let requests = self.account.request_log().into_iter();
        Ok(requests.map(ProviderRequest::from).collect())
    }

    async fn delete_instance(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.delete_vm(&self.vm_of(machine)?)?)
    }

    async fn power_off(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.power_off(&self.vm_of(machine)?)?)
    }

    async fn readdress(&self, machine: &str) -> Result<String, WorldError> {
        Ok(self.account.readdress(&self.vm_of(machine)?)?)
    }

    async fn freeze_guest(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.freeze_guest(&self.vm_of(machine)?)?)
    }

    async fn set_faults(&self, plan: FaultPlan) -> Result<(), WorldError> {
        self.account.set_faults(plan);
        Ok(())
    }

    async fn fault_hits(&self) -> Result<Vec<u32>, WorldError> {
        Ok(self.account.faults().1)
    }

    fn can_inject(&self, fault: &FaultKind) -> bool {
        // Its registry is in one process: it lags behind nowhere.
        !matches!(fault, FaultKind::Stale | FaultKind::Lag { .. })
    }

    async fn heal(&self) -> Result<(), WorldError> {
        self.account.clear_faults();
        Ok(())
    }

    async fn seed_namesakes(&self, machine: &str) -> Result<Vec<Object>, WorldError> {
        let vm = self.account.seed_vm(machine)?;
        Ok(self.foreign.add([vm]))
    }

    /// A VM with a disk that knows the user's key, made as a user makes one.
    async fn supply(&self, folder: &Path) -> Result<Supplied, WorldError> {
        let failed = |what: &str, why: &str| WorldError(format!("cannot make {what} of a user: {why}"));
        let (pair, path) = key_of_a_user(folder).await?;
        let start = boot2docker_disk(pair.public_key());
        let start = start.map_err(|error| failed("a disk", &error.to_string()))?;
        let disk = self.account.machine_folder().join("supplied.vmdk").display().to_string();
        let bytes = (u64::from(DISK_SIZE) << 20).to_string();
        let attach = ["--port", "1", "--device", "0", "--type", "hdd", "--medium", &disk];
        for (call, input) in [
            (vec!["createvm", "--name", SUPPLIED, "--ostype", "Linux26_64", "--register"], Vec::new()),
            (vec!["convertfromraw", "stdin", &disk, &bytes, "--format", "VMDK"], start),
            (vec!["storagectl", SUPPLIED, "--name", "SATA", "--add", "sata"], Vec::new()),
            ([&["storageattach", SUPPLIED, "--storagectl", "SATA"], attach.as_slice()].concat(), Vec::new()),
        ] {
            let done = self.account.run_with_input(call.iter().copied(), input).await;
            if done.exit != 0 {
                return Err(failed("a VM", &done.stderr));
            }
        }
        let made =
            self.account.inventory().into_iter().filter(|object| object.owner.as_deref() == Some(SUPPLIED));
        let settings =
            [("import-boot2docker-vm", SUPPLIED.to_owned()), ("import-key", path.display().to_string())];
        Ok(Supplied {
            objects: self.foreign.add(made),
            settings: settings.map(|(name, value)| (name.to_owned(), value)).into_iter().collect(),
        })
    }

    async fn hold(&self, machine: &str, transition: Transition) -> Result<(), WorldError> {
        let state = match transition {
            Transition::Starting => "starting",
            Transition::Stopping => "stopping",
        };
        Ok(self.account.hold_state(&self.vm_of(machine)?, state)?)
    }

    async fn pause(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.pause(&self.vm_of(machine)?)?)
    }

    async fn save(&self, machine: &str) -> Result<(), WorldError> {
        Ok(self.account.save(&self.vm_of(machine)?)?)
    }

    async fn slow_shutdown(&self) -> Result<(), WorldError> {
        self.account.set_shutdown(SLOW_SHUTDOWN);
        Ok(())
    }

    async fn missing_image(&self) -> Result<BTreeMap<String, String>, WorldError> {
        let url = format!("{}{MISSING_IMAGE}", self.world.server.control_endpoint());
        Ok(BTreeMap::from([("boot2docker-url".to_owned(), url)]))
    }

    async fn served_image(&self) -> Result<BTreeMap<String, String>, WorldError> {
        Ok(BTreeMap::from([
            ("boot2docker-url".to_owned(), self.world.server.image_url()),
            ("boot2docker-checksum".to_owned(), boot2docker_checksum()),
        ]))
    }

    async fn close(&self) {
        self.world.server.close_account(self.account.name());
    }
}
