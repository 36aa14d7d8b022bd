use std::{future::Future, time::Duration};

use super::client::{Client, Endpoint, Limits};
use crate::{
    error::{Error, ErrorKind, Result},
    wait::{Wait, Waits},
};

/// Wait for a guest's SSH: three minutes, as long as hosts wait.
pub const READY: Wait = Wait::new("SSH in the guest", Duration::from_secs(180), Duration::from_secs(1));

/// Waits until a login works and a command runs, for at most [`READY`] (CREATE-003, CREATE-004, START-003).
///
/// # Errors
/// [`ErrorKind::Timeout`] with the last reason; an unusable key file at once.
pub async fn wait_until_ready(endpoint: &Endpoint, waits: &Waits) -> Result<Client> {
    wait_until(endpoint, waits, &READY, |client| async move {
        match client.run("exit 0").await?.exit_status {
            0 => Ok(Some(client)),
            status => {
                Err(Error::new(ErrorKind::Other, format!("`exit 0` ended with status {status}")).retryable())
            }
        }
    })
    .await
}

/// Logs in again and again until `look`, which gets the client, answers `Some`.
///
/// Connections that fail, logins that are refused and retryable errors of `look` count as "not yet".
///
/// # Errors
/// [`ErrorKind::Timeout`] naming `wait`, with the last reason; an unusable key file and any other error of `look` at
/// once.
pub async fn wait_until<T, F>(
    endpoint: &Endpoint,
    waits: &Waits,
    wait: &Wait,
    look: impl Fn(Client) -> F + Send + Sync,
) -> Result<T>
where
    F: Future<Output = Result<Option<T>>> + Send,
{
    let outcome = waits.until_despite(wait, Error::is_retryable, || async {
        look(Client::connect(endpoint, Limits::default()).await?).await
    });
    outcome.await.map_err(|error| {
        let unexplained = error.is_wait_over() && !error.has_source();
        if unexplained { error.with_context("endpoint", endpoint) } else { error }
    })
}
