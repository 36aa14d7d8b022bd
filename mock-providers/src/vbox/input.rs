//! Standard input of a call.

use std::io;

use tokio::sync::mpsc;

/// A part of standard input that is not all zeros.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Bytes and their offset.
    Bytes(u64, Vec<u8>),
    /// It is over.
    End,
}

/// Standard input of a call; what is not there is zeros.
#[derive(Debug)]
pub(super) struct Input(Source);

#[derive(Debug)]
enum Source {
    /// The client sends it when it is told how much is wanted.
    Remote { wanted: mpsc::UnboundedSender<u64>, pieces: mpsc::Receiver<io::Result<Piece>> },
    /// These bytes.
    Here(Vec<u8>),
}

impl Input {
    /// What a client sends.
    pub(super) fn remote(
        wanted: mpsc::UnboundedSender<u64>,
        pieces: mpsc::Receiver<io::Result<Piece>>,
    ) -> Self {
        Self(Source::Remote { wanted, pieces })
    }

    /// These bytes.
    pub(super) fn here(bytes: Vec<u8>) -> Self {
        Self(Source::Here(bytes))
    }

    /// Pieces of the first `most` bytes, until the end. Blocks, so it is not for tasks.
    pub(super) fn pieces(self, most: u64) -> Box<dyn Iterator<Item = io::Result<(u64, Vec<u8>)>>> {
        match self.0 {
            Source::Here(mut bytes) => {
                bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
                Box::new(std::iter::once(Ok((0, bytes))))
            }
            Source::Remote { wanted, mut pieces } => {
                // A client that is gone sends no end either.
                let _ = wanted.send(most);
                let mut is_over = false;
                Box::new(std::iter::from_fn(move || {
                    if is_over {
                        return None;
                    }
                    match pieces.blocking_recv() {
                        Some(Ok(Piece::Bytes(offset, bytes))) => Some(Ok((offset, bytes))),
                        Some(Ok(Piece::End)) => {
                            is_over = true;
                            None
                        }
                        Some(Err(error)) => {
                            is_over = true;
                            Some(Err(error))
                        }
                        None => {
                            is_over = true;
                            Some(Err(io::ErrorKind::UnexpectedEof.into()))
                        }
                    }
                }))
            }
        }
    }
}
