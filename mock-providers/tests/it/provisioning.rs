//! What hosts run to provision a machine, replayed; afterwards the engine must answer with the certificates that
//! were written.

use std::sync::Arc;

use machine_mock_providers::guest::{Guest, GuestOs, PowerState};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde::Deserialize;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
    },
};

use crate::ssh_client::{Session, booted, new_key, options, reached};

const ENGINE_PORT: u16 = 22376;

#[derive(Deserialize)]
struct Recording {
    host: String,
    os: GuestOs,
    commands: Vec<String>,
}

fn recordings() -> Vec<Recording> {
    serde_json::from_str(include_str!("../../fixtures/provisioning.json")).unwrap()
}

/// A certificate authority with a server and a client certificate, in PEM form.
struct Certificates {
    authority: String,
    server: String,
    server_key: String,
    client: String,
    client_key: String,
}

fn certificates(guest: &Guest) -> Certificates {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::from_params(&authority, &authority_key);
    let issue = |name: String, usage| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name]).unwrap();
        params.extended_key_usages = vec![usage];
        (params.signed_by(&key, &issuer).unwrap().pem(), key.serialize_pem())
    };
    let (server, server_key) = issue(guest.address().to_string(), ExtendedKeyUsagePurpose::ServerAuth);
    let (client, client_key) = issue("client".into(), ExtendedKeyUsagePurpose::ClientAuth);
    Certificates { authority: authority_pem, server, server_key, client, client_key }
}

