//! The same driver as `interop/go/plugin`, on our SDK: a host must not be able to tell them apart.

use std::{collections::BTreeMap, process::ExitCode};

use machine_driver::{
    BaseDriver, Context, Driver, DriverOptions, Flag, FlagKind, OptionValue, Result, State, plugin,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Twin {
    #[serde(flatten)]
    base: BaseDriver,
    #[serde(rename = "Options")]
    options: BTreeMap<String, OptionValue>,
}

fn flag(name: &str, usage: &str, env_var: &str, kind: FlagKind) -> Flag {
    Flag { name: name.to_owned(), usage: usage.to_owned(), env_var: env_var.to_owned(), kind }
}

fn text(default: &str) -> FlagKind {
    FlagKind::String { default: default.to_owned() }
}

fn list(default: &[&str]) -> FlagKind {
    FlagKind::StringList { default: default.iter().map(|&item| item.to_owned()).collect() }
}

impl Driver for Twin {
    type Options = DriverOptions;

    fn driver_name(&self) -> &'static str {
        "gopeer"
    }

    fn base(&self) -> &BaseDriver {
        &self.base
    }

    fn base_mut(&mut self) -> &mut BaseDriver {
        &mut self.base
    }

    fn create_flags(&self) -> Vec<Flag> {
        vec![
            flag("gopeer-text", "A text, ü", "GOPEER_TEXT", text("x")),
            flag("gopeer-number", "A number", "", FlagKind::Int { default: -300 }),
            flag("gopeer-switch", "A switch", "", FlagKind::Bool),
            flag("gopeer-list", "A list", "", list(&["a", "", "b"])),
            flag("gopeer-empty", "", "", text("")),
        ]
    }

    fn set_config_from_flags(&mut self, options: DriverOptions) -> Result<()> {
        let value = |flag: Flag| {
            let value = options.value(&flag.name).cloned().unwrap_or(OptionValue::Nil);
            (flag.name, value)
        };
        self.options = self.create_flags().into_iter().map(value).collect();
        Ok(())
    }

    async fn pre_create_check(&self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn create(&mut self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn remove(&mut self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn start(&mut self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn stop(&mut self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn restart(&mut self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn kill(&mut self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn state(&self, _cx: &Context) -> Result<State> {
        Ok(State::Running)
    }

    async fn url(&self, _cx: &Context) -> Result<String> {
        Ok(String::new())
    }
}

fn main() -> ExitCode {
    plugin::main::<Twin>()
}
