//! TLS with the certificates that are on the guest's disk.

use std::sync::Arc;

use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        RootCertStore, ServerConfig,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        server::WebPkiClientVerifier,
    },
};

use super::config::TlsFiles;
use crate::guest::disk::Disk;

/// Reads the files and checks that they fit together.
///
/// # Errors
/// What the daemon would write to its log.
pub(super) fn acceptor(files: &TlsFiles, verify_clients: bool, disk: &Disk) -> Result<TlsAcceptor, String> {
    let pair = |reason: String| {
        format!(
            "failed to load tls config: could not load X509 key pair (cert: \"{}\", key: \"{}\"): {reason}",
            files.certificate, files.key
        )
    };
    let chain = certificates(&files.certificate, disk).map_err(pair)?;
    let key = read(&files.key, disk)
        .and_then(|bytes| PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| error.to_string()))
        .map_err(pair)?;

    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = if verify_clients {
        let authority =
            |reason: String| format!("could not read CA certificate \"{}\": {reason}", files.authority);
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&files.authority, disk).map_err(authority)? {
            roots.add(certificate).map_err(|error| authority(error.to_string()))?;
        }
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| authority(error.to_string()))?;
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let mut config = builder.with_single_cert(chain, key).map_err(|error| pair(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn read(path: &str, disk: &Disk) -> Result<Arc<Vec<u8>>, String> {
    disk.read(path, "root").map_err(|error| format!("open {path}: {}", error.to_string().to_lowercase()))
}

fn certificates(path: &str, disk: &Disk) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = read(path, disk)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err("no certificate in the file".into()),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(error.to_string()),
    }
}
