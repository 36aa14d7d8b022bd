use std::{any::Any, fmt, future::Future, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use crate::{
    base::BaseDriver,
    error::{Error, ErrorKind, Result},
    flag::Flag,
    log::Log,
    options::DriverFlags,
    ssh::Endpoint,
    state::State,
    wait::Waits,
};

/// A machine driver, as its author writes it.
///
/// A driver is a value: its fields are the machine's record, which hosts store as JSON and hand to a fresh process
/// for every command. Methods that change the machine take `&mut self` and work on a copy of that value; it replaces
/// the published one when the method ends, also when it failed. Everything else is answered from the published
/// value, so that it never waits for a running [`create`](Driver::create) (PLUG-009). A long method shows its
/// progress with [`Context::publish`].
///
/// Methods without a [`Context`] cannot talk to the provider, which is what their clauses demand (NAME-002,
/// FLAG-004, FLAG-011, SSH-012). Ids below name the clauses of the contract that a method must keep;
/// `machine-conformance explain ID` prints them.
pub trait Driver: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The driver's options.
    type Options: DriverFlags;

    /// Name that selects the driver: the executable is `docker-machine-driver-NAME`.
    ///
    /// Constant and lower-case (NAME-001, NAME-003).
    fn driver_name(&self) -> &'static str;

    /// The shared record.
    fn base(&self) -> &BaseDriver;

    /// The shared record, to change it.
    fn base_mut(&mut self) -> &mut BaseDriver;

    /// The flags of `create`: the same for every configuration (FLAG-001 to FLAG-006, FLAG-012).
    fn create_flags(&self) -> Vec<Flag> {
        Self::Options::flags()
    }

    /// Takes over the options of `create`. Called before anything exists, possibly several times (IDEM-004).
    ///
    /// # Errors
    /// An option that is malformed or contradicts another one, named (FLAG-008, FLAG-009, FLAG-014).
    fn set_config_from_flags(&mut self, options: Self::Options) -> Result<()>;

    /// Looks whether `create` can work, without changing anything (PRE-001 to PRE-007).
    ///
    /// # Errors
    /// What stands in the way: credentials, an unknown region or image, a name that is taken.
    fn pre_create_check(&self, cx: &Context) -> impl Future<Output = Result<()>> + Send;

    /// Makes the instance, ready for provisioning over SSH (CREATE-001 to CREATE-020).
    ///
    /// # Errors
    /// Whenever the machine would not be usable; what was made so far is undone, and the first cause is kept.
    fn create(&mut self, cx: &Context) -> impl Future<Output = Result<()>> + Send;

    /// Deletes everything that belongs to the machine and nothing else, from any state (RM-001 to RM-022).
    ///
    /// # Errors
    /// If anything is left, or the provider cannot be asked. An instance that is already gone is no error.
    fn remove(&mut self, cx: &Context) -> impl Future<Output = Result<()>> + Send;

    /// Starts a stopped instance (START-001 to START-012).
    ///
    /// # Errors
    /// If the instance does not come up, or is gone.
    fn start(&mut self, cx: &Context) -> impl Future<Output = Result<()>> + Send;

    /// Stops the instance gracefully (STOP-001 to STOP-009).
    ///
    /// # Errors
    /// If the instance does not stop within a bounded time, or is gone.
    fn stop(&mut self, cx: &Context) -> impl Future<Output = Result<()>> + Send;

    /// Reboots the instance (RST-001 to RST-008).
    ///
    /// # Errors
    /// If the instance does not come back, or is gone.
    fn restart(&mut self, cx: &Context) -> impl Future<Output = Result<()>> + Send;

    /// Stops the instance by force, whatever its guest does (KILL-001 to KILL-007).
    ///
    /// # Errors
    /// If the instance does not stop, or is gone.
    fn kill(&mut self, cx: &Context) -> impl Future<Output = Result<()>> + Send;

    /// State of the instance now, as the provider says (STATE-001 to STATE-014).
    ///
    /// # Errors
    /// If the provider cannot be asked: never a guess.
    fn state(&self, cx: &Context) -> impl Future<Output = Result<State>> + Send;

    /// URL of the engine, `tcp://HOST:PORT` (NET-001 to NET-003, NET-009, NET-014).
    ///
    /// # Errors
    /// [`Error::not_running`] if the machine is not running (NET-002).
    fn url(&self, cx: &Context) -> impl Future<Output = Result<String>> + Send;

    /// Address of the instance (NET-004 to NET-008).
    ///
    /// The default is the recorded address, which is right only where addresses never change.
    ///
    /// # Errors
    /// If the address is unknown.
    fn ip(&self, cx: &Context) -> impl Future<Output = Result<String>> + Send {
        let _ = cx;
        std::future::ready(recorded(&self.base().ip_address, "IP address is not set"))
    }

    /// IPv6 address of the instance; only rancher-machine asks, after [`ip`](Driver::ip) failed.
    ///
    /// # Errors
    /// If the address is unknown.
    fn ipv6(&self, cx: &Context) -> impl Future<Output = Result<String>> + Send {
        let _ = cx;
        std::future::ready(recorded(&self.base().ipv6_address, "IPv6 address is not set"))
    }

    /// Host that SSH connects to: a bare name or address (SSH-006). The default is [`ip`](Driver::ip).
    ///
    /// # Errors
    /// If it is unknown.
    fn ssh_hostname(&self, cx: &Context) -> impl Future<Output = Result<String>> + Send {
        self.ip(cx)
    }

    /// Name of the machine, exactly as configured (NAME-004).
    fn machine_name(&self) -> String {
        self.base().machine_name.clone()
    }

    /// Path of the private key on this file system; empty for none (SSH-002, SSH-003).
    fn ssh_key_path(&self) -> String {
        self.base().ssh_key_path()
    }

    /// Port that SSH is served on (SSH-004, BASE-002).
    fn ssh_port(&self) -> u16 {
        self.base().ssh_port_or_default()
    }

    /// User that SSH logs in as (SSH-005, BASE-002).
    fn ssh_username(&self) -> String {
        self.base().ssh_user_or(BaseDriver::DEFAULT_SSH_USER)
    }

    /// Where and as whom to log in to a guest with the address or name `host`, by the four above.
    fn ssh_endpoint(&self, host: impl Into<String>) -> Endpoint {
        let (port, user, key_path) = (self.ssh_port(), self.ssh_username(), self.ssh_key_path().into());
        Endpoint { host: host.into(), port, user, key_path }
    }
}

