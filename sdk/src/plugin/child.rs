//! A plugin's process, seen from its host.

use std::{
    future::poll_fn,
    pin::pin,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    process::{Child as Process, Command},
    sync::watch,
    task::JoinHandle,
    time::timeout,
};

use super::{
    entry::{DRIVER_NAME_VARIABLE, TOKEN, TOKEN_VARIABLE},
    host_options::HostOptions,
    host_output::{HostOutput, OutputStream},
};
use crate::error::{Error, ErrorKind, Result};

/// A process in a process group of its own, with its output drained. Killed with its group, and reaped, when dropped.
#[derive(Debug)]
pub(super) struct Child {
    pid: u32,
    output: Arc<HostOutput>,
    process: Arc<Mutex<Process>>,
    exit: watch::Receiver<Option<ExitStatus>>,
    drains: [JoinHandle<()>; 2],
}

impl Child {
    /// Starts the executable. Needs a tokio runtime.
    pub(super) fn spawn(options: &HostOptions) -> Result<Self> {
        let mut command = Command::new(&options.program);
        if options.clear_environment {
            command.env_clear();
        }
        command
            .args(&options.arguments)
            .env(TOKEN_VARIABLE, TOKEN)
            .env(DRIVER_NAME_VARIABLE, &options.driver_name)
            .envs(&options.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        if let Some(folder) = &options.current_dir {
            command.current_dir(folder);
        }
        let output =
            Arc::new(HostOutput::new(options.kept_line, options.kept_output, options.on_line.clone()));
        let not_started = || Error::new(ErrorKind::Io, "the plugin cannot be started");
        let mut process = command.spawn().map_err(|error| not_started().with_source(&error))?;
        let (Some(pid), Some(stdout), Some(stderr)) =
            (process.id(), process.stdout.take(), process.stderr.take())
        else {
            return Err(not_started());
        };
        let drains = [
            tokio::spawn({
                let output = Arc::clone(&output);
                async move { output.drain(stdout, OutputStream::Stdout).await }
            }),
            tokio::spawn({
                let output = Arc::clone(&output);
                async move { output.drain(stderr, OutputStream::Stderr).await }
            }),
        ];
        let process = Arc::new(Mutex::new(process));
        let (exited, exit) = watch::channel(None);
        tokio::spawn(reap(Arc::clone(&process), exited));
        Ok(Self { pid, output, process, exit, drains })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    pub(super) fn output(&self) -> &HostOutput {
        &self.output
    }

    pub(super) fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits for the end of the process, at most for `limit`.
    pub(super) async fn wait_exit(&self, limit: Duration) -> Option<ExitStatus> {
        let mut exit = self.exit.clone();
        match timeout(limit, exit.wait_for(Option::is_some)).await {
            Ok(Ok(status)) => *status,
            _ => None,
        }
    }

    /// Waits until everything that the process printed has been read, at most for `limit`: a process that it left
    /// behind may keep the pipes open.
    pub(super) async fn wait_drained(&self, limit: Duration) {
        // Past the limit, what has been read so far must do.
        let _ = timeout(limit, self.output.drained(self.drains.len())).await;
    }

    /// Kills the process and its group, unless it has ended.
    pub(super) fn kill(&self) {
        let mut process = locked(&self.process);
        // Not reaped, so neither the process id nor the group's can have been given to somebody else.
        let Some(pid) = process.id() else { return };
        if kill_group(pid).is_err() {
            // It ended meanwhile, or there are no groups here.
            let _ = process.start_kill();
        }
    }

    /// Kills the process and its group, and waits for its end, at most for `limit`.
    pub(super) async fn kill_and_reap(&self, limit: Duration) -> Option<ExitStatus> {
        self.kill();
        self.wait_exit(limit).await
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
        for drain in &self.drains {
            drain.abort();
        }
    }
}

/// Waits for the end of the process, holding its lock only to look.
async fn reap(process: Arc<Mutex<Process>>, exited: watch::Sender<Option<ExitStatus>>) {
    let status = poll_fn(|cx| {
        let mut process = locked(&process);
        // Waiting may be taken up afresh at any time.
        pin!(process.wait()).poll(cx)
    })
    .await;
    exited.send_replace(status.ok());
}

fn locked(process: &Mutex<Process>) -> MutexGuard<'_, Process> {
    process.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn kill_group(pid: u32) -> std::io::Result<()> {
    use rustix::process::{Pid, Signal, kill_process_group};

    let group = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(std::io::ErrorKind::InvalidInput)?;
    Ok(kill_process_group(group, Signal::KILL)?)
}

#[cfg(not(unix))]
fn kill_group(_: u32) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}
