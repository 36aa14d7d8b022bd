use std::{fmt, sync::Arc, time::Duration};

use aws_config::SdkConfig;
use machine_driver::wait::Waits;
use tokio::sync::OnceCell;

use crate::{calls::Calls, settings::Settings};

/// Time for one request.
const ATTEMPT: Duration = Duration::from_secs(15);
/// Time for one call with all its repetitions, in attempts: a getter ends within a minute (STATE-008).
const LONGEST_CALL: u32 = 3;

/// The service's clients, made at the first call: most plugin processes never ask the provider anything.
///
/// A driver has it as a field of its struct, with `#[serde(skip)]`, and replaces it by a new one when its options change.
#[derive(Clone)]
pub struct Clients<C>(Arc<OnceCell<Vec<C>>>);

impl<C> Default for Clients<C> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<C> fmt::Debug for Clients<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clients")
    }
}

impl<C: Clone> Clients<C> {
    /// A way to the service for one method of the driver. `waits` are those of the method's
    /// [`Context`](machine_driver::Context).
    ///
    /// `make` makes a client from what all services of AWS have in common, once for each pair of keys. Only the first
    /// call makes clients: later ones have the keys, the region and the endpoint of that time.
    ///
    /// A request may take 15 s, and a call with its repetitions and pages three times as long.
    pub async fn calls(
        &self,
        settings: &Settings,
        waits: &Waits,
        make: impl Fn(&SdkConfig) -> C,
    ) -> Calls<C> {
        let attempt = waits.scale_answer(ATTEMPT);
        let clients = self.0.get_or_init(|| async {
            let mut clients = Vec::new();
            for keys in &settings.keys {
                clients.push(make(&settings.config(Some(keys), attempt, waits).await));
            }
            if clients.is_empty() {
                clients.push(make(&settings.config(None, attempt, waits).await));
            }
            clients
        });
        Calls {
            service: settings.service,
            clients: clients.await.clone(),
            secrets: settings.keys.iter().flat_map(|keys| keys.secrets()).collect(),
            deadline: attempt * LONGEST_CALL,
            waits: waits.clone(),
        }
    }
}
