//! One account of the cloud: what its token reaches, and what tests may do to it behind the driver's back.

use std::{
    sync::{Arc, Weak},
    time::{Duration, Instant, SystemTime},
};

use axum::response::Response;
use serde_json::Value;
use tokio::{sync::Notify, task::AbortHandle};

use super::{
    api::{Contents, Order},
    error::ApiError,
    guests::Guests,
    ids::Ids,
    options::ServerOptions,
    route,
    state::Cloud,
};
use crate::{
    faults::{Call, FaultKind, Injector},
    http::Reply,
    locked::Locked,
    requests::{Request, RequestLog, text},
};

/// An account. Clones are handles of the same one; it lives as long as its cloud, or until
/// [`Server::close_account`](super::Server::close_account).
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) tenant: Arc<Tenant>,
}

/// What belongs to one token.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) token: String,
    pub(super) contents: Locked<Contents>,
    pub(super) injector: Locked<Injector>,
    pub(super) log: RequestLog,
    epoch: Instant,
    pub(super) turn: Locked<Turn>,
    changed: Arc<Notify>,
    timer: Locked<Option<AbortHandle>>,
}

/// One change at a time: how long each keeps the account busy, and until when it is.
#[derive(Debug, Default)]
pub(super) struct Turn {
    each: Duration,
    /// `None` until somebody asks for a change.
    until: Option<Duration>,
}

impl Turn {
    /// The account becomes busy with somebody else's change when the first one is asked for: then that one is refused,
    /// however far apart the callers are.
    pub(super) fn new(each: Duration) -> Self {
        Self { each, until: None }
    }

    /// Whether a change may be carried out now; then the account is busy with it.
    fn take(&mut self, now: Duration) -> bool {
        let free = now >= *self.until.get_or_insert(now + self.each);
        if free {
            self.until = Some(now + self.each);
        }
        free
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.lock().take() {
            timer.abort();
        }
    }
}

/// A request as it came in.
pub(super) struct Incoming {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) user_agent: String,
    pub(super) body: Vec<u8>,
}

impl Incoming {
    /// The entry of the request log, before there is an answer.
    pub(super) fn request(&self, operation: &str, mutating: bool, body: &str) -> Request {
        Request {
            at: SystemTime::now(),
            started: Instant::now(),
            took: Duration::ZERO,
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            operation: operation.to_owned(),
            mutating,
            body: body.to_owned(),
            user_agent: self.user_agent.clone(),
            status: None,
            answer: String::new(),
            faults: Vec::new(),
        }
    }
}

impl Tenant {
    pub(super) fn new(name: &str, token: String, options: ServerOptions, ids: Ids) -> Arc<Self> {
        let cloud = Cloud::new(ids, options.times, options.new_address_at_start);
        let tenant = Arc::new(Self {
            name: name.to_owned(),
            token,
            contents: Locked::new(Contents::new(cloud, Guests::new(options))),
            injector: Locked::default(),
            log: RequestLog::default(),
            epoch: Instant::now(),
            turn: Locked::default(),
            changed: Arc::default(),
            timer: Locked::default(),
        });
        let timer = tokio::spawn(keep_time(Arc::downgrade(&tenant)));
        *tenant.timer.lock() = Some(timer.abort_handle());
        tenant
    }

    pub(super) fn now(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// The moment of a time of the account.
    pub(super) fn moment(&self, time: Duration) -> Instant {
        self.epoch + time
    }

    /// Lets the timer look again when the next change is.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Answers a request of this account's token.
    pub(super) async fn answer(&self, incoming: Incoming) -> Response {
        let route = route::route(&incoming.method, &incoming.path);
        let operation = route.as_ref().map_or("", |route| route.operation(&incoming.body));
        let mutating = route.as_ref().is_ok_and(route::Route::is_mutating);
        let body = text(&incoming.body);
        let mut request = incoming.request(operation, mutating, &body);
        let call = Call { operation, method: &incoming.method, path: &incoming.path, mutating, body: &body };
        let faults = self.injector.lock().decide(&call);
        request.faults = faults.iter().map(|fault| fault.word().to_owned()).collect();
        let entry = self.log.begin(request);
        let answer = match faults.iter().find(|fault| !fault.acts()) {
            Some(_) => Err(ApiError::for_status(500)),
            None if mutating && !self.turn.lock().take(self.now()) => Err(ApiError::for_status(423)),
            None => route.and_then(|route| {
                let order = Order {
                    route: &route,
                    query: &incoming.query,
                    body: &incoming.body,
                    faults: &faults,
                    now: self.now(),
                };
                self.contents.lock().carry_out(&order)
            }),
        };
        self.wake();
        let mut reply = reply(answer);
        for fault in &faults {
            if let FaultKind::Delay { ms } = fault {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
            }
            reply = after(fault, reply);
        }
        self.log.end(entry, reply.status_seen(), &reply.body);
        reply.into_response("application/json")
    }
}

/// Lets changes happen when they are due, also while nobody asks.
async fn keep_time(tenant: Weak<Tenant>) {
    loop {
        let Some(strong) = tenant.upgrade() else { return };
        let next = {
            let mut contents = strong.contents.lock();
            contents.advance(strong.now());
            contents.cloud.next_change()
        };
        let changed = Arc::clone(&strong.changed);
        let pause = next.map(|next| next.saturating_sub(strong.now()));
        // Not held while waiting: the account may be dropped meanwhile, which ends this task.
        drop(strong);
        match pause {
            Some(pause) => drop(tokio::time::timeout(pause, changed.notified()).await),
            None => changed.notified().await,
        }
    }
}

fn reply(answer: Result<(u16, Option<Value>), ApiError>) -> Reply {
    match answer {
        Ok((status, body)) => {
            let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
            Reply::new(status, body)
        }
        Err(error) => failed(&error),
    }
}

fn failed(error: &ApiError) -> Reply {
    let mut reply = Reply::new(error.status, error.body().to_string());
    reply.retry_after = error.retry_after;
    reply
}

/// The answer after a fault.
fn after(fault: &FaultKind, mut reply: Reply) -> Reply {
    match fault {
        FaultKind::HttpError { status, code, message, .. } => {
            let mut error = ApiError::for_status(*status);
            if let Some(code) = code {
                error.code.clone_from(code);
            }
            if let Some(message) = message {
                error.message.clone_from(message);
            }
            failed(&error)
        }
        FaultKind::Throttle { retry_after } => {
            failed(&ApiError { retry_after: *retry_after, ..ApiError::for_status(429) })
        }
        FaultKind::NotFound => failed(&ApiError::for_status(404)),
        FaultKind::Unauthorized => failed(&ApiError::for_status(401)),
        fault => {
            reply.spoil(fault);
            reply
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_take_turns_and_the_first_turn_is_somebody_elses() {
        let second = Duration::from_secs;
        let mut turn = Turn::new(second(10));
        let taken: Vec<bool> = [100, 109, 110, 111, 119, 120].map(|at| turn.take(second(at))).to_vec();
        assert_eq!(taken, [false, false, true, false, false, true]);
        let mut none = Turn::default();
        assert!(none.take(second(1)) && none.take(second(1)), "nobody waits");
    }
}
