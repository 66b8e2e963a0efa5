//! Server settings that Thunderbird has on this machine already. Never its passwords: only
//! `prefs.js` is read, and it holds none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Endpoint, Servers, is_host};
use crate::net::Security;

/// Where Thunderbird keeps its profiles: Debian and others, Flatpak, Snap.
const FOLDERS: [&str; 4] = [
    ".thunderbird",
    ".var/app/org.mozilla.Thunderbird/.thunderbird",
    ".var/app/org.mozilla.thunderbird/.thunderbird",
    "snap/thunderbird/common/.thunderbird",
];

/// Longest settings file that is read, in bytes. Those of large profiles take some hundred kilobytes.
const PREFS_MAX_BYTES: u64 = 16 * 1024 * 1024;

/// An IMAP account that Thunderbird has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The address of its first identity.
    pub address: String,
    /// The name that identity has.
    pub name: String,
    /// Its servers.
    pub servers: Servers,
}

/// The IMAP accounts of all profiles in `home`, each address once.
#[must_use]
pub fn accounts(home: &Path) -> Vec<Known> {
    let mut found: Vec<Known> = Vec::new();
    for folder in FOLDERS {
        for profile in profiles(&home.join(folder)) {
            let path = profile.join("prefs.js");
            let small = std::fs::metadata(&path).is_ok_and(|it| it.len() <= PREFS_MAX_BYTES);
            let Some(text) = small.then(|| std::fs::read_to_string(&path).ok()).flatten() else {
                continue;
            };
            for known in read(&text) {
                if found.iter().all(|other| other.address != known.address) {
                    found.push(known);
                }
            }
        }
    }
    found
}

/// The folders of the profiles that `profiles.ini` names.
fn profiles(folder: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(folder.join("profiles.ini")).unwrap_or_default();
    let paths = text.lines().filter_map(|line| line.trim().strip_prefix("Path="));
    // An absolute path (IsRelative=0) takes the folder's place.
    paths.map(|path| folder.join(path)).collect()
}

/// The IMAP accounts in the text of a `prefs.js`.
fn read(text: &str) -> Vec<Known> {
    let prefs = Prefs::read(text);
    let accounts = prefs.text("mail.accountmanager.accounts").unwrap_or_default();
    accounts.split(',').filter_map(|account| known(&prefs, account.trim())).collect()
}

fn known(prefs: &Prefs, account: &str) -> Option<Known> {
    let server = format!("mail.server.{}", prefs.text(&format!("mail.account.{account}.server"))?);
    if prefs.text(&format!("{server}.type"))? != "imap" {
        return None;
    }
    let identities = prefs.text(&format!("mail.account.{account}.identities"))?;
    let identity = format!("mail.identity.{}", identities.split(',').next()?.trim());
    let address = prefs.text(&format!("{identity}.useremail"))?.to_owned();
    // What was changed after the account was made stands under "real…" in older profiles.
    let of_server = |key: &str| {
        let real = prefs.text(&format!("{server}.real{key}"));
        real.or_else(|| prefs.text(&format!("{server}.{key}")))
    };
    let imap = endpoint(
        of_server("hostname")?,
        prefs.number(&format!("{server}.port")),
        prefs.number(&format!("{server}.socketType")),
        super::IMAP_PORTS,
    )?;
    let user = of_server("userName").map(str::to_owned);
    let smtp = prefs
        .text(&format!("{identity}.smtpServer"))
        .or_else(|| prefs.text("mail.smtp.defaultserver"))
        .and_then(|name| {
            let smtp = format!("mail.smtpserver.{name}");
            endpoint(
                prefs.text(&format!("{smtp}.hostname"))?,
                prefs.number(&format!("{smtp}.port")),
                prefs.number(&format!("{smtp}.try_ssl")),
                super::SMTP_PORTS,
            )
        });
    let name = prefs.text(&format!("{identity}.fullName")).unwrap_or_default().to_owned();
    Some(Known { address, name, servers: Servers { imap, smtp, user } })
}

