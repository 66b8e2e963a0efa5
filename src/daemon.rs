//! Starts everything, stops everything: one task an account, one that tells, one that submits.
//!
//! The tasks meet in the store alone and wake each other through a [`Notify`]. Watching may be
//! dropped at any await, because the cursor moves in the same transaction as the mail it has
//! passed. Submitting may not: see [`deliver`].

pub(crate) mod beside;
pub(crate) mod blindness;
mod pulse;
mod reading;

use std::cell::{Cell, RefCell};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixDatagram as BlockingDatagram;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use tokio::net::UnixDatagram;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use self::beside::Beside;
use self::blindness::Blindness;
use self::pulse::Pulse;
use self::reading::Reader;
use crate::clock::Clock;
use crate::config::{Account, Config, Paths};
use crate::guide::{Context, Guide, Situation};
use crate::imap::cursor::{Cursor, Uid};
use crate::imap::session;
use crate::imap::watch::{self, Wake};
use crate::imap::{self, Arrival, Health, Keeper};
use crate::knowledge::{Knowledge, KnowledgeError};
use crate::lang::{Explain, Explanation, Lang};
use crate::notify::Notice;
use crate::notify::link::Link;
use crate::outbox::{Outbox, OutboxError, UnderWay, when};
use crate::reply::advice::advice;
use crate::secret::online::{self, For};
use crate::secret::{Identity, SecretError};
use crate::smtp::{self, Attempt, Submission};
use crate::store::{Announce, Batch, Store, StoreError, StoredMail};
use crate::tell::tell;
use crate::{rousing, say, systemd};

/// How long tasks may take to reach a safe point when stopping. Shorter than the unit's
/// `TimeoutStopSec`, so that systemd need not kill.
const GRACE: Duration = Duration::from_secs(20);

/// An account whose password cannot be had is tried again after this long, or when woken.
const ACCOUNT_RETRY: SignedDuration = SignedDuration::from_mins(1);

/// The pause before the end of a submission is written down again.
const SETTLE_RETRY: Duration = Duration::from_secs(5);

/// The least time between two submissions: after a resume several may be overdue, and a row of
/// mails at the same second looks like a machine's.
const BETWEEN_SUBMISSIONS: SignedDuration = SignedDuration::from_mins(1);

/// Longest sleep while something is due later. A monotonic timer stands still while the machine
/// is suspended; looking at the clock this often keeps "due at nine" from becoming "due at eleven".
const LONGEST_SLEEP: Duration = Duration::from_mins(1);

/// How often old mails are let go of.
const A_DAY: Duration = Duration::from_hours(24);

/// What the log calls the part that submits, where it is stuck.
const OUTBOX: &str = "the outbox";

/// What EHLO says about this machine: an address literal instead of a host name tells the provider
/// nothing (RFC 5321 §4.1.4).
pub(crate) const HELO: &str = "[127.0.0.1]";

/// Said on the socket: the store was changed.
const CHANGED: &[u8] = b"changed";

/// Said on the socket: try the accounts again.
const RETRY: &[u8] = b"retry";

/// How the person is told.
#[derive(Debug)]
pub enum Voice {
    /// By the desktop's notification server.
    Desktop(Box<Link>),
    /// By whoever listens: the demo.
    Channel(mpsc::UnboundedSender<Notice>),
}

/// Everything the daemon works with; nothing is made inside that a test would want to replace.
#[derive(Debug)]
pub struct Daemon {
    /// The settings.
    pub config: Config,
    /// Where its files are.
    pub paths: Paths,
    /// The time.
    pub clock: Clock,
    /// The time zone the user lives in.
    pub zone: TimeZone,
    /// The language it speaks.
    pub lang: Lang,
    /// How the person is told.
    pub voice: Voice,
    /// What this process is submitting: shared by the daemons that it runs one after the other.
    pub under_way: UnderWay,
}

/// Why the daemon did not start, or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Another daemon works on the same state.
    #[error("another goen is running on {}", .0.display())]
    AlreadyRunning(PathBuf),
    /// The state folder cannot be used.
    #[error("{}: {source}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The outbox.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// Rules, guidance or templates.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
    /// A task of the daemon's panicked. Its words may hold a mail's, and are left out.
    #[error("a part of goen broke down")]
    Broken,
}

