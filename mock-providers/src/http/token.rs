//! Bearer tokens.

use axum::http::{HeaderMap, header};

/// A token that nobody guesses.
pub(crate) fn random_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// The bearer token of a request.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compares in a time that depends on the lengths alone.
pub(crate) fn is_same(a: &str, b: &str) -> bool {
    let difference = a.bytes().zip(b.bytes()).fold(a.len() ^ b.len(), |sum, (a, b)| sum | usize::from(a ^ b));
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_compared_whole() {
        assert!(is_same("abc", "abc"));
        assert!(
            !is_same("abc", "abd") && !is_same("abc", "ab") && !is_same("", "a") && !is_same("ab", "abc")
        );
        assert!(is_same("", ""));
    }

    #[test]
    fn the_scheme_is_needed() {
        let headers = |value: &str| HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())]);
        assert_eq!(bearer(&headers("Bearer t0k")), Some("t0k"));
        assert_eq!(bearer(&headers("bearer  t0k ")), Some("t0k"));
        assert_eq!(bearer(&headers("Basic t0k")), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }
}
