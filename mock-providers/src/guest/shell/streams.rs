//! Where commands read from and write to.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::locked::Locked;

/// Output that one command may produce before the rest is dropped.
const MAX_OUTPUT: usize = 64 << 20;

/// Standard input, output and error.
#[derive(Clone, Debug)]
pub(crate) struct Streams {
    pub(crate) input: Input,
    pub(crate) output: Output,
    pub(crate) error: Output,
}

/// A source of bytes; clones read from the same place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Input {
    buffered: Arc<Locked<Vec<u8>>>,
    /// What the SSH client sends, until it says that there is no more.
    source: Option<Arc<tokio::sync::Mutex<UnboundedReceiver<Vec<u8>>>>>,
}

impl Input {
    pub(crate) fn bytes(bytes: Vec<u8>) -> Self {
        Self { buffered: Arc::new(Locked::new(bytes)), source: None }
    }

    pub(crate) fn channel(source: UnboundedReceiver<Vec<u8>>) -> Self {
        Self { buffered: Arc::default(), source: Some(Arc::new(tokio::sync::Mutex::new(source))) }
    }

    /// Everything up to the end of input.
    pub(crate) async fn read_all(&self) -> Vec<u8> {
        while self.receive().await {}
        std::mem::take(&mut *self.buffered.lock())
    }

    /// The next line with its end; empty at the end of input.
    pub(crate) async fn read_line(&self) -> Vec<u8> {
        loop {
            let line = {
                let mut buffered = self.buffered.lock();
                let end = buffered.iter().position(|&byte| byte == b'\n');
                end.map(|end| buffered.drain(..=end).collect())
            };
            if let Some(line) = line {
                return line;
            }
            if !self.receive().await {
                return std::mem::take(&mut *self.buffered.lock());
            }
        }
    }

    async fn receive(&self) -> bool {
        let Some(source) = &self.source else { return false };
        let Some(bytes) = source.lock().await.recv().await else {
            return false;
        };
        self.buffered.lock().extend(bytes);
        true
    }
}

/// A destination of bytes; clones write to the same place.
#[derive(Clone, Debug)]
pub(crate) enum Output {
    Buffer(Arc<Locked<Vec<u8>>>),
    /// A file that has been created already; writes append.
    File {
        path: String,
        user: String,
    },
}

impl Output {
    pub(crate) fn buffer() -> Self {
        Self::Buffer(Arc::default())
    }

    /// Takes what has been written to a buffer.
    pub(crate) fn take(&self) -> Vec<u8> {
        match self {
            Self::Buffer(buffer) => std::mem::take(&mut *buffer.lock()),
            Self::File { .. } => Vec::new(),
        }
    }

    /// Writes to a buffer; what does not fit is dropped. Files are written by the shell, which has the disk.
    pub(crate) fn write_buffer(&self, bytes: &[u8]) {
        if let Self::Buffer(buffer) = self {
            let mut buffer = buffer.lock();
            let room = MAX_OUTPUT.saturating_sub(buffer.len());
            buffer.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}
