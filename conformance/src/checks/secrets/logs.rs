//! Secrets and payloads in log lines.

use machine_driver::OptionValue;

use crate::{
    check::{Check, Need, Stop},
    checks::plugin::{
        life::{Life, live},
        raw,
    },
    redact::Redactor,
};

/// Parts of the names of flags for user data, as rancher-machine looks for them.
const USER_DATA_NAMES: [&str; 4] = ["user-data", "userdata", "custom-data", "cloud-config"];
/// Shortest body of a request that is looked for in log lines, in bytes.
const SHORTEST_BODY: usize = 40;
/// Headers that stand in nearly every dump of HTTP traffic.
const HEADERS: [&str; 9] = [
    "authorization:",
    "content-type:",
    "content-length:",
    "user-agent:",
    "accept-encoding:",
    "transfer-encoding:",
    "x-amz-",
    "x-auth-token:",
    "set-cookie:",
];

pub(super) const STREAMS_ARE_CLEAN: Check = Check {
    id: "secrets::streams_are_clean",
    title: "No line of this run contains a credential or a private key",
    clauses: &["SEC-001"],
    needs: &[Need::Process, Need::WholeRun],
    why: "Debug output of plugins is always on; hosts keep it and may send it to a crash reporter.",
    good: "\"Using token acme-...\" with the rest left out, or nothing about it.",
    bad: "The options are logged as they come in, or a request with its Authorization header.",
    run: |cx| {
        Box::pin(async move {
            let lived = live(&cx).await;
            for (secret, place) in cx.observations().leaked_on_streams {
                cx.rule("SEC-001").broken("lines without secrets", format!("{secret} is on {place}"));
            }
            let life = lived?;
            let key = life.private_key.clone();
            if key.is_none() && cx.secrets().is_empty() {
                return Err(Stop::NotTested(
                    "the run has neither credentials nor a private key to look for".to_owned(),
                ));
            }
            let redactor = Redactor::new(key.map(|key| ("the private key", key)));
            for line in lines(&life)? {
                cx.rule("SEC-001").holds(
                    redactor.secrets_in(&line).is_empty(),
                    "lines without the private key",
                    || redactor.redact(&line).into_owned(),
                );
            }
            Ok(())
        })
    },
};

pub(super) const USER_DATA_IS_NOT_LOGGED: Check = Check {
    id: "secrets::user_data_is_not_logged",
    title: "User data of the instance is not logged",
    clauses: &["SEC-010"],
    needs: &[Need::Process, Need::Machine],
    why: "It often holds tokens by which the instance joins a cluster.",
    good: "\"Using 1204 bytes of user data\".",
    bad: "The whole order with its user data is logged at level info.",
    run: |cx| {
        Box::pin(async move {
            let Some(flag) = cx.flags()?.iter().find(|flag| is_user_data(&flag.name)) else {
                return Err(Stop::NotApplicable("the driver has no flag for user data".to_owned()));
            };
            let marker = format!("conformance-{:016x}", cx.random("user data"));
            let text = format!("#cloud-config\n# {marker}\n");
            let file = cx.private_dir().join("user-data");
            tokio::fs::write(&file, &text)
                .await
                .map_err(|error| Stop::Environment(format!("cannot write {}: {error}", file.display())))?;
            let value = if takes_a_path(&flag.name, &flag.usage) {
                file.to_string_lossy().into_owned()
            } else {
                text
            };
            let mut options = cx.options()?;
            options.insert(&flag.name, OptionValue::String(value));
            let machine = cx.machine_with(cx.machine_name(), options).await?;
            let session = machine.session();
            machine.configure().await.map_err(|error| {
                cx.prerequisite(&format!("SetConfigFromFlags with --{}", flag.name), &error)
            })?;
            machine
                .create()
                .await
                .map_err(|error| cx.prerequisite(&format!("Create with --{}", flag.name), &error))?;
            for line in raw::printed_until_close(&cx, &session).await? {
                cx.rule("SEC-010")
                    .holds(!line.text.contains(&marker), "lines without the user data", || line.text.clone());
            }
            Ok(())
        })
    },
};