/// A server as Thunderbird's numbers say it; none where they say "without TLS": goen does not do that.
fn endpoint(
    host: &str,
    port: Option<u16>,
    socket: Option<u16>,
    [implicit, explicit]: [u16; 2],
) -> Option<Endpoint> {
    let security = match socket {
        Some(3) => Security::Tls,
        // 1 was "STARTTLS if there is one", in old profiles.
        Some(1 | 2) => Security::Starttls,
        _ => return None,
    };
    let usual = if security == Security::Tls { implicit } else { explicit };
    let host = Some(host.to_ascii_lowercase()).filter(|host| is_host(host))?;
    Some(Endpoint { host, port: port.unwrap_or(usual), security })
}

/// The lines `user_pref("name", value);` of a profile.
struct Prefs(BTreeMap<String, Value>);

impl Prefs {
    fn read(text: &str) -> Self {
        let line = |line: &str| {
            let inner = line.trim().strip_prefix("user_pref(")?.strip_suffix(");")?;
            // Names and values are written as JSON writes them.
            let pair: Value = serde_json::from_str(&format!("[{inner}]")).ok()?;
            let [Value::String(name), value] = pair.as_array()?.as_slice() else { return None };
            Some((name.clone(), value.clone()))
        };
        Self(text.lines().filter_map(line).collect())
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str().filter(|text| !text.is_empty())
    }

    fn number(&self, name: &str) -> Option<u16> {
        self.0.get(name)?.as_u64()?.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFS: &str = r#"// Mozilla User Preferences
user_pref("mail.accountmanager.accounts", "account1,account2,account3");
user_pref("mail.account.account1.identities", "id1");
user_pref("mail.account.account1.server", "server1");
user_pref("mail.account.account2.server", "server2");
user_pref("mail.account.account3.identities", "id3");
user_pref("mail.account.account3.server", "server3");
user_pref("mail.identity.id1.fullName", "山田 \"花子\"");
user_pref("mail.identity.id1.smtpServer", "smtp1");
user_pref("mail.identity.id1.useremail", "hanako@example.ac.jp");
user_pref("mail.identity.id3.useremail", "open@example.jp");
user_pref("mail.server.server1.hostname", "old.example.ac.jp");
user_pref("mail.server.server1.realhostname", "imap.example.ac.jp");
user_pref("mail.server.server1.port", 993);
user_pref("mail.server.server1.socketType", 3);
user_pref("mail.server.server1.type", "imap");
user_pref("mail.server.server1.userName", "hanako01");
user_pref("mail.server.server2.type", "none");
user_pref("mail.server.server3.hostname", "imap.example.jp");
user_pref("mail.server.server3.socketType", 0);
user_pref("mail.server.server3.type", "imap");
user_pref("mail.smtpserver.smtp1.hostname", "smtp.example.ac.jp");
user_pref("mail.smtpserver.smtp1.port", 587);
user_pref("mail.smtpserver.smtp1.try_ssl", 2);
"#;

    #[test]
    fn accounts_with_their_servers_are_found_and_those_without_tls_are_not_offered() {
        let home = tempfile::tempdir().unwrap();
        let profile = home.path().join(".thunderbird/abc.default");
        std::fs::create_dir_all(&profile).unwrap();
        let ini = "[Profile0]\nName=default\nIsRelative=1\nPath=abc.default\n";
        std::fs::write(home.path().join(".thunderbird/profiles.ini"), ini).unwrap();
        std::fs::write(profile.join("prefs.js"), PREFS).unwrap();
        let found = accounts(home.path());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].address, "hanako@example.ac.jp");
        assert_eq!(found[0].name, "山田 \"花子\"");
        let servers = &found[0].servers;
        assert_eq!(servers.imap.to_string(), "imap.example.ac.jp:993:tls");
        assert_eq!(servers.smtp.as_ref().unwrap().to_string(), "smtp.example.ac.jp:587:starttls");
        assert_eq!(servers.user.as_deref(), Some("hanako01"));
    }

    #[test]
    fn a_home_without_thunderbird_has_no_accounts() {
        assert_eq!(accounts(tempfile::tempdir().unwrap().path()), []);
    }
}
