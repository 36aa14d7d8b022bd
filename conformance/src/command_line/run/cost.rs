//! Runs at a provider of somebody's: how many machines they may create, and whether the user agrees to pay for them.

use super::order::Order;
use crate::{
    check::{Check, Need},
    command_line::failure::Failure,
    world::{ExternalOptions, ExternalWorld},
};

/// Machines that one check creates at most, unless the profile has a number for the whole run.
const MACHINES_OF_A_CHECK: u32 = 3;

/// What a run may create, and what that means.
#[derive(Debug)]
pub(super) struct Cost {
    /// Most machines that the run creates; the world admits no more.
    pub(super) machines: u32,
    /// What the user should know before the run.
    pub(super) note: Option<String>,
}

impl Cost {
    /// The cost of running `selected`.
    ///
    /// # Errors
    /// If machines may cost money, and the user has not agreed.
    pub(super) fn of(order: &Order, selected: &[&'static Check]) -> Result<Self, Failure> {
        let Some(options) = &order.external else {
            return Ok(Self { machines: 0, note: None });
        };
        let machines = most_machines(options, selected);
        let bound = format!("at most {machines} machines, for one check at a time");
        if machines > 0 && options.costs_money && !order.costs_agreed {
            return Err(Failure::usage(format!(
                "this run creates {bound}, at a provider that may charge for them"
            ))
            .help("agree with --yes-this-costs-money")
            .help("set a lower bound with machines = N in [provider.external]; further checks are then not tested")
            .help("if nobody pays, for example at a mock, say costs-money = false in [provider.external]"));
        }
        let note =
            (machines > 0).then(|| format!("this run creates {bound}, at a provider outside of the suite"));
        Ok(Self { machines, note })
    }
}

/// The author's number, else a number for each check that this world lets create machines.
fn most_machines(options: &ExternalOptions, selected: &[&'static Check]) -> u32 {
    let offers = ExternalWorld::offers_of(options);
    // What is not the provider's to offer may be there.
    let offered = |need: &Need| {
        offers.contains(need)
            || matches!(
                need,
                Need::Process
                    | Need::Host
                    | Need::Power
                    | Need::Secret
                    | Need::Flags
                    | Need::Rancher
                    | Need::WholeRun
            )
    };
    let creating = selected
        .iter()
        .filter(|check| check.needs.contains(&Need::Machine) && check.needs.iter().all(offered))
        .count();
    let usual = u32::try_from(creating).unwrap_or(u32::MAX).saturating_mul(MACHINES_OF_A_CHECK);
    options.machines.map_or(usual, |machines| machines.min(usual))
}
