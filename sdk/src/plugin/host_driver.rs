//! [`DynDriver`] for a plugin.

use super::{
    host::{Argument, Host},
    wire::messages::{
        bytes_from_value, empty_from_value, flags_from_value, int_from_value, string_from_value,
    },
};
use crate::{
    dynamic::{BoxFuture, DynDriver},
    error::{ErrorKind, Result},
    flag::Flag,
    options::DriverOptions,
    state::State,
};

macro_rules! methods {
    ($($method:ident -> $reply:ty, $name:literal, $read:expr;)*) => {$(
        fn $method(&self) -> BoxFuture<'_, Result<$reply>> {
            Box::pin(self.ask($name, Argument::Empty, $read))
        }
    )*};
}

impl DynDriver for Host {
    methods! {
        driver_name -> String, "DriverName", string_from_value;
        create_flags -> Vec<Flag>, "GetCreateFlags", flags_from_value;
        config_raw -> Vec<u8>, "GetConfigRaw", bytes_from_value;
        machine_name -> String, "GetMachineName", string_from_value;
        ip -> String, "GetIP", string_from_value;
        ipv6 -> String, "GetIPv6", string_from_value;
        ssh_hostname -> String, "GetSSHHostname", string_from_value;
        ssh_key_path -> String, "GetSSHKeyPath", string_from_value;
        ssh_username -> String, "GetSSHUsername", string_from_value;
        url -> String, "GetURL", string_from_value;
        pre_create_check -> (), "PreCreateCheck", |reply| empty_from_value(&reply);
        create -> (), "Create", |reply| empty_from_value(&reply);
        remove -> (), "Remove", |reply| empty_from_value(&reply);
        start -> (), "Start", |reply| empty_from_value(&reply);
        stop -> (), "Stop", |reply| empty_from_value(&reply);
        restart -> (), "Restart", |reply| empty_from_value(&reply);
        kill -> (), "Kill", |reply| empty_from_value(&reply);
    }

    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.ask("SetConfigRaw", Argument::Bytes(json), |reply| empty_from_value(&reply)))
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.ask("SetConfigFromFlags", Argument::Options(options), |reply| empty_from_value(&reply)))
    }

    fn ssh_port(&self) -> BoxFuture<'_, Result<u16>> {
        Box::pin(async {
            let port = self.ask("GetSSHPort", Argument::Empty, |reply| int_from_value(&reply)).await?;
            port.try_into().map_err(|_| {
                self.about_plugin(
                    ErrorKind::Protocol,
                    format!("the plugin answered SSH port {port}; ports are 0 (the default) to 65535"),
                )
            })
        })
    }

    fn state(&self) -> BoxFuture<'_, Result<State>> {
        Box::pin(async {
            let code = self.ask("GetState", Argument::Empty, |reply| int_from_value(&reply)).await?;
            State::try_from(code)
        })
    }
}
