use machine_driver::{BoxFuture, DriverOptions, DynDriver, Flag, Result, State};

/// A driver object that protects nothing: each method panics, some of them before they return a future.
pub(crate) struct Panicking;

macro_rules! panics {
    ($($method:ident -> $reply:ty;)*) => {$(
        fn $method(&self) -> BoxFuture<'_, Result<$reply>> {
            panic!(concat!(stringify!($method), " gives up"))
        }
    )*};
}

macro_rules! panics_later {
    ($($method:ident;)*) => {$(
        fn $method(&self) -> BoxFuture<'_, Result<()>> {
            Box::pin(async { std::panic::panic_any(7) })
        }
    )*};
}

impl DynDriver for Panicking {
    panics! {
        driver_name -> String;
        create_flags -> Vec<Flag>;
        config_raw -> Vec<u8>;
        machine_name -> String;
        ip -> String;
        ipv6 -> String;
        ssh_hostname -> String;
        ssh_key_path -> String;
        ssh_port -> u16;
        ssh_username -> String;
        url -> String;
        state -> State;
    }

    panics_later! {
        pre_create_check;
        create;
        remove;
        start;
        stop;
        restart;
        kill;
    }

    fn set_config_raw(&self, _: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { panic!("set_config_raw gives up") })
    }

    fn set_config_from_flags(&self, _: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(async { panic!("set_config_from_flags gives up") })
    }
}
