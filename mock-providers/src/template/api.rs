//! Carrying out requests on an account.

use std::{collections::BTreeMap, time::Duration};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    catalog,
    error::ApiError,
    guests::Guests,
    history::History,
    route::{Kind, Route, action},
    state::{Cloud, Result, StartFaults},
};
use crate::faults::FaultKind;

/// What an account has: the cloud's state, the machines, and what is hidden for a while.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) cloud: Cloud,
    pub(super) guests: Guests,
    pub(super) history: History,
    hidden: BTreeMap<String, Hidden>,
}

/// An object that readers do not see yet.
#[derive(Clone, Copy, Debug)]
struct Hidden {
    reads: u32,
    until: Duration,
}

/// A request after routing.
pub(super) struct Order<'a> {
    pub(super) route: &'a Route,
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
    pub(super) faults: &'a [FaultKind],
    pub(super) now: Duration,
}

/// Longest page.
const MAX_PAGE: usize = 100;
/// Length of a page when nothing is said.
const PAGE: usize = 50;

/// Reads a JSON body.
///
/// # Errors
/// 400 when it is not JSON or of another shape; 422 when a field is missing.
pub(super) fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let missing = text.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        match missing {
            Some(field) => ApiError::field(field, format!("{field} is missing")),
            None => ApiError::new(400, "bad_request", format!("the body cannot be read: {text}")),
        }
    })
}

impl Contents {
    pub(super) fn new(cloud: Cloud, guests: Guests) -> Self {
        Self { cloud, guests, history: History::default(), hidden: BTreeMap::new() }
    }

    pub(super) fn advance(&mut self, now: Duration) {
        // What was changed behind the driver's back comes before what follows from it.
        self.history.note(&self.cloud, now);
        self.cloud.advance(now, &mut self.guests);
        self.history.note(&self.cloud, now);
    }

    /// Carries out a request: status and body of the answer.
    pub(super) fn carry_out(&mut self, order: &Order<'_>) -> Result<(u16, Option<Value>)> {
        self.advance(order.now);
        let answer = self.answer(order);
        self.history.note(&self.cloud, order.now);
        answer
    }

    fn answer(&mut self, order: &Order<'_>) -> Result<(u16, Option<Value>)> {
        match order.route {
            Route::Catalog(name) => self.page(order, name, catalog::list(name, &self.cloud.own_images)),
            Route::List(kind) => {
                let objects = self.list(*kind, order)?;
                self.page(order, kind.collection(), objects)
            }
            Route::Get(kind, id) => {
                self.require_visible(*kind, id, order.now)?;
                let stale = order.faults.contains(&FaultKind::Stale);
                let object =
                    self.object(*kind, id, stale).ok_or_else(|| ApiError::no_such(kind.word(), id))?;
                Ok((200, Some(object)))
            }
            Route::Create(kind) => self.create(*kind, order),
            Route::Delete(kind, id) => {
                self.require_visible(*kind, id, order.now)?;
                match kind {
                    Kind::Key => self.cloud.delete_key(id)?,
                    Kind::Server => self.cloud.delete_server(id, order.now, &mut self.guests)?,
                    Kind::Firewall => self.cloud.delete_firewall(id, &mut self.guests)?,
                }
                Ok((204, None))
            }
            Route::Act(id) => {
                let action = action(order.body)?;
                self.require_visible(Kind::Server, id, order.now)?;
                let faults = start_faults(order.faults);
                let server = self.cloud.act(id, action, faults, order.now, &mut self.guests)?;
                Ok((202, Some(json!(server))))
            }
        }
    }

    fn create(&mut self, kind: Kind, order: &Order<'_>) -> Result<(u16, Option<Value>)> {
        let object = match kind {
            Kind::Key => json!(self.cloud.create_key(parse(order.body)?)?),
            Kind::Server => {
                let new: super::NewServer = parse(order.body)?;
                if self.is_hidden(&new.key_id, order.now) {
                    return Err(ApiError::field("key_id", format!("there is no key {:?}", new.key_id)));
                }
                let faults = start_faults(order.faults);
                json!(self.cloud.create_server(&new, faults, order.now, &mut self.guests)?)
            }
            Kind::Firewall => {
                let new: super::NewFirewall = parse(order.body)?;
                if self.is_hidden(&new.server_id, order.now) {
                    return Err(ApiError::field(
                        "server_id",
                        format!("there is no server {:?}", new.server_id),
                    ));
                }
                json!(self.cloud.create_firewall(new, &mut self.guests)?)
            }
        };
        let lag = order.faults.iter().find_map(|kind| match kind {
            FaultKind::Lag { reads, ms } => Some((*reads, Duration::from_millis(*ms))),
            _ => None,
        });
        if let (Some((reads, time)), Some(id)) = (lag, object["id"].as_str()) {
            self.hidden.insert(id.to_owned(), Hidden { reads, until: order.now.saturating_add(time) });
        }
        Ok((201, Some(object)))
    }

