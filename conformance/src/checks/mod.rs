//! The checks, one file per group. A check is a literal with an async function of about ten lines; the context
//! carries the knowledge.

mod create;
mod guest;
mod kill;
mod network;
mod remove;
mod restart;
mod ssh;
mod start;
mod state;
mod stop;

use std::sync::LazyLock;

use crate::check::Check;

/// Every check, in the order of reports.
pub fn all() -> &'static [&'static Check] {
    static ALL: LazyLock<Vec<&'static Check>> = LazyLock::new(|| {
        [
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
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &ALL
}
