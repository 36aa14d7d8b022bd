use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task,
    time::Duration,
};

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use machine_driver::{BoxFuture, wait::Waits};

/// The driver's clock for the SDK's pauses and deadlines, whose lengths are scaled already.
#[derive(Debug)]
pub(crate) struct Sleeper(pub(crate) Waits);

impl AsyncSleep for Sleeper {
    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::new(Shareable(Mutex::new(self.0.clock().sleep(duration))))
    }
}

/// The SDK wants futures that threads may share. Nobody polls through a shared reference, so the lock is never taken.
struct Shareable(Mutex<BoxFuture<'static, ()>>);

impl Future for Shareable {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> task::Poll<()> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().poll(cx)
    }
}
