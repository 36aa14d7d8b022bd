//! `conformance.toml`: what the suite must be told about a driver, and nothing else.
//!
//! Every mistake is reported with its line: unknown keys, wrong types, patterns that match no check, reasons that
//! are missing. All of them at once, not only the first.
//!
//! ```toml
//! [driver]
//! command = "./docker-machine-driver-acme"    # relative to this file; a bare name is looked up in PATH
//! arguments = []                              # given to every process of the driver
//! secrets = ["acme-token"]                    # flags and variables whose values are never printed
//! source = "src/acme.go"                      # what annotations and code scanning point at; relative to the repository
//!
//! [driver.flags]                              # text, whole number, true or false, list of texts, or a reference
//! acme-token = { env = "ACME_TOKEN" }         # from the environment of the suite; an error if it is not set
//! acme-endpoint = { provider = "endpoint" }   # from the running provider: endpoint or token
//! acme-region = "eu-1"
//!
//! [driver.environment]                        # variables of the driver's process; the same kinds of values
//! ACME_PROXY = "http://127.0.0.1:3128"
//!
//! [provider]
//! kind = "template"                           # or ec2, external, none
//! create-machines = false                     # with none: machines may be made although nobody can list them
//!
//! [provider.external]                         # with kind = "external": commands that print JSON lines, see EXTERNAL.md
//! inventory = ["./ci/list-objects"]           # program and arguments; relative to this file
//! sweep = ["./ci/delete-all-of"]              # gets the names of machines as further arguments
//! guests = false                              # whether the suite can log in to the machines
//! costs-money = true                          # then a run asks for --yes-this-costs-money
//!
//! [expect]
//! lacks = ["pause"]                           # power, ssh, pause, xkey, par: their clauses are not applicable
//! guest = { os = "ubuntu" }                   # ID of /etc/os-release
//! spec = "v1"                                 # frozen set of requirements; the newest one by default
//! host = "rancher-machine"                    # its further rules hold too, as with spec = "v1-rancher"
//!
//! [waits]
//! factor = 2.0                                # for every limit and wait of the suite
//!
//! [walks]                                     # random stories that are compared with the reference state machine
//! count = 20                                  # of one machine
//! length = 12                                 # steps of each
//! corpus = "stories"                          # folder: what is in it is carried out first, what fails is saved in it
//! weights = { delete-instance = 5, kill = 0 } # how often something happens, compared with the others
//!
//! [[refused]]                                 # options that must be refused before Create, beside those of the run
//! acme-open-port = ["22/icmp"]                # several in one table: each is fine, and together they are not
//!
//! [[accepted]]                                # options that must pass
//! acme-open-port = ["53/udp"]
//!
//! [[known-failure]]
//! check = "stop::guest_ignores_acpi"          # a check, a group, a clause, or a glob of one
//! reason = "provider has no forced stop, ticket 4711"
//! until = 2027-03-01                          # last day on which it is accepted; optional
//! ```

mod examples;
mod external;
mod known_failure;
mod reader;
mod sections;
mod setting;
mod source;
mod walks;

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;
use toml::de::DeTable;

pub(crate) use self::sections::MAX_WAIT_FACTOR;
pub use self::{
    examples::Example,
    known_failure::KnownFailure,
    setting::{ProfileSetting, Setting},
    source::{Place, ProfileError},
};
use self::{reader::Reader, setting::SettingSource, source::Source};
use crate::{
    check::Check,
    model::Action,
    nearest::did_you_mean,
    provider_kind::ProviderKind,
    spec::{Gate, RequirementSet},
    world::ExternalOptions,
};

