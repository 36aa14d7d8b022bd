use machine_driver::Secret;

/// What is special about a provider's API, as a constant of the driver.
#[derive(Clone, Copy, Debug)]
pub struct Dialect {
    pub(crate) user_agent: &'static str,
    pub(crate) authorization: Authorization,
    pub(crate) token_flag: &'static str,
    pub(crate) token_variable: &'static str,
    pub(crate) read: fn(status: u16, body: &[u8]) -> Said,
}

/// How a request carries the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authorization {
    /// `Authorization: Bearer TOKEN`.
    Bearer,
    /// The token alone in a header of this name, such as `X-Auth-Token`.
    Header(&'static str),
}

/// What the provider says in an answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Said {
    /// For the driver.
    pub meaning: Meaning,
    /// For people; empty if it gives no reason.
    pub reason: String,
}

/// What an answer that is no success means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Meaning {
    /// The object does not exist, in the provider's own words.
    Missing,
    /// The name is taken.
    Taken,
    /// The token is refused.
    Unauthorized,
    /// The provider is busy, or limits the rate: nothing was done.
    Busy,
    /// The provider failed; the next request may succeed.
    Failed,
    /// Anything else: the same request will be refused again.
    Refused,
}

impl Said {
    /// A meaning with its reason.
    pub fn new(meaning: Meaning, reason: impl Into<String>) -> Self {
        Self { meaning, reason: reason.into() }
    }
}

impl Meaning {
    /// What the status says by itself. It is never [`Missing`](Self::Missing): proxies and wrong endpoints answer 404 too,
    /// and what is believed to be gone is forgotten (RM-011, STATE-005).
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Unauthorized,
            423 | 429 => Self::Busy,
            500.. => Self::Failed,
            _ => Self::Refused,
        }
    }
}

impl Dialect {
    /// An API with tokens of this flag and this variable, without dashes: `acme-token`, `ACME_TOKEN`. `user_agent` is the
    /// driver's name and version. `read` understands the API's errors, given their HTTP status and body; start from
    /// [`Meaning::of_status`].
    pub const fn new(
        user_agent: &'static str,
        token_flag: &'static str,
        token_variable: &'static str,
        read: fn(status: u16, body: &[u8]) -> Said,
    ) -> Self {
        Self { user_agent, authorization: Authorization::Bearer, token_flag, token_variable, read }
    }

    /// The same with another way to carry the token; [`Authorization::Bearer`] is the usual one.
    #[must_use]
    pub const fn with_authorization(self, authorization: Authorization) -> Self {
        Self { authorization, ..self }
    }

    /// Tokens in the order in which they are tried: the machine's own, and after it that of the variable, because a record
    /// outlives its token (PERSIST-008). Before the machine exists a wrong token must be noticed instead.
    pub(crate) fn tokens(
        &self,
        recorded: &Secret<String>,
        machine_exists: bool,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Vec<Secret<String>> {
        let recorded = Some(recorded.clone()).filter(|token| !token.expose().is_empty());
        let replaceable = machine_exists || recorded.is_none();
        let other = replaceable.then(|| variable(self.token_variable)).flatten();
        let other = other.filter(|token| !token.is_empty()).map(Secret::new);
        recorded.into_iter().chain(other).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: Dialect = Dialect::new("acme/1", "acme-token", "ACME_TOKEN", |status, _| {
        Said::new(Meaning::of_status(status), "")
    });

    #[test]
    fn a_token_of_the_environment_replaces_that_of_an_existing_machine_alone() {
        let tokens = |recorded: &str, exists, variable: Option<&str>| {
            let tokens = ACME.tokens(&Secret::new(recorded.to_owned()), exists, |name| {
                assert_eq!(name, "ACME_TOKEN");
                variable.map(str::to_owned)
            });
            tokens.iter().map(|token| token.expose().clone()).collect::<Vec<_>>()
        };
        assert_eq!(tokens("old", true, Some("new")), ["old", "new"]);
        assert_eq!(tokens("old", false, Some("new")), ["old"]);
        assert_eq!(tokens("", false, Some("new")), ["new"]);
        assert_eq!(tokens("old", true, Some("")), ["old"]);
        assert!(tokens("", true, None).is_empty());
    }

    #[test]
    fn no_status_alone_means_gone() {
        for status in 300..600 {
            assert_ne!(Meaning::of_status(status), Meaning::Missing);
        }
    }
}
