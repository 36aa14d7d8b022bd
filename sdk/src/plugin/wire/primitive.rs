//! Numbers and byte strings (PROTOCOL section 5.1).

use super::error::DecodeError;

pub(super) fn put_uint(out: &mut Vec<u8>, number: u64) {
    match u8::try_from(number) {
        Ok(small) if small < 0x80 => out.push(small),
        _ => {
            let bytes = number.to_be_bytes();
            let zeros = (number.leading_zeros() / 8) as usize;
            out.push(((bytes.len() - zeros) as u8).wrapping_neg());
            out.extend_from_slice(&bytes[zeros..]);
        }
    }
}

pub(super) fn put_int(out: &mut Vec<u8>, number: i64) {
    // The lowest bit says that the others are complemented.
    put_uint(out, ((number << 1) ^ (number >> 63)) as u64);
}

pub(super) fn put_float(out: &mut Vec<u8>, number: f64) {
    // Reversed, because the low bytes of common numbers are zero.
    put_uint(out, number.to_bits().swap_bytes());
}

pub(super) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_uint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads a number from the start of `bytes`: the number and its width, or `None` if bytes are missing.
pub(super) fn parse_uint(bytes: &[u8]) -> Result<Option<(u64, usize)>, DecodeError> {
    let Some(&first) = bytes.first() else {
        return Ok(None);
    };
    if first < 0x80 {
        return Ok(Some((u64::from(first), 1)));
    }
    let width = usize::from(first.wrapping_neg());
    if width > 8 {
        return Err(DecodeError::NumberOutOfRange);
    }
    let Some(digits) = bytes.get(1..=width) else {
        return Ok(None);
    };
    let number = digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit));
    Ok(Some((number, 1 + width)))
}

/// The payload of one message, being read.
#[derive(Debug)]
pub(super) struct Input<'a> {
    payload: &'a [u8],
    at: usize,
    /// Position of the payload in the stream.
    origin: u64,
}

impl<'a> Input<'a> {
    pub(super) fn new(payload: &'a [u8], origin: u64) -> Self {
        Self { payload, at: 0, origin }
    }

    pub(super) fn left(&self) -> usize {
        self.payload.len() - self.at
    }

    /// Position in the stream.
    pub(super) fn position(&self) -> u64 {
        self.origin + self.at as u64
    }

    pub(super) fn uint(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        match parse_uint(&self.payload[self.at..])? {
            Some((number, width)) => {
                self.at += width;
                Ok(number)
            }
            None => Err(DecodeError::UnexpectedEnd { what }),
        }
    }

    pub(super) fn int(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        let number = self.uint(what)?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn float(&mut self, what: &'static str) -> Result<f64, DecodeError> {
        Ok(f64::from_bits(self.uint(what)?.swap_bytes()))
    }

    pub(super) fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let claimed = self.uint(what)?;
        let left = self.left();
        let length = usize::try_from(claimed).ok().filter(|length| *length <= left);
        let length = length.ok_or(DecodeError::LengthExceedsInput { what, claimed, left })?;
        let bytes = &self.payload[self.at..self.at + length];
        self.at += length;
        Ok(bytes)
    }

    pub(super) fn string(&mut self, what: &'static str) -> Result<String, DecodeError> {
        let bytes = self.bytes(what)?;
        // Checking first is faster than the lossy conversion, which nearly no text needs.
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(bytes).into_owned(),
        })
    }

    /// The number of the next field of a struct with `fields` fields after field number `previous` (`None` at the
    /// start), or `None` at its end. Like Go, takes the end of the message for the end of the struct.
    pub(super) fn next_field(
        &mut self,
        previous: Option<usize>,
        fields: usize,
    ) -> Result<Option<usize>, DecodeError> {
        if self.left() == 0 {
            return Ok(None);
        }
        let delta = self.uint("a field number")?;
        if delta == 0 {
            return Ok(None);
        }
        let first = previous.map_or(0, |previous| previous + 1);
        usize::try_from(delta - 1)
            .ok()
            .and_then(|skipped| first.checked_add(skipped))
            .filter(|number| *number < fields)
            .map(Some)
            .ok_or(DecodeError::FieldOutOfRange)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn uint(number: u64) -> Vec<u8> {
        let mut out = Vec::new();
        put_uint(&mut out, number);
        out
    }

    fn int(number: i64) -> Vec<u8> {
        let mut out = Vec::new();
        put_int(&mut out, number);
        out
    }

    #[test]
    fn numbers_have_their_documented_form() {
        assert_eq!(uint(0), [0]);
        assert_eq!(uint(127), [127]);
        assert_eq!(uint(128), [0xff, 128]);
        assert_eq!(uint(256), [0xfe, 1, 0]);
        assert_eq!(int(-300), [0xfe, 0x02, 0x57]);
        assert_eq!(int(-129), [0xfe, 1, 1]);
        let mut float = Vec::new();
        put_float(&mut float, 17.0);
        assert_eq!(float, [0xfe, 0x31, 0x40]);
    }

    #[test]
    fn numbers_of_every_width_survive() {
        for shift in 0..64 {
            for number in [1u64 << shift, (1u64 << shift) - 1, u64::MAX >> shift] {
                let bytes = uint(number);
                assert_eq!(parse_uint(&bytes).unwrap(), Some((number, bytes.len())));
                for cut in 0..bytes.len() {
                    assert_eq!(parse_uint(&bytes[..cut]).unwrap(), None);
                }
            }
        }
        for number in [0, 1, -1, 63, -64, 64, -65, i64::MAX, i64::MIN] {
            let bytes = int(number);
            assert_eq!(Input::new(&bytes, 0).int("a number").unwrap(), number);
        }
    }

    #[test]
    fn more_than_eight_bytes_are_refused() {
        assert_eq!(parse_uint(&[0xf7, 0, 0, 0, 0, 0, 0, 0, 0, 0]), Err(DecodeError::NumberOutOfRange));
        assert_eq!(parse_uint(&[0x80]), Err(DecodeError::NumberOutOfRange));
    }

    #[test]
    fn field_numbers_cannot_overflow() {
        let mut input = uint(u64::MAX);
        input.extend(uint(u64::MAX));
        assert_eq!(Input::new(&input, 0).next_field(Some(3), 7), Err(DecodeError::FieldOutOfRange));
        assert_eq!(Input::new(&[1], 0).next_field(Some(6), 7), Err(DecodeError::FieldOutOfRange));
        assert_eq!(Input::new(&[1], 0).next_field(None, 7), Ok(Some(0)));
        assert_eq!(Input::new(&[], 0).next_field(None, 7), Ok(None));
    }
}
