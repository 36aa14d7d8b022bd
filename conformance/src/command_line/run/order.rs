//! What a run is asked to do: the command line over the profile.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::SystemTime,
};

use glob::Pattern;
use machine_mock_providers::guest::GuestKind;

use super::{
    RunArguments,
    assignment::{shell_word, sounds_secret},
    values,
};
use crate::{
    baseline::Baseline,
    calendar::CalendarDate,
    check::Need,
    checks,
    command_line::failure::Failure,
    engine::{Conditions, Description, KnownFailure},
    facts::{Examples, Facts, GivenValue},
    model::{self, Story},
    nearest::did_you_mean,
    profile::{self, Profile},
    provider_kind::ProviderKind,
    redact::Redactor,
    spec::{Gate, RequirementSet},
    subject::{HostProgram, PluginSubject},
    world::{self, Act, ExternalOptions},
};

/// The profile that is read if the command line names neither a driver nor a profile.
const USUAL_PROFILE: &str = "conformance.toml";

/// Whether this folder has such a profile.
pub(super) fn usual_profile_exists() -> bool {
    Path::new(USUAL_PROFILE).exists()
}

/// Everything that a run needs, except what must be started for it.
#[derive(Debug)]
pub(crate) struct Order {
    program: PathBuf,
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
    host: Option<PathBuf>,
    profile: Option<Profile>,
    baseline: Option<Baseline>,
    description: Description,
    /// The command line without driver, selection and seed.
    repeated: Vec<String>,
    /// Flags that the command line gives.
    overridden: BTreeSet<String>,
    pub(super) flags: BTreeMap<String, GivenValue>,
    pub(super) examples: Examples,
    pub(super) secrets: Vec<(String, String)>,
    pub(crate) provider: ProviderKind,
    pub(super) guest_kind: GuestKind,
    pub(super) create_machines: bool,
    pub(super) walks: model::Settings,
    /// The commands of the profile, for the provider `external`.
    pub(super) external: Option<ExternalOptions>,
    /// Whether no further check starts after one that breaks the run.
    pub(super) fail_fast: bool,
    /// Whether the user agreed to pay for machines.
    pub(super) costs_agreed: bool,
    pub(super) requirements: &'static RequirementSet,
    pub(crate) seed: u64,
    pub(crate) jobs: usize,
    pub(crate) timeout_factor: f64,
    pub(super) keep: bool,
    /// What the user should know before the run.
    pub(super) notes: Vec<String>,
}

