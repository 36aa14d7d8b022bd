//! Any bytes, sent by a host to a plugin.
#![no_main]

use libfuzzer_sys::fuzz_target;
use targets::connection::Plugin;

#[path = "../../tests/recordings/mod.rs"]
mod recordings;
#[path = "../../tests/targets/mod.rs"]
mod targets;

thread_local! {
    static PLUGIN: Plugin = Plugin::new();
}

fuzz_target!(|bytes: &[u8]| {
    PLUGIN.with(|plugin| plugin.serve(bytes));
});
