//! One account: one user's VirtualBox, and how a call becomes an answer.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Weak},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::body::Bytes;
use tokio::{
    sync::{Notify, watch},
    task::{AbortHandle, spawn_blocking},
};

use super::{
    commands,
    conditions::Conditions,
    disk::HostFiles,
    faults::{self, Script},
    folder::Folder,
    guests::{GuestSettings, Guests},
    input::Input,
    options::ServerOptions,
    request::Incoming,
    state::{Host, VirtualBox},
};
use crate::{
    faults::{Call, FaultKind, FaultPlan},
    guest::SshPort,
    locked::Locked,
    requests::RequestLog,
};

/// An account: one user's VirtualBox. Clones are handles of the same one; it lives as long as its server, or until
/// [`Server::close_account`](super::Server::close_account).
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) tenant: Arc<Tenant>,
}

/// What a call has printed, and its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Exit code.
    pub exit: u8,
}

/// What becomes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It ended.
    Finished(Finished),
    /// The state server went away.
    Lost,
    /// It hangs.
    Stalled,
}

/// What belongs to one token.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) folder: Folder,
    pub(super) contents: Locked<Contents>,
    pub(super) script: Locked<Script>,
    pub(super) log: RequestLog,
    /// Address of the state server and token.
    pub(super) place: String,
    clock: Clock,
    pub(super) conditions: Locked<Conditions>,
    changes: watch::Sender<Changes>,
    /// Changes with the plan of faults: calls that hang under an older one end.
    plans: watch::Sender<()>,
    timer: Locked<Option<AbortHandle>>,
}

/// The installation and what it runs on.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) virtual_box: VirtualBox,
    pub(super) guests: Guests,
    pub(super) files: HostFiles,
}

impl Contents {
    /// Lets everything happen that is due.
    pub(super) fn advance(&mut self, now: Duration) {
        self.act(now, |_, _| ());
    }

    /// Does something at a time, after everything that was due before.
    fn act<R>(&mut self, now: Duration, act: impl FnOnce(&mut VirtualBox, &mut Host<'_>) -> R) -> R {
        let mut host = Host { now, hardware: &mut self.guests, files: &mut self.files };
        self.virtual_box.advance(&mut host);
        act(&mut self.virtual_box, &mut host)
    }
}

/// What those who wait look at.
#[derive(Clone, Copy, Debug, Default)]
struct Changes {
    /// Number of changes, so that each is noticed.
    count: u64,
    /// The account has ended.
    is_over: bool,
}

/// Time since 1970 that never jumps.
#[derive(Clone, Copy, Debug)]
struct Clock {
    began: Instant,
    /// At that moment.
    since_1970: Duration,
}

impl Clock {
    fn start() -> Self {
        Self {
            began: Instant::now(),
            since_1970: SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        }
    }

    fn now(self) -> Duration {
        self.since_1970 + self.began.elapsed()
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.lock().take() {
            timer.abort();
        }
    }
}

impl Tenant {
    pub(super) fn new(
        name: &str,
        token: &str,
        server: SocketAddr,
        options: &ServerOptions,
    ) -> io::Result<Arc<Self>> {
        let folder = Folder::create(options.folder.as_deref(), options.executable.as_deref())?;
        let version = options.conditions.version.split('_').next().unwrap_or_default();
        let virtual_box = VirtualBox::new(options.times, version, &folder.machines());
        let happened = Arc::<Notify>::default();
        let guests = GuestSettings {
            kind: options.guest_kind,
            ssh_port: SshPort::Standard,
            boot: options.times.guest_boot,
            shutdown: options.times.guest_shutdown,
        };
        let tenant = Arc::new(Self {
            name: name.to_owned(),
            folder,
            contents: Locked::new(Contents {
                virtual_box,
                guests: Guests::new(guests, Arc::clone(&happened)),
                files: HostFiles::default(),
            }),
            script: Locked::default(),
            log: RequestLog::default(),
            place: format!("{server}/{token}"),
            clock: Clock::start(),
            conditions: Locked::default(),
            changes: watch::Sender::default(),
            plans: watch::Sender::default(),
            timer: Locked::default(),
        });
        let timer = tokio::spawn(keep_time(Arc::downgrade(&tenant), happened));
        *tenant.timer.lock() = Some(timer.abort_handle());
        tenant.set_conditions(options.conditions.clone());
        Ok(tenant)
    }

    /// Time since 1970.
    pub(super) fn now(&self) -> Duration {
        self.clock.now()
    }

