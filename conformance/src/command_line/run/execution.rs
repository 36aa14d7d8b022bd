//! One run or several in one process: the runtime, the signals, the world.

use std::{path::PathBuf, sync::Arc};

use tokio::{
    runtime::Runtime,
    sync::{mpsc, watch},
};

use super::{cost::Cost, note_on_stderr, order::Order};
use crate::{
    check::Check,
    command_line::{failure::Failure, guests, interrupt},
    engine::{self, KEPT, Pause, Setup},
    event::Event,
    facts::Facts,
    provider_kind::ProviderKind,
    report::{Reports, RunRecord},
    subject::PluginSubject,
    world::{Ec2World, ExternalOptions, ExternalWorld, NoWorld, TemplateWorld, VBoxWorld, World, WorldError},
};

/// Runs `checks` in a process of which it is the only work.
pub(crate) fn run_to_end(
    order: Order,
    checks: Vec<&'static Check>,
    reports: Reports,
) -> Result<RunRecord, Failure> {
    let subject = order.subject()?;
    let cost = Cost::of(&order, &checks)?;
    Execution::new()?.run(order, subject, checks, cost, None, reports)
}

/// A runtime with the signals taken over.
#[derive(Debug)]
pub(super) struct Execution {
    runtime: Runtime,
    cancelled: watch::Receiver<bool>,
}

impl Execution {
    pub(super) fn new() -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::environment(format!("cannot start the runtime: {error}")))?;
        let cancelled = {
            let _inside = runtime.enter();
            interrupt::Signals::listen()?.into_cancellation()
        };
        Ok(Self { runtime, cancelled })
    }

    /// Whether the user wants no further run.
    pub(super) fn interrupted(&self) -> bool {
        *self.cancelled.borrow()
    }

    /// Runs something until it is done or the user interrupts it.
    pub(super) fn until_interrupted<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut cancelled = self.cancelled.clone();
        self.runtime.block_on(async {
            tokio::select! {
                done = work => Some(done),
                _ = cancelled.wait_for(|&cancelled| cancelled) => None,
            }
        })
    }

    pub(super) fn run(
        &self,
        order: Order,
        subject: PluginSubject,
        checks: Vec<&'static Check>,
        cost: Cost,
        pause: Option<Arc<dyn Pause>>,
        reports: Reports,
    ) -> Result<RunRecord, Failure> {
        let cancelled = self.cancelled.clone();
        self.runtime.block_on(async {
            let record = run(order, subject, checks, cost, pause, reports, cancelled).await;
            guests::end().await;
            record
        })
    }
}

async fn run(
    order: Order,
    subject: PluginSubject,
    checks: Vec<&'static Check>,
    cost: Cost,
    pause: Option<Arc<dyn Pause>>,
    reports: Reports,
    mut cancelled: watch::Receiver<bool>,
) -> Result<RunRecord, Failure> {
    if let Some(note) = &cost.note {
        note_on_stderr(note);
    }
    let world = start_world(&order, &cost).await?;
    let facts = engine::look_up(&subject, order.timeout_factor).await;
    order.check_flags(&facts)?;
    let (keep, is_mock) = (order.keep, order.provider.is_mock());
    let setup = Setup {
        subject: Arc::new(subject),
        world: Arc::clone(&world),
        checks,
        requirements: order.requirements,
        rerun: order.rerun(),
        known_failures: order.known_failures(),
        description: order.description(),
        lacks: order.lacks(),
        guest_os: order.guest_os(),
        walks: Arc::new(order.walks),
        examples: order.examples,
        flags: order.flags,
        secrets: order.secrets,
        seed: order.seed,
        jobs: order.jobs,
        timeout_factor: order.timeout_factor,
        fail_fast: order.fail_fast,
        keep,
        pause,
    };
    let record = report(setup, facts, reports, cancelled.clone()).await;
    for left in world.left_behind() {
        note_on_stderr(&format!("still at the provider, remove it by hand: {left}"));
    }
    let record = record?;
    if keep && say_what_is_kept(&record, is_mock) && is_mock {
        // An error would mean that nobody can interrupt any more.
        let _ = cancelled.wait_for(|&cancelled| cancelled).await;
    }
    drop(world);
    Ok(record)
}

async fn start_world(order: &Order, cost: &Cost) -> Result<Arc<dyn World>, Failure> {
    guests::require(order.guest_kind).await?;
    let started: Result<Arc<dyn World>, WorldError> = match order.provider {
        ProviderKind::None => Ok(Arc::new(NoWorld::new(order.create_machines))),
        ProviderKind::Template => {
            TemplateWorld::with_guests(order.guest_kind).await.map(|world| Arc::new(world) as _)
        }
        ProviderKind::Ec2 => Ec2World::with_guests(order.guest_kind).await.map(|world| Arc::new(world) as _),
        ProviderKind::Vbox | ProviderKind::VboxMacos => match std::env::current_exe() {
            // This executable is VBoxManage under that name.
            Ok(executable) => {
                let is_macos = order.provider == ProviderKind::VboxMacos;
                let world = VBoxWorld::with(executable, order.guest_kind, is_macos).await;
                world.map(|world| Arc::new(world) as _)
            }
            Err(error) => Err(WorldError(format!("cannot find the executable of the suite: {error}"))),
        },
        ProviderKind::External => {
            // The order has refused a run without commands.
            let options = order.external.clone().unwrap_or_else(|| ExternalOptions::new(PathBuf::new()));
            Ok(Arc::new(ExternalWorld::new(options, cost.machines)))
        }
    };
    started.map_err(|error| Failure::environment(error.to_string()))
}

/// Runs the engine, with the reports on a thread of their own: they write to files and terminals.
async fn report(
    setup: Setup,
    facts: Facts,
    mut reports: Reports,
    cancelled: watch::Receiver<bool>,
) -> Result<RunRecord, Failure> {
    let (sender, mut events) = mpsc::unbounded_channel::<Event>();
    let writing = tokio::task::spawn_blocking(move || {
        while let Some(event) = events.blocking_recv() {
            reports.event(&event);
        }
        reports.finish()
    });
    engine::run(setup, facts, sender, cancelled).await;
    match writing.await {
        Ok(Ok(record)) => Ok(record),
        Ok(Err(errors)) => {
            let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
            Err(Failure::environment(lines.join("; ")))
        }
        Err(error) => Err(Failure::suite(format!("a report broke off: {error}"))),
    }
}

/// Lists what `--keep` left, by check; whether there is anything.
#[expect(clippy::print_stderr, reason = "the command line's notes go to standard error")]
fn say_what_is_kept(record: &RunRecord, is_mock: bool) -> bool {
    let mut any = false;
    for result in &record.checks {
        let notes: Vec<&str> = result.log.iter().filter_map(|line| line.text.strip_prefix(KEPT)).collect();
        if !notes.is_empty() {
            eprintln!("\nkept of {}:", result.id);
            any = true;
        }
        for note in notes {
            eprintln!("  {note}");
        }
    }
    if any && is_mock {
        eprintln!(
            "\nThe machines live in this process. Ctrl-C ends them; the folders stay until you delete them."
        );
    } else if any {
        eprintln!("\nMachines and folders stay until you remove them; machines may cost money.");
    }
    any
}
