//! A driver that serves one call at a time, so that nothing is answered while `Create` runs.

use std::sync::Arc;

use machine_driver::{BoxFuture, DriverOptions, DynDriver, Flag, Result, State};
use tokio::sync::Mutex;

/// Takes turns for everything.
pub(super) struct Serial {
    inner: Arc<dyn DynDriver>,
    turn: Mutex<()>,
}

impl Serial {
    pub(super) fn new(inner: Arc<dyn DynDriver>) -> Self {
        Self { inner, turn: Mutex::new(()) }
    }
}

macro_rules! in_turn {
    ($($method:ident($($argument:ident: $type:ty)?) -> $reply:ty;)*) => {$(
        fn $method(&self $(, $argument: $type)?) -> BoxFuture<'_, Result<$reply>> {
            Box::pin(async move {
                let _turn = self.turn.lock().await;
                self.inner.$method($($argument)?).await
            })
        }
    )*};
}

impl DynDriver for Serial {
    in_turn! {
        driver_name() -> String;
        create_flags() -> Vec<Flag>;
        config_raw() -> Vec<u8>;
        set_config_raw(json: Vec<u8>) -> ();
        set_config_from_flags(options: DriverOptions) -> ();
        machine_name() -> String;
        ip() -> String;
        ipv6() -> String;
        ssh_hostname() -> String;
        ssh_key_path() -> String;
        ssh_port() -> u16;
        ssh_username() -> String;
        url() -> String;
        state() -> State;
        pre_create_check() -> ();
        create() -> ();
        remove() -> ();
        start() -> ();
        stop() -> ();
        restart() -> ();
        kill() -> ();
    }
}
