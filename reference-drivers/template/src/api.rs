use machine_driver::Result;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    http::{Http, Repeat, Request},
    server::{Object, Offer, Server},
};

/// Pages of one list; a provider that always has a next one must not keep the driver for ever.
const MOST_PAGES: u32 = 1000;

/// The provider's calls.
#[derive(Debug)]
pub(crate) struct Api(pub(crate) Http);

/// What a server can be asked to do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Start,
    /// Asks the guest.
    Shutdown,
    /// Does not ask the guest.
    PowerOff,
    /// Asks the guest.
    Reboot,
}

impl Action {
    fn word(self) -> (&'static str, &'static str) {
        match self {
            Self::Start => ("start", "start"),
            Self::Shutdown => ("shutdown", "shut down"),
            Self::PowerOff => ("power_off", "power off"),
            Self::Reboot => ("reboot", "reboot"),
        }
    }
}

impl Api {
    /// One object by its id; `None` if there is none.
    pub(crate) async fn object<T: Object>(&self, id: &str) -> Result<Option<T>> {
        let request = Request {
            purpose: format!("look up the {} {id}", T::WORD),
            method: Method::GET,
            path: path(&[T::COLLECTION, id]),
            query: Vec::new(),
            body: None,
            repeat: Repeat::Always,
        };
        let Some(answer) = self.0.send(&request).await? else {
            return Ok(None);
        };
        serde_json::from_slice(&answer).map(Some).map_err(|error| request.not_understood(&error))
    }

    /// All objects with a name, on all pages (FAULT-012).
    pub(crate) async fn named<T: Object>(&self, name: &str) -> Result<Vec<T>> {
        let purpose = format!("look for a {} named {name}", T::WORD);
        let mut found: Vec<T> = self.list(T::COLLECTION, purpose, vec![("name", name.to_owned())]).await?;
        // What is found may be deleted, so the provider's filter is not trusted.
        found.retain(|object| object.name() == name);
        Ok(found)
    }

    /// Everything that an option may name: `regions`, `images` or `sizes`.
    pub(crate) async fn offers(&self, collection: &'static str) -> Result<Vec<Offer>> {
        self.list(collection, format!("list the {collection}"), Vec::new()).await
    }

    /// Makes an object. A body with an idempotency key is sent again when the answer is lost.
    pub(crate) async fn create<T: Object>(&self, name: &str, body: Value) -> Result<T> {
        let idempotent = body.get("idempotency_key").is_some();
        let request = Request {
            purpose: format!("create the {} {name}", T::WORD),
            method: Method::POST,
            path: path(&[T::COLLECTION]),
            query: Vec::new(),
            body: Some(body),
            repeat: if idempotent { Repeat::Unanswered } else { Repeat::Never },
        };
        let answer = self.0.send(&request).await?.ok_or_else(|| request.not_there())?;
        serde_json::from_slice(&answer).map_err(|error| request.not_understood(&error))
    }

    /// Deletes an object; one that does not exist is deleted.
    pub(crate) async fn delete<T: Object>(&self, id: &str) -> Result<()> {
        let request = Request {
            purpose: format!("delete the {} {id}", T::WORD),
            method: Method::DELETE,
            path: path(&[T::COLLECTION, id]),
            query: Vec::new(),
            body: None,
            repeat: Repeat::Never,
        };
        self.0.send(&request).await.map(drop)
    }

    /// Asks for an action on a server; returns when the provider has accepted it, not when it is done. `None`: there
    /// is no such server.
    pub(crate) async fn act(&self, id: &str, action: Action) -> Result<Option<()>> {
        let (word, words) = action.word();
        let request = Request {
            purpose: format!("{words} the server {id}"),
            method: Method::POST,
            path: path(&[Server::COLLECTION, id, "actions"]),
            query: Vec::new(),
            body: Some(json!({ "type": word })),
            repeat: Repeat::Never,
        };
        Ok(self.0.send(&request).await?.map(drop))
    }

    async fn list<T: for<'de> Deserialize<'de>>(
        &self,
        collection: &'static str,
        purpose: String,
        query: Vec<(&'static str, String)>,
    ) -> Result<Vec<T>> {
        let mut request = Request {
            purpose,
            method: Method::GET,
            path: path(&[collection]),
            query,
            body: None,
            repeat: Repeat::Always,
        };
        let mut found = Vec::new();
        let mut page = Some(1);
        while let Some(number) = page.filter(|number| *number <= MOST_PAGES) {
            request.query.retain(|(name, _)| *name != "page");
            request.query.push(("page", number.to_string()));
            let answer = self.0.send(&request).await?.ok_or_else(|| request.not_there())?;
            let (objects, next) =
                read_page(&answer, collection).map_err(|error| request.not_understood(&error))?;
            found.extend(objects);
            page = next.filter(|next| *next > number);
        }
        Ok(found)
    }
}

/// The objects on a page, and the number of the next one.
fn read_page<T: for<'de> Deserialize<'de>>(
    answer: &[u8],
    collection: &str,
) -> serde_json::Result<(Vec<T>, Option<u32>)> {
    let mut page: serde_json::Map<String, Value> = serde_json::from_slice(answer)?;
    let objects = serde_json::from_value(page.remove(collection).unwrap_or_default())?;
    let next = serde_json::from_value(page.remove("next_page").unwrap_or_default())?;
    Ok((objects, next))
}

fn path(segments: &[&str]) -> Vec<String> {
    std::iter::once("v1").chain(segments.iter().copied()).map(str::to_owned).collect()
}

#[cfg(test)]
#[path = "tests/api.rs"]
mod tests;
