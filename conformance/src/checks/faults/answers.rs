use std::{net::Ipv4Addr, sync::Arc, time::Instant};

use futures_util::future::join_all;
use machine_driver::{BoxFuture, Result, State};
use machine_mock_providers::faults::{FaultKind, When};
use tokio::net::TcpListener;

use super::{ended, inject};
use crate::{
    check::{Check, Need, Stop},
    context::Context,
    machine::Machine,
    session::Session,
    world::ProviderRequest,
};

/// Number of calls in the time of the limit below that no pause explains.
const TIGHT: usize = 12;
/// Seconds for which the provider asks to wait.
const ASKED: u64 = 1;

pub(super) const LIMITED_CALLS_ARE_SPACED: Check = Check {
    id: "faults::limited_calls_are_spaced",
    title: "A call beyond the provider's rate limit is repeated after the time that it asks for",
    clauses: &["FAULT-002"],
    needs: &[Need::Machine, Need::Faults, Need::RequestLog, Need::Cloud],
    why: "Limits count per account: a driver in a tight loop takes all other machines down with it.",
    good: "429 with `Retry-After: 1` for 2.5 s: three calls a second apart, then the answer.",
    bad: "Hundreds of calls in the same time, or an error after the first.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.fresh_process().await?;
            let limited = FaultKind::Throttle { retry_after: Some(ASKED) };
            inject(&cx, When::always(), limited).await?;
            let limits = cx.limits();
            let begun = Instant::now();
            let relief = async {
                tokio::time::sleep(limits.rate_limited()).await;
                let calls = requests_since(&cx, begun).await?;
                cx.tenant().heal().await?;
                Ok::<_, Stop>(calls)
            };
            let (state, calls) = tokio::join!(session.state(), relief);
            let calls = calls?;
            let rule = cx.rule("FAULT-002");
            rule.answers("GetState once the limit is lifted", &State::Running, &state);
            rule.holds(
                calls.len() < TIGHT,
                format!(
                    "fewer than {TIGHT} calls in the {:.1} s of the limit",
                    limits.rate_limited().as_secs_f64()
                ),
                || format!("{} calls", calls.len()),
            );
            let early = calls.windows(2).find(|pair| {
                // A little less, because the answer takes its time.
                pair[1].at.duration_since(pair[0].at).as_millis() < u128::from(ASKED) * 900
            });
            if let Some([first, second]) = early {
                rule.broken(
                    format!("{ASKED} s between two calls, as the provider asks"),
                    format!(
                        "{} was repeated after {} ms",
                        first.operation,
                        second.at.duration_since(first.at).as_millis()
                    ),
                );
            }
            Ok(())
        })
    },
};

pub(super) const REFUSED_CONNECTIONS_ARE_ERRORS: Check = Check {
    id: "faults::refused_connections_are_errors",
    title: "Every method fails soon if the provider refuses connections",
    clauses: &["FAULT-004", "STATE-008"],
    needs: &[Need::Machine, Need::Faults],
    why: "The provider is down, or the record names a host that is no more; users need an error, not a hang.",
    good: "\"cannot look up the server 81: connection refused\", within seconds.",
    bad: "Start polls for ever, or GetState answers Stopped.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let record = nowhere(&cx, &machine).await?;
            for (method, call) in methods(&cx) {
                let session = machine.fresh_process_with(&record).await?;
                let outcome = call(session).await;
                ended(&cx, "FAULT-004", method, &outcome);
                cx.rule("FAULT-004")
                    .fails(&outcome, &format!("{method} while the provider refuses connections"));
            }
            Ok(())
        })
    },
};

