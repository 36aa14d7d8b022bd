//! Options that a driver must refuse before Create.

use machine_driver::{DriverOptions, Result};

use crate::{check::Stop, context::Context};

/// Cases that are tried one after the other. An error of PreCreateCheck counts only if it passes with the options of
/// the run.
pub(super) struct Refusals<'a> {
    cx: &'a Context,
    healthy: Result<()>,
    undecided: Vec<String>,
}

impl<'a> Refusals<'a> {
    pub(super) async fn of(cx: &'a Context) -> std::result::Result<Self, Stop> {
        let healthy = cx.configured().await?.session().pre_create_check().await;
        Ok(Self { cx, healthy, undecided: Vec::new() })
    }

    /// Tries one case, which must be refused. `named` are the options as the user writes them, and `short` is what
    /// stands for them where nothing can be said.
    pub(super) async fn try_out(
        &mut self,
        clause: &'static str,
        options: DriverOptions,
        named: String,
        short: String,
    ) -> std::result::Result<(), Stop> {
        let machine = self.cx.machine_with(self.cx.machine_name(), options).await?;
        if machine.configure().await.is_err() {
            return Ok(());
        }
        match machine.session().pre_create_check().await {
            Ok(()) => self.cx.rule(clause).broken(
                format!("{named} is an error of SetConfigFromFlags or PreCreateCheck"),
                "both returned nil",
            ),
            Err(_) if self.healthy.is_ok() => {}
            Err(_) => self.undecided.push(short),
        }
        Ok(())
    }

    /// Says what could not be decided.
    pub(super) fn end(self) -> std::result::Result<(), Stop> {
        match self.healthy {
            Err(error) if !self.undecided.is_empty() => Err(Stop::NotTested(format!(
                "PreCreateCheck fails for good options as well ({error}), so its error says nothing about {}",
                self.undecided.join(", ")
            ))),
            _ => Ok(()),
        }
    }
}
