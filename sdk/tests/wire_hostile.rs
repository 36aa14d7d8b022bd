//! Streams made by hand: the documented examples, and what a hostile or broken peer may send.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use machine_driver::plugin::wire::{DecodeError, Decoded, Decoder, Encoder, Limits, Shape, Type, Value};
use recordings::from_hex;

mod recordings;

/// A message with this payload.
fn message(payload: &str) -> Vec<u8> {
    let payload = from_hex(payload);
    assert!(payload.len() < 128, "the length must fit one byte");
    [vec![payload.len() as u8], payload].concat()
}

fn stream(payloads: &[&str]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| message(payload)).collect()
}

fn read_with(limits: Limits, bytes: &[u8]) -> Result<Option<Decoded>, DecodeError> {
    let mut decoder = Decoder::new(limits);
    decoder.push(bytes);
    decoder.next()
}

fn read(payloads: &[&str]) -> Result<Option<Value>, DecodeError> {
    Ok(read_with(Limits::default(), &stream(payloads))?.map(|decoded| decoded.value))
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

/// Type 65 = slice of interface.
const SLICE_OF_INTERFACE: &str = "ff81 02 01 02 ff82 00 01 10 00 00";
/// Type 65 = slice of int.
const SLICE_OF_INT: &str = "ff81 02 01 02 ff82 00 01 04 00 00";
/// Type 66 = slice of 66.
const SLICE_OF_ITSELF: &str = "ff83 02 01 02 ff84 00 01 ff84 00 00";
/// Type 67 = struct without name or fields.
const EMPTY_STRUCT: &str = "ff85 03 01 02 ff86 00 00 00";
/// Type 68 = slice of 67.
const SLICE_OF_EMPTY: &str = "ff87 02 01 02 ff88 00 01 ff86 00 00";

#[test]
fn plain_values_are_read() {
    assert_eq!(read(&["02 00 01"]), Ok(Some(Value::Bool(true))));
    assert_eq!(read(&["04 00 fe 02 57"]), Ok(Some(Value::Int(-300))));
    assert_eq!(read(&["06 00 ff80"]), Ok(Some(Value::Uint(128))));
    assert_eq!(read(&["08 00 fe 31 40"]), Ok(Some(Value::Float(17.0))));
    assert_eq!(read(&["0a 00 02 00ff"]), Ok(Some(Value::Bytes(vec![0, 255]))));
    assert_eq!(read(&["0c 00 02 c3bc"]), Ok(Some(text("ü"))));
    assert_eq!(read(&["0e 00 fef03f 40"]), Ok(Some(Value::Complex(1.0, 2.0))));
    assert_eq!(read(&["10 00 00"]), Ok(Some(Value::Interface(None))));
    assert_eq!(read(&[EMPTY_STRUCT, "ff86 00"]), Ok(Some(Value::Struct(Vec::new()))));
}

#[test]
fn text_that_is_not_utf8_is_readable_but_marked() {
    assert_eq!(read(&["0c 00 03 61ff62"]), Ok(Some(text("a\u{fffd}b"))));
}

/// The flags of the `none` driver, as Go sends them: the definition of the flag is inside the list.
#[test]
fn a_value_may_be_continued_after_a_definition_inside_it() {
    let name = "13 2a6d636e666c61672e537472696e67466c6167";
    let outside = message(SLICE_OF_INTERFACE);
    let first = format!(
        "ff82 00 01 {name} ff87 03 01 01 0a 537472696e67466c6167 01 ff88 00 01 01 01 04 4e616d65 01 0c 00 00 00"
    );
    let second = "ff88 06 01 03 75726c 00";
    let bytes = [outside, message(&first), message(second)].concat();
    let decoded = read_with(Limits::default(), &bytes).unwrap().unwrap();
    let flag = Value::structure([("Name", text("url"))]);
    assert_eq!(decoded.value, Value::Slice(vec![Value::interface("*mcnflag.StringFlag", flag)]));
    assert_eq!(decoded.concrete_types, [68]);
    assert_eq!(decoded.messages.len(), 3);
    let inside: Vec<bool> = decoded.definitions.iter().map(|definition| definition.inside_value).collect();
    assert_eq!(inside, [false, true]);
    for cut in 0..bytes.len() {
        assert_eq!(read_with(Limits::default(), &bytes[..cut]), Ok(None), "cut at {cut}");
    }
}

/// As an option of type `[]string` inside the options: the rest of the value follows in the same message.
#[test]
fn a_definition_inside_an_interface_may_be_followed_by_the_value() {
    let nested =
        "10 00 08 5b5d737472696e67 ff89 02 01 02 ff8a 00 01 0c 00 00 | 0b ff8a 08 00 03 01 78 00 02 c3bc";
    let value = Value::interface("[]string", Value::Slice(vec![text("x"), text(""), text("ü")]));
    assert_eq!(read(&[&nested.replace('|', "")]), Ok(Some(value)));
}

#[test]
fn types_with_their_own_form_are_opaque_bytes() {
    for (kind, shape) in
        [("05", Shape::GobEncoder), ("06", Shape::BinaryMarshaler), ("07", Shape::TextMarshaler)]
    {
        // Type 65 = GobEncoderT, BinaryMarshalerT or TextMarshalerT, called T.
        let definition = format!("ff81 {kind} 01 01 01 54 01 ff82 00 00 00");
        let bytes = stream(&[&definition, "ff82 00 03 010203"]);
        let decoded = read_with(Limits::default(), &bytes).unwrap().unwrap();
        assert_eq!(decoded.value, Value::Bytes(vec![1, 2, 3]));
        assert_eq!(decoded.definitions[0].shape, shape);
        assert_eq!(decoded.definitions[0].name, "T");
    }
}

#[test]
fn arrays_have_the_length_of_their_type() {
    // Type 65 = array of 2 ints.
    let array = "ff81 01 01 02 ff82 00 01 04 01 04 00 00";
    assert_eq!(
        read(&[array, "ff82 00 02 02 04"]),
        Ok(Some(Value::Slice(vec![Value::Int(1), Value::Int(2)])))
    );
    assert_eq!(read(&[array, "ff82 00 01 02"]), Err(DecodeError::ArrayLength));
}

#[test]
fn a_struct_may_end_with_its_message() {
    // Type 65 = struct with an int.
    let of = "ff81 03 01 02 ff82 00 01 01 01 01 41 01 04 00 00 00";
    let value = Ok(Some(Value::structure([("A", Value::Int(1))])));
    assert_eq!(read(&[of, "ff82 01 02 00"]), value);
    assert_eq!(read(&[of, "ff82 01 02"]), value);
    assert_eq!(read(&[of, "ff82 02 02 00"]), Err(DecodeError::FieldOutOfRange));
    assert_eq!(read(&[of, "ff82 01 02 01 02 00"]), Err(DecodeError::FieldOutOfRange));
}

#[test]
fn broken_streams_are_refused_in_the_words_of_go() {
    for (payloads, text) in [
        (vec![SLICE_OF_INT, SLICE_OF_INT], "gob: duplicate type received"),
        (vec!["7d 02 01 02 ff82 00 01 04 00 00"], "gob: duplicate type received"),
        (vec!["04 00 f7 0102030405060708 09"], "gob: encoded unsigned integer out of range"),
        (vec!["04 01 02"], "gob: decode: corrupted data: non-zero delta for singleton"),
        (
            vec!["ff82 00 01"],
            "gob: unknown type id or corrupted data: type id 65 is not defined on this stream",
        ),
        (vec!["12 00 01"], "gob: unknown type id or corrupted data: type id 9 is not defined on this stream"),
        (vec!["ff81 02 01 02 ff82 00 01 04 00 00 00"], "extra data in buffer"),
        (vec!["0c 00 05 6162"], "gob: invalid string length 5: exceeds input size 2"),
        (
            vec!["0a 00 f8ffffffffffffffff"],
            "gob: invalid slice length 18446744073709551615: exceeds input size 0",
        ),
        (vec!["04 00"], "gob: unexpected end of message while reading int"),
        (vec![""], "gob: empty message"),
        (vec!["ff81 00"], "gob: bad data: type definition 65 has 0 kinds, expected exactly one"),
        (vec!["ff81 02 00 01 00 00"], "gob: bad data: type definition 65 has 2 kinds, expected exactly one"),
        (vec!["ff81 08 00 00"], "gob: bad data: field numbers out of bounds"),
        (
            vec![SLICE_OF_INT, "ff82 00 05 02 02"],
            "gob: decoding array or slice: length exceeds input size (5 elements)",
        ),
        (
            vec![EMPTY_STRUCT, SLICE_OF_EMPTY, "ff88 00 fd0fffff"],
            "gob: decoding array or slice: length exceeds input size (1048575 elements)",
        ),
    ] {
        assert_eq!(read(&payloads).unwrap_err().to_string(), text, "{payloads:?}");
    }
}

#[test]
fn the_smallest_id_cannot_be_negated() {
    let error = read(&["f8ffffffffffffffff"]).unwrap_err();
    assert_eq!(error, DecodeError::DuplicateType { id: i64::MIN });
}

#[test]
fn long_registered_names_are_refused() {
    let payload = [from_hex("10 00 fe0401"), vec![b'n'; 1025], from_hex("04 03 00 02")].concat();
    let length = (payload.len() as u16).to_be_bytes();
    let bytes = [vec![0xfe], length.to_vec(), payload].concat();
    assert_eq!(read_with(Limits::default(), &bytes), Err(DecodeError::NameTooLong { length: 1025 }));
}

#[test]
fn claims_are_refused_before_anything_is_reserved() {
    for claim in ["fc7fffffff", "f87fffffffffffffff", "f8ffffffffffffffff"] {
        let slice = format!("ff82 00 {claim} 02");
        assert_eq!(read(&[SLICE_OF_INT, &slice]), Err(DecodeError::TooManyElements { limit: 1 << 20 }));
        // Type 65 = map from int to int, then a struct with that many fields.
        let map = "ff81 04 01 02 ff82 00 01 04 01 04 00 00";
        assert_eq!(read(&[map, &slice]), Err(DecodeError::TooManyElements { limit: 1 << 20 }));
        let fields = format!("ff81 03 01 02 ff82 00 01 {claim} 01");
        assert_eq!(read(&[&fields]), Err(DecodeError::TooManyElements { limit: 1 << 20 }));
        let error = read_with(Limits::default(), &from_hex(claim)).unwrap_err();
        assert!(matches!(error, DecodeError::MessageTooLong { limit: 0x400_0000, .. }), "{error}");
    }
}

#[test]
fn a_message_of_the_longest_length_is_awaited_and_one_more_byte_is_refused() {
    assert_eq!(read_with(Limits::default(), &from_hex("fc 04000000")), Ok(None));
    assert!(read_with(Limits::default(), &from_hex("fc 04000001")).is_err());
}

#[test]
fn a_value_of_many_messages_is_no_longer_than_one_message() {
    let name = "10 00 01 61";
    // A value that stops before its type, and goes on with nothing but definitions.
    let definitions: Vec<String> = (0..40u8)
        .map(|index| format!("ff{:02x} 02 01 02 ff{:02x} 00 01 04 00 00", 0x81 + 2 * index, 0x82 + 2 * index))
        .collect();
    let mut payloads = vec![name];
    payloads.extend(definitions.iter().map(String::as_str));
    let limits = Limits { max_message: 200, ..Limits::default() };
    assert!(matches!(
        read_with(limits, &stream(&payloads)),
        Err(DecodeError::MessageTooLong { limit: 200, .. })
    ));
    assert_eq!(read_with(Limits::default(), &stream(&payloads)), Ok(None));
}

#[test]
fn definitions_are_limited_in_number_and_memory() {
    let types = |count: u8| -> Vec<u8> {
        (0..count)
            .flat_map(|index| {
                message(&format!(
                    "ff{:02x} 02 01 02 ff{:02x} 00 01 04 00 00",
                    0x81 + 2 * index,
                    0x82 + 2 * index
                ))
            })
            .collect()
    };
    let few = Limits { max_types: 5, ..Limits::default() };
    assert_eq!(read_with(few, &types(5)), Ok(None));
    assert_eq!(read_with(few, &types(6)), Err(DecodeError::TooManyTypes { limit: 5 }));
    let small = Limits { max_memory: 100, ..Limits::default() };
    assert_eq!(read_with(small, &types(6)), Err(DecodeError::TooMuchMemory { limit: 100 }));
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| {
        let payload = [from_hex("ff84 00"), vec![1; depth - 1], vec![0]].concat();
        [message(SLICE_OF_ITSELF), vec![0xff, payload.len() as u8], payload].concat()
    };
    assert!(read_with(Limits::default(), &nested(64)).unwrap().is_some());
    assert_eq!(read_with(Limits::default(), &nested(65)), Err(DecodeError::TooDeep { limit: 64 }));
}

/// One long field name, defined once, must not be multiplied without limit.
#[test]
fn memory_is_limited_where_the_wire_is_short() {
    let name = vec![b'n'; 60_000];
    let mut encoder = Encoder::new();
    let field = String::from_utf8(name).unwrap();
    let of = Type::slice(Type::Struct { name: String::new(), fields: vec![(field.clone(), Type::Bool)] });
    let item = Value::Struct(vec![(field, Value::Bool(true))]);
    let mut bytes = Vec::new();
    encoder.encode(&of, &Value::Slice(vec![item; 5000]), &mut bytes).unwrap();
    assert!(bytes.len() < 100_000);
    let limit = Limits::default().max_memory;
    assert_eq!(read_with(Limits::default(), &bytes), Err(DecodeError::TooMuchMemory { limit }));
}

/// Types refer to each other by id, so a few definitions may describe a type whose tree is exponentially large.
#[test]
fn descriptions_of_types_stay_short() {
    let mut bytes = Vec::new();
    for index in 0..40u8 {
        let part = if index == 0 { "04".to_owned() } else { format!("ff{:02x}", 0x80 + 2 * index) };
        let (negative, id) = (0x81 + 2 * index, 0x82 + 2 * index);
        bytes.extend(message(&format!("ff{negative:02x} 04 01 02 ff{id:02x} 00 01 {part} 01 {part} 00 00")));
    }
    bytes.extend(message(&format!("ff{:02x} 00 00", 0x82 + 2 * 39)));
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(&bytes);
    let decoded = decoder.next().unwrap().unwrap();
    assert!(decoder.describe_type(decoded.type_id).len() < 100_000);
    assert_eq!(decoder.type_of(decoded.type_id), None);
    assert_eq!(decoder.describe_type(66), "map[map[int]int]map[int]int");
}

#[test]
fn recursive_types_are_read_and_described() {
    let bytes = stream(&[SLICE_OF_ITSELF, "ff84 00 02 00 01 00"]);
    let mut decoder = Decoder::new(Limits::default());
    decoder.push(&bytes);
    let decoded = decoder.next().unwrap().unwrap();
    let empty = || Value::Slice(Vec::new());
    assert_eq!(decoded.value, Value::Slice(vec![empty(), Value::Slice(vec![empty()])]));
    assert!(decoder.describe_type(decoded.type_id).ends_with("..."));
    assert_eq!(decoder.type_of(decoded.type_id), None);
}
