//! Named waits: polling with a deadline, with a clock and a speed that can be injected.

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    dynamic::BoxFuture,
    error::{Error, ErrorKind, Result},
};

/// A pause between two looks is this part of the time waited so far: what is waited for is seen so much later at most.
const PART_OF_WAITED: u32 = 16;
/// The shortest pause is this part of the interval.
const PART_OF_INTERVAL: u32 = 32;

/// A wait: what is waited for, how long at most, and how often it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "waits are written as constants")]
pub struct Wait {
    /// What is waited for, as it reads after "waiting for", for example `the server to run`.
    pub name: &'static str,
    /// Longest duration, before scaling.
    pub deadline: Duration,
    /// Longest pause between two looks, before scaling; the first ones are shorter.
    pub interval: Duration,
}

impl Wait {
    /// A wait of at most `deadline` with a look every `interval`, and more often at first.
    pub const fn new(name: &'static str, deadline: Duration, interval: Duration) -> Self {
        Self { name, deadline, interval }
    }
}

/// Source of time.
pub trait Clock: Send + Sync {
    /// The present.
    fn now(&self) -> Instant;

    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "a name without content")]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// Learns how long waits took.
pub trait WaitObserver: Send + Sync {
    /// A wait ended: `took` of the scaled `limit`; `in_time` is false if what was waited for did not come, or failed.
    fn waited(&self, wait: &Wait, took: Duration, limit: Duration, in_time: bool);
}

/// How waits are carried out: the clock, and a factor for all deadlines and intervals.
#[derive(Clone)]
pub struct Waits {
    clock: Arc<dyn Clock>,
    factor: f64,
    observer: Option<Arc<dyn WaitObserver>>,
}

impl Default for Waits {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), factor: 1.0, observer: None }
    }
}

impl fmt::Debug for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waits").field("factor", &self.factor).finish_non_exhaustive()
    }
}

impl Waits {
    /// Environment variable with the factor of a plugin process: a positive decimal such as `0.01`.
    pub const FACTOR_VARIABLE: &'static str = "MACHINE_DRIVER_WAIT_FACTOR";

    /// Time for an answer that scaling down leaves: a busy computer needs it, and an answer that is cut off would pass for
    /// "not there".
    pub const SHORTEST_ANSWER: Duration = Duration::from_secs(2);

