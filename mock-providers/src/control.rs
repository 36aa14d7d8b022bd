//! The control port of a provider: what tests in Rust can do with its accounts, for other processes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
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

use crate::{
    faults::FaultPlan,
    guest::Guest,
    http::{bearer, is_same},
    inventory::Object,
    requests::Request as LoggedRequest,
};

/// The accounts of a provider.
pub(crate) trait Accounts: Send + Sync + 'static {
    /// An account.
    type Account: ControlledAccount;

    /// The account with a name, made when there is none.
    ///
    /// # Errors
    /// When it cannot be made.
    fn account(&self, name: &str) -> Result<Self::Account, ControlError>;

    /// The account with a name.
    fn existing(&self, name: &str) -> Option<Self::Account>;

    /// Names of all accounts.
    fn names(&self) -> Vec<String>;

    /// Ends an account.
    fn close(&self, name: &str);
}

/// What can be done with an account of any provider.
pub(crate) trait ControlledAccount: Send {
    /// Name and credentials.
    fn describe(&self) -> Value;

    /// All objects.
    fn inventory(&self) -> Vec<Object>;

    /// The request log.
    fn request_log(&self) -> Vec<LoggedRequest>;

    /// Empties the request log.
    fn clear_request_log(&self);

    /// Replaces the faults.
    fn set_faults(&self, plan: FaultPlan);

    /// The faults, and how often each has hit.
    fn faults(&self) -> (FaultPlan, Vec<u32>);

    /// The machine behind an instance.
    ///
    /// # Errors
    /// When there is none.
    fn guest(&self, instance: &str) -> Result<Guest, ControlError>;

    /// Does something to an instance behind the driver's back. `None` is "there is no such action".
    ///
    /// # Errors
    /// When there is no such instance, or it cannot be done.
    fn act(
        &self,
        instance: &str,
        action: &str,
        parameters: &Parameters,
    ) -> Result<Option<Done>, ControlError>;

    /// Makes an object that belongs to somebody else. `None` is "there is no such kind".
    ///
    /// # Errors
    /// When it cannot be made.
    fn seed(&self, kind: &str, name: &str) -> Result<Option<Value>, ControlError>;

    /// Changes how the provider treats the account, in a way that only this provider has. `None` is "there is no such
    /// setting".
    ///
    /// # Errors
    /// When the parameters are wrong.
    fn set(&self, setting: &str, parameters: &Parameters) -> Result<Option<Done>, ControlError> {
        let _ = (setting, parameters);
        Ok(None)
    }

    /// Removes everything.
    fn reset(&self);
}

/// Parameters of a request to the control port.
pub(crate) type Parameters = BTreeMap<String, String>;

/// What an action has to say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Done {
    /// Nothing.
    Silently,
    /// This.
    With(Value),
}

/// An error of the control port: `{"error": {"code": ..., "message": ...}}`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ControlError {
    status: u16,
    body: Value,
}

impl ControlError {
    /// An error with a body of the provider's.
    pub(crate) fn new(status: u16, body: Value) -> Self {
        Self { status, body }
    }

    /// An error with code and text.
    pub(crate) fn with_text(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, json!({"error": {"code": code, "message": message}}))
    }

    fn no_such(word: &str, name: &str) -> Self {
        Self::with_text(404, "not_found", &format!("there is no {word} {name:?}"))
    }
}

impl IntoResponse for ControlError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, Json(self.body)).into_response()
    }
}

type Answer = Result<Response, ControlError>;

/// The routes of the control port. `instances` is the provider's word for its instances in paths.
pub(crate) fn router<A: Accounts>(accounts: Weak<A>, token: String, instances: &str) -> Router {
    let token = Arc::new(token);
    let check = move |request: Request, next: Next| {
        let token = Arc::clone(&token);
        async move {
            match bearer(request.headers()).is_some_and(|given| is_same(given, &token)) {
                true => next.run(request).await,
                false => {
                    ControlError::with_text(401, "unauthorized", "the token is not known").into_response()
                }
            }
        }
    };
    Router::new()
        .route("/accounts", get(list::<A>).post(add::<A>).delete(close::<A>))
        .route("/inventory", get(inventory::<A>))
        .route("/requests", get(requests::<A>).delete(clear_requests::<A>))
        .route("/faults", get(faults::<A>).post(set_faults::<A>).delete(clear_faults::<A>))
        .route(&format!("/{instances}/{{instance}}/commands"), get(commands::<A>))
        .route(&format!("/{instances}/{{instance}}/{{action}}"), post(act::<A>))
        .route("/seed/{kind}/{name}", post(seed::<A>))
        .route("/reset", post(reset::<A>))
        .route("/{setting}", post(set::<A>))
        .fallback(async || ControlError::with_text(404, "not_found", "there is no such path"))
        .layer(middleware::from_fn(check))
        .with_state(accounts)
}

