//! TCP and TLS to the user's own mail servers: the only connections goen makes.
//!
//! TLS always, checked against the system's roots or the `ca_file` of the account; plaintext only
//! to a loopback host that the configuration names so.

pub mod certificate;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore};

use crate::lang::{Explain, Explanation, Lang};
use crate::say;

/// How long resolving and connecting may take for one address.
const CONNECT_LIMIT: Duration = Duration::from_secs(30);

/// How long the TLS handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(30);

/// First keep-alive probe after this silence, so that a router's forgotten mapping is noticed.
const KEEPALIVE_IDLE: Duration = Duration::from_mins(2);

/// Unanswered data ends the connection after this long (`TCP_USER_TIMEOUT`): a peer that is gone is
/// noticed well within the six minutes that goen promises.
const UNANSWERED_LIMIT: Duration = Duration::from_secs(90);

/// How a connection is protected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte (RFC 8314 "implicit TLS").
    #[default]
    Tls,
    /// STARTTLS, required: no login without it.
    Starttls,
    /// None; only to a loopback host.
    Plain,
}

/// A server to talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// PEM file of certificates to trust instead of the system's roots.
    pub ca_file: Option<PathBuf>,
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Why no connection came about.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The name has no address.
    #[error("{host} was not found: {source}")]
    Resolve {
        /// The name asked for.
        host: String,
        /// The resolver's words.
        source: io::Error,
    },
    /// No connection to that port.
    #[error("no connection to {server}: {source}")]
    Connect {
        /// Host and port.
        server: String,
        /// The system's words.
        source: io::Error,
    },
    /// The certificate or the handshake was not acceptable.
    #[error("no secure connection to {server}: {source}")]
    Tls {
        /// Host and port.
        server: String,
        /// What TLS said.
        source: io::Error,
    },
    /// The certificates to trust could not be read.
    #[error("the trusted certificates could not be read: {0}")]
    Roots(String),
    /// Plaintext to a host that is not this machine.
    #[error("{0} is not this machine: a connection without TLS is refused")]
    PlaintextRefused(String),
}

/// What to do about a handshake that ended like this.
fn tls_hint(source: &io::Error, lang: Lang) -> String {
    use rustls::CertificateError as C;
    let error = source.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
    match error {
        Some(rustls::Error::InvalidCertificate(C::Expired | C::ExpiredContext { .. })) => say!(
            lang,
            "サーバーの証明書の期限が切れています。このパソコンの時計が合っているかを確かめ、合っていればサーバーの管理者に知らせてください",
            "the server's certificate has expired: check this machine's clock, and if it is right, tell whoever runs the server"
        ),
        Some(rustls::Error::InvalidCertificate(
            C::NotValidForName | C::NotValidForNameContext { .. },
        )) => say!(
            lang,
            "サーバーの証明書は別の名前のものです。host を、メール会社の案内にあるとおりに書いてください",
            "the server's certificate is for another name: write `host` just as your provider's help page does"
        ),
        Some(rustls::Error::InvalidCertificate(C::UnknownIssuer)) => say!(
            lang,
            "サーバーの証明書を発行した認証局が、このパソコンでは信頼されていません。大学や会社の独自の認証局なら、その証明書を ca_file に書いてください",
            "the authority behind the server's certificate is not trusted here; if it is your university's or company's own, name its certificate in `ca_file`"
        ),
        Some(rustls::Error::InvalidMessage(_)) => say!(
            lang,
            "このポートでは TLS が使われていないようです。ポート番号と security を確かめてください（993 は tls、143 は starttls が普通です）",
            "the server does not speak TLS on this port: check port and `security` (usual are 993 with tls, 143 with starttls)"
        ),
        _ => say!(
            lang,
            "証明書の期限と名前、時計、security の設定を確かめてください。自分の認証局を使うサーバーには ca_file を指定できます",
            "check the certificate's name and expiry, this machine's clock, and `security`; for a server with its own authority set `ca_file`"
        ),
    }
}

