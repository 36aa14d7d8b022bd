//! A hosted driver: records merge as hosts expect, getters never wait, panics are errors.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use machine_driver::{
    BaseDriver, Context, Driver, DriverOptions, DynDriver, Error, ErrorKind, Hosted, Log, OptionValue,
    Result, State, wait::Waits,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Notify;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Acme {
    #[serde(flatten)]
    base: BaseDriver,
    #[serde(rename = "ServerId")]
    server_id: Option<String>,
    #[serde(rename = "Size")]
    size: i64,
    #[serde(skip)]
    go_on: Arc<Notify>,
}

#[derive(machine_driver::DriverFlags)]
struct Options {
    /// Size in units
    #[flag(name = "acme-size", env = "ACME_SIZE", default = "2")]
    size: i64,
}

impl Driver for Acme {
    type Options = Options;

    fn driver_name(&self) -> &'static str {
        "acme"
    }

    fn base(&self) -> &BaseDriver {
        &self.base
    }

    fn base_mut(&mut self) -> &mut BaseDriver {
        &mut self.base
    }

    fn set_config_from_flags(&mut self, options: Options) -> Result<()> {
        self.size = options.size;
        Ok(())
    }

    async fn pre_create_check(&self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn create(&mut self, cx: &Context) -> Result<()> {
        self.server_id = Some("srv-1".to_owned());
        cx.publish(self);
        self.go_on.notified().await;
        self.base.ip_address = "203.0.113.9".to_owned();
        Ok(())
    }

    async fn remove(&mut self, _cx: &Context) -> Result<()> {
        self.server_id = None;
        Err(Error::new(ErrorKind::Provider, "one key is left"))
    }

    async fn start(&mut self, _cx: &Context) -> Result<()> {
        self.server_id = Some("half done".to_owned());
        panic!("index out of range");
    }

    async fn stop(&mut self, _cx: &Context) -> Result<()> {
        Err(Error::unsupported("stop"))
    }

    async fn restart(&mut self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn kill(&mut self, _cx: &Context) -> Result<()> {
        Ok(())
    }

    async fn state(&self, _cx: &Context) -> Result<State> {
        Ok(if self.server_id.is_some() { State::Running } else { State::None })
    }

    async fn url(&self, _cx: &Context) -> Result<String> {
        Err(Error::not_running())
    }
}

fn hosted() -> Hosted<Acme> {
    Hosted::new(Acme::default(), Log::discard(), Waits::default())
}

async fn record(driver: &dyn DynDriver) -> Value {
    serde_json::from_slice(&driver.config_raw().await.unwrap()).unwrap()
}

#[tokio::test]
async fn records_merge_and_unknown_keys_survive_in_order() {
    let driver = hosted();
    driver
        .set_config_raw(br#"{"MachineName":"m","StorePath":"/s","SSHPort":0,"Zone":{"a":1}}"#.to_vec())
        .await
        .unwrap();
    driver
        .set_config_raw(br#"{"serverid":"srv-9","MachineName":null,"Zone":{"b":2}}"#.to_vec())
        .await
        .unwrap();
    let now = record(&driver).await;
    assert_eq!(now["MachineName"], "m", "null leaves a text unchanged");
    assert_eq!(now["ServerId"], "srv-9", "keys match in any case");
    assert_eq!(now["Zone"], json!({"b": 2}), "an unknown key is kept as it came last");
    let keys: Vec<_> = now.as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys[..2], ["IPAddress", "IPv6Address"], "the shared record comes first");
    assert_eq!(keys.last().unwrap(), "Zone");
    driver.set_config_raw(br#"{"ServerId":null}"#.to_vec()).await.unwrap();
    assert_eq!(record(&driver).await["ServerId"], Value::Null, "null empties what may be empty");
}

#[tokio::test]
async fn an_unusable_record_changes_nothing_and_names_the_key() {
    let driver = hosted();
    driver.set_config_raw(br#"{"MachineName":"m","Size":9007199254740993}"#.to_vec()).await.unwrap();
    let before = record(&driver).await;
    assert_eq!(before["Size"], json!(9_007_199_254_740_993_i64), "numbers keep 64 bits");
    for (json, expected) in [
        (&br#"{"IPAddress":"x","SSHPort":"twenty-two"}"#[..], "SSHPort cannot be a string"),
        (br#"{"SSHPort":70000}"#, "SSHPort cannot be a number"),
        (b"[]", "expected a JSON object, but got an array"),
        (b"{not json", "not JSON"),
    ] {
        let error = driver.set_config_raw(json.to_vec()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(record(&driver).await, before);
    }
}

#[tokio::test]
async fn getters_and_the_record_are_answered_while_create_runs() {
    let driver = Arc::new(hosted());
    let running = tokio::spawn({
        let driver = Arc::clone(&driver);
        async move { driver.create().await }
    });
    let published = tokio::time::timeout(Duration::from_secs(5), async {
        while driver.state().await.unwrap() != State::Running {
            tokio::task::yield_now().await;
        }
    });
    published.await.expect("the published id is seen while Create waits");
    let now = record(driver.as_ref()).await;
    assert_eq!((now["ServerId"].as_str(), now["IPAddress"].as_str()), (Some("srv-1"), Some("")));
    assert!(!running.is_finished());
    let notify: Arc<Notify> = driver_notify(&driver);
    notify.notify_one();
    running.await.unwrap().unwrap();
    assert_eq!(record(driver.as_ref()).await["IPAddress"], "203.0.113.9");
}

/// The notification that `create` waits for: clones of a driver share it.
fn driver_notify(driver: &Hosted<Acme>) -> Arc<Notify> {
    driver.with_driver(|acme| Arc::clone(&acme.go_on))
}

#[tokio::test]
async fn a_failed_change_is_published_and_a_panic_is_not() {
    let driver = hosted();
    driver.set_config_raw(br#"{"ServerId":"srv-1"}"#.to_vec()).await.unwrap();
    let error = driver.start().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Panic);
    assert!(error.to_string().contains("index out of range"), "{error}");
    assert_eq!(record(&driver).await["ServerId"], "srv-1", "the copy of a panicked method is dropped");
    assert_eq!(driver.remove().await.unwrap_err().to_string(), "one key is left");
    assert_eq!(record(&driver).await["ServerId"], Value::Null, "what a failed method did is known");
}

#[tokio::test]
async fn swarm_options_go_into_the_shared_record() {
    let driver = hosted();
    let options: DriverOptions = [
        ("swarm-master", OptionValue::Bool(true)),
        ("swarm-host", OptionValue::String("tcp://0.0.0.0:3376".to_owned())),
        ("acme-size", OptionValue::Int(7)),
    ]
    .into_iter()
    .collect();
    driver.set_config_from_flags(options).await.unwrap();
    let now = record(&driver).await;
    assert_eq!(
        (&now["SwarmMaster"], &now["SwarmHost"], &now["Size"]),
        (&json!(true), &json!("tcp://0.0.0.0:3376"), &json!(7))
    );
}

#[tokio::test]
async fn defaults_survive_the_zero_valued_first_configuration() {
    let driver = hosted();
    let first = serde_json::to_vec(&BaseDriver::new("m", "/store")).unwrap();
    driver.set_config_raw(first).await.unwrap();
    assert_eq!(driver.ssh_port().await.unwrap(), 22);
    assert_eq!(driver.ssh_username().await.unwrap(), "root");
    assert_eq!(driver.ssh_key_path().await.unwrap(), "/store/machines/m/id_rsa");
    assert_eq!(driver.ip().await.unwrap_err().to_string(), "IP address is not set");
}
