//! Ctrl-C and SIGTERM: the first one ends the run in good order, the second one at once.

use tokio::sync::watch;

/// Exit code of a program that was interrupted, as shells use it.
pub(super) const INTERRUPTED: u8 = 130;

/// Becomes `true` at the first Ctrl-C or SIGTERM. The second one ends the process at once.
pub(super) fn watch_signals() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        next_signal().await;
        // Without a listener there is nothing to stop any more.
        let _ = sender.send(true);
        #[expect(clippy::print_stderr, reason = "an answer to the user's key, while the run still goes on")]
        {
            eprintln!("\nstopping: cleaning up after the running checks; press Ctrl-C again to end at once");
        }
        next_signal().await;
        #[expect(clippy::disallowed_methods, reason = "the user asked twice to end without any further ado")]
        std::process::exit(INTERRUPTED.into());
    });
    receiver
}

/// Waits for the next Ctrl-C or SIGTERM.
pub(super) async fn next_signal() {
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signals) => {
                signals.recv().await;
            }
            // Without a handler the signal ends the process anyway.
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = terminate => {}
    }
}