impl Explain for ConnectError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::Resolve { host, source } => Explanation::new(say!(
                lang,
                "サーバー {host} が見つかりません：{source}",
                "the server {host} was not found: {source}"
            ))
            .hint(say!(
                lang,
                "ホスト名の綴りと、ネットワークにつながっているかを確かめてください",
                "check the spelling of the host name, and that you are online"
            )),
            Self::Connect { server, source } => Explanation::new(say!(
                lang,
                "{server} に接続できません：{source}",
                "no connection to {server}: {source}"
            ))
            .hint(say!(
                lang,
                "ポート番号と security の設定を確かめてください（IMAP は 993 と tls、SMTP は 465 と tls または 587 と starttls が普通です）",
                "check port and `security`: usual are 993 with tls for IMAP, 465 with tls or 587 with starttls for SMTP"
            )),
            Self::Tls { server, source } => Explanation::new(say!(
                lang,
                "{server} と安全に接続できません：{source}",
                "no secure connection to {server}: {source}"
            ))
            .hint(tls_hint(source, lang)),
            Self::Roots(words) => Explanation::new(say!(
                lang,
                "信頼する証明書を読めません：{words}",
                "the trusted certificates could not be read: {words}"
            ))
            .hint(say!(
                lang,
                "ca-certificates パッケージ、または設定の ca_file を確かめてください",
                "check the package ca-certificates, or `ca_file` in the configuration"
            )),
            Self::PlaintextRefused(host) => Explanation::new(say!(
                lang,
                "{host} はこのパソコンではないため、TLS なしでは接続しません",
                "{host} is not this machine, so goen does not connect without TLS"
            ))
            .hint(say!(
                lang,
                "security を tls か starttls にしてください",
                "set `security` to tls or starttls"
            )),
        }
    }
}

/// Connects TCP only; the caller adds TLS (at once, or after STARTTLS) with [`secure`].
pub async fn connect(server: &Server) -> Result<TcpStream, ConnectError> {
    let addresses = resolve(server).await?;
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match timeout(CONNECT_LIMIT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                tune(&stream).map_err(|source| ConnectError::Connect {
                    server: server.to_string(),
                    source,
                })?;
                return Ok(stream);
            }
            Ok(Err(error)) => last = error,
            Err(_elapsed) => last = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(ConnectError::Connect { server: server.to_string(), source: last })
}

/// The addresses of `server`.
pub async fn resolve(server: &Server) -> Result<Vec<SocketAddr>, ConnectError> {
    let failed = |source| ConnectError::Resolve { host: server.host.clone(), source };
    let addresses =
        timeout(CONNECT_LIMIT, tokio::net::lookup_host((server.host.as_str(), server.port)));
    let addresses: Vec<_> = match addresses.await {
        Ok(found) => found.map_err(failed)?.collect(),
        Err(_elapsed) => return Err(failed(io::ErrorKind::TimedOut.into())),
    };
    if server.security == Security::Plain
        && !addresses.iter().all(|address| address.ip().is_loopback())
    {
        return Err(ConnectError::PlaintextRefused(server.host.clone()));
    }
    Ok(addresses)
}

/// Small writes leave at once, and a dead peer is noticed.
fn tune(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_tcp_keepalive(&socket2::TcpKeepalive::new().with_time(KEEPALIVE_IDLE))?;
    socket.set_tcp_user_timeout(Some(UNANSWERED_LIMIT))
}

/// Wraps `stream` in TLS and checks the server's certificate for its name.
pub async fn secure(
    server: &Server,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, ConnectError> {
    let failed = |source| ConnectError::Tls { server: server.to_string(), source };
    let name = ServerName::try_from(server.host.clone())
        .map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
    let connector = TlsConnector::from(Arc::new(client_config(server.ca_file.as_deref())?));
    match timeout(HANDSHAKE_LIMIT, connector.connect(name, stream)).await {
        Ok(done) => done.map_err(failed),
        Err(_elapsed) => Err(failed(io::ErrorKind::TimedOut.into())),
    }
}

fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, ConnectError> {
    let mut roots = RootCertStore::empty();
    let mut pinned = Vec::new();
    if let Some(path) = ca_file {
        let unreadable =
            |error: &dyn fmt::Display| ConnectError::Roots(format!("{}: {error}", path.display()));
        for certificate in
            CertificateDer::pem_file_iter(path).map_err(|error| unreadable(&error))?
        {
            let certificate = certificate.map_err(|error| unreadable(&error))?;
            roots.add(certificate.clone()).map_err(|error| unreadable(&error))?;
            pinned.push(certificate);
        }
    } else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let words =
                found.errors.first().map_or_else(|| "none found".to_owned(), ToString::to_string);
            return Err(ConnectError::Roots(words));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let unusable = |error: &dyn fmt::Display| ConnectError::Roots(error.to_string());
    let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .build()
        .map_err(|error| unusable(&error))?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        // "Dangerous" is what rustls calls any check beside its own; ours is its own, and a pin.
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { usual, pinned }))
        .with_no_client_auth();
    Ok(config)
}

/// Trusts a server whose certificate comes from an authority we trust and bears its name; and one whose
/// very certificate is in `ca_file`: mail bridges on one's own machine (Proton Mail Bridge, `DavMail`)
/// make one that no authority has signed and that bears whichever name.
#[derive(Debug)]
struct Verifier {
    usual: Arc<WebPkiServerVerifier>,
    pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.pinned.iter().any(|pinned| pinned == certificate) {
            return Ok(ServerCertVerified::assertion());
        }
        self.usual.verify_server_cert(certificate, intermediates, name, ocsp, now)
    }

    // That the server holds the certificate's key is proved in any case.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.usual.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}
