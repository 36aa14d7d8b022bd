//! What the defective template drivers make of their provider's answers.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use machine_driver::BoxFuture;

use super::Defect;
use crate::relay::{Answers, Provider, Request, refused, replaced, status};

/// Repetitions of a driver that repeats without a pause, and the time that one takes at least.
const TIGHT_LOOP: (usize, Duration) = (1000, Duration::from_millis(5));

/// What the driver is doing, as far as the defects depend on it.
#[derive(Clone, Debug, Default)]
pub(super) struct Phase {
    /// The running method.
    method: &'static str,
    /// Id of the machine's key.
    key_id: String,
    /// Whether the order of the server failed.
    order_failed: bool,
    /// The answer to everything, once the driver has given up.
    given_up: Option<Vec<u8>>,
}

impl Phase {
    pub(super) fn new(method: &'static str, key_id: String) -> Self {
        Self { method, key_id, ..Self::default() }
    }
}

/// The answers of the provider as a defect needs them.
#[derive(Debug)]
pub(super) struct Twisted {
    defect: Defect,
    phase: Mutex<Phase>,
}

impl Answers for Twisted {
    fn answer<'a>(&'a self, request: Request, provider: &'a Provider) -> BoxFuture<'a, Vec<u8>> {
        Box::pin(self.twist(request, provider))
    }
}

impl Twisted {
    pub(super) fn new(defect: Defect) -> Self {
        Self { defect, phase: Mutex::default() }
    }

    /// Says what the driver begins to do.
    pub(super) fn begin(&self, phase: Phase) {
        *self.phase() = phase;
    }

    fn phase(&self) -> std::sync::MutexGuard<'_, Phase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the driver makes of the provider's answer.
    async fn twist(&self, request: Request, provider: &Provider) -> Vec<u8> {
        match self.defect {
            Defect::ThrottledCallIsNotRepeated => {
                let answer = provider.send(&request).await;
                if status(&answer) == 429 { refused(&answer) } else { answer }
            }
            Defect::FailedReadIsNotRepeated => {
                let answer = provider.send(&request).await;
                if request.method == "GET" && status(&answer) >= 500 { refused(&answer) } else { answer }
            }
            Defect::RepeatsInATightLoop => {
                let (times, pause) = TIGHT_LOOP;
                let mut answer = provider.send(&request).await;
                for _ in 0..times {
                    if status(&answer) != 429 {
                        break;
                    }
                    tokio::time::sleep(pause).await;
                    answer = provider.send(&request).await;
                }
                answer
            }
            Defect::LostOrderIsPlacedAnew => {
                let answer = provider.send(&request).await;
                if request.is("POST", "/v1/servers") && answer.is_empty() {
                    return provider.send(&renamed(request)).await;
                }
                answer
            }
            Defect::FailedCreateKeepsItsKey => self.keep_the_key(request, provider).await,
            Defect::RemoveStopsAtTheFirstError => self.delete_the_key_first(request, provider).await,
            Defect::OnlyTheFirstPageIsRead
                if request.is("GET", "/v1/") && request.target.contains("name=") =>
            {
                let all = Request {
                    target: request.target.split('?').next().unwrap_or_default().to_owned(),
                    ..request
                };
                as_last_page(&provider.send(&all).await)
            }
            Defect::OnlyTheFirstOffersAreRead if request.is("GET", "/v1/images") => {
                as_last_page(&provider.send(&request).await)
            }
            Defect::FirewallIsForgotten
                if request.is("GET", "/v1/firewalls") && self.phase().method == "Remove" =>
            {
                replaced(&provider.send(&request).await, "machine-", "nothing-")
            }
            Defect::LateObjectFailsCreate if request.method == "GET" && self.phase().method == "Create" => {
                let answer = provider.send(&request).await;
                if status(&answer) == 404 { refused(&answer) } else { answer }
            }
            _ => provider.send(&request).await,
        }
    }

    /// A roll-back that forgets the key, and a Remove that does not look for one.
    async fn keep_the_key(&self, request: Request, provider: &Provider) -> Vec<u8> {
        let phase = self.phase().clone();
        if request.is("DELETE", "/v1/keys/") && phase.method == "Create" && phase.order_failed {
            return b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n".to_vec();
        }
        let answer = provider.send(&request).await;
        if request.is("POST", "/v1/servers") {
            self.phase().order_failed = !(200..300).contains(&status(&answer));
        }
        if request.is("GET", "/v1/keys?") && phase.method == "Remove" {
            // Nothing in the list has the name that is looked for.
            return replaced(&answer, "machine-", "nothing-");
        }
        answer
    }

    /// A Remove that begins with the key, and ends if that fails.
    async fn delete_the_key_first(&self, request: Request, provider: &Provider) -> Vec<u8> {
        let phase = self.phase().clone();
        if let Some(answer) = phase.given_up {
            return answer;
        }
        if request.is("DELETE", "/v1/servers/") && phase.method == "Remove" && !phase.key_id.is_empty() {
            let key = Request { target: format!("/v1/keys/{}", phase.key_id), ..request.clone() };
            let answer = provider.send(&key).await;
            if status(&answer) >= 500 {
                self.phase().given_up = Some(answer.clone());
                return answer;
            }
        }
        provider.send(&request).await
    }
}

/// The order of a server under another name, as if it were the first one.
fn renamed(request: Request) -> Request {
    let mut order: serde_json::Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let name = order["name"].as_str().unwrap_or_default().to_owned();
    order["name"] = format!("{name}-anew").into();
    order["idempotency_key"] = format!("{name}-anew").into();
    Request { body: order.to_string().into_bytes(), ..request }
}

/// The answer without the number of the next page: the field has another name of the same length.
fn as_last_page(answer: &[u8]) -> Vec<u8> {
    replaced(answer, "\"next_page\"", "\"next_pagE\"")
}
