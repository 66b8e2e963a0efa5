//! Never silently blind: when to say that nothing is received, in which words, and when it is over.
//!
//! An account that needs its user is told of at once, one that cannot be reached after a while. The
//! while is counted on the monotonic clock, which stands still with the machine: a laptop that
//! slept all night is not blind when it wakes, it has not looked yet.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::Instant;

use crate::guide::Reveal;
use crate::imap::Health;
use crate::lang::Lang;
use crate::store::{AccountStatus, Told};
use crate::{plain, say};

/// The server's words in a notification take at most this many columns: about three lines.
const WORDS_MAX_COLUMNS: usize = 150;

/// What is known of the accounts since the daemon started.
#[derive(Debug)]
pub(crate) struct Blindness {
    /// How long an account may be unreachable before its user is told.
    patience: Duration,
    accounts: BTreeMap<String, Sight>,
    /// Nothing is said before, because it could not be shown.
    not_before: Option<Instant>,
}

/// Whether mail is received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sight {
    Well,
    /// Reading what came meanwhile: neither blind nor yet well again.
    CatchingUp,
    Unreachable {
        since: Instant,
    },
    Stopped,
}

/// Something to tell the user about an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    /// It has been unreachable for long.
    Unreachable,
    /// It waits for its user.
    Stopped,
    /// It is well again.
    Well,
}

impl Blindness {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { patience, accounts: BTreeMap::new(), not_before: None }
    }

    /// Notes how an account is doing. Says whether that changes what there may be to tell.
    pub(crate) fn note(&mut self, account: &str, health: &Health, now: Instant) -> bool {
        let before = self.accounts.get(account).copied();
        let sight = match (health, before) {
            (Health::Watching, _) => Sight::Well,
            (Health::CatchingUp { .. }, _) => Sight::CatchingUp,
            (Health::Unreachable { .. }, Some(earlier @ Sight::Unreachable { .. })) => earlier,
            (Health::Unreachable { .. }, _) => Sight::Unreachable { since: now },
            (Health::Stopped { .. }, _) => Sight::Stopped,
        };
        self.accounts.insert(account.to_owned(), sight);
        before != Some(sight)
    }

    /// What is to be told of `account`, given what was told last.
    pub(crate) fn due(&self, account: &str, told: Option<Told>, now: Instant) -> Option<Word> {
        if self.not_before.is_some_and(|time| now < time) {
            return None;
        }
        match (self.accounts.get(account)?, told) {
            (Sight::Well, Some(_)) => Some(Word::Well),
            (Sight::Stopped, None | Some(Told::Unreachable)) => Some(Word::Stopped),
            (Sight::Unreachable { since }, None) if *since + self.patience <= now => {
                Some(Word::Unreachable)
            }
            _ => None,
        }
    }

    /// When there may be something to tell, if nothing happens before.
    pub(crate) fn next(&self, now: Instant) -> Option<Instant> {
        let blind = self.accounts.values().filter_map(|sight| match sight {
            Sight::Unreachable { since } => Some(*since + self.patience),
            _ => None,
        });
        // What was due before has been told.
        blind.chain(self.not_before).filter(|time| *time > now).min()
    }

    /// Says nothing before `time`.
    pub(crate) fn postpone(&mut self, time: Instant) {
        self.not_before = Some(time);
    }
}

impl Word {
    /// What the user has been told once this was said.
    pub(crate) fn told(self) -> Option<Told> {
        match self {
            Self::Unreachable => Some(Told::Unreachable),
            Self::Stopped => Some(Told::Stopped),
            Self::Well => None,
        }
    }

    /// Summary and body of the notification.
    pub(crate) fn said(
        self,
        status: &AccountStatus,
        reveal: Reveal,
        now: Timestamp,
        zone: &TimeZone,
        lang: Lang,
    ) -> (String, String) {
        let name = &status.name;
        let since = clock_time(status.since, now, zone, lang);
        let words = match &status.health {
            Health::Unreachable { words, .. } | Health::Stopped { words }
                // They may name the user's address and server: not for other people's eyes.
                if reveal != Reveal::Discreet =>
            {
                format!("{}\n", plain::clip(words, WORDS_MAX_COLUMNS))
            }
            _ => String::new(),
        };
        match self {
            Self::Unreachable => (
                say!(
                    lang,
                    "{since} からメールを受信できていません（{name}）",
                    "No mail received since {since} ({name})"
                ),
                say!(
                    lang,
                    "{words}つながるまで自動で試し続けます。原因を調べるには：goen doctor {name}",
                    "{words}goen keeps trying by itself. To find out why: goen doctor {name}"
                ),
            ),
            Self::Stopped => (
                say!(
                    lang,
                    "{since} からメールの受信が止まっています（{name}）",
                    "Receiving mail stopped at {since} ({name})"
                ),
                say!(
                    lang,
                    "{words}原因を調べるには：goen doctor {name}\n直したあとは：goen retry",
                    "{words}To find out why: goen doctor {name}\nOnce it is fixed: goen retry"
                ),
            ),
            Self::Well => (
                say!(
                    lang,
                    "また受信できるようになりました（{name}）",
                    "Mail is being received again ({name})"
                ),
                say!(
                    lang,
                    "受信できなかった間に届いたメールにも目を通しました。",
                    "What arrived in the meantime has been read, too."
                ),
            ),
        }
    }
}

