use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

use super::wire::{DecodeError, Decoder, Limits, Value};

/// Size of one read.
const CHUNK: usize = 16 * 1024;

/// One direction of a connection, read as gob values.
pub(super) struct Incoming<R> {
    stream: R,
    decoder: Decoder,
    chunk: Box<[u8]>,
}

/// Why no further value can be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// The stream failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The stream ended within a value.
    #[error("unexpected EOF")]
    UnexpectedEof,
    /// The bytes are no gob stream.
    #[error("{0}")]
    Decode(#[from] DecodeError),
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    /// Reads `already_read` first, then `stream`.
    pub(super) fn new(stream: R, already_read: &[u8], limits: Limits) -> Self {
        let mut decoder = Decoder::new(limits);
        decoder.push(already_read);
        Self { stream, decoder, chunk: vec![0; CHUNK].into_boxed_slice() }
    }

    /// The next value among the bytes that have been read already, if it is complete.
    ///
    /// # Errors
    /// Nothing further can be read after an error.
    pub(super) fn buffered_value(&mut self) -> Result<Option<Value>, ReadError> {
        Ok(self.decoder.next()?.map(|decoded| decoded.value))
    }

    /// Reads more bytes; `false` at the end of the stream. Cancel safe.
    ///
    /// # Errors
    /// If the stream fails, or ends within a value.
    pub(super) async fn read_more(&mut self) -> Result<bool, ReadError> {
        let count = self.stream.read(&mut self.chunk).await?;
        if count == 0 && !self.decoder.at_boundary() {
            return Err(ReadError::UnexpectedEof);
        }
        self.decoder.push(&self.chunk[..count]);
        Ok(count > 0)
    }
}
