//! One account: what its access key reaches, in all regions, and how a request becomes an answer.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use axum::{body::Bytes, response::Response};
use tokio::{sync::Notify, task::AbortHandle};

use super::{
    answer::{self, Answer},
    api::{self, Contents},
    clock::Clock,
    error::Ec2Error,
    guests::{GuestSettings, Guests},
    key_material,
    options::{Credentials, ServerOptions},
    query::Query,
    state::{Ids, Lag, Region, RegionSettings},
};
use crate::{
    faults::{Call, FaultKind, Injector},
    locked::Locked,
    requests::{Request, RequestLog, text},
};

/// An account. Clones are handles of the same one; it lives as long as its server, or until
/// [`Server::close_account`](super::Server::close_account).
#[derive(Clone, Debug)]
pub struct Account {
    pub(super) tenant: Arc<Tenant>,
}

/// What belongs to one access key.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) name: String,
    /// Number of the account, twelve digits.
    pub(super) number: String,
    pub(super) credentials: Credentials,
    pub(super) injector: Locked<Injector>,
    pub(super) log: RequestLog,
    regions: Locked<BTreeMap<String, Arc<RegionOfTenant>>>,
    guest_settings: Arc<GuestSettings>,
    options: Arc<ServerOptions>,
    /// These two are for regions that are not used yet; the others have their own.
    pub(super) has_ipv6: AtomicBool,
    pub(super) reachable_private_addresses: AtomicBool,
    ids: Ids,
    clock: Clock,
}

/// A region of an account, with the timer that lets things happen in it.
#[derive(Debug)]
pub(super) struct RegionOfTenant {
    pub(super) contents: Locked<Contents>,
    /// When the timer looks again, in milliseconds; read and written by whoever holds the contents.
    planned: AtomicU64,
    changed: Arc<Notify>,
    timer: Locked<Option<AbortHandle>>,
}

impl Drop for RegionOfTenant {
    fn drop(&mut self) {
        if let Some(timer) = self.timer.lock().take() {
            timer.abort();
        }
    }
}

/// What accounts are made with.
#[derive(Clone, Debug)]
pub(super) struct TenantSettings {
    pub(super) options: Arc<ServerOptions>,
    pub(super) guests: Arc<GuestSettings>,
    pub(super) ids: Ids,
    pub(super) clock: Clock,
}

/// A request whose signature is right.
pub(super) struct Incoming {
    pub(super) method: String,
    pub(super) path: String,
    /// Query without signature and session token.
    pub(super) query: String,
    pub(super) user_agent: String,
    /// Parameters of query and body.
    pub(super) parameters: String,
    /// Region of the credential scope.
    pub(super) region: String,
}

impl Incoming {
    /// The entry of the request log, before there is an answer.
    pub(super) fn request(&self, operation: &str, mutating: bool) -> Request {
        Request {
            at: SystemTime::now(),
            started: Instant::now(),
            took: Duration::ZERO,
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            operation: operation.to_owned(),
            mutating,
            body: text(self.parameters.as_bytes()),
            user_agent: self.user_agent.clone(),
            status: None,
            answer: String::new(),
            faults: Vec::new(),
        }
    }
}

impl Tenant {
    pub(super) fn new(
        name: &str,
        number: String,
        credentials: Credentials,
        settings: TenantSettings,
    ) -> Self {
        Self {
            name: name.to_owned(),
            number,
            credentials,
            injector: Locked::default(),
            log: RequestLog::default(),
            regions: Locked::default(),
            guest_settings: settings.guests,
            has_ipv6: AtomicBool::new(settings.options.ipv6),
            reachable_private_addresses: AtomicBool::new(settings.options.reachable_private_addresses),
            options: settings.options,
            ids: settings.ids,
            clock: settings.clock,
        }
    }

    pub(super) fn now(&self) -> super::state::Moment {
        self.clock.now()
    }

    /// A moment on the monotonic clock.
    pub(super) fn moment(&self, moment: super::state::Moment) -> Instant {
        self.clock.moment(moment)
    }

    /// All regions in which something was asked for.
    pub(super) fn regions(&self) -> Vec<Arc<RegionOfTenant>> {
        self.regions.lock().values().cloned().collect()
    }

    /// The region with a name; made when it is asked for the first time. Names that AWS does not have are regions too,
    /// as in clouds that speak EC2's language.
    ///
    /// # Errors
    /// `AuthFailure` for a text that cannot be a name, as for a region that an account has not opted in to.
    pub(super) fn region(&self, name: &str) -> Result<Arc<RegionOfTenant>, Ec2Error> {
        let mut regions = self.regions.lock();
        if let Some(region) = regions.get(name) {
            return Ok(Arc::clone(region));
        }
        if !is_region_name(name) {
            return Err(Ec2Error::auth_failure());
        }
        let region = self.new_region(name);
        regions.insert(name.to_owned(), Arc::clone(&region));
        Ok(region)
    }

