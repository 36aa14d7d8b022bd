//! What must hold for all values, all bytes and all ways to cut a stream.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use machine_driver::plugin::wire::{DecodeError, Decoded, Decoder, Limits, Type, Value};
use proptest::{collection::vec, prelude::*};
use recordings::{decode, random::Random};
use targets::decoder::size;

mod generate;
mod recordings;
mod targets;

/// A stream of several values, so that later ones meet types that are known already.
fn stream() -> impl Strategy<Value = (Vec<(Type, Value)>, Vec<u8>)> {
    vec(generate::typed_value(), 1..5).prop_map(|values| {
        let mut encoder = generate::encoder();
        let mut bytes = Vec::new();
        for (of, value) in &values {
            encoder.encode(of, value, &mut bytes).unwrap();
        }
        (values, bytes)
    })
}

fn in_one_piece(bytes: &[u8]) -> Vec<Decoded> {
    let (values, decoder, outcome) = decode(bytes, || bytes.len());
    outcome.unwrap();
    assert!(decoder.at_boundary());
    values
}

proptest! {
    #[test]
    fn values_survive_and_keep_their_types((values, bytes) in stream()) {
        let decoded = in_one_piece(&bytes);
        prop_assert_eq!(decoded.len(), values.len());
        let (_, decoder, _) = decode(&bytes, || bytes.len());
        for (decoded, (of, value)) in decoded.iter().zip(&values) {
            prop_assert_eq!(&decoded.value, value);
            prop_assert_eq!(decoder.type_of(decoded.type_id), Some(of.clone()));
            prop_assert_eq!(decoder.describe_type(decoded.type_id), of.to_string());
        }
    }

    #[test]
    fn each_type_is_defined_once((values, bytes) in stream()) {
        let first: usize = in_one_piece(&bytes).iter().map(|decoded| decoded.definitions.len()).sum();
        let mut encoder = generate::encoder();
        let mut twice = Vec::new();
        for (of, value) in values.iter().chain(&values) {
            encoder.encode(of, value, &mut twice).unwrap();
        }
        let both: usize = in_one_piece(&twice).iter().map(|decoded| decoded.definitions.len()).sum();
        prop_assert_eq!(first, both);
    }

    #[test]
    fn pieces_change_nothing((_, bytes) in stream(), seed: u64, longest in 1..200usize) {
        let mut random = Random::new(seed);
        let (values, decoder, outcome) = decode(&bytes, || 1 + random.below(longest));
        outcome.unwrap();
        prop_assert!(decoder.at_boundary());
        prop_assert_eq!(values, in_one_piece(&bytes));
    }

    #[test]
    fn a_truncated_stream_needs_more((_, bytes) in stream(), cut: prop::sample::Index) {
        let cut = cut.index(bytes.len());
        let (values, decoder, outcome) = decode(&bytes[..cut], || cut);
        prop_assert_eq!(outcome, Ok(()));
        let all = in_one_piece(&bytes);
        prop_assert!(values.len() < all.len());
        prop_assert_eq!(&values[..], &all[..values.len()]);
        let done: usize = values.iter().flat_map(|value| &value.messages)
            .map(|message| message.len + (message.payload_offset - message.offset) as usize).sum();
        prop_assert_eq!(decoder.buffered(), cut - done);
        prop_assert_eq!(decoder.at_boundary(), cut == done);
    }

    #[test]
    fn any_bytes_are_read_within_the_limits(bytes in vec(any::<u8>(), 0..300)) {
        read_within_limits(&bytes);
    }

    #[test]
    fn damaged_streams_are_read_within_the_limits(
        (_, mut bytes) in stream(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), any::<bool>()), 1..6),
    ) {
        for (at, byte, insert) in damage {
            let at = at.index(bytes.len());
            if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        }
        read_within_limits(&bytes);
    }
}

/// Reads a stream with narrow limits; nothing that comes out may be larger than them, and errors stay.
fn read_within_limits(bytes: &[u8]) {
    let limits = Limits { max_message: 4096, max_depth: 6, max_elements: 60, max_memory: 6000, max_types: 8 };
    let mut decoder = Decoder::new(limits);
    decoder.push(bytes);
    loop {
        match decoder.next() {
            Ok(Some(decoded)) => {
                let (elements, depth) = size(&decoded.value);
                assert!(elements <= limits.max_elements && depth <= limits.max_depth + 1, "{decoded:?}");
                // A vector may have room for twice its elements, and has room for at least four.
                assert!(heap(&decoded.value) <= 4 * limits.max_memory, "{decoded:?}");
                assert!(decoded.definitions.len() <= limits.max_types);
                assert!(
                    decoded.messages.iter().map(|message| message.len).sum::<usize>() <= limits.max_message
                );
                decoder.describe_type(decoded.type_id);
                decoder.type_of(decoded.type_id);
            }
            Ok(None) => break,
            Err(error) => {
                decoder.push(&[3, 2, 0, 2]);
                assert_eq!(decoder.next(), Err(error));
                assert!(!decoder.at_boundary());
                break;
            }
        }
    }
}

/// Bytes allocated by a value.
fn heap(value: &Value) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.capacity(),
        Value::String(text) => text.capacity(),
        Value::Slice(items) => items.capacity() * size_of::<Value>() + items.iter().map(heap).sum::<usize>(),
        Value::Map(pairs) => {
            let parts: usize = pairs.iter().map(|(key, value)| heap(key) + heap(value)).sum();
            pairs.capacity() * size_of::<(Value, Value)>() + parts
        }
        Value::Struct(fields) => {
            let parts: usize = fields.iter().map(|(name, value)| name.capacity() + heap(value)).sum();
            fields.capacity() * size_of::<(String, Value)>() + parts
        }
        Value::Interface(Some(held)) => size_of::<(String, Value)>() + held.0.capacity() + heap(&held.1),
        _ => 0,
    }
}

#[test]
fn the_limits_of_the_properties_are_reached() {
    let mut bytes = Vec::new();
    let of = Type::slice(Type::Int);
    generate::encoder().encode(&of, &Value::Slice(vec![Value::Int(1); 100]), &mut bytes).unwrap();
    let mut decoder = Decoder::new(Limits { max_elements: 60, ..Limits::default() });
    decoder.push(&bytes);
    assert_eq!(decoder.next(), Err(DecodeError::TooManyElements { limit: 60 }));
}
