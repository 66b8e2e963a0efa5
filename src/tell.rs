//! Tells what was found, in its own time: gently, a few at once, and never twice.
//!
//! What is due follows from the store and the settings at every look ([`mod@when`], [`pace`]); nothing
//! is planned ahead, so a changed setting or `goen quiet` holds at once. May be dropped at any await:
//! what is being shown was marked shown before.

use std::rc::Rc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::classify::Outcome;
use crate::config::Account;
use crate::daemon::{Shared, Voice, awake_until, guide, until};
use crate::guide::Reveal;
use crate::lang::Lang;
use crate::notify::link::Event;
use crate::notify::portal::{self, Opened};
use crate::notify::{Notice, NotifyError, Urgency};
use crate::say;
use crate::store::{StoreError, StoredMail};

use self::pace::Pace;
use self::when::{BadNews, Now, when};

pub mod pace;
pub mod when;

/// Notifications are tried again after this long, where nothing tells that it would go now.
const RETRY: SignedDuration = SignedDuration::from_mins(1);

/// The same on the clock that stands still while the machine sleeps.
const RETRY_AWAKE: Duration = Duration::from_mins(1);

/// The clock on the wall went this much further than the one that stands still in sleep: the
/// machine was suspended.
const SLEPT: SignedDuration = SignedDuration::from_secs(30);

/// The key of the summary. Mails count from 1.
const SUMMARY: i64 = 0;

/// The key of the word on a rebuilt store. Accounts count down from -1.
const REBUILT: i64 = i64::MIN;

/// Where Gmail's users read their mail in a browser.
const GMAIL: [&str; 2] = ["imap.gmail.com", "imap.googlemail.com"];

/// Tells what is to be told, when it is due, until `stop`.
pub(crate) async fn tell(shared: Rc<Shared>, voice: Voice, stop: CancellationToken) {
    let mut teller = Teller::new(shared.clone(), voice);
    loop {
        // Armed before the look, so that what is stored in between is not slept through.
        let news = shared.news.notified();
        let next = match teller.look().await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!("Notifications cannot be looked up: {error}");
                Some(later(shared.clock.now(), RETRY))
            }
        };
        let blind = shared.blindness.borrow().next(Instant::now());
        let heard = tokio::select! {
            () = stop.cancelled() => return,
            () = news => Ok(()),
            () = until(next, &shared.clock) => Ok(()),
            () = awake_until(blind) => Ok(()),
            event = event(&mut teller.voice) => teller.hear(event).await,
            Some(opened) = teller.opening.join_next() => match opened {
                Ok((mail_id, Opened::Nothing)) => {
                    teller.could_not_open(mail_id).await;
                    Ok(())
                }
                _ => Ok(()),
            },
        };
        if let Err(error) = heard {
            tracing::error!("A click could not be followed: {error}");
        }
    }
}

struct Teller {
    shared: Rc<Shared>,
    voice: Voice,
    pace: Pace,
    awake: Awake,
    started: Instant,
    /// The last try failed, and nothing will tell when another would not.
    retry_at: Option<Timestamp>,
    /// The mails that the summary stands for.
    summed: Vec<i64>,
    /// Mails that the desktop was asked to open.
    opening: JoinSet<(i64, Opened)>,
}

impl Teller {
    fn new(shared: Rc<Shared>, voice: Voice) -> Self {
        let started = Instant::now();
        Self {
            awake: Awake::new(shared.clock.now(), started),
            shared,
            voice,
            pace: Pace::default(),
            started,
            retry_at: None,
            summed: Vec::new(),
            opening: JoinSet::new(),
        }
    }

