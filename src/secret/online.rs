//! GNOME Online Accounts: what the user has entered in GNOME's settings, Google and Microsoft accounts
//! with their tokens included. GNOME keeps the tokens fresh; goen asks for one at each login.

use std::collections::HashMap;
use std::time::Duration;

use zbus::{Connection, OwnedObjectPath, OwnedVariant};

use super::{Credential, Secret, SecretError, first_line};
use crate::config::{Account, ServerSettings};
use crate::net::{Security, Server};

const SERVICE: &str = "org.gnome.OnlineAccounts";
const MANAGER: &str = "/org/gnome/OnlineAccounts";

/// How long one call may take: GNOME may have to fetch a new token from the provider.
const LIMIT: Duration = Duration::from_secs(45);

/// Properties by name, interfaces by name, objects by path (`ObjectManager.GetManagedObjects`).
type Properties = HashMap<String, OwnedVariant>;
type Interfaces = HashMap<String, Properties>;
type Objects = HashMap<OwnedObjectPath, Interfaces>;

/// One of the user's accounts in GNOME's settings.
struct Online {
    bus: Connection,
    address: String,
    path: OwnedObjectPath,
    interfaces: Interfaces,
}

/// What a name or a password is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum For {
    Imap,
    Smtp,
}

impl For {
    /// What the names of GNOME's properties begin with.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Imap => "Imap",
            Self::Smtp => "Smtp",
        }
    }
}

/// The password or a fresh token of the account with this address.
pub(super) async fn credential(address: &str, what: For) -> Result<Credential, SecretError> {
    let account = Online::find(address).await?;
    // Renews the token where that is due, and says when the user has to sign in again.
    account.call::<(i32,)>("Account", "EnsureCredentials", &()).await?;
    if account.has("OAuth2Based") {
        let (token, _expires_in): (String, i32) =
            account.call("OAuth2Based", "GetAccessToken", &()).await?;
        return Ok(Credential::Token(account.line(token)?));
    }
    if account.has("PasswordBased") {
        let name = if what == For::Imap { "imap-password" } else { "smtp-password" };
        let (password,): (String,) = account.call("PasswordBased", "GetPassword", &(name,)).await?;
        return Ok(Credential::Password(account.line(password)?));
    }
    Err(account.failed("it has neither a token nor a password"))
}

/// The name to log in with; where the settings name none, the one that GNOME knows.
pub(crate) async fn user(account: &Account, what: For) -> Result<String, SecretError> {
    if let (Some(address), true) = (&account.secret.online_account, account.user.is_empty()) {
        let online = Online::find(address).await?;
        let name = text(&online.interfaces, "Mail", &format!("{}UserName", what.prefix()));
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            return Ok(name.to_owned());
        }
    }
    Ok(account.login().to_owned())
}

/// The server to watch; where the settings name none, what GNOME knows.
pub(crate) async fn imap_server(account: &Account) -> Result<Server, SecretError> {
    let server = account.imap_server();
    match &account.secret.online_account {
        Some(address) if server.host.is_empty() => {
            Online::find(address).await?.server(For::Imap, &account.imap)
        }
        _ => Ok(server),
    }
}

/// The server that replies are submitted to, if one is set; where no host is named, what GNOME knows.
pub(crate) async fn smtp_server(account: &Account) -> Result<Option<Server>, SecretError> {
    let (Some(server), Some(settings)) = (account.smtp_server(), &account.smtp) else {
        return Ok(None);
    };
    match &account.secret.online_account {
        Some(address) if server.host.is_empty() => {
            Online::find(address).await?.server(For::Smtp, settings).map(Some)
        }
        _ => Ok(Some(server)),
    }
}

async fn bus() -> zbus::Result<zbus::Connection> {
    zbus::connection::Builder::session().method_timeout(LIMIT).build().await
}

/// All that GNOME Online Accounts has.
async fn objects(bus: &zbus::Connection) -> zbus::Result<Objects> {
    let answer = bus
        .call_method(
            Some(SERVICE),
            MANAGER,
            Some("org.freedesktop.DBus.ObjectManager"),
            "GetManagedObjects",
            &(),
        )
        .await?;
    answer.body().deserialize()
}

/// The addresses of the mail accounts in GNOME's settings, each with its login name where GNOME has one.
/// None where there is no GNOME.
pub(crate) async fn accounts() -> Vec<(String, Option<String>)> {
    let found = async { objects(&bus().await?).await };
    let mut accounts: Vec<_> = found
        .await
        .unwrap_or_default()
        .into_values()
        .filter(|interfaces| {
            property_of(interfaces, "Account", "MailDisabled")
                .and_then(|value| bool::try_from(value).ok())
                != Some(true)
        })
        .filter_map(|interfaces| {
            let address = text(&interfaces, "Mail", "EmailAddress")?.to_owned();
            let user = text(&interfaces, "Mail", "ImapUserName").filter(|user| !user.is_empty());
            Some((address, user.map(str::to_owned)))
        })
        .collect();
    accounts.sort();
    accounts
}

