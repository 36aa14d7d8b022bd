//! Standard output, and what happens when nobody reads it any more.

use std::io::{self, BufWriter, Write};

use super::failure::Failure;
use crate::verdict::ExitCode;

/// Why a command that writes text ended early.
pub(super) enum Stopped {
    /// The command failed.
    Failed(Failure),
    /// The text could not be written.
    Unwritten(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Self {
        Self::Unwritten(error)
    }
}

impl<E: Into<Failure>> From<E> for Stopped {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Runs `write` on standard output. A reader that went away, for example `head`, is no failure.
pub(super) fn to_stdout(write: impl FnOnce(&mut dyn Write) -> Result<(), Stopped>) -> Result<u8, Failure> {
    let mut out = BufWriter::new(anstream::AutoStream::auto(io::stdout()));
    let written = write(&mut out).and_then(|()| Ok(out.flush()?));
    match written {
        Ok(()) => Ok(ExitCode::CONFORMANT),
        Err(Stopped::Failed(failure)) => Err(failure),
        Err(Stopped::Unwritten(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::CONFORMANT)
        }
        Err(Stopped::Unwritten(error)) => {
            Err(Failure::environment(format!("cannot write to standard output: {error}")))
        }
    }
}
