//! `machine-conformance run`

mod assignment;
mod order;
mod values;

use std::{io, path::PathBuf, sync::Arc};

use clap::{Args, builder::TypedValueParser};
use tokio::sync::{mpsc, watch};

use self::{assignment::Assignment, order::Order};
use super::{failure::Failure, interrupt, list::SelectionArguments, terminal_width};
use crate::{
    checks::{self, KNOWN_STORIES},
    engine::{self, Setup},
    event::Event,
    facts::Facts,
    model::{MOST_STEPS, MOST_WALKS},
    provider_kind::ProviderKind,
    report::{
        ReportTarget, Reports, RunRecord,
        terminal::{Progress, Terminal},
    },
    selection::Selection,
    stable_output::StableOutput,
    subject::PluginSubject,
    verdict::Level,
    world::{Ec2World, NoWorld, TemplateWorld, World, WorldError},
};

const EXAMPLES: &str = "\
Examples:
  machine-conformance run ./docker-machine-driver-acme
  machine-conformance run ./docker-machine-driver-template --provider template
  machine-conformance run --profile conformance.toml --level must --report junit=conformance.xml
  machine-conformance run ./docker-machine-driver-acme --only remove --seed 5121";

/// Options of `run`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct RunArguments {
    /// The driver's executable; by default the `command` of the profile
    #[arg(value_name = "DRIVER")]
    driver: Option<PathBuf>,

    /// The driver's description; by default conformance.toml, if no DRIVER is given
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    /// Who plays the provider
    #[arg(long, value_name = "PROVIDER", value_enum)]
    provider: Option<ProviderKind>,

    /// Let the run create machines although it cannot see the provider: what a driver leaves behind, stays
    #[arg(long)]
    create_machines: bool,

    /// Value of a flag of the driver, without dashes; repeat it for a list
    #[arg(
        long = "flag",
        value_name = "NAME=VALUE",
        help_heading = "Driver",
        allow_hyphen_values = true
    )]
    flags: Vec<Assignment>,

    /// Environment variable of the driver's process
    #[arg(long = "env", value_name = "NAME=VALUE", help_heading = "Driver")]
    environment: Vec<Assignment>,

    /// Flag or environment variable whose value is hidden everywhere, beside those that are called token, secret,
    /// password and the like
    #[arg(long = "secret", value_name = "NAME", help_heading = "Driver")]
    secrets: Vec<String>,

    #[command(flatten)]
    selection: SelectionArguments,

    /// Checks that run at the same time; by default four per processor, at most 16
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Run")]
    jobs: Option<u16>,

    /// Seed of every random choice, to repeat a run; by default a random one
    #[arg(long, value_name = "N", help_heading = "Run")]
    seed: Option<u64>,

    /// Factor for every limit and wait of the suite, for slow machines
    #[arg(long, value_name = "F", value_parser = factor, help_heading = "Run")]
    timeout_factor: Option<f64>,

    /// Random walks of one machine; those of several machines and with parallel calls are a third of it each
    #[arg(long, value_name = "N", value_parser = at_most(MOST_WALKS), help_heading = "Walks")]
    walks: Option<usize>,

    /// Steps of a walk
    #[arg(long, value_name = "N", value_parser = at_most(MOST_STEPS), help_heading = "Walks")]
    walk_length: Option<usize>,

    /// Folder of stories: those in it are carried out first, and walks that fail are saved in it
    #[arg(long, value_name = "FOLDER", help_heading = "Walks")]
    corpus: Option<PathBuf>,

    /// Carry out this story and nothing else; may be repeated
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "skip", "walks", "corpus"], help_heading = "Walks")]
    replay: Vec<PathBuf>,

    /// Leave machines, folders and processes of the checks for inspection
    #[arg(long, help_heading = "Run")]
    keep: bool,

    /// File of known failures, beside those of the profile; one that passes is stale and fails the run
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,

    /// Write a report; `-` as PATH is standard output; may be repeated. Formats: html, json, junit, tap, sarif, markdown,
    /// github (without =PATH in a step of GitHub Actions), badge (.svg, or .json for shields.io), events, submission (a
    /// folder)
    #[arg(long = "report", value_name = "FORMAT=PATH", help_heading = "Run")]
    reports: Vec<ReportTarget>,

    /// Replace what differs from run to run: times, ports, temporary paths, the seed
    #[arg(long, hide = true)]
    stable_output: bool,
}