impl Explain for DaemonError {
    fn explain(&self, lang: Lang) -> Explanation {
        match self {
            Self::AlreadyRunning(path) => Explanation::new(say!(
                lang,
                "{path} では、もう goen が動いています",
                "another goen is already running on {path}",
                path = path.display()
            ))
            .hint(say!(
                lang,
                "様子は goen status で見られます。止めるには systemctl --user stop goen",
                "`goen status` shows how it is doing; stop it with systemctl --user stop goen"
            )),
            Self::Folder { path, source } => Explanation::new(say!(
                lang,
                "{path} を使えません：{source}",
                "{path} cannot be used: {source}",
                path = path.display()
            )),
            Self::Store(error) => error.explain(lang),
            Self::Outbox(error) => error.explain(lang),
            Self::Knowledge(error) => error.explain(lang),
            Self::Broken => Explanation::new(say!(
                lang,
                "goen の一部が止まったため、終了します",
                "a part of goen stopped working, so it is shutting down"
            ))
            .hint(say!(
                lang,
                "systemd で動かしていれば、自動で再起動します。goen の不具合ですので、お知らせいただけると助かります",
                "under systemd it restarts by itself; this is a bug in goen, please report it"
            )),
        }
    }
}

/// Held while a daemon works on a state folder; the system lets go of it even after a kill.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Lock {
    /// Takes the lock of the state folder, or says who has it.
    pub fn take(paths: &Paths) -> Result<Self, DaemonError> {
        let folder = |path: PathBuf| move |source| DaemonError::Folder { path, source };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&paths.state)
            .map_err(folder(paths.state.clone()))?;
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(paths.lock())
            .map_err(folder(paths.lock()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(DaemonError::AlreadyRunning(paths.state.clone())),
            Err(TryLockError::Error(source)) => {
                Err(DaemonError::Folder { path: paths.lock(), source })
            }
        }
    }
}

/// Whether a daemon holds the lock of the state folder.
#[must_use]
pub fn is_running(paths: &Paths) -> bool {
    let Ok(file) = OpenOptions::new().write(true).open(paths.lock()) else { return false };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Wakes the daemon, if there is one: something in the store was changed for it to act on. Without
/// it the daemon sees the change at its next look.
pub fn wake(paths: &Paths) {
    say_to_daemon(paths, CHANGED);
}

/// Asks the daemon, if there is one, to try accounts again that are stopped or waiting.
pub fn retry(paths: &Paths) {
    say_to_daemon(paths, RETRY);
}

fn say_to_daemon(paths: &Paths, word: &[u8]) {
    if let Ok(socket) = BlockingDatagram::unbound() {
        // Nobody listens: then nobody needs to be woken.
        let _ = socket.send_to(word, paths.socket());
    }
}

/// What to say about a stored mail. `variety` chooses among sentences of one meaning.
#[must_use]
pub fn guide(
    mail: &StoredMail,
    config: &Config,
    knowledge: &Knowledge,
    lang: Lang,
    variety: u64,
    context: &Context,
) -> Guide {
    let advice = advice(&mail.mail, &mail.verdict, &config.own_addresses());
    knowledge.guidance.guide(&Situation {
        verdict: &mail.verdict,
        lang,
        reveal: config.notify.reveal,
        id: mail.id,
        variety,
        reply: &advice,
        context,
    })
}

/// What the tasks of one daemon share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    paths: Paths,
    pub(crate) clock: Clock,
    pub(crate) zone: TimeZone,
    pub(crate) lang: Lang,
    pub(crate) knowledge: Knowledge,
    pub(crate) store: Store,
    /// Something was stored that may have to be told, or need not be told any more.
    pub(crate) news: Notify,
    /// Accounts that nothing is received from.
    pub(crate) blindness: RefCell<Blindness>,
    /// When the accounts' connections and the other parts were last heard of.
    pub(crate) pulse: Pulse,
    /// Something was approved.
    changed: Notify,
    /// What this process is submitting.
    under_way: UnderWay,
    /// What is to be seen to in the user's mailboxes.
    beside: Beside,
    /// Reasons for accounts not to wait any longer.
    wake: tokio::sync::watch::Sender<Wake>,
}

impl Shared {
    /// What the tasks share, and the voice, which belongs to one of them.
    pub(crate) fn new(daemon: Daemon, knowledge: Knowledge, store: Store) -> (Self, Voice) {
        let Daemon { config, paths, clock, zone, lang, voice, under_way } = daemon;
        let patience = Duration::from_mins(config.watch.blind_minutes.into());
        let shared = Self {
            config,
            paths,
            clock,
            zone,
            lang,
            knowledge,
            store,
            news: Notify::new(),
            blindness: RefCell::new(Blindness::new(patience)),
            pulse: Pulse::default(),
            changed: Notify::new(),
            under_way,
            beside: Beside::default(),
            wake: tokio::sync::watch::Sender::new(Wake::default()),
        };
        (shared, voice)
    }
}

