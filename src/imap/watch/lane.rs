//! One connection of an account: one mailbox in IDLE, several by turns, or all of them with NOTIFY.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, sleep_until};

use super::{BACK_OFF_MAX, Shared, Wake, back_off};
use crate::imap::cursor::{Cursor, Plan, Uid, plan};
use crate::imap::session::{
    Care, DESCRIBED_MAX, Described, Request, Session, SessionError, Waited, Wire,
};
use crate::imap::{Health, Keeper};
use crate::lang::Explain;
use crate::say;
use crate::secret::{Identity, SecretError};

/// Look at least this often, even where nothing was announced: Courier and Cyrus without `idled` may
/// announce nothing, and a connection that died silently shows itself.
const RECHECK_MAX: Duration = Duration::from_mins(5);

/// How often mailboxes that share a connection are looked at.
const TURNS: Duration = Duration::from_mins(1);

/// Refused logins in a row after which the account waits for its user. Servers lock accounts and
/// ban addresses for more.
const REFUSALS_MAX: u32 = 3;

/// A connection that held this long was a good one: the back-off begins anew.
const STEADY: Duration = Duration::from_mins(1);

/// Refused logins and locked keyrings are tried again from this step of the back-off on (8 to 16 s).
const RELUCTANT: u32 = 3;

/// Messages fetched and kept at once.
const BATCH_MESSAGES: usize = 100;

/// Bytes fetched and kept at once, by what the server says of sizes.
const BATCH_BYTES: u32 = 1 << 20;

/// Messages described at once when looking back.
const WINDOW: usize = 500;

/// From this many mails on, catching up is worth a progress report.
const WORTH_REPORTING: usize = 20;

/// While waiting to connect: how often the wall clock is read. It goes on while the machine sleeps
/// and the monotonic one doesn't, so the end of a sleep is noticed even where nobody tells.
const GLANCE: Duration = Duration::from_secs(30);

/// Weight of suspicion from which a message is asked for in the plainest way.
const PLAIN_FROM: u32 = 3;

/// Weight of suspicion from which a message is set aside: three answers that cannot be read, or five
/// connections lost over it.
const SET_ASIDE_FROM: u32 = 5;

/// Why a connection came to its end.
enum End {
    /// We are to stop.
    Stopped,
    /// The server or the network.
    Session(SessionError),
    /// The password or token could not be had.
    Credential(SecretError),
    /// What arrived could not be kept.
    Keeper(String),
    /// Too many refusals already; no login was tried.
    Given,
    /// The server does not tell of several mailboxes over one connection.
    Apart,
}

/// How the life of a connection's task ended.
pub(super) enum Ended {
    /// The account is to stop.
    Stopped,
    /// The mailboxes need connections of their own.
    Apart,
}

impl From<SessionError> for End {
    fn from(error: SessionError) -> Self {
        Self::Session(error)
    }
}

/// A mailbox that is open, and how far it has been read.
struct Place {
    mailbox: String,
    /// As kept. Never goes back while the UIDVALIDITY stays.
    cursor: Cursor,
    /// The last UID read on this connection: below the cursor's after the numbering restarted.
    after: u32,
    quietly: bool,
}

/// A message over which connections ended.
#[derive(Default)]
struct Suspicion {
    weight: u32,
    words: String,
}

/// One connection and what it remembers from one life to the next.
pub(super) struct Lane<'a, O, I, K> {
    shared: &'a Shared<'a, O, I, K>,
    index: usize,
    mailboxes: Vec<String>,
    wake: Receiver<Wake>,
    /// The reasons to hurry that were acted on.
    heeded: Wake,
    suspicions: HashMap<(String, Uid), Suspicion>,
    /// Mailboxes that could not be opened, and why.
    missing: BTreeMap<String, String>,
    /// The last UID read in each mailbox that was looked at by turns, on this connection.
    read_up_to: HashMap<String, u32>,
}

