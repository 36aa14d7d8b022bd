//! What the encoder sends, and what it refuses to send.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use machine_driver::plugin::wire::{Decoded, Decoder, EncodeError, Encoder, Limits, Type, Value};

fn read(bytes: &[u8]) -> Vec<Decoded> {
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(bytes);
    let values = std::iter::from_fn(|| decoder.next().unwrap()).collect();
    assert!(decoder.at_boundary());
    values
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first bytes that every Go host sends: type and value of a request header without number, and of `struct{}`.
#[test]
fn the_first_call_is_the_one_of_go_byte_for_byte() {
    let request = Type::structure("Request", [("ServiceMethod", Type::String), ("Seq", Type::Uint)]);
    let header =
        Value::structure([("ServiceMethod", text("RPCServerDriver.GetVersion")), ("Seq", Value::Uint(0))]);
    let mut encoder = Encoder::new();
    let mut bytes = Vec::new();
    encoder.encode(&request, &header, &mut bytes).unwrap();
    encoder.encode(&Type::structure("", []), &Value::structure([]), &mut bytes).unwrap();
    let go = "2fff81030101075265717565737401ff82000102010d536572766963654d6574686f64010c0001035365710106000000\
              1fff82011a5250435365727665724472697665722e47657456657273696f6e00\
              0aff83030102ff84000000\
              03ff8400";
    assert_eq!(hex(&bytes), go);
}

#[test]
fn fields_are_found_by_name_in_any_order() {
    let of = Type::structure("T", [("A", Type::Int), ("B", Type::Int), ("C", Type::Int)]);
    let value = |fields: &[(&str, i64)]| {
        Value::Struct(fields.iter().map(|(name, number)| ((*name).to_owned(), Value::Int(*number))).collect())
    };
    for (sent, received) in [
        (value(&[("A", 1), ("B", 2), ("C", 3)]), value(&[("A", 1), ("B", 2), ("C", 3)])),
        (value(&[("C", 3), ("A", 1)]), value(&[("A", 1), ("C", 3)])),
        (value(&[("B", 2)]), value(&[("B", 2)])),
        (value(&[("A", 0), ("C", 3)]), value(&[("C", 3)])),
        (value(&[]), value(&[])),
    ] {
        let mut bytes = Vec::new();
        Encoder::new().encode(&of, &sent, &mut bytes).unwrap();
        assert_eq!(read(&bytes)[0].value, received);
    }
}

#[test]
fn an_empty_map_is_not_a_nil_map() {
    let of = Type::structure("T", [("Values", Type::map(Type::String, Type::Interface))]);
    for value in [Value::structure([("Values", Value::Map(Vec::new()))]), Value::structure([])] {
        let mut bytes = Vec::new();
        Encoder::new().encode(&of, &value, &mut bytes).unwrap();
        assert_eq!(read(&bytes)[0].value, value);
    }
}

#[test]
fn what_cannot_be_encoded_leaves_the_stream_as_it_was() {
    let pair = || Type::structure("Pair", [("A", Type::Int), ("B", Type::Interface)]);
    let bad = [
        (Type::Int, text("x"), "gob: cannot encode string as int"),
        (Type::slice(pair()), Value::structure([]), "gob: cannot encode struct as []struct Pair"),
        (
            Type::Array(Box::new(Type::Int), 2),
            Value::Slice(vec![Value::Int(1)]),
            "gob: cannot encode slice as [2]int",
        ),
        (pair(), Value::structure([("A", text("x"))]), "gob: cannot encode string as int"),
        (pair(), Value::structure([("C", Value::Int(1))]), "gob: struct Pair has no field C"),
        (
            pair(),
            Value::structure([("B", Value::interface("*x.Y", Value::Int(1)))]),
            "gob: type not registered for interface: *x.Y",
        ),
    ];
    let mut encoder = Encoder::new();
    let mut bytes = vec![1, 2, 3];
    for (of, value, error) in bad {
        assert_eq!(encoder.encode(&of, &value, &mut bytes).unwrap_err().to_string(), error);
        assert_eq!(bytes, [1, 2, 3]);
    }
    // Nothing is taken for defined that was not sent.
    bytes.clear();
    let value = Value::structure([("B", Value::interface("int", Value::Int(0)))]);
    encoder.encode(&pair(), &value, &mut bytes).unwrap();
    assert_eq!(read(&bytes)[0].value, value);
}

#[test]
fn what_our_decoder_would_refuse_is_not_sent() {
    let mut encoder = Encoder::new();
    let mut bytes = Vec::new();
    let long = Value::Bytes(vec![0; 64 << 20]);
    assert!(matches!(encoder.encode(&Type::Bytes, &long, &mut bytes), Err(EncodeError::TooLong { .. })));
    encoder.register("[]interface {}", Type::slice(Type::Interface));
    let nest = |value| Value::interface("[]interface {}", Value::Slice(vec![value]));
    let mut value = Value::Interface(None);
    for depth in 1..=33 {
        value = nest(value);
        let sent = encoder.encode(&Type::Interface, &value, &mut bytes);
        assert_eq!(sent.is_ok(), depth <= 32, "{depth}: {sent:?}");
    }
    assert_eq!(read(&bytes).len(), 32);
}
