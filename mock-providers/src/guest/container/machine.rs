//! The handle of a container, and the task that carries out its orders one after the other.

use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, LazyLock},
    time::Duration,
};

use bollard::{
    Docker, body_full,
    container::AttachContainerResults,
    errors::Error,
    query_parameters::{
        AttachContainerOptionsBuilder, StopContainerOptionsBuilder, UploadToContainerOptionsBuilder,
    },
};
use russh::keys::PrivateKey;
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
};

use super::{engine, engine::failed, interfaces, left_over, relay, seed::Seed};
use crate::{
    guest::{
        open_socket::Serve,
        options::{GuestOptions, Interface},
    },
    locked::Locked,
};

/// Seconds that services get before the rest is killed.
const STOP_SECONDS: i32 = 20;
/// Longest time until the containers of guests that are gone are gone, too.
const REMOVAL_LIMIT: Duration = Duration::from_secs(60);

/// Containers that exist or are going to.
static LIVING: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

/// Waits until no guest of this process has a container any more.
pub(crate) async fn removed() -> io::Result<()> {
    let mut living = LIVING.subscribe();
    let none = living.wait_for(|living| *living == 0);
    match tokio::time::timeout(REMOVAL_LIMIT, none).await {
        Ok(_) => Ok(()),
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!(
                "containers of guests are left after {REMOVAL_LIMIT:?}; remove them with: docker rm -fv $(docker ps -aq \
                 --filter label={})",
                left_over::MARK
            ),
        )),
    }
}

/// A container. It is made at its first start. Orders are carried out in their order; those without an answer take
/// effect in the background.
#[derive(Debug)]
pub(crate) struct Container {
    orders: mpsc::UnboundedSender<Order>,
    /// Address while it runs.
    pub(super) address: Arc<Locked<Option<Ipv4Addr>>>,
}

#[derive(Debug)]
enum Order {
    Start { boot_id: String, refuse_keys: bool, answer: oneshot::Sender<io::Result<Running>> },
    Connect(String),
    Stop(oneshot::Sender<()>),
    Kill,
    Pause,
    GoOn,
    Remove,
}

/// A container that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) docker: Docker,
    pub(super) id: String,
    pub(super) output: AttachContainerResults,
}

impl Container {
    /// Plans a container.
    ///
    /// # Errors
    /// When there is no socket of an engine.
    pub(crate) fn new(options: &GuestOptions, host_key: &PrivateKey, runtime: &Handle) -> io::Result<Self> {
        let (orders, receiver) = mpsc::unbounded_channel();
        let worker = Worker {
            docker: engine::connect()?,
            seed: Seed::new(options, host_key)?,
            id: None,
            is_paused: false,
            address: Arc::default(),
            _living: Living::new(),
        };
        let address = Arc::clone(&worker.address);
        runtime.spawn(worker.work(receiver));
        Ok(Self { orders, address })
    }

    /// Starts it, and gives what it says.
    pub(super) async fn start(&self, boot_id: String, refuse_keys: bool) -> io::Result<Running> {
        let (answer, started) = oneshot::channel();
        self.order(Order::Start { boot_id, refuse_keys, answer });
        started.await.unwrap_or_else(|_| Err(io::Error::other("the container was removed before it started")))
    }

    /// Replaces its network interfaces, also while it runs. `own` is the address at which the machine is reached.
    pub(crate) fn connect(&self, interfaces: &[Interface], own: Ipv4Addr) {
        self.order(Order::Connect(interfaces::lines(interfaces, own)));
    }

    /// Ends it in order.
    pub(crate) async fn stop(&self) {
        let (answer, stopped) = oneshot::channel();
        self.order(Order::Stop(answer));
        // Without an answer it is gone, which is as good.
        let _ = stopped.await;
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        self.order(Order::Kill);
    }

    /// Stops all its processes.
    pub(crate) fn pause(&self) {
        self.order(Order::Pause);
    }

    /// Ends a pause.
    pub(crate) fn go_on(&self) {
        self.order(Order::GoOn);
    }

    /// Removes it, with its disk.
    pub(crate) fn remove(&self) {
        self.order(Order::Remove);
    }

    /// Passes connections on to one of its ports.
    pub(crate) fn relay(&self, port: u16) -> Serve {
        relay::to_port(Arc::clone(&self.address), port)
    }

