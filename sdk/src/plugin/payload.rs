//! Flags and options as values on the wire (PROTOCOL section 8), both directions.

use std::sync::LazyLock;

use super::wire::{DecodeError, Registry, Type, Value};
use crate::{
    flag::{Flag, FlagKind},
    options::{DriverOptions, OptionValue},
};

/// Registered name of the options since v0.5.1.
pub(super) const OPTIONS_V1: &str = "*rpcdriver.RPCFlags";
/// Registered name of the options in v0.5.0.
pub(super) const OPTIONS_V0: &str = "*rpcdriver.RpcFlags";

const STRING_FLAG: &str = "*mcnflag.StringFlag";
const STRING_LIST_FLAG: &str = "*mcnflag.StringSliceFlag";
const INT_FLAG: &str = "*mcnflag.IntFlag";
const BOOL_FLAG: &str = "*mcnflag.BoolFlag";

/// Names that every Go program registers. Options have four of them; a Go driver reads the others as zero values.
static BASIC_NAMES: LazyLock<Registry> = LazyLock::new(Registry::built_in);

/// Type of the reply of `GetCreateFlags`.
pub(super) static FLAGS: LazyLock<Type> = LazyLock::new(|| Type::slice(Type::Interface));

/// The argument of `SetConfigFromFlags` under a registered name; its type is [`Type::Interface`].
pub(super) fn options_to_value(options: &DriverOptions, name: &str) -> Value {
    let entries = options
        .iter()
        .map(|(key, option)| (Value::String(key.to_owned()), option_to_value(option)));
    Value::interface(
        name,
        Value::structure([("Values", Value::Map(entries.collect()))]),
    )
}

fn option_to_value(option: &OptionValue) -> Value {
    match option {
        OptionValue::Bool(on) => Value::interface("bool", Value::Bool(*on)),
        OptionValue::Int(number) => Value::interface("int", Value::Int(*number)),
        OptionValue::String(text) => Value::interface("string", Value::String(text.clone())),
        OptionValue::List(list) => Value::interface("[]string", texts_to_value(list)),
        OptionValue::Nil => Value::Interface(None),
    }
}

/// Reads the argument of `SetConfigFromFlags`, under either registered name.
///
/// # Errors
/// What is wrong with it, in Go's words. The fault is the host's.
pub(super) fn options_from_value(argument: Value) -> Result<DriverOptions, DecodeError> {
    let (name, options) = match argument {
        Value::Interface(Some(held)) => *held,
        other => return Err(mismatch("*drivers.DriverOptions", &other)),
    };
    if name != OPTIONS_V1 && name != OPTIONS_V0 {
        return Err(DecodeError::NotRegistered { name });
    }
    let Value::Struct(fields) = options else {
        return Err(mismatch("rpcdriver.RPCFlags", &options));
    };
    match fields.into_iter().find(|(field, _)| field == "Values") {
        None => Ok(DriverOptions::new()),
        Some((_, Value::Map(entries))) => entries.into_iter().map(option_from_entry).collect(),
        Some((_, other)) => Err(mismatch("map[string]interface {}", &other)),
    }
}

fn option_from_entry((key, value): (Value, Value)) -> Result<(String, OptionValue), DecodeError> {
    let key = text_from(key)?;
    let (name, value) = match value {
        Value::Interface(Some(held)) => *held,
        Value::Interface(None) => return Ok((key, OptionValue::Nil)),
        other => return Err(mismatch("interface {}", &other)),
    };
    let option = match (name.as_str(), value) {
        ("bool", Value::Bool(on)) => OptionValue::Bool(on),
        ("int", Value::Int(number)) => OptionValue::Int(number),
        ("string", Value::String(text)) => OptionValue::String(text),
        ("[]string", Value::Slice(list)) => OptionValue::List(texts_from(list)?),
        ("bool", other) => return Err(mismatch("bool", &other)),
        ("int", other) => return Err(mismatch("int", &other)),
        ("string", other) => return Err(mismatch("string", &other)),
        ("[]string", other) => return Err(mismatch("[]string", &other)),
        (basic, _) if BASIC_NAMES.find(basic).is_some() => OptionValue::Nil,
        _ => return Err(DecodeError::NotRegistered { name }),
    };
    Ok((key, option))
}

/// The reply of `GetCreateFlags`; its type is [`FLAGS`].
pub(super) fn flags_to_value(flags: &[Flag]) -> Value {
    Value::Slice(flags.iter().map(flag_to_value).collect())
}

fn flag_to_value(flag: &Flag) -> Value {
    let (name, default) = match &flag.kind {
        FlagKind::String { default } => (STRING_FLAG, Some(Value::String(default.clone()))),
        FlagKind::StringList { default } => (STRING_LIST_FLAG, Some(texts_to_value(default))),
        FlagKind::Int { default } => (INT_FLAG, Some(Value::Int(*default))),
        FlagKind::Bool => (BOOL_FLAG, None),
    };
    let texts = [
        ("Name", &flag.name),
        ("Usage", &flag.usage),
        ("EnvVar", &flag.env_var),
    ];
    let texts = texts.map(|(field, text)| (field.to_owned(), Value::String(text.clone())));
    let default = default.map(|default| ("Value".to_owned(), default));
    Value::interface(name, Value::Struct(texts.into_iter().chain(default).collect()))
}

