use std::{env, path::Path, time::Duration};

use machine_driver::{BaseDriver, Context, Driver, DriverFlags, Error, ErrorKind, Result, State, wait::Wait};
use serde::{Deserialize, Serialize};

const RELEASE: Wait = Wait::new("the release file", Duration::from_secs(60), Duration::from_millis(2));

/// A driver without a provider. Its `create` lasts until the file named by `PEER_RELEASE` exists.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Sleepy {
    #[serde(flatten)]
    base: BaseDriver,
    #[serde(rename = "InstanceID")]
    instance_id: String,
    #[serde(rename = "Size")]
    size: i64,
    #[serde(rename = "Tags")]
    tags: Vec<String>,
    #[serde(rename = "State")]
    state: i64,
}

#[derive(Debug, DriverFlags)]
pub(crate) struct SleepyOptions {
    /// Name of the bed
    #[flag(name = "sleepy-bed", env = "SLEEPY_BED", required)]
    bed: String,
    /// Size of the bed
    #[flag(name = "sleepy-size", default = 3)]
    size: i64,
    /// What is beside the bed
    #[flag(name = "sleepy-tag")]
    tags: Vec<String>,
    /// Whether to snore
    #[flag(name = "sleepy-snore")]
    snore: bool,
}

impl Driver for Sleepy {
    type Options = SleepyOptions;

    fn driver_name(&self) -> &'static str {
        panic_if_told("DriverName");
        "sleepy"
    }

    fn base(&self) -> &BaseDriver {
        &self.base
    }

    fn base_mut(&mut self) -> &mut BaseDriver {
        &mut self.base
    }

    fn set_config_from_flags(&mut self, options: SleepyOptions) -> Result<()> {
        panic_if_told("SetConfigFromFlags");
        if options.snore {
            return Err(Error::new(ErrorKind::InvalidOption, format!("nobody snores in {}", options.bed)));
        }
        self.size = options.size;
        self.tags = options.tags;
        Ok(())
    }

    async fn pre_create_check(&self, cx: &Context) -> Result<()> {
        panic_if_told("PreCreateCheck");
        cx.log().info("for the user\nsecond line");
        cx.log().debug("for the author");
        cx.log().info("ü".repeat(100_000));
        Ok(())
    }

    async fn create(&mut self, cx: &Context) -> Result<()> {
        panic_if_told("Create");
        self.instance_id = "i-1".to_owned();
        cx.publish(self);
        if let Some(release) = env::var_os("PEER_RELEASE") {
            if env::var_os("PEER_BLOCKING").is_some() {
                while !Path::new(&release).exists() {
                    std::thread::park_timeout(RELEASE.interval);
                }
            } else {
                cx.waits()
                    .until(&RELEASE, || {
                        let there = Path::new(&release).exists();
                        async move { Ok(there.then_some(())) }
                    })
                    .await?;
            }
        }
        self.base.ip_address = "127.0.0.1".to_owned();
        self.state = State::Running.code();
        Ok(())
    }

    async fn remove(&mut self, _: &Context) -> Result<()> {
        panic_if_told("Remove");
        self.instance_id.clear();
        Ok(())
    }

    async fn start(&mut self, _: &Context) -> Result<()> {
        panic_if_told("Start");
        self.state = State::Running.code();
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result<()> {
        panic_if_told("Stop");
        self.state = State::Stopped.code();
        Ok(())
    }

    async fn restart(&mut self, _: &Context) -> Result<()> {
        panic_if_told("Restart");
        Err(Error::new(ErrorKind::Provider, "erste Zeile\nzweite Zeile: müde"))
    }

    async fn kill(&mut self, _: &Context) -> Result<()> {
        panic_if_told("Kill");
        Err(Error::new(ErrorKind::Other, ""))
    }

    async fn state(&self, _: &Context) -> Result<State> {
        panic_if_told("GetState");
        State::try_from(self.state)
    }

    async fn url(&self, cx: &Context) -> Result<String> {
        panic_if_told("GetURL");
        match self.state(cx).await? {
            State::Running => Ok(format!("tcp://{}:2376", self.base.ip_address)),
            _ => Err(Error::not_running()),
        }
    }
}

fn panic_if_told(method: &str) {
    if env::var("PEER_PANIC").is_ok_and(|told| told == method) {
        panic!("{method} fell out of bed");
    }
}
