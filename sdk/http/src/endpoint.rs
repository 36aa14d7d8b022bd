use machine_driver::{Error, Result};
use reqwest::Url;

/// Refuses the value of the flag `flag` unless it can be an endpoint: `http` or `https`, a host, and no password, because
/// texts with URLs end up in logs.
///
/// # Errors
/// [`ErrorKind::InvalidOption`](machine_driver::ErrorKind::InvalidOption) naming the flag (FLAG-009).
pub fn check_endpoint(flag: &str, endpoint: &str) -> Result<()> {
    let invalid = |problem: &str| Error::invalid_option(flag, problem);
    let url = Url::parse(endpoint).map_err(|error| invalid("is no URL").with_source(&error))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(invalid("must start with https:// or http:// and a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("must not carry a user or password; a token has an option of its own"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn endpoints_are_urls_with_a_host_and_without_secrets() {
        for good in ["https://api.acme.example", "http://127.0.0.1:8080/base"] {
            check_endpoint("acme-endpoint", good).unwrap();
        }
        for wrong in ["", "cloud", "ftp://cloud", "https://", "https://user:pass@cloud", "https://user@cloud"]
        {
            let text = check_endpoint("acme-endpoint", wrong).expect_err(wrong).to_string();
            assert!(text.starts_with("--acme-endpoint ") && !text.contains("pass@"), "{text}");
        }
    }
}
