//! The table of mail providers, `config/providers.toml`: their servers, what they take for a
//! password, and what a user has to do first.

use serde::Deserialize;

use super::{Endpoint, Login, Servers};
use crate::lang::Lang;

const TABLE: &str = include_str!("../../config/providers.toml");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever reads the table"))]
    checked: String,
    provider: Vec<Provider>,
}

/// What a provider takes as proof of who the user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// The mail password.
    Password,
    /// A password made for one program.
    AppPassword,
    /// An OAuth token alone.
    Oauth,
}

/// One mail provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// The name on the command line.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    domains: Vec<String>,
    #[serde(default)]
    mx: Vec<String>,
    imap: Endpoint,
    smtp: Endpoint,
    login: Login,
    /// What it takes as proof.
    pub secret: Proof,
    ja: String,
    en: String,
    /// Where the user does what the note says.
    pub link: String,
    /// Where the facts are from, for whoever checks them anew.
    pub source: String,
}

/// All providers that are known.
///
/// # Errors
/// What is wrong with the table; never, says a test.
pub fn all() -> Result<Vec<Provider>, String> {
    let table: Table = toml::from_str(TABLE).map_err(|error| error.to_string())?;
    Ok(table.provider)
}

/// The provider of that name on the command line.
#[must_use]
pub fn named(id: &str) -> Option<Provider> {
    all().ok()?.into_iter().find(|provider| provider.id == id)
}

/// The provider that has `domain`.
#[must_use]
pub fn of_domain(domain: &str) -> Option<Provider> {
    find(domain, |provider| &provider.domains)
}

/// The provider that takes the mail of a domain in at `host` (RFC 5321 §5.1).
#[must_use]
pub fn of_mx(host: &str) -> Option<Provider> {
    find(host, |provider| &provider.mx)
}

/// The provider whose IMAP server is `host`.
#[must_use]
pub fn of_imap(host: &str) -> Option<Provider> {
    all().ok()?.into_iter().find(|provider| provider.imap.host == host)
}

/// The longest name in the table that `name` is, or is below of.
fn find(name: &str, names: impl Fn(&Provider) -> &[String]) -> Option<Provider> {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let fits = |known: &&String| {
        name == **known || name.strip_suffix(known.as_str()).is_some_and(|it| it.ends_with('.'))
    };
    let longest = |provider: &Provider| names(provider).iter().filter(fits).map(String::len).max();
    all()
        .ok()?
        .into_iter()
        .filter_map(|provider| Some((longest(&provider)?, provider)))
        .max_by_key(|(length, _)| *length)
        .map(|(_, provider)| provider)
}

impl Provider {
    /// Its servers, for `address`.
    #[must_use]
    pub fn servers(&self, address: &str) -> Servers {
        Servers {
            imap: self.imap.clone(),
            smtp: Some(self.smtp.clone()),
            user: self.login.of(address),
        }
    }

    /// What the user has to do first, in two lines.
    #[must_use]
    pub fn note(&self, lang: Lang) -> &str {
        match lang {
            Lang::Ja => &self.ja,
            Lang::En => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::net::Security;

    #[test]
    fn the_table_is_whole() {
        let table: Table = toml::from_str(TABLE).unwrap();
        assert!(table.checked.parse::<jiff::civil::Date>().is_ok());
        let (mut ids, mut domains) = (BTreeSet::new(), BTreeSet::new());
        for provider in &table.provider {
            let id = &provider.id;
            assert!(ids.insert(id), "{id}");
            for domain in &provider.domains {
                assert!(domains.insert(domain), "{domain}");
                assert_eq!(of_domain(domain).unwrap().id, *id);
            }
            // Nothing in the table may lead a password over an open line.
            assert_eq!((provider.imap.port, provider.imap.security), (993, Security::Tls), "{id}");
            let smtp = (provider.smtp.port, provider.smtp.security);
            assert!([(465, Security::Tls), (587, Security::Starttls)].contains(&smtp), "{id}");
            for lang in [Lang::Ja, Lang::En] {
                assert_eq!(provider.note(lang).lines().count(), 2, "{id}: a note is two lines");
            }
            assert!(provider.link.starts_with("https://"), "{id}");
            assert!(provider.source.starts_with("https://"), "{id}");
        }
    }

    #[test]
    fn the_providers_that_job_seekers_in_japan_have_are_known() {
        for (domain, id) in [
            ("gmail.com", "gmail"),
            ("outlook.jp", "outlook"),
            ("icloud.com", "icloud"),
            ("yahoo.co.jp", "yahoo-japan"),
            ("docomo.ne.jp", "docomo"),
            ("au.com", "au"),
            ("ezweb.ne.jp", "au"),
            ("softbank.ne.jp", "softbank"),
            ("xa2.so-net.ne.jp", "so-net"),
            ("juno.ocn.ne.jp", "ocn"),
            ("nifty.com", "nifty"),
            ("fastmail.com", "fastmail"),
        ] {
            assert_eq!(of_domain(domain).unwrap().id, id, "{domain}");
        }
        assert_eq!(of_domain("notgmail.com"), None);
        assert_eq!(of_domain("example.ac.jp"), None);
    }

    #[test]
    fn a_university_behind_google_or_microsoft_is_recognised_by_its_mx() {
        for (host, id) in [
            ("aspmx.l.google.com.", "gmail"),
            ("ALT1.ASPMX.L.GOOGLE.COM", "gmail"),
            ("example-ac-jp.mail.protection.outlook.com", "microsoft365"),
            ("outlook-com.olc.protection.outlook.com", "outlook"),
        ] {
            assert_eq!(of_mx(host).unwrap().id, id, "{host}");
        }
        assert_eq!(of_mx("mx.example.ac.jp"), None);
    }
}
