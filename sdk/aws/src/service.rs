use machine_driver::{Error, Result};
use url::Url;

/// An AWS service, as a driver's texts name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    pub(crate) name: &'static str,
    flags: &'static str,
}

impl Service {
    /// A service with the name that people know, `Lightsail`, and what the driver's flags begin with: `lightsail` for
    /// `--lightsail-access-key`, `--lightsail-secret-key`, `--lightsail-endpoint` and `--lightsail-insecure-transport`.
    pub const fn new(name: &'static str, flags: &'static str) -> Self {
        Self { name, flags }
    }

    /// The endpoint that a user gave, as a URL; `None` if it is the region's own, because `text` is empty. A host
    /// alone is asked over TLS, unless `insecure`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidOption`](machine_driver::ErrorKind::InvalidOption) naming the flag: neither `http` nor
    /// `https`, no host, a contradiction to `insecure`; or a password, because texts with URLs end up in logs.
    pub fn endpoint(self, text: &str, insecure: bool) -> Result<Option<String>> {
        if text.is_empty() {
            let problem = format!("needs --{}-endpoint", self.flags);
            return if insecure { Err(self.invalid("insecure-transport", &problem)) } else { Ok(None) };
        }
        let url = if text.contains("://") {
            text.to_owned()
        } else {
            format!("{}://{text}", if insecure { "http" } else { "https" })
        };
        let url = Url::parse(&url)
            .map_err(|error| self.invalid("endpoint", "is neither URL nor host").with_source(&error))?;
        let flags = self.flags;
        let problem = if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty)
        {
            "must start with https:// or http:// and a host".to_owned()
        } else if !url.username().is_empty() || url.password().is_some() {
            format!("must not carry a user or password; use --{flags}-access-key and --{flags}-secret-key")
        } else if url.scheme() == "https" && insecure {
            format!("is https, which contradicts --{flags}-insecure-transport")
        } else {
            return Ok(Some(url.into()));
        };
        Err(self.invalid("endpoint", &problem))
    }

    /// What to do where nobody can be asked.
    pub(crate) fn no_credentials(self) -> String {
        let flags = self.flags;
        format!(
            "set --{flags}-access-key and --{flags}-secret-key, or check the AWS profile, session or instance role"
        )
    }

    fn invalid(self, flag: &str, problem: &str) -> Error {
        Error::invalid_option(&format!("{}-{flag}", self.flags), problem)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use machine_driver::ErrorKind;

    use super::*;

    const ACME: Service = Service::new("Acme", "acme");

    #[test]
    fn endpoints_are_urls_or_hosts() {
        for (endpoint, insecure, url) in [
            ("http://127.0.0.1:5000", false, "http://127.0.0.1:5000/"),
            ("localhost:5000", true, "http://localhost:5000/"),
            ("acme.example.com", false, "https://acme.example.com/"),
        ] {
            assert_eq!(ACME.endpoint(endpoint, insecure).unwrap().as_deref(), Some(url));
        }
        assert_eq!(ACME.endpoint("", false).unwrap(), None);
    }

    #[test]
    fn other_endpoints_are_refused_with_the_driver_s_flags_and_without_the_password() {
        for (endpoint, insecure, words) in [
            ("", true, "--acme-insecure-transport needs --acme-endpoint"),
            ("https://host", true, "--acme-endpoint is https, which contradicts --acme-insecure-transport"),
            ("ftp://host", false, "--acme-endpoint must start with https:// or http:// and a host"),
            ("https://", false, "--acme-endpoint is neither URL nor host"),
            ("https://AKIA@host", false, "use --acme-access-key and --acme-secret-key"),
            ("https://:s3cret@host", false, "--acme-endpoint must not carry a user or password"),
        ] {
            let error = ACME.endpoint(endpoint, insecure).expect_err(endpoint);
            assert_eq!(error.kind(), ErrorKind::InvalidOption);
            let text = error.to_string();
            assert!(text.contains(words) && !text.contains("AKIA") && !text.contains("s3cret"), "{text}");
        }
    }
}
