use aws_credential_types::Credentials;
use machine_driver::Secret;

/// A pair of keys, as the options give it and the machine's record keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    access: Secret<String>,
    secret: Secret<String>,
    token: Secret<String>,
}

impl Keys {
    /// An access key and its secret key; `token` is the session's, empty for keys that are not of a session.
    ///
    /// Without an access key there are no keys: the AWS SDK looks for others in environment, profiles, SSO and instance
    /// role.
    pub fn new(access: &Secret<String>, secret: &Secret<String>, token: &Secret<String>) -> Self {
        Self { access: access.clone(), secret: secret.clone(), token: token.clone() }
    }

    /// Keys in the order in which they are tried: the recorded ones, and with `renewable` those of the environment,
    /// which `variable` reads. None for the SDK's own search.
    pub(crate) fn in_order(self, renewable: bool, variable: impl Fn(&str) -> Option<String>) -> Vec<Self> {
        if self.access.expose().is_empty() {
            return Vec::new();
        }
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty()).map(Secret::new);
        let renewed = Self {
            access: variable("AWS_ACCESS_KEY_ID").unwrap_or_else(|| self.access.clone()),
            secret: variable("AWS_SECRET_ACCESS_KEY").unwrap_or_else(|| self.secret.clone()),
            token: variable("AWS_SESSION_TOKEN").unwrap_or_default(),
        };
        let others = (&renewed.access, &renewed.secret) != (&self.access, &self.secret);
        let mut all = vec![self];
        all.extend((renewable && others).then_some(renewed));
        all
    }

    /// What no text may show.
    pub(crate) fn secrets(&self) -> [Secret<String>; 2] {
        [self.secret.clone(), self.token.clone()]
    }

    pub(crate) fn credentials(&self) -> Credentials {
        let token = Some(self.token.expose().clone()).filter(|token| !token.is_empty());
        Credentials::new(self.access.expose(), self.secret.expose(), token, None, "options")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(access: &str, secret: &str, token: &str) -> Keys {
        let [access, secret, token] = [access, secret, token].map(|key| Secret::new(key.to_owned()));
        Keys { access, secret, token }
    }

    /// Reads from an environment instead of that of the process.
    fn from<'a>(environment: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |name| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }

    const NEW: [(&str, &str); 3] =
        [("AWS_ACCESS_KEY_ID", "a2"), ("AWS_SECRET_ACCESS_KEY", "s2"), ("AWS_SESSION_TOKEN", "t2")];

    #[test]
    fn the_environment_comes_second_and_only_for_machines_that_exist() {
        let recorded = keys("a1", "s1", "t1");
        let alone = std::slice::from_ref(&recorded);
        assert_eq!(recorded.clone().in_order(false, from(&NEW)), alone);
        assert_eq!(recorded.clone().in_order(true, from(&NEW)), [recorded.clone(), keys("a2", "s2", "t2")]);
        for same in [&[][..], &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "s1")]] {
            assert_eq!(recorded.clone().in_order(true, from(same)), alone);
        }
    }

    #[test]
    fn half_a_pair_replaces_that_half_and_no_session_is_taken_over() {
        let recorded = keys("a1", "s1", "t1");
        let tried = recorded.clone().in_order(true, from(&NEW[1..2]));
        assert_eq!(tried, [recorded, keys("a1", "s2", "")]);
    }

    #[test]
    fn without_an_access_key_the_search_is_the_sdk_s() {
        assert_eq!(keys("", "s1", "t1").in_order(true, from(&NEW)), []);
    }

    #[test]
    fn credentials_have_a_token_only_if_there_is_one() {
        let tokens = ["", "t1"].map(|token| keys("a1", "s1", token).credentials());
        assert_eq!(tokens.map(|keys| keys.session_token().map(str::to_owned)), [None, Some("t1".into())]);
        assert!(!format!("{:?}", keys("a1", "s1", "t1")).contains('1'), "secrets are not shown");
    }
}