    fn new_region(&self, name: &str) -> Arc<RegionOfTenant> {
        let (reads, time) = self.options.lag;
        let settings = RegionSettings {
            name: name.to_owned(),
            account: self.number.clone(),
            times: self.options.times,
            lag: Lag { reads, time },
            ipv6: self.has_ipv6.load(Ordering::Relaxed),
            reachable_private_addresses: self.reachable_private_addresses.load(Ordering::Relaxed),
            profiles: self.options.instance_profiles.clone(),
            instance_limit: self.options.instance_limit,
        };
        let changed = Arc::<Notify>::default();
        let region = Arc::new(RegionOfTenant {
            contents: Locked::new(Contents {
                region: Region::new(settings, self.ids.clone()),
                guests: Guests::new(Arc::clone(&self.guest_settings), Arc::clone(&changed)),
            }),
            planned: AtomicU64::new(u64::MAX),
            changed,
            timer: Locked::default(),
        });
        let timer = tokio::spawn(keep_time(Arc::downgrade(&region), self.clock));
        *region.timer.lock() = Some(timer.abort_handle());
        region
    }

    /// Answers a request of this account.
    pub(super) async fn answer(&self, incoming: Incoming, request_id: String) -> Response {
        let query = Query::parse(&incoming.parameters);
        // An RSA key takes a tenth of a second: not on a thread that serves others, and not while the region is locked.
        let wanted_key = query.as_ref().ok().and_then(|query| api::wanted_key(&query.parameters()));
        let generated_key = match wanted_key {
            Some(key_type) => tokio::task::spawn_blocking(move || key_material::generate(key_type))
                .await
                .ok()
                .and_then(Result::ok),
            None => None,
        };
        let (faults, entry, answer) = {
            let parameters = query.as_ref().map(Query::parameters).map_err(Clone::clone);
            let operation = parameters.clone().and_then(|parameters| api::find(&parameters));
            let action = match (&operation, &parameters) {
                (Ok(operation), _) => operation.action,
                (Err(_), Ok(parameters)) => parameters.text("Action").unwrap_or_default(),
                (Err(_), Err(_)) => "",
            };
            let mutating = operation.as_ref().is_ok_and(|operation| operation.effect == api::Effect::Changes);
            let mut request = incoming.request(action, mutating);
            let call = Call {
                operation: action,
                method: &incoming.method,
                path: &incoming.path,
                mutating,
                body: &incoming.parameters,
            };
            let faults = self.injector.lock().decide(&call);
            request.faults = faults.iter().map(|fault| fault.word().to_owned()).collect();
            let entry = self.log.begin(request);
            let answer = match (faults.iter().find(|fault| !fault.acts()), parameters, operation) {
                (Some(fault), parameters, operation) => {
                    let not_found = operation.ok().zip(parameters.ok());
                    let not_found = not_found.map(|(operation, parameters)| operation.not_found(&parameters));
                    Err(answer::error_of(fault, not_found).unwrap_or_else(Ec2Error::internal))
                }
                (None, Ok(parameters), Ok(operation)) => {
                    let request = api::Request {
                        operation,
                        parameters,
                        faults: &faults,
                        request_id: &request_id,
                        now: self.now(),
                        generated_key: generated_key.as_ref(),
                    };
                    self.carry_out(&incoming.region, &request)
                }
                (None, Err(error), _) | (None, _, Err(error)) => Err(error),
            };
            (faults, entry, answer)
        };
        let mut reply = Answer::new(answer, request_id);
        for fault in &faults {
            if let FaultKind::Delay { ms } = fault {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
            }
            reply.apply(fault);
        }
        self.log.end(entry, reply.status_seen(), reply.body());
        reply.into_response()
    }

    fn carry_out(&self, region: &str, request: &api::Request<'_>) -> Result<Bytes, Ec2Error> {
        let region = self.region(region)?;
        let mut contents = region.contents.lock();
        let answer = contents.carry_out(request);
        // Most requests change nothing about when something happens next; waking the timer costs more than they do.
        let next = contents.region.next_change();
        if next.is_some_and(|next| next.0 < region.planned.load(Ordering::Relaxed)) {
            region.changed.notify_one();
        }
        answer
    }
}

/// Whether a text can be the name of a region, for example `us-east-1`.
fn is_region_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}

impl RegionOfTenant {
    /// Lets the timer look again when the next change is.
    pub(super) fn wake(&self) {
        self.changed.notify_one();
    }
}

/// Lets changes happen when they are due, also while nobody asks.
async fn keep_time(region: Weak<RegionOfTenant>, clock: Clock) {
    loop {
        let Some(strong) = region.upgrade() else { return };
        let next = {
            let mut contents = strong.contents.lock();
            contents.advance(clock.now());
            let next = contents.region.next_change();
            strong.planned.store(next.map_or(u64::MAX, |next| next.0), Ordering::Relaxed);
            next
        };
        let changed = Arc::clone(&strong.changed);
        let pause = next.map(|next| next.since(clock.now()));
        // Not held while waiting: the account may be dropped meanwhile, which ends this task.
        drop(strong);
        match pause {
            Some(pause) => drop(tokio::time::timeout(pause, changed.notified()).await),
            None => changed.notified().await,
        }
    }
}
