//! The executable of the known-bad drivers: picks the defect, and does what is wrong with the process itself.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what the process prints is the point")]

use std::{
    io::Read,
    path::PathBuf,
    process::{Command, ExitCode},
    sync::Arc,
    time::Duration,
};

use machine_driver::{
    DynDriver,
    plugin::{self, ServeOptions},
};

use super::{Defect, Defective, VARIABLE};

/// Environment variable with a folder for what processes of one run share.
pub const SHARED_FOLDER: &str = "TEMPLATE_DRIVER_DEFECT_FOLDER";

/// Processes that [`Defect::OneProcessAtATime`] allows: more than the suite needs at once, except where it is the point.
const SLOTS: usize = 12;

/// Entry point of the executable.
pub fn main() -> ExitCode {
    let name = std::env::var(VARIABLE).unwrap_or_default();
    let Some(defect) = Defect::named(&name) else {
        eprintln!(
            "{VARIABLE} is {name:?}; it must name a defect, for example {}",
            Defect::StopDoesNothing.name()
        );
        return ExitCode::FAILURE;
    };
    if defect == Defect::ProxyIsIgnored && std::env::var("NO_PROXY").as_deref() != Ok("*") {
        return without_proxy();
    }
    let waits = match plugin::waits_from_environment() {
        Ok(waits) => waits,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let driver = Defective::template(defect, plugin::standard_log(), waits);
    serve(driver, defect)
}

/// Starts this executable again in the same process, with every place exempt from the proxy.
fn without_proxy() -> ExitCode {
    use std::os::unix::process::CommandExt;
    let error = match std::env::current_exe() {
        Ok(program) => Command::new(program).env("NO_PROXY", "*").env("no_proxy", "*").exec(),
        Err(error) => error,
    };
    eprintln!("cannot start again: {error}");
    ExitCode::FAILURE
}

fn serve(driver: Arc<dyn DynDriver>, defect: Defect) -> ExitCode {
    let mut options = ServeOptions::default();
    match defect {
        Defect::PrintsBeforeTheAddress => println!("template driver 0.1.0"),
        // Without the entry point of the SDK, which lets the environment shorten the time.
        Defect::IgnoresMissingHeartbeats if has_token() => {
            options.heartbeat_timeout = Duration::from_secs(24 * 60 * 60);
            return serve_anyone(driver, options);
        }
        Defect::ReadsStandardInput => {
            let mut answer = String::new();
            let _ = std::io::stdin().read_to_string(&mut answer);
        }
        Defect::StartsWithoutToken => return serve_anyone(driver, options),
        Defect::IgnoresClose if has_token() => {
            let code = serve_anyone(driver, options);
            if code == ExitCode::SUCCESS {
                loop {
                    std::thread::park();
                }
            }
            return code;
        }
        Defect::OneProcessAtATime => {
            let Some(_slot) = Slot::take() else {
                eprintln!("another process of this driver is running");
                return ExitCode::FAILURE;
            };
            return plugin::main_with(driver, options);
        }
        _ => {}
    }
    plugin::main_with(driver, options)
}

/// Whether a host started this process; without its token the entry point of the SDK says what is wrong.
fn has_token() -> bool {
    std::env::var(plugin::TOKEN_VARIABLE).as_deref() == Ok(plugin::TOKEN)
}

fn serve_anyone(driver: Arc<dyn DynDriver>, options: ServeOptions) -> ExitCode {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
    else {
        return ExitCode::FAILURE;
    };
    match runtime.block_on(plugin::serve(driver, options)) {
        Ok(exit) => ExitCode::from(exit.status()),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// One of a few files that say how many processes run.
struct Slot(PathBuf);

impl Slot {
    fn take() -> Option<Self> {
        let folder = std::env::var_os(SHARED_FOLDER).map_or_else(std::env::temp_dir, PathBuf::from);
        (0..SLOTS).map(|slot| folder.join(format!("slot-{slot}"))).find_map(|path| {
            // The slot of a process that was killed is free again.
            if let Ok(owner) = std::fs::read_to_string(&path)
                && !PathBuf::from(format!("/proc/{owner}")).exists()
            {
                let _ = std::fs::remove_file(&path);
            }
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&path).ok()?;
            std::io::Write::write_all(&mut file, std::process::id().to_string().as_bytes()).ok()?;
            Some(Self(path))
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
