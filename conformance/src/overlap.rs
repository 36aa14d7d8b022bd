//! Getters beside a long call: what must not happen to them.

use std::sync::Arc;

use machine_driver::{Error, ErrorKind};
use tokio::sync::watch;

use crate::{context::Context, session::Session};

/// Calls the getters again and again until `finished`, and once more. What crashes, hangs or tears is the result; the
/// first of it ends the calls. `name` is the machine's.
pub(crate) async fn getters_until(
    cx: &Context,
    session: Arc<Session>,
    name: String,
    finished: watch::Receiver<bool>,
) -> Option<String> {
    loop {
        let last = *finished.borrow();
        let outcomes = [
            ("GetState", session.state().await.map(drop)),
            ("GetIP", session.ip().await.map(drop)),
            ("GetURL", session.url().await.map(drop)),
            ("GetSSHHostname", session.ssh_hostname().await.map(drop)),
            ("GetSSHPort", session.ssh_port().await.map(drop)),
        ];
        let crash = outcomes
            .into_iter()
            .find_map(|(method, outcome)| outcome.err().filter(is_crash).map(|error| (method, error)));
        if let Some((method, error)) = crash {
            return Some(format!("{method}: {error}"));
        }
        if let Some(torn) = torn(&session, &name).await {
            return Some(torn);
        }
        if last {
            return None;
        }
        cx.limits().process_waits().pause(&cx.limits().probe()).await;
    }
}

/// What is wrong with name and record, which no call changes.
async fn torn(session: &Session, name: &str) -> Option<String> {
    match session.machine_name().await {
        Ok(answer) if answer == name => {}
        Ok(answer) => return Some(format!("GetMachineName answers {answer:?}")),
        Err(error) => return Some(format!("GetMachineName: {error}")),
    }
    match session.config_object().await {
        Ok(record) if record.get("MachineName").and_then(|value| value.as_str()) == Some(name) => None,
        Ok(record) => Some(format!("MachineName in the record is {:?}", record.get("MachineName"))),
        Err(error) => Some(format!("GetConfigRaw: {error}")),
    }
}

fn is_crash(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connection | ErrorKind::Panic | ErrorKind::Timeout)
        || error.to_string().contains("Panic in the driver")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_crashes_and_hangs_count() {
        assert!(is_crash(&Error::new(ErrorKind::Connection, "unexpected EOF")));
        assert!(is_crash(&Error::remote("Panic in the driver: index out of range")));
        assert!(!is_crash(&Error::remote("Host is not running")));
    }
}
