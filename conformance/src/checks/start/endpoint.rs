//! Where a machine is reached after Start.

use machine_driver::State;

use crate::{
    check::{Check, Need},
    checks::persistence::record::Record,
};

pub(super) const SSH_ANSWERS_AT_ONCE: Check = Check {
    id: "start::ssh_answers_at_once",
    title: "SSH answers already when Start returns",
    clauses: &["START-003"],
    needs: &[Need::Machine, Need::Power, Need::Guest],
    why: "The next command of a script is a login.",
    good: "The getters answer, and the first login after Start succeeds.",
    bad: "Start returns as soon as the provider accepted the request.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            machine.guest("exit 0").await.map_err(|error| cx.prerequisite("logging in before", &error))?;
            machine.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            let session = machine.fresh_process().await?;
            session.start().await.map_err(|error| cx.prerequisite("Start", &error))?;
            let at_once = match machine.endpoint().await {
                Ok(endpoint) => machine.guest_once(&endpoint, "exit 0").await.map(drop),
                Err(error) => Err(error),
            };
            if at_once.is_err() {
                // A machine that does not come up at all is the matter of another check.
                let comes_up = machine.settle(State::Running).await;
                comes_up.map_err(|error| cx.prerequisite("Start", &error))?;
            }
            cx.rule("START-003").succeeds(&at_once, "the first login right after Start");
            Ok(())
        })
    },
};

pub(super) const IS_RECORDED: Check = Check {
    id: "start::endpoint_is_recorded",
    title: "After Start the record has the SSH endpoint that the getters answer",
    clauses: &["START-011"],
    needs: &[Need::Machine, Need::Power],
    why: "A forwarded port is another one after each start, and the next command knows only the record.",
    good: "SSHPort and IPAddress in the record are what GetSSHPort and GetIP answer, in a new process too.",
    bad: "Start chooses another port, and `ssh` in the next process goes to the old one.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let before = machine.session().config_object().await;
            let recorded = before.map(|record| text(&record, "IPAddress"));
            let ip = machine.session().ip().await;
            if recorded.as_ref().ok() != ip.as_ref().ok() {
                return Err(cx.prerequisite(
                    "finding the first address in the record",
                    &format!("it has {recorded:?}, and GetIP answers {ip:?}"),
                ));
            }
            machine.stop().await.map_err(|error| cx.prerequisite("Stop", &error))?;
            machine.start().await.map_err(|error| cx.prerequisite("Start", &error))?;
            let asked = |error| cx.prerequisite("a getter after Start", &error);
            let session = machine.session();
            let port = session.ssh_port().await.map_err(asked)?;
            let ip = session.ip().await.map_err(asked)?;
            let host = session.ssh_hostname().await.map_err(asked)?;
            let record = session.config_object().await.map_err(asked)?;
            let recorded = text(&record, "IPAddress");
            cx.rule("START-011").equals("IPAddress in the record after Start", &ip, &recorded);
            // 0 stands for the driver's own default.
            let recorded =
                record.get("SSHPort").and_then(serde_json::Value::as_u64).filter(|port| *port != 0);
            cx.rule("START-011").holds(
                recorded.is_none_or(|recorded| recorded == u64::from(port)),
                format!("SSHPort in the record after Start is {port}"),
                || format!("{recorded:?}"),
            );
            let fresh = machine.fresh_process().await?;
            cx.rule("START-011").answers(
                "GetSSHPort in a new process after Start",
                &port,
                &fresh.ssh_port().await,
            );
            cx.rule("START-011").answers(
                "GetSSHHostname in a new process after Start",
                &host,
                &fresh.ssh_hostname().await,
            );
            Ok(())
        })
    },
};

/// A text of the record; empty if it has none.
fn text(record: &Record, key: &str) -> String {
    record.get(key).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}