pub(super) const SILENCE_ENDS: Check = Check {
    id: "faults::silence_ends",
    title: "Every method ends although the provider accepts connections and never answers",
    clauses: &["FAULT-005", "STATE-008", "RM-018"],
    needs: &[Need::Machine, Need::Faults],
    why: "Hosts put no limit on methods: `ls`, `rm` and whoever called them would wait for ever.",
    good: "Every request has a time-out, and every method ends with an error.",
    bad: "GetState waits on a connection that says nothing.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let record =
                machine.saved().await.map_err(|error| cx.prerequisite("reading the record", &error))?;
            inject(&cx, When::always(), FaultKind::Stall { acted: false }).await?;
            // Side by side: each is a process of its own, and most of the time is waiting.
            let calls = methods(&cx).into_iter().map(|(method, call)| {
                let (cx, record) = (&cx, &record);
                async move {
                    let outcome = call(loaded(cx, record).await?).await;
                    let clause = if method == "Remove" { "RM-018" } else { "FAULT-005" };
                    ended(cx, clause, method, &outcome);
                    cx.rule("FAULT-005")
                        .fails(&outcome, &format!("{method} while the provider does not answer"));
                    Ok::<_, Stop>(())
                }
            });
            let outcomes = join_all(calls).await;
            cx.tenant().heal().await?;
            outcomes.into_iter().collect()
        })
    },
};

pub(super) const NONSENSE_IS_AN_ERROR: Check = Check {
    id: "faults::nonsense_is_an_error",
    title: "Answers that make no sense are errors, neither panics nor success",
    clauses: &["FAULT-006", "STATE-005", "PRE-007"],
    needs: &[Need::Machine, Need::Faults],
    why: "Proxies answer with pages, connections break off, and providers change their format.",
    good: "An HTML page instead of the server: \"the answer makes no sense\".",
    bad: "The list in the answer is empty, so its first entry is read: a panic.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let other = cx.configured().await?;
            for (what, fault) in nonsense() {
                inject(&cx, When::always(), fault).await?;
                let session = machine.fresh_process().await?;
                cx.rule("STATE-005").fails(&session.state().await, &format!("GetState with {what}"));
                cx.rule("FAULT-006").fails(&session.url().await, &format!("GetURL with {what}"));
                cx.rule("PRE-007")
                    .fails(&other.session().pre_create_check().await, &format!("PreCreateCheck with {what}"));
                cx.tenant().heal().await?;
            }
            for (method, how) in cx.observations().panics.into_iter().chain(cx.observations().deaths) {
                cx.rule("FAULT-006").broken(format!("an error of {method}, and a process that lives"), how);
            }
            Ok(())
        })
    },
};

pub(super) const EMPTY_LIST_MEANS_GONE: Check = Check {
    id: "faults::empty_list_means_gone",
    title: "An empty list instead of the instance is handled as a vanished instance",
    clauses: &["STATE-011"],
    needs: &[Need::Machine, Need::Faults, Need::RequestLog],
    why: "Some providers list nothing where others say 404; the first entry of nothing does not exist.",
    good: "GetState fails and says that the instance is gone.",
    bad: "\"index out of range\": the plugin is gone, too.",
    run: |cx| {
        Box::pin(async move {
            let machine = cx.created().await?;
            let session = machine.fresh_process().await?;
            inject(&cx, When::always(), FaultKind::EmptyList).await?;
            let begun = Instant::now();
            let state = session.state().await;
            let listed = requests_since(&cx, begun).await?;
            let listed = listed
                .iter()
                .any(|request| request.name.starts_with("List") || request.name.starts_with("Describe"));
            cx.tenant().heal().await?;
            if !listed && matches!(state, Ok(State::Running)) {
                return Err(Stop::NotApplicable("GetState looks instances up without a list".to_owned()));
            }
            cx.rule("STATE-011").holds(
                !matches!(state, Ok(State::Running)),
                "an error or a state other than Running, for the provider lists nothing",
                || format!("{state:?}"),
            );
            let panic = state.as_ref().err().map(ToString::to_string);
            let panic = panic.filter(|error| error.contains("Panic in the driver"));
            cx.rule("STATE-011").holds(panic.is_none(), "no panic, for the provider lists nothing", || {
                panic.clone().unwrap_or_default()
            });
            cx.rule("STATE-011").answers(
                "GetState in the same process afterwards",
                &State::Running,
                &session.state().await,
            );
            Ok(())
        })
    },
};

