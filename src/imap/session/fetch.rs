//! Fetching: only what is needed, read-only, bounded.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use super::answer::Piece;
use super::{Answer, Code, Session, SessionError, Wire};
use crate::imap::Arrival;
use crate::imap::cursor::{Uid, above, uid_set};
use crate::imap::parts::{self, Part, Section};

/// Up to this size a message is fetched whole, in bytes.
const WHOLE_MAX: u32 = 64 << 10;

/// Where a message that should be small is cut, in bytes: sizes that servers tell are not always
/// true (Exchange estimates them).
const CUT: u32 = 128 << 10;

/// What one command's answers may hold in memory, in bytes.
const ANSWERS_MAX: usize = 16 << 20;

/// Most messages described at once; the rest is asked for again later.
pub(in crate::imap) const DESCRIBED_MAX: usize = 10_000;

/// What is known of a message before it is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Described {
    /// Its UID.
    pub uid: Uid,
    /// Its size in bytes as the server tells it.
    pub size: Option<u32>,
    /// When the server received it.
    pub received_at: Option<Timestamp>,
}

impl Described {
    /// How many bytes fetching it will take, roughly.
    #[must_use]
    pub fn cost(&self) -> u32 {
        self.size.unwrap_or(WHOLE_MAX).min(WHOLE_MAX)
    }
}

/// How to ask for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Care {
    /// Small ones whole, of large ones the text parts.
    Usual,
    /// The first bytes of each, without asking for its structure: for a message whose structure
    /// could not be read.
    Plain,
}

/// Messages that were asked for and have still to be received.
#[derive(Debug)]
#[must_use = "the answers are on their way, and the session is of no use before they were received"]
pub struct Request {
    batch: Vec<Described>,
    structures: BTreeMap<Uid, Part>,
    tags: Vec<String>,
}

/// What came of fetching some messages.
#[derive(Debug, Default)]
pub struct Fetched {
    /// Those that came, in order.
    pub arrivals: Vec<Arrival>,
    /// Those the server said nothing about: expunged meanwhile, or withheld.
    pub missing: Vec<Uid>,
}

impl<S: Wire> Session<S> {
    /// The highest UID in the mailbox; 0 if it is empty.
    pub async fn newest(&mut self) -> Result<u32, SessionError> {
        if self.exists == 0 {
            return Ok(0);
        }
        let found = self.gather("UID FETCH * (UID)".to_owned(), None).await?;
        Ok(found.last_key_value().map_or(0, |(uid, _piece)| uid.0))
    }

    /// Describes the messages with a UID above `after`, in order; the first 10,000 if there are more.
    pub async fn describe_above(&mut self, after: u32) -> Result<Vec<Described>, SessionError> {
        let Some(first) = after.checked_add(1).filter(|_first| self.exists > 0) else {
            return Ok(Vec::new());
        };
        let described = self.described(&format!("{first}:*")).await?;
        let new = above(after, described.keys().copied());
        Ok(new.into_iter().filter_map(|uid| described.get(&uid).copied()).collect())
    }

    /// Describes those of `uids` that still exist, in order.
    pub async fn describe(&mut self, uids: &[Uid]) -> Result<Vec<Described>, SessionError> {
        if uids.is_empty() {
            return Ok(Vec::new());
        }
        let described = self.described(&uid_set(uids)).await?;
        Ok(uids.iter().filter_map(|uid| described.get(uid).copied()).collect())
    }

    async fn described(&mut self, set: &str) -> Result<BTreeMap<Uid, Described>, SessionError> {
        let command = format!("UID FETCH {set} (UID RFC822.SIZE INTERNALDATE)");
        let found = self.gather(command, None).await?;
        let described = |(uid, piece): (Uid, Piece)| {
            (uid, Described { uid, size: piece.size, received_at: piece.received_at })
        };
        Ok(found.into_iter().map(described).collect())
    }

    /// Fetches what is worth reading of `batch`, in at most two round trips.
    pub async fn fetch(
        &mut self,
        batch: &[Described],
        care: Care,
    ) -> Result<Fetched, SessionError> {
        let request = self.request(batch, care).await?;
        self.receive(request).await
    }