    /// Shows what is due, takes away what was read elsewhere, and says when to look again.
    async fn look(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.take_away_read().await?;
        let store = &self.shared.store;
        let time = self.shared.clock.now();
        if let Some(retry_at) = self.retry_at
            && time < retry_at
        {
            return Ok(Some(retry_at));
        }
        let awake_since = self.awake.look(time, Instant::now());
        let now = Now { time, awake_since, quiet_until: store.quiet_until(time)? };
        let zone = &self.shared.zone;
        let wish = self.shared.config.notify.wish();
        let (mut due, mut next) = (Vec::new(), None);
        for result in store.due_notifications()? {
            let at = when(result.outcome, result.received_at, now, zone, &wish);
            if at <= time {
                due.push(result);
            } else {
                next = Some(next.map_or(at, |next: Timestamp| next.min(at)));
            }
        }
        let together = matches!(wish.bad_news, BadNews::Daily(_));
        let plan = self.pace.plan(due, together, self.started.elapsed());
        let with_others = !plan.singles.is_empty();
        // An account's trouble is neither good news nor bad, but it is no news for the night either.
        let speaks_at = when(Outcome::Unsure, time, now, zone, &wish);
        let told = async {
            // Before anything is marked: a desktop that is not there is to cost nothing.
            if let (Voice::Desktop(link), true) = (&mut self.voice, plan.has_any()) {
                link.ready().await?;
            }
            for mail_id in plan.singles {
                self.tell_one(mail_id).await?;
            }
            self.tell_together(&plan.together, with_others).await?;
            if speaks_at <= time {
                self.tell_blindness().await?;
                self.tell_rebuilt().await?;
            } else {
                next = Some(next.map_or(speaks_at, |next| next.min(speaks_at)));
            }
            Ok(())
        };
        match told.await {
            Ok(()) => {
                self.retry_at = None;
                Ok(next)
            }
            Err(Untold::Store(error)) => Err(error),
            Err(Untold::Desktop(error)) => {
                tracing::warn!("A notification could not be shown: {error}");
                // Where only the server is missing, the bus tells when one comes.
                let waits = matches!(error, NotifyError::NoServer(_));
                self.retry_at = (!waits).then(|| later(time, RETRY));
                Ok(self.retry_at.or(next))
            }
        }
    }

    async fn tell_one(&mut self, mail_id: i64) -> Result<(), Untold> {
        let Shared { store, clock, config, knowledge, lang, .. } = &*self.shared;
        // Read or told meanwhile: then there is nothing left to tell.
        if store.mark_told(&[mail_id], clock.now())?.is_empty() {
            return Ok(());
        }
        let Some(mail) = store.mail(mail_id)? else { return Ok(()) };
        // Counted up with each notification: never the same sentence twice in a row.
        let variety = store.notifications_shown()?;
        let guide = guide(&mail, config, knowledge, *lang, variety);
        let notice = Notice {
            summary: guide.summary,
            body: guide.body,
            urgency: Urgency::Normal,
            key: mail_id,
        };
        self.pace.shown(self.started.elapsed());
        let opens = !places(&mail, config.account(&mail.account)).is_empty();
        self.show(&notice, opens, &[mail_id]).await
    }

    async fn tell_together(&mut self, mail_ids: &[i64], with_others: bool) -> Result<(), Untold> {
        if mail_ids.is_empty() {
            return Ok(());
        }
        let marked = self.shared.store.mark_told(mail_ids, self.shared.clock.now())?;
        if marked.is_empty() {
            return Ok(());
        }
        let now = self.started.elapsed();
        let count = self.pace.in_summary(marked.len(), now);
        let reveal = self.shared.config.notify.reveal;
        let notice = summary(count, with_others, reveal, self.shared.lang);
        self.show(&notice, false, &marked).await?;
        self.pace.summed(count, now);
        if count == marked.len() {
            self.summed.clear();
        }
        self.summed.extend(marked);
        Ok(())
    }

    /// Says that the store was damaged and built anew, once.
    async fn tell_rebuilt(&mut self) -> Result<(), StoreError> {
        let Shared { store, lang, .. } = &*self.shared;
        let Some(rebuilt) = store.untold_rebuilt()? else { return Ok(()) };
        let (summary, body) = rebuilt.said(*lang);
        let notice = Notice { summary, body, urgency: Urgency::Normal, key: REBUILT };
        match show(&mut self.voice, &notice, None).await {
            Ok(()) => store.mark_rebuilt_told(),
            Err(error) => {
                tracing::warn!("A notification could not be shown: {error}");
                Ok(())
            }
        }
    }

