//! Our codec against the crate `gobwire`, an independent implementation.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::sync::Arc;

use gobwire::{Dynamic, Interface, StreamDecoder, StructType};
use machine_driver::plugin::wire::{Type, Value};
use proptest::prelude::*;
use recordings::{decode, random::Random, recordings};

mod generate;
mod recordings;

/// What the other implementation reads, until the end or its first error.
fn read_by_gobwire(bytes: &[u8]) -> (Vec<Value>, Result<(), gobwire::Error>) {
    let mut decoder = StreamDecoder::new(bytes);
    let mut values = Vec::new();
    loop {
        match decoder.decode::<Dynamic>() {
            Ok(Some(dynamic)) => values.push(from_gobwire(&dynamic.ty, dynamic.value)),
            Ok(None) => return (values, Ok(())),
            Err(error) => return (values, Err(error)),
        }
    }
}

fn from_gobwire(of: &gobwire::Type, value: gobwire::Value) -> Value {
    use gobwire::{Type as T, Value as V};
    match (of, value) {
        (_, V::Bool(flag)) => Value::Bool(flag),
        (_, V::Int(number)) => Value::Int(number),
        (_, V::Uint(number)) => Value::Uint(number),
        (_, V::Float(number)) => Value::Float(number),
        (_, V::Complex(real, imaginary)) => Value::Complex(real, imaginary),
        (_, V::Bytes(bytes) | V::Marshaled(bytes)) => Value::Bytes(bytes),
        (_, V::String(text)) => Value::String(text),
        (_, V::Interface(None)) => Value::Interface(None),
        (_, V::Interface(Some(held))) => Value::interface(held.name, from_gobwire(&held.ty, held.value)),
        (T::Slice(element) | T::Array(element, _), V::Slice(items) | V::Array(items)) => {
            Value::Slice(items.into_iter().map(|item| from_gobwire(element, item)).collect())
        }
        (T::Map(key, element), V::Map(pairs)) => {
            let pair = |(name, value)| (from_gobwire(key, name), from_gobwire(element, value));
            Value::Map(pairs.into_iter().map(pair).collect())
        }
        (T::Struct(of), V::Struct(values)) => {
            let present = of.fields.iter().zip(values);
            let field = |((name, of), value): (&(String, T), Option<V>)| {
                Some((name.clone(), from_gobwire(of, value?)))
            };
            Value::Struct(present.filter_map(field).collect())
        }
        (of, value) => panic!("{value:?} as {of:?}"),
    }
}

fn type_for_gobwire(of: &Type) -> gobwire::Type {
    use gobwire::Type as T;
    match of {
        Type::Bool => T::Bool,
        Type::Int => T::Int,
        Type::Uint => T::Uint,
        Type::Float => T::Float,
        Type::Bytes => T::Bytes,
        Type::String => T::String,
        Type::Complex => T::Complex,
        Type::Interface => T::Interface,
        Type::Slice(element) => T::Slice(Arc::new(type_for_gobwire(element))),
        Type::Array(element, length) => T::Array(Arc::new(type_for_gobwire(element)), *length),
        Type::Map(key, element) => {
            T::Map(Arc::new(type_for_gobwire(key)), Arc::new(type_for_gobwire(element)))
        }
        Type::Struct { name, fields } => T::Struct(Arc::new(StructType {
            name: name.clone(),
            fields: fields.iter().map(|(name, field)| (name.clone(), type_for_gobwire(field))).collect(),
        })),
    }
}

fn value_for_gobwire(of: &Type, value: &Value) -> gobwire::Value {
    use gobwire::Value as V;
    match (of, value) {
        (_, Value::Bool(flag)) => V::Bool(*flag),
        (_, Value::Int(number)) => V::Int(*number),
        (_, Value::Uint(number)) => V::Uint(*number),
        (_, Value::Float(number)) => V::Float(*number),
        (_, Value::Complex(real, imaginary)) => V::Complex(*real, *imaginary),
        (_, Value::Bytes(bytes)) => V::Bytes(bytes.clone()),
        (_, Value::String(text)) => V::String(text.clone()),
        (_, Value::Interface(held)) => V::Interface(held.as_ref().map(|held| {
            let registry = generate::registry();
            let of = registry.find(&held.0).unwrap();
            let value = value_for_gobwire(of, &held.1);
            Box::new(Interface { name: held.0.clone(), ty: type_for_gobwire(of), value })
        })),
        (Type::Slice(element), Value::Slice(items)) => {
            V::Slice(items.iter().map(|item| value_for_gobwire(element, item)).collect())
        }
        (Type::Array(element, _), Value::Slice(items)) => {
            V::Array(items.iter().map(|item| value_for_gobwire(element, item)).collect())
        }
        (Type::Map(key, element), Value::Map(pairs)) => {
            let pair = |(name, value): &(Value, Value)| {
                (value_for_gobwire(key, name), value_for_gobwire(element, value))
            };
            V::Map(pairs.iter().map(pair).collect())
        }
        (Type::Struct { fields, .. }, value @ Value::Struct(_)) => {
            let field = |(name, of): &(String, Type)| Some(value_for_gobwire(of, value.field(name)?));
            V::Struct(fields.iter().map(field).collect())
        }
        (of, value) => panic!("{value:?} as {of:?}"),
    }
}

#[test]
fn both_read_the_recordings_alike() {
    for recording in recordings() {
        let (ours, _, outcome) = decode(recording.gob(), || usize::MAX);
        outcome.unwrap();
        let (theirs, their_outcome) = read_by_gobwire(recording.gob());
        assert!(their_outcome.is_ok(), "{}: {their_outcome:?}", recording.label());
        let ours: Vec<Value> = ours.into_iter().map(|decoded| decoded.value).collect();
        assert_eq!(ours, theirs, "{}", recording.label());
    }
}

/// Of damaged recordings: whatever both accept, both read alike.
#[test]
fn what_both_accept_they_read_alike() {
    let recordings = recordings();
    let mut random = Random::new(7);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let mut gob = recordings[random.below(recordings.len())].gob().to_vec();
        gob.truncate(1500);
        if gob.is_empty() {
            continue;
        }
        for _ in 0..=random.below(3) {
            let at = random.below(gob.len());
            gob[at] = random.next() as u8;
        }
        let (ours, _, _) = decode(&gob, || usize::MAX);
        let (theirs, _) = read_by_gobwire(&gob);
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(&ours.value, theirs, "{gob:02x?}");
            accepted += 1;
        }
    }
    assert!(accepted > 20_000, "only {accepted} values were accepted by both");
}

proptest! {
    #[test]
    fn gobwire_reads_what_we_write((of, value) in generate::typed_value()) {
        let mut bytes = Vec::new();
        generate::encoder().encode(&of, &value, &mut bytes).unwrap();
        let (theirs, outcome) = read_by_gobwire(&bytes);
        prop_assert!(outcome.is_ok(), "{:?}", outcome);
        prop_assert_eq!(theirs, vec![value]);
    }

    #[test]
    fn we_read_what_gobwire_writes((of, value) in generate::typed_value()) {
        let theirs = Dynamic { ty: type_for_gobwire(&of), value: value_for_gobwire(&of, &value) };
        let bytes = gobwire::Encoder::new().encode(&theirs).unwrap();
        let (ours, decoder, outcome) = decode(&bytes, || usize::MAX);
        prop_assert_eq!(outcome, Ok(()));
        prop_assert_eq!(ours.len(), 1);
        prop_assert_eq!(&ours[0].value, &value);
        prop_assert_eq!(decoder.type_of(ours[0].type_id), Some(of));
    }
}
