//! The Docker engine of a guest: started with the options and certificates that a provisioner wrote, and
//! answering the few requests that hosts make to see whether it is up.

mod api;
mod certificates;
mod config;
mod tls;

use std::sync::Arc;

use axum::Router;
use futures_util::future::BoxFuture;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use self::config::EngineConfig;
use super::{
    GuestOs,
    gate::GatedStream,
    open_socket::Serve,
    shell::{parse, split_words},
    system::SystemState,
};

/// Version of the engine and of its API.
pub(crate) fn versions(os: GuestOs) -> (&'static str, &'static str) {
    match os {
        GuestOs::Boot2Docker => ("19.03.12", "1.40"),
        GuestOs::Ubuntu | GuestOs::Debian => ("27.3.1", "1.47"),
    }
}

/// Program name of its listeners.
const PROGRAM: &str = "dockerd";

/// A running engine.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) config: EngineConfig,
}

/// Starts the engine with a command line such as `/usr/bin/dockerd -H tcp://0.0.0.0:2376 --tlsverify ..`.
///
/// # Errors
/// What the daemon would write to its log.
pub(crate) fn start(state: &mut SystemState, command: &str) -> Result<(), String> {
    let words = split_words(command).map_err(|error| error.to_string())?;
    let (program, arguments) = words.split_first().ok_or("no command to start")?;
    if !state.disk.exists(&super::disk::absolute("/", program)) {
        return Err(format!("exec: {program}: no such file or directory"));
    }
    let config = EngineConfig::new(arguments, &state.disk)?;
    let acceptor = match config.tls {
        Some(ref files) => Some(tls::acceptor(files, config.verify_clients, &state.disk)?),
        None => None,
    };
    let router = api::router(state, &config);
    let serve: Serve = Arc::new(move |stream| serve(stream, acceptor.clone(), router.clone()));
    for port in &config.ports {
        if let Err(error) = state.listen(*port, PROGRAM, Arc::clone(&serve)) {
            state.close(PROGRAM);
            return Err(format!("failed to load listeners: listen tcp 0.0.0.0:{port}: bind: {error}"));
        }
    }
    state.disk.install("/run/docker.sock", "root", 0o660, Some(b""));
    state.disk.install("/run/docker.pid", "root", 0o644, Some(b"850\n"));
    state.disk.install("/etc/docker/key.json", "root", 0o600, Some(b"{}"));
    if let Some(boot) = &mut state.boot {
        boot.engine = Some(Engine { config });
    }
    Ok(())
}

/// Stops the engine.
pub(crate) fn stop(state: &mut SystemState) {
    state.close(PROGRAM);
    for path in ["/run/docker.sock", "/run/docker.pid"] {
        // Missing is what is wanted.
        let _ = state.disk.remove(path, false, "root");
    }
    if let Some(boot) = &mut state.boot {
        boot.engine = None;
    }
}

/// Starts the engine of a Boot2Docker guest as its init script does, from the file `profile`.
///
/// # Errors
/// As [`start`].
pub(crate) fn start_boot2docker(state: &mut SystemState) -> Result<(), String> {
    const DIRECTORY: &str = "/var/lib/boot2docker";
    let profile = state.disk.text(&format!("{DIRECTORY}/profile")).unwrap_or_default();
    let settings = config::settings(&parse(&profile, 0).map_err(|error| format!("profile: {error}"))?);
    let setting = |name: &str, default: &str| match settings.get(name) {
        Some(value) if !value.is_empty() => value.clone(),
        _ => default.to_owned(),
    };
    let mut command = format!("/usr/bin/dockerd {}", setting("EXTRA_ARGS", ""));
    if setting("DOCKER_TLS", "auto") == "no" {
        command += &format!(" {}", setting("DOCKER_HOST", "-H tcp://0.0.0.0:2375"));
    } else {
        if !settings.contains_key("SERVERCERT") {
            certificates::generate(&mut state.disk, &format!("{DIRECTORY}/tls"))?;
        }
        command += &format!(" {} --tlsverify", setting("DOCKER_HOST", "-H tcp://0.0.0.0:2376"));
        for (flag, name, file) in [
            ("--tlscacert", "CACERT", "ca.pem"),
            ("--tlscert", "SERVERCERT", "server.pem"),
            ("--tlskey", "SERVERKEY", "serverkey.pem"),
        ] {
            let path = setting(name, &format!("{DIRECTORY}/tls/{file}"));
            command += &format!(" {flag}={path}");
        }
    }
    let result = start(state, &command.replace('\n', " "));
    if let (Err(reason), Some(boot)) = (&result, &mut state.boot) {
        boot.journal.push(format!("dockerd: {reason}"));
    }
    result
}

fn serve(stream: GatedStream, acceptor: Option<TlsAcceptor>, router: Router) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        match acceptor {
            None => answer(stream, router).await,
            Some(acceptor) => {
                // A refused handshake is the client's to report.
                if let Ok(stream) = acceptor.accept(stream).await {
                    answer(stream, router).await;
                }
            }
        }
    })
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router) {
    let service = TowerToHyperService::new(router);
    // Broken connections are the client's to report.
    let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}