    /// Asks for what is worth reading of `batch`. The server can look it up and send it while something
    /// else is done.
    pub async fn request(
        &mut self,
        batch: &[Described],
        care: Care,
    ) -> Result<Request, SessionError> {
        let large = |message: &&Described| {
            care == Care::Usual && message.size.is_some_and(|size| size > WHOLE_MAX)
        };
        let structures = self.structures(batch.iter().filter(large)).await?;
        let whole: Vec<Uid> = batch
            .iter()
            .map(|message| message.uid)
            .filter(|uid| !structures.contains_key(uid))
            .collect();
        let mut commands = Vec::new();
        if !whole.is_empty() {
            let set = uid_set(&whole);
            commands.push(format!("UID FETCH {set} (UID BODY.PEEK[]<0.{CUT}>)"));
        }
        for (uid, structure) in &structures {
            let items = parts::items(&parts::choose(structure));
            commands.push(format!("UID FETCH {} {items}", uid.0));
        }
        let tags = self.send(&commands).await?;
        Ok(Request { batch: batch.to_vec(), structures, tags })
    }

    /// Receives what was asked for.
    pub async fn receive(&mut self, request: Request) -> Result<Fetched, SessionError> {
        let Request { batch, structures, tags } = request;
        let asked = batch.iter().map(|message| message.uid).collect();
        let mut pieces = self.collect(&tags, Some(asked)).await?;
        let mut fetched = Fetched::default();
        for message in &batch {
            let piece = pieces.remove(&message.uid).unwrap_or_default();
            match arrival(message, piece, structures.get(&message.uid)) {
                Some(arrival) => fetched.arrivals.push(arrival),
                None => fetched.missing.push(message.uid),
            }
        }
        Ok(fetched)
    }

    async fn structures(
        &mut self,
        messages: impl Iterator<Item = &Described>,
    ) -> Result<BTreeMap<Uid, Part>, SessionError> {
        let uids: Vec<Uid> = messages.map(|message| message.uid).collect();
        if uids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let command = format!("UID FETCH {} (UID BODYSTRUCTURE)", uid_set(&uids));
        let found = self.gather(command, Some(uids.into_iter().collect())).await?;
        let told = |(uid, piece): (Uid, Piece)| Some((uid, piece.structure?));
        Ok(found.into_iter().filter_map(told).collect())
    }

    async fn gather(
        &mut self,
        command: String,
        asked: Option<BTreeSet<Uid>>,
    ) -> Result<BTreeMap<Uid, Piece>, SessionError> {
        let tags = self.send(&[command]).await?;
        self.collect(&tags, asked).await
    }

    /// Awaits the end of FETCH commands and gathers what they say by UID: about the messages `asked`
    /// for, or about the first 10,000.
    async fn collect(
        &mut self,
        tags: &[String],
        asked: Option<BTreeSet<Uid>>,
    ) -> Result<BTreeMap<Uid, Piece>, SessionError> {
        let mut gathered = Gathered { asked, ..Gathered::default() };
        let ended = self.finish_in_time(tags, |answer| gathered.add(answer)).await;
        match ended {
            Ok(_words) => {}
            // One was expunged while we asked. With several commands under way the session is
            // out of step, so only a lone one may end like this.
            Err(SessionError::No { words, .. })
                if words.code == Some(Code::ExpungeIssued) && tags.len() == 1 => {}
            Err(error) => return Err(error),
        }
        if gathered.bytes > ANSWERS_MAX {
            return Err(SessionError::Protocol("it sends more than was asked for".to_owned()));
        }
        Ok(gathered.by_uid)
    }
}

fn arrival(message: &Described, piece: Piece, structure: Option<&Part>) -> Option<Arrival> {
    let Described { uid, received_at, .. } = *message;
    let mut sections: BTreeMap<Section, Vec<u8>> = piece.sections.into_iter().collect();
    let (bytes, truncated) = match (structure, sections.remove(&Section::Whole)) {
        (_, Some(whole)) => {
            let truncated = whole.len() >= CUT as usize;
            (whole, truncated)
        }
        (Some(structure), None) => {
            let header = sections.get(&Section::Header(Vec::new())).cloned()?;
            // Without a boundary the parts cannot be told apart; the header alone still says who
            // wrote about what.
            (parts::assemble(structure, &sections).unwrap_or(header), true)
        }
        (None, None) => return None,
    };
    Some(Arrival { uid, received_at, message: bytes, truncated })
}

/// Answers to FETCH, sorted by message.
///
/// A server may answer about other messages, say one thing in several responses (the UID in one of
/// them only), and expunge in between, which shifts the message numbers.
#[derive(Debug, Default)]
struct Gathered {
    by_uid: BTreeMap<Uid, Piece>,
    uid_of: HashMap<u32, Uid>,
    nameless: HashMap<u32, Piece>,
    bytes: usize,
    asked: Option<BTreeSet<Uid>>,
}

impl Gathered {
    fn add(&mut self, answer: Answer) {
        match answer {
            Answer::Fetched(number, piece) => self.piece(number, piece),
            Answer::Expunged(number) => self.expunged(number),
            _ => {}
        }
    }

