use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{Url, redirect};

/// Connections to the provider, made at the first request: reading the system's certificates takes longer than all the rest
/// of a plugin's start, and most plugin processes never ask the provider anything.
///
/// A driver has it as a field of its struct, with `#[serde(skip)]`.
#[derive(Clone, Debug, Default)]
pub struct Client(Arc<OnceLock<reqwest::Client>>);

impl Client {
    pub(crate) fn to(&self, endpoint: &Url, user_agent: &str) -> Result<&reqwest::Client, reqwest::Error> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        // Fails if it was chosen before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(user_agent)
            // A redirected request would carry the token elsewhere.
            .redirect(redirect::Policy::none())
            .pool_max_idle_per_host(1)
            .pool_idle_timeout(Duration::from_secs(20));
        if endpoint.scheme() == "http" {
            // Certificates are not needed, and some systems have none.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build()?;
        Ok(self.0.get_or_init(|| client))
    }
}