    /// Says which accounts nothing has been received from for too long, and which are well again.
    async fn tell_blindness(&mut self) -> Result<(), StoreError> {
        let Shared { store, clock, config, blindness, lang, zone, .. } = &*self.shared;
        for (number, account) in (1..).zip(&config.accounts) {
            let told = store.told(&account.name)?;
            let word = blindness.borrow().due(&account.name, told, Instant::now());
            let Some(word) = word else { continue };
            let accounts = store.accounts()?;
            let Some(status) = accounts.iter().find(|status| status.name == account.name) else {
                continue;
            };
            let (summary, body) = word.said(status, config.notify.reveal, clock.now(), zone, *lang);
            // Mails have the positive keys: the good news takes the place of the bad.
            let notice = Notice { summary, body, urgency: Urgency::Normal, key: -number };
            store.set_told(&account.name, word.told())?;
            if let Err(error) = show(&mut self.voice, &notice, None).await {
                tracing::warn!(
                    account = account.name,
                    "A notification could not be shown: {error}"
                );
                store.set_told(&account.name, told)?;
                blindness.borrow_mut().postpone(Instant::now() + RETRY_AWAKE);
                return Ok(());
            }
            tracing::info!(account = account.name, ?word, "The user was told of the account");
        }
        Ok(())
    }

    /// Shows a notice about mails that were marked; gives them back if it cannot be shown.
    async fn show(&mut self, notice: &Notice, opens: bool, marked: &[i64]) -> Result<(), Untold> {
        let label = say!(self.shared.lang, "メールを開く", "Open the mail");
        match show(&mut self.voice, notice, opens.then_some(&label)).await {
            Ok(()) => Ok(()),
            // Should the server go without having taken it, it says so: `Event::Lost`.
            Err(NotifyError::Unanswered) => {
                tracing::warn!("The notification server has not answered yet");
                Ok(())
            }
            Err(error) => {
                self.shared.store.give_back(marked)?;
                Err(error.into())
            }
        }
    }

    /// Takes notifications away whose mails were read elsewhere.
    async fn take_away_read(&mut self) -> Result<(), StoreError> {
        let Voice::Desktop(link) = &mut self.voice else { return Ok(()) };
        for key in link.up() {
            let mails = if key == SUMMARY { self.summed.as_slice() } else { &[key] };
            let mut all_seen = true;
            for mail_id in mails {
                all_seen = all_seen && self.shared.store.is_seen(*mail_id)?;
            }
            if all_seen {
                link.close(key).await;
            }
        }
        Ok(())
    }

    /// Follows what happened on the desktop. Changes nothing but what is on the screen.
    async fn hear(&mut self, event: Event) -> Result<(), StoreError> {
        match event {
            Event::ServerCame => self.retry_at = None,
            Event::Lost(keys) => {
                for key in keys {
                    let mails = if key == SUMMARY { self.summed.as_slice() } else { &[key] };
                    self.shared.store.give_back(mails)?;
                }
            }
            Event::Clicked { key, token } => {
                let Voice::Desktop(link) = &mut self.voice else { return Ok(()) };
                link.close(key).await;
                let Some(bus) = link.bus() else { return Ok(()) };
                let Some(mail) = self.shared.store.mail(key)? else { return Ok(()) };
                let places = places(&mail, self.shared.config.account(&mail.account));
                // Beside the telling: the desktop may be asking the user with what to open it.
                self.opening.spawn_local(async move {
                    (key, portal::open(&bus, &places, token.as_deref()).await)
                });
            }
        }
        Ok(())
    }

    /// Says how to read a mail that nothing on this desktop can open.
    async fn could_not_open(&mut self, mail_id: i64) {
        let lang = self.shared.lang;
        let notice = Notice {
            summary: say!(
                lang,
                "メールを開くアプリが見つかりませんでした",
                "No program here could open the mail"
            ),
            body: say!(
                lang,
                "いつものメールソフトでご覧ください。\n要点は端末で読めます：goen show {mail_id}",
                "Please look at it where you read your mail.\nThe essence, in a terminal: goen show {mail_id}"
            ),
            urgency: Urgency::Low,
            key: mail_id,
        };
        if let Err(error) = show(&mut self.voice, &notice, None).await {
            tracing::warn!(mail.id = mail_id, "A notification could not be shown: {error}");
        }
    }
}

