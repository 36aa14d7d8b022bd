//! The plugin's end of a connection, given any bytes.

use std::sync::Arc;

use machine_driver::{
    BaseDriver, Context, Driver, DriverOptions, DynDriver, Hosted, Log, Result, State,
    plugin::{
        Exit, ServeOptions, serve_connection,
        wire::{Decoder, Limits, Value},
    },
    wait::Waits,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::{Builder, Runtime},
};

const GREETING: &[u8] = b"CONNECT /_goRPC_ HTTP/1.0\n\n";
const ANSWER: &[u8] = b"HTTP/1.0 200 Connected to Go RPC\n\n";

/// Serves one connection after the other.
pub(crate) struct Plugin {
    runtime: Runtime,
    options: ServeOptions,
}

/// How a connection went.
pub(crate) struct Served {
    pub(crate) exit: Result<Exit>,
    /// Number of replies.
    pub(crate) replies: usize,
}

impl Plugin {
    pub(crate) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut options = ServeOptions::default();
        options.log = Log::discard();
        Self { runtime, options }
    }

    /// Lets a host send `bytes` and hang up. Unless they look like HTTP, the greeting is sent before.
    ///
    /// # Panics
    /// If the plugin does not end, or sends anything but complete replies.
    pub(crate) fn serve(&self, bytes: &[u8]) -> Served {
        let greeting =
            if bytes.first().is_some_and(|first| b"CGP".contains(first)) { &[][..] } else { GREETING };
        let (exit, sent) = self.runtime.block_on(async {
            let (host_end, plugin_end) = tokio::io::duplex(1 << 16);
            let driver: Arc<dyn DynDriver> =
                Arc::new(Hosted::new(Idle::default(), Log::discard(), Waits::default()));
            let (mut from_plugin, mut to_plugin) = tokio::io::split(host_end);
            let host = async {
                let mut sent = Vec::new();
                let send = async {
                    // The plugin may have had enough before.
                    let _ = to_plugin.write_all(greeting).await;
                    let _ = to_plugin.write_all(bytes).await;
                    let _ = to_plugin.shutdown().await;
                };
                let (_, received) = tokio::join!(send, from_plugin.read_to_end(&mut sent));
                received.unwrap();
                sent
            };
            tokio::join!(serve_connection(driver, plugin_end, self.options.clone()), host)
        });
        let replies = match sent.strip_prefix(ANSWER) {
            Some(gob) => complete_replies(gob),
            None => {
                assert!(exit.is_err() && greeting.is_empty(), "not greeted back");
                0
            }
        };
        Served { exit, replies }
    }
}

/// Number of replies in what a plugin sent.
fn complete_replies(gob: &[u8]) -> usize {
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(gob);
    let mut replies = 0;
    while let Some(header) = decoder.next().expect("replies are gob") {
        assert!(matches!(&header.value, Value::Struct(_)), "{header:?}");
        let body = decoder.next().expect("replies are gob").expect("a body follows every header");
        if header.value.field("Error").is_some() {
            assert_eq!(body.value, Value::structure([]));
        }
        replies += 1;
    }
    assert!(decoder.at_boundary());
    replies
}

/// A driver without a provider.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Idle {
    #[serde(flatten)]
    base: BaseDriver,
    running: bool,
}

impl Driver for Idle {
    type Options = DriverOptions;

    fn driver_name(&self) -> &'static str {
        "idle"
    }

    fn base(&self) -> &BaseDriver {
        &self.base
    }

    fn base_mut(&mut self) -> &mut BaseDriver {
        &mut self.base
    }

    fn set_config_from_flags(&mut self, options: DriverOptions) -> Result<()> {
        self.base.set_swarm_options(&options);
        Ok(())
    }

    async fn pre_create_check(&self, _: &Context) -> Result<()> {
        Ok(())
    }

    async fn create(&mut self, _: &Context) -> Result<()> {
        self.running = true;
        Ok(())
    }

    async fn remove(&mut self, _: &Context) -> Result<()> {
        self.running = false;
        Ok(())
    }

    async fn start(&mut self, _: &Context) -> Result<()> {
        self.running = true;
        Ok(())
    }

    async fn stop(&mut self, _: &Context) -> Result<()> {
        self.running = false;
        Ok(())
    }

    async fn restart(&mut self, _: &Context) -> Result<()> {
        Ok(())
    }

    async fn kill(&mut self, _: &Context) -> Result<()> {
        self.running = false;
        Ok(())
    }

    async fn state(&self, _: &Context) -> Result<State> {
        Ok(if self.running { State::Running } else { State::Stopped })
    }

    async fn url(&self, _: &Context) -> Result<String> {
        Ok(String::new())
    }
}
