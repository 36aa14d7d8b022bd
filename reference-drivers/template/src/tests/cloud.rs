//! A provider in memory for the driver's unit tests: keeps objects, refuses what it is told to, has no guests.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

/// One refusal: method, first segments of the path, status; used once per request that matches.
type Refusal = (&'static str, &'static str, u16);

/// The provider's objects by collection, and what it is about to do.
#[derive(Default)]
pub(crate) struct Cloud {
    pub(crate) objects: Vec<(&'static str, Value)>,
    /// Requests to refuse instead of serving them.
    pub(crate) refusals: Vec<Refusal>,
    /// Requests to serve, and then answer with a failure as if the answer had been lost.
    pub(crate) losses: Vec<Refusal>,
    /// State that servers are in once they are made or asked for an action.
    pub(crate) next_state: &'static str,
    last_id: u32,
}

/// The running provider.
pub(crate) struct TestCloud {
    server: MockServer,
    cloud: Arc<Mutex<Cloud>>,
}

impl TestCloud {
    pub(crate) async fn start() -> Self {
        let cloud = Arc::new(Mutex::new(Cloud { next_state: "provisioning", ..Cloud::default() }));
        let server = MockServer::start().await;
        Mock::given(matchers::any()).respond_with(Responder(Arc::clone(&cloud))).mount(&server).await;
        Self { server, cloud }
    }

    pub(crate) fn endpoint(&self) -> String {
        self.server.uri()
    }

    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut Cloud) -> T) -> T {
        change(&mut self.cloud.lock().unwrap())
    }

    /// Ids of all objects, in the order in which they were made.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.with(|cloud| cloud.objects.iter().map(|(_, object)| text(object, "id").to_owned()).collect())
    }

    /// Methods and paths of all requests that change something.
    pub(crate) async fn changes(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        let changes = requests.iter().filter(|request| request.method.as_str() != "GET");
        changes.map(|request| format!("{} {}", request.method, request.url.path())).collect()
    }
}

struct Responder(Arc<Mutex<Cloud>>);

impl Respond for Responder {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut cloud = self.0.lock().unwrap();
        if let Some(status) = hit(&mut cloud.refusals, request) {
            return problem(status);
        }
        let answer = cloud.serve(request);
        hit(&mut cloud.losses, request).map_or(answer, problem)
    }
}

fn hit(refusals: &mut Vec<Refusal>, request: &Request) -> Option<u16> {
    let matches = |(method, path, _): &Refusal| {
        request.method.as_str() == *method && request.url.path().starts_with(&format!("/v1/{path}"))
    };
    let index = refusals.iter().position(matches)?;
    Some(refusals.remove(index).2)
}

impl Cloud {
    /// Adds an object as if somebody else had made it.
    pub(crate) fn add(&mut self, collection: &'static str, mut object: Value) -> String {
        self.last_id += 1;
        let id = format!("{collection}-{}", self.last_id);
        object["id"] = id.as_str().into();
        if collection == "servers" && object["state"].is_null() {
            object["state"] = self.next_state.into();
        }
        self.objects.push((collection, object));
        id
    }

    fn serve(&mut self, request: &Request) -> ResponseTemplate {
        let path: Vec<_> = request.url.path().split('/').skip(2).collect();
        let known = ["keys", "servers", "firewalls", "regions", "images", "sizes"];
        let Some(collection) = known.into_iter().find(|known| *known == path[0]) else {
            return problem(404);
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        match (request.method.as_str(), path.get(1)) {
            ("GET", None) => {
                let name = request.url.query_pairs().find(|(key, _)| key == "name");
                let named =
                    |object: &Value| name.as_ref().is_none_or(|(_, name)| text(object, "name") == name);
                let all = self.objects.iter().filter(|(kind, object)| *kind == collection && named(object));
                let all: Vec<_> = all.map(|(_, object)| object).collect();
                ResponseTemplate::new(200).set_body_json(json!({ collection: all, "next_page": null }))
            }
            ("POST", None) => {
                let id = self.add(collection, body);
                self.one(&id)
            }
            ("POST", Some(id)) => {
                let state = self.next_state;
                match self.objects.iter_mut().find(|(_, object)| text(object, "id") == *id) {
                    Some((_, server)) => {
                        server["state"] = state.into();
                        ResponseTemplate::new(202)
                    }
                    None => problem(404),
                }
            }
            ("DELETE", Some(id)) => {
                let answer = self.one(id);
                self.objects.retain(|(_, object)| text(object, "id") != *id);
                answer
            }
            (_, Some(id)) => self.one(id),
            _ => problem(405),
        }
    }

    fn one(&self, id: &str) -> ResponseTemplate {
        match self.objects.iter().find(|(_, object)| text(object, "id") == id) {
            Some((_, object)) => ResponseTemplate::new(200).set_body_json(object),
            None => problem(404),
        }
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object[key].as_str().unwrap_or_default()
}

fn problem(status: u16) -> ResponseTemplate {
    let code = if status == 404 { "not_found" } else { "planted" };
    let message = format!("reason of the {status}");
    ResponseTemplate::new(status).set_body_json(json!({ "error": { "code": code, "message": message } }))
}
