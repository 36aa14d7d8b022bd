//! Strategies for types and values of them.
#![allow(dead_code, reason = "no test uses everything")]

use machine_driver::plugin::wire::{Encoder, Registry, Type, Value};
use proptest::{collection::vec, option, prelude::*};

/// Deepest nesting of generated values; interfaces would nest without end.
const DEPTH: u32 = 4;

/// A type and a value of it.
pub(crate) fn typed_value() -> impl Strategy<Value = (Type, Value)> {
    any_type().prop_flat_map(|of| value(&of, DEPTH).prop_map(move |value| (of.clone(), value)))
}

/// An encoder that knows the types of all generated interface values.
pub(crate) fn encoder() -> Encoder {
    Encoder::with_registry(registry().into())
}

pub(crate) fn registry() -> Registry {
    let mut registry = Registry::built_in();
    for (name, of) in concrete_types() {
        registry.register(name, of);
    }
    registry
}

/// What generated interfaces hold.
fn concrete_types() -> Vec<(&'static str, Type)> {
    let leaf =
        Type::structure("Leaf", [("Text", Type::String), ("Number", Type::Int), ("Held", Type::Interface)]);
    vec![
        ("int", Type::Int),
        ("uint", Type::Uint),
        ("bool", Type::Bool),
        ("string", Type::String),
        ("float64", Type::Float),
        ("complex128", Type::Complex),
        ("[]uint8", Type::Bytes),
        ("[]string", Type::slice(Type::String)),
        ("map[string]interface {}", Type::map(Type::String, Type::Interface)),
        ("[]interface {}", Type::slice(Type::Interface)),
        ("*p.Leaf", leaf.clone()),
        ("*p.Tree", Type::structure("Tree", [("Leaves", Type::slice(leaf.clone())), ("First", leaf)])),
        ("p.Pair", Type::Array(Box::new(Type::Uint), 2)),
        ("*p.Empty", Type::structure("", [])),
    ]
}

fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        Just(Type::Bool),
        Just(Type::Int),
        Just(Type::Uint),
        Just(Type::Float),
        Just(Type::Bytes),
        Just(Type::String),
        Just(Type::Complex),
        Just(Type::Interface),
    ];
    leaf.prop_recursive(DEPTH, 24, 4, |part| {
        prop_oneof![
            part.clone().prop_map(Type::slice),
            (part.clone(), 0..4usize).prop_map(|(element, length)| Type::Array(Box::new(element), length)),
            (part.clone(), part.clone()).prop_map(|(key, value)| Type::map(key, value)),
            ("[A-Z][a-z]{0,5}|", vec(part, 0..5)).prop_map(|(name, fields)| {
                let name_field = |(index, field)| (format!("Field{index}"), field);
                Type::Struct { name, fields: fields.into_iter().enumerate().map(name_field).collect() }
            }),
        ]
    })
}

fn value(of: &Type, depth: u32) -> BoxedStrategy<Value> {
    let longest = if depth == 0 { 1 } else { 5 };
    let part = |of: &Type| value(of, depth.saturating_sub(1));
    match of {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Int => prop_oneof![any::<i64>(), -200..200i64].prop_map(Value::Int).boxed(),
        Type::Uint => prop_oneof![any::<u64>(), 0..400u64].prop_map(Value::Uint).boxed(),
        Type::Float => any::<f64>().prop_map(Value::Float).boxed(),
        Type::Complex => {
            any::<(f64, f64)>().prop_map(|(real, imaginary)| Value::Complex(real, imaginary)).boxed()
        }
        Type::Bytes => vec(any::<u8>(), 0..200).prop_map(Value::Bytes).boxed(),
        Type::String => "[a-zü\u{0}\u{10ffff}]{0,150}|".prop_map(Value::String).boxed(),
        Type::Interface if depth == 0 => Just(Value::Interface(None)).boxed(),
        Type::Interface => (0..=concrete_types().len())
            .prop_flat_map(move |choice| match concrete_types().into_iter().nth(choice) {
                None => Just(Value::Interface(None)).boxed(),
                Some((name, of)) => {
                    value(&of, depth - 1).prop_map(move |value| Value::interface(name, value)).boxed()
                }
            })
            .boxed(),
        Type::Slice(element) => vec(part(element), 0..longest).prop_map(Value::Slice).boxed(),
        Type::Array(element, length) => vec(part(element), *length).prop_map(Value::Slice).boxed(),
        Type::Map(key, element) => vec((part(key), part(element)), 0..longest).prop_map(Value::Map).boxed(),
        Type::Struct { fields, .. } => {
            let field = |(name, of): &(String, Type)| {
                let name = name.clone();
                option::weighted(0.8, part(of)).prop_map(move |value| Some((name.clone(), value?)))
            };
            let fields: Vec<_> = fields.iter().map(field).collect();
            fields
                .prop_map(|fields| {
                    Value::Struct(fields.into_iter().flatten().filter(|field| !is_zero(&field.1)).collect())
                })
                .boxed()
        }
    }
}

/// Zero fields do not cross the wire, so they must not be generated.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => !flag,
        Value::Int(number) => *number == 0,
        Value::Uint(number) => *number == 0,
        Value::Float(number) => *number == 0.0,
        Value::Complex(real, imaginary) => *real == 0.0 && *imaginary == 0.0,
        Value::Bytes(bytes) => bytes.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Slice(items) => items.is_empty(),
        Value::Interface(held) => held.is_none(),
        Value::Map(_) | Value::Struct(_) => false,
    }
}
