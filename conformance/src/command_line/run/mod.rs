//! `machine-conformance run`

mod again;
mod assignment;
mod cost;
mod execution;
mod order;
mod pause;
mod runs;
mod values;
mod watch;

use std::{io, path::PathBuf, sync::Arc};

use clap::{Args, Parser, builder::TypedValueParser};

use self::{
    again::{AgainArguments, Failed},
    assignment::Assignment,
    pause::AtTerminal,
    runs::Runs,
};
pub(crate) use self::{execution::run_to_end, order::Order};
use super::{failure::Failure, guests::GuestArgument, list::SelectionArguments, terminal_width};
use crate::{
    check::Check,
    checks::{self, KNOWN_STORIES},
    engine::Pause,
    model::{MOST_STEPS, MOST_WALKS},
    provider_kind::ProviderKind,
    report::{
        Report, ReportTarget, Reports,
        terminal::{Progress, Terminal},
    },
    selection::Selection,
    spec::RequirementSet,
    stable_output::StableOutput,
    verdict::Level,
};

const EXAMPLES: &str = "\
Examples:
  machine-conformance run ./docker-machine-driver-acme
  machine-conformance run ./docker-machine-driver-template --provider template
  machine-conformance run ./docker-machine-driver-template --provider template --guest container
  machine-conformance run --profile conformance.toml --level must --report junit=conformance.xml
  machine-conformance run ./docker-machine-driver-acme --only remove --seed 5121";

/// Options of `run`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArguments {
    /// The driver's executable; by default the `command` of the profile
    #[arg(value_name = "DRIVER")]
    driver: Option<PathBuf>,

    /// The driver's description; by default conformance.toml, if no DRIVER is given
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,

    /// Who plays the provider
    #[arg(long, value_name = "PROVIDER", value_enum)]
    provider: Option<ProviderKind>,

    /// What guests of the suite's own providers are: simulated by default, or containers with a real Debian, which need a
    /// local Docker engine
    #[arg(long, value_name = "GUEST", value_enum)]
    guest: Option<GuestArgument>,

    /// A docker-machine or rancher-machine, by its path or its name in PATH, to try the driver in as users do
    #[arg(long, value_name = "PROGRAM")]
    host: Option<PathBuf>,

    /// Let the run create machines although it cannot see the provider: what a driver leaves behind, stays
    #[arg(long)]
    create_machines: bool,

    /// Let the run create machines at a provider that may charge for them; the note before the run says how many
    #[arg(long)]
    yes_this_costs_money: bool,

    /// Value of a flag of the driver, without dashes; repeat it for a list
    #[arg(long = "flag", value_name = "NAME=VALUE", help_heading = "Driver", allow_hyphen_values = true)]
    flags: Vec<Assignment>,

    /// Environment variable of the driver's process
    #[arg(long = "env", value_name = "NAME=VALUE", help_heading = "Driver")]
    environment: Vec<Assignment>,

    /// Flag or environment variable whose value is hidden everywhere, beside those that are called token, secret,
    /// password and the like
    #[arg(long = "secret", value_name = "NAME", help_heading = "Driver")]
    secrets: Vec<String>,

    /// What is asked of the driver: a frozen version of the specification, for docker-machine or rancher-machine
    #[arg(long = "spec", value_name = "VERSION", value_parser = requirements, help_heading = "Selection")]
    requirements: Option<&'static RequirementSet>,

    #[command(flatten)]
    selection: SelectionArguments,

    /// Checks that run at the same time; by default four per processor, at most 16
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256), help_heading = "Run")]
    jobs: Option<u16>,

    /// Seed of every random choice, to repeat a run; by default a random one
    #[arg(long, value_name = "N", env = "MACHINE_CONFORMANCE_SEED", hide_env = true, help_heading = "Run")]
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

    /// Start no further check after one that makes the driver not conformant
    #[arg(long, help_heading = "Run")]
    fail_fast: bool,

    /// Leave the machines and folders of the checks, and say how to log in; mock providers wait for Ctrl-C
    #[arg(long, help_heading = "Run")]
    keep: bool,

    /// When a check fails, wait for the Enter key before its machines are removed
    #[arg(long, conflicts_with = "keep", help_heading = "Run")]
    pause_on_failure: bool,

    #[command(flatten)]
    again: AgainArguments,

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

