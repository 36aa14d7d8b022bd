//! What the executable and the state server say to each other: frames of a kind, a length and that many bytes.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

/// Longest frame that is read.
const LONGEST: u32 = 8 << 20;
/// Bytes of kind and length.
pub(in crate::vbox) const HEAD: usize = 5;

/// Kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::vbox) enum Kind {
    /// A [`Call`] as JSON, from the client.
    Call,
    /// The server wants standard input: the most bytes that it needs, as eight bytes.
    WantInput,
    /// A piece of standard input that is not all zeros: its offset as eight bytes, then the bytes.
    Input,
    /// Standard input is over, or enough of it was read.
    InputEnd,
    /// Bytes for standard output.
    Stdout,
    /// Bytes for standard error.
    Stderr,
    /// The exit code, one byte. Nothing follows.
    Exit,
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Call, Self::WantInput, Self::Input, Self::InputEnd, Self::Stdout, Self::Stderr, Self::Exit];

    fn of(byte: u8) -> io::Result<Self> {
        Self::ALL.get(usize::from(byte)).copied().ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("there is no frame of kind {byte}"))
        })
    }
}

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::vbox) struct Frame {
    pub(in crate::vbox) kind: Kind,
    pub(in crate::vbox) bytes: Vec<u8>,
}

impl Frame {
    pub(in crate::vbox) fn new(kind: Kind, bytes: impl Into<Vec<u8>>) -> Self {
        Self { kind, bytes: bytes.into() }
    }

    /// Kind and length of the frame that starts with these bytes.
    ///
    /// # Errors
    /// When there is no such kind, or it is too long.
    pub(in crate::vbox) fn head([kind, length @ ..]: [u8; HEAD]) -> io::Result<(Kind, usize)> {
        let length = u32::from_be_bytes(length);
        if length > LONGEST {
            let message = format!("a frame of {length} bytes is longer than {LONGEST}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        // Both are checked before anything is allocated.
        Ok((Kind::of(kind)?, length as usize))
    }

    /// The bytes that are sent.
    pub(in crate::vbox) fn encoded(&self) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let mut encoded = Vec::with_capacity(HEAD + self.bytes.len());
        encoded.push(self.kind as u8);
        encoded.extend(length.to_be_bytes());
        encoded.extend(&self.bytes);
        encoded
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the connection ends, or what comes is no frame.
    pub(super) fn read(reader: &mut impl Read) -> io::Result<Self> {
        let mut head = [0; HEAD];
        reader.read_exact(&mut head)?;
        let (kind, length) = Self::head(head)?;
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes)?;
        Ok(Self { kind, bytes })
    }

    /// Writes one.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        writer.write_all(&self.encoded())
    }

    /// The number that the frame starts with, and what follows it.
    pub(in crate::vbox) fn number(&self) -> Option<(u64, &[u8])> {
        let (number, rest) = self.bytes.split_first_chunk()?;
        Some((u64::from_be_bytes(*number), rest))
    }
}

/// A call of `VBoxManage`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::vbox) struct Call {
    /// Token of the account.
    pub(in crate::vbox) token: String,
    /// Arguments without the program's name.
    pub(in crate::vbox) arguments: Vec<String>,
    /// Working directory, for relative paths.
    pub(in crate::vbox) directory: String,
    /// Number of the process: error texts about locks name it.
    pub(in crate::vbox) process: u32,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn frames_survive_the_wire(kind in 0..7_u8, bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let frame = Frame::new(Kind::of(kind).unwrap(), bytes);
            let encoded = frame.encoded();
            prop_assert_eq!(Frame::read(&mut encoded.as_slice()).unwrap(), frame);
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..50)) {
            let _ = Frame::read(&mut bytes.as_slice());
        }
    }

    #[test]
    fn long_frames_are_refused_before_they_are_read() {
        let error = Frame::read(&mut [0_u8, 0xff, 0xff, 0xff, 0xff].as_slice()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("4294967295"), "{error}");
        assert!(Frame::head([9, 0, 0, 0, 0]).is_err());
    }
}