    fn piece(&mut self, number: u32, piece: Piece) {
        self.bytes = self.bytes.saturating_add(piece.bytes());
        if self.bytes > ANSWERS_MAX {
            return;
        }
        let Some(uid) = piece.uid.or_else(|| self.uid_of.get(&number).copied()) else {
            if self.nameless.len() < DESCRIBED_MAX {
                self.nameless.entry(number).or_default().merge(piece);
            }
            return;
        };
        self.uid_of.insert(number, uid);
        if self.asked.as_ref().is_some_and(|asked| !asked.contains(&uid)) {
            return;
        }
        let known = self.by_uid.entry(uid).or_default();
        if let Some(earlier) = self.nameless.remove(&number) {
            known.merge(earlier);
        }
        known.merge(piece);
        if self.by_uid.len() > DESCRIBED_MAX {
            self.by_uid.pop_last();
        }
    }

    fn expunged(&mut self, number: u32) {
        fn shifted<T>(map: &mut HashMap<u32, T>, number: u32) -> HashMap<u32, T> {
            let moved = |(n, value): (u32, T)| (if n > number { n - 1 } else { n }, value);
            map.drain().filter(|(n, _value)| *n != number).map(moved).collect()
        }
        self.uid_of = shifted(&mut self.uid_of, number);
        self.nameless = shifted(&mut self.nameless, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Vec<(Section, Vec<u8>)> {
        vec![(Section::Whole, text.as_bytes().to_vec())]
    }

    fn gathered(answers: impl IntoIterator<Item = Answer>) -> Gathered {
        let mut gathered = Gathered::default();
        for answer in answers {
            gathered.add(answer);
        }
        gathered
    }

    fn text_of(gathered: &Gathered, uid: u32) -> Option<&[u8]> {
        let (_section, data) = gathered.by_uid.get(&Uid(uid))?.sections.first()?;
        Some(data)
    }

    #[test]
    fn a_message_told_in_several_answers_is_one() {
        for body_first in [true, false] {
            let uid = Answer::Fetched(1, Piece { uid: Some(Uid(7)), ..Piece::default() });
            let body = Answer::Fetched(1, Piece { sections: whole("abc"), ..Piece::default() });
            let both = if body_first { [body, uid] } else { [uid, body] };
            assert_eq!(text_of(&gathered(both), 7), Some(&b"abc"[..]), "{body_first}");
        }
    }

    #[test]
    fn an_expunge_in_between_moves_the_numbers() {
        let uid = |number, uid| {
            Answer::Fetched(number, Piece { uid: Some(Uid(uid)), ..Piece::default() })
        };
        let body = Answer::Fetched(1, Piece { sections: whole("b"), ..Piece::default() });
        let found = gathered([uid(1, 7), uid(2, 8), Answer::Expunged(1), body]);
        assert_eq!(text_of(&found, 8), Some(&b"b"[..]));
        assert_eq!(text_of(&found, 7), None);
    }

    #[test]
    fn the_lowest_uids_are_kept_when_there_are_too_many() {
        let count = u32::try_from(DESCRIBED_MAX).unwrap();
        let mut gathered = Gathered::default();
        for uid in (1..=count + 5).rev() {
            gathered.add(Answer::Fetched(uid, Piece { uid: Some(Uid(uid)), ..Piece::default() }));
        }
        assert_eq!(gathered.by_uid.len(), DESCRIBED_MAX);
        assert_eq!(gathered.by_uid.last_key_value().map(|(uid, _piece)| uid.0), Some(count));
    }

    #[test]
    fn messages_nobody_asked_about_are_left_out() {
        let asked = Some([Uid(8)].into());
        let mut gathered = Gathered { asked, ..Gathered::default() };
        for uid in [7, 8] {
            gathered.add(Answer::Fetched(uid, Piece { uid: Some(Uid(uid)), ..Piece::default() }));
        }
        assert_eq!(gathered.by_uid.into_keys().collect::<Vec<_>>(), [Uid(8)]);
    }

    #[test]
    fn a_flood_is_not_kept() {
        let mut gathered = Gathered::default();
        let megabyte = "x".repeat(1 << 20);
        for uid in 1..100 {
            let sections = whole(&megabyte);
            gathered.add(Answer::Fetched(
                1,
                Piece { uid: Some(Uid(uid)), sections, ..Piece::default() },
            ));
        }
        assert!(gathered.by_uid.values().map(Piece::bytes).sum::<usize>() <= ANSWERS_MAX);
        assert!(gathered.bytes > ANSWERS_MAX);
    }
}
