//! What the getters of a driver answer, for comparing two processes.

use std::{collections::BTreeMap, fmt::Display};

use machine_driver::{ErrorKind, Result};

use crate::session::Session;

/// Answers by method.
pub(crate) type Answers = BTreeMap<&'static str, Result<String, Failure>>;

/// An error instead of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Its text.
    pub(crate) text: String,
    /// Whether the connection to the driver ended: then its process did, which is a matter of its own.
    pub(crate) lost: bool,
}

/// Getters that answer from the record.
pub(crate) async fn local_answers(session: &Session) -> Answers {
    BTreeMap::from([
        answer("DriverName", session.driver_name().await),
        answer("GetMachineName", session.machine_name().await),
        answer("GetSSHPort", session.ssh_port().await),
        answer("GetSSHUsername", session.ssh_username().await),
        answer("GetSSHKeyPath", session.ssh_key_path().await),
    ])
}

/// All getters, the state first: what a driver learns there, the others may know afterwards.
pub(crate) async fn answers_state_first(session: &Session) -> Answers {
    let state = answer("GetState", session.state().await);
    let mut answers = local_answers(session).await;
    answers.extend([
        state,
        answer("GetIP", session.ip().await),
        answer("GetSSHHostname", session.ssh_hostname().await),
        answer("GetURL", session.url().await),
    ]);
    answers
}

/// All getters, the state last.
pub(crate) async fn answers_state_last(session: &Session) -> Answers {
    let mut answers = BTreeMap::from([
        answer("GetURL", session.url().await),
        answer("GetSSHHostname", session.ssh_hostname().await),
        answer("GetIP", session.ip().await),
    ]);
    answers.extend(local_answers(session).await);
    answers.extend([answer("GetState", session.state().await)]);
    answers
}

/// Where `after` does not answer what `before` answered: method, and both answers in words. What failed before is
/// not compared: errors may say more than one thing. Nor is what an ended process does not answer.
pub(crate) fn changed(before: &Answers, after: &Answers) -> Vec<(&'static str, String, String)> {
    before
        .iter()
        .filter_map(|(method, old)| {
            let old = old.as_ref().ok()?;
            match after.get(method) {
                Some(Ok(new)) if new == old => None,
                Some(Ok(new)) => Some((*method, format!("{old:?}"), format!("{new:?}"))),
                Some(Err(failure)) if !failure.lost => {
                    Some((*method, format!("{old:?}"), format!("the error {}", failure.text)))
                }
                Some(Err(_)) | None => None,
            }
        })
        .collect()
}

fn answer<T: Display>(method: &'static str, outcome: Result<T>) -> (&'static str, Result<String, Failure>) {
    let outcome = outcome.map(|value| value.to_string());
    (
        method,
        outcome.map_err(|error| Failure {
            text: error.to_string(),
            lost: error.kind() == ErrorKind::Connection,
        }),
    )
}

#[cfg(test)]
impl Failure {
    /// An error of a driver that lives.
    pub(crate) fn of(text: &str) -> Self {
        Self { text: text.to_owned(), lost: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_answered_before_is_compared() {
        let of = |ip: Result<&str, &str>, state: Result<&str, &str>| -> Answers {
            let owned = |result: Result<&str, &str>| result.map(str::to_owned).map_err(Failure::of);
            BTreeMap::from([("GetIP", owned(ip)), ("GetState", owned(state))])
        };
        let before = of(Ok("10.0.0.1"), Err("down"));
        assert_eq!(changed(&before, &of(Ok("10.0.0.1"), Ok("Running"))), []);
        assert_eq!(
            changed(&before, &of(Err("no address"), Err("other"))),
            [("GetIP", "\"10.0.0.1\"".to_owned(), "the error no address".to_owned())]
        );
        assert_eq!(changed(&before, &of(Ok("10.0.0.2"), Err("x"))).len(), 1);
        let lost = Failure { text: "unexpected EOF".to_owned(), lost: true };
        assert_eq!(changed(&before, &BTreeMap::from([("GetIP", Err(lost))])), []);
    }
}