/// A moment as one says it: the time of day, with the day if that was another.
fn clock_time(time: Timestamp, now: Timestamp, zone: &TimeZone, lang: Lang) -> String {
    let (time, now) = (time.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let form = match lang {
        _ if time.date() == now.date() => "%H:%M",
        Lang::Ja => "%-m月%-d日 %H:%M",
        Lang::En => "%H:%M on %-d %b",
    };
    time.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_hours(1);

    fn unreachable() -> Health {
        let words = "no connection to imap.example.jp:993: connection refused".to_owned();
        Health::Unreachable { words, retry_at: Timestamp::UNIX_EPOCH }
    }

    fn stopped() -> Health {
        Health::Stopped { words: "the server refused the login".to_owned() }
    }

    #[test]
    fn an_account_that_cannot_be_reached_is_told_of_after_the_time_asked_for_and_once() {
        let (mut blindness, start) = (Blindness::new(PATIENCE), Instant::now());
        assert!(blindness.note("uni", &unreachable(), start));
        let later = start + PATIENCE / 2;
        assert!(!blindness.note("uni", &unreachable(), later), "the same again is no news");
        assert_eq!(blindness.due("uni", None, later), None);
        assert_eq!(blindness.next(later), Some(start + PATIENCE));
        let due = start + PATIENCE;
        assert_eq!(blindness.due("uni", None, due), Some(Word::Unreachable));
        assert_eq!(blindness.due("uni", Some(Told::Unreachable), due), None);
        assert_eq!(blindness.next(due), None);
    }

    #[test]
    fn a_short_loss_of_the_network_is_not_worth_a_word() {
        let (mut blindness, start) = (Blindness::new(PATIENCE), Instant::now());
        blindness.note("uni", &unreachable(), start);
        blindness.note("uni", &Health::Watching, start + PATIENCE / 2);
        blindness.note("uni", &unreachable(), start + PATIENCE);
        assert_eq!(blindness.due("uni", None, start + PATIENCE), None);
        assert_eq!(blindness.next(start + PATIENCE), Some(start + 2 * PATIENCE));
    }

    #[test]
    fn an_account_that_needs_its_user_is_told_of_at_once_whatever_was_told_before() {
        let (mut blindness, now) = (Blindness::new(PATIENCE), Instant::now());
        blindness.note("uni", &stopped(), now);
        assert_eq!(blindness.due("uni", None, now), Some(Word::Stopped));
        assert_eq!(blindness.due("uni", Some(Told::Unreachable), now), Some(Word::Stopped));
        assert_eq!(blindness.due("uni", Some(Told::Stopped), now), None);
    }

    #[test]
    fn it_is_well_again_when_all_was_read_and_only_if_the_user_knew_of_it() {
        let (mut blindness, now) = (Blindness::new(PATIENCE), Instant::now());
        blindness.note("uni", &Health::CatchingUp { done: 1, total: 2 }, now);
        assert_eq!(blindness.due("uni", Some(Told::Stopped), now), None);
        blindness.note("uni", &Health::Watching, now);
        assert_eq!(blindness.due("uni", Some(Told::Stopped), now), Some(Word::Well));
        assert_eq!(blindness.due("uni", None, now), None);
    }

    #[test]
    fn what_could_not_be_shown_is_tried_again_later() {
        let (mut blindness, now) = (Blindness::new(PATIENCE), Instant::now());
        blindness.note("uni", &stopped(), now);
        let later = now + Duration::from_mins(1);
        blindness.postpone(later);
        assert_eq!(blindness.due("uni", None, now), None);
        assert_eq!(blindness.next(now), Some(later));
        assert_eq!(blindness.due("uni", None, later), Some(Word::Stopped));
    }

    fn said(word: Word, health: Health, reveal: Reveal, lang: Lang) -> String {
        let since: Timestamp = "2026-11-20T00:12:00Z".parse().unwrap();
        let status = AccountStatus { name: "uni".to_owned(), health, since };
        let zone = TimeZone::fixed(jiff::tz::offset(9));
        let now = since + Duration::from_hours(2);
        let (summary, body) = word.said(&status, reveal, now, &zone, lang);
        format!("{summary}\n{body}")
    }

    #[test]
    fn the_words_say_since_when_why_and_what_to_do() {
        insta::assert_snapshot!(said(Word::Unreachable, unreachable(), Reveal::Full, Lang::Ja), @r"
        09:12 からメールを受信できていません（uni）
        no connection to imap.example.jp:993: connection refused
        つながるまで自動で試し続けます。原因を調べるには：goen doctor uni
        ");
        insta::assert_snapshot!(said(Word::Unreachable, unreachable(), Reveal::Full, Lang::En), @r"
        No mail received since 09:12 (uni)
        no connection to imap.example.jp:993: connection refused
        goen keeps trying by itself. To find out why: goen doctor uni
        ");
        insta::assert_snapshot!(said(Word::Stopped, stopped(), Reveal::Full, Lang::En), @r"
        Receiving mail stopped at 09:12 (uni)
        the server refused the login
        To find out why: goen doctor uni
        Once it is fixed: goen retry
        ");
        let well = said(Word::Well, Health::Watching, Reveal::Full, Lang::Ja);
        insta::assert_snapshot!(well, @r"
        また受信できるようになりました（uni）
        受信できなかった間に届いたメールにも目を通しました。
        ");
    }

    #[test]
    fn a_discreet_notification_names_no_server_and_no_address() {
        let said = said(Word::Unreachable, unreachable(), Reveal::Discreet, Lang::Ja);
        assert!(!said.contains("imap.example.jp"), "{said}");
    }

    #[test]
    fn another_day_is_named() {
        let time: Timestamp = "2026-11-20T00:12:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(9));
        let now = time + Duration::from_hours(20);
        assert_eq!(clock_time(time, now, &zone, Lang::Ja), "11月20日 09:12");
        assert_eq!(clock_time(time, now, &zone, Lang::En), "09:12 on 20 Nov");
    }
}
