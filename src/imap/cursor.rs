//! What of a mailbox has been read: UIDVALIDITY and the last UID (RFC 9051 §2.3.1.1). Pure.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// A message's identifier within one mailbox and UIDVALIDITY; never 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Uid(pub u32);

/// The life of a mailbox during which its UIDs mean the same messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct UidValidity(pub u32);

/// How far a mailbox has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cursor {
    /// The life of the mailbox the UID belongs to.
    pub uid_validity: UidValidity,
    /// The last UID that was read; 0 if none.
    pub last_uid: u32,
    /// The newest UID there was when goen first saw the mailbox: up to it mails are kept quietly,
    /// what is above is news, however often the first look is interrupted.
    pub old_up_to: u32,
}

impl Cursor {
    /// The same cursor moved to `last_uid`, but never backwards.
    #[must_use]
    pub fn advanced(self, last_uid: u32) -> Self {
        Self { last_uid: self.last_uid.max(last_uid), ..self }
    }

    /// Whether the first look has come to its end.
    fn has_looked_back(self) -> bool {
        self.last_uid >= self.old_up_to
    }
}

/// What a server says about a mailbox when it is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// The mailbox's present life. Required of every server.
    pub uid_validity: UidValidity,
    /// The UID the next message will get. Courier and mail.163.com leave it out.
    pub uid_next: Option<u32>,
    /// How many messages there are.
    pub exists: u32,
}

/// How to come up to date in a mailbox that was just opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Never seen: look back some days, announcing nothing.
    FirstLook,
    /// The first look was interrupted: go on with it, behind the last UID that was read.
    GoOnLooking,
    /// The UIDs known mean nothing any more: look back some days; what is known already is
    /// recognised by its content.
    LookAgain,
    /// Read what has a UID above this one.
    Continue {
        /// The last UID that was read.
        after: u32,
    },
}

/// Compares what was read with what the server says now.
#[must_use]
pub fn plan(cursor: Option<Cursor>, opened: Opened) -> Plan {
    let Some(cursor) = cursor else { return Plan::FirstLook };
    // UIDNEXT must not shrink while UIDVALIDITY stays; where it does, the numbering has begun anew
    // (a mailbox restored by hand), and waiting for UIDs above the old ones would miss mail.
    let newest = cursor.last_uid.max(cursor.old_up_to);
    let restarted = opened.uid_next.is_some_and(|next| next <= newest);
    let same = cursor.uid_validity == opened.uid_validity && !restarted;
    match (same, cursor.has_looked_back()) {
        (true, true) => Plan::Continue { after: cursor.last_uid },
        (true, false) => Plan::GoOnLooking,
        (false, true) => Plan::LookAgain,
        (false, false) => Plan::FirstLook,
    }
}

/// Of the UIDs a server answered, those above `after`, in order and once each.
///
/// Asked for `n:*`, a server answers its last message even if that is older than `n` (RFC 9051 §6.4.8).
#[must_use]
pub fn above(after: u32, found: impl IntoIterator<Item = Uid>) -> Vec<Uid> {
    let found: BTreeSet<Uid> =
        found.into_iter().filter(|uid| uid.0 > after && uid.0 != 0).collect();
    found.into_iter().collect()
}

/// Writes UIDs as a `sequence-set` (RFC 9051 §9): `1:3,7`. `uids` are in order and not empty.
#[must_use]
pub fn uid_set(uids: &[Uid]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &Uid(uid) in uids {
        match ranges.last_mut() {
            Some((_, end)) if end.checked_add(1) == Some(uid) => *end = uid,
            _ => ranges.push((uid, uid)),
        }
    }
    let ranges: Vec<String> = ranges
        .into_iter()
        .map(|(start, end)| if start == end { start.to_string() } else { format!("{start}:{end}") })
        .collect();
    ranges.join(",")
}