impl<'a, O, I, K> Lane<'a, O, I, K>
where
    O: AsyncFn() -> Result<Session<Box<dyn Wire>>, SessionError>,
    I: AsyncFn() -> Result<Identity, SecretError>,
    K: Keeper,
{
    pub(super) fn new(
        shared: &'a Shared<'a, O, I, K>,
        index: usize,
        mailboxes: Vec<String>,
        wake: Receiver<Wake>,
    ) -> Self {
        let heeded = *wake.borrow();
        Self {
            shared,
            index,
            mailboxes,
            wake,
            heeded,
            suspicions: HashMap::new(),
            missing: BTreeMap::new(),
            read_up_to: HashMap::new(),
        }
    }

    /// Lives until the account is to stop.
    pub(super) async fn run(mut self) {
        self.lives(false).await;
    }

    /// Watches all mailboxes over one connection, until the account is to stop or the server turns out
    /// not to do that.
    pub(super) async fn run_together(mut self) -> Ended {
        self.lives(true).await
    }

    /// One connection after the other.
    async fn lives(&mut self, together: bool) -> Ended {
        let mut attempt = 0;
        while !self.shared.stop.is_cancelled() {
            let began = Instant::now();
            self.heeded = *self.wake.borrow_and_update();
            self.read_up_to.clear();
            let lived = if together { self.live_together().await } else { self.live().await };
            let Err(end) = lived else { return Ended::Stopped };
            if began.elapsed() >= STEADY {
                attempt = 0;
            }
            let hurried = match end {
                End::Stopped => return Ended::Stopped,
                End::Apart => return Ended::Apart,
                End::Given => self.wait_for_the_user().await,
                end => {
                    let step = if is_reluctant(&end) { attempt.max(RELUCTANT) } else { attempt };
                    self.wait_to_retry(&end, step).await
                }
            };
            // Just after a resume names often can't be resolved yet: the next try must be soon again.
            attempt = if hurried { 0 } else { attempt.saturating_add(1) };
        }
        Ended::Stopped
    }

    /// One connection from its beginning to its end.
    async fn live(&mut self) -> Result<(), End> {
        let mut session = self.enter().await?;
        let mut place = None;
        let mut idles = self.shared.account.idle && session.offers("IDLE").await?;
        let mut fruitless = 0_u32;
        let mut waited = Waited::TimedOut;
        loop {
            let found = if let [mailbox] = self.mailboxes.as_slice() {
                let mailbox = mailbox.clone();
                let mut here = match place.take() {
                    Some(here) => here,
                    None => self.begin(&mut session, mailbox).await?,
                };
                let found = self.catch_up(&mut session, &mut here).await?;
                place = Some(here);
                self.note(Health::Watching);
                found
            } else {
                self.take_turns(&mut session, &self.mailboxes.clone()).await?
            };

            fruitless = if waited == Waited::Changed && !found { fruitless + 1 } else { 0 };
            self.hold_back(fruitless).await;
            waited = self.wait(&mut session, &mut idles).await?;
            self.heeded = *self.wake.borrow_and_update();
            if self.shared.stop.is_cancelled() {
                session.logout().await;
                return Err(End::Stopped);
            }
            if waited != Waited::Changed && place.is_some() {
                // Lets a server that has announced nothing bring its numbers up to date.
                session.noop().await?;
            }
        }
    }

    /// Two connections, from their beginning to their end: one that hears of all mailboxes, and one that
    /// reads them. The first never opens a mailbox: of the open one a server tells in another way,
    /// and what arrives just when it is left is told in neither (Dovecot 2.3.19).
    async fn live_together(&mut self) -> Result<(), End> {
        let mut bell = self.enter().await?;
        if !bell.offers("NOTIFY").await? {
            self.shared.spare.replace(Some(bell));
            return Err(End::Apart);
        }
        // Before the first look, so that what arrives after it is told.
        bell.notify(&self.mailboxes).await.map_err(apart)?;
        let mut session = self.enter().await?;
        let mut look_at = self.mailboxes.clone();
        let mut fruitless = 0_u32;
        loop {
            let found = self.take_turns(&mut session, &look_at).await?;
            fruitless =
                if look_at.len() < self.mailboxes.len() && !found { fruitless + 1 } else { 0 };
            self.hold_back(fruitless).await;
            look_at = self.listen(&mut bell).await?;
            if self.shared.stop.is_cancelled() {
                session.logout().await;
                bell.logout().await;
                return Err(End::Stopped);
            }
        }
    }

    /// Waits until there may be something new, and says in which mailboxes.
    async fn listen(&mut self, bell: &mut Session<Box<dyn Wire>>) -> Result<Vec<String>, End> {
        let until = Instant::now() + self.shared.account.recheck.min(RECHECK_MAX);
        loop {
            let (stop, wake) = (self.shared.stop, &mut self.wake);
            let woken = async {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = woken(wake) => {}
                }
            };
            let waited = bell.listen(until, woken).await.map_err(apart)?;
            self.heeded = *self.wake.borrow_and_update();
            if waited == Waited::TimedOut {
                // Shows whether the connection is still one.
                bell.noop().await?;
            }
            if waited != Waited::Changed {
                return Ok(self.mailboxes.clone());
            }
            let news = bell.take_news();
            let may_be_new = |mailbox: &&String| {
                let told = news.iter().find(|(name, _next)| is_same_mailbox(name, mailbox));
                told.is_some_and(|(_name, next)| {
                    // A mail that went is told of, too, and no reason to look.
                    let read_up_to = self.read_up_to.get(*mailbox);
                    next.zip(read_up_to).is_none_or(|(next, read)| next > read.saturating_add(1))
                })
            };
            let changed: Vec<String> = self.mailboxes.iter().filter(may_be_new).cloned().collect();
            if !changed.is_empty() {
                return Ok(changed);
            }
        }
    }

    /// A server that announces what isn't there must not keep us busy.
    async fn hold_back(&mut self, fruitless: u32) {
        if fruitless > 2 {
            let pause = Duration::from_secs(1 << (fruitless - 2).min(6));
            self.pause_until(Instant::now() + pause).await;
        }
    }

    /// Connects and logs in, after those who were here before.
    async fn enter(&self) -> Result<Session<Box<dyn Wire>>, End> {
        let shared = self.shared;
        let _turn = shared.login.lock().await;
        if let Some(session) = shared.spare.take() {
            return Ok(session);
        }
        if shared.refusals.get() >= REFUSALS_MAX {
            return Err(End::Given);
        }
        let mut session = (shared.open)().await?;
        // Asked for only now: while the network is down the keyring is left in peace.
        let identity = (shared.identity)().await.map_err(End::Credential)?;
        match session.log_in(&identity.user, &identity.credential).await {
            Ok(()) => {
                shared.refusals.set(0);
                Ok(session)
            }
            Err(error) => {
                if matches!(error, SessionError::Refused { .. }) {
                    shared.refusals.set(shared.refusals.get() + 1);
                }
                Err(error.into())
            }
        }
    }

    /// Looks at `mailboxes`, one after the other.
    async fn take_turns(
        &mut self,
        session: &mut Session<Box<dyn Wire>>,
        mailboxes: &[String],
    ) -> Result<bool, End> {
        let mut found = false;
        for mailbox in mailboxes {
            match self.begin(session, mailbox.clone()).await {
                Ok(mut here) => {
                    self.missing.remove(mailbox);
                    found |= self.catch_up(session, &mut here).await?;
                    self.read_up_to.insert(mailbox.clone(), here.after);
                }
                // One that is missing is no reason to leave out the others.
                Err(End::Session(error @ SessionError::NoMailbox { .. })) => {
                    let words = error.explain(self.shared.account.lang).what;
                    self.missing.insert(mailbox.clone(), words);
                }
                Err(end) => return Err(end),
            }
        }
        self.note(match self.missing.first_key_value() {
            Some((_mailbox, words)) => Health::Stopped { words: words.clone() },
            None => Health::Watching,
        });
        Ok(found)
    }

    /// Opens `mailbox`, and looks back over it if that is needed.
    async fn begin(
        &mut self,
        session: &mut Session<Box<dyn Wire>>,
        mailbox: String,
    ) -> Result<Place, End> {
        let opened = session.examine(&mailbox).await?;
        let kept = self.shared.keeper.cursor(&mailbox).map_err(|error| keeper_end(&error))?;
        let mut plan = plan(kept, opened);
        let is_first_visit = !self.read_up_to.contains_key(&mailbox);
        if matches!(plan, Plan::Continue { .. }) && opened.uid_next.is_none() && is_first_visit {
            // Courier 5.0.13 names no UIDNEXT, and numbers messages anew for each connection until
            // somebody opens the mailbox for writing: another mail may have the UID of one that has
            // gone (tests/it/scenarios.rs).
            plan = Plan::LookAgain;
        }
        tracing::debug!(account = %self.shared.account.name, ?plan, "Opened a mailbox");
        let uid_validity = opened.uid_validity;
        match (plan, kept) {
            (Plan::Continue { after }, Some(cursor)) => {
                Ok(Place { mailbox, cursor, after, quietly: false })
            }
            (Plan::GoOnLooking, Some(cursor)) => {
                let place = Place { mailbox, cursor, after: cursor.last_uid, quietly: true };
                self.look_back(session, place, cursor.old_up_to).await
            }
            (Plan::LookAgain, Some(kept)) => {
                let newest = session.newest().await?;
                let cursor = if kept.uid_validity == uid_validity {
                    kept
                } else {
                    Cursor { uid_validity, last_uid: 0, old_up_to: 0 }
                };
                let place = Place { mailbox, cursor, after: 0, quietly: false };
                self.look_back(session, place, newest).await
            }
            _ => {
                // What arrives from here on is news.
                let newest = session.newest().await?;
                let cursor = Cursor { uid_validity, last_uid: 0, old_up_to: newest };
                let place = Place { mailbox, cursor, after: 0, quietly: true };
                self.keep(&place, Vec::new())?;
                self.look_back(session, place, newest).await
            }
        }
    }

    /// Reads the mails of the last days with UIDs up to `newest`.
    async fn look_back(
        &mut self,
        session: &mut Session<Box<dyn Wire>>,
        mut place: Place,
        newest: u32,
    ) -> Result<Place, End> {
        let mut uids = session.search_since(self.first_day()).await?;
        uids.retain(|uid| uid.0 > place.after && uid.0 <= newest);
        let mut progress = Progress { done: 0, total: uids.len() };
        for window in uids.chunks(WINDOW) {
            let described = session.describe(window).await?;
            progress.total -= window.len() - described.len();
            self.read(session, &mut place, &described, &mut progress).await?;
        }
        place.cursor = place.cursor.advanced(newest);
        place.after = newest;
        place.quietly = false;
        self.keep(&place, Vec::new())?;
        Ok(place)
    }

    /// The day to look back to. One more than asked for: servers count days in their own time zone.
    fn first_day(&self) -> jiff::civil::Date {
        let days = i64::from(self.shared.account.lookback_days) + 1;
        let now = self.shared.clock.now();
        let then = now.checked_sub(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(now);
        then.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// Reads what is new in the open mailbox. Says whether there was anything.
    async fn catch_up(
        &mut self,
        session: &mut Session<Box<dyn Wire>>,
        place: &mut Place,
    ) -> Result<bool, End> {
        let mut found = false;
        let mut fruitless = 0;
        loop {
            session.take_changed();
            let new = session.describe_above(place.after).await?;
            let mut progress = Progress { done: 0, total: new.len() };
            self.read(session, place, &new, &mut progress).await?;
            found |= !new.is_empty();
            if new.len() >= DESCRIBED_MAX {
                continue;
            }
            // Mail announced while we read it is fetched before we wait. A server that announces
            // mail in each answer is asked twice, then waited for.
            fruitless += u32::from(new.is_empty());
            if !session.take_changed() || fruitless >= 2 {
                return Ok(found);
            }
        }
    }

    /// Fetches and keeps `messages`, in order. While some are being read and kept, the server looks up
    /// and sends the next.
    async fn read(
        &mut self,
        session: &mut Session<Box<dyn Wire>>,
        place: &mut Place,
        messages: &[Described],
        progress: &mut Progress,
    ) -> Result<(), End> {
        let mut rest = messages;
        let mut under_way = None;
        while let Some(first) = rest.first() {
            let (batch, later) = rest.split_at(self.batch_length(place, rest));
            rest = later;
            if self.suspicion(place, first.uid) >= SET_ASIDE_FROM {
                self.set_aside(place, first.uid)?;
                continue;
            }
            if progress.total >= WORTH_REPORTING {
                self.note(progress.health());
            }
            let request = match under_way.take() {
                Some(request) => request,
                None => self.request(session, place, batch).await?,
            };
            let fetched = match session.receive(request).await {
                Ok(fetched) => fetched,
                Err(error) => {
                    self.suspect(place, batch, &error);
                    return Err(error.into());
                }
            };
            if !fetched.missing.is_empty() {
                let withheld = session.describe(&fetched.missing).await?;
                if !withheld.is_empty() {
                    let words = "it lists a message and does not deliver it".to_owned();
                    let error = SessionError::Protocol(words);
                    self.suspect(place, &withheld, &error);
                    return Err(error.into());
                }
            }
            let (next, _later) = rest.split_at(self.batch_length(place, rest));
            let is_usual = next.first().is_some_and(|next| self.suspicion(place, next.uid) == 0);
            let requested =
                if is_usual { Some(self.request(session, place, next).await) } else { None };
            place.after = batch.last().map_or(place.after, |last| last.uid.0);
            place.cursor = place.cursor.advanced(place.after);
            self.keep(place, fetched.arrivals)?;
            for message in batch {
                self.suspicions.remove(&(place.mailbox.clone(), message.uid));
            }
            progress.done += batch.len();
            under_way = requested.transpose()?;
        }
        Ok(())
    }

    async fn request(
        &mut self,
        session: &mut Session<Box<dyn Wire>>,
        place: &Place,
        batch: &[Described],
    ) -> Result<Request, End> {
        let weight = batch.first().map_or(0, |first| self.suspicion(place, first.uid));
        let care = if weight >= PLAIN_FROM { Care::Plain } else { Care::Usual };
        session.request(batch, care).await.map_err(|error| {
            self.suspect(place, batch, &error);
            error.into()
        })
    }

    /// How many of `messages` to fetch at once: one over which a connection ended goes alone.
    fn batch_length(&self, place: &Place, messages: &[Described]) -> usize {
        let mut bytes = 0_u32;
        let fits = |(index, message): &(usize, &Described)| {
            bytes = bytes.saturating_add(message.cost());
            *index == 0 || (bytes <= BATCH_BYTES && self.suspicion(place, message.uid) == 0)
        };
        let alone = messages.first().is_some_and(|first| self.suspicion(place, first.uid) > 0);
        let most = if alone { 1 } else { BATCH_MESSAGES };
        messages.iter().take(most).enumerate().take_while(fits).count()
    }

    fn suspicion(&self, place: &Place, uid: Uid) -> u32 {
        self.suspicions.get(&(place.mailbox.clone(), uid)).map_or(0, |suspicion| suspicion.weight)
    }

    /// Remembers over which messages a connection ended.
    fn suspect(&mut self, place: &Place, batch: &[Described], error: &SessionError) {
        let alone = batch.len() == 1;
        for message in batch {
            let suspicion =
                self.suspicions.entry((place.mailbox.clone(), message.uid)).or_default();
            suspicion.weight += if alone && error.is_about_the_answer() { 2 } else { 1 };
            suspicion.words = error.explain(self.shared.account.lang).what;
        }
    }

    /// Passes a message that cannot be fetched.
    fn set_aside(&mut self, place: &mut Place, uid: Uid) -> Result<(), End> {
        let suspicion = self.suspicions.remove(&(place.mailbox.clone(), uid)).unwrap_or_default();
        self.shared
            .keeper
            .set_aside(&place.mailbox, uid, &suspicion.words)
            .map_err(|error| keeper_end(&error))?;
        tracing::warn!(account = %self.shared.account.name, uid = uid.0, "Set a message aside");
        place.after = uid.0;
        place.cursor = place.cursor.advanced(uid.0);
        self.keep(place, Vec::new())
    }

    fn keep(&self, place: &Place, arrivals: Vec<crate::imap::Arrival>) -> Result<(), End> {
        self.shared
            .keeper
            .keep(&place.mailbox, arrivals, place.cursor, place.quietly)
            .map_err(|error| keeper_end(&error))
    }

    /// Waits for mail: in IDLE where the server has it, else for the next look.
    async fn wait(
        &mut self,
        session: &mut Session<Box<dyn Wire>>,
        idles: &mut bool,
    ) -> Result<Waited, End> {
        let mut wait = self.shared.account.recheck.min(RECHECK_MAX);
        if self.mailboxes.len() > 1 {
            wait = wait.min(TURNS);
        }
        let until = Instant::now() + wait;
        let stop = self.shared.stop;
        let wake = &mut self.wake;
        if *idles {
            let woken = async {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = woken(wake) => {}
                }
            };
            match session.idle(until, woken).await {
                Ok(waited) => return Ok(waited),
                // Offered and refused: waited for in the other way.
                Err(SessionError::No { .. }) => *idles = false,
                Err(error) => return Err(error.into()),
            }
        }
        self.pause_until(until).await;
        Ok(Waited::TimedOut)
    }

    /// Waits without a connection's help.
    async fn pause_until(&mut self, until: Instant) {
        tokio::select! {
            () = self.shared.stop.cancelled() => {}
            () = woken(&mut self.wake) => {}
            () = sleep_until(until) => {}
        }
    }

    /// Says what is wrong and when the next try is due, and waits for that. Says whether there was a
    /// reason to try sooner.
    async fn wait_to_retry(&mut self, end: &End, step: u32) -> bool {
        let lang = self.shared.account.lang;
        let (words, stopped) = match end {
            End::Session(error @ SessionError::NoMailbox { .. }) => {
                (error.explain(lang).what, true)
            }
            End::Session(error) => (error.explain(lang).what, false),
            End::Credential(error) => (error.explain(lang).what, false),
            End::Keeper(words) => (
                say!(
                    lang,
                    "届いたメールを記録できません：{words}",
                    "what arrived cannot be stored: {words}"
                ),
                false,
            ),
            End::Stopped | End::Given | End::Apart => return false,
        };
        if self.shared.refusals.get() >= REFUSALS_MAX {
            self.note(Health::Stopped { words });
            return self.wait_for_the_user().await;
        }
        let account = &self.shared.account.name;
        // Mailboxes vanish and come back; nobody is waiting for that by the second.
        let delay = if stopped { BACK_OFF_MAX } else { back_off(step, dice()) };
        let why = match end {
            End::Session(error) => error.to_string(),
            _ => words.clone(),
        };
        tracing::warn!(%account, delay_s = delay.as_secs(), "Not connected: {why}");
        let began = Instant::now();
        let now = self.shared.clock.now();
        let retry_at = now.checked_add(delay).unwrap_or(now);
        self.note(if stopped {
            Health::Stopped { words }
        } else {
            Health::Unreachable { words, retry_at }
        });
        self.wait_out(began, now, delay, end).await
    }

    /// Waits for `delay`, or until there is a reason to try at once: the user asks, the keyring was
    /// unlocked, the machine has slept, or (if that can help) the network changed. Says whether there
    /// was one.
    async fn wait_out(
        &mut self,
        began: Instant,
        began_at: Timestamp,
        delay: Duration,
        end: &End,
    ) -> bool {
        let network_helps = !is_reluctant(end);
        while began.elapsed() < delay {
            let wake = *self.wake.borrow_and_update();
            if wake.retry != self.heeded.retry || (network_helps && wake != self.heeded) {
                return true;
            }
            let glance = GLANCE.min(delay.saturating_sub(began.elapsed()));
            tokio::select! {
                () = self.shared.stop.cancelled() => return false,
                () = woken(&mut self.wake) => {}
                () = sleep(glance) => {}
            }
            // Somebody who has just unlocked it waits. The server need not hear of our looks.
            if matches!(end, End::Credential(SecretError::Locked))
                && !matches!((self.shared.identity)().await, Err(SecretError::Locked))
            {
                return true;
            }
            let by_the_wall = self.shared.clock.now().duration_since(began_at);
            let by_the_wall = Duration::try_from(by_the_wall).unwrap_or_default();
            if network_helps && by_the_wall > began.elapsed() + GLANCE {
                return true;
            }
        }
        false
    }

    /// Waits until the user asks for another try.
    async fn wait_for_the_user(&mut self) -> bool {
        tracing::error!(account = %self.shared.account.name, "Stopped after refused logins");
        while self.wake.borrow_and_update().retry == self.heeded.retry {
            tokio::select! {
                () = self.shared.stop.cancelled() => return false,
                () = woken(&mut self.wake) => {}
                // Not stuck: `Keeper::beat`.
                () = sleep(RECHECK_MAX) => {}
            }
        }
        self.shared.refusals.set(0);
        true
    }

    fn note(&self, health: Health) {
        self.shared.board.note(self.index, health);
    }
}

