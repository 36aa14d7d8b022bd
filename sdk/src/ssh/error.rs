use super::client::Endpoint;
use crate::error::{Error, ErrorKind};

/// Longest text that a server may add to an error.
const LONGEST_REASON: usize = 300;

/// The connection failed; trying again may help, because guests that boot refuse and reset for a while.
pub(super) fn connection(endpoint: &Endpoint, source: &dyn std::fmt::Display) -> Error {
    Error::new(ErrorKind::Connection, format!("SSH to {endpoint} failed: {}", tamed(&source.to_string())))
        .retryable()
}

/// The server answered, and does not want this key. Guests that boot add it late.
pub(super) fn refused_key(endpoint: &Endpoint, fingerprint: &str) -> Error {
    let key = endpoint.key_path.display();
    Error::new(
        ErrorKind::Unauthenticated,
        format!("{endpoint} does not let {} in with the key {key} ({fingerprint})", endpoint.user),
    )
    .retryable()
}

/// A deadline of the client passed.
pub(super) fn deadline(endpoint: &Endpoint, what: &str, limit: std::time::Duration) -> Error {
    let text = format!("SSH to {endpoint}: {what} took longer than {:.1} s", limit.as_secs_f64());
    Error::new(ErrorKind::Timeout, text).retryable()
}

/// Text that may come from a hostile server: short, and on one line.
fn tamed(text: &str) -> String {
    let mut tamed: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_REASON).collect();
    if tamed.len() < text.len() {
        tamed.push_str("...");
    }
    tamed
}

#[cfg(test)]
mod tests {
    use super::tamed;

    #[test]
    fn texts_of_servers_are_short_and_on_one_line() {
        assert_eq!(tamed("a\nb\u{1b}[31mc"), "a b [31mc");
        assert_eq!(tamed(&"x".repeat(100_000)).len(), 303);
    }
}
