//! What clients are made from. The environment is that of the process, so only what it cannot change is looked at.

#![allow(clippy::unwrap_used, reason = "tests")]

use aws_credential_types::provider::ProvideCredentials;
use machine_driver::Secret;

use super::*;
use crate::Clients;

const ACME: Service = Service::new("Acme", "acme");
const ATTEMPT: Duration = Duration::from_secs(9);

fn keys() -> Keys {
    Keys::new(&Secret::new("a1".to_owned()), &Secret::new("s1".to_owned()), &Secret::default())
}

fn settings() -> Settings {
    Settings::new(ACME, "eu-central-1").with_keys(keys(), false)
}

#[tokio::test]
async fn clients_get_region_endpoint_keys_and_deadline() {
    let settings = settings().with_endpoint(Some("http://127.0.0.1:1".to_owned()));
    let config = settings.config(Some(&keys()), ATTEMPT, &Waits::default()).await;
    assert_eq!(config.region(), Some(&Region::new("eu-central-1")));
    assert_eq!(config.endpoint_url(), Some("http://127.0.0.1:1"));
    assert!(config.get_origin("endpoint_url").is_client_config(), "no variable of the service's counts");
    assert_eq!(config.timeout_config().unwrap().operation_attempt_timeout(), Some(ATTEMPT));
    let found = config.credentials_provider().unwrap().provide_credentials().await.unwrap();
    assert_eq!((found.access_key_id(), found.secret_access_key()), ("a1", "s1"));
}

#[tokio::test]
async fn without_an_endpoint_it_is_the_region_s_own() {
    let config = settings().config(Some(&keys()), ATTEMPT, &Waits::default()).await;
    assert_eq!(config.endpoint_url(), None);
    assert!(config.get_origin("endpoint_url").is_client_config());
}

#[tokio::test]
async fn repetitions_are_one_less_than_tries_and_pauses_are_scaled() {
    for (retries, tries) in [(i64::MIN, 1), (-1, 1), (0, 1), (2, 3), (i64::MAX, u32::MAX)] {
        let settings = settings().with_retries(retries);
        let config = settings.config(Some(&keys()), ATTEMPT, &Waits::default().scaled(0.5)).await;
        let retry = config.retry_config().unwrap();
        assert_eq!(retry.max_attempts(), tries, "{retries}");
        assert_eq!(retry.initial_backoff(), BACK_OFF / 2);
    }
    let config = settings().config(Some(&keys()), ATTEMPT, &Waits::default()).await;
    assert_eq!(config.retry_config().unwrap().max_attempts(), 6);
}

#[tokio::test]
async fn clients_are_made_once_one_for_each_pair_of_keys() {
    let clients = Clients::default();
    let waits = Waits::default();
    let make = |config: &SdkConfig| config.region().map(ToString::to_string);
    let mut settings = settings();
    settings.keys.push(keys());
    let first = clients.calls(&settings, &waits, make).await;
    assert_eq!(first.clients, vec![Some("eu-central-1".to_owned()); 2]);
    assert_eq!(first.secrets.len(), 4);
    assert_eq!(first.deadline, Duration::from_secs(45));
    let later = Settings::new(ACME, "us-east-1").with_keys(keys(), false);
    assert_eq!(clients.calls(&later, &waits, make).await.clients, first.clients);
    assert_eq!(Clients::default().calls(&later, &waits, make).await.clients, [Some("us-east-1".to_owned())]);
    assert_eq!(format!("{clients:?} {:?}", clients.clone()), "Clients Clients");
}