/// Asks the engine; the error is that of the connection or of TLS.
async fn ask(
    guest: &Guest,
    port: u16,
    path: &str,
    certificates: &Certificates,
    authenticate: bool,
) -> Result<Value, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificates.authority.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match authenticate {
        true => {
            let chain = vec![CertificateDer::from_pem_slice(certificates.client.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(certificates.client_key.as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
        false => builder.with_no_client_auth(),
    };
    let text = |error: std::io::Error| error.to_string();
    let address = guest.address();
    let stream = TcpStream::connect((address, port)).await.map_err(text)?;
    let name = ServerName::IpAddress(std::net::IpAddr::V4(address).into());
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(text)?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: docker\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.map_err(text)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.map_err(text)?;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    Ok(serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())))
}

/// Runs the commands of a host on a machine; all must succeed and every program must exist.
async fn provision(
    guest: &Guest,
    recording: &Recording,
    certificates: &Certificates,
    key: &russh::keys::PrivateKey,
) {
    let session = Session::open(guest, recording.os.default_user(), key).await.unwrap();
    for command in &recording.commands {
        let command = command
            .replace("{CA}", &certificates.authority)
            .replace("{SERVER}", &certificates.server)
            .replace("{SERVER_KEY}", &certificates.server_key);
        let output = session.run(&command).await;
        let context = format!("{} on {:?}: {command}\n{}", recording.host, recording.os, output.stderr);
        assert_eq!(output.status, Some(0), "{context}");
    }
    session.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_hosts_provision_all_systems() {
    let recordings = recordings();
    assert_eq!(recordings.len(), 6, "two hosts on three systems");
    for recording in &recordings {
        let key = new_key();
        let guest = booted(options(recording.os, &key)).await;
        let certificates = certificates(&guest);
        provision(&guest, recording, &certificates, &key).await;

        let session = Session::open(&guest, recording.os.default_user(), &key).await.unwrap();
        let ports =
            session.run("if ! type netstat 1>/dev/null; then ss -tln; else netstat -tln; fi").await.text();
        assert!(ports.lines().any(|line| line.contains("LISTEN") && line.contains(":22376 ")), "{ports}");
        assert_eq!(session.run("hostname").await.text(), "h1\n");
        let directory = match recording.os {
            GuestOs::Boot2Docker => "/var/lib/boot2docker",
            _ => "/etc/docker",
        };
        for (name, contents) in [
            ("ca.pem", &certificates.authority),
            ("server.pem", &certificates.server),
            ("server-key.pem", &certificates.server_key),
        ] {
            assert_eq!(guest.file(&format!("{directory}/{name}")).unwrap(), contents.as_bytes(), "{name}");
        }

        let version = ask(&guest, ENGINE_PORT, "/version", &certificates, true).await.unwrap();
        assert!(version["ApiVersion"].is_string(), "{version}");
        let info = ask(&guest, ENGINE_PORT, "/v1.41/info", &certificates, true).await.unwrap();
        assert_eq!(info["Labels"], serde_json::json!(["provider=generic"]));
        assert_eq!(ask(&guest, ENGINE_PORT, "/_ping", &certificates, true).await.unwrap(), "OK");
        let containers = ask(&guest, ENGINE_PORT, "/containers/json", &certificates, true).await.unwrap();
        assert_eq!(containers, serde_json::json!([]));
        let refused = ask(&guest, ENGINE_PORT, "/version", &certificates, false).await;
        assert!(refused.is_err(), "{} answers a client without a certificate: {refused:?}", recording.host);

        // The engine comes back with the machine, under the name and with the certificates that were set.
        guest.reset();
        reached(&guest, PowerState::Running).await;
        ask(&guest, ENGINE_PORT, "/version", &certificates, true).await.unwrap();
        let session = Session::open(&guest, recording.os.default_user(), &key).await.unwrap();
        assert_eq!(session.run("hostname").await.text(), "h1\n");
        // Provisioning again, as `provision` and `regenerate-certs` do, with other certificates.
        let other = self::certificates(&guest);
        provision(&guest, recording, &other, &key).await;
        ask(&guest, ENGINE_PORT, "/version", &other, true).await.unwrap();
        assert!(ask(&guest, ENGINE_PORT, "/version", &certificates, true).await.is_err());

        let stop = match recording.os {
            GuestOs::Boot2Docker => "sudo /etc/init.d/docker stop",
            _ => "sudo systemctl -f stop docker",
        };
        assert_eq!(session.run(stop).await.status, Some(0));
        assert!(TcpStream::connect((guest.address(), ENGINE_PORT)).await.is_err());
        let strange: Vec<_> =
            guest.commands().into_iter().filter(|command| !command.not_found.is_empty()).collect();
        assert!(strange.is_empty() && guest.notes().is_empty(), "{strange:?} {:?}", guest.notes());
    }
}

#[tokio::test]
async fn an_engine_with_bad_certificates_does_not_start() {
    for os in [GuestOs::Ubuntu, GuestOs::Boot2Docker] {
        let key = new_key();
        let example = booted(options(os, &key)).await;
        let (good, other) = (certificates(&example), certificates(&example));
        for (what, server, server_key) in [
            ("no PEM", "nonsense", good.server_key.as_str()),
            ("another key", good.server.as_str(), other.server_key.as_str()),
            ("no key", good.server.as_str(), ""),
        ] {
            let guest = booted(options(os, &key)).await;
            let session = Session::open(&guest, os.default_user(), &key).await.unwrap();
            let recording =
                recordings().into_iter().find(|it| it.os == os && it.host == "docker-machine").unwrap();
            let mut failed = None;
            for command in recording.commands {
                let command = command
                    .replace("{CA}", &good.authority)
                    .replace("{SERVER}", server)
                    .replace("{SERVER_KEY}", server_key);
                let output = session.run(&command).await;
                if output.status != Some(0) {
                    failed = Some((command, output));
                    break;
                }
            }
            let (command, output) = failed.unwrap_or_else(|| panic!("{what} on {os:?} is accepted"));
            assert!(
                command.ends_with("start docker") || command.ends_with("docker start"),
                "{what}: {command}"
            );
            assert_eq!(output.status, Some(1), "{what}");
            let message =
                if os == GuestOs::Ubuntu { "Job for docker.service failed" } else { "X509 key pair" };
            assert!(output.stderr.contains(message), "{what}: {}", output.stderr);
            assert!(TcpStream::connect((guest.address(), ENGINE_PORT)).await.is_err());
            if os == GuestOs::Ubuntu {
                let log = session.run("sudo journalctl -u docker; systemctl is-active docker").await.text();
                assert!(log.contains("could not load X509 key pair") && log.ends_with("failed\n"), "{log}");
            }
        }
    }
}

#[tokio::test]
async fn a_plain_engine_answers_without_tls() {
    let key = new_key();
    let guest = booted(options(GuestOs::Debian, &key)).await;
    let session = Session::open(&guest, "debian", &key).await.unwrap();
    let setup = "sudo apt-get install -y docker.io && sudo mkdir -p /etc/systemd/system/docker.service.d && \
        printf '[Service]\\nExecStart=\\nExecStart=/usr/bin/dockerd -H tcp://0.0.0.0:2375\\n' | \
        sudo tee /etc/systemd/system/docker.service.d/plain.conf && sudo systemctl restart docker";
    let output = session.run(setup).await;
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert!(guest.engine_ports().is_empty(), "the change has no effect before daemon-reload");
    let output = session.run("sudo systemctl daemon-reload && sudo systemctl restart docker").await;
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    assert_eq!(guest.engine_ports(), [2375]);
    let address = std::net::SocketAddr::from((guest.address(), 2375));
    let answer = crate::http_client::send(address, None, "GET", "/version", "").await.unwrap();
    assert_eq!((answer.status, answer.json()["Os"].as_str()), (200, Some("linux")));
    let answer = crate::http_client::send(address, None, "GET", "/nope", "").await.unwrap();
    assert_eq!(answer.status, 404);
}
