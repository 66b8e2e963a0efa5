//! Looks the servers of an address up on the network, once the user has agreed: Thunderbird's
//! autoconfig first, then the DNS: a provider that is known by its MX, and RFC 6186.
//!
//! Other hosts than the user's mail servers learn the domain by this, never the address. Pages are
//! fetched over HTTPS alone: what they say decides where a password goes. The DNS has no such
//! protection, so what it says is shown to the user before anything is done with it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use simple_dns::rdata::RData;
use simple_dns::{CLASS, Name, Packet, PacketFlag, Question, TYPE};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_rustls::rustls::crypto::ring;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::{Endpoint, Login, Servers, domain, is_host, providers};
use crate::net::Security;

/// How long one page may take.
const PAGE_LIMIT: Duration = Duration::from_secs(10);

/// Longest page that is read. Thunderbird's own are some kilobytes.
const PAGE_MAX_BYTES: u64 = 256 * 1024;

/// How long a name server may take for an answer; asked twice.
const DNS_LIMIT: Duration = Duration::from_secs(3);

/// Thunderbird's data base of providers.
pub const THUNDERBIRD: &str = "autoconfig.thunderbird.net";

/// Where things are looked up.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Pages that may have the settings, best first.
    pages: Vec<String>,
    /// Name servers, in order.
    name_servers: Vec<SocketAddr>,
    /// Only pages over TLS: always, but for tests on loopback.
    https_only: bool,
}

/// What was found, and who says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The servers.
    pub servers: Servers,
    /// The host that told.
    pub source: String,
    /// The provider behind it, where it is one of the table.
    pub provider: Option<providers::Provider>,
}

impl Sources {
    /// The usual ones, for a domain.
    #[must_use]
    pub fn usual(domain: &str) -> Self {
        Self {
            // In Thunderbird's order; its plaintext variants are left out.
            pages: vec![
                format!("https://autoconfig.{domain}/mail/config-v1.1.xml"),
                format!("https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml"),
                format!("https://{THUNDERBIRD}/v1.1/{domain}"),
            ],
            name_servers: name_servers(
                &std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default(),
            ),
            https_only: true,
        }
    }

    /// Looks the servers of `address` up; nothing if nobody knows them.
    pub async fn find(&self, address: &str) -> Option<Found> {
        let domain = domain(address);
        if !is_host(&domain) {
            return None;
        }
        for page in &self.pages {
            let (url, https_only) = (page.clone(), self.https_only);
            let fetched = tokio::task::spawn_blocking(move || fetch(&url, https_only)).await;
            let Ok(Ok(text)) = fetched else { continue };
            if let Some(servers) = autoconfig(&text, address) {
                let source = page.split('/').nth(2).unwrap_or_default().to_owned();
                return Some(Found { servers, source, provider: None });
            }
        }
        for (_, host) in self.mx(&domain).await {
            if let Some(provider) = providers::of_mx(&host) {
                let servers = provider.servers(address);
                let source = format!("MX {host}");
                return Some(Found { servers, source, provider: Some(provider) });
            }
        }
        self.by_srv(&domain, address).await
    }

    /// RFC 6186 §3.4, with the services of RFC 8314 §5.1 first.
    async fn by_srv(&self, domain: &str, address: &str) -> Option<Found> {
        let imap = self.service(domain, "imap").await?;
        let smtp = self.service(domain, "submission").await;
        let servers = Servers { imap, smtp, user: Login::Address.of(address) };
        Some(Found { servers, source: format!("DNS _imap._tcp.{domain}"), provider: None })
    }

    async fn service(&self, domain: &str, name: &str) -> Option<Endpoint> {
        // `_imaps`, `_submissions`: the same with TLS from the first byte.
        for (ending, security) in [("s", Security::Tls), ("", Security::Starttls)] {
            let name = format!("_{name}{ending}._tcp.{domain}");
            // Among equals the heavier is as good as any: there is one choice to make, not a load to spread.
            let mut offers: Vec<(u16, u16, u16, String)> = Vec::new();
            for answer in self.ask(&name, TYPE::SRV).await {
                if let Answer::Srv { priority, weight, port, target } = answer
                    && is_host(&target)
                {
                    offers.push((priority, u16::MAX - weight, port, target));
                }
            }
            offers.sort();
            if let Some((_, _, port, host)) = offers.into_iter().next()
                && port != 0
            {
                return Some(Endpoint { host, port, security });
            }
        }
        None
    }

