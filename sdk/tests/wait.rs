//! Named waits with an injected clock: no test here sleeps.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use machine_driver::{
    BoxFuture, Error, ErrorKind, Result,
    wait::{Clock, Wait, Waits},
};

/// A clock whose sleeps end at once and are written down.
struct Jumping {
    now: Mutex<Instant>,
    slept: Mutex<Vec<Duration>>,
}

impl Jumping {
    fn new() -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(Instant::now()), slept: Mutex::default() })
    }
}

struct Handle(Arc<Jumping>);

impl Clock for Handle {
    fn now(&self) -> Instant {
        *self.0.now.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let clock = Arc::clone(&self.0);
        Box::pin(async move {
            // A look that is in progress must get its chance before time jumps over it.
            tokio::task::yield_now().await;
            *clock.now.lock().unwrap() += duration;
            clock.slept.lock().unwrap().push(duration);
        })
    }
}

const SERVER: Wait = Wait::new("the server to run", Duration::from_secs(10), Duration::from_secs(3));

#[tokio::test]
async fn looks_at_once_then_soon_and_at_last_at_each_interval() {
    const HOUR: Wait = Wait::new("the hour", Duration::from_secs(3600), Duration::from_secs(8));
    const LOOKS: usize = 80;
    let clock = Jumping::new();
    let waits = Waits::with_clock(Arc::new(Handle(Arc::clone(&clock))));
    let pauses = || clock.slept.lock().unwrap().clone();
    let value = waits.until(&HOUR, || async { Ok((pauses().len() == LOOKS).then_some("running")) }).await;
    assert_eq!(value.unwrap(), "running");
    let pauses = pauses();
    assert_eq!(pauses[0], HOUR.interval / 32);
    assert!(pauses.is_sorted(), "{pauses:?}");
    assert_eq!(pauses[LOOKS - 1], HOUR.interval);
    let mut waited = Duration::ZERO;
    for pause in pauses {
        let longest = (waited / 16).max(HOUR.interval / 32);
        assert!(pause <= longest, "{pause:?} after {waited:?}");
        waited += pause;
    }
}

#[tokio::test]
async fn gives_up_at_the_deadline_and_says_on_what() {
    let clock = Jumping::new();
    let waits = Waits::with_clock(Arc::new(Handle(Arc::clone(&clock)))).scaled(0.5);
    let outcome: Result<()> = waits.until(&SERVER, || async { Ok(None) }).await;
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.to_string(), "gave up waiting for the server to run after 5.0 s");
    let slept: Duration = clock.slept.lock().unwrap().iter().sum();
    assert_eq!(slept, Duration::from_secs(5), "the deadline is scaled and kept");
}

#[tokio::test]
async fn what_may_never_come_is_none_and_a_silent_provider_is_an_error() {
    let waits = Waits::with_clock(Arc::new(Handle(Jumping::new())));
    let never: Result<Option<()>> = waits.until_or_none(&SERVER, || async { Ok(None) }).await;
    assert_eq!(never.unwrap(), None);
    let found = waits.until_or_none(&SERVER, || async { Ok(Some("running")) }).await;
    assert_eq!(found.unwrap(), Some("running"));
    let silent = || Error::new(ErrorKind::Timeout, "the provider does not answer").retryable();
    let outcome: Result<Option<()>> = waits.until_or_none(&SERVER, || async { Err(silent()) }).await;
    assert_eq!(outcome.unwrap_err(), silent());
}

#[tokio::test]
async fn an_error_of_a_look_ends_the_wait() {
    let waits = Waits::with_clock(Arc::new(Handle(Jumping::new())));
    let outcome: Result<()> =
        waits.until(&SERVER, || async { Err(Error::new(ErrorKind::Provider, "refused")) }).await;
    assert_eq!(outcome.unwrap_err().to_string(), "refused");
}

#[tokio::test]
async fn scaling_down_leaves_time_for_an_answer() {
    let clock = Jumping::new();
    let waits = Waits::with_clock(Arc::new(Handle(Arc::clone(&clock)))).scaled(0.01);
    let start = *clock.now.lock().unwrap();
    let outcome: Result<()> = waits.until(&SERVER, std::future::pending).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Timeout);
    let took = clock.now.lock().unwrap().duration_since(start);
    assert_eq!(took, Waits::SHORTEST_ANSWER, "a tenth of a second is too little on a busy computer");
    assert_eq!(waits.scale_answer(Duration::from_secs(1)), Duration::from_secs(1));
    assert_eq!(waits.scale_answer(Duration::from_secs(300)), Duration::from_secs(3));
}

#[tokio::test]
async fn a_look_that_hangs_is_cut_off() {
    let waits = Waits::with_clock(Arc::new(Handle(Jumping::new())));
    let outcome: Result<()> = waits.until(&SERVER, std::future::pending).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Timeout);
    let outcome: Result<()> = waits.within(&SERVER, std::future::pending()).await;
    assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Timeout);
}
