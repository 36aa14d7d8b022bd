//! Options of the engine, from its command line and `/etc/docker/daemon.json`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::guest::{
    disk::Disk,
    shell::{CommandKind, Part, Script, Word},
};

/// What the engine was told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EngineConfig {
    /// TCP ports on all interfaces.
    pub(crate) ports: Vec<u16>,
    /// Certificate files, when TLS is on.
    pub(super) tls: Option<TlsFiles>,
    pub(super) verify_clients: bool,
    pub(super) labels: Vec<String>,
    pub(super) storage_driver: Option<String>,
}

/// Paths of the files in PEM form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TlsFiles {
    pub(super) authority: String,
    pub(super) certificate: String,
    pub(super) key: String,
}

const CONFIGURATION: &str = "/etc/docker/daemon.json";

impl EngineConfig {
    /// Reads the arguments of `dockerd`.
    ///
    /// # Errors
    /// What the daemon would write to its log.
    pub(super) fn new(arguments: &[String], disk: &Disk) -> Result<Self, String> {
        let mut config = Self::default();
        let mut files = TlsFiles {
            authority: "/root/.docker/ca.pem".into(),
            certificate: "/root/.docker/cert.pem".into(),
            key: "/root/.docker/key.pem".into(),
        };
        let (mut tls, mut hosts) = (false, Vec::new());
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            let (flag, inline) = match argument.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let on = inline.as_deref().is_none_or(|value| value == "true" || value == "1");
            let mut value = || inline.clone().or_else(|| rest.next().cloned()).unwrap_or_default();
            match flag {
                "-H" | "--host" => hosts.push(value()),
                "--tls" => tls = on,
                "--tlsverify" => {
                    tls |= on;
                    config.verify_clients = on;
                }
                "--tlscacert" => files.authority = value(),
                "--tlscert" => files.certificate = value(),
                "--tlskey" => files.key = value(),
                "--label" => config.labels.push(value()),
                "--storage-driver" | "-s" => config.storage_driver = Some(value()),
                _ => {}
            }
        }
        if let Some(text) = disk.text(CONFIGURATION) {
            let json: Value = serde_json::from_str(&text).map_err(|error| {
                format!("unable to configure the Docker daemon with file {CONFIGURATION}: {error}")
            })?;
            if let Some(more) = json.get("hosts").and_then(Value::as_array) {
                if !hosts.is_empty() {
                    return Err(format!(
                        "unable to configure the Docker daemon with file {CONFIGURATION}: the following directives \
                         are specified both as a flag and in the configuration file: hosts"
                    ));
                }
                hosts.extend(more.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            let on = |name: &str| json.get(name).and_then(Value::as_bool).unwrap_or(false);
            config.verify_clients |= on("tlsverify");
            tls |= on("tls") || on("tlsverify");
            for (name, path) in [
                ("tlscacert", &mut files.authority),
                ("tlscert", &mut files.certificate),
                ("tlskey", &mut files.key),
            ] {
                if let Some(value) = json.get(name).and_then(Value::as_str) {
                    value.clone_into(path);
                }
            }
        }
        for host in hosts {
            let Some(address) = host.strip_prefix("tcp://") else {
                continue;
            };
            let (name, port) =
                address.rsplit_once(':').unwrap_or((address, if tls { "2376" } else { "2375" }));
            let port = port.parse().map_err(|_| format!("invalid bind address ({host}): invalid port"))?;
            // What listens on the loopback interface of the guest cannot be reached from outside.
            if !matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
                config.ports.push(port);
            }
        }
        config.tls = tls.then_some(files);
        Ok(config)
    }
}

/// Variables that a file of assignments sets; for `profile` of Boot2Docker.
pub(super) fn settings(script: &Script) -> BTreeMap<String, String> {
    let text = |word: &Word| -> String {
        let texts = word.0.iter().filter_map(|part| match part {
            Part::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    };
    let pipelines = script.0.iter().flat_map(|statement| &statement.chain);
    let commands = pipelines.flat_map(|(_, pipeline)| &pipeline.commands);
    let assignments = commands.filter_map(|command| match &command.kind {
        CommandKind::Simple { assignments, words } if words.is_empty() => Some(assignments),
        _ => None,
    });
    assignments.flatten().map(|(name, value)| (name.clone(), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(line: &str, json: Option<&str>) -> Result<EngineConfig, String> {
        let mut disk = Disk::default();
        if let Some(json) = json {
            disk.install(CONFIGURATION, "root", 0o644, Some(json.as_bytes()));
        }
        let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        EngineConfig::new(&arguments, &disk)
    }

    #[test]
    fn both_spellings_of_flags_are_read() {
        let spaced =
            "-H tcp://0.0.0.0:22376 -H unix:///x --tlsverify --tlscacert /a --tlscert /b --tlskey /c";
        let joined = "--host=tcp://0.0.0.0:22376 --tlsverify=true --tlscacert=/a --tlscert=/b --tlskey=/c";
        let config = config(spaced, None).unwrap();
        assert_eq!(config, tests::config(joined, None).unwrap());
        assert_eq!(config.ports, [22376]);
        assert!(config.verify_clients);
        assert_eq!(config.tls.unwrap().key, "/c");
    }

    #[test]
    fn plain_and_local_sockets() {
        assert_eq!(config("-H tcp://0.0.0.0", None).unwrap().ports, [2375]);
        assert!(config("-H tcp://127.0.0.1:2375 -H fd://", None).unwrap().ports.is_empty());
        assert!(config("-H tcp://0.0.0.0:nonsense", None).is_err());
    }

    #[test]
    fn the_configuration_file_is_merged() {
        let json = r#"{"hosts": ["tcp://0.0.0.0:2376"], "tlsverify": true, "tlscert": "/b"}"#;
        let merged = config("", Some(json)).unwrap();
        assert_eq!(merged.ports, [2376]);
        assert_eq!(merged.tls.unwrap().certificate, "/b");
        assert!(config("-H fd://", Some(json)).unwrap_err().contains("both as a flag"));
        assert!(config("", Some("{")).is_err());
    }
}
