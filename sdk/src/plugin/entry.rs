use std::{
    env,
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use tokio::runtime::Builder;

use super::{
    driver_threads::DriverThreads,
    output::standard_log,
    serve::{Exit, ServeOptions, announce, serve_on},
};
use crate::{
    driver::Driver,
    dynamic::DynDriver,
    error::{Error, ErrorKind, Result},
    hosted::Hosted,
    log::Log,
    wait::Waits,
};

/// Environment variable that tells an executable to be a plugin (PROTOCOL section 1).
pub const TOKEN_VARIABLE: &str = "MACHINE_PLUGIN_TOKEN";
/// Its value. It is no secret.
pub const TOKEN: &str = "42";
/// Environment variable with the name of the driver to be; an executable with one driver ignores it.
pub const DRIVER_NAME_VARIABLE: &str = "MACHINE_PLUGIN_DRIVER_NAME";

/// Environment variable that shortens the time without heartbeats after which the plugin ends: a positive decimal,
/// in seconds. Values above the protocol's 10 s count as 10 s.
pub const HEARTBEAT_TIMEOUT_VARIABLE: &str = "MACHINE_DRIVER_HEARTBEAT_TIMEOUT";

const NOTICE: &str = "\
This is a Docker Machine plugin binary.
Plugin binaries are not intended to be invoked directly.
Please use this plugin through the main 'docker-machine' binary.
(API version: 1)
";

/// The whole `fn main` of a driver's executable.
///
/// ```no_run
/// # use machine_driver::*;
/// # fn start<MyDriver: Driver>() -> std::process::ExitCode {
/// machine_driver::plugin::main::<MyDriver>()
/// # }
/// ```
///
/// Without the token of a host in the environment it prints a notice and fails. Deadlines and intervals of the
/// driver's waits are scaled by [`Waits::FACTOR_VARIABLE`] if it is set. Errors go to standard error.
///
/// Methods that may take long run on threads of their own; getters that answer from memory do not
/// ([`Driver`] methods without [`Context`](crate::Context)), so these must not block.
pub fn main<D: Driver>() -> ExitCode {
    run(ServeOptions::default(), |log, waits| Arc::new(Hosted::new(D::default(), log, waits)))
}

/// As [`main`], for a driver that is an object already. It must have printed nothing yet.
pub fn main_with(driver: Arc<dyn DynDriver>, options: ServeOptions) -> ExitCode {
    run(options, |_, _| driver)
}

/// The waits of a plugin process: the system's clock, scaled by [`Waits::FACTOR_VARIABLE`].
///
/// # Errors
/// [`ErrorKind::Config`] if the variable is set to anything but a positive decimal.
pub fn waits_from_environment() -> Result<Waits> {
    match env::var_os(Waits::FACTOR_VARIABLE) {
        None => Ok(Waits::default()),
        Some(text) => {
            Ok(Waits::default().scaled(positive_decimal(Waits::FACTOR_VARIABLE, &text.to_string_lossy())?))
        }
    }
}

/// The heartbeat time-out of `options`, shortened by [`HEARTBEAT_TIMEOUT_VARIABLE`].
fn heartbeat_timeout(options: &ServeOptions) -> Result<Duration> {
    match env::var_os(HEARTBEAT_TIMEOUT_VARIABLE) {
        None => Ok(options.heartbeat_timeout),
        Some(text) => {
            let seconds = positive_decimal(HEARTBEAT_TIMEOUT_VARIABLE, &text.to_string_lossy())?;
            let shortened = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            Ok(shortened.min(options.heartbeat_timeout))
        }
    }
}

fn positive_decimal(variable: &str, text: &str) -> Result<f64> {
    let decimal = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match text.parse::<f64>() {
        Ok(factor) if decimal && factor > 0.0 && factor.is_finite() => Ok(factor),
        _ => Err(Error::new(
            ErrorKind::Config,
            format!(
                "the environment variable {variable} is {text:?}; expected a positive decimal such as 0.01, or no variable"
            ),
        )),
    }
}

fn run(options: ServeOptions, driver: impl FnOnce(Log, Waits) -> Arc<dyn DynDriver>) -> ExitCode {
    if env::var_os(TOKEN_VARIABLE).is_none_or(|token| token != TOKEN) {
        complain(NOTICE);
        return ExitCode::FAILURE;
    }
    match run_plugin(options, driver) {
        Ok(exit) => ExitCode::from(exit.status()),
        Err(error) => {
            complain(&format!("{error:#}\n"));
            ExitCode::FAILURE
        }
    }
}

fn run_plugin(
    mut options: ServeOptions,
    driver: impl FnOnce(Log, Waits) -> Arc<dyn DynDriver>,
) -> Result<Exit> {
    let waits = waits_from_environment()?;
    options.heartbeat_timeout = heartbeat_timeout(&options)?;
    // The host dials while the rest is being made, and nothing that a driver prints can come first.
    let listener = announce()?;
    let driver = driver(standard_log(), waits);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let threads = DriverThreads::default();
    let exit = runtime.block_on(serve_on(listener, driver, options, Some(&threads)));
    // Whatever still runs must not hold up the end of the process.
    threads.abandon();
    runtime.shutdown_background();
    exit
}

fn complain(text: &str) {
    // Without standard error there is nobody to tell.
    let _ = io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_wait_factor_is_a_positive_decimal() {
        assert_eq!(positive_decimal(Waits::FACTOR_VARIABLE, "0.01").unwrap(), 0.01);
        assert_eq!(positive_decimal(Waits::FACTOR_VARIABLE, "3").unwrap(), 3.0);
        for text in ["", "0", "-1", "1e3", "inf", "NaN", "fast", "0.0", "1,5", " 1"] {
            let error = positive_decimal(Waits::FACTOR_VARIABLE, text).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{text:?}")) && error.contains("MACHINE_DRIVER_WAIT_FACTOR"),
                "{error}"
            );
        }
    }
}