/// Reads the reply of `GetCreateFlags`.
///
/// # Errors
/// What is wrong with it, in Go's words. The fault is the plugin's (FLAG-001).
pub(super) fn flags_from_value(reply: Value) -> Result<Vec<Flag>, DecodeError> {
    match reply {
        Value::Slice(flags) => flags.into_iter().map(flag_from_value).collect(),
        other => Err(mismatch("[]mcnflag.Flag", &other)),
    }
}

fn flag_from_value(flag: Value) -> Result<Flag, DecodeError> {
    let (name, held) = match flag {
        Value::Interface(Some(held)) => *held,
        other => return Err(mismatch("mcnflag.Flag", &other)),
    };
    let mut flag = match name.as_str() {
        STRING_FLAG => Flag::string(""),
        STRING_LIST_FLAG => Flag::string_list(""),
        INT_FLAG => Flag::int(""),
        BOOL_FLAG => Flag::bool(""),
        _ => return Err(DecodeError::NotRegistered { name }),
    };
    let Value::Struct(fields) = held else {
        return Err(mismatch("mcnflag.Flag", &held));
    };
    for (field, value) in fields {
        match (field.as_str(), &mut flag.kind, value) {
            ("Name", _, value) => flag.name = text_from(value)?,
            ("Usage", _, value) => flag.usage = text_from(value)?,
            ("EnvVar", _, value) => flag.env_var = text_from(value)?,
            ("Value", FlagKind::String { default }, value) => *default = text_from(value)?,
            ("Value", FlagKind::StringList { default }, Value::Slice(list)) => *default = texts_from(list)?,
            ("Value", FlagKind::StringList { .. }, other) => return Err(mismatch("[]string", &other)),
            ("Value", FlagKind::Int { default }, Value::Int(number)) => *default = number,
            ("Value", FlagKind::Int { .. }, other) => return Err(mismatch("int", &other)),
            // Go ignores fields that its type does not have.
            _ => {}
        }
    }
    Ok(flag)
}

/// The error for a value of another type than `local`, in Go's words.
pub(super) fn mismatch(local: &'static str, remote: &Value) -> DecodeError {
    let remote = match remote {
        Value::Bytes(_) => "bytes",
        Value::Interface(None) => "nil interface",
        other => other.kind(),
    };
    DecodeError::Mismatch {
        local,
        remote: remote.to_owned(),
    }
}

/// A text.
pub(super) fn text_from(value: Value) -> Result<String, DecodeError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(mismatch("string", &other)),
    }
}

fn texts_from(list: Vec<Value>) -> Result<Vec<String>, DecodeError> {
    list.into_iter().map(text_from).collect()
}

fn texts_to_value(list: &[String]) -> Value {
    Value::Slice(list.iter().cloned().map(Value::String).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn flags_round_trip() {
        let flags = vec![
            Flag::string("a")
                .usage("ü")
                .env_var("A,B")
                .kind(FlagKind::String { default: "x".into() }),
            Flag::string("empty"),
            Flag::string_list("l").kind(FlagKind::StringList {
                default: vec!["x".into(), String::new()],
            }),
            Flag::int("i").kind(FlagKind::Int { default: -3 }),
            Flag::bool("b"),
        ];
        assert_eq!(flags_from_value(flags_to_value(&flags)), Ok(flags));
        assert_eq!(flags_from_value(flags_to_value(&[])), Ok(Vec::new()));
    }

    #[test]
    fn options_round_trip_under_both_names() {
        let options = DriverOptions::from_iter([
            ("b", OptionValue::Bool(false)),
            ("i", OptionValue::Int(i64::MIN)),
            ("s", OptionValue::String(String::new())),
            ("l", OptionValue::List(vec!["x".into(), String::new()])),
            ("n", OptionValue::Nil),
        ]);
        for name in [OPTIONS_V0, OPTIONS_V1] {
            assert_eq!(
                options_from_value(options_to_value(&options, name)),
                Ok(options.clone())
            );
        }
    }

    #[test]
    fn what_go_does_not_know_is_refused_in_go_s_words() {
        let options = |value| {
            let entry = (Value::String("k".into()), value);
            Value::interface(
                OPTIONS_V1,
                Value::structure([("Values", Value::Map(vec![entry]))]),
            )
        };
        for (argument, text) in [
            (
                Value::interface("*rpc.Flags", Value::Struct(vec![])),
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
                Value::Interface(None),
                "gob: decoding into local type *drivers.DriverOptions, received remote type nil interface",
            ),
        ] {
            assert_eq!(options_from_value(argument).unwrap_err().to_string(), text);
        }
        let odd = options(Value::interface("int64", Value::Int(1)));
        assert_eq!(
            options_from_value(odd).unwrap().value("k"),
            Some(&OptionValue::Nil)
        );
    }

    #[test]
    fn flags_of_other_types_are_refused() {
        for flag in [
            Value::Interface(None),
            Value::String("x".into()),
            Value::interface("*main.Flag", Value::Struct(vec![])),
            Value::interface(INT_FLAG, Value::structure([("Value", Value::String("1".into()))])),
            Value::interface(STRING_LIST_FLAG, Value::structure([("Value", Value::Int(1))])),
            Value::interface(BOOL_FLAG, Value::Int(1)),
        ] {
            assert!(
                flags_from_value(Value::Slice(vec![flag.clone()])).is_err(),
                "{flag:?}"
            );
        }
    }
}
