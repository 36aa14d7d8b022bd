//! One life of a machine, as a host leads it: a process for `create`, another one for `rm`.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context;
use machine_driver::{
    BaseDriver, DriverOptions, DynDriver, Flag, FlagKind, OptionValue,
    plugin::{Host, HostOptions},
};

const MACHINE: &str = "life";

/// A driver and how it is called.
#[derive(Debug)]
pub(super) struct Subject {
    /// As it is called in the table.
    pub(super) name: &'static str,
    pub(super) program: PathBuf,
    pub(super) environment: BTreeMap<String, String>,
    /// Flags beside the defaults.
    pub(super) flags: Vec<(String, String)>,
}

/// Times of the two methods that make and delete an instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    /// `PreCreateCheck` and `Create`.
    pub(super) create: Duration,
    pub(super) remove: Duration,
}

pub(super) async fn lived(subject: &Subject) -> anyhow::Result<Took> {
    let store = tempfile::tempdir()?;
    std::fs::create_dir_all(store.path().join("machines").join(MACHINE))?;
    let told = |what: &'static str| format!("{what} of {}", subject.name);

    let plugin = subject.plugin().await?;
    let record = BaseDriver::new(MACHINE, store.path().to_string_lossy());
    plugin.set_config_raw(serde_json::to_vec(&record)?).await?;
    let options = subject.options(&plugin.create_flags().await?)?;
    plugin.set_config_from_flags(options).await.with_context(|| told("SetConfigFromFlags"))?;
    let begun = Instant::now();
    plugin.pre_create_check().await.with_context(|| told("PreCreateCheck"))?;
    plugin.create().await.with_context(|| told("Create"))?;
    let create = begun.elapsed();
    let record = plugin.config_raw().await?;
    plugin.close().await?;

    let plugin = subject.plugin().await?;
    plugin.set_config_raw(record).await?;
    let begun = Instant::now();
    plugin.remove().await.with_context(|| told("Remove"))?;
    let remove = begun.elapsed();
    plugin.close().await?;
    Ok(Took { create, remove })
}

impl Subject {
    async fn plugin(&self) -> anyhow::Result<Host> {
        let mut options = HostOptions::new(&self.program);
        for (name, value) in &self.environment {
            options = options.env(name, value);
        }
        Ok(Host::spawn(options).await?)
    }

    fn options(&self, declared: &[Flag]) -> anyhow::Result<DriverOptions> {
        let mut options = DriverOptions::defaults(declared);
        for (name, value) in &self.flags {
            let flag = declared
                .iter()
                .find(|flag| flag.name == *name)
                .with_context(|| format!("{} has no flag --{name}", self.name))?;
            let value = match flag.kind {
                FlagKind::StringList { .. } => OptionValue::List(vec![value.clone()]),
                FlagKind::Bool => OptionValue::Bool(value.parse()?),
                FlagKind::Int { .. } => OptionValue::Int(value.parse()?),
                _ => OptionValue::String(value.clone()),
            };
            options.insert(name, value);
        }
        Ok(options)
    }
}
