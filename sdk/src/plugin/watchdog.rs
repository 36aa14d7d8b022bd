use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Ends a plugin that its host forgot (PROTOCOL section 9).
#[derive(Debug)]
pub(super) struct Watchdog {
    timeout: Duration,
    last_beat: Mutex<Instant>,
}

impl Watchdog {
    /// A watchdog whose clock starts now. Only [`heartbeat`](Watchdog::heartbeat) resets it.
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timeout,
            last_beat: Mutex::new(Instant::now()),
        }
    }

    pub(super) fn heartbeat(&self) {
        *self.last_beat.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Ends when no heartbeat has come for the whole timeout.
    pub(super) async fn expired(&self) {
        loop {
            let deadline = *self.last_beat.lock().unwrap_or_else(PoisonError::into_inner) + self.timeout;
            if Instant::now() >= deadline {
                return;
            }
            tokio::time::sleep_until(deadline).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn heartbeats_postpone_the_end() {
        let start = Instant::now();
        let watchdog = Watchdog::new(Duration::from_secs(10));
        tokio::join!(watchdog.expired(), async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_secs(7)).await;
                watchdog.heartbeat();
            }
        });
        assert_eq!(start.elapsed(), Duration::from_secs(31));
    }
}
