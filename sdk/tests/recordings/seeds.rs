//! Inputs to start from when inputs are made at random.

use std::collections::BTreeSet;

use machine_driver::plugin::wire::{Decoded, Decoder, Encoder};

use super::{Recording, decode, register_types};

/// Short streams of one value each: as they were recorded where that is possible without the rest of the recording,
/// and as we encode them.
pub(crate) fn single_values(recordings: &[Recording]) -> Vec<Vec<u8>> {
    let mut seeds = BTreeSet::new();
    for recording in recordings {
        let gob = recording.gob();
        let (values, decoder, _) = decode(gob, || usize::MAX);
        let mut definitions = Vec::new();
        for decoded in &values {
            let (Some(first), Some(last)) = (decoded.messages.first(), decoded.messages.last()) else {
                continue;
            };
            let end = last.payload_offset as usize + last.len;
            let alone = [&definitions[..], &gob[first.offset as usize..end]].concat();
            let (again, _, outcome) = decode(&alone, || usize::MAX);
            if outcome.is_ok() && again.len() == 1 {
                seeds.insert(alone);
            }
            let before = decoded.messages.iter().take_while(|message| message.len > 0);
            let own = decoded.definitions.iter().filter(|definition| !definition.inside_value).count();
            for message in before.take(own) {
                definitions.extend_from_slice(
                    &gob[message.offset as usize..message.payload_offset as usize + message.len],
                );
            }
            seeds.extend(encoded(decoded, &decoder));
        }
    }
    seeds.into_iter().collect()
}

fn encoded(decoded: &Decoded, decoder: &Decoder) -> Option<Vec<u8>> {
    let mut encoder = Encoder::new();
    register_types(decoded, decoder, &mut encoder);
    let mut bytes = Vec::new();
    encoder.encode(&decoder.type_of(decoded.type_id)?, &decoded.value, &mut bytes).ok()?;
    Some(bytes)
}
