//! Writes decoded values in the form of the recordings' JSON files.

use machine_driver::plugin::wire::{Decoded, Decoder, Definition, Shape, Value};
use serde_json::{Map, Value as Json, json};

/// A value with all that the JSON files say about it. `origin` is the offset of the stream in the file.
pub(crate) fn decoded(decoded: &Decoded, decoder: &Decoder, origin: usize) -> Json {
    let origin = origin as u64;
    let message = |message: &machine_driver::plugin::wire::Message| {
        let (offset, payload) = (message.offset + origin, message.payload_offset + origin);
        json!({ "off": offset, "payload_off": payload, "len": message.len })
    };
    let definition = |definition: &std::sync::Arc<Definition>| {
        let mut json = shape(definition);
        json["at"] = json!(definition.offset + origin);
        json["inside_value"] = json!(definition.inside_value);
        json
    };
    let mut concrete_types = decoded.concrete_types.iter().copied();
    let json = json!({
        "type": decoder.describe_type(decoded.type_id),
        "type_id": decoded.type_id,
        "value": value(&decoded.value, decoder, &mut concrete_types),
        "typedefs": decoded.definitions.iter().map(definition).collect::<Vec<_>>(),
        "messages": decoded.messages.iter().map(message).collect::<Vec<_>>(),
    });
    assert_eq!(concrete_types.next(), None, "more concrete types than interfaces");
    json
}

/// A type definition, without where it was.
pub(crate) fn shape(definition: &Definition) -> Json {
    let mut json = match &definition.shape {
        Shape::Array { elem, len } => json!({ "kind": "array", "elem": elem, "len": len }),
        Shape::Slice { elem } => json!({ "kind": "slice", "elem": elem }),
        Shape::Map { key, elem } => json!({ "kind": "map", "key": key, "elem": elem }),
        Shape::Struct { fields } => {
            let fields: Vec<Json> =
                fields.iter().map(|(name, id)| json!({ "name": name, "id": id })).collect();
            json!({ "kind": "struct", "fields": fields })
        }
        Shape::GobEncoder => json!({ "kind": "gobencoder" }),
        Shape::BinaryMarshaler => json!({ "kind": "binarymarshaler" }),
        Shape::TextMarshaler => json!({ "kind": "textmarshaler" }),
    };
    json["name"] = json!(definition.name);
    json["id"] = json!(definition.id);
    json["cid"] = json!(definition.common_id);
    json
}

fn value(value: &Value, decoder: &Decoder, concrete_types: &mut impl Iterator<Item = i64>) -> Json {
    let mut part = |value: &Value| self::value(value, decoder, concrete_types);
    match value {
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Uint(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Complex(real, imaginary) => json!([real, imaginary]),
        Value::String(text) => json!(text),
        Value::Bytes(bytes) => json!({ "$bytes": hex(bytes) }),
        Value::Slice(items) => items.iter().map(part).collect(),
        Value::Map(pairs) if pairs.iter().all(|(key, _)| matches!(key, Value::String(_))) => {
            let pair = |(key, value): &(Value, Value)| match key {
                Value::String(key) => (key.clone(), part(value)),
                _ => unreachable!("all keys are strings"),
            };
            Json::Object(pairs.iter().map(pair).collect())
        }
        Value::Map(pairs) => pairs.iter().map(|(key, value)| json!([part(key), part(value)])).collect(),
        Value::Struct(fields) => {
            Json::Object(fields.iter().map(|(name, value)| (name.clone(), part(value))).collect())
        }
        Value::Interface(None) => Json::Null,
        Value::Interface(Some(held)) => {
            let concrete = concrete_types.next().expect("a concrete type for every interface");
            json!({
                "$iface": held.0,
                "$type": decoder.describe_type(concrete),
                "value": self::value(&held.1, decoder, concrete_types),
            })
        }
    }
}

/// Brings the ways to write bytes down to one.
pub(crate) fn canonical(json: Json) -> Json {
    match json {
        Json::Array(items) => items.into_iter().map(canonical).collect(),
        Json::Object(fields) => bytes(&fields).unwrap_or_else(|| {
            Json::Object(fields.into_iter().map(|(name, value)| (name, canonical(value))).collect())
        }),
        other => other,
    }
}

fn bytes(fields: &Map<String, Json>) -> Option<Json> {
    let (name, text) = fields.iter().next().filter(|_| fields.len() == 1)?;
    let text = text.as_str()?;
    let bytes = match name.as_str() {
        "$bytes_utf8" => text.as_bytes().to_vec(),
        "$bytes_hex" | "$bytes" => super::from_hex(text),
        "$bytes_b64" | "$bytes_base64" => from_base64(text),
        _ => return None,
    };
    Some(json!({ "$bytes": hex(&bytes) }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_base64(text: &str) -> Vec<u8> {
    let mut bits = 0u32;
    let mut count = 0;
    let mut bytes = Vec::new();
    for digit in text.bytes().filter(|digit| *digit != b'=' && !digit.is_ascii_whitespace()) {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => panic!("{digit:#x} is no base64 digit"),
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}