    /// Does something with the installation. Who subscribes to the changes in there notices all later ones, and not this
    /// one.
    pub(super) fn act<R>(&self, act: impl FnOnce(&mut VirtualBox, &mut Host<'_>) -> R) -> R {
        let mut contents = self.contents.lock();
        // Told before it is done: whoever wakes up waits for the lock.
        self.changes.send_modify(|changes| changes.count = changes.count.wrapping_add(1));
        contents.act(self.now(), act)
    }

    /// Changes the state of the installation.
    pub(super) fn set_conditions(&self, conditions: Conditions) {
        self.contents.lock().files.set_full(conditions.disk_full);
        *self.conditions.lock() = conditions;
    }

    /// Replaces the faults.
    pub(super) fn set_faults(&self, plan: FaultPlan) {
        self.script.lock().replace(plan);
        self.plans.send_replace(());
    }

    /// Notices when the plan of faults changes.
    pub(super) fn plans(&self) -> watch::Receiver<()> {
        self.plans.subscribe()
    }

    /// Ends everything that waits.
    pub(super) fn end(&self) {
        self.plans.send_replace(());
        self.changes.send_modify(|changes| changes.is_over = true);
    }

    /// Waits for a time, or until the account ends. Blocks, so it is not for tasks.
    pub(super) fn pause(&self, time: Duration) {
        let mut changes = self.changes.subscribe();
        let over = changes.wait_for(|changes| changes.is_over);
        let runtime = tokio::runtime::Handle::current();
        // Both ways it is over.
        let _ = runtime.block_on(async { tokio::time::timeout(time, over).await.map(drop) });
    }

    /// Looks at the installation.
    pub(super) fn look<R>(&self, look: impl FnOnce(&VirtualBox) -> R) -> R {
        self.contents.lock().act(self.now(), |virtual_box, _| look(virtual_box))
    }

    /// Waits until there is a result; none when the account has ended before. Blocks, so it is not for tasks.
    pub(super) fn wait_for<R>(&self, mut look: impl FnMut(&VirtualBox) -> Option<R>) -> Option<R> {
        let mut changes = self.changes.subscribe();
        let runtime = tokio::runtime::Handle::current();
        loop {
            // Before the look, so that no change between the two is missed.
            let is_over = changes.borrow_and_update().is_over;
            if let Some(result) = self.look(&mut look) {
                return Some(result);
            }
            if is_over {
                return None;
            }
            // The sender is ours, so it is there.
            let _ = runtime.block_on(changes.changed());
        }
    }

    /// Carries a call out.
    pub(super) async fn answer(self: &Arc<Self>, incoming: Incoming, input: Input) -> Answer {
        let line = incoming.line();
        let call = Call {
            operation: &incoming.operation,
            method: super::executable::PROGRAM,
            path: &incoming.object,
            mutating: incoming.mutating,
            body: &line,
        };
        let (faults, hit) = self.script.lock().decide(&call);
        let words = faults.iter().map(|fault| fault.word().to_owned()).collect();
        let entry = self.log.begin(incoming.request(words));
        let acts = faults.iter().all(FaultKind::acts);
        let mut answer = Answer::Stalled;
        if acts {
            let (tenant, incoming, faults) = (Arc::clone(self), incoming.clone(), faults.clone());
            let carried_out = spawn_blocking(move || commands::carry_out(&tenant, &incoming, input, &faults));
            // A panic in there is our defect; the client must not take it for an answer.
            answer = carried_out.await.map_or(Answer::Lost, Answer::Finished);
        }
        // Whoever waits for a hit finds everything done.
        self.script.lock().done(hit);
        for fault in &faults {
            if let FaultKind::Delay { ms } = fault {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
            }
            answer = faults::after(fault, answer, &incoming);
        }
        let (status, printed) = match &answer {
            Answer::Finished(finished) => {
                (Some(u16::from(finished.exit)), format!("{}{}", finished.stdout, finished.stderr))
            }
            Answer::Lost | Answer::Stalled => (None, String::new()),
        };
        self.log.end(entry, status, &Bytes::from(printed));
        answer
    }
}

/// Lets changes happen when they are due, also while nobody asks.
async fn keep_time(tenant: Weak<Tenant>, happened: Arc<Notify>) {
    loop {
        let Some(strong) = tenant.upgrade() else { return };
        // Together: a change between the two would be missed.
        let (next, mut changes) =
            strong.act(|virtual_box, _| (virtual_box.next_change(), strong.changes.subscribe()));
        let pause = next.map(|next| next.saturating_sub(strong.now()));
        // Not held while waiting: the account may be dropped meanwhile, which ends this task.
        drop(strong);
        tokio::select! {
            () = sleep(pause) => {}
            // The sender goes away with the account, which the next round notices.
            _ = changes.changed() => {}
            () = happened.notified() => {}
        }
    }
}

/// Sleeps for a time, or for ever.
async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