/// How far reading has come.
struct Progress {
    done: usize,
    total: usize,
}

impl Progress {
    fn health(&self) -> Health {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Health::CatchingUp { done: count(self.done), total: count(self.total) }
    }
}

/// Ends when somebody wakes us. Never, if there is nobody left who could.
async fn woken(wake: &mut Receiver<Wake>) {
    if wake.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Whether trying again soon does harm, and a new network no good.
fn is_reluctant(end: &End) -> bool {
    matches!(
        end,
        End::Credential(_) | End::Session(SessionError::Refused { .. } | SessionError::Busy(_))
    )
}

/// A server that offers NOTIFY and does not do it well is watched in the other way.
fn apart(error: SessionError) -> End {
    match error {
        SessionError::No { .. } | SessionError::Protocol(_) => End::Apart,
        error => error.into(),
    }
}

/// Mailbox names are told apart by case, except for the inbox (RFC 9051 §5.1).
fn is_same_mailbox(one: &str, other: &str) -> bool {
    one == other || (one.eq_ignore_ascii_case("inbox") && other.eq_ignore_ascii_case("inbox"))
}

fn keeper_end(error: &dyn std::error::Error) -> End {
    End::Keeper(error.to_string())
}

fn dice() -> u32 {
    // Without chance, everybody waits longest: slower, never wrong.
    getrandom::u32().unwrap_or(u32::MAX)
}