    fn order(&self, order: Order) {
        // After the removal, or the end of the runtime, there is nothing to order.
        let _ = self.orders.send(order);
    }
}

/// Counts a container as living until it is dropped.
struct Living;

impl Living {
    fn new() -> Self {
        LIVING.send_modify(|living| *living += 1);
        Self
    }
}

impl Drop for Living {
    fn drop(&mut self) {
        LIVING.send_modify(|living| *living -= 1);
    }
}

/// Carries out orders.
struct Worker {
    docker: Docker,
    seed: Seed,
    /// Id of the container once there is one.
    id: Option<String>,
    is_paused: bool,
    address: Arc<Locked<Option<Ipv4Addr>>>,
    _living: Living,
}

impl Worker {
    /// Works until the container is removed, or nobody can order anything any more.
    async fn work(mut self, mut orders: mpsc::UnboundedReceiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Start { boot_id, refuse_keys, answer } => {
                    let started = self.start(&boot_id, refuse_keys).await;
                    // Nobody waits any more: the power was cut, and that order follows.
                    let _ = answer.send(started);
                }
                Order::Connect(interfaces) => self.connect(interfaces).await,
                Order::Stop(answer) => {
                    self.stop().await;
                    let _ = answer.send(());
                }
                Order::Kill => self.kill().await,
                Order::Pause => self.pause().await,
                Order::GoOn => self.go_on().await,
                Order::Remove => break,
            }
        }
        self.go_on().await;
        if let Some(id) = &self.id {
            // What is left is found by its label when its owner is dead.
            let _ = left_over::remove_one(&self.docker, id).await;
        }
    }

    async fn start(&mut self, boot_id: &str, refuse_keys: bool) -> io::Result<Running> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => self.create().await?,
        };
        let archive = self.seed.archive(boot_id, refuse_keys)?;
        self.put(&id, archive).await?;
        let attach = AttachContainerOptionsBuilder::new().stream(true).stdout(true).build();
        let output = self
            .docker
            .attach_container(&id, Some(attach))
            .await
            .map_err(|error| failed("listening to a container", &error))?;
        self.docker
            .start_container(&id, None)
            .await
            .map_err(|error| failed("starting a container", &error))?;
        *self.address.lock() = Some(engine::address(&self.docker, &id).await?);
        Ok(Running { docker: self.docker.clone(), id, output })
    }

    /// Unpacks an archive in the root directory.
    async fn put(&self, id: &str, archive: Vec<u8>) -> io::Result<()> {
        let upload = UploadToContainerOptionsBuilder::new().path("/").build();
        self.docker
            .upload_to_container(id, Some(upload), body_full(archive.into()))
            .await
            .map_err(|error| failed("writing files into a container", &error))
    }

    async fn connect(&mut self, interfaces: String) {
        if interfaces == self.seed.interfaces {
            return;
        }
        self.seed.interfaces = interfaces;
        if let (Some(id), Ok(archive)) = (&self.id, self.seed.interfaces_alone()) {
            // A container that does not take them gets them at its next start.
            let _ = self.put(id, archive).await;
        }
    }

    async fn create(&mut self) -> io::Result<String> {
        self.docker = engine::negotiated(self.docker.clone()).await?;
        let body = engine::body(&self.seed.host_name)?;
        let created = self.docker.create_container(None, body).await;
        let id = created.map_err(|error| failed("making a container", &error))?.id;
        self.id = Some(id.clone());
        Ok(id)
    }

    async fn stop(&mut self) {
        self.go_on().await;
        if let Some(id) = &self.id {
            let options = StopContainerOptionsBuilder::new().t(STOP_SECONDS).build();
            if self.docker.stop_container(id, Some(options)).await.is_err() {
                self.kill().await;
            }
        }
        *self.address.lock() = None;
    }

    async fn kill(&mut self) {
        self.go_on().await;
        if let Some(id) = &self.id {
            // One that does not run cannot be killed, and that is what is wanted.
            let _: Result<(), Error> = self.docker.kill_container(id, None).await;
        }
        *self.address.lock() = None;
    }

    async fn pause(&mut self) {
        if let Some(id) = &self.id {
            self.is_paused |= self.docker.pause_container(id).await.is_ok();
        }
    }

    async fn go_on(&mut self) {
        if let (Some(id), true) = (&self.id, self.is_paused) {
            self.is_paused = self.docker.unpause_container(id).await.is_err();
        }
    }
}
