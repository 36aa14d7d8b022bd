use machine_driver::Result;
use machine_driver_http::{Http, Repeat, Request};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::server::{Object, Offer, Server};

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
        let purpose = format!("look up the {} {id}", T::WORD);
        self.0.json(&Request::get(purpose, &["v1", T::COLLECTION, id])).await
    }

    /// All objects with a name, on all pages (FAULT-012).
    pub(crate) async fn named<T: Object>(&self, name: &str) -> Result<Vec<T>> {
        let purpose = format!("look for a {} named {name}", T::WORD);
        let mut found: Vec<T> = self.list(T::COLLECTION, purpose, Some(name)).await?;
        // What is found may be deleted, so the provider's filter is not trusted.
        found.retain(|object| object.name() == name);
        Ok(found)
    }

    /// Everything that an option may name: `regions`, `images` or `sizes`.
    pub(crate) async fn offers(&self, collection: &'static str) -> Result<Vec<Offer>> {
        self.list(collection, format!("list the {collection}"), None).await
    }

    /// Makes an object. A body with an idempotency key is sent again when the answer is lost.
    pub(crate) async fn create<T: Object>(&self, name: &str, body: Value) -> Result<T> {
        let idempotent = body.get("idempotency_key").is_some();
        let request = Request::post(format!("create the {} {name}", T::WORD), &["v1", T::COLLECTION], body);
        let repeat = if idempotent { Repeat::Unanswered } else { Repeat::Never };
        self.0.expected_json(&request.repeat(repeat)).await
    }

    /// Deletes an object; one that does not exist is deleted.
    pub(crate) async fn delete<T: Object>(&self, id: &str) -> Result<()> {
        let purpose = format!("delete the {} {id}", T::WORD);
        self.0.send(&Request::delete(purpose, &["v1", T::COLLECTION, id])).await.map(drop)
    }

    /// Asks for an action on a server; returns when the provider has accepted it, not when it is done. `None`: there
    /// is no such server.
    pub(crate) async fn act(&self, id: &str, action: Action) -> Result<Option<()>> {
        let (word, words) = action.word();
        let path = ["v1", Server::COLLECTION, id, "actions"];
        let request = Request::post(format!("{words} the server {id}"), &path, json!({ "type": word }));
        Ok(self.0.send(&request).await?.map(drop))
    }

    async fn list<T: DeserializeOwned>(
        &self,
        collection: &'static str,
        purpose: String,
        name: Option<&str>,
    ) -> Result<Vec<T>> {
        let mut request = Request::get(purpose, &["v1", collection]);
        if let Some(name) = name {
            request = request.query("name", name);
        }
        let mut found = Vec::new();
        let mut page = Some(1);
        while let Some(number) = page.filter(|number| *number <= MOST_PAGES) {
            request = request.query("page", number.to_string());
            let answer = self.0.expected_json(&request).await?;
            let (objects, next) =
                read_page::<T>(answer, collection).map_err(|error| request.not_understood(&error))?;
            found.extend(objects);
            page = next.filter(|next| *next > number);
        }
        Ok(found)
    }
}

/// The objects on a page, and the number of the next one.
fn read_page<T: DeserializeOwned>(
    mut page: Map<String, Value>,
    collection: &str,
) -> serde_json::Result<(Vec<T>, Option<u32>)> {
    let objects = serde_json::from_value(page.remove(collection).unwrap_or_default())?;
    let next = serde_json::from_value(page.remove("next_page").unwrap_or_default())?;
    Ok((objects, next))
}

#[cfg(test)]
#[path = "tests/api.rs"]
mod tests;
