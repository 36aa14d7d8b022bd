//! [`DynDriver`] for a plugin.

use super::{
    host::{Argument, Host},
    payload::{flags_from_value, mismatch, text_from},
    wire::{DecodeError, Value},
};
use crate::{
    dynamic::{BoxFuture, DynDriver},
    error::{ErrorKind, Result},
    flag::Flag,
    options::DriverOptions,
    state::State,
};

macro_rules! methods {
    ($($method:ident -> $reply:ty, $name:literal, $read:ident;)*) => {$(
        fn $method(&self) -> BoxFuture<'_, Result<$reply>> {
            Box::pin(self.ask($name, Argument::Empty, $read))
        }
    )*};
}

impl DynDriver for Host {
    methods! {
        driver_name -> String, "DriverName", text_from;
        create_flags -> Vec<Flag>, "GetCreateFlags", flags_from_value;
        config_raw -> Vec<u8>, "GetConfigRaw", bytes_from;
        machine_name -> String, "GetMachineName", text_from;
        ip -> String, "GetIP", text_from;
        ipv6 -> String, "GetIPv6", text_from;
        ssh_hostname -> String, "GetSSHHostname", text_from;
        ssh_key_path -> String, "GetSSHKeyPath", text_from;
        ssh_username -> String, "GetSSHUsername", text_from;
        url -> String, "GetURL", text_from;
        pre_create_check -> (), "PreCreateCheck", nothing_from;
        create -> (), "Create", nothing_from;
        remove -> (), "Remove", nothing_from;
        start -> (), "Start", nothing_from;
        stop -> (), "Stop", nothing_from;
        restart -> (), "Restart", nothing_from;
        kill -> (), "Kill", nothing_from;
    }

    fn set_config_raw(&self, json: Vec<u8>) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.ask("SetConfigRaw", Argument::Bytes(json), nothing_from))
    }

    fn set_config_from_flags(&self, options: DriverOptions) -> BoxFuture<'_, Result<()>> {
        Box::pin(self.ask("SetConfigFromFlags", Argument::Options(options), nothing_from))
    }

    fn ssh_port(&self) -> BoxFuture<'_, Result<u16>> {
        Box::pin(async {
            let port = self.ask("GetSSHPort", Argument::Empty, int_from).await?;
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
            let code = self.ask("GetState", Argument::Empty, int_from).await?;
            State::try_from(code)
        })
    }
}

fn bytes_from(value: Value) -> Result<Vec<u8>, DecodeError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        other => Err(mismatch("[]uint8", &other)),
    }
}

fn int_from(value: Value) -> Result<i64, DecodeError> {
    match value {
        Value::Int(number) => Ok(number),
        other => Err(mismatch("int", &other)),
    }
}

/// Go ignores the fields of a struct that it has no use for.
fn nothing_from(value: Value) -> Result<(), DecodeError> {
    match value {
        Value::Struct(_) => Ok(()),
        other => Err(mismatch("struct {}", &other)),
    }
}
