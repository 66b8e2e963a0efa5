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
use crate::guide::{Reminding, Reveal};
use crate::lang::Lang;
use crate::notify::link::Event;
use crate::notify::portal::{self, Opened};
use crate::notify::{Notice, NotifyError, Urgency};
use crate::store::{End, StoreError, StoredMail};
use crate::{memo, reminder, say};

use self::context::{context, next_lines, terms};
use self::pace::{Due, Item, Pace};
use self::when::{BadNews, Now, when};

pub(crate) mod context;
pub mod pace;
mod reply;
#[cfg(test)]
mod week;
pub mod when;

/// Notifications are tried again after this long, where nothing tells that it would go now.
const RETRY: SignedDuration = SignedDuration::from_mins(1);

/// The same on the clock that stands still while the machine sleeps.
const RETRY_AWAKE: Duration = Duration::from_mins(1);

/// The clock on the wall went this much further than the one that stands still in sleep: the
/// machine was suspended.
const SLEPT: SignedDuration = SignedDuration::from_secs(30);

/// What the log calls this part, where it is stuck.
const NOTIFICATIONS: &str = "the notifications";

/// The key of the summary. Mails count from 1, accounts from -1 down.
const SUMMARY: i64 = 0;

/// The key of the word on a rebuilt store. Accounts count down from -1.
const REBUILT: i64 = i64::MIN;
/// Keys of words on replies go down from here.
const REPLIES: i64 = -(1 << 40);

/// A reply of unknown end is looked for in Sent, and mostly found: so long the user need not hear of it.
const LOOKED_FOR: SignedDuration = SignedDuration::from_mins(5);

/// Keys of reminders begin behind those of all mails there could be.
const REMINDERS: i64 = 1 << 40;

/// Bad news that had to wait longer than this (for the morning, for a machine that slept) has piled
/// up, and is told together: nobody's day is to begin with a row of it.
const HELD: SignedDuration = SignedDuration::from_mins(10);

/// How many applications are read at once when reminders are worked out.
const PLANNED_AT_ONCE: usize = 32;

/// Where Gmail's users read their mail in a browser.
const GMAIL: [&str; 2] = ["imap.gmail.com", "imap.googlemail.com"];