fn upgrade<A>(accounts: &Weak<A>) -> Result<Arc<A>, ControlError> {
    let ended = || ControlError::with_text(503, "unavailable", "the provider has ended");
    accounts.upgrade().ok_or_else(ended)
}

fn name(parameters: &Parameters) -> &str {
    parameters.get("account").map_or("default", String::as_str)
}

fn account<A: Accounts>(accounts: &Weak<A>, parameters: &Parameters) -> Result<A::Account, ControlError> {
    let name = name(parameters);
    upgrade(accounts)?.existing(name).ok_or_else(|| ControlError::no_such("account", name))
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

async fn list<A: Accounts>(State(accounts): State<Weak<A>>) -> Answer {
    let accounts = upgrade(&accounts)?;
    let names = accounts.names().into_iter();
    let described: Vec<Value> = names.filter_map(|name| Some(accounts.existing(&name)?.describe())).collect();
    Ok(Json(described).into_response())
}

async fn add<A: Accounts>(State(accounts): State<Weak<A>>, Query(parameters): Query<Parameters>) -> Answer {
    let account = upgrade(&accounts)?.account(name(&parameters))?;
    Ok((StatusCode::CREATED, Json(account.describe())).into_response())
}

async fn close<A: Accounts>(State(accounts): State<Weak<A>>, Query(parameters): Query<Parameters>) -> Answer {
    upgrade(&accounts)?.close(name(&parameters));
    Ok(done())
}

async fn inventory<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    Ok(Json(account(&accounts, &parameters)?.inventory()).into_response())
}

async fn requests<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    Ok(Json(account(&accounts, &parameters)?.request_log()).into_response())
}

async fn clear_requests<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    account(&accounts, &parameters)?.clear_request_log();
    Ok(done())
}

async fn faults<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    let (plan, hits) = account(&accounts, &parameters)?.faults();
    Ok(Json(json!({"faults": plan, "hits": hits})).into_response())
}

async fn set_faults<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Query(parameters): Query<Parameters>,
    body: Bytes,
) -> Answer {
    let plan: FaultPlan = serde_json::from_slice(&body).map_err(|error| {
        let message = format!("the body cannot be read: {error}");
        ControlError::with_text(400, "bad_request", &message)
    })?;
    account(&accounts, &parameters)?.set_faults(plan);
    Ok(done())
}

async fn clear_faults<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    account(&accounts, &parameters)?.set_faults(FaultPlan::default());
    Ok(done())
}

async fn commands<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Path(instance): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    let guest = account(&accounts, &parameters)?.guest(&instance)?;
    Ok(Json(guest.commands()).into_response())
}

async fn act<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Path((instance, action)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    let outcome = account(&accounts, &parameters)?.act(&instance, &action, &parameters)?;
    outcome.map_or_else(|| Err(ControlError::no_such("action", &action)), answered)
}

async fn set<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Path(setting): Path<String>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    let outcome = account(&accounts, &parameters)?.set(&setting, &parameters)?;
    outcome.map_or_else(|| Err(ControlError::no_such("setting", &setting)), answered)
}

fn answered(outcome: Done) -> Answer {
    Ok(match outcome {
        Done::Silently => done(),
        Done::With(value) => Json(value).into_response(),
    })
}

async fn seed<A: Accounts>(
    State(accounts): State<Weak<A>>,
    Path((kind, object)): Path<(String, String)>,
    Query(parameters): Query<Parameters>,
) -> Answer {
    match account(&accounts, &parameters)?.seed(&kind, &object)? {
        None => Err(ControlError::no_such("kind", &kind)),
        Some(value) => Ok((StatusCode::CREATED, Json(value)).into_response()),
    }
}

async fn reset<A: Accounts>(State(accounts): State<Weak<A>>, Query(parameters): Query<Parameters>) -> Answer {
    account(&accounts, &parameters)?.reset();
    Ok(done())
}
