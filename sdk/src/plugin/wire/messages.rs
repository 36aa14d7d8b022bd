//! The values of the plugin protocol: flags, options and plain results (PROTOCOL sections 5.4, 6 and 8).

use std::sync::{Arc, LazyLock};

use super::{encode::Encoder, error::DecodeError, registry::Registry, types::Type, value::Value};
use crate::{
    flag::{Flag, FlagKind},
    options::{DriverOptions, OptionValue},
};

/// Registered name of the options in `SetConfigFromFlags`.
pub const OPTIONS_NAME: &str = "*rpcdriver.RPCFlags";
/// What the oldest plugins, those with the service name `RpcServerDriver` alone, call them.
pub const OPTIONS_NAME_V0: &str = "*rpcdriver.RpcFlags";

const STRING_FLAG: &str = "*mcnflag.StringFlag";
const STRING_SLICE_FLAG: &str = "*mcnflag.StringSliceFlag";
const INT_FLAG: &str = "*mcnflag.IntFlag";
const BOOL_FLAG: &str = "*mcnflag.BoolFlag";

/// Type of the reply to `GetCreateFlags`: a slice of interfaces.
pub static FLAGS: LazyLock<Type> = LazyLock::new(|| Type::slice(Type::Interface));

static REGISTRY: LazyLock<Arc<Registry>> = LazyLock::new(|| {
    let mut registry = Registry::built_in();
    let flag = |name, value: Option<Type>| {
        let common = ["Name", "Usage", "EnvVar"].map(|field| (field.to_owned(), Type::String));
        let value = value.map(|of| ("Value".to_owned(), of));
        Type::Struct { name: str::to_owned(name), fields: common.into_iter().chain(value).collect() }
    };
    registry.register(STRING_FLAG, flag("StringFlag", Some(Type::String)));
    registry.register(STRING_SLICE_FLAG, flag("StringSliceFlag", Some(Type::slice(Type::String))));
    registry.register(INT_FLAG, flag("IntFlag", Some(Type::Int)));
    registry.register(BOOL_FLAG, flag("BoolFlag", None));
    let values = Type::map(Type::String, Type::Interface);
    registry.register(OPTIONS_NAME, Type::structure("RPCFlags", [("Values", values.clone())]));
    registry.register(OPTIONS_NAME_V0, Type::structure("RpcFlags", [("Values", values)]));
    Arc::new(registry)
});

/// An encoder at the start of a stream that knows all types of the plugin protocol.
pub fn encoder() -> Encoder {
    Encoder::with_registry(Arc::clone(&REGISTRY))
}

/// The reply to `GetCreateFlags`, to be encoded as [`FLAGS`].
pub fn flags_to_value(flags: &[Flag]) -> Value {
    Value::Slice(flags.iter().map(flag_to_value).collect())
}

fn flag_to_value(flag: &Flag) -> Value {
    let (name, default) = match &flag.kind {
        FlagKind::String { default } => (STRING_FLAG, Some(Value::String(default.clone()))),
        FlagKind::StringList { default } => (STRING_SLICE_FLAG, Some(strings_to_value(default))),
        FlagKind::Int { default } => (INT_FLAG, Some(Value::Int(*default))),
        FlagKind::Bool => (BOOL_FLAG, None),
    };
    let texts = [("Name", &flag.name), ("Usage", &flag.usage), ("EnvVar", &flag.env_var)];
    let fields = texts.into_iter().map(|(field, text)| (field.to_owned(), Value::String(text.clone())));
    let default = default.map(|value| ("Value".to_owned(), value));
    Value::interface(name, Value::Struct(fields.chain(default).collect()))
}

/// Reads the reply to `GetCreateFlags`.
///
/// # Errors
/// [`DecodeError::NotRegistered`] for a flag of a fifth type, [`DecodeError::Mismatch`] for anything that is not a list
/// of flags. The fault is the plugin's (FLAG-001).
pub fn flags_from_value(value: Value) -> Result<Vec<Flag>, DecodeError> {
    let Value::Slice(items) = value else { return Err(mismatch("[]mcnflag.Flag", &value)) };
    let flag = |item| match item {
        Value::Interface(Some(held)) => flag_from_value(held.0, held.1),
        other => Err(mismatch("mcnflag.Flag", &other)),
    };
    items.into_iter().map(flag).collect()
}

fn flag_from_value(registered: String, value: Value) -> Result<Flag, DecodeError> {
    let (type_name, mut flag) = match registered.as_str() {
        STRING_FLAG => ("StringFlag", Flag::string("")),
        STRING_SLICE_FLAG => ("StringSliceFlag", Flag::string_list("")),
        INT_FLAG => ("IntFlag", Flag::int("")),
        BOOL_FLAG => ("BoolFlag", Flag::bool("")),
        _ => return Err(DecodeError::NotRegistered { name: registered }),
    };
    let Value::Struct(fields) = value else { return Err(mismatch(type_name, &value)) };
    for (field, value) in fields {
        match (field.as_str(), value, &mut flag.kind) {
            ("Name", Value::String(text), _) => flag.name = text,
            ("Usage", Value::String(text), _) => flag.usage = text,
            ("EnvVar", Value::String(text), _) => flag.env_var = text,
            ("Value", Value::String(text), FlagKind::String { default }) => *default = text,
            ("Value", Value::Int(number), FlagKind::Int { default }) => *default = number,
            ("Value", value @ Value::Slice(_), FlagKind::StringList { default }) => {
                *default = strings_from_value(value)?;
            }
            ("Value", _, FlagKind::Bool) => {}
            ("Name" | "Usage" | "EnvVar" | "Value", value, _) => {
                return Err(DecodeError::WrongField { type_name, field, found: value.kind() });
            }
            // Fields that we do not know are none of our business, as in Go.
            _ => {}
        }
    }
    Ok(flag)
}