/// Tells what is to be told, when it is due, until `stop`.
pub(crate) async fn tell(shared: Rc<Shared>, voice: Voice, stop: CancellationToken) {
    let mut teller = Teller::new(shared.clone(), voice);
    loop {
        // Armed before the look, so that what is stored in between is not slept through.
        let news = shared.news.notified();
        let next = match shared.pulse.at_work(NOTIFICATIONS, teller.look()).await {
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
            event = event(&mut teller.voice) => {
                shared.pulse.at_work(NOTIFICATIONS, teller.hear(event)).await
            }
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
    /// What the summary stands for.
    summed: Vec<Item>,
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
        // News first. What it leaves to be told later is worked out at the next look, at once.
        let is_news = !due.is_empty();
        if !is_news {
            self.plan_reminders(time)?;
            for reminder in store.reminders(time)? {
                // As neutral as a mail that is unclear.
                let at =
                    when(Outcome::Unsure, reminder.due_at, now, zone, &wish).max(reminder.due_at);
                if at <= time {
                    let item = Item::Reminder(reminder.id);
                    due.push(Due { item, outcome: Outcome::Unsure, received_at: reminder.due_at });
                } else {
                    next = Some(next.map_or(at, |next: Timestamp| next.min(at)));
                }
            }
        }
        let daily = matches!(wish.bad_news, BadNews::Daily(_));
        let together = |due: &Due| daily || time.duration_since(due.received_at) > HELD;
        let plan = self.pace.plan(due, together, self.started.elapsed());
        let with_others = !plan.singles.is_empty();
        // An account's trouble is neither good news nor bad, but it is no news for the night either.
        let speaks_at = when(Outcome::Unsure, time, now, zone, &wish);
        let told = async {
            // Before anything is marked: a desktop that is not there is to cost nothing.
            if let (Voice::Desktop(link), true) = (&mut self.voice, plan.has_any()) {
                link.ready().await?;
            }
            for item in plan.singles {
                match item {
                    Item::Mail(mail_id) => self.tell_one(mail_id).await?,
                    Item::Reminder(id) => self.remind(id).await?,
                }
            }
            self.tell_together(&plan.together, with_others).await?;
            if speaks_at <= time {
                self.tell_blindness().await?;
                self.tell_rebuilt().await?;
                let later = self.tell_replies(time).await?;
                next = next.into_iter().chain(later).min();
            } else {
                next = Some(next.map_or(speaks_at, |next| next.min(speaks_at)));
            }
            Ok(())
        };
        match told.await {
            Ok(()) => {
                self.retry_at = None;
                Ok(if is_news { Some(time) } else { next })
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

    /// Works out anew what is to be told later of applications that have changed.
    fn plan_reminders(&self, now: Timestamp) -> Result<(), StoreError> {
        let Shared { store, config, knowledge, zone, .. } = &*self.shared;
        let terms = terms(config, zone, &knowledge.calendar);
        let number = terms.number();
        for ids in store.unplanned(number)?.chunks(PLANNED_AT_ONCE) {
            let mut plans = Vec::new();
            for id in ids {
                let story = store.story(*id, zone, &knowledge.calendar)?;
                let mut wanted =
                    story.map_or_else(Vec::new, |story| reminder::plan(&story, &terms));
                wanted.retain(|wanted| wanted.until > now);
                plans.push((*id, wanted));
            }
            store.plan(&plans, number)?;
        }
        Ok(())
    }

    async fn remind(&mut self, id: i64) -> Result<(), Untold> {
        let Shared { store, clock, config, knowledge, lang, zone, .. } = &*self.shared;
        let item = Item::Reminder(id);
        if store.mark_told(&[item], clock.now())?.is_empty() {
            return Ok(());
        }
        let Some(reminder) = store.reminder(id)? else { return Ok(()) };
        let mail_id = reminder.mail_id;
        if reminder.kind.is_settled_by_answer() && store.is_answered(mail_id)? {
            return Ok(());
        }
        let Some(story) = store.story(reminder.application_id, zone, &knowledge.calendar)? else {
            return Ok(());
        };
        let step = story.steps.iter().find(|step| step.mail_id == mail_id);
        let next = match step {
            Some(step) if reminder.kind == reminder::Kind::Appointment => {
                next_lines(store, memo::stage_after(step.stage))?
            }
            _ => Vec::new(),
        };
        let guide = knowledge.guidance.remind(&Reminding {
            kind: reminder.kind,
            about: reminder.about,
            company: story.company(),
            position: story.position(),
            lang: *lang,
            reveal: config.notify.reveal,
            id: mail_id,
            variety: store.notifications_shown(None)?,
            next: &next,
        });
        let mail = store.mail(mail_id)?;
        let opens =
            mail.is_some_and(|mail| !places(&mail, config.account(&mail.account)).is_empty());
        let notice = Notice {
            summary: guide.summary,
            body: guide.body,
            urgency: Urgency::Normal,
            key: key(item),
        };
        self.pace.shown(self.started.elapsed());
        self.show(&notice, opens, &[item]).await
    }

    async fn tell_one(&mut self, mail_id: i64) -> Result<(), Untold> {
        let Shared { store, clock, config, knowledge, lang, zone, .. } = &*self.shared;
        let item = Item::Mail(mail_id);
        // Read or told meanwhile: then there is nothing left to tell.
        if store.mark_told(&[item], clock.now())?.is_empty() {
            return Ok(());
        }
        let Some(mail) = store.mail(mail_id)? else { return Ok(()) };
        // Counted up with each notification of its kind: never the same sentence twice in a row.
        let kind = (config.notify.reveal == Reveal::Full).then_some(mail.verdict.outcome);
        let variety = store.notifications_shown(kind)?;
        let context = context(store, &mail, config, zone, &knowledge.calendar)?;
        let guide = guide(&mail, config, knowledge, *lang, variety, &context);
        let notice = Notice {
            summary: guide.summary,
            body: guide.body,
            urgency: Urgency::Normal,
            key: key(item),
        };
        self.pace.shown(self.started.elapsed());
        let opens = !places(&mail, config.account(&mail.account)).is_empty();
        self.show(&notice, opens, &[item]).await
    }

    async fn tell_together(&mut self, items: &[Item], with_others: bool) -> Result<(), Untold> {
        if items.is_empty() {
            return Ok(());
        }
        let marked = self.shared.store.mark_told(items, self.shared.clock.now())?;
        if marked.is_empty() {
            return Ok(());
        }
        let now = self.started.elapsed();
        let count = self.pace.in_summary(marked.len(), now);
        let reveal = self.shared.config.notify.reveal;
        let mails_only = marked.iter().all(|item| matches!(item, Item::Mail(_)));
        // What is not only about mails is told as little of as can be.
        let reveal = if mails_only { reveal } else { Reveal::Discreet };
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

    /// Says which replies did not leave as they were approved, once each; and when to look again.
    async fn tell_replies(&mut self, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let Shared { store, config, lang, .. } = &*self.shared;
        let mut next: Option<Timestamp> = None;
        for unsaid in store.unsaid()? {
            let at = if unsaid.end == End::Uncertain { later(unsaid.at, LOOKED_FOR) } else { now };
            if at > now {
                next = Some(next.map_or(at, |next| next.min(at)));
                continue;
            }
            let mail = store.mail(unsaid.mail_id)?;
            let company = mail.as_ref().and_then(|mail| mail.verdict.company.as_deref());
            let (summary, body) = reply::said(&unsaid, company, config.notify.reveal, *lang);
            let key = REPLIES - unsaid.id;
            let notice = Notice { summary, body, urgency: Urgency::Normal, key };
            store.mark_said(&unsaid)?;
            if let Err(error) = show(&mut self.voice, &notice, None).await {
                tracing::warn!("A notification could not be shown: {error}");
                store.give_word_back(&unsaid)?;
                return Ok(Some(later(now, RETRY)));
            }
        }
        Ok(next)
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
    async fn show(&mut self, notice: &Notice, opens: bool, marked: &[Item]) -> Result<(), Untold> {
        let label = say!(self.shared.lang, "メールを開く", "Open the email");
        match show(&mut self.voice, notice, opens.then_some(&label)).await {
            Ok(()) => Ok(self.shared.store.confirm_told(marked, self.shared.clock.now())?),
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
            let one = item(key);
            let items = if key == SUMMARY { self.summed.as_slice() } else { one.as_slice() };
            let mut all_seen = true;
            for item in items {
                all_seen = all_seen && self.shared.store.is_seen(*item)?;
            }
            // An account's trouble is not read, it is over.
            if all_seen && !items.is_empty() {
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
                    let one = item(key);
                    let items =
                        if key == SUMMARY { self.summed.as_slice() } else { one.as_slice() };
                    self.shared.store.give_back(items)?;
                }
            }
            Event::Clicked { key, token } => {
                let Voice::Desktop(link) = &mut self.voice else { return Ok(()) };
                link.close(key).await;
                let Some(bus) = link.bus() else { return Ok(()) };
                let mail_id = match item(key).first() {
                    Some(Item::Mail(mail_id)) => *mail_id,
                    Some(Item::Reminder(id)) => {
                        let reminder = self.shared.store.reminder(*id)?;
                        reminder.map_or(0, |reminder| reminder.mail_id)
                    }
                    None => return Ok(()),
                };
                let Some(mail) = self.shared.store.mail(mail_id)? else { return Ok(()) };
                let places = places(&mail, self.shared.config.account(&mail.account));
                // Beside the telling: the desktop may be asking the user with what to open it.
                self.opening.spawn_local(async move {
                    (mail_id, portal::open(&bus, &places, token.as_deref()).await)
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
                "No program here could open the email"
            ),
            body: say!(
                lang,
                "いつものメールソフトでご覧ください。\n要点は端末で読めます：goen show {mail_id}",
                "Open it where you usually read your email.\nThe gist, in a terminal: goen show {mail_id}"
            ),
            urgency: Urgency::Low,
            key: mail_id,
        };
        if let Err(error) = show(&mut self.voice, &notice, None).await {
            tracing::warn!(mail.id = mail_id, "A notification could not be shown: {error}");
        }
    }
}

/// The key of the notification of one thing: a later one about the same takes its place.
const fn key(item: Item) -> i64 {
    match item {
        Item::Mail(mail_id) => mail_id,
        Item::Reminder(id) => REMINDERS + id,
    }
}

/// What a notification is about; nothing for the summary and for accounts.
fn item(key: i64) -> Vec<Item> {
    match key {
        REMINDERS.. => vec![Item::Reminder(key - REMINDERS)],
        1.. => vec![Item::Mail(key)],
        _ => Vec::new(),
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
            say!(lang, "お知らせが{count}件あります", "{count} things to look at")
        }
        (_, true) => say!(
            lang,
            "選考のメールが、ほかに{count}通届いています",
            "{count} more emails about your applications"
        ),
        (_, false) => say!(
            lang,
            "選考のメールが{count}通届いています",
            "{count} emails about your applications"
        ),
    };
    let body = say!(
        lang,
        "まとめてお知らせします。手が空いたときに、ひとつずつご覧ください。\n一覧：goen list",
        "Gathered into one notification. Read them one by one when it suits you.\nThe list: goen list"
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
        for (lang, number) in [(Lang::Ja, "12通"), (Lang::En, "12 ")] {
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
