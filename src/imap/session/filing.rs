//! A short session that may write: into Sent and Drafts, and the `\Answered` flag.
//!
//! The watching session has none of these commands. Each use opens a [`Filing`] of its own and closes
//! it again. It only ever adds: APPEND, and STORE of one flag; nothing is deleted or moved.

use serde::Deserialize;
use tokio::time::timeout;

use super::{
    Answer, COMMAND_LIMIT, STEP_LIMIT, Session, SessionError, Wire, mailbox_name, quoted, verb,
};
use crate::imap::cursor::{Uid, uid_set};
use crate::mail::MessageId;
use crate::net::Server;
use crate::secret::Credential;

/// Names of mailboxes and habits of providers, as data.
const CUSTOMS: &str = include_str!("../../../config/mailboxes.toml");

/// Longest list of mailboxes that is looked through.
const MAILBOXES_MAX: usize = 10_000;

/// How providers name mailboxes, and what they do by themselves.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Customs {
    sent: Vec<String>,
    drafts: Vec<String>,
    files_sent_itself: Vec<String>,
}

impl Customs {
    /// The built-in ones; a test checks that they can be read.
    fn built_in() -> Self {
        let nothing = Self { sent: vec![], drafts: vec![], files_sent_itself: vec![] };
        toml::from_str(CUSTOMS).unwrap_or(nothing)
    }
}

/// Whether the submission server `host` files what it takes in the Sent mailbox itself.
#[must_use]
pub fn files_sent_itself(host: &str) -> bool {
    let hosts = Customs::built_in().files_sent_itself;
    hosts.iter().any(|known| known.eq_ignore_ascii_case(host.trim_end_matches('.')))
}

/// A mailbox with a purpose (RFC 6154).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where copies of what was sent are.
    Sent,
    /// Where drafts are.
    Drafts,
}

/// A mailbox as LIST describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// Its name as it travels.
    pub(super) name: String,
    /// What stands between the levels of the name.
    pub(super) delimiter: Option<String>,
    /// Its purpose, if it says one that we look for.
    pub(super) place: Option<Place>,
    /// It can be opened.
    pub(super) selectable: bool,
}

/// The header field in which an id is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The message's own.
    MessageId,
    /// The one that it answers.
    InReplyTo,
}

/// A logged-in session beside the watching one.
#[derive(Debug)]
pub struct Filing<S: Wire> {
    session: Session<S>,
    mailboxes: Option<Vec<Listed>>,
}

/// Connects to `server` and logs in.
pub async fn open(
    server: &Server,
    user: &str,
    credential: &Credential,
) -> Result<Filing<Box<dyn Wire>>, SessionError> {
    let mut session = super::open(server).await?;
    session.log_in(user, credential).await?;
    Ok(Filing { session, mailboxes: None })
}

impl<S: Wire> Filing<S> {
    /// Whether `place` holds a message with `id` in `field`. Without such a place: no.
    pub async fn holds(
        &mut self,
        place: Place,
        field: Field,
        id: &MessageId,
    ) -> Result<bool, SessionError> {
        let Some(mailbox) = self.place(place).await? else { return Ok(false) };
        self.open_mailbox("EXAMINE", &mailbox).await?;
        Ok(!self.search(field, id, "").await?.is_empty())
    }

    /// Puts `message` into `place` as read; `false` if there is no such place.
    pub async fn put(&mut self, place: Place, message: &[u8]) -> Result<bool, SessionError> {
        let Some(mailbox) = self.place(place).await? else { return Ok(false) };
        let flags = match place {
            Place::Sent => "\\Seen",
            Place::Drafts => "\\Seen \\Draft",
        };
        let mailbox = quoted(&mailbox);
        let command = format!("APPEND {mailbox} ({flags}) {{{}}}", message.len());
        let session = &mut self.session;
        let tags = session.send(&[command]).await?;
        loop {
            match session.answer(STEP_LIMIT).await? {
                Answer::Continue(_) => break,
                Answer::Done { words, .. } => {
                    return Err(SessionError::No { command: verb("APPEND"), words });
                }
                _ => {}
            }
        }
        session.write(message).await?;
        session.write(b"\r\n").await?;
        timeout(COMMAND_LIMIT, session.finish(&tags, |_answer| {}))
            .await
            .map_err(|_elapsed| session.silent(COMMAND_LIMIT))??;
        Ok(true)
    }

    /// Whether the message `id` in `mailbox` has the flag `\Answered`. One that is gone has not, and
    /// neither has one in a mailbox that was renamed or deleted.
    pub async fn is_answered(
        &mut self,
        mailbox: &str,
        id: &MessageId,
    ) -> Result<bool, SessionError> {
        if !self.is_there("EXAMINE", mailbox).await? {
            return Ok(false);
        }
        Ok(!self.search(Field::MessageId, id, "ANSWERED ").await?.is_empty())
    }

    /// Sets `\Answered` on the message `id` in `mailbox`, if it is there.
    pub async fn mark_answered(
        &mut self,
        mailbox: &str,
        id: &MessageId,
    ) -> Result<(), SessionError> {
        if !self.is_there("SELECT", mailbox).await? {
            return Ok(());
        }
        let found = self.search(Field::MessageId, id, "UNANSWERED ").await?;
        if !found.is_empty() {
            let command = format!("UID STORE {} +FLAGS.SILENT (\\Answered)", uid_set(&found));
            self.session.exec(&command, |_answer| {}).await?;
        }
        Ok(())
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.session.logout().await;
    }