    /// The hosts that take a domain's mail in, best first.
    async fn mx(&self, domain: &str) -> Vec<(u16, String)> {
        let mut hosts: Vec<(u16, String)> = self
            .ask(domain, TYPE::MX)
            .await
            .into_iter()
            .filter_map(|answer| match answer {
                Answer::Mx { preference, exchange } => Some((preference, exchange)),
                Answer::Srv { .. } => None,
            })
            .collect();
        hosts.sort();
        hosts
    }

    /// The records of a name; none if there are none or no name server answers.
    async fn ask(&self, name: &str, kind: TYPE) -> Vec<Answer> {
        for server in &self.name_servers {
            for _try in 0..2 {
                match timeout(DNS_LIMIT, query(*server, name, kind)).await {
                    Ok(Ok(answers)) => return answers,
                    Ok(Err(_)) => break,
                    Err(_elapsed) => {}
                }
            }
        }
        Vec::new()
    }
}

/// The addresses of the name servers in a resolv.conf(5); the local one if it names none.
fn name_servers(text: &str) -> Vec<SocketAddr> {
    let named = text.lines().filter_map(|line| {
        let address = line.trim().strip_prefix("nameserver")?.trim();
        address.parse::<IpAddr>().ok()
    });
    let mut servers: Vec<SocketAddr> = named.map(|ip| SocketAddr::new(ip, 53)).collect();
    if servers.is_empty() {
        servers.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53));
    }
    servers
}

/// A record that was asked for.
enum Answer {
    Mx { preference: u16, exchange: String },
    Srv { priority: u16, weight: u16, port: u16, target: String },
}

/// Asks one name server, over UDP, and over TCP where the answer did not fit (RFC 7766 §5).
async fn query(server: SocketAddr, name: &str, kind: TYPE) -> io::Result<Vec<Answer>> {
    let bad = |error: simple_dns::SimpleDnsError| {
        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
    };
    let id = u16::try_from(getrandom::u32().unwrap_or(0) & 0xffff).unwrap_or(0);
    let mut packet = Packet::new_query(id);
    packet.set_flags(PacketFlag::RECURSION_DESIRED);
    packet.questions.push(Question::new(
        Name::new(name).map_err(bad)?,
        kind.into(),
        CLASS::IN.into(),
        false,
    ));
    let question = packet.build_bytes_vec().map_err(bad)?;

    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    // A port of the system's choice, and connected: others cannot answer in the server's place.
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(&question).await?;
    let mut buffer = vec![0; 4096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let bytes = buffer.get(..length).unwrap_or_default();
        let Ok(answer) = Packet::parse(bytes) else { continue };
        if answer.id() != id {
            continue;
        }
        if !answer.has_flags(PacketFlag::TRUNCATION) {
            return Ok(answers(&answer));
        }
        break;
    }
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(question.len()).unwrap_or_default();
    stream.write_all(&[&length.to_be_bytes(), question.as_slice()].concat()).await?;
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes).await?;
    Ok(answers(&Packet::parse(&bytes).map_err(bad)?))
}

fn answers(packet: &Packet<'_>) -> Vec<Answer> {
    let host = |name: &Name<'_>| name.to_string().trim_end_matches('.').to_ascii_lowercase();
    let known = packet.answers.iter().filter_map(|record| match &record.rdata {
        RData::MX(mx) => {
            Some(Answer::Mx { preference: mx.preference, exchange: host(&mx.exchange) })
        }
        RData::SRV(srv) => Some(Answer::Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: host(&srv.target),
        }),
        _ => None,
    });
    known.collect()
}