    fn list(&mut self, kind: Kind, order: &Order<'_>) -> Result<Vec<Value>> {
        if order.faults.contains(&FaultKind::EmptyList) {
            return Ok(Vec::new());
        }
        let query = query(order.query)?;
        let stale = order.faults.contains(&FaultKind::Stale);
        let ids: Vec<String> = match kind {
            Kind::Key => self.cloud.keys.iter().map(|key| key.id.clone()).collect(),
            Kind::Server => self.cloud.servers.iter().map(|record| record.server.id.clone()).collect(),
            Kind::Firewall => self.cloud.firewalls.iter().map(|firewall| firewall.id.clone()).collect(),
        };
        let mut objects = Vec::new();
        for id in ids {
            let Some(object) = self.object(kind, &id, stale) else {
                continue;
            };
            let fits =
                |field: &str| query.get(field).is_none_or(|wanted| object[field].as_str() == Some(wanted));
            if fits("name")
                && (kind != Kind::Firewall || fits("server_id"))
                && !self.is_hidden(&id, order.now)
            {
                objects.push(object);
            }
        }
        Ok(objects)
    }

    fn page(&self, order: &Order<'_>, name: &str, objects: Vec<Value>) -> Result<(u16, Option<Value>)> {
        let query = query(order.query)?;
        let number = |field: &str, default: usize, highest: usize| match query.get(field) {
            None => Ok(default),
            Some(text) => match text.parse::<usize>() {
                Ok(number) if (1..=highest).contains(&number) => Ok(number),
                _ => Err(ApiError::field(field, format!("{field} must be a number from 1 to {highest}"))),
            },
        };
        let page = number("page", 1, 1_000_000)?;
        let per_page = number("per_page", PAGE, MAX_PAGE)?;
        let total = objects.len();
        let next_page = (page * per_page < total).then_some(page + 1);
        let objects: Vec<Value> = objects.into_iter().skip((page - 1) * per_page).take(per_page).collect();
        let body = json!({
            name: objects, "page": page, "per_page": per_page, "total": total, "next_page": next_page,
        });
        Ok((200, Some(body)))
    }

    fn object(&self, kind: Kind, id: &str, stale: bool) -> Option<Value> {
        match kind {
            Kind::Key => self.cloud.keys.iter().find(|key| key.id == id).map(|key| json!(key)),
            Kind::Firewall => {
                self.cloud.firewalls.iter().find(|firewall| firewall.id == id).map(|it| json!(it))
            }
            Kind::Server => {
                let record = self.cloud.servers.iter().find(|record| record.server.id == id)?;
                let before = record.before.as_ref().filter(|_| stale);
                Some(json!(before.unwrap_or(&record.server)))
            }
        }
    }

    fn require_visible(&mut self, kind: Kind, id: &str, now: Duration) -> Result<()> {
        if self.is_hidden(id, now) { Err(ApiError::no_such(kind.word(), id)) } else { Ok(()) }
    }

    /// Whether an object is not shown yet. Asking is an attempt to see it.
    fn is_hidden(&mut self, id: &str, now: Duration) -> bool {
        let Some(hidden) = self.hidden.get_mut(id) else {
            return false;
        };
        if hidden.reads == 0 && now >= hidden.until {
            self.hidden.remove(id);
            return false;
        }
        hidden.reads = hidden.reads.saturating_sub(1);
        true
    }
}

fn start_faults(kinds: &[FaultKind]) -> StartFaults {
    let mut faults = StartFaults::default();
    for kind in kinds {
        match kind {
            FaultKind::NeverReady => faults.never_ready = true,
            FaultKind::NoAddress => faults.no_address = true,
            FaultKind::BootError { message } => {
                let reason = message.clone().unwrap_or_else(|| "the host of the server failed".to_owned());
                faults.error = Some(reason);
            }
            FaultKind::Guest { fault } => {
                faults.guest.insert(*fault);
            }
            _ => {}
        }
    }
    faults
}

/// Parameters of a query.
///
/// # Errors
/// 422 when one is given twice: which of them counts would be a guess.
fn query(text: &str) -> Result<BTreeMap<String, String>> {
    let mut parameters = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name);
        if parameters.insert(name.clone(), decode(value)).is_some() {
            return Err(ApiError::field(&name, format!("{name} is given more than once")));
        }
    }
    Ok(parameters)
}

/// Percent and plus decoding; what is malformed stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        let hex = (byte == b'%').then(|| text.get(index + 1..index + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(value) => {
                decoded.push(value);
                index += 3;
            }
            None => {
                decoded.push(if byte == b'+' { b' ' } else { byte });
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let query = query("name=a%20b+c&page=2&bad=%zz&é=%C3%A9&flag").unwrap();
        assert_eq!(query["name"], "a b c");
        assert_eq!(query["bad"], "%zz");
        assert_eq!(query["é"], "é");
        assert_eq!(query["flag"], "");
        let twice = super::query("page=1&name=a&page=2").unwrap_err();
        assert_eq!(twice.status, 422);
    }
}
