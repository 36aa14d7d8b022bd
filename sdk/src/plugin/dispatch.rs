//! The methods of a plugin (PROTOCOL section 6): from a call on the wire to a driver's method and back.

use std::sync::Arc;

use super::{
    rpc::{self, API_VERSION, EMPTY, SERVICE_V0, SERVICE_V1},
    wire::{
        DecodeError, Type, Value,
        messages::{FLAGS, flags_to_value, options_from_value},
    },
};
use crate::{dynamic::DynDriver, error::Result, options::DriverOptions};

static BYTES: Type = Type::Bytes;
static INT: Type = Type::Int;
static STRING: Type = Type::String;

/// A method that hosts may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    GetVersion,
    Heartbeat,
    Close,
    SetConfigRaw,
    GetConfigRaw,
    DriverName,
    GetCreateFlags,
    SetConfigFromFlags,
    GetMachineName,
    GetIP,
    GetIPv6,
    GetSSHHostname,
    GetSSHPort,
    GetSSHUsername,
    GetSSHKeyPath,
    GetURL,
    GetState,
    PreCreateCheck,
    Create,
    Remove,
    Start,
    Stop,
    Restart,
    Kill,
}

impl Method {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "GetVersion" => Self::GetVersion,
            "Heartbeat" => Self::Heartbeat,
            "Close" => Self::Close,
            "SetConfigRaw" => Self::SetConfigRaw,
            "GetConfigRaw" => Self::GetConfigRaw,
            "DriverName" => Self::DriverName,
            "GetCreateFlags" => Self::GetCreateFlags,
            "SetConfigFromFlags" => Self::SetConfigFromFlags,
            "GetMachineName" => Self::GetMachineName,
            "GetIP" => Self::GetIP,
            "GetIPv6" => Self::GetIPv6,
            "GetSSHHostname" => Self::GetSSHHostname,
            "GetSSHPort" => Self::GetSSHPort,
            "GetSSHUsername" => Self::GetSSHUsername,
            "GetSSHKeyPath" => Self::GetSSHKeyPath,
            "GetURL" => Self::GetURL,
            "GetState" => Self::GetState,
            "PreCreateCheck" => Self::PreCreateCheck,
            "Create" => Self::Create,
            "Remove" => Self::Remove,
            "Start" => Self::Start,
            "Stop" => Self::Stop,
            "Restart" => Self::Restart,
            "Kill" => Self::Kill,
            _ => return None,
        })
    }

    /// Whether the method answers from memory: such calls need no task of their own.
    pub(super) fn answers_from_memory(self) -> bool {
        matches!(
            self,
            Self::GetVersion
                | Self::Heartbeat
                | Self::Close
                | Self::SetConfigRaw
                | Self::GetConfigRaw
                | Self::DriverName
                | Self::GetCreateFlags
                | Self::GetMachineName
                | Self::GetSSHPort
                | Self::GetSSHUsername
                | Self::GetSSHKeyPath
        )
    }
}

/// Finds the method that a request names; both services are the same object.
///
/// # Errors
/// net/rpc's text for what cannot be found.
pub(super) fn find(service_method: &str) -> Result<Method, String> {
    let Some((service, name)) = service_method.rsplit_once('.') else {
        return Err(format!("rpc: service/method request ill-formed: {service_method}"));
    };
    if service != SERVICE_V1 && service != SERVICE_V0 {
        return Err(format!("rpc: can't find service {service_method}"));
    }
    Method::named(name).ok_or_else(|| format!("rpc: can't find method {service_method}"))
}

/// A method with its decoded argument.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    argument: Argument,
}

#[derive(Debug)]
enum Argument {
    None,
    Json(Vec<u8>),
    Options(DriverOptions),
}

impl Call {
    /// Reads the argument of a call.
    ///
    /// # Errors
    /// Gob's text for an argument of another type.
    pub(super) fn new(method: Method, argument: Value) -> Result<Self, DecodeError> {
        let argument = match (method, argument) {
            (Method::SetConfigRaw, Value::Bytes(json)) => Argument::Json(json),
            (Method::SetConfigRaw, other) => return Err(mismatch("*[]uint8", &other)),
            (Method::SetConfigFromFlags, options) => Argument::Options(options_from_value(options)?),
            // Go ignores the fields of a struct that it has no use for.
            (_, Value::Struct(_)) => Argument::None,
            (_, other) => return Err(mismatch("*struct {}", &other)),
        };
        Ok(Self { method, argument })
    }

