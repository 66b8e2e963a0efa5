//! What `goen setup` needs to know: which servers belong to an address, and how an account is
//! written into the settings. The conversation itself is `cli::setup`.

pub mod edit;
pub mod look_up;
pub mod providers;
pub mod thunderbird;

use std::fmt;

use crate::config::ServerSettings;
use crate::net::Security;

/// What the user logs in with, as far as it can be told from the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Login {
    /// The whole address.
    Address,
    /// What stands before the `@`.
    Local,
    /// A name that the provider has chosen.
    Ask,
}

impl Login {
    /// The login name for `address`, if it can be told.
    #[must_use]
    pub fn of(self, address: &str) -> Option<String> {
        match self {
            Self::Address => Some(address.to_owned()),
            Self::Local => address.rsplit_once('@').map(|(local, _)| local.to_owned()),
            Self::Ask => None,
        }
    }
}

/// The servers of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    /// The server to watch.
    pub imap: Endpoint,
    /// The server that replies are submitted to.
    pub smtp: Option<Endpoint>,
    /// The login name, where it is known.
    pub user: Option<String>,
}

/// A server's name, port and protection: `imap.example.jp:993:tls`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
}

impl Endpoint {
    /// An entry of the settings: a port that is the usual one is left to the defaults.
    #[must_use]
    pub fn settings(&self, usual: [u16; 2], ca_file: &std::path::Path) -> ServerSettings {
        let [implicit, explicit] = usual;
        let default = if self.security == Security::Tls { implicit } else { explicit };
        ServerSettings {
            host: self.host.clone(),
            port: if self.port == default { 0 } else { self.port },
            security: self.security,
            ca_file: ca_file.to_owned(),
        }
    }

    /// Reads `host`, `host:port` or `host:port:security`; what is left out is the usual one.
    ///
    /// # Errors
    /// The text, if it names no host, no port or no protection.
    pub fn read(text: &str, usual: [u16; 2]) -> Result<Self, String> {
        let [implicit, explicit] = usual;
        let text = text.trim();
        let mut parts = text.splitn(3, ':');
        let (host, port, security) = (parts.next(), parts.next(), parts.next());
        let host = host.filter(|host| is_host(host)).ok_or_else(|| text.to_owned())?;
        let port = port.map(|port| port.parse().map_err(|_| text.to_owned())).transpose()?;
        let security = match security {
            Some("tls") => Security::Tls,
            Some("starttls") => Security::Starttls,
            Some("plain") => Security::Plain,
            Some(_) => return Err(text.to_owned()),
            None if port == Some(explicit) => Security::Starttls,
            None => Security::Tls,
        };
        let usual = if security == Security::Tls { implicit } else { explicit };
        match port.unwrap_or(usual) {
            0 => Err(text.to_owned()),
            port => Ok(Self { host: host.to_ascii_lowercase(), port, security }),
        }
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;
    /// With port and protection: a table leaves nothing open.
    fn try_from(text: String) -> Result<Self, String> {
        if text.split(':').count() == 3 { Self::read(&text, IMAP_PORTS) } else { Err(text) }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let security = match self.security {
            Security::Tls => "tls",
            Security::Starttls => "starttls",
            Security::Plain => "plain",
        };
        write!(f, "{}:{}:{security}", self.host, self.port)
    }
}

/// The usual ports of IMAP, with implicit TLS and without (RFC 8314 §7.3).
pub const IMAP_PORTS: [u16; 2] = [993, 143];

/// The usual ports of submission, with implicit TLS and without (RFC 8314 §7.3, RFC 6409).
pub const SMTP_PORTS: [u16; 2] = [465, 587];

/// Whether `text` can be the name or the IPv4 address of a host. Names outside of ASCII would have
/// to be written in Punycode, as providers do.
#[must_use]
pub fn is_host(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
    };
    text.len() <= 253 && text.trim_end_matches('.').split('.').all(label)
}

/// The domain of an address, in lower case.
#[must_use]
pub fn domain(address: &str) -> String {
    address.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_read_with_what_is_usual_for_what_is_left_out() {
        let read = |text: &str| Endpoint::read(text, IMAP_PORTS).map(|it| it.to_string());
        for (text, meant) in [
            ("imap.example.jp", "imap.example.jp:993:tls"),
            (" IMAP.example.jp ", "imap.example.jp:993:tls"),
            ("imap.example.jp:143", "imap.example.jp:143:starttls"),
            ("imap.example.jp:1993", "imap.example.jp:1993:tls"),
            ("127.0.0.1:1143:plain", "127.0.0.1:1143:plain"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(meant));
        }
        for text in
            ["", "imap example", "imap.example.jp:no", "imap.example.jp:0", "a:993:ssl", "-a"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
