//! The decoder, given any bytes.

use machine_driver::plugin::wire::{DecodeError, Decoded, Decoder, Encoder, Limits, Value};

/// Narrow enough to be met.
pub(crate) const LIMITS: Limits =
    Limits { max_message: 1 << 16, max_depth: 16, max_elements: 2000, max_memory: 1 << 18, max_types: 32 };

/// What a stream of any bytes is read as: all values up to its end or first error.
pub(crate) struct Read {
    pub(crate) values: Vec<Decoded>,
    pub(crate) outcome: Result<(), DecodeError>,
    decoder: Decoder,
}

/// Reads any bytes that arrive in pieces of at most `longest` bytes.
pub(crate) fn read(bytes: &[u8], longest: usize) -> Read {
    let mut decoder = Decoder::new(LIMITS);
    let mut values = Vec::new();
    for piece in bytes.chunks(longest.max(1)) {
        decoder.push(piece);
        loop {
            match decoder.next() {
                Ok(Some(decoded)) => values.push(decoded),
                Ok(None) => break,
                Err(error) => {
                    return Read { values, outcome: Err(error), decoder };
                }
            }
        }
    }
    Read { values, outcome: Ok(()), decoder }
}

impl Read {
    /// Everything that came out is within the limits.
    pub(crate) fn check_limits(&self) {
        for decoded in &self.values {
            let (parts, depth) = size(&decoded.value);
            assert!(parts <= LIMITS.max_elements, "{parts} parts");
            assert!(depth <= LIMITS.max_depth + 1, "{depth} levels");
            assert!(decoded.definitions.len() <= LIMITS.max_types);
            let length: usize = decoded.messages.iter().map(|message| message.len).sum();
            assert!(length <= LIMITS.max_message, "{length} bytes");
        }
    }

    /// However the bytes arrive, the same comes out.
    pub(crate) fn check_pieces(&self, bytes: &[u8], longest: usize) {
        let other = read(bytes, longest);
        assert_eq!(self.outcome, other.outcome, "in pieces of {longest}");
        // A NaN is not equal to itself, but its text is.
        if self.values != other.values {
            let (whole, pieces) = (format!("{:?}", self.values), format!("{:?}", other.values));
            assert_eq!(whole, pieces, "in pieces of {longest}");
        }
    }

    /// What can be encoded is read again, and encoded to the same bytes then.
    pub(crate) fn check_encoding(&self) {
        for decoded in &self.values {
            let Some(first) = encoded(decoded, &self.decoder) else {
                continue;
            };
            let mut decoder = Decoder::new(Limits::default());
            decoder.push(&first);
            let again = decoder.next().expect("we read what we write").expect("it is complete");
            assert!(decoder.at_boundary());
            let second = encoded(&again, &decoder).expect("it was encoded before");
            assert_eq!(first, second);
        }
    }
}

fn encoded(decoded: &Decoded, decoder: &Decoder) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new();
    crate::recordings::register_types(decoded, decoder, &mut encoder);
    let mut bytes = Vec::new();
    encoder.encode(&decoder.type_of(decoded.type_id)?, &decoded.value, &mut bytes).ok()?;
    Some(bytes)
}

/// Number of values in a value, and how deep they are nested.
pub(crate) fn size(value: &Value) -> (usize, usize) {
    let mut whole = (1, 1);
    let mut add = |part: &Value| {
        let (parts, depth) = size(part);
        whole = (whole.0 + parts, whole.1.max(depth + 1));
    };
    match value {
        Value::Slice(items) => items.iter().for_each(add),
        Value::Struct(fields) => fields.iter().for_each(|(_, field)| add(field)),
        Value::Interface(Some(held)) => add(&held.1),
        Value::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            add(key);
            add(value);
        }),
        _ => {}
    }
    whole
}