fn recorded(value: &str, missing: &str) -> Result<String> {
    if value.is_empty() { Err(Error::new(ErrorKind::Other, missing)) } else { Ok(value.to_owned()) }
}

type Publish = dyn Fn(&dyn Any) + Send + Sync;

/// What a driver method is given: log, waits, and a way to show its progress.
#[derive(Clone)]
pub struct Context {
    log: Log,
    waits: Waits,
    publish: Arc<Publish>,
}

impl Context {
    /// A context; `publish` receives the driver value given to [`Context::publish`].
    pub fn new(log: Log, waits: Waits, publish: impl Fn(&dyn Any) + Send + Sync + 'static) -> Self {
        Self { log, waits, publish: Arc::new(publish) }
    }

    /// A context for unit tests of a driver: no log, waits scaled to `factor`, nothing published.
    pub fn for_tests(factor: f64) -> Self {
        Self::new(Log::discard(), Waits::default().scaled(factor), |_| {})
    }

    /// The driver's log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// How waits are carried out.
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// Makes the working copy of a running method visible to getters and to `GetConfigRaw`.
    ///
    /// Call it after each step that changed the record, for example as soon as an id is known.
    pub fn publish<D: Driver>(&self, driver: &D) {
        (self.publish)(driver);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("waits", &self.waits).finish_non_exhaustive()
    }
}
