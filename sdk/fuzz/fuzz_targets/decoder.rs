//! Any bytes, read by the decoder.
#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::decoder::read;

#[path = "../../tests/recordings/mod.rs"]
mod recordings;
#[path = "../../tests/targets/mod.rs"]
mod targets;

fuzz_target!(|bytes: &[u8]| {
    let all = read(bytes, usize::MAX);
    all.check_limits();
    all.check_pieces(bytes, 1 + usize::from(bytes.first().copied().unwrap_or_default()) % 16);
    all.check_encoding();
});
