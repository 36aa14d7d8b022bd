//! What the driver says about itself before any machine exists: its name and its flags.

use std::collections::BTreeMap;

use machine_driver::{BaseDriver, DriverOptions, Flag, FlagKind, OptionValue};

use crate::session::Session;

/// Name under which hosts look a driver's flags up; the store path is empty then (plugin protocol, calls per command).
pub const LOOKUP_NAME: &str = "flag-lookup";

/// Name and flags of the driver, or why they are not known.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Facts {
    /// What `DriverName` answered; empty if it failed.
    pub driver_name: String,
    /// What `GetCreateFlags` answered; empty if it failed.
    pub flags: Vec<Flag>,
    /// Why name or flags are not known.
    pub failure: Option<String>,
}

impl Facts {
    /// Facts of a driver that could not even be started.
    pub fn unknown(failure: impl Into<String>) -> Self {
        Self { failure: Some(failure.into()), ..Self::default() }
    }

    /// Asks a fresh driver, as hosts do before `create`.
    pub async fn ask(session: &Session) -> Self {
        let mut facts = Self::default();
        let base = serde_json::to_vec(&BaseDriver::new(LOOKUP_NAME, "")).unwrap_or_default();
        if let Err(error) = session.set_config(&base).await {
            facts.failure = Some(format!("SetConfigRaw failed: {error}"));
        }
        match session.driver_name().await {
            Ok(name) => facts.driver_name = name,
            Err(error) => facts.failure = Some(format!("DriverName failed: {error}")),
        }
        match session.create_flags().await {
            Ok(flags) => facts.flags = flags,
            Err(error) => facts.failure = Some(format!("GetCreateFlags failed: {error}")),
        }
        facts
    }

    /// The flag of this name.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// The flag that a world's setting belongs to: `<driver>-<setting>`.
    pub fn flag_for_setting(&self, setting: &str) -> Option<&Flag> {
        self.flag(&format!("{}-{setting}", self.driver_name)).or_else(|| {
            let suffix = format!("-{setting}");
            let mut candidates = self.flags.iter().filter(|flag| flag.name.ends_with(&suffix));
            candidates.next().filter(|_| candidates.next().is_none())
        })
    }

    /// All options of a `create` as a host sends them: every flag with its default, then the world's settings, then
    /// what the user gave, then the options that hosts add themselves.
    ///
    /// # Errors
    /// A value that does not fit its flag, as a sentence.
    pub fn options(
        &self,
        settings: &BTreeMap<String, String>,
        given: &BTreeMap<String, GivenValue>,
    ) -> Result<DriverOptions, String> {
        let mut options = DriverOptions::defaults(&self.flags);
        for (setting, value) in settings {
            if let Some(flag) = self.flag_for_setting(setting) {
                options.insert(&flag.name, GivenValue::Text(value.clone()).for_flag(flag)?);
            }
        }
        for (name, value) in given {
            let flag = self.flag(name).ok_or_else(|| format!("the driver has no flag --{name}"))?;
            let value = match value {
                GivenValue::Provider(setting) => {
                    let text = settings
                        .get(setting)
                        .ok_or_else(|| format!("--{name}: the provider of this run offers no {setting}"))?;
                    GivenValue::Text(text.clone()).for_flag(flag)?
                }
                value => value.for_flag(flag)?,
            };
            options.insert(name, value);
        }
        for (name, value) in host_options(&self.driver_name) {
            options.insert(name, value);
        }
        Ok(options)
    }
}

/// A value for a flag, as the user wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the kinds of values that TOML and the command line have")]
pub enum GivenValue {
    /// A text; numbers and switches are read from it.
    Text(String),
    /// A whole number.
    Number(i64),
    /// A switch.
    Switch(bool),
    /// A list.
    List(Vec<String>),
    /// A setting of the run's provider, by name; known once a check has its part of the provider.
    Provider(String),
}

