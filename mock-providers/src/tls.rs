//! A server that nobody should trust, for clients that must notice it.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use rcgen::{CertificateParams, KeyPair};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::AbortHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

use crate::locked::Locked;

/// Part of a request that is kept.
const KEPT: usize = 512;

/// An HTTPS server on loopback with a certificate that nobody but itself signed. It answers nothing, and remembers what
/// clients tell it in spite of that. It ends when it is dropped.
#[derive(Debug)]
pub struct UntrustedServer {
    address: SocketAddr,
    heard: Arc<Heard>,
    serving: AbortHandle,
}

#[derive(Debug, Default)]
struct Heard {
    connections: AtomicUsize,
    requests: Locked<Vec<String>>,
}

impl UntrustedServer {
    /// Starts the server on a free port.
    ///
    /// # Errors
    /// When loopback cannot be listened on, or the certificate cannot be made.
    pub async fn start() -> io::Result<Self> {
        let acceptor = TlsAcceptor::from(Arc::new(self_signed().map_err(io::Error::other)?));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let heard = Arc::<Heard>::default();
        let serving = tokio::spawn(serve(listener, acceptor, Arc::clone(&heard))).abort_handle();
        Ok(Self { address, heard, serving })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many clients have connected, whatever they thought of the certificate.
    pub fn connections(&self) -> usize {
        self.heard.connections.load(Ordering::SeqCst)
    }

    /// First lines of requests of clients that accepted the certificate. Headers are not kept: they have credentials.
    pub fn requests(&self) -> Vec<String> {
        self.heard.requests.lock().clone()
    }
}

impl Drop for UntrustedServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn self_signed() -> Result<ServerConfig, Box<dyn std::error::Error + Send + Sync>> {
    let key = KeyPair::generate()?;
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names)?.self_signed(&key)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Ok(ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?)
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor, heard: Arc<Heard>) {
    // A failed accept is the client's matter: it has gone already.
    while let Ok((stream, _)) = listener.accept().await {
        heard.connections.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(hear(stream, acceptor.clone(), Arc::clone(&heard)));
    }
}

/// Notes the first line, before anything is answered: a client that is refused later has told it all the same.
async fn hear(stream: TcpStream, acceptor: TlsAcceptor, heard: Arc<Heard>) {
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let mut start = [0; KEPT];
    if let Ok(length @ 1..) = stream.read(&mut start).await {
        let text = String::from_utf8_lossy(&start[..length]);
        let line = text.lines().next().unwrap_or_default().to_owned();
        heard.requests.lock().push(line);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tokio::io::AsyncWriteExt;
    use tokio_rustls::{
        TlsConnector,
        rustls::{ClientConfig, RootCertStore, pki_types::ServerName},
    };

    use super::*;

    #[tokio::test]
    async fn clients_that_verify_say_nothing() {
        let server = UntrustedServer::start().await.unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let stream = TcpStream::connect(server.address()).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut refused = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        if let Ok(stream) = &mut refused {
            let _ = stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await;
        }
        assert!(refused.is_err());
        assert_eq!((server.connections(), server.requests()), (1, Vec::new()));
    }
}