/// A driver's description, read from `conformance.toml`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Profile {
    source: Source,
    folder: PathBuf,
    /// `[driver]`
    pub driver: DriverSection,
    /// `[provider] kind`
    pub provider: Option<ProviderKind>,
    /// `[provider] create-machines`: machines may be made although the suite cannot see the provider.
    pub create_machines: bool,
    /// `[provider.external]`: the author's commands, if there are any.
    pub external: Option<ExternalOptions>,
    /// `[expect]`
    pub expect: ExpectSection,
    /// `[waits] factor`: every wait of the suite is multiplied by it.
    pub wait_factor: Option<f64>,
    /// `[walks]`
    pub walks: WalksSection,
    /// `[[known-failure]]`
    pub known_failures: Vec<KnownFailure>,
    /// `[[refused]]`
    pub refused: Vec<Example>,
    /// `[[accepted]]`
    pub accepted: Vec<Example>,
}

/// `[walks]`: random stories of operations and outside events.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct WalksSection {
    /// Number of walks of one machine.
    pub count: Option<usize>,
    /// Steps of a walk.
    pub length: Option<usize>,
    /// Folder of stories, relative to the profile's.
    pub corpus: Option<String>,
    /// How often something happens, compared with the others.
    pub weights: BTreeMap<Action, u32>,
}

/// `[driver]`: the executable and what it is given.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DriverSection {
    /// Executable: a path relative to the profile's folder, or a name looked up in `PATH`.
    pub command: Option<String>,
    /// Arguments of the executable.
    pub arguments: Vec<String>,
    /// Flags and environment variables whose values are hidden everywhere.
    pub secrets: Vec<String>,
    /// Path of the driver's source in its repository, for reports that point into it.
    pub source: Option<String>,
    /// Values of flags.
    pub flags: BTreeMap<String, ProfileSetting>,
    /// Environment variables of the driver's process.
    pub environment: BTreeMap<String, ProfileSetting>,
}

/// `[expect]`: what the driver claims.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExpectSection {
    /// Abilities that the driver does not have; their clauses are not applicable.
    pub lacks: Vec<Gate>,
    /// `ID` of the guest's `/etc/os-release`.
    pub guest_os: Option<String>,
    /// Whether rancher-machine is the host that the driver is made for: its further rules hold too.
    pub rancher: bool,
    /// What is asked of the driver; the newest set if the profile does not say.
    pub requirements: Option<&'static RequirementSet>,
}

impl Profile {
    /// Reads the file at `path`. `checks` are all checks of the suite, for the patterns of known failures.
    pub fn load(path: &Path, checks: &[&'static Check]) -> Result<Self, LoadError> {
        let text = fs::read_to_string(path)
            .map_err(|problem| LoadError::Unreadable { path: path.to_owned(), problem })?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self::parse(&path.display().to_string(), &text, &folder, checks)?)
    }

