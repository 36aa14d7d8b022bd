//! The control port: what [`Account`] can do, for other processes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, Request, State},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{account::Account, api::parse, error::ApiError, server::Accounts};
use crate::{
    faults::FaultPlan,
    guest::Acpi,
    http::{bearer, is_same},
};

type Clouds = State<Weak<Accounts>>;
type Parameters = Query<BTreeMap<String, String>>;
type Answer = Result<Response, ApiError>;

/// The routes of the control port.
pub(super) fn router(clouds: Weak<Accounts>, token: String) -> Router {
    let token = Arc::new(token);
    let check = move |request: Request, next: Next| {
        let token = Arc::clone(&token);
        async move {
            match bearer(request.headers()).is_some_and(|given| is_same(given, &token)) {
                true => next.run(request).await,
                false => ApiError::for_status(401).into_response(),
            }
        }
    };
    Router::new()
        .route("/accounts", get(accounts).post(add_account).delete(close_account))
        .route("/inventory", get(inventory))
        .route("/requests", get(requests).delete(clear_requests))
        .route("/faults", get(faults).post(set_faults).delete(clear_faults))
        .route("/servers/{server}/commands", get(commands))
        .route("/servers/{server}/{action}", post(act))
        .route("/seed/{kind}/{name}", post(seed))
        .route("/one-change-at-a-time", post(one_change_at_a_time))
        .route("/reset", post(reset))
        .fallback(async || ApiError::for_status(404))
        .layer(middleware::from_fn(check))
        .with_state(clouds)
}

fn clouds(clouds: &Weak<Accounts>) -> Result<Arc<Accounts>, ApiError> {
    clouds.upgrade().ok_or_else(|| ApiError::for_status(503))
}

fn name(query: &BTreeMap<String, String>) -> &str {
    query.get("account").map_or("default", String::as_str)
}

fn account(weak: &Weak<Accounts>, query: &BTreeMap<String, String>) -> Result<Account, ApiError> {
    let name = name(query);
    clouds(weak)?
        .existing(name)
        .ok_or_else(|| ApiError::no_such("account", name))
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

async fn accounts(State(weak): Clouds) -> Answer {
    let clouds = clouds(&weak)?;
    let accounts = clouds
        .names()
        .into_iter()
        .filter_map(|name| clouds.existing(&name));
    let accounts: Vec<Value> = accounts
        .map(|it| json!({"name": it.name(), "token": it.token()}))
        .collect();
    Ok(Json(accounts).into_response())
}

async fn add_account(State(weak): Clouds, Query(query): Parameters) -> Answer {
    let account = clouds(&weak)?.account(name(&query));
    let body = json!({"name": account.name(), "token": account.token()});
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn close_account(State(weak): Clouds, Query(query): Parameters) -> Answer {
    clouds(&weak)?.close(name(&query));
    Ok(done())
}

async fn inventory(State(weak): Clouds, Query(query): Parameters) -> Answer {
    Ok(Json(account(&weak, &query)?.inventory()).into_response())
}

async fn requests(State(weak): Clouds, Query(query): Parameters) -> Answer {
    Ok(Json(account(&weak, &query)?.request_log()).into_response())
}

async fn clear_requests(State(weak): Clouds, Query(query): Parameters) -> Answer {
    account(&weak, &query)?.clear_request_log();
    Ok(done())
}

async fn faults(State(weak): Clouds, Query(query): Parameters) -> Answer {
    let (plan, hits) = account(&weak, &query)?.faults();
    Ok(Json(json!({"faults": plan, "hits": hits})).into_response())
}

async fn set_faults(State(weak): Clouds, Query(query): Parameters, body: Bytes) -> Answer {
    let plan: FaultPlan = parse(&body)?;
    account(&weak, &query)?.set_faults(plan);
    Ok(done())
}

async fn clear_faults(State(weak): Clouds, Query(query): Parameters) -> Answer {
    account(&weak, &query)?.clear_faults();
    Ok(done())
}

async fn commands(State(weak): Clouds, Path(server): Path<String>, Query(query): Parameters) -> Answer {
    Ok(Json(account(&weak, &query)?.guest(&server)?.commands()).into_response())
}

async fn act(
    State(weak): Clouds,
    Path((server, action)): Path<(String, String)>,
    Query(query): Parameters,
) -> Answer {
    let account = account(&weak, &query)?;
    match action.as_str() {
        "delete" => account.delete_server(&server)?,
        "power-off" => account.power_off(&server)?,
        "power-on" => account.power_on(&server)?,
        "readdress" => {
            let address = account.readdress(&server)?;
            return Ok(Json(json!({ "address": address })).into_response());
        }
        "freeze" => account.freeze_guest(&server)?,
        "thaw" => account.thaw_guest(&server)?,
        "ignore-acpi" => account.set_acpi(&server, Acpi::Ignores)?,
        "obey-acpi" => account.set_acpi(&server, Acpi::Obeys)?,
        "hold" => {
            let word = query.get("state").map_or("", String::as_str);
            let state = serde_json::from_value(json!(word));
            let state =
                state.map_err(|_| ApiError::field("state", format!("{word:?} is no state of a server")))?;
            account.hold_state(&server, state)?;
        }
        other => return Err(ApiError::no_such("action", other)),
    }
    Ok(done())
}

async fn seed(
    State(weak): Clouds,
    Path((kind, name)): Path<(String, String)>,
    Query(query): Parameters,
) -> Answer {
    let account = account(&weak, &query)?;
    let body = match kind.as_str() {
        "server" => json!(account.seed_server(&name)?),
        "key" => json!(account.seed_key(&name)?),
        other => return Err(ApiError::no_such("kind", other)),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

async fn one_change_at_a_time(State(weak): Clouds, Query(query): Parameters) -> Answer {
    let text = query.get("ms").map_or("", String::as_str);
    let each = text
        .parse()
        .map_err(|_| ApiError::field("ms", format!("{text:?} is no number of milliseconds")))?;
    account(&weak, &query)?.one_change_at_a_time(Duration::from_millis(each));
    Ok(done())
}

async fn reset(State(weak): Clouds, Query(query): Parameters) -> Answer {
    account(&weak, &query)?.reset();
    Ok(done())
}
