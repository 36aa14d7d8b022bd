//! Damages inputs.

use crate::recordings::random::Random;

/// Bytes with a meaning in gob: small numbers, lengths of numbers, ids.
const TELLING: [u8; 16] =
    [0x00, 0x01, 0x02, 0x03, 0x04, 0x0c, 0x10, 0x7f, 0x80, 0x81, 0x82, 0xf7, 0xf8, 0xfc, 0xfe, 0xff];

/// A seed with some damage: mostly inside of messages whose lengths are put right again, so that the damage is met by
/// more than the framing.
pub(crate) fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let seed = &seeds[random.below(seeds.len())];
    let mut bytes;
    if random.below(4) == 0 {
        bytes = seed.clone();
        damage(&mut bytes, seeds, random);
    } else {
        let mut payloads = payloads(seed);
        match random.below(8) {
            0 => payloads.rotate_left(1),
            1 if payloads.len() > 1 => drop(payloads.remove(random.below(payloads.len()))),
            2 if !payloads.is_empty() => payloads.push(payloads[random.below(payloads.len())].clone()),
            _ => {}
        }
        if !payloads.is_empty() {
            let at = random.below(payloads.len());
            damage(&mut payloads[at], seeds, random);
        }
        bytes = Vec::with_capacity(seed.len() + 16);
        for payload in payloads {
            if payload.len() < 128 {
                bytes.push(payload.len() as u8);
            } else {
                bytes.push(0xfe);
                bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
            }
            bytes.extend_from_slice(&payload);
        }
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(8) {
            _ if bytes.is_empty() => bytes.push(random.next() as u8),
            0 => bytes[at] ^= 1 << random.below(8),
            1 => bytes[at] = TELLING[random.below(TELLING.len())],
            2 => bytes[at] = random.next() as u8,
            3 => bytes.insert(at, TELLING[random.below(TELLING.len())]),
            4 => drop(bytes.remove(at)),
            5 => bytes.truncate(at),
            6 => bytes[at] = bytes[at].wrapping_add(1),
            _ => {
                let other = &seeds[random.below(seeds.len())];
                let start = random.below(other.len());
                let end = (start + 1 + random.below(40)).min(other.len());
                bytes.splice(at..at, other[start..end].iter().copied());
            }
        }
    }
}

/// The payloads of the messages in a sound stream, as far as their lengths can be put before them again.
fn payloads(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    loop {
        let (length, rest) = match stream {
            [length @ 0..=127, rest @ ..] => (usize::from(*length), rest),
            [0xff, length, rest @ ..] => (usize::from(*length), rest),
            [0xfe, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
            _ => return payloads,
        };
        if rest.len() < length {
            return payloads;
        }
        payloads.push(rest[..length].to_vec());
        stream = &rest[length..];
    }
}