    /// Reads a profile's text. `file` is its name in messages, `folder` what its paths are relative to.
    pub fn parse(
        file: &str,
        text: &str,
        folder: &Path,
        checks: &[&'static Check],
    ) -> Result<Self, ProfileError> {
        let source = Source { file: file.to_owned(), text: text.into() };
        let (document, syntax) = DeTable::parse_recoverable(text);
        if !syntax.is_empty() {
            let mistakes = syntax.iter().map(|error| source.syntax_mistake(error)).collect();
            return Err(ProfileError::new(&source, mistakes));
        }
        let mut reader = Reader::new(&source);
        let mut profile = Self {
            source: source.clone(),
            folder: folder.to_owned(),
            driver: DriverSection::default(),
            provider: None,
            create_machines: false,
            external: None,
            expect: ExpectSection::default(),
            wait_factor: None,
            walks: WalksSection::default(),
            known_failures: Vec::new(),
            refused: Vec::new(),
            accepted: Vec::new(),
        };
        profile.read(&mut reader, document.get_ref(), checks);
        match reader.mistakes {
            mistakes if mistakes.is_empty() => Ok(profile),
            mistakes => Err(ProfileError::new(&source, mistakes)),
        }
    }

    /// Name of the file, as it was given.
    pub fn file(&self) -> &str {
        &self.source.file
    }

    /// The text of the file without the values of flags and variables that `hidden` names. References to environment
    /// variables stay: they show nothing.
    pub fn text_without(&self, hidden: &dyn Fn(&str) -> bool) -> String {
        let examples = self.refused.iter().chain(&self.accepted).flat_map(|example| &example.flags);
        let settings = self.driver.flags.iter().chain(&self.driver.environment).chain(examples);
        let mut spans: Vec<_> = settings
            .filter(|(name, setting)| {
                matches!(setting.source, SettingSource::Given(_)) && (setting.secret || hidden(name))
            })
            .map(|(_, setting)| setting.value.clone())
            .collect();
        spans.sort_by_key(|span| std::cmp::Reverse(span.start));
        let mut text = self.source.text.to_string();
        for span in spans {
            text.replace_range(span, "\"(not shown)\"");
        }
        text
    }

    /// The driver's executable, with a relative path resolved against the profile's folder.
    pub fn driver_program(&self) -> Option<PathBuf> {
        let command = self.driver.command.as_deref()?;
        let path = Path::new(command);
        Some(if path.components().count() > 1 { self.folder.join(path) } else { path.to_owned() })
    }

    /// The folder of stories, with a relative path resolved against the profile's folder.
    pub fn corpus_folder(&self) -> Option<PathBuf> {
        self.walks.corpus.as_ref().map(|folder| self.folder.join(folder))
    }

    /// Resolves a value; `variable` looks up environment variables of the suite. A variable that is not set, or
    /// empty, is an error that names it.
    pub fn resolve(
        &self,
        name: &str,
        setting: &ProfileSetting,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Setting, ProfileError> {
        let wanted = match &setting.source {
            SettingSource::Given(given) => return Ok(given.clone()),
            SettingSource::Variable(wanted) => wanted,
        };
        variable(wanted).filter(|value| !value.is_empty()).map(Setting::Text).ok_or_else(|| {
            let message =
                format!("\"{name}\" takes its value from {wanted}, but this environment variable is not set");
            let mistake = self
                .source
                .mistake(setting.value.clone(), message)
                .help(format!("set it: {wanted}=... machine-conformance run ..."))
                .help(format!("or give the value on the command line: --flag {name}=..."));
            ProfileError::new(&self.source, vec![mistake])
        })
    }

    /// Line of a flag in the profile, from 1.
    pub fn flag_line(&self, name: &str) -> Option<usize> {
        self.driver.flags.get(name).map(|setting| self.source.place(setting.key.start).line)
    }

    /// The error for a flag that the driver does not declare. `declared` are the flags that it does declare.
    pub fn unknown_flag<'a>(
        &self,
        name: &str,
        driver: &str,
        declared: impl IntoIterator<Item = &'a str>,
    ) -> Option<ProfileError> {
        let setting = self.driver.flags.get(name)?;
        let declared: Vec<&str> = declared.into_iter().collect();
        let allowed = if declared.is_empty() { "no flags at all".to_owned() } else { declared.join(", ") };
        let mistake = self
            .source
            .mistake(setting.key.clone(), format!("the driver {driver} has no flag \"{name}\""))
            .help(format!("it declares: {allowed}"))
            .maybe_help(did_you_mean(name, declared))
            .conceal(setting.secret);
        Some(ProfileError::new(&self.source, vec![mistake]))
    }

    /// The error for a flag or environment variable whose value does not fit; `problem` says why.
    pub fn wrong_value(&self, name: &str, problem: &str) -> Option<ProfileError> {
        let setting = self.driver.flags.get(name).or_else(|| self.driver.environment.get(name))?;
        let mistake = self
            .source
            .mistake(setting.value.clone(), format!("\"{name}\": {problem}"))
            .conceal(setting.secret);
        Some(ProfileError::new(&self.source, vec![mistake]))
    }
}

/// Why a profile could not be loaded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file cannot be read.
    #[error("cannot read the profile {}: {problem}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// The baseline cannot be read.
    #[error("cannot read the baseline {}: {problem}; `machine-conformance baseline update` writes one", .path.display())]
    UnreadableBaseline {
        /// The file.
        path: PathBuf,
        /// What the system says.
        problem: io::Error,
    },
    /// The file has mistakes.
    #[error(transparent)]
    Wrong(#[from] ProfileError),
}

#[cfg(test)]
mod tests;
