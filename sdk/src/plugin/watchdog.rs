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
        Self { timeout, last_beat: Mutex::new(Instant::now()) }
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
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[tokio::test]
    async fn it_expires_a_whole_timeout_after_the_last_heartbeat() {
        const TIMEOUT: Duration = Duration::from_millis(100);
        const BEATS: u32 = 5;
        let watchdog = Watchdog::new(TIMEOUT);
        let last_beat = Mutex::new(Instant::now());
        let beats = async {
            for _ in 0..BEATS {
                tokio::time::sleep(TIMEOUT / BEATS).await;
                *last_beat.lock().unwrap() = Instant::now();
                watchdog.heartbeat();
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            // First, so that a heartbeat that comes too late on a busy machine does not count as the last one.
            biased;
            () = watchdog.expired() => {}
            () = beats => {}
        }
        assert!(last_beat.lock().unwrap().elapsed() >= TIMEOUT);
    }
}
