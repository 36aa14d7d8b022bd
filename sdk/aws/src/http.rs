use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

/// An HTTP client with the project's one cryptography that uses the proxies of the environment (API-003, API-004).
pub(crate) fn http_client(plain: bool) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        if plain {
            connector.build_http()
        } else {
            connector.tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
        }
    })
}