/// Message-number windows over a mailbox of `exists` messages, at most `size` each, last one first:
/// a message expunged in between moves others into windows still to come, so none is passed over.
pub fn windows(exists: u32, size: u32) -> impl Iterator<Item = (u32, u32)> {
    let mut end = exists;
    std::iter::from_fn(move || {
        let window = (end.saturating_sub(size).saturating_add(1), end);
        (end > 0).then(|| {
            end = window.0.saturating_sub(1);
            window
        })
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn opened(uid_validity: u32, uid_next: Option<u32>) -> Opened {
        Opened { uid_validity: UidValidity(uid_validity), uid_next, exists: 3 }
    }

    fn cursor(uid_validity: u32, last_uid: u32) -> Cursor {
        Cursor { uid_validity: UidValidity(uid_validity), last_uid, old_up_to: 0 }
    }

    #[test]
    fn a_first_look_that_was_interrupted_goes_on() {
        assert_eq!(plan(None, opened(7, Some(4))), Plan::FirstLook);
        let half = Cursor { old_up_to: 3, ..cursor(7, 2) };
        assert_eq!(plan(Some(half), opened(7, Some(4))), Plan::GoOnLooking);
        assert_eq!(plan(Some(half), opened(7, None)), Plan::GoOnLooking);
        assert_eq!(plan(Some(half), opened(8, Some(4))), Plan::FirstLook);
        assert_eq!(plan(Some(half), opened(7, Some(3))), Plan::FirstLook, "numbered anew");
        assert_eq!(plan(Some(half.advanced(3)), opened(7, Some(9))), Plan::Continue { after: 3 });
    }

    #[test]
    fn another_life_of_the_mailbox_is_looked_at_again() {
        assert_eq!(plan(Some(cursor(6, 2)), opened(7, Some(4))), Plan::LookAgain);
    }

    #[test]
    fn numbering_that_restarts_within_one_life_is_looked_at_again() {
        assert_eq!(plan(Some(cursor(7, 9)), opened(7, Some(4))), Plan::LookAgain);
        assert_eq!(plan(Some(cursor(7, 3)), opened(7, Some(4))), Plan::Continue { after: 3 });
    }

    #[test]
    fn a_server_without_uidnext_is_continued_from_the_last_uid() {
        assert_eq!(plan(Some(cursor(7, 9)), opened(7, None)), Plan::Continue { after: 9 });
    }

    #[test]
    fn an_old_message_answered_for_a_star_is_not_new() {
        assert_eq!(above(9, [Uid(9)]), []);
        assert_eq!(above(9, [Uid(12), Uid(9), Uid(10), Uid(12)]), [Uid(10), Uid(12)]);
    }

    #[test]
    fn uids_beyond_two_to_the_31_are_ordinary() {
        let uids = above(2_147_483_647, [Uid(u32::MAX), Uid(2_147_483_648), Uid(u32::MAX - 1)]);
        assert_eq!(uid_set(&uids), "2147483648,4294967294:4294967295");
    }

    #[test]
    fn windows_cover_a_mailbox_from_its_end() {
        assert_eq!(windows(7, 3).collect::<Vec<_>>(), [(5, 7), (2, 4), (1, 1)]);
        assert_eq!(windows(3, 3).collect::<Vec<_>>(), [(1, 3)]);
        assert_eq!(windows(0, 3).count(), 0);
    }

    proptest! {
        #[test]
        fn the_cursor_never_goes_back(start in any::<u32>(), moves in prop::collection::vec(any::<u32>(), 0..32)) {
            let mut at = cursor(1, start);
            for to in moves {
                let next = at.advanced(to);
                prop_assert!(next.last_uid >= at.last_uid && next.last_uid >= to);
                at = next;
            }
        }

        #[test]
        fn every_message_above_the_cursor_is_read_once(after in any::<u32>(), found in prop::collection::vec(any::<u32>(), 0..64)) {
            let new = above(after, found.iter().copied().map(Uid));
            let truth: BTreeSet<u32> = found.into_iter().filter(|&uid| uid > after).collect();
            prop_assert_eq!(new.iter().map(|uid| uid.0).collect::<Vec<_>>(), truth.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn a_set_names_exactly_its_uids(uids in prop::collection::btree_set(1_u32.., 1..64)) {
            let uids: Vec<Uid> = uids.into_iter().map(Uid).collect();
            let mut named = Vec::new();
            for range in uid_set(&uids).split(',') {
                let (start, end) = range.split_once(':').unwrap_or((range, range));
                named.extend((start.parse().unwrap()..=end.parse().unwrap()).map(Uid));
            }
            prop_assert_eq!(named, uids);
        }

        #[test]
        fn windows_name_every_message_once(exists in 0_u32..5_000, size in 1_u32..700) {
            let mut named: Vec<u32> = windows(exists, size).flat_map(|(start, end)| start..=end).collect();
            named.sort_unstable();
            prop_assert_eq!(named, (1..=exists).collect::<Vec<_>>());
        }
    }
}