pub(super) const PRE_CREATE_CHECK_NOTICES: Check = Check {
    id: "faults::pre_create_check_notices",
    title: "PreCreateCheck fails if the provider refuses the credentials or fails, and only then",
    clauses: &["PRE-003", "PRE-007"],
    needs: &[Need::Machine, Need::Faults],
    why: "It is the last step before anything costs money.",
    good: "The token is refused: PreCreateCheck says so. The token is right: nil.",
    bad: "PreCreateCheck ignores the answer, and Create fails half-way.",
    run: |cx| {
        Box::pin(async move {
            let session = cx.configured().await?.session();
            cx.tenant().revoke_credentials().await?;
            cx.rule("PRE-003").fails(
                &session.pre_create_check().await,
                "PreCreateCheck while the provider refuses the credentials",
            );
            cx.tenant().heal().await?;
            cx.tenant().break_provider().await?;
            cx.rule("PRE-007")
                .fails(&session.pre_create_check().await, "PreCreateCheck while the provider answers 500");
            cx.tenant().heal().await?;
            // Of another machine: whether the check can be repeated is a matter of its own.
            cx.rule("PRE-007").succeeds(
                &cx.configured().await?.session().pre_create_check().await,
                "PreCreateCheck once the provider works",
            );
            Ok(())
        })
    },
};

/// Answers that no driver can expect.
fn nonsense() -> Vec<(&'static str, FaultKind)> {
    let body = |body: &str| FaultKind::Body { status: None, body: body.to_owned() };
    vec![
        ("empty answers", FaultKind::EmptyBody),
        ("answers that break off", FaultKind::Truncate { bytes: 9 }),
        ("HTML as the answer", body("<html><body>welcome</body></html>")),
        ("answers of another shape", body(r#"{"unexpected": [{"id": 7}], "state": null}"#)),
        ("`null` as the answer", body("null")),
    ]
}

type Method = fn(Arc<Session>) -> BoxFuture<'static, Result<()>>;

/// Every method that needs the provider of a machine that exists.
fn methods(cx: &Context) -> Vec<(&'static str, Method)> {
    let mut methods: Vec<(&'static str, Method)> = vec![
        ("GetState", |session| Box::pin(async move { session.state().await.map(drop) })),
        ("GetURL", |session| Box::pin(async move { session.url().await.map(drop) })),
    ];
    if cx.offers(Need::Power) {
        let power: [(&'static str, Method); 4] = [
            ("Start", |session| Box::pin(async move { session.start().await })),
            ("Stop", |session| Box::pin(async move { session.stop().await })),
            ("Restart", |session| Box::pin(async move { session.restart().await })),
            ("Kill", |session| Box::pin(async move { session.kill().await })),
        ];
        methods.extend(power);
    }
    methods.push(("Remove", |session| Box::pin(async move { session.remove().await })));
    methods
}

/// A fresh process with a record.
async fn loaded(cx: &Context, record: &[u8]) -> Result<Arc<Session>, Stop> {
    let session = cx.process().await?;
    session.set_config(record).await.map_err(|error| cx.prerequisite("SetConfigRaw", &error))?;
    Ok(session)
}

/// The machine's record with a port in place of the provider's where nobody listens.
async fn nowhere(cx: &Context, machine: &Machine) -> Result<Vec<u8>, Stop> {
    let record = machine.saved().await.map_err(|error| cx.prerequisite("reading the record", &error))?;
    let record = String::from_utf8_lossy(&record).into_owned();
    let endpoint = cx.tenant().settings().remove("endpoint").unwrap_or_default();
    if endpoint.is_empty() || !record.contains(&endpoint) {
        return Err(Stop::NotTested(
            "the record does not say where the provider is, so it cannot be moved away".to_owned(),
        ));
    }
    // Free again when the listener is dropped; the system does not give it to the next one who asks.
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Stop::Environment(format!("no port on loopback: {error}")))?;
    Ok(record.replace(&endpoint, &format!("http://{free}")).into_bytes())
}

/// Requests of the provider from a moment on.
pub(super) async fn requests_since(cx: &Context, begun: Instant) -> Result<Vec<ProviderRequest>, Stop> {
    let mut requests = cx.tenant().requests().await?;
    requests.retain(|request| request.at >= begun);
    Ok(requests)
}
