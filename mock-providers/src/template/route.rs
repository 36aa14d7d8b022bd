//! Method and path to operation.

use serde::Deserialize;

use super::{error::ApiError, model::Action};

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Create(Kind),
    Get(Kind, String),
    List(Kind),
    Delete(Kind, String),
    Act(String),
    Catalog(&'static str),
}

/// Kinds of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Key,
    Server,
    Firewall,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Server => "server",
            Self::Firewall => "firewall",
        }
    }

    pub(super) fn collection(self) -> &'static str {
        match self {
            Self::Key => "keys",
            Self::Server => "servers",
            Self::Firewall => "firewalls",
        }
    }
}

/// Finds the route.
///
/// # Errors
/// 404 for an unknown path, 405 for a method that the path does not have.
pub(super) fn route(method: &str, path: &str) -> Result<Route, ApiError> {
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let no_path = || ApiError::new(404, "not_found", format!("there is no path {path}"));
    let ["v1", collection, rest @ ..] = segments.as_slice() else {
        return Err(no_path());
    };
    let catalog = ["regions", "images", "sizes"].into_iter().find(|name| name == collection);
    let kind =
        [Kind::Key, Kind::Server, Kind::Firewall].into_iter().find(|kind| kind.collection() == *collection);
    match (kind, catalog, rest, method) {
        (_, Some(catalog), [], "GET") => Ok(Route::Catalog(catalog)),
        (Some(kind), _, [], "GET") => Ok(Route::List(kind)),
        (Some(kind), _, [], "POST") => Ok(Route::Create(kind)),
        (Some(kind), _, [id], "GET") => Ok(Route::Get(kind, (*id).to_owned())),
        (Some(kind), _, [id], "DELETE") => Ok(Route::Delete(kind, (*id).to_owned())),
        (Some(Kind::Server), _, [id, "actions"], "POST") => Ok(Route::Act((*id).to_owned())),
        (_, Some(_), [], _) | (Some(_), _, [] | [_], _) | (Some(Kind::Server), _, [_, "actions"], _) => {
            Err(ApiError::for_status(405))
        }
        _ => Err(no_path()),
    }
}

impl Route {
    /// Name of the operation in logs and fault plans.
    pub(super) fn operation(&self, body: &[u8]) -> &'static str {
        use Kind::{Firewall, Key, Server};
        match self {
            Self::Create(Key) => "CreateKey",
            Self::Create(Server) => "CreateServer",
            Self::Create(Firewall) => "CreateFirewall",
            Self::Get(Key, _) => "GetKey",
            Self::Get(Server, _) => "GetServer",
            Self::Get(Firewall, _) => "GetFirewall",
            Self::List(Key) => "ListKeys",
            Self::List(Server) => "ListServers",
            Self::List(Firewall) => "ListFirewalls",
            Self::Delete(Key, _) => "DeleteKey",
            Self::Delete(Server, _) => "DeleteServer",
            Self::Delete(Firewall, _) => "DeleteFirewall",
            Self::Act(_) => action(body).map_or("ActOnServer", Action::operation),
            Self::Catalog("regions") => "ListRegions",
            Self::Catalog("images") => "ListImages",
            Self::Catalog(_) => "ListSizes",
        }
    }

    /// Whether it changes something.
    pub(super) fn is_mutating(&self) -> bool {
        matches!(self, Self::Create(_) | Self::Delete(..) | Self::Act(_))
    }
}

/// The action in the body of a request.
///
/// # Errors
/// 400 when the body has another shape, 422 for an unknown action.
pub(super) fn action(body: &[u8]) -> Result<Action, ApiError> {
    #[derive(Deserialize)]
    struct Body {
        r#type: String,
    }
    let Body { r#type: word } = super::api::parse(body)?;
    serde_json::from_value(serde_json::Value::String(word.clone()))
        .map_err(|_| ApiError::field("type", format!("type {word:?} is no action")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_methods_lead_to_operations() {
        let operation = |method: &str, path: &str| {
            let body = br#"{"type": "power_off"}"#;
            route(method, path).map(|route| route.operation(body)).map_err(|error| error.status)
        };
        assert_eq!(operation("POST", "/v1/servers"), Ok("CreateServer"));
        assert_eq!(operation("GET", "/v1/keys/key-1"), Ok("GetKey"));
        assert_eq!(operation("POST", "/v1/servers/srv-1/actions"), Ok("PowerOffServer"));
        assert_eq!(operation("GET", "/v1/sizes"), Ok("ListSizes"));
        assert_eq!(operation("PUT", "/v1/servers"), Err(405));
        assert_eq!(operation("DELETE", "/v1/servers"), Err(405));
        assert_eq!(operation("POST", "/v1/regions"), Err(405));
        assert_eq!(operation("GET", "/v2/servers"), Err(404));
        assert_eq!(operation("GET", "/v1/regions/eu-1"), Err(404));
        assert_eq!(operation("GET", "/"), Err(404));
    }
}
