//! Peers that may be missing on a machine, and what a test does then.

use std::{env, fmt, io::Write};

/// Names, separated by commas, of the peers whose absence fails their tests instead of leaving them out:
/// `go` ([`crate::go_tools`]), `docker-machine` and `rancher-machine` ([`crate::go_program`]), `ssh` (OpenSSH's client), `python`
/// ([`crate::python_tools`]), `port-22` (the right to listen there), `docker` ([`crate::docker`]).
pub const REQUIRE_VARIABLE: &str = "MACHINE_TESTS_REQUIRE";

/// A peer is not there, so what depends on it can not be tested.
#[derive(Clone, Debug)]
pub struct NotTested {
    /// Name of the peer, as in [`REQUIRE_VARIABLE`].
    pub peer: &'static str,
    /// What was looked for, where, and what to do.
    pub reason: String,
}

impl fmt::Display for NotTested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.peer, self.reason)
    }
}

/// The peer, or `None` after a line on standard error that says what is not tested.
///
/// # Panics
///
/// When the peer is missing and [`REQUIRE_VARIABLE`] names it.
pub fn available<T>(test: &str, peer: Result<T, NotTested>) -> Option<T> {
    let missing = match peer {
        Ok(peer) => return Some(peer),
        Err(missing) => missing,
    };
    assert!(
        !is_required(missing.peer),
        "{test}: a peer is missing that {REQUIRE_VARIABLE} demands: {missing}"
    );
    // The macros' output would be swallowed for a test that passes.
    let _ = writeln!(std::io::stderr(), "not-tested: {test}: {missing}");
    None
}

/// Whether [`REQUIRE_VARIABLE`] names the peer.
pub fn is_required(peer: &str) -> bool {
    env::var(REQUIRE_VARIABLE).is_ok_and(|names| names.split(',').any(|name| name.trim() == peer))
}