/// Runs the daemon until `stop`. All of its tasks live on the current thread's `LocalSet`.
///
/// `ready` is called once everything was started and the outbox recovered.
pub async fn run(
    daemon: Daemon,
    stop: CancellationToken,
    ready: impl FnOnce(),
) -> Result<(), DaemonError> {
    let _lock = Lock::take(&daemon.paths)?;
    let (store, rebuilt) = Store::open_sound(&daemon.paths.store(), daemon.clock.now())?;
    if let Some(rebuilt) = rebuilt {
        tracing::error!(
            mails = rebuilt.mails,
            to_approve = rebuilt.to_approve,
            uncertain = rebuilt.uncertain,
            "The store was damaged ({}); it was set aside as {} and is built anew",
            rebuilt.why,
            rebuilt.set_aside.display()
        );
    }
    let knowledge = Knowledge::load(daemon.paths.folder())?;
    let socket = listen(&daemon.paths)?;
    let outbox = Outbox::new(store.clone());
    for mail_id in outbox.recover(daemon.clock.now(), &daemon.under_way)? {
        tracing::warn!(
            mail.id = mail_id,
            "A submission was cut off; whether it arrived is not known"
        );
    }
    let (shared, voice) = Shared::new(daemon, knowledge, store);
    let shared = Rc::new(shared);

    // A part that breaks down takes the others with it: a daemon that runs on without its watcher or
    // its outbox looks well and is not.
    let stop = stop.child_token();
    let mut tasks = JoinSet::new();
    for account in shared.config.accounts.clone() {
        tasks.spawn_local(watched(account, shared.clone(), stop.clone()));
    }
    tasks.spawn_local(tell(shared.clone(), voice, stop.clone()));
    tasks.spawn_local(deliver(shared.clone(), outbox.clone(), stop.clone()));
    tasks.spawn_local(beside::keep(shared.clone(), outbox, stop.clone()));
    tasks.spawn_local(let_go(shared.clone(), stop.child_token()));
    tasks.spawn_local(roused(shared.clone(), stop.clone()));
    tasks.spawn_local(listened(shared.clone(), socket, stop.clone()));
    tasks.spawn_local(alive(shared.clone(), stop.clone()));
    ready();

    let broken = first_breakdown(&mut tasks, &stop).await;
    stop.cancel();
    let ended = timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await;
    if ended.is_err() {
        tracing::warn!(left = tasks.len(), "Stopped without waiting for all tasks");
        // A submission goes on as long as this process does.
        tasks.detach_all();
    }
    // The lock is still held, so no other daemon can have made this socket anew.
    let _ = std::fs::remove_file(shared.paths.socket());
    if broken { Err(DaemonError::Broken) } else { Ok(()) }
}

/// Waits for `stop`, or for a task that panics; whether one did.
async fn first_breakdown(tasks: &mut JoinSet<()>, stop: &CancellationToken) -> bool {
    loop {
        tokio::select! {
            () = stop.cancelled() => return false,
            ended = tasks.join_next() => match ended {
                Some(Err(error)) if error.is_panic() => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }
}

/// Makes the socket that wakes the daemon.
fn listen(paths: &Paths) -> Result<UnixDatagram, DaemonError> {
    let failed = |path: PathBuf| move |source| DaemonError::Folder { path, source };
    let path = paths.socket();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&paths.runtime)
        .map_err(failed(paths.runtime.clone()))?;
    // Left by a daemon that was killed: we hold the lock, so it has no owner.
    let _ = std::fs::remove_file(&path);
    UnixDatagram::bind(&path).map_err(failed(path))
}

/// Passes the command line's datagrams on. Only the owner can write to the folder they come from.
async fn listened(shared: Rc<Shared>, socket: UnixDatagram, stop: CancellationToken) {
    let mut word = [0; 64];
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            received = socket.recv(&mut word) => {
                match received.map(|length| word.get(..length).unwrap_or_default()) {
                    Ok(RETRY) => shared.wake.send_modify(|wake| wake.retry += 1),
                    Ok(_) => {
                        shared.changed.notify_one();
                        shared.beside.look.notify_one();
                        shared.news.notify_one();
                    }
                    Err(_) => return,
                }
            }
        }
    }
}

