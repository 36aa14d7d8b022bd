//! Networking: GetURL and GetIP in each state.

mod choice;
mod ipv6;

use machine_driver::Error;

use crate::{
    check::{Check, Need},
    event::Guests,
    provider::parse_engine_url,
};

pub(crate) const CHECKS: &[Check] = &[
    URL_OF_A_RUNNING_MACHINE,
    URL_HAS_THE_ADDRESS,
    NO_URL_WHEN_STOPPED,
    NO_URL_BEFORE_CREATE,
    ADDRESS_WHEN_STOPPED,
    ADDRESS_IS_RECORDED,
    ADDRESS_IS_NOT_CACHED,
    choice::DECOYS_ARE_IGNORED,
    choice::OPTIONS_ARE_CONSISTENT,
    ipv6::IPV6_ALONE_IS_REACHED,
];

const URL_OF_A_RUNNING_MACHINE: Check = Check {
    id: "network::url_of_a_running_machine",
    title: "GetURL and GetIP of a running machine are well-formed",
    clauses: &["NET-001", "NET-004", "NET-014"],
    needs: &[Need::Machine],
    why: "Hosts take the engine's port from the URL and dial it.",
    good: "GetURL answers `tcp://203.0.113.9:2376`, GetIP `203.0.113.9`.",
    bad: "GetURL answers `203.0.113.9`, `tcp://203.0.113.9` or `tcp://:2376`.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let url = machine.session().url().await;
            if cx.rule("NET-001").succeeds(&url, "GetURL of a running machine")
                && let Ok(url) = url
            {
                cx.host_and_port("NET-001", &url);
                cx.rule("NET-014").holds(!url.contains("//:"), "a URL with a host", || format!("{url:?}"));
            }
            let ip = machine.session().ip().await;
            if cx.rule("NET-004").succeeds(&ip, "GetIP of a running machine")
                && let Ok(ip) = ip
            {
                let bare = !ip.is_empty() && !ip.contains("://") && !ip.contains('/') && !has_port(&ip);
                cx.rule("NET-004")
                    .holds(bare, "an address or a name, without scheme and port", || format!("{ip:?}"));
            }
            Ok(())
        })
    },
};

const URL_HAS_THE_ADDRESS: Check = Check {
    id: "network::url_has_the_address",
    title: "The host in GetURL is GetIP",
    clauses: &["NET-003", "NET-009"],
    needs: &[Need::Machine],
    why: "The engine's certificate is made for GetIP; a client that dials another host refuses it.",
    good: "GetIP answers `203.0.113.9` and GetURL `tcp://203.0.113.9:2376`.",
    bad: "GetIP answers the private address and GetURL the public one.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let url = machine.session().url().await.map_err(|error| cx.prerequisite("GetURL", &error))?;
            let ip = machine.session().ip().await.map_err(|error| cx.prerequisite("GetIP", &error))?;
            let bracketed = format!("[{ip}]");
            if ip.contains(':') && !has_port(&ip) {
                cx.rule("NET-009").holds(url.contains(&bracketed), format!("{bracketed} in the URL"), || {
                    format!("{url:?}")
                });
            }
            let (host, _) = parse_engine_url(&url)
                .map_err(|why| cx.prerequisite("reading GetURL", &format!("{url:?}: {why}")))?;
            let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            cx.rule("NET-003").equals("the host in GetURL", &ip, &host);
            Ok(())
        })
    },
};

const NO_URL_WHEN_STOPPED: Check = Check {
    id: "network::no_url_when_stopped",
    title: "GetURL of a stopped machine says that the host is not running",
    clauses: &["NET-002", "ERR-003", "STOP-009"],
    needs: &[Need::Machine, Need::Power],
    why: "`ls` takes any URL as proof that the machine runs, and hides exactly one error text.",
    good: "GetURL fails with `Host is not running`.",
    bad: "GetURL answers `tcp://203.0.113.9:2376`, or fails with another text that `ls` prints in every line.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            let session = machine.fresh_process().await?;
            // Values are judged by other checks; here the getters must only come back, within the limit of a call.
            let _ = (session.ip().await, session.ssh_hostname().await);
            match session.url().await {
                Ok(url) => {
                    cx.rule("NET-002")
                        .holds(url.is_empty(), "no URL for a stopped machine", || format!("{url:?}"));
                }
                Err(error) => {
                    cx.rule("ERR-003").equals(
                        "the error of GetURL for a stopped machine",
                        &Error::NOT_RUNNING_TEXT.to_owned(),
                        &error.to_string(),
                    );
                }
            }
            Ok(())
        })
    },
};

