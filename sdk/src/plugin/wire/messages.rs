//! The values of the plugin protocol: flags, options and plain results (PROTOCOL sections 5.4, 6 and 8).

use std::sync::LazyLock;

use super::{encode::Encoder, error::DecodeError, registry::Registry, types::Type, value::Value};
use crate::{
    flag::{Flag, FlagKind},
    options::{DriverOptions, OptionValue},
};

/// Registered name of the options in `SetConfigFromFlags`.
pub const OPTIONS_NAME: &str = "*rpcdriver.RPCFlags";
/// What the oldest plugins, those with the service name `RpcServerDriver` alone, call them.
pub const OPTIONS_NAME_V0: &str = "*rpcdriver.RpcFlags";

pub(super) const STRING_FLAG: &str = "*mcnflag.StringFlag";
pub(super) const STRING_SLICE_FLAG: &str = "*mcnflag.StringSliceFlag";
pub(super) const INT_FLAG: &str = "*mcnflag.IntFlag";
pub(super) const BOOL_FLAG: &str = "*mcnflag.BoolFlag";

/// Type of the reply to `GetCreateFlags`: a slice of interfaces.
pub static FLAGS: LazyLock<Type> = LazyLock::new(|| Type::slice(Type::Interface));

/// An encoder at the start of a stream that knows all types of the plugin protocol.
pub fn encoder() -> Encoder {
    Encoder::with_registry(Registry::plugin_protocol())
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
    let Value::Slice(items) = value else {
        return Err(mismatch("[]mcnflag.Flag", &value));
    };
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
    let Value::Struct(fields) = value else {
        return Err(mismatch(type_name, &value));
    };
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
/// options by name. The fault is the host's.
pub fn options_from_value(value: Value) -> Result<DriverOptions, DecodeError> {
    let (name, value) = match value {
        Value::Interface(Some(held)) => *held,
        other => return Err(mismatch("drivers.DriverOptions", &other)),
    };
    if name != OPTIONS_NAME && name != OPTIONS_NAME_V0 {
        return Err(DecodeError::NotRegistered { name });
    }
    let Value::Struct(fields) = value else {
        return Err(mismatch("rpcdriver.RPCFlags", &value));
    };
    let mut options = DriverOptions::new();
    for (field, value) in fields {
        match (field.as_str(), value) {
            ("Values", Value::Map(pairs)) => {
                for (name, value) in pairs {
                    let value = option_from_value(value)?;
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

fn option_from_value(value: Value) -> Result<OptionValue, DecodeError> {
    let (registered, value) = match value {
        Value::Interface(None) => return Ok(OptionValue::Nil),
        Value::Interface(Some(held)) => *held,
        other => return Err(mismatch("interface", &other)),
    };
    let (local, value) = match (registered.as_str(), value) {
        ("bool", Value::Bool(flag)) => return Ok(OptionValue::Bool(flag)),
        ("int", Value::Int(number)) => return Ok(OptionValue::Int(number)),
        ("string", Value::String(text)) => return Ok(OptionValue::String(text)),
        ("[]string", list @ Value::Slice(_)) => return strings_from_value(list).map(OptionValue::List),
        ("bool", other) => ("bool", other),
        ("int", other) => ("int", other),
        ("string", other) => ("string", other),
        ("[]string", other) => ("[]string", other),
        // No host sends these as options; a Go driver would read them as the zero value too (FLAG-007).
        _ if Registry::plugin_protocol().find(&registered).is_some() => return Ok(OptionValue::Nil),
        _ => return Err(DecodeError::NotRegistered { name: registered }),
    };
    Err(mismatch(local, &value))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::plugin::wire::{Decoder, Limits};

    /// What the other end of a connection makes of a value.
    fn across(of: &Type, value: &Value) -> Value {
        let mut bytes = Vec::new();
        encoder().encode(of, value, &mut bytes).unwrap();
        let mut decoder = Decoder::new(Limits::default());
        decoder.push(&bytes);
        decoder.next().unwrap().unwrap().value
    }

    fn options(value: Value) -> Value {
        let values = Value::Map(vec![(Value::String("k".into()), value)]);
        Value::interface(OPTIONS_NAME, Value::structure([("Values", values)]))
    }

    #[test]
    fn flags_survive_the_wire() {
        let flags = vec![
            Flag::string("a").usage("ü").env_var("A,B").kind(FlagKind::String { default: "x".into() }),
            Flag::string("empty"),
            Flag::string_list("l").kind(FlagKind::StringList { default: vec!["x".into(), String::new()] }),
            Flag::string_list("none"),
            Flag::int("i").kind(FlagKind::Int { default: -3 }),
            Flag::bool("b"),
        ];
        assert_eq!(flags_from_value(across(&FLAGS, &flags_to_value(&flags))), Ok(flags));
        assert_eq!(flags_from_value(across(&FLAGS, &flags_to_value(&[]))), Ok(Vec::new()));
    }

    #[test]
    fn options_survive_the_wire_under_both_names() {
        let options = DriverOptions::from_iter([
            ("b", OptionValue::Bool(false)),
            ("i", OptionValue::Int(i64::MIN)),
            ("s", OptionValue::String(String::new())),
            ("l", OptionValue::List(vec!["x".into(), String::new()])),
            ("e", OptionValue::List(Vec::new())),
            ("n", OptionValue::Nil),
        ]);
        for name in [OPTIONS_NAME, OPTIONS_NAME_V0] {
            let value = across(&Type::Interface, &options_to_value(&options, name));
            assert_eq!(options_from_value(value), Ok(options.clone()));
            let value = across(&Type::Interface, &options_to_value(&DriverOptions::new(), name));
            assert_eq!(options_from_value(value), Ok(DriverOptions::new()));
        }
    }

    #[test]
    fn options_that_go_would_refuse_are_refused_in_its_words() {
        let empty = || Value::structure([]);
        for (argument, text) in [
            (
                Value::interface("*rpc.Flags", empty()),
                "gob: name not registered for interface: \"*rpc.Flags\"",
            ),
            (
                options(Value::interface("time.Duration", Value::Int(1))),
                "gob: name not registered for interface: \"time.Duration\"",
            ),
            (
                options(Value::interface("int", Value::String("1".into()))),
                "gob: decoding into local type int, received remote type string",
            ),
            (
                Value::interface(OPTIONS_NAME, Value::structure([("Values", Value::Int(1))])),
                "gob: wrong type (int) for received field RPCFlags.Values",
            ),
            (
                Value::Interface(None),
                "gob: decoding into local type drivers.DriverOptions, received remote type nil interface",
            ),
            (Value::Int(1), "gob: decoding into local type drivers.DriverOptions, received remote type int"),
        ] {
            assert_eq!(options_from_value(argument).unwrap_err().to_string(), text);
        }
    }

    #[test]
    fn an_option_of_a_type_that_no_option_has_counts_as_nil() {
        let read = options_from_value(options(Value::interface("int64", Value::Int(1)))).unwrap();
        assert_eq!(read.value("k"), Some(&OptionValue::Nil));
    }

    #[test]
    fn what_is_no_flag_is_refused() {
        for flag in [
            Value::Interface(None),
            Value::String("x".into()),
            Value::interface("*main.Flag", Value::structure([])),
            Value::interface(INT_FLAG, Value::Int(1)),
            Value::interface(INT_FLAG, Value::structure([("Value", Value::String("1".into()))])),
            Value::interface(
                STRING_SLICE_FLAG,
                Value::structure([("Value", Value::Slice(vec![Value::Int(1)]))]),
            ),
        ] {
            assert!(flags_from_value(Value::Slice(vec![flag.clone()])).is_err(), "{flag:?}");
        }
        assert!(flags_from_value(Value::Bytes(Vec::new())).is_err());
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let fields =
            [("Name", Value::String("x".into())), ("Novel", Value::Int(1)), ("Value", Value::Int(1))];
        let flags = Value::Slice(vec![Value::interface(BOOL_FLAG, Value::structure(fields))]);
        assert_eq!(flags_from_value(flags), Ok(vec![Flag::bool("x")]));
    }

    #[test]
    fn plain_values_of_other_types_are_refused() {
        assert_eq!(int_from_value(&Value::Int(-1)), Ok(-1));
        assert!(int_from_value(&Value::Uint(1)).is_err());
        assert_eq!(string_from_value(Value::String("x".into())), Ok("x".into()));
        assert!(string_from_value(Value::Bytes(Vec::new())).is_err());
        assert_eq!(bytes_from_value(Value::Bytes(vec![1])), Ok(vec![1]));
        assert!(bytes_from_value(Value::String(String::new())).is_err());
        assert_eq!(empty_from_value(&Value::structure([])), Ok(()));
        assert!(empty_from_value(&Value::Int(0)).is_err());
    }
}
