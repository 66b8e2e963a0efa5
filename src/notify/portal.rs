//! Opens a mail in the program the user reads mail with, over the desktop portal: never by a child
//! process, which would inherit the daemon's sandbox and die with it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::wire::OwnedObjectPath;
use zbus::{Connection, MatchRule, Message, MessageStream, Variant};

use super::PATIENCE;
use crate::mail::MessageId;

const PORTAL: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const OPEN: &str = "org.freedesktop.portal.OpenURI";

/// How long the desktop may take to open something. It may be asking the user with what.
const OPENING: Duration = Duration::from_secs(30);

/// How asking for a mail to be opened ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// It is open, is about to be, or the user chose otherwise.
    Yes,
    /// There is nothing here that could open it.
    Nothing,
}

/// Where a mail can be looked at, the best first: as `mid:` (RFC 2392) in a mail program, and for
/// an account at Gmail in the browser. `gmail` is that account's address.
#[must_use]
pub fn places(message_id: Option<&MessageId>, gmail: Option<&str>) -> Vec<String> {
    let Some(id) = message_id else { return Vec::new() };
    let id = id.as_str();
    let mut places = vec![format!("mid:{}", encoded(id))];
    if let Some(address) = gmail {
        let (address, id) = (encoded(address), encoded(id));
        places.push(format!(
            "https://mail.google.com/mail/?authuser={address}#search/rfc822msgid%3A{id}"
        ));
    }
    places
}

/// Opens the first of `places` that something on this desktop can open.
pub async fn open(bus: &Connection, places: &[String], token: Option<&str>) -> Opened {
    let mut known = Vec::new();
    for place in places {
        let scheme = place.split(':').next().unwrap_or_default();
        match supported(bus, scheme).await {
            Some(false) => {}
            // Older portals cannot say: then a web page is the surer thing to open.
            sure => known.push((sure.is_none() && scheme == "mid", place)),
        }
    }
    known.sort_by_key(|(unsure, _)| *unsure);
    for (_, place) in known {
        if ask(bus, place, token).await.is_ok_and(|opened| opened == Opened::Yes) {
            return Opened::Yes;
        }
    }
    Opened::Nothing
}

/// Whether something opens addresses of this scheme; `None` where the portal cannot say.
async fn supported(bus: &Connection, scheme: &str) -> Option<bool> {
    let options: HashMap<&str, Variant<'_>> = HashMap::new();
    let question = (scheme, options);
    let call = bus.call_method(Some(PORTAL), PATH, Some(OPEN), "SchemeSupported", &question);
    timeout(PATIENCE, call).await.ok()?.ok()?.body().deserialize().ok()
}

async fn ask(bus: &Connection, place: &str, token: Option<&str>) -> zbus::Result<Opened> {
    let late = |_elapsed| zbus::fdo::Error::TimedOut(PORTAL.to_owned());
    let (mut answers, accepted) =
        timeout(PATIENCE, request(bus, place, token)).await.map_err(late)??;
    let handle: OwnedObjectPath = accepted.body().deserialize()?;
    let portal = accepted.header().sender().map(ToString::to_string);
    let answer = async {
        while let Some(Ok(message)) = answers.next().await {
            let header = message.header();
            let ours = header.path().is_some_and(|path| path.as_str() == handle.as_str());
            if ours && header.sender().map(ToString::to_string) == portal {
                let (code, _results): (u32, HashMap<String, zbus::OwnedVariant>) =
                    message.body().deserialize()?;
                // 0 is done, 1 that the user did not want it, 2 anything else.
                return Ok(if code == 2 { Opened::Nothing } else { Opened::Yes });
            }
        }
        Ok(Opened::Nothing)
    };
    timeout(OPENING, answer).await.unwrap_or(Ok(Opened::Yes))
}

/// Asks for something to be opened, and listens for the answer: from before asking, so that a quick
/// one is not missed.
async fn request(
    bus: &Connection,
    place: &str,
    token: Option<&str>,
) -> zbus::Result<(MessageStream, Message)> {
    let rule = MatchRule::builder()
        .msg_type(Type::Signal)
        .interface("org.freedesktop.portal.Request")
        .member("Response")
        .build()?;
    let answers = MessageStream::for_match_rule(rule, bus, None).await?;
    let mut options: HashMap<&str, Variant<'_>> = HashMap::new();
    if let Some(token) = token {
        options.insert("activation_token", token.into());
    }
    let request = ("", place, options);
    let accepted = bus.call_method(Some(PORTAL), PATH, Some(OPEN), "OpenURI", &request).await?;
    Ok((answers, accepted))
}

/// `text` with everything percent-encoded that is not unreserved (RFC 3986 §2.3), or `@`.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut done, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte) {
            done.push(char::from(byte));
        } else {
            let _ = write!(done, "%{byte:02X}");
        }
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_cannot_add_to_the_address_that_is_opened() {
        let id = MessageId::new("<a&b#c?d=\"e\"/+x@example.jp>").unwrap();
        assert_eq!(places(Some(&id), None), ["mid:a%26b%23c%3Fd%3D%22e%22%2F%2Bx@example.jp"]);
    }

    #[test]
    fn a_mail_at_gmail_is_searched_for_in_the_account_it_came_to() {
        let id = MessageId::new("<x+1@example.jp>").unwrap();
        let places = places(Some(&id), Some("hanako+job@example.jp"));
        assert_eq!(
            places[1],
            "https://mail.google.com/mail/?authuser=hanako%2Bjob@example.jp#search/rfc822msgid%3Ax%2B1@example.jp"
        );
    }

    #[test]
    fn a_mail_without_an_id_cannot_be_looked_up() {
        assert_eq!(places(None, Some("hanako@example.jp")), [""; 0]);
    }
}