/// Fetches one page.
fn fetch(url: &str, https_only: bool) -> Result<String, ureq::Error> {
    let roots: Vec<Certificate<'static>> = rustls_native_certs::load_native_certs()
        .certs
        .iter()
        .map(|certificate| Certificate::from_der(certificate.as_ref()).to_owned())
        .collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::Specific(Arc::new(roots)))
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build();
    let agent = ureq::Agent::config_builder()
        .https_only(https_only)
        .tls_config(tls)
        .timeout_global(Some(PAGE_LIMIT))
        .user_agent("goen")
        .build()
        .new_agent();
    agent.get(url).call()?.into_body().into_with_config().limit(PAGE_MAX_BYTES).read_to_string()
}

/// The servers in a page of Thunderbird's form (`config-v1.1.xml`): the first IMAP server with TLS,
/// and the first for submission.
fn autoconfig(text: &str, address: &str) -> Option<Servers> {
    let document = roxmltree::Document::parse(text).ok()?;
    let provider = document.descendants().find(|node| node.has_tag_name("emailProvider"))?;
    let (local, domain) = address.rsplit_once('@')?;
    let fill = |text: &str| {
        text.replace("%EMAILADDRESS%", address)
            .replace("%EMAILLOCALPART%", local)
            .replace("%EMAILDOMAIN%", domain)
    };
    let find = |tag: &str, kind: &str| {
        provider
            .children()
            .filter(|node| node.has_tag_name(tag) && node.attribute("type") == Some(kind))
            .find_map(|node| {
                let field = |name: &str| {
                    let child = node.children().find(|child| child.has_tag_name(name))?;
                    Some(fill(child.text()?.trim()))
                };
                let security = match field("socketType")?.as_str() {
                    "SSL" => Security::Tls,
                    "STARTTLS" => Security::Starttls,
                    _ => return None,
                };
                let host = field("hostname").filter(|host| is_host(host))?.to_ascii_lowercase();
                let port = field("port")?.parse().ok().filter(|port| *port != 0)?;
                Some((Endpoint { host, port, security }, field("username")))
            })
    };
    let (imap, user) = find("incomingServer", "imap")?;
    let smtp = find("outgoingServer", "smtp").map(|(smtp, _)| smtp);
    Some(Servers { imap, smtp, user })
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, UdpSocket as BlockingUdp};

    use simple_dns::ResourceRecord;
    use simple_dns::rdata::{MX, SRV};

    use super::*;

    const PAGE: &str = r#"<?xml version="1.0"?>
        <clientConfig version="1.1"><emailProvider id="example.ac.jp">
          <domain>example.ac.jp</domain>
          <incomingServer type="pop3"><hostname>pop.example.ac.jp</hostname><port>995</port>
            <socketType>SSL</socketType><username>%EMAILADDRESS%</username></incomingServer>
          <incomingServer type="imap"><hostname>open.example.ac.jp</hostname><port>143</port>
            <socketType>plain</socketType><username>x</username></incomingServer>
          <incomingServer type="imap"><hostname>mail.%EMAILDOMAIN%</hostname><port>993</port>
            <socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>
          <outgoingServer type="smtp"><hostname>mail.example.ac.jp</hostname><port>587</port>
            <socketType>STARTTLS</socketType><username>%EMAILLOCALPART%</username></outgoingServer>
        </emailProvider></clientConfig>"#;

    /// A web server that gives each caller `answer`, and says what it was asked for.
    fn web(answer: &'static str) -> (String, std::sync::mpsc::Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (asked, heard) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                let mut byte = [0];
                while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                    request.push(byte[0]);
                }
                let _ = asked.send(String::from_utf8(request).unwrap());
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        (format!("http://{address}/mail/config-v1.1.xml"), heard)
    }

    /// A name server that knows these records.
    fn dns(records: Vec<(&'static str, RData<'static>)>) -> SocketAddr {
        let socket = BlockingUdp::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        std::thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let query = Packet::parse(&buffer[..length]).unwrap();
                let mut reply = Packet::new_reply(query.id());
                let asked = query.questions[0].qname.to_string();
                for (name, data) in &records {
                    if asked.eq_ignore_ascii_case(name) {
                        let name = Name::new(name).unwrap();
                        reply.answers.push(ResourceRecord::new(name, CLASS::IN, 60, data.clone()));
                    }
                }
                socket.send_to(&reply.build_bytes_vec().unwrap(), from).unwrap();
            }
        });
        address
    }

    fn srv(port: u16, target: &'static str) -> RData<'static> {
        RData::SRV(SRV { priority: 0, weight: 1, port, target: Name::new(target).unwrap() })
    }

    fn sources(pages: Vec<String>, name_server: SocketAddr) -> Sources {
        Sources { pages, name_servers: vec![name_server], https_only: false }
    }

    #[tokio::test]
    async fn a_page_of_the_domain_is_taken_and_the_address_is_not_given_away() {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{PAGE}", PAGE.len());
        let (page, heard) = web(answer.leak());
        let found = sources(vec![page], dns(vec![])).find("hanako@example.ac.jp").await.unwrap();
        assert_eq!(found.servers.imap.to_string(), "mail.example.ac.jp:993:tls");
        assert_eq!(found.servers.smtp.unwrap().to_string(), "mail.example.ac.jp:587:starttls");
        assert_eq!(found.servers.user.as_deref(), Some("hanako"));
        assert!(!heard.recv().unwrap().contains("hanako"));
    }

    #[tokio::test]
    async fn where_no_page_helps_the_mx_tells_the_provider() {
        let (page, _) = web("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
        let mx =
            RData::MX(MX { preference: 1, exchange: Name::new("aspmx.l.google.com").unwrap() });
        let known = dns(vec![("example.ac.jp", mx)]);
        let found = sources(vec![page], known).find("hanako@example.ac.jp").await.unwrap();
        assert_eq!(found.provider.unwrap().id, "gmail");
        assert_eq!(found.servers.imap.to_string(), "imap.gmail.com:993:tls");
    }

    #[tokio::test]
    async fn service_records_are_taken_and_those_with_tls_come_first() {
        let known = dns(vec![
            ("_imap._tcp.example.jp", srv(143, "open.example.jp")),
            ("_imaps._tcp.example.jp", srv(993, "imap.example.jp")),
            ("_submission._tcp.example.jp", srv(587, "smtp.example.jp")),
        ]);
        let found = sources(vec![], known).find("hanako@example.jp").await.unwrap();
        assert_eq!(found.servers.imap.to_string(), "imap.example.jp:993:tls");
        assert_eq!(found.servers.smtp.unwrap().to_string(), "smtp.example.jp:587:starttls");
    }

    #[tokio::test]
    async fn a_service_that_is_not_offered_is_not_found() {
        // RFC 6186 §3.4: a target of "." says that there is none.
        let known = dns(vec![("_imaps._tcp.example.jp", srv(0, "."))]);
        assert_eq!(sources(vec![], known).find("hanako@example.jp").await, None);
    }

    #[test]
    fn the_usual_pages_are_asked_over_tls_alone() {
        let usual = Sources::usual("example.jp");
        assert!(usual.https_only && usual.pages.iter().all(|page| page.starts_with("https://")));
    }

    #[test]
    fn name_servers_are_those_of_the_machine() {
        let servers =
            name_servers("# x\nsearch example.jp\nnameserver 192.0.2.1\nnameserver ::1\n");
        assert_eq!(servers, ["192.0.2.1:53".parse().unwrap(), "[::1]:53".parse().unwrap()]);
        assert_eq!(name_servers(""), ["127.0.0.1:53".parse().unwrap()]);
    }

    #[test]
    fn a_page_that_makes_no_sense_names_no_servers() {
        for page in ["", "<html></html>", "<clientConfig><emailProvider/></clientConfig>", "\u{0}"]
        {
            assert_eq!(autoconfig(page, "hanako@example.jp"), None);
        }
        let evil = PAGE.replace("mail.%EMAILDOMAIN%", "mail.example.jp/../x");
        assert_eq!(autoconfig(&evil, "hanako@example.ac.jp"), None);
    }
}
