//! The checks, one file per group. A check is a literal with an async function of about ten lines; the context
//! carries the knowledge.

mod api;
mod base;
mod concurrency;
mod create;
mod errors;
mod faults;
mod flags;
mod guest;
mod kill;
mod name;
mod network;
mod persistence;
mod plugin;
mod pre_create;
mod remove;
mod restart;
mod secrets;
mod ssh;
mod start;
mod state;
mod stop;
mod sweep;
mod walk;

use std::sync::LazyLock;

use crate::check::Check;

pub(crate) use guest::PROVISIONED_SYSTEMS;
pub(crate) use walk::KNOWN_STORIES_ID as KNOWN_STORIES;

/// Every check, in the order of reports.
pub fn all() -> &'static [&'static Check] {
    static ALL: LazyLock<Vec<&'static Check>> = LazyLock::new(|| {
        [
            name::CHECKS,
            flags::CHECKS,
            base::CHECKS,
            pre_create::CHECKS,
            create::CHECKS,
            ssh::CHECKS,
            guest::CHECKS,
            network::CHECKS,
            state::CHECKS,
            start::CHECKS,
            stop::CHECKS,
            kill::CHECKS,
            restart::CHECKS,
            remove::CHECKS,
            concurrency::CHECKS,
            persistence::CHECKS,
            plugin::CHECKS,
            api::CHECKS,
            errors::CHECKS,
            secrets::CHECKS,
            faults::CHECKS,
            walk::CHECKS,
            sweep::CHECKS,
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &ALL
}
