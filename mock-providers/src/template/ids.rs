//! Ids of objects.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

/// A source of ids that are never used twice; shared by all accounts of a cloud.
#[derive(Clone, Debug)]
pub(super) struct Ids(Arc<AtomicU32>);

impl Ids {
    pub(super) fn new(start: u32) -> Self {
        Self(Arc::new(AtomicU32::new(start)))
    }

    /// An id that does not tell its age: multiplication by an odd number permutes the 32-bit numbers.
    pub(super) fn next(&self, prefix: &str) -> String {
        let number = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b1);
        format!("{prefix}-{number:08x}")
    }
}
