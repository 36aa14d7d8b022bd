//! The suite as a test of a driver's own package, for `cargo test` and nextest: [`conformance_main!`].
//!
//! The engine, the selection and the profile are those of `machine-conformance run`; this module only turns the plan
//! into trials and results into their outcomes:
//!
//! | verdict | outcome |
//! | --- | --- |
//! | `pass`, `warn` | ok |
//! | `fail`, `stale`, `driver-timeout`, `environment-error`, `suite-error` | failed, with what the terminal report says |
//! | `known-failure`, and what turns out not to apply or not to be testable | ignored, with the reason |
//! | what the profile or the provider rules out | listed as ignored |
//!
//! In one process (`cargo test`) the engine runs once, for all trials that were asked for, and each trial waits for its
//! result. nextest starts a process for each check; checks that look at the whole run then belong to every one of them,
//! and are not listed as trials.
//!
//! Each process leaves a JSON report below `target/tmp/conformance`; nextest's are joined by
//! `machine-conformance report merge`.
//!
//! [`conformance_main!`]: crate::conformance_main

mod board;
mod parts;
mod target;
mod trials;

use std::{process::ExitCode, sync::Arc};

use libtest_mimic::Arguments;
use machine_mock_providers::vbox;

pub use self::target::Target;
use self::{board::Board, parts::PartsFolder, trials::Trials};
use crate::{command_line::RunArguments, verdict};

/// The `main` function of a test that runs the suite against the package's own driver.
///
/// ```ignore
/// // tests/conformance.rs; in Cargo.toml: [[test]] name = "conformance" harness = false
/// machine_conformance::conformance_main! {
///     driver: env!("CARGO_BIN_EXE_docker-machine-driver-acme"),
///     profile: "conformance.toml",
/// }
/// ```
///
/// `profile` is relative to the package. `options: ["--skip", "sweep"]` may follow: further options of
/// `machine-conformance run`.
#[macro_export]
macro_rules! conformance_main {
    (driver: $driver:expr, profile: $profile:literal $(, options: [$($option:expr),* $(,)?])? $(,)?) => {
        fn main() -> ::std::process::ExitCode {
            $crate::cargo_test::main(&$crate::cargo_test::Target {
                driver: $driver,
                profile: concat!(env!("CARGO_MANIFEST_DIR"), "/", $profile),
                options: &[$($($option),*)?],
                package: env!("CARGO_PKG_NAME"),
                test: env!("CARGO_CRATE_NAME"),
                folder: env!("CARGO_TARGET_TMPDIR"),
            })
        }
    };
}

/// Lists or runs the checks as the arguments of the process say. What [`conformance_main!`](crate::conformance_main)
/// calls.
///
/// Started under the name `VBoxManage`, the process is that program of the mock VirtualBox instead: drivers of
/// VirtualBox start it, and no other executable of the suite need be at hand.
pub fn main(target: &Target) -> ExitCode {
    if let Some(code) = vbox::executable::run_if_invoked() {
        return code;
    }
    let arguments = Arguments::from_args();
    match trials(target, &arguments) {
        Ok(trials) => trials.run(arguments),
        Err(code) => code,
    }
}

fn trials(target: &Target, arguments: &Arguments) -> Result<Trials, ExitCode> {
    let words = [target.driver, "--profile", target.profile];
    let words = words.into_iter().chain(target.options.iter().copied());
    let options = RunArguments::from_words(words).map_err(|error| {
        // Standard error may be closed; the exit code says it all.
        let _ = error.print();
        ExitCode::from(verdict::ExitCode::USAGE)
    })?;
    let folder = PartsFolder::of_this_run(target.folder, arguments);
    let board = Arc::new(Board::new(target.clone(), folder));
    Trials::plan(options, arguments, board)
        .map_err(|failure| failure.report(&mut anstream::AutoStream::auto(std::io::stderr())).into())
}