fn requirements(name: &str) -> Result<&'static RequirementSet, String> {
    RequirementSet::named(name).ok_or_else(|| format!("write one of {}", RequirementSet::NAMES.join(", ")))
}

/// Options of `run` without the command.
#[derive(Parser)]
#[command(name = "run", no_binary_name = true, disable_help_flag = true)]
struct Alone {
    #[command(flatten)]
    run: RunArguments,
}

impl RunArguments {
    /// Whether there is a profile that is read without being named.
    pub(crate) fn usual_profile_exists() -> bool {
        order::usual_profile_exists()
    }

    /// Reads words as those after `machine-conformance run`.
    pub(crate) fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, clap::Error> {
        Ok(Alone::try_parse_from(words)?.run)
    }

    /// The checks that the command line selects, with the levels of the order's requirement set.
    pub(crate) fn selected(&self, order: &Order) -> Result<Vec<&'static Check>, Failure> {
        if !self.replay.is_empty() {
            let stories = Selection::new(vec![KNOWN_STORIES.to_owned()], Vec::new(), Level::May);
            return Ok(stories.under(order.requirements).apply(checks::all())?);
        }
        Ok(self.selection.apply(checks::all(), order.requirements)?)
    }

    /// Opens the files of `--report`.
    pub(crate) fn add_reports(&self, reports: &mut Reports) -> Result<(), Failure> {
        for target in &self.reports {
            reports.add(target.to_string(), target.open()?);
        }
        Ok(())
    }

    pub(super) fn execute(&self) -> Result<u8, Failure> {
        let failed = self.again.rerun_failed.as_deref().map(Failed::read).transpose()?;
        let seed = self.seed.or_else(|| failed.as_ref().map(|failed| failed.seed));
        let pause: Option<Arc<dyn Pause>> = match self.pause_on_failure {
            true => Some(Arc::new(AtTerminal::new(terminal_width())?)),
            false => None,
        };
        let runs = Runs { arguments: self, failed, pause };
        match self.again.repeat_until_failure {
            Some(most) => runs.repeat(seed, most),
            None if self.again.watch => runs.watch(seed),
            None => runs.once(seed),
        }
    }

    /// The reports of one run; the one of the terminal goes to `terminal`, if that is given.
    fn open_reports(&self, seed: u64, terminal: Option<Box<dyn Report>>) -> Result<Reports, Failure> {
        let mut reports = Reports::new();
        let on_stdout = self.reports.iter().filter(|target| target.is_stdout()).count();
        if on_stdout > 1 {
            return Err(Failure::usage("only one report can go to standard output"));
        }
        if self.stable_output {
            let folder =
                std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_default();
            reports.stabilise(StableOutput::new(seed, [(folder, "FOLDER".to_owned())]));
        }
        // The terminal report makes way for one that is to be piped.
        let terminal = terminal.unwrap_or_else(|| {
            if on_stdout > 0 {
                Box::new(self.terminal(anstream::AutoStream::auto(io::stderr())))
            } else {
                Box::new(self.terminal(anstream::AutoStream::auto(io::stdout())))
            }
        });
        reports.add("terminal", terminal);
        self.add_reports(&mut reports)?;
        Ok(reports)
    }

    fn terminal<W: io::Write>(&self, writer: W) -> Terminal<W> {
        let files = self.reports.iter().filter(|target| !target.is_stdout());
        let names = files.map(ToString::to_string).collect();
        let terminal = Terminal::new(writer, terminal_width()).with_other_reports(names);
        match Progress::on_stderr() {
            Some(progress) if !self.stable_output && !self.pause_on_failure => {
                terminal.with_progress(progress)
            }
            _ => terminal,
        }
    }
}

#[expect(clippy::print_stderr, reason = "the command line's notes go to standard error")]
fn note_on_stderr(note: &str) {
    eprintln!("note: {note}");
}

#[cfg(test)]
mod tests;
