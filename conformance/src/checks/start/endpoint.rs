//! Where a machine is reached after Start.

use crate::check::{Check, Need};

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
            let machine = cx.stopped().await?;
            let session = machine.fresh_process().await?;
            session
                .start()
                .await
                .map_err(|error| cx.prerequisite("Start", &error))?;
            let endpoint = machine.endpoint().await;
            if cx
                .rule("START-003")
                .succeeds(&endpoint, "asking right after Start where SSH answers")
                && let Ok(endpoint) = endpoint
            {
                let output = machine.guest_once(&endpoint, "exit 0").await;
                cx.rule("START-003")
                    .succeeds(&output, "the first login after Start");
            }
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
            let machine = cx.stopped().await?;
            machine
                .start()
                .await
                .map_err(|error| cx.prerequisite("Start", &error))?;
            let asked = |error| cx.prerequisite("a getter after Start", &error);
            let session = machine.session();
            let port = session.ssh_port().await.map_err(asked)?;
            let ip = session.ip().await.map_err(asked)?;
            let host = session.ssh_hostname().await.map_err(asked)?;
            let record = session.config_object().await.map_err(asked)?;
            let recorded = record.get("IPAddress").and_then(|value| value.as_str());
            cx.rule("START-011").equals(
                "IPAddress in the record after Start",
                &Some(ip.as_str()),
                &recorded,
            );
            // 0 stands for the driver's own default.
            let recorded = record
                .get("SSHPort")
                .and_then(serde_json::Value::as_u64)
                .filter(|port| *port != 0);
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