    /// Calls the driver.
    ///
    /// # Errors
    /// The driver's error.
    pub(super) async fn perform(self, driver: Arc<dyn DynDriver>) -> Result<Reply> {
        let driver = driver.as_ref();
        match self.argument {
            Argument::Json(json) => return driver.set_config_raw(json).await.map(Reply::done),
            Argument::Options(options) => {
                return driver.set_config_from_flags(options).await.map(Reply::done);
            }
            Argument::None => {}
        }
        Ok(match self.method {
            Method::GetVersion => Reply::int(API_VERSION),
            Method::GetConfigRaw => Reply { of: &BYTES, value: Value::Bytes(driver.config_raw().await?) },
            Method::DriverName => Reply::text(driver.driver_name().await?),
            Method::GetCreateFlags => {
                Reply { of: &FLAGS, value: flags_to_value(&driver.create_flags().await?) }
            }
            Method::GetMachineName => Reply::text(driver.machine_name().await?),
            Method::GetIP => Reply::text(driver.ip().await?),
            Method::GetIPv6 => Reply::text(driver.ipv6().await?),
            Method::GetSSHHostname => Reply::text(driver.ssh_hostname().await?),
            Method::GetSSHPort => Reply::int(driver.ssh_port().await?.into()),
            Method::GetSSHUsername => Reply::text(driver.ssh_username().await?),
            Method::GetSSHKeyPath => Reply::text(driver.ssh_key_path().await?),
            Method::GetURL => Reply::text(driver.url().await?),
            Method::GetState => Reply::int(driver.state().await?.code()),
            Method::PreCreateCheck => Reply::done(driver.pre_create_check().await?),
            Method::Create => Reply::done(driver.create().await?),
            Method::Remove => Reply::done(driver.remove().await?),
            Method::Start => Reply::done(driver.start().await?),
            Method::Stop => Reply::done(driver.stop().await?),
            Method::Restart => Reply::done(driver.restart().await?),
            Method::Kill => Reply::done(driver.kill().await?),
            // The connection acts on these two; the others were served above, with their arguments.
            Method::Heartbeat | Method::Close | Method::SetConfigRaw | Method::SetConfigFromFlags => {
                Reply::done(())
            }
        })
    }
}

/// The error for an argument of another type, with Go's names of types.
fn mismatch(local: &'static str, remote: &Value) -> DecodeError {
    let remote = match remote {
        Value::Bytes(_) => "bytes",
        other => other.kind(),
    };
    DecodeError::Mismatch { local, remote: remote.to_owned() }
}

/// What a method answers.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) of: &'static Type,
    pub(super) value: Value,
}

impl Reply {
    /// The answer of methods without result, and the value behind an error.
    pub(super) fn done((): ()) -> Self {
        Self { of: &EMPTY, value: rpc::empty() }
    }

    fn text(text: String) -> Self {
        Self { of: &STRING, value: Value::String(text) }
    }

    fn int(number: i64) -> Self {
        Self { of: &INT, value: Value::Int(number) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn unknown_names_get_the_texts_of_go() {
        for (name, text) in [
            ("RPCServerDriver.Upgrade", "rpc: can't find method RPCServerDriver.Upgrade"),
            ("NoSuchService.X", "rpc: can't find service NoSuchService.X"),
            ("NoSuchService.GetIP", "rpc: can't find service NoSuchService.GetIP"),
            ("a.RPCServerDriver.GetIP", "rpc: can't find service a.RPCServerDriver.GetIP"),
            ("noDot", "rpc: service/method request ill-formed: noDot"),
            ("", "rpc: service/method request ill-formed: "),
            (".", "rpc: can't find service ."),
        ] {
            assert_eq!(find(name).unwrap_err(), text);
        }
        assert_eq!(find("RpcServerDriver.GetIPv6"), Ok(Method::GetIPv6));
    }

    #[test]
    fn arguments_of_other_types_get_the_texts_of_go() {
        for (method, argument, text) in [
            (
                Method::SetConfigRaw,
                Value::String("{}".into()),
                "gob: decoding into local type *[]uint8, received remote type string",
            ),
            (
                Method::SetConfigFromFlags,
                Value::interface("*rpc.Flags", Value::Struct(vec![])),
                "gob: name not registered for interface: \"*rpc.Flags\"",
            ),
            (
                Method::GetIP,
                Value::Int(3),
                "gob: decoding into local type *struct {}, received remote type int",
            ),
        ] {
            assert_eq!(Call::new(method, argument).unwrap_err().to_string(), text);
        }
        assert!(Call::new(Method::GetIP, Value::structure([("X", Value::Int(1))])).is_ok());
    }
}