/// Lets go of what is older than the settings want, at the start and once a day.
async fn let_go(shared: Rc<Shared>, stop: CancellationToken) {
    let Shared { config, clock, store, paths, .. } = &*shared;
    loop {
        let now = clock.now();
        let (text, mails) = config.store.limits(now);
        match store.let_go(text, mails, &paths.store(), now) {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "Old mails were let go of"),
            Err(error) => tracing::error!("Old mails could not be let go of: {error}"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(A_DAY) => {}
        }
    }
}

/// Passes on that the machine woke up or that the network is back.
async fn roused(shared: Rc<Shared>, stop: CancellationToken) {
    let rouse = || shared.wake.send_modify(|wake| wake.network += 1);
    stop.run_until_cancelled(rousing::listen(rouse)).await;
}

/// Feeds systemd's watchdog. It runs on the one thread that does the work, so whatever holds that up
/// silences it; and it looks at each of the parts, so a task that is stuck counts, too.
async fn alive(shared: Rc<Shared>, stop: CancellationToken) {
    let Some(every) = systemd::watchdog_interval() else { return };
    let stuck = |what: &str| {
        tracing::error!("Systemd is asked to start goen anew, because this is stuck: {what}");
        systemd::stuck();
    };
    stop.run_until_cancelled(shared.pulse.feed(every, systemd::alive, stuck)).await;
}

/// Watches one account.
async fn watched(account: Account, shared: Rc<Shared>, stop: CancellationToken) {
    let inbox = Inbox {
        account: account.name.clone(),
        own: shared.config.own_addresses(),
        watching: Cell::new(false),
        shared: shared.clone(),
    };
    let source = account.secret_source(&shared.paths);
    let watched = imap::Account {
        name: account.name.clone(),
        server: account.imap_server(),
        mailboxes: account.mailboxes.clone(),
        lookback_days: shared.config.watch.lookback_days,
        recheck: Duration::from_secs(shared.config.watch.recheck_seconds),
        idle: shared.config.watch.idle,
        lang: shared.lang,
    };
    let open = async || session::open(&online::imap_server(&account).await?).await;
    let identity = async || {
        let user = online::user(&account, For::Imap).await?;
        Ok::<_, SecretError>(Identity { user, credential: source.read().await? })
    };
    let (clock, wake) = (&shared.clock, shared.wake.subscribe());
    watch::watch_over(&open, &watched, &identity, &inbox, clock, wake, stop).await;
}

/// One account's place in the store: reads and classifies what arrives.
struct Inbox {
    account: String,
    own: Vec<String>,
    /// The last health was "watching".
    watching: Cell<bool>,
    shared: Rc<Shared>,
}

impl Keeper for Inbox {
    type Error = StoreError;

    fn cursor(&self, mailbox: &str) -> Result<Option<Cursor>, StoreError> {
        self.shared.store.cursor(&self.account, mailbox)
    }

    fn keep(
        &self,
        mailbox: &str,
        arrivals: Vec<Arrival>,
        cursor: Cursor,
        quietly: bool,
    ) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        let now = self.shared.clock.now();
        let reader = Reader {
            own: &self.own,
            rules: &self.shared.knowledge.rules,
            corrections: &self.shared.store.corrections()?,
            now,
        };
        for (arrival, read) in arrivals.iter().zip(reader.read_all(&arrivals)) {
            match read {
                Ok(found) => batch.found.extend(found),
                Err(why) => batch.set_aside.push((arrival.uid, why)),
            }
        }
        let announce = if quietly { Announce::Quietly } else { Announce::From(now) };
        let new = self.shared.store.keep(&self.account, mailbox, &batch, cursor, announce, now)?;
        for mail_id in &new {
            tracing::info!(
                account = self.account,
                mail.id = mail_id,
                "A mail about an application was found"
            );
        }
        if !new.is_empty() {
            self.shared.news.notify_one();
        }
        Ok(())
    }

    fn set_aside(&self, mailbox: &str, uid: Uid, why: &str) -> Result<(), StoreError> {
        tracing::warn!(
            account = self.account,
            uid = uid.0,
            "A message could not be read and was set aside"
        );
        self.shared.store.set_aside_one(&self.account, mailbox, uid, why, self.shared.clock.now())
    }

    fn health(&self, health: Health) {
        let is_watching = health == Health::Watching;
        let now = self.shared.clock.now();
        if let Err(error) = self.shared.store.set_health(&self.account, &health, now) {
            tracing::error!(
                account = self.account,
                "The account's health could not be stored: {error}"
            );
        }
        let news = self.shared.blindness.borrow_mut().note(&self.account, &health, Instant::now());
        if news {
            self.shared.news.notify_one();
        }
        if !self.watching.replace(is_watching) && is_watching {
            self.shared.beside.look.notify_one();
        }
        systemd::status(&self.shared.store, &self.shared.config, self.shared.lang);
    }

    fn beat(&self, connection: usize, runs: bool) {
        self.shared.pulse.beat(&self.account, connection, runs);
    }
}