impl Order {
    /// Merges command line and profile. `variable` looks up environment variables.
    pub(crate) fn new(
        arguments: &RunArguments,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, Failure> {
        let profile = profile(arguments)?;
        let baseline =
            arguments.baseline.as_ref().map(|path| Baseline::load(path, checks::all())).transpose()?;
        let program = arguments
            .driver
            .clone()
            .or_else(|| profile.as_ref().and_then(Profile::driver_program))
            .ok_or_else(|| no_driver(profile.as_ref()))?;
        let section = profile.as_ref().map(|profile| profile.driver.clone()).unwrap_or_default();
        let flags = values::flags(profile.as_ref(), &section.flags, &arguments.flags, variable)?;
        let environment =
            values::environment(profile.as_ref(), &section.environment, &arguments.environment, variable)?;
        let hidden = |name: &str| {
            arguments.secrets.iter().chain(&section.secrets).any(|secret| secret == name)
                || sounds_secret(name)
        };
        let mut secrets: Vec<(String, String)> = Vec::new();
        for (name, value) in &flags {
            if hidden(name) {
                secrets.extend(values::texts(value).map(|text| (name.clone(), text)));
            }
        }
        secrets
            .extend(environment.iter().filter(|(name, _)| hidden(name)).map(|(n, v)| (n.clone(), v.clone())));
        let provider = provider(arguments, profile.as_ref());
        let external = external(provider, profile.as_ref())?;
        let mut order = Self {
            program,
            arguments: section.arguments,
            environment,
            host: arguments.host.clone(),
            repeated: Vec::new(),
            overridden: arguments.flags.iter().map(|flag| flag.name.clone()).collect(),
            flags,
            examples: profile.as_ref().map(Profile::examples).unwrap_or_default(),
            secrets,
            walks: walks(arguments, profile.as_ref())?,
            provider,
            guest_kind: guest_kind(arguments, provider)?,
            costs_agreed: arguments.yes_this_costs_money,
            create_machines: arguments.create_machines
                || profile.as_ref().is_some_and(|profile| profile.create_machines),
            requirements: requirements(arguments, profile.as_ref()),
            seed: arguments.seed.unwrap_or_else(|| rand::random_range(1_000..1_000_000)),
            // All checks see the same objects there, so one after the other looks at them.
            jobs: match external {
                Some(_) => 1,
                None => arguments.jobs.map_or_else(usual_jobs, usize::from),
            },
            external,
            timeout_factor: arguments
                .timeout_factor
                .or_else(|| profile.as_ref().and_then(|profile| profile.wait_factor))
                .unwrap_or(1.0),
            fail_fast: arguments.fail_fast,
            keep: arguments.keep,
            notes: Vec::new(),
            description: Description::default(),
            baseline,
            profile,
        };
        order.repeated = values::repeated(arguments, order.profile.as_ref(), &hidden);
        order.description = order.describe(&hidden);
        order.notes = order.notes(arguments);
        Ok(order)
    }

    /// The driver's executable, and the host in which it is tried too.
    pub(crate) fn subject(&self) -> Result<PluginSubject, Failure> {
        let host = self.host.as_deref().map(HostProgram::find).transpose();
        let subject = PluginSubject::new(&self.program, self.arguments.clone(), self.environment.clone());
        subject
            .and_then(|subject| Ok(subject.with_host(host?)))
            .map_err(|error| Failure::environment(error.to_string()))
    }

    /// Command line that repeats the run, up to the selection and the seed.
    pub(super) fn rerun(&self) -> String {
        let program = self.program.display().to_string();
        let words = ["machine-conformance", "run"].map(str::to_owned);
        words
            .into_iter()
            .chain([shell_word(&program)])
            .chain(self.repeated.clone())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Flags that the driver does not have, or that have another type, are mistakes of the user.
    pub(crate) fn check_flags(&self, facts: &Facts) -> Result<(), Failure> {
        if facts.failure.is_some() {
            // The driver does not say what flags it has: the checks will tell what is wrong with it.
            return Ok(());
        }
        let redactor = self.redactor();
        self.check_examples(facts)?;
        for (name, value) in &self.flags {
            let profile = self.profile.as_ref();
            let Some(flag) = facts.flag(name) else {
                return Err(self.unknown_flag(name, facts));
            };
            if matches!(value, GivenValue::Provider(_)) {
                continue;
            }
            if let Err(problem) = value.for_flag(flag) {
                let problem = redactor.redact(&problem).into_owned();
                let placed =
                    profile.filter(|profile| profile.flag_line(name).is_some() && !self.overridden(name));
                return Err(match placed.and_then(|profile| profile.wrong_value(name, &problem)) {
                    Some(error) => error.into(),
                    None => Failure::usage(problem),
                });
            }
        }
        Ok(())
    }

    fn check_examples(&self, facts: &Facts) -> Result<(), Failure> {
        let Some(profile) = &self.profile else { return Ok(()) };
        for example in profile.refused.iter().chain(&profile.accepted) {
            for (name, setting) in &example.flags {
                let fits = match facts.flag(name) {
                    None => Err(format!("the driver {} has no flag \"{name}\"", facts.driver_name)),
                    Some(flag) => setting.given().map_or(Ok(()), |value| value.for_flag(flag).map(drop)),
                };
                fits.map_err(|problem| profile.wrong_example(setting, problem))?;
            }
        }
        Ok(())
    }

    /// What reports say about the driver beyond its answers.
    pub(super) fn description(&self) -> Description {
        self.description.clone()
    }

    fn describe(&self, hidden: &dyn Fn(&str) -> bool) -> Description {
        let Some(profile) = &self.profile else {
            return Description::default();
        };
        let text = profile.text_without(hidden);
        Description {
            source: profile.driver.source.clone(),
            profile: Some(self.redactor().redact(&text).into_owned()),
        }
    }

    /// Known failures of profile and baseline, each with the name of its file.
    fn all_known_failures(&self) -> impl Iterator<Item = (&str, &profile::KnownFailure)> {
        let in_profile = self.profile.iter().flat_map(|profile| {
            let known = profile.known_failures.iter();
            known.map(move |known| (profile.file(), known))
        });
        let in_baseline = self.baseline.iter().flat_map(|baseline| {
            let known = baseline.known_failures.iter();
            known.map(move |known| (baseline.file.as_str(), known))
        });
        in_profile.chain(in_baseline)
    }

    /// Known failures that still count, for each check that they name.
    pub(super) fn known_failures(&self) -> Vec<KnownFailure> {
        let today = CalendarDate::of(SystemTime::now());
        self.all_known_failures()
            .filter(|(_, known)| known.counts_on(today))
            .flat_map(|(file, known)| {
                checks::all().iter().filter(|check| known.names(check)).map(move |check| (file, known, check))
            })
            .filter_map(|(file, known, check)| {
                // An escaped id is always a pattern.
                let pattern = Pattern::new(&Pattern::escape(check.id)).ok()?;
                Some(KnownFailure { pattern, reason: format!("{} ({file}:{})", known.reason, known.line) })
            })
            .collect()
    }

    /// What the profile says that the driver lacks, in terms of what checks need.
    pub(super) fn lacks(&self) -> BTreeMap<Need, String> {
        let expect = self.profile.as_ref().map(|profile| profile.expect.clone()).unwrap_or_default();
        let need = |gate: &Gate| match gate {
            Gate::Power => Some(Need::Power),
            Gate::Ssh => Some(Need::Guest),
            Gate::Xkey => Some(Need::Supplied),
            Gate::Par => Some(Need::Parallel),
            Gate::Pause => Some(Need::Pause),
            // No check needs these yet.
            _ => None,
        };
        let reason = |gate: &Gate| format!("the profile says that the driver lacks \"{gate}\"");
        let mut lacks: BTreeMap<Need, String> =
            expect.lacks.iter().filter_map(|gate| Some((need(gate)?, reason(gate)))).collect();
        if !self.requirements.is_for_rancher() {
            lacks.insert(Need::Rancher, Need::Rancher.missing().to_owned());
        }
        lacks
    }

    /// What decides, before anything is started, which checks are executed.
    pub(crate) fn conditions(&self) -> Conditions {
        Conditions {
            lacks: self.lacks(),
            offers: world::offers_of(self.provider, self.create_machines, self.external.as_ref()),
            is_process: true,
            has_host: self.host.is_some(),
            has_secrets: !self.secrets.is_empty(),
        }
    }

    /// The files that a run depends on: the driver's executable and the profile.
    pub(super) fn files(&self, subject: &PluginSubject) -> Vec<PathBuf> {
        let profile = self.profile.as_ref().map(|profile| PathBuf::from(profile.file()));
        [subject.program().to_owned()].into_iter().chain(profile).collect()
    }

    /// The guest's operating system, as the profile says.
    pub(super) fn guest_os(&self) -> Option<String> {
        self.profile.as_ref()?.expect.guest_os.clone()
    }

    fn unknown_flag(&self, name: &str, facts: &Facts) -> Failure {
        let declared: Vec<&str> = facts.flags.iter().map(|flag| flag.name.as_str()).collect();
        let placed = self.profile.as_ref().filter(|_| !self.overridden(name));
        if let Some(error) = placed
            .and_then(|profile| profile.unknown_flag(name, &facts.driver_name, declared.iter().copied()))
        {
            return error.into();
        }
        let hint =
            did_you_mean(name, declared.iter().copied()).map(|hint| format!("; {hint}")).unwrap_or_default();
        let failure =
            Failure::usage(format!("--flag {name}: the driver {} has no such flag{hint}", facts.driver_name));
        match declared.is_empty() {
            true => failure.help("it declares no flags at all"),
            false => failure.help(format!("it declares: {}", declared.join(", "))),
        }
    }

    /// Whether the command line gives this flag, whatever the profile says.
    fn overridden(&self, name: &str) -> bool {
        self.overridden.contains(name)
    }

    fn redactor(&self) -> Redactor {
        Redactor::new(self.secrets.iter().map(|(name, value)| (name, value)))
    }

    fn notes(&self, arguments: &RunArguments) -> Vec<String> {
        let today = CalendarDate::of(SystemTime::now());
        let mut notes = Vec::new();
        let expired = self.all_known_failures().filter(|(_, known)| !known.counts_on(today));
        for (file, known) in expired {
            let until = known.until.map(|day| day.to_string()).unwrap_or_default();
            notes.push(format!(
                "{file}:{}: the known failure \"{}\" was accepted until {until}; it counts again",
                known.line, known.check
            ));
        }
        if self.external.is_some() && arguments.jobs.is_some_and(|jobs| jobs > 1) {
            notes.push(
                "--provider external runs one check at a time, because all checks see the same objects"
                    .to_owned(),
            );
        }
        for name in self.redactor().too_short() {
            notes.push(format!("the secret \"{name}\" is too short to be hidden in reports"));
        }
        notes
    }
}

fn profile(arguments: &RunArguments) -> Result<Option<Profile>, Failure> {
    let path = match &arguments.profile {
        Some(path) => path.as_path(),
        None if arguments.driver.is_none() && usual_profile_exists() => Path::new(USUAL_PROFILE),
        None => return Ok(None),
    };
    Ok(Some(Profile::load(path, checks::all())?))
}

fn no_driver(profile: Option<&Profile>) -> Failure {
    match profile {
        Some(profile) => Failure::usage(format!("no driver: {} has no [driver] command", profile.file()))
            .help("name the executable: machine-conformance run ./docker-machine-driver-NAME"),
        None => Failure::usage(format!("no driver, and no {USUAL_PROFILE} in this folder"))
            .help("name the executable: machine-conformance run ./docker-machine-driver-NAME"),
    }
}

fn provider(arguments: &RunArguments, profile: Option<&Profile>) -> ProviderKind {
    arguments.provider.or_else(|| profile.and_then(|profile| profile.provider)).unwrap_or_default()
}

/// What guests are made of, where the provider has a choice.
fn guest_kind(arguments: &RunArguments, provider: ProviderKind) -> Result<GuestKind, Failure> {
    let kind = arguments.guest.map(GuestKind::from).unwrap_or_default();
    if kind == GuestKind::Simulated || provider.is_mock() {
        return Ok(kind);
    }
    let message = format!("--guest container: the provider {provider} has no such guests");
    Err(Failure::usage(message)
        .help("the suite's own providers have, for example: --provider ec2 --guest container"))
}

/// What is walked: the command line over the profile, and the stories in files.
fn walks(arguments: &RunArguments, profile: Option<&Profile>) -> Result<model::Settings, Failure> {
    let section = profile.map(|profile| profile.walks.clone()).unwrap_or_default();
    let usual = model::Settings::default();
    let folder = arguments.corpus.clone().or_else(|| profile.and_then(Profile::corpus_folder));
    let unusable = |error: model::CorpusError| Failure::usage(error.to_string());
    let known = match &folder {
        Some(folder) if arguments.replay.is_empty() => Story::load_folder(folder).map_err(unusable)?,
        _ => Vec::new(),
    };
    let replay = arguments.replay.iter().map(|path| {
        let story = Story::load(path).map_err(unusable)?;
        Ok((path.display().to_string(), story))
    });
    Ok(model::Settings {
        walks: arguments.walks.or(section.count).unwrap_or(usual.walks),
        length: arguments.walk_length.or(section.length).unwrap_or(usual.length),
        weights: section.weights,
        known,
        replay: replay.collect::<Result<_, Failure>>()?,
        folder,
        ..usual
    })
}

/// The commands of the profile, if the run is to use them.
fn external(provider: ProviderKind, profile: Option<&Profile>) -> Result<Option<ExternalOptions>, Failure> {
    if provider != ProviderKind::External {
        return Ok(None);
    }
    let options = profile.and_then(|profile| profile.external.clone());
    match options.filter(|options| options.has(Act::Inventory)) {
        Some(options) => Ok(Some(options)),
        None => Err(Failure::usage(
            "the provider external needs a profile with [provider.external] and its command \"inventory\"",
        )
        .help(
            "for example: inventory = [\"./ci/list-objects\"], a program that prints one JSON object a line",
        )),
    }
}

/// The set that the command line names before the one of the profile, for the host that either of them names.
fn requirements(arguments: &RunArguments, profile: Option<&Profile>) -> &'static RequirementSet {
    let expect = profile.map(|profile| &profile.expect);
    let set = arguments
        .requirements
        .or_else(|| expect.and_then(|expect| expect.requirements))
        .unwrap_or_else(RequirementSet::newest);
    match expect {
        Some(expect) if expect.rancher => set.for_rancher(),
        _ => set,
    }
}

/// Four checks per processor: they mostly wait.
fn usual_jobs() -> usize {
    (4 * std::thread::available_parallelism().map_or(2, usize::from)).min(16)
}