/// Options that the author says the driver refuses, or takes, each beside those of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "front ends fill it in")]
pub struct Examples {
    /// Options that must be refused, by flag name.
    pub refused: Vec<BTreeMap<String, GivenValue>>,
    /// Options that must be taken, by flag name.
    pub accepted: Vec<BTreeMap<String, GivenValue>>,
}

impl GivenValue {
    /// The value with the type of `flag`.
    ///
    /// # Errors
    /// If it does not fit, as a sentence that names the flag.
    pub fn for_flag(&self, flag: &Flag) -> Result<OptionValue, String> {
        let misfit = |expected: &str| Err(format!("--{} takes {expected}, not {self}", flag.name));
        match (&flag.kind, self) {
            (FlagKind::String { .. }, Self::Text(text)) => Ok(OptionValue::String(text.clone())),
            (FlagKind::String { .. }, Self::Number(number)) => Ok(OptionValue::String(number.to_string())),
            (FlagKind::String { .. }, _) => misfit("a text"),
            (FlagKind::Int { .. }, Self::Number(number)) => Ok(OptionValue::Int(*number)),
            (FlagKind::Int { .. }, Self::Text(text)) => match text.trim().parse() {
                Ok(number) => Ok(OptionValue::Int(number)),
                Err(_) => misfit("a whole number"),
            },
            (FlagKind::Int { .. }, _) => misfit("a whole number"),
            (FlagKind::Bool, Self::Switch(on)) => Ok(OptionValue::Bool(*on)),
            (FlagKind::Bool, Self::Text(text)) => match text.as_str() {
                "true" | "1" | "" => Ok(OptionValue::Bool(true)),
                "false" | "0" => Ok(OptionValue::Bool(false)),
                _ => misfit("true or false"),
            },
            (FlagKind::Bool, _) => misfit("true or false"),
            (FlagKind::StringList { .. }, Self::List(list)) => Ok(OptionValue::List(list.clone())),
            (FlagKind::StringList { .. }, Self::Text(text)) => Ok(OptionValue::List(vec![text.clone()])),
            (FlagKind::StringList { .. }, _) => misfit("a list of texts"),
        }
    }
}

impl std::fmt::Display for GivenValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => write!(f, "the text {text:?}"),
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Switch(on) => write!(f, "{on}"),
            Self::List(list) => write!(f, "the list {list:?}"),
            Self::Provider(setting) => write!(f, "the provider's {setting}"),
        }
    }
}

/// Options that every host sends beside the driver's own (plugin protocol, flags and options).
pub fn host_options(driver_name: &str) -> Vec<(&'static str, OptionValue)> {
    let text = |value: &str| OptionValue::String(value.to_owned());
    vec![
        ("driver", text(driver_name)),
        ("engine-install-url", text("https://get.docker.com")),
        ("engine-storage-driver", text("")),
        ("swarm", OptionValue::Bool(false)),
        ("swarm-addr", text("")),
        ("swarm-discovery", text("")),
        ("swarm-experimental", OptionValue::Bool(false)),
        ("swarm-host", text("tcp://0.0.0.0:3376")),
        ("swarm-image", text("swarm:latest")),
        ("swarm-master", OptionValue::Bool(false)),
        ("swarm-strategy", text("spread")),
    ]
}

/// Names of the create flags that hosts own; a driver must not declare them (FLAG-002).
pub const HOST_FLAGS: [&str; 23] = [
    "driver",
    "engine-env",
    "engine-insecure-registry",
    "engine-install-url",
    "engine-label",
    "engine-opt",
    "engine-registry-mirror",
    "engine-storage-driver",
    "swarm",
    "swarm-addr",
    "swarm-discovery",
    "swarm-experimental",
    "swarm-host",
    "swarm-image",
    "swarm-join-opt",
    "swarm-master",
    "swarm-opt",
    "swarm-strategy",
    "tls-san",
    "custom-install-script",
    "hostname-override",
    "update-config",
    "help",
];