fn factor(text: &str) -> Result<f64, String> {
    let most = crate::profile::MAX_WAIT_FACTOR;
    text.parse()
        .ok()
        .filter(|factor| *factor > 0.0 && *factor <= most)
        .ok_or_else(|| format!("write a number above 0 and at most {most}"))
}

/// Numbers from 1 to `most`.
fn at_most(most: usize) -> impl TypedValueParser<Value = usize> {
    clap::value_parser!(u64)
        .range(1..=most as u64)
        .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

impl RunArguments {
    pub(super) fn execute(&self) -> Result<u8, Failure> {
        let selection = if self.replay.is_empty() {
            self.selection.selection()
        } else {
            Selection::new(vec![KNOWN_STORIES.to_owned()], Vec::new(), Level::May)
        };
        let selected = selection.apply(checks::all())?;
        let order = Order::new(self, &|name| std::env::var(name).ok())?;
        for note in &order.notes {
            note_on_stderr(note);
        }
        let subject = order.subject()?;
        let reports = self.open_reports(order.seed)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::environment(format!("cannot start the runtime: {error}")))?;
        let record = runtime.block_on(run(order, selected, subject, reports))?;
        Ok(record.summary.exit_code)
    }

    fn open_reports(&self, seed: u64) -> Result<Reports, Failure> {
        let mut reports = Reports::new();
        let on_stdout = self.reports.iter().filter(|target| target.is_stdout()).count();
        if on_stdout > 1 {
            return Err(Failure::usage("only one report can go to standard output"));
        }
        if self.stable_output {
            let folder = std::env::current_dir()
                .map(|folder| folder.display().to_string())
                .unwrap_or_default();
            reports.stabilise(StableOutput::new(seed, [(folder, "FOLDER".to_owned())]));
        }
        let names = self
            .reports
            .iter()
            .filter(|target| !target.is_stdout())
            .map(ToString::to_string)
            .collect();
        // The terminal report makes way for one that is to be piped.
        let terminal: Box<dyn crate::report::Report> = if on_stdout > 0 {
            Box::new(self.terminal(anstream::AutoStream::auto(io::stderr()), names))
        } else {
            Box::new(self.terminal(anstream::AutoStream::auto(io::stdout()), names))
        };
        reports.add("terminal", terminal);
        for target in &self.reports {
            reports.add(target.to_string(), target.open()?);
        }
        Ok(reports)
    }

    fn terminal<W: io::Write>(&self, writer: W, other_reports: Vec<String>) -> Terminal<W> {
        let terminal = Terminal::new(writer, terminal_width()).with_other_reports(other_reports);
        match Progress::on_stderr() {
            Some(progress) if !self.stable_output => terminal.with_progress(progress),
            _ => terminal,
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the command line's notes go to standard error"
)]
fn note_on_stderr(note: &str) {
    eprintln!("note: {note}");
}

async fn run(
    order: Order,
    selected: Vec<&'static crate::check::Check>,
    subject: PluginSubject,
    reports: Reports,
) -> Result<RunRecord, Failure> {
    let cancelled = interrupt::Signals::listen()?.into_cancellation();
    let world = start_world(&order).await?;
    let facts = engine::look_up(&subject, order.timeout_factor).await;
    order.check_flags(&facts)?;
    let setup = Setup {
        subject: Arc::new(subject),
        world,
        checks: selected,
        rerun: order.rerun(),
        known_failures: order.known_failures(),
        description: order.description(),
        lacks: order.lacks(),
        guest_os: order.guest_os(),
        walks: Arc::new(order.walks),
        flags: order.flags,
        secrets: order.secrets,
        seed: order.seed,
        jobs: order.jobs,
        timeout_factor: order.timeout_factor,
        keep: order.keep,
    };
    report(setup, facts, reports, cancelled).await
}

async fn start_world(order: &Order) -> Result<Arc<dyn World>, Failure> {
    let started: Result<Arc<dyn World>, WorldError> = match order.provider {
        ProviderKind::None => Ok(Arc::new(NoWorld::new(order.create_machines))),
        ProviderKind::Template => TemplateWorld::start().await.map(|world| Arc::new(world) as _),
        ProviderKind::Ec2 => Ec2World::start().await.map(|world| Arc::new(world) as _),
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

#[cfg(test)]
mod tests;
