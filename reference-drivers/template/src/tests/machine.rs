//! A machine to test, with its provider in memory and a clock that does not wait.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    sync::{Arc, LazyLock, Mutex},
    time::{Duration, Instant},
};

use machine_driver::{
    BaseDriver, BoxFuture, Context, Driver, DriverFlags, DriverOptions, Error, ErrorKind, Log, OptionValue,
    Result,
    wait::{Clock, Waits},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Options, TemplateDriver, instance::RUNNING, test_cloud::TestCloud};

/// Pauses take no time but move the clock, so that waits end after as many looks as they have in reality. Longer
/// sleeps are deadlines of single looks, and real.
#[derive(Default)]
struct Pauses(Mutex<Duration>);

impl Clock for Pauses {
    fn now(&self) -> Instant {
        // Any fixed instant would do.
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        *START + *self.0.lock().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if duration > RUNNING.interval {
            return Box::pin(tokio::time::sleep(duration));
        }
        *self.0.lock().unwrap() += duration;
        Box::pin(std::future::ready(()))
    }
}

/// A machine, its provider and its store.
pub(crate) struct Setting {
    pub(crate) cloud: TestCloud,
    pub(crate) store: TempDir,
    pub(crate) cx: Context,
    pub(crate) driver: TemplateDriver,
}

/// A machine as hosts save it before `create`.
pub(crate) async fn machine() -> Setting {
    let cloud = TestCloud::start().await;
    cloud.with(|cloud| {
        for (collection, id) in [("regions", "eu-1"), ("images", "ubuntu-24.04"), ("sizes", "small")] {
            cloud.add(collection, json!({ "name": id }));
            cloud.objects.last_mut().unwrap().1["id"] = id.into();
        }
    });
    let store = tempfile::tempdir().unwrap();
    let base = BaseDriver::new("m1", store.path().to_str().unwrap());
    let mut driver = TemplateDriver { base, ..TemplateDriver::default() };
    configure(&mut driver, &[("template-endpoint", &cloud.endpoint())]).unwrap();
    Setting {
        cloud,
        store,
        cx: Context::new(Log::discard(), Waits::with_clock(Arc::new(Pauses::default())), |_| {}),
        driver,
    }
}

/// The options of `create`: the defaults, a token, and what is given.
pub(crate) fn configure(driver: &mut TemplateDriver, given: &[(&str, &str)]) -> Result<()> {
    let mut options = DriverOptions::defaults(&Options::flags());
    options.insert("template-token", OptionValue::String("t0p-s3cret".into()));
    for (name, value) in given {
        options.insert(*name, OptionValue::String((*value).into()));
    }
    driver.set_config_from_flags(Options::from_options(&options)?)
}

impl Setting {
    /// Ids of what the provider has beside its offers.
    pub(crate) fn left(&self) -> Vec<String> {
        self.cloud.ids().into_iter().filter(|id| id.contains("s-")).collect()
    }

    /// The next request of this kind is refused.
    pub(crate) fn refuse(&self, method: &'static str, path: &'static str, status: u16) {
        self.cloud.with(|cloud| cloud.refusals.push((method, path, status)));
    }

    /// A server of this machine, as `create` makes it.
    pub(crate) fn own_server(&mut self, state: &str, address: Option<&str>) {
        let server = json!({
            "name": "m1", "state": state, "address": address, "tags": { "owner": self.driver.owner() },
        });
        self.driver.server_id = self.cloud.with(|cloud| cloud.add("servers", server));
    }
}

/// The machine's record as hosts store it.
pub(crate) fn record(driver: &TemplateDriver) -> Value {
    serde_json::to_value(driver).unwrap()
}

/// The kind, the words, and what no error may have: the token, and "not found" for anything but the machine.
#[track_caller]
pub(crate) fn assert_error(error: &Error, kind: ErrorKind, words: &[&str]) {
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
    assert!(!text.contains("t0p-s3cret"), "{text}");
    assert_eq!(text.contains("not found"), kind == ErrorKind::NotFound, "{text}");
}