    /// Opens `mailbox`, if the server has it: one mailbox that is gone is not to keep from looking
    /// into the others.
    async fn is_there(&mut self, verb: &str, mailbox: &str) -> Result<bool, SessionError> {
        match self.open_mailbox(verb, &mailbox_name::encode(mailbox)).await {
            Ok(()) => Ok(true),
            Err(SessionError::No { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn open_mailbox(&mut self, verb: &str, encoded: &str) -> Result<(), SessionError> {
        let command = format!("{verb} {}", quoted(encoded));
        self.session.exec(&command, |_answer| {}).await.map(|_words| ())
    }

    async fn search(
        &mut self,
        field: Field,
        id: &MessageId,
        flag: &str,
    ) -> Result<Vec<Uid>, SessionError> {
        let id = id.as_str();
        // Anything else would have to be sent in a charset that the server may not know.
        if !id.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Ok(Vec::new());
        }
        let field = match field {
            Field::MessageId => "Message-ID",
            Field::InReplyTo => "In-Reply-To",
        };
        let command = format!("UID SEARCH {flag}HEADER {field} {}", quoted(&format!("<{id}>")));
        let mut found = Vec::new();
        let each = |answer| {
            if let Answer::Found(uids) = answer {
                found.extend(uids.into_iter().filter(|&uid| uid != 0).map(Uid));
            }
        };
        self.session.exec(&command, each).await?;
        Ok(found)
    }

    /// The name of `place` as it travels.
    async fn place(&mut self, place: Place) -> Result<Option<String>, SessionError> {
        if self.mailboxes.is_none() {
            // Servers that can both leave the purposes out unless they are asked for (RFC 6154 §5.2).
            let asks = self.session.offers("SPECIAL-USE").await?
                && self.session.offers("LIST-EXTENDED").await?;
            let command =
                if asks { "LIST \"\" \"*\" RETURN (SPECIAL-USE)" } else { "LIST \"\" \"*\"" };
            let mut listed = Vec::new();
            let each = |answer| {
                if let Answer::Listed(mailbox) = answer
                    && listed.len() < MAILBOXES_MAX
                {
                    listed.push(mailbox);
                }
            };
            self.session.client.get_mut().expect_lists(true);
            self.session.exec(command, each).await?;
            self.session.client.get_mut().expect_lists(false);
            self.mailboxes = Some(listed);
        }
        Ok(choose(self.mailboxes.as_deref().unwrap_or_default(), place, &Customs::built_in()))
    }
}

/// The mailbox among `listed` that is `place`: by its purpose, else by its name.
fn choose(listed: &[Listed], place: Place, customs: &Customs) -> Option<String> {
    let open = || listed.iter().filter(|mailbox| mailbox.selectable);
    if let Some(mailbox) = open().find(|mailbox| mailbox.place == Some(place)) {
        return Some(mailbox.name.clone());
    }
    let names = match place {
        Place::Sent => &customs.sent,
        Place::Drafts => &customs.drafts,
    };
    names.iter().find_map(|name| {
        let is_it = |mailbox: &&Listed| last_level(mailbox).eq_ignore_ascii_case(name);
        open().find(is_it).map(|mailbox| mailbox.name.clone())
    })
}

fn last_level(mailbox: &Listed) -> String {
    let name = mailbox_name::decode(&mailbox.name);
    let delimiter = mailbox.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
    match delimiter.and_then(|delimiter| name.rsplit_once(delimiter)) {
        Some((_above, last)) => last.to_owned(),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(name: &str) -> Listed {
        let name = mailbox_name::encode(name);
        Listed { name, delimiter: Some("/".into()), place: None, selectable: true }
    }

    fn sent_among(mailboxes: &[Listed]) -> Option<String> {
        choose(mailboxes, Place::Sent, &Customs::built_in()).map(|name| mailbox_name::decode(&name))
    }

    #[test]
    fn the_customs_can_be_read() {
        assert!(toml::from_str::<Customs>(CUSTOMS).is_ok());
        assert!(files_sent_itself("SMTP.gmail.com."));
        assert!(!files_sent_itself("smtp.example.jp"));
    }

    #[test]
    fn a_purpose_goes_before_a_name() {
        let marked = Listed { place: Some(Place::Sent), ..listed("控え") };
        assert_eq!(sent_among(&[listed("Sent"), marked]), Some("控え".into()));
    }

    #[test]
    fn without_a_purpose_the_last_level_of_the_name_decides() {
        assert_eq!(
            sent_among(&[listed("INBOX"), listed("送信済みトレイ")]),
            Some("送信済みトレイ".into())
        );
        let gmail = "[Gmail]/送信済みメール";
        assert_eq!(sent_among(&[listed("INBOX"), listed(gmail)]), Some(gmail.into()));
        let courier = Listed { delimiter: Some(".".into()), ..listed("INBOX.Sent") };
        assert_eq!(sent_among(&[courier]), Some("INBOX.Sent".into()));
        assert_eq!(sent_among(&[listed("Sentences")]), None);
    }

    #[test]
    fn a_mailbox_that_cannot_be_opened_is_not_chosen() {
        let closed = Listed { selectable: false, place: Some(Place::Sent), ..listed("Sent") };
        assert_eq!(sent_among(&[closed]), None);
    }
}