/// Why something was not told.
enum Untold {
    Store(StoreError),
    Desktop(NotifyError),
}

impl From<StoreError> for Untold {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<NotifyError> for Untold {
    fn from(error: NotifyError) -> Self {
        Self::Desktop(error)
    }
}

async fn show(voice: &mut Voice, notice: &Notice, open: Option<&str>) -> Result<(), NotifyError> {
    match voice {
        Voice::Desktop(link) => link.show(notice, open).await.map(|_shown| ()),
        Voice::Channel(listener) => {
            // Nobody listens any more: then there is nobody to tell.
            let _ = listener.send(notice.clone());
            Ok(())
        }
    }
}

async fn event(voice: &mut Voice) -> Event {
    match voice {
        Voice::Desktop(link) => link.event().await,
        Voice::Channel(_) => std::future::pending().await,
    }
}

/// Where a mail can be looked at.
fn places(mail: &StoredMail, account: Option<&Account>) -> Vec<String> {
    let gmail = account.filter(|account| GMAIL.contains(&account.imap.host.as_str()));
    portal::places(mail.mail.message_id.as_ref(), gmail.map(|account| account.address.as_str()))
}

/// One notification for many mails. It names neither outcomes nor companies, whatever may be shown.
fn summary(count: usize, with_others: bool, reveal: Reveal, lang: Lang) -> Notice {
    let summary = match (reveal, with_others) {
        (Reveal::Discreet, _) => {
            say!(lang, "お知らせが {count} 件あります", "{count} more things to look at")
        }
        (_, true) => say!(
            lang,
            "選考のメールが、ほかに {count} 通届いています",
            "{count} more mails about your applications"
        ),
        (_, false) => say!(
            lang,
            "選考のメールが {count} 通届いています",
            "{count} mails about your applications"
        ),
    };
    let body = say!(
        lang,
        "まとめてお知らせします。手が空いたときに、ひとつずつご覧ください。\n一覧：goen list",
        "Told together, to be read one by one when it suits you.\nThe list: goen list"
    );
    Notice { summary, body, urgency: Urgency::Normal, key: SUMMARY }
}

/// Since when the machine has been awake.
struct Awake {
    since: Timestamp,
    seen: (Timestamp, Instant),
}

impl Awake {
    fn new(time: Timestamp, instant: Instant) -> Self {
        Self { since: whole_seconds(time), seen: (time, instant) }
    }

    /// Since when, as of now: a resume shows in a clock on the wall that ran ahead of the other.
    fn look(&mut self, time: Timestamp, instant: Instant) -> Timestamp {
        let (before, then) = self.seen;
        let awake = SignedDuration::try_from(instant.duration_since(then)).unwrap_or_default();
        if time.duration_since(before) - awake > SLEPT {
            self.since = whole_seconds(time);
        }
        self.seen = (time, instant);
        self.since
    }
}

/// Mail servers say when they received a mail in whole seconds.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_names_no_outcome_and_says_where_to_look() {
        for (lang, number) in [(Lang::Ja, "12 通"), (Lang::En, "12 ")] {
            for reveal in [Reveal::Full, Reveal::Company] {
                let notice = summary(12, false, reveal, lang);
                assert!(notice.summary.contains(number), "{notice:?}");
                assert!(notice.body.ends_with("goen list"), "{notice:?}");
                assert!(!notice.summary.contains("見送り"), "{notice:?}");
            }
            let discreet = summary(12, true, Reveal::Discreet, lang);
            assert!(!discreet.summary.contains("選考"), "{discreet:?}");
            assert!(!discreet.summary.contains("application"), "{discreet:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_resume_is_seen_by_the_clock_that_ran_on() {
        let start = Timestamp::from_second(1_000_000).unwrap();
        let mut awake = Awake::new(start, Instant::now());
        tokio::time::advance(Duration::from_mins(10)).await;
        let waited = later(start, SignedDuration::from_mins(10));
        assert_eq!(awake.look(waited, Instant::now()), start);
        let slept = later(waited, SignedDuration::from_hours(8));
        assert_eq!(awake.look(slept, Instant::now()), slept);
        assert_eq!(awake.look(slept, Instant::now()), slept);
    }
}
