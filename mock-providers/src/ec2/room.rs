//! Room for large answers, which is used again.
//!
//! Memory that is new to the process costs a page fault every 4 KiB, which is half of what a listing of ten thousand
//! instances costs; and allocators give back what is that large as soon as it is free.

use axum::body::Bytes;

use crate::locked::Locked;

/// Less than this many bytes is the allocator's business.
const LARGE: usize = 1 << 20;

/// The room of one answer that has been sent, so that the process holds no more than its largest answer.
static SPARE: Locked<String> = Locked::new(String::new());

/// Makes room in a text for so many more bytes.
pub(super) fn reserve(text: &mut String, bytes: usize) {
    if text.len() + bytes >= LARGE && text.capacity() < LARGE {
        let mut roomy = std::mem::take(&mut *SPARE.lock());
        roomy.push_str(text);
        *text = roomy;
    }
    text.reserve(bytes);
}

/// A body whose room is free again when it has been sent.
pub(super) fn body(text: String) -> Bytes {
    if text.capacity() < LARGE { Bytes::from(text) } else { Bytes::from_owner(Large(text)) }
}

struct Large(String);

impl AsRef<[u8]> for Large {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        let mut text = std::mem::take(&mut self.0);
        text.clear();
        let mut spare = SPARE.lock();
        if spare.capacity() < text.capacity() {
            *spare = text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_answers_are_whole_and_do_not_see_each_other() {
        let answer = |letter: &str, bytes: usize| {
            let mut text = "<start>".to_owned();
            reserve(&mut text, bytes);
            text.push_str(&letter.repeat(bytes));
            body(text)
        };
        let (one, small) = (answer("a", LARGE * 3), answer("c", 10));
        let two = answer("b", LARGE * 2);
        drop(one);
        let three = answer("d", LARGE);
        for (body, letter, bytes) in [(two, b'b', LARGE * 2), (three, b'd', LARGE), (small, b'c', 10)] {
            let letters = body.strip_prefix(b"<start>").unwrap();
            assert!(letters.len() == bytes && letters.iter().all(|byte| *byte == letter));
        }
    }
}