impl Online {
    async fn find(address: &str) -> Result<Self, SecretError> {
        let failed = |words: String| SecretError::Online { address: address.to_owned(), words };
        let bus = bus().await.map_err(|error| failed(error.to_string()))?;
        let objects = objects(&bus).await.map_err(|error| failed(error.to_string()))?;
        let is_it = |interfaces: &Interfaces| {
            text(interfaces, "Mail", "EmailAddress")
                .is_some_and(|it| it.eq_ignore_ascii_case(address))
        };
        let found = objects.into_iter().find(|(_path, interfaces)| is_it(interfaces));
        let Some((path, interfaces)) = found else {
            return Err(failed("GNOME has no mail account of that address".to_owned()));
        };
        let account = Self { bus, address: address.to_owned(), path, interfaces };
        if account.is("Account", "MailDisabled") {
            return Err(account.failed("mail is switched off for this account"));
        }
        Ok(account)
    }

    async fn call<T>(
        &self,
        interface: &str,
        method: &str,
        body: &(impl serde::Serialize + zbus::zvariant::DynamicType),
    ) -> Result<T, SecretError>
    where
        T: serde::de::DeserializeOwned + zbus::zvariant::Type,
    {
        let interface = format!("{SERVICE}.{interface}");
        let called = self
            .bus
            .call_method(Some(SERVICE), &self.path, Some(interface.as_str()), method, body)
            .await;
        let answer = called.map_err(|error| match error {
            zbus::Error::MethodError(name, _, _) if name.ends_with(".NotAuthorized") => {
                SecretError::SignedOut(self.address.clone())
            }
            error => self.failed(&error.to_string()),
        })?;
        answer.body().deserialize().map_err(|error| self.failed(&error.to_string()))
    }

    fn server(&self, what: For, settings: &ServerSettings) -> Result<Server, SecretError> {
        let prefix = what.prefix();
        let named = text(&self.interfaces, "Mail", &format!("{prefix}Host")).unwrap_or_default();
        if named.is_empty() {
            return Err(self.failed(&format!("GNOME does not know its {prefix} server")));
        }
        let security = if self.is("Mail", &format!("{prefix}UseSsl")) {
            Security::Tls
        } else {
            // Without any the connection is refused by us, unless it is to this machine.
            let starttls = self.is("Mail", &format!("{prefix}UseTls"));
            if starttls { Security::Starttls } else { Security::Plain }
        };
        let (host, port) = split_port(named);
        let known = ServerSettings { host: host.to_owned(), port, security, ..settings.clone() };
        let usual = if what == For::Imap { (993, 143) } else { (465, 587) };
        Ok(known.server(usual.0, usual.1))
    }

    fn has(&self, interface: &str) -> bool {
        self.interfaces.contains_key(&format!("{SERVICE}.{interface}"))
    }

    fn is(&self, interface: &str, property: &str) -> bool {
        property_of(&self.interfaces, interface, property)
            .and_then(|value| bool::try_from(value).ok())
            .unwrap_or_default()
    }

    fn line(&self, secret: String) -> Result<Secret, SecretError> {
        let secret = zeroize::Zeroizing::new(secret);
        first_line(&secret).ok_or_else(|| self.failed("GNOME gave an empty secret"))
    }

    fn failed(&self, words: &str) -> SecretError {
        SecretError::Online { address: self.address.clone(), words: words.to_owned() }
    }
}

fn property_of<'a>(
    interfaces: &'a Interfaces,
    interface: &str,
    property: &str,
) -> Option<&'a OwnedVariant> {
    interfaces.get(&format!("{SERVICE}.{interface}"))?.get(property)
}

fn text<'a>(interfaces: &'a Interfaces, interface: &str, property: &str) -> Option<&'a str> {
    property_of(interfaces, interface, property)?.try_into().ok()
}

/// `host:port` as the user typed it in GNOME's settings; port 0 where there is none.
fn split_port(named: &str) -> (&str, u16) {
    let with_port =
        named.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    with_port.unwrap_or((named, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_typed_with_the_host_counts() {
        assert_eq!(split_port("imap.example.jp"), ("imap.example.jp", 0));
        assert_eq!(split_port("imap.example.jp:1993"), ("imap.example.jp", 1993));
        assert_eq!(split_port("imap.example.jp:x"), ("imap.example.jp:x", 0));
    }
}