/// Accounts that replies cannot leave through for now.
#[derive(Debug, Default)]
struct Unready(Vec<(String, Until)>);

/// How long an account stays unready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// Its password cannot be had, or the server not be reached: tried again then.
    Then(Timestamp),
    /// The server refused the login: more tries would lock the account. Until the user says so.
    Told,
}

impl Unready {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(unready, _)| unready == name)
    }

    fn next(&self) -> Option<Timestamp> {
        let times = self.0.iter().filter_map(|(_, until)| match until {
            Until::Then(time) => Some(*time),
            Until::Told => None,
        });
        times.min()
    }

    fn forget_past(&mut self, now: Timestamp) {
        self.0.retain(|(_, until)| !matches!(until, Until::Then(time) if *time <= now));
    }
}

/// Submits approved replies, one at a time. Must not be dropped while it submits.
async fn deliver(shared: Rc<Shared>, outbox: Outbox, stop: CancellationToken) {
    let mut unready = Unready::default();
    let mut wake = shared.wake.subscribe();
    let mut last = None;
    while !stop.is_cancelled() {
        // Armed before the look, so that an approval in between is not slept through.
        let changed = shared.changed.notified();
        let now = shared.clock.now();
        unready.forget_past(now);
        let pause_ends = pause_after(last, now);
        if pause_ends.is_none() {
            let one = deliver_one(&shared, &outbox, &mut unready, &stop);
            match shared.pulse.at_work(OUTBOX, one).await {
                Ok(Turn::Nothing) => {}
                Ok(Turn::Again) => continue,
                Ok(Turn::Submitted) => {
                    last = Some(shared.clock.now());
                    continue;
                }
                Err(error) => tracing::error!("The outbox cannot be used: {error}"),
            }
        }
        // What is due already waits for its account, or for the end of the pause.
        let due = outbox.next_due().ok().flatten().filter(|due| *due > now);
        let next = due.into_iter().chain(unready.next()).chain(pause_ends).min();
        tokio::select! {
            () = stop.cancelled() => return,
            () = changed => {}
            Ok(()) = wake.changed() => unready.0.clear(),
            () = until(next, &shared.clock) => {}
        }
    }
}

/// When the pause after the `last` submission ends, if it is not over. A clock that was set back
/// since then does not make it longer.
fn pause_after(last: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
    let last = last.filter(|last| *last <= now)?;
    last.checked_add(BETWEEN_SUBMISSIONS).ok().filter(|end| *end > now)
}

/// What came of looking for a reply to submit.
enum Turn {
    /// None can leave now.
    Nothing,
    /// Something was in the way of one; another may be free to go.
    Again,
    /// One was submitted, with whatever outcome.
    Submitted,
}

