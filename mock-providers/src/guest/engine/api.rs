//! The engine's HTTP API, as far as hosts use it to see whether it is up.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{config::EngineConfig, versions};
use crate::guest::system::SystemState;

/// What the answers are made of.
struct Facts {
    version: &'static str,
    api_version: &'static str,
    name: String,
    system: &'static str,
    kernel: &'static str,
    labels: Vec<String>,
    storage_driver: String,
}

/// The API of an engine that starts now.
pub(super) fn router(state: &SystemState, config: &EngineConfig) -> Router {
    let (version, api_version) = versions(state.os);
    let facts = Facts {
        version,
        api_version,
        name: state.host_name.clone(),
        system: state.os.pretty_name(),
        kernel: state.os.kernel(),
        labels: config.labels.clone(),
        storage_driver: config.storage_driver.clone().unwrap_or_else(|| "overlay2".into()),
    };
    Router::new().fallback(answer).with_state(Arc::new(facts))
}

async fn answer(State(facts): State<Arc<Facts>>, uri: Uri) -> Response {
    let path = uri.path();
    // `/v1.41/info` is `/info`.
    let versioned = path.strip_prefix("/v").and_then(|rest| rest.split_once('/'));
    let path = match versioned {
        Some((number, rest)) if number.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => path.trim_start_matches('/'),
    };
    let body = match path {
        "_ping" => {
            return ([("api-version", facts.api_version), ("docker-experimental", "false")], "OK")
                .into_response();
        }
        "version" => facts.version(),
        "info" => facts.info(),
        "containers/json" | "images/json" | "networks" => json!([]),
        _ => return (StatusCode::NOT_FOUND, Json(json!({"message": "page not found"}))).into_response(),
    };
    ([("api-version", facts.api_version)], Json(body)).into_response()
}

impl Facts {
    fn version(&self) -> Value {
        json!({
            "Platform": {"Name": "Docker Engine - Community"},
            "Components": [{"Name": "Engine", "Version": self.version, "Details": {"ApiVersion": self.api_version}}],
            "Version": self.version,
            "ApiVersion": self.api_version,
            "MinAPIVersion": "1.24",
            "GitCommit": "0000000",
            "GoVersion": "go1.22.7",
            "Os": "linux",
            "Arch": "amd64",
            "KernelVersion": self.kernel,
            "BuildTime": "2024-09-20T11:41:11.000000000+00:00",
        })
    }

    fn info(&self) -> Value {
        json!({
            "ID": "5ba7f3f0-0000-4000-8000-000000000000",
            "Name": self.name,
            "Containers": 0,
            "ContainersRunning": 0,
            "ContainersPaused": 0,
            "ContainersStopped": 0,
            "Images": 0,
            "Driver": self.storage_driver,
            "Labels": self.labels,
            "ServerVersion": self.version,
            "OperatingSystem": self.system,
            "OSType": "linux",
            "Architecture": "x86_64",
            "KernelVersion": self.kernel,
            "NCPU": 1,
            "MemTotal": 1_073_741_824_u64,
            "DockerRootDir": "/var/lib/docker",
            "Swarm": {"NodeID": "", "LocalNodeState": "inactive"},
            "Warnings": null,
        })
    }
}
