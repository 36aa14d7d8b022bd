//! Ctrl-C and SIGTERM: the first one ends the run in good order, the second one at once.

use std::io;

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
};

use super::failure::Failure;
use crate::verdict::ExitCode;

/// Ctrl-C and SIGTERM. From [`listen`](Self::listen) on they do not end the process any more.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// Takes the signals over.
    pub(super) fn listen() -> Result<Self, Failure> {
        let streams = || -> io::Result<Self> {
            Ok(Self {
                interrupt: signal(SignalKind::interrupt())?,
                terminate: signal(SignalKind::terminate())?,
            })
        };
        streams().map_err(|error| Failure::environment(format!("cannot listen to signals: {error}")))
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Becomes `true` at the first signal. The second one ends the process at once.
    pub(super) fn into_cancellation(mut self) -> watch::Receiver<bool> {
        let (sender, receiver) = watch::channel(false);
        tokio::spawn(async move {
            self.next().await;
            // Without a listener there is nothing to stop any more.
            let _ = sender.send(true);
            #[expect(
                clippy::print_stderr,
                reason = "an answer to the user's key, while the run still goes on"
            )]
            {
                eprintln!(
                    "\nstopping: cleaning up after the running checks; press Ctrl-C again to end at once"
                );
            }
            self.next().await;
            #[expect(
                clippy::disallowed_methods,
                reason = "the user asked twice to end without any further ado"
            )]
            std::process::exit(ExitCode::INTERRUPTED.into());
        });
        receiver
    }
}