/// Submits one reply that is due, if there is one.
async fn deliver_one(
    shared: &Shared,
    outbox: &Outbox,
    unready: &mut Unready,
    stop: &CancellationToken,
) -> Result<Turn, OutboxError> {
    let now = shared.clock.now();
    let wish = shared.config.reply.wish(&shared.knowledge.calendar);
    outbox.wait_for_hours(now, |time| when::next(time, &shared.zone, &wish))?;
    let lapsed = outbox.ask_again(now)?;
    if !lapsed.is_empty() {
        shared.news.notify_one();
    }
    for mail_id in lapsed {
        tracing::warn!(
            mail.id = mail_id,
            "An approval went stale before it could leave; it is a draft again"
        );
    }
    let Some(name) = outbox.due_account(now, |name| !unready.has(name))? else {
        return Ok(Turn::Nothing);
    };
    let later = Until::Then(now.checked_add(ACCOUNT_RETRY).unwrap_or(Timestamp::MAX));
    // The password is fetched before the claim: a keyring that asks for a passphrase must not
    // leave a reply in `sending`.
    let submission = match submission(shared, &name).await {
        Ok(submission) => submission,
        Err(words) => {
            tracing::warn!(account = name, "Replies have to wait: {words}");
            unready.0.push((name, later));
            return Ok(Turn::Again);
        }
    };
    if let Some(account) = shared.config.account(&name)
        && outbox.has_waited(&name, now)?
    {
        beside::last_look(shared, outbox, account).await;
    }
    // The password and the look may have taken minutes, with the lid closed even days: what held
    // before them need not hold now.
    let now = shared.clock.now();
    outbox.wait_for_hours(now, |time| when::next(time, &shared.zone, &wish))?;
    if stop.is_cancelled() {
        return Ok(Turn::Nothing);
    }
    let Some(claim) = outbox.claim_due(now, |account| account == name)? else {
        return Ok(Turn::Again);
    };
    let (id, mail_id) = (claim.id(), claim.mail_id());
    let _busy = shared.under_way.note(&claim);
    // Not raced against `stop`: half a submission is what we cannot take back. If the grace period
    // ends first, the row stays `sending`, and the next start makes it uncertain.
    let Attempt { outcome, trouble, farewell } = smtp::submit(&submission, claim).await;
    // What was heard must not be lost to a full disk or a busy store: it is written down once it can be.
    let state = loop {
        match outbox.settle(id, outcome.clone(), shared.clock.now()) {
            Err(OutboxError::Store(error)) => {
                tracing::error!(
                    mail.id = mail_id,
                    "How a submission ended cannot be stored yet: {error}"
                );
                // Not stuck: a new start would not know the end any more.
                shared.pulse.goes_on(OUTBOX);
                sleep(SETTLE_RETRY).await;
            }
            settled => break settled?,
        }
    };
    tracing::info!(mail.id = mail_id, state = state.name(), "A submission ended");
    shared.beside.look.notify_one();
    shared.news.notify_one();
    if stop.is_cancelled() {
        // The settings were read anew meanwhile: it is for the daemon that came after to file it.
        wake(&shared.paths);
    }
    farewell.say().await;
    if let Some(trouble) = trouble {
        tracing::warn!(account = name, "The submission server could not be used: {trouble}");
        unready.0.push((name, if trouble.is_transient() { later } else { Until::Told }));
        // Nothing was submitted: another account's reply need not wait.
        return Ok(Turn::Again);
    }
    Ok(Turn::Submitted)
}

/// How to submit through an account, its password included.
async fn submission(shared: &Shared, name: &str) -> Result<Submission, String> {
    let account = shared.config.account(name).ok_or("the account is not in the settings")?;
    let server = online::smtp_server(account).await.map_err(|error| error.to_string())?;
    let server = server.ok_or("the account has no [accounts.smtp]")?;
    let source = account.secret_source(&shared.paths);
    let credential = source.read_to_submit().await.map_err(|error| error.to_string())?;
    let user = online::user(account, For::Smtp).await.map_err(|error| error.to_string())?;
    Ok(Submission { server, user, credential, helo: HELO.to_owned() })
}

/// Sleeps until `due`, not counting the time in which the machine sleeps; for ever if nothing is due.
pub(crate) async fn awake_until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}

/// Sleeps until `due` by the clock on the wall; for ever if nothing is due.
pub(crate) async fn until(due: Option<Timestamp>, clock: &Clock) {
    let Some(due) = due else { return std::future::pending().await };
    while clock.now() < due {
        let left = Duration::try_from(due.duration_since(clock.now())).unwrap_or_default();
        sleep(left.min(LONGEST_SLEEP)).await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[tokio::test]
    async fn a_task_that_panics_does_not_go_unnoticed() {
        LocalSet::new()
            .run_until(async {
                let stop = CancellationToken::new();
                let mut tasks = JoinSet::new();
                tasks.spawn_local(std::future::pending());
                tasks.spawn_local(async {});
                tasks.spawn_local(async { panic!("broken") });
                assert!(first_breakdown(&mut tasks, &stop).await);
                stop.cancel();
                assert!(!first_breakdown(&mut tasks, &stop).await);
            })
            .await;
    }

    #[test]
    fn overdue_replies_leave_a_minute_apart() {
        assert_eq!(pause_after(None, at(0)), None);
        assert_eq!(pause_after(Some(at(0)), at(59)), Some(at(60)));
        assert_eq!(pause_after(Some(at(0)), at(60)), None);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_hold_replies_up() {
        assert_eq!(pause_after(Some(at(1_000_000)), at(0)), None);
    }
}