    /// Waits that use `clock`.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..Self::default() }
    }

    /// Tells `observer` how long each wait took, for reports of waits that nearly timed out.
    #[must_use]
    pub fn observed_by(mut self, observer: Arc<dyn WaitObserver>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Scales all deadlines and intervals; a factor that is not positive and finite counts as 1.
    #[must_use]
    pub fn scaled(mut self, factor: f64) -> Self {
        self.factor = if factor.is_finite() && factor > 0.0 { factor } else { 1.0 };
        self
    }

    /// The clock.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// `duration` times the factor.
    pub fn scale(&self, duration: Duration) -> Duration {
        duration.mul_f64(self.factor)
    }

    /// Time for one answer, of a provider or a program: `duration` times the factor, but not shorter than
    /// [`SHORTEST_ANSWER`](Self::SHORTEST_ANSWER) unless `duration` itself is.
    pub fn scale_answer(&self, duration: Duration) -> Duration {
        self.scale(duration).max(Self::SHORTEST_ANSWER.min(duration))
    }

    /// Looks until `look` answers `Some`, an error, or the deadline is over.
    ///
    /// Pauses are a sixteenth of the time waited so far, from a thirty-second of the interval up to the whole: what is
    /// done soon is seen soon, and what takes long is looked at once in each interval.
    ///
    /// A look in progress is cut off at the deadline, so that a provider that never answers cannot stretch a wait; where
    /// the factor makes the deadline short, it has as long as [any answer](Self::scale_answer).
    ///
    /// # Errors
    /// The error of `look`; [`ErrorKind::Timeout`] naming the wait.
    pub async fn until<T, F, L>(&self, wait: &Wait, look: L) -> Result<T>
    where
        L: FnMut() -> F,
        F: Future<Output = Result<Option<T>>> + Send,
    {
        let start = self.clock.now();
        let outcome = self.look_until(wait, look).await;
        self.tell(wait, start, outcome.is_ok());
        outcome
    }

    /// As [`until`](Self::until), for what may never come: `None` when the wait itself is over.
    ///
    /// # Errors
    /// The error of `look`. A provider that does not answer [in time](Error::is_wait_over) is one too: it has not said
    /// that there is nothing.
    pub async fn until_or_none<T, F, L>(&self, wait: &Wait, look: L) -> Result<Option<T>>
    where
        L: FnMut() -> F,
        F: Future<Output = Result<Option<T>>> + Send,
    {
        match self.until(wait, look).await {
            Err(error) if error.is_wait_over() => Ok(None),
            outcome => outcome.map(Some),
        }
    }

    /// As [`until`](Self::until), for whoever fails now and then: an error that `passes` counts as "not yet".
    ///
    /// # Errors
    /// Any other error of `look`; [`ErrorKind::Timeout`] naming the wait, with the last error that passes as its cause.
    pub async fn until_despite<T, F>(
        &self,
        wait: &Wait,
        passes: impl Fn(&Error) -> bool + Send + Sync,
        look: impl Fn() -> F + Send + Sync,
    ) -> Result<T>
    where
        F: Future<Output = Result<Option<T>>> + Send,
    {
        let last = Mutex::new(None);
        let outcome = self.until(wait, || async {
            match look().await {
                Err(error) if passes(&error) => {
                    *last.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Ok(None)
                }
                looked => looked,
            }
        });
        let outcome = outcome.await;
        let last = last.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcome.map_err(|error| match last {
            Some(last) if error.is_wait_over() => error.with_source(&last),
            _ => error,
        })
    }

    async fn look_until<T, F, L>(&self, wait: &Wait, mut look: L) -> Result<T>
    where
        L: FnMut() -> F,
        F: Future<Output = Result<Option<T>>> + Send,
    {
        let deadline = self.scale(wait.deadline);
        let start = self.clock.now();
        let until = |end: Duration| end.saturating_sub(self.clock.now().duration_since(start));
        let left = || until(deadline);
        let cut_off = self.scale_answer(wait.deadline);
        let interval = self.scale(wait.interval);
        loop {
            let looked = tokio::select! {
                biased;
                outcome = look() => outcome?,
                () = self.clock.sleep(until(cut_off)) => None,
            };
            if let Some(value) = looked {
                return Ok(value);
            }
            if left().is_zero() {
                return Err(timed_out(wait.name, deadline));
            }
            let waited = self.clock.now().duration_since(start);
            let pause = (waited / PART_OF_WAITED).clamp(interval / PART_OF_INTERVAL, interval);
            self.clock.sleep(pause.min(left())).await;
        }
    }

    /// Runs `future` for at most the scaled deadline of `wait`.
    ///
    /// # Errors
    /// The error of `future`; [`ErrorKind::Timeout`] naming the wait.
    pub async fn within<T>(&self, wait: &Wait, future: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let limit = self.scale(wait.deadline);
        let start = self.clock.now();
        let outcome = tokio::select! {
            biased;
            outcome = future => outcome,
            () = self.clock.sleep(limit) => Err(timed_out(wait.name, limit)),
        };
        self.tell(wait, start, outcome.is_ok());
        outcome
    }

    fn tell(&self, wait: &Wait, start: Instant, in_time: bool) {
        if let Some(observer) = &self.observer {
            let took = self.clock.now().duration_since(start);
            observer.waited(wait, took, self.scale(wait.deadline), in_time);
        }
    }

    /// Sleeps for the scaled interval of `wait`, for example between two tries.
    pub async fn pause(&self, wait: &Wait) {
        self.clock.sleep(self.scale(wait.interval)).await;
    }
}

fn timed_out(name: &str, limit: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("gave up waiting for {name} after {:.1} s", limit.as_secs_f64()))
}
