//! Certificates made on the spot, and the TLS ports that the embedded servers listen on.

use std::fs;
use std::future::Future;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{self, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a client may take for its handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

/// A certificate for `localhost` and 127.0.0.1, and the authority that vouches for it.
///
/// Keys live in memory only and end with the value; on disk there is only the authority's certificate.
#[derive(Clone)]
pub struct Tls {
    authority_pem: String,
    acceptor: TlsAcceptor,
}

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Keys or certificates could not be generated.
    #[error("no certificate could be made: {0}")]
    Generate(#[from] rcgen::Error),
    /// The certificate and its key were not accepted.
    #[error("the certificate that was made is not usable: {0}")]
    Use(#[from] rustls::Error),
}

impl Tls {
    /// Makes an authority and a certificate.
    pub fn generate() -> Result<Self, TlsError> {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "goen demo authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let mut leaf =
            CertificateParams::new(vec!["localhost".to_owned(), Ipv4Addr::LOCALHOST.to_string()])?;
        leaf.distinguished_name.push(DnType::CommonName, "localhost");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &issuer)?;

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(key.serialize_der().into()),
            )?;
        Ok(Self { authority_pem, acceptor: TlsAcceptor::from(Arc::new(config)) })
    }

    /// Writes the authority's certificate into `folder`, for an account's `ca_file`.
    pub fn write_ca(&self, folder: &Path) -> io::Result<PathBuf> {
        let path = folder.join("ca.pem");
        fs::write(&path, &self.authority_pem)?;
        Ok(path)
    }

    /// Listens on a free port of 127.0.0.1 and gives each client to `session`; returns the port.
    ///
    /// All of it runs on `tasks` and is dropped, half-way or not, when `stop` is cancelled.
    pub(super) async fn serve<Session>(
        &self,
        tasks: &TaskTracker,
        stop: &CancellationToken,
        session: impl Fn(TlsStream<TcpStream>) -> Session + Clone + Send + 'static,
    ) -> io::Result<u16>
    where
        Session: Future<Output = io::Result<()>> + Send,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let (acceptor, clients) = (self.acceptor.clone(), tasks.clone());
        let stopped = stop.clone();
        tasks.spawn(async move {
            while let Some(accepted) = stopped.run_until_cancelled(listener.accept()).await {
                let Ok((stream, _address)) = accepted else { continue };
                let (acceptor, session) = (acceptor.clone(), session.clone());
                let stopped = stopped.clone();
                clients.spawn(async move {
                    let talk = async move {
                        stream.set_nodelay(true)?;
                        let stream = timeout(HANDSHAKE_LIMIT, acceptor.accept(stream)).await??;
                        session(stream).await
                    };
                    if let Some(Err(error)) = stopped.run_until_cancelled(talk).await {
                        tracing::debug!(port, %error, "A client of the demo left");
                    }
                });
            }
        });
        Ok(port)
    }
}