/// Lines of a dump that a report shows.
const SHOWN_LINES: usize = 3;

pub(super) const TRAFFIC_IS_NOT_LOGGED: Check = Check {
    id: "secrets::traffic_is_not_logged",
    title: "Requests and answers of the provider are not logged in full",
    clauses: &["SEC-011"],
    needs: &[Need::Process, Need::Machine],
    why: "They carry credentials, and fill the log with what nobody can read.",
    good: "\"POST /v1/servers: 201 in 40 ms\".",
    bad: "\"POST /v1/servers HTTP/1.1\", all headers, and the body.",
    run: |cx| {
        Box::pin(async move {
            let life = live(&cx).await?;
            if !life.created {
                return Err(Stop::Prerequisite("the machine cannot be created".to_owned()));
            }
            let bodies: Vec<String> = if cx.offers(Need::RequestLog) {
                cx.tenant()
                    .requests()
                    .await?
                    .into_iter()
                    .map(|request| request.body)
                    .filter(|body| body.len() >= SHORTEST_BODY)
                    .collect()
            } else {
                Vec::new()
            };
            let mut dumped = lines(&life)?;
            dumped.retain(|line| is_dump(line) || bodies.iter().any(|body| line.contains(body.as_str())));
            cx.rule("SEC-011").holds(dumped.is_empty(), "no dump of requests or answers", || {
                let first = &dumped[..dumped.len().min(SHOWN_LINES)];
                format!("{} lines of traffic: {}, ...", dumped.len(), first.join(" ⏎ "))
            });
            Ok(())
        })
    },
};

/// Everything that the processes of a life cycle printed.
fn lines(life: &Life) -> Result<Vec<String>, Stop> {
    let mut lines = Vec::new();
    for session in &life.sessions {
        lines.extend(raw::host(session)?.output().into_iter().map(|line| line.text));
    }
    Ok(lines)
}

/// Whether a flag is for user data.
pub(crate) fn is_user_data(name: &str) -> bool {
    USER_DATA_NAMES.iter().any(|part| name.contains(part))
}

/// Whether a flag for user data takes the path of a file and not the text itself.
pub(crate) fn takes_a_path(name: &str, usage: &str) -> bool {
    let usage = usage.to_lowercase();
    ["file", "path"].iter().any(|word| name.contains(word) || usage.contains(word))
}

/// Whether a line is part of a dump of HTTP traffic: a request line, a status line, or a header.
fn is_dump(line: &str) -> bool {
    let line = line.trim_start().to_lowercase();
    let mut words = line.split_whitespace();
    let request_line =
        matches!(words.next(), Some("get" | "put" | "post" | "patch" | "delete" | "head" | "options"))
            && words.nth(1).is_some_and(|version| version.starts_with("http/"));
    let status_line = line.strip_prefix("http/").is_some_and(|rest| {
        rest.split_whitespace()
            .nth(1)
            .is_some_and(|status| status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit()))
    });
    request_line || status_line || HEADERS.iter().any(|header| line.starts_with(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumps_are_told_from_summaries() {
        for line in [
            "POST /v1/servers HTTP/1.1",
            "HTTP/1.1 201 Created",
            "HTTP/2.0 200 OK",
            "  Authorization: Bearer [...]",
            "X-Amz-Date: 20260101T000000Z",
        ] {
            assert!(is_dump(line), "{line}");
        }
        for line in [
            "POST /v1/servers: 201 in 40 ms",
            "GET /v1/servers/81",
            "using HTTP/1.1",
            "http/1.1 is spoken here",
            "Creating server...",
            "",
        ] {
            assert!(!is_dump(line), "{line}");
        }
    }

    #[test]
    fn flags_for_user_data() {
        for name in ["amazonec2-userdata", "acme-user-data", "azure-custom-data"] {
            assert!(is_user_data(name), "{name}");
        }
        assert!(!is_user_data("acme-user"));
        assert!(takes_a_path("openstack-user-data-file", ""));
        assert!(takes_a_path("amazonec2-userdata", "path to file with cloud-init user data"));
        assert!(!takes_a_path("acme-user-data", "Cloud-init based user data (inline)"));
    }
}