/// The argument of `SetConfigFromFlags`, to be encoded as [`Type::Interface`]. `registered_name` is [`OPTIONS_NAME`]
/// or, for a plugin that only has the oldest service name, [`OPTIONS_NAME_V0`].
pub fn options_to_value(options: &DriverOptions, registered_name: &str) -> Value {
    let pair = |(name, value): (&str, &OptionValue)| (Value::String(name.to_owned()), option_to_value(value));
    let values = Value::Map(options.iter().map(pair).collect());
    Value::interface(registered_name, Value::structure([("Values", values)]))
}

fn option_to_value(value: &OptionValue) -> Value {
    match value {
        OptionValue::Bool(flag) => Value::interface("bool", Value::Bool(*flag)),
        OptionValue::Int(number) => Value::interface("int", Value::Int(*number)),
        OptionValue::String(text) => Value::interface("string", Value::String(text.clone())),
        OptionValue::List(list) => Value::interface("[]string", strings_to_value(list)),
        OptionValue::Nil => Value::Interface(None),
    }
}

/// Reads the argument of `SetConfigFromFlags`, under either of its registered names.
///
/// # Errors
/// [`DecodeError::NotRegistered`] for another name, [`DecodeError::Mismatch`] for anything that is not a map of
/// options with the four types. The fault is the host's.
pub fn options_from_value(value: Value) -> Result<DriverOptions, DecodeError> {
    let (name, value) = match value {
        Value::Interface(Some(held)) => *held,
        other => return Err(mismatch("drivers.DriverOptions", &other)),
    };
    if name != OPTIONS_NAME && name != OPTIONS_NAME_V0 {
        return Err(DecodeError::NotRegistered { name });
    }
    let Value::Struct(fields) = value else { return Err(mismatch("rpcdriver.RPCFlags", &value)) };
    let mut options = DriverOptions::new();
    for (field, value) in fields {
        match (field.as_str(), value) {
            ("Values", Value::Map(pairs)) => {
                for (name, value) in pairs {
                    let value = option_from_value(&name, value)?;
                    options.insert(string_from_value(name)?, value);
                }
            }
            ("Values", value) => {
                return Err(DecodeError::WrongField { type_name: "RPCFlags", field, found: value.kind() });
            }
            _ => {}
        }
    }
    Ok(options)
}

fn option_from_value(option: &Value, value: Value) -> Result<OptionValue, DecodeError> {
    let (registered, value) = match value {
        Value::Interface(None) => return Ok(OptionValue::Nil),
        Value::Interface(Some(held)) => *held,
        other => return Err(mismatch("interface", &other)),
    };
    match (registered.as_str(), value) {
        ("bool", Value::Bool(flag)) => Ok(OptionValue::Bool(flag)),
        ("int", Value::Int(number)) => Ok(OptionValue::Int(number)),
        ("string", Value::String(text)) => Ok(OptionValue::String(text)),
        ("[]string", list @ Value::Slice(_)) => strings_from_value(list).map(OptionValue::List),
        _ if REGISTRY.find(&registered).is_none() => Err(DecodeError::NotRegistered { name: registered }),
        _ => Err(DecodeError::Mismatch {
            local: "bool, int, string or []string",
            remote: format!("{registered} for option {option:?}"),
        }),
    }
}

/// A `string` reply or argument.
///
/// # Errors
/// [`DecodeError::Mismatch`] for any other type.
pub fn string_from_value(value: Value) -> Result<String, DecodeError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(mismatch("string", &other)),
    }
}

/// An `int` reply or argument.
///
/// # Errors
/// [`DecodeError::Mismatch`] for any other type.
pub fn int_from_value(value: &Value) -> Result<i64, DecodeError> {
    match value {
        Value::Int(number) => Ok(*number),
        other => Err(mismatch("int", other)),
    }
}

/// A `[]byte` reply or argument.
///
/// # Errors
/// [`DecodeError::Mismatch`] for any other type.
pub fn bytes_from_value(value: Value) -> Result<Vec<u8>, DecodeError> {
    match value {
        Value::Bytes(bytes) => Ok(bytes),
        other => Err(mismatch("[]byte", &other)),
    }
}

/// A `struct {}` reply or argument. Like Go, takes any struct: fields are matched by name, and there are none.
///
/// # Errors
/// [`DecodeError::Mismatch`] for anything that is not a struct.
pub fn empty_from_value(value: &Value) -> Result<(), DecodeError> {
    match value {
        Value::Struct(_) => Ok(()),
        other => Err(mismatch("struct {}", other)),
    }
}

fn strings_to_value(strings: &[String]) -> Value {
    Value::Slice(strings.iter().cloned().map(Value::String).collect())
}

fn strings_from_value(value: Value) -> Result<Vec<String>, DecodeError> {
    match value {
        Value::Slice(items) => items.into_iter().map(string_from_value).collect(),
        other => Err(mismatch("[]string", &other)),
    }
}

fn mismatch(local: &'static str, found: &Value) -> DecodeError {
    let remote = match found {
        Value::Interface(None) => "nil interface",
        other => other.kind(),
    };
    DecodeError::Mismatch { local, remote: remote.to_owned() }
}
