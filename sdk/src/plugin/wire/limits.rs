use super::error::DecodeError;

/// Caps on what a peer may make the decoder hold. Everything a peer sends is untrusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest message, and longest value if it spans several messages, in bytes. Default 64 MiB.
    pub max_message: usize,
    /// Most containers and interfaces inside one another. Default 64. Values are dropped and compared recursively,
    /// so a limit in the thousands risks the stack.
    pub max_depth: usize,
    /// Most parts (elements, fields, keys, texts, ...) of one value. Default 1 Mi.
    pub max_elements: usize,
    /// Most bytes of memory that one value may take, and again all type definitions of a stream together. The same
    /// long field name may occur in many elements, so this is not bounded by `max_message`. Default 256 MiB.
    pub max_memory: usize,
    /// Most type definitions on one stream. Default 1024.
    pub max_types: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message: 64 << 20,
            max_depth: 64,
            max_elements: 1 << 20,
            max_memory: 256 << 20,
            max_types: 1024,
        }
    }
}

/// What is left of the limits on elements and memory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    elements: usize,
    memory: usize,
    limits: Limits,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { elements: limits.max_elements, memory: limits.max_memory, limits }
    }

    /// Takes one element of `bytes` bytes.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), DecodeError> {
        self.elements = self
            .elements
            .checked_sub(1)
            .ok_or(DecodeError::TooManyElements { limit: self.limits.max_elements })?;
        self.memory = self
            .memory
            .checked_sub(bytes)
            .ok_or(DecodeError::TooMuchMemory { limit: self.limits.max_memory })?;
        Ok(())
    }

    /// Refuses a count that cannot be satisfied any more, before anything is read.
    pub(super) fn check_count(&self, count: u64) -> Result<usize, DecodeError> {
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.elements)
            .ok_or(DecodeError::TooManyElements { limit: self.limits.max_elements })
    }
}
