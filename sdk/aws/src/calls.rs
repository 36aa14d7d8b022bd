use std::{cell::RefCell, fmt, future::Future, time::Duration};

use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use machine_driver::{Result, Secret, wait::Waits};

use crate::{attempts::REASONS, failure::Failure, service::Service};

/// Calls to the service, each with an end, with errors that people understand, and with the next keys where the first
/// are refused.
///
/// The AWS SDK repeats a call when the service limits the rate, fails, or does not answer, after pauses that get longer.
/// That is safe for reads and deletions by nature; for whatever makes something the driver needs a client token, or has
/// to find out what "exists already" means (FAULT-007).
///
/// In all methods `purpose` reads after "cannot": `launch the instance of m1`; and `call` makes one request to the
/// service with the client that it is given.
pub struct Calls<C> {
    pub(crate) service: Service,
    /// One for each pair of keys, in the order in which they are tried.
    pub(crate) clients: Vec<C>,
    pub(crate) secrets: Vec<Secret<String>>,
    /// Longest time for one call with its repetitions and pages.
    pub(crate) deadline: Duration,
    pub(crate) waits: Waits,
}

impl<C> fmt::Debug for Calls<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("service", &self.service).finish_non_exhaustive()
    }
}

impl<C: Clone> Calls<C> {
    /// Makes a call.
    ///
    /// # Errors
    /// What the service refuses or fails at, and its silence.
    pub async fn call<T, E, F>(&self, purpose: impl AsRef<str>, call: impl Fn(C) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let purpose = purpose.as_ref();
        let mut failure = Failure::too_late(self.service, purpose, self.deadline);
        for client in &self.clients {
            let attempts = REASONS.scope(RefCell::default(), async {
                let answer = call(client.clone()).await;
                answer.map_err(|error| {
                    Failure::new(self.service, purpose, &error, &REASONS.with(RefCell::take))
                })
            });
            let answer = tokio::select! {
                biased;
                answer = attempts => answer,
                () = self.waits.clock().sleep(self.deadline) => break,
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(last) => failure = last.without(&self.secrets),
            }
            if !failure.is_refused() {
                break;
            }
        }
        Err(failure)
    }

    /// A call for all items on all pages of a list (FAULT-012).
    ///
    /// # Errors
    /// As [`call`](Self::call), whichever page it is.
    pub async fn list<T, E>(
        &self,
        purpose: impl AsRef<str>,
        call: impl Fn(C) -> PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<Vec<T>, Failure>
    where
        T: Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.call(purpose, |client| call(client).try_collect()).await
    }

    /// A call whose answer says nothing but that it is done.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn change<T, E, F>(
        &self,
        purpose: impl AsRef<str>,
        call: impl Fn(C) -> F,
    ) -> Result<(), Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.call(purpose, call).await.map(drop)
    }

    /// A call about one object: `None` if the service itself says that it [does not exist](Failure::is_missing).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn find<T, E, F>(
        &self,
        purpose: impl AsRef<str>,
        call: impl Fn(C) -> F,
    ) -> Result<Option<T>, Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match self.call(purpose, call).await {
            Err(failure) if failure.is_missing() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// A deletion: what does not exist is deleted (RM-008, RM-012).
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub async fn delete<T, E, F>(
        &self,
        purpose: impl AsRef<str>,
        call: impl Fn(C) -> F,
    ) -> Result<(), Failure>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>> + Send,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.find(purpose, call).await.map(drop)
    }

    /// The failure of a call whose answer lacks what it is about (FAULT-006).
    pub fn senseless(&self, purpose: &str) -> Failure {
        Failure::senseless(self.service, purpose)
    }
}

#[cfg(test)]
#[path = "tests/calls.rs"]
mod tests;
