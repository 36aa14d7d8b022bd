use std::sync::OnceLock;

use tokio::runtime::{Builder, Handle, Runtime};

/// Number of threads: a method that blocks its thread by mistake leaves one for the others.
const THREADS: usize = 2;

/// Threads for the methods of a driver that may take long, so that a driver that blocks its thread cannot keep
/// heartbeats from being answered. They are made at the first such method, because most plugin processes live for a
/// few getters only and should start fast.
#[derive(Debug, Default)]
pub(super) struct DriverThreads(OnceLock<Option<Runtime>>);

impl DriverThreads {
    /// The threads' runtime; the caller's if the system has no threads left. Needs a tokio runtime.
    pub(super) fn handle(&self) -> Handle {
        let runtime = self.0.get_or_init(|| {
            Builder::new_multi_thread()
                .worker_threads(THREADS)
                .thread_name("driver")
                .enable_all()
                .build()
                .ok()
        });
        runtime.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }

    /// Leaves the threads to their fate, without waiting for them.
    pub(super) fn abandon(self) {
        if let Some(runtime) = self.0.into_inner().flatten() {
            runtime.shutdown_background();
        }
    }
}