const NO_URL_BEFORE_CREATE: Check = Check {
    id: "network::no_url_before_create",
    title: "GetURL before Create gives no URL",
    clauses: &["NET-014"],
    needs: &[],
    why: "`ls` may look at a machine that another process is just creating.",
    good: "GetURL fails, or answers an empty text.",
    bad: "GetURL answers `tcp://:2376`.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.configured().await?;
            if let Ok(url) = machine.session().url().await {
                cx.rule("NET-014").holds(
                    !url.contains("//:"),
                    "an error, an empty text, or a URL with a host",
                    || format!("{url:?}"),
                );
            }
            Ok(())
        })
    },
};

const ADDRESS_WHEN_STOPPED: Check = Check {
    id: "network::address_when_stopped",
    title: "GetIP of a stopped machine is an error or the last address",
    clauses: &["NET-005"],
    needs: &[Need::Machine, Need::Power],
    why: "An empty address without an error makes hosts connect to themselves.",
    good: "GetIP fails with `Host is not running`.",
    bad: "GetIP answers an empty text and no error.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.stopped().await?;
            if let Ok(ip) = machine.fresh_process().await?.ip().await {
                cx.rule("NET-005").holds(!ip.is_empty(), "an error or the last known address", || {
                    "\"\" and no error".to_owned()
                });
            }
            Ok(())
        })
    },
};

const ADDRESS_IS_RECORDED: Check = Check {
    id: "network::address_is_recorded",
    title: "After Create the record holds the address",
    clauses: &["NET-010"],
    needs: &[Need::Machine],
    why: "Rancher and people read `IPAddress` from the record.",
    good: "`IPAddress` in GetConfigRaw equals GetIP.",
    bad: "`IPAddress` stays empty.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.session();
            let ip = session.ip().await.map_err(|error| cx.prerequisite("GetIP", &error))?;
            let record =
                session.config_object().await.map_err(|error| cx.prerequisite("GetConfigRaw", &error))?;
            let recorded =
                record.get("IPAddress").and_then(|value| value.as_str()).unwrap_or_default().to_owned();
            cx.rule("NET-010").equals("IPAddress in the record", &ip, &recorded);
            Ok(())
        })
    },
};

const ADDRESS_IS_NOT_CACHED: Check = Check {
    id: "network::address_is_not_cached",
    title: "A new address is seen without a new driver",
    clauses: &["NET-006"],
    needs: &[Need::Machine, Need::Power, Need::Readdress],
    why: "Providers give out new addresses; a stale one leads to a stranger's machine.",
    good: "The provider moves the instance to another address, and the next GetIP answers it.",
    bad: "GetIP answers the address that was stored at Create.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.fresh_process().await?;
            let old = session.ip().await.map_err(|error| cx.prerequisite("GetIP", &error))?;
            let new = cx.tenant().readdress(machine.name()).await?;
            if cx.guests() == Some(Guests::Container) {
                // It shows its address a moment after it was given. What GetIP answers in the end is judged.
                let (waits, window) = (cx.limits().machine_waits(), cx.limits().settle());
                let shown = waits.until(&window, || async {
                    Ok(session.ip().await.is_ok_and(|shown| shown == new).then_some(()))
                });
                let _ = shown.await;
            }
            cx.rule("NET-006").answers(
                &format!("GetIP after the address changed from {old}"),
                &new,
                &session.ip().await,
            );
            Ok(())
        })
    },
};

/// Whether `text` ends in a port: one colon, or a bracketed address with something behind it.
fn has_port(text: &str) -> bool {
    text.matches(':').count() == 1 || text.contains("]:")
}

#[cfg(test)]
mod tests {
    use super::has_port;

    #[test]
    fn ports_are_told_from_ipv6() {
        assert!(has_port("203.0.113.9:22"));
        assert!(has_port("[2001:db8::1]:22"));
        assert!(!has_port("2001:db8::1"));
        assert!(!has_port("host.example"));
    }
}
