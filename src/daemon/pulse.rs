//! Whether goen's parts are still at work: what systemd's watchdog is fed by.
//!
//! A connection that waits is woken by its own timers: in IDLE for the timed look (5 minutes at
//! most), between two tries each half minute, in an exchange by the exchange's time limit. One that
//! did not get to run for much longer waits for something that will never come.
//!
//! The other parts may rest for days, and are not woken to say that they are well. While they are at
//! something, each of their steps has a time limit; one that is at it for longer than all of them
//! together is stuck.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long a connection's task may go without running. The longest that is meant to happen is a
/// turn at logging in behind three others, each with a keyring that asks for a passphrase (2 minutes).
const STUCK_AFTER: Duration = Duration::from_mins(15);

/// How long another part may be at one thing. The longest that is meant to happen is a submission to a
/// server that takes all the time that RFC 5321 §4.5.3.2 grants it: some 35 minutes.
const AT_WORK_LIMIT: Duration = Duration::from_hours(1);

/// When each connection's task last got to run. On the monotonic clock, which stands still while the
/// machine sleeps: nothing is stuck because the lid was closed.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    connections: RefCell<HashMap<(String, usize), Instant>>,
    parts: RefCell<HashMap<&'static str, Instant>>,
}

impl Pulse {
    /// Notes that a connection's task got to run, or that it has come to its end.
    pub(super) fn beat(&self, account: &str, connection: usize, runs: bool) {
        let key = (account.to_owned(), connection);
        if runs {
            self.connections.borrow_mut().insert(key, Instant::now());
        } else {
            self.connections.borrow_mut().remove(&key);
        }
    }

    /// Does `work`, which is stuck if it takes too long.
    pub(crate) async fn at_work<T>(&self, part: &'static str, work: impl Future<Output = T>) -> T {
        self.goes_on(part);
        let done = work.await;
        self.parts.borrow_mut().remove(part);
        done
    }

    /// Notes that a part goes on with what it is at.
    pub(super) fn goes_on(&self, part: &'static str) {
        self.parts.borrow_mut().insert(part, Instant::now());
    }

    /// What is stuck: an account, or one of goen's parts.
    fn stuck(&self, now: Instant) -> Option<String> {
        let since = |last: &Instant| now.saturating_duration_since(*last);
        let (connections, parts) = (self.connections.borrow(), self.parts.borrow());
        let mut accounts = connections
            .iter()
            .filter(|(_, last)| since(last) > STUCK_AFTER)
            .map(|((name, _), _)| name);
        let mut parts =
            parts.iter().filter(|(_, last)| since(last) > AT_WORK_LIMIT).map(|(part, _)| *part);
        accounts.next().cloned().or_else(|| parts.next().map(str::to_owned))
    }

    /// Calls `alive` at each interval while nothing is stuck, else `stuck`; for ever.
    pub(super) async fn feed(&self, every: Duration, alive: impl Fn(), stuck: impl Fn(&str)) {
        let mut pulse = interval(every);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pulse.tick().await;
            match self.stuck(Instant::now()) {
                None => alive(),
                Some(what) => stuck(&what),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::future::pending;

    use tokio::time::{sleep, timeout};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::clock::Clock;
    use crate::imap::cursor::{Cursor, Uid};
    use crate::imap::session::{Session, SessionError, Wire};
    use crate::imap::watch::{Wake, watch_over};
    use crate::imap::{Account, Arrival, Health, Keeper};
    use crate::lang::Lang;
    use crate::net::{ConnectError, Security, Server};
    use crate::secret::{Credential, Identity, Secret, SecretError};

    /// Keeps nothing but the beats.
    struct Listener<'a>(&'a Pulse);

    impl Keeper for Listener<'_> {
        type Error = Infallible;

        fn cursor(&self, _mailbox: &str) -> Result<Option<Cursor>, Infallible> {
            Ok(None)
        }

        fn keep(
            &self,
            _mailbox: &str,
            _arrivals: Vec<Arrival>,
            _cursor: Cursor,
            _quietly: bool,
        ) -> Result<(), Infallible> {
            Ok(())
        }

        fn set_aside(&self, _mailbox: &str, _uid: Uid, _why: &str) -> Result<(), Infallible> {
            Ok(())
        }

        fn health(&self, _health: Health) {}

        fn beat(&self, connection: usize, runs: bool) {
            self.0.beat("uni", connection, runs);
        }
    }

    async fn hanako() -> Result<Identity, SecretError> {
        let credential = Credential::Password(Secret::new("secret".to_owned()));
        Ok(Identity { user: "hanako".to_owned(), credential })
    }

    /// Watches two mailboxes, one connection each, for a day; says when systemd was first asked for
    /// a new start.
    async fn a_day(
        open: impl AsyncFn() -> Result<Session<Box<dyn Wire>>, SessionError>,
        identity: impl AsyncFn() -> Result<Identity, SecretError>,
    ) -> Option<Duration> {
        let pulse = Pulse::default();
        let account = Account {
            name: "uni".to_owned(),
            server: Server {
                host: "127.0.0.1".to_owned(),
                port: 1,
                security: Security::Plain,
                ca_file: None,
            },
            mailboxes: vec!["INBOX".to_owned(), "就活".to_owned()],
            lookback_days: 30,
            recheck: Duration::from_mins(5),
            idle: true,
            lang: Lang::Ja,
        };
        let (_wake, woken) = tokio::sync::watch::channel(Wake::default());
        let (keeper, clock, stop) = (Listener(&pulse), Clock::system(), CancellationToken::new());
        let (began, asked) = (Instant::now(), Cell::new(None));
        let watching = watch_over(&open, &account, &identity, &keeper, &clock, woken, stop);
        let feeding = pulse.feed(
            Duration::from_secs(150),
            || {},
            |_account| asked.set(asked.get().or(Some(began.elapsed()))),
        );
        let both = async { tokio::join!(watching, feeding) };
        assert!(timeout(Duration::from_hours(24), both).await.is_err());
        asked.get()
    }

    fn refused() -> SessionError {
        let source = std::io::ErrorKind::ConnectionRefused.into();
        SessionError::Connect(ConnectError::Connect { server: "127.0.0.1:1".to_owned(), source })
    }

    #[tokio::test(start_paused = true)]
    async fn one_connection_that_is_stuck_is_not_hidden_by_the_others() {
        let pulse = Pulse::default();
        let began = Instant::now();
        for connection in 0..3 {
            pulse.beat("uni", connection, true);
        }
        pulse.beat("uni", 2, false);
        tokio::time::advance(STUCK_AFTER).await;
        pulse.beat("uni", 0, true);
        assert_eq!(pulse.stuck(began + STUCK_AFTER), None);
        let later = began + STUCK_AFTER + Duration::from_secs(1);
        assert_eq!(pulse.stuck(later), Some("uni".to_owned()));
        pulse.beat("uni", 1, false);
        assert_eq!(pulse.stuck(later), None, "connections that have ended are not stuck");
    }

    /// When systemd was first asked for a new start, on a day on which a part does `work`.
    async fn a_day_of(pulse: &Pulse, work: impl Future<Output = ()>) -> Option<Duration> {
        let (began, asked) = (Instant::now(), Cell::new(None));
        let stuck = |what: &str| {
            assert_eq!(what, "the outbox");
            asked.set(asked.get().or(Some(began.elapsed())));
        };
        let feeding = pulse.feed(Duration::from_secs(150), || {}, stuck);
        let both = async { tokio::join!(work, feeding) };
        assert!(timeout(Duration::from_hours(24), both).await.is_err());
        asked.get()
    }

    #[tokio::test(start_paused = true)]
    async fn another_part_that_is_stuck_trips_the_watchdog() {
        let pulse = Pulse::default();
        let asked = a_day_of(&pulse, pulse.at_work("the outbox", pending())).await.unwrap();
        assert!((AT_WORK_LIMIT..AT_WORK_LIMIT + STUCK_AFTER).contains(&asked), "{asked:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_part_that_rests_or_goes_on_is_not_stuck() {
        let pulse = Pulse::default();
        let long = async {
            for _ in 0..20 {
                sleep(AT_WORK_LIMIT / 2).await;
                pulse.goes_on("the outbox");
            }
        };
        assert_eq!(a_day_of(&pulse, pulse.at_work("the outbox", long)).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_is_tried_again_and_again_is_not_stuck() {
        assert_eq!(a_day(async || Err(refused()), hanako).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_is_stuck_trips_the_watchdog() {
        let first = Cell::new(true);
        let open = async || {
            if first.replace(false) { Err(refused()) } else { pending().await }
        };
        let asked = a_day(open, hanako).await.unwrap();
        assert!((STUCK_AFTER..STUCK_AFTER * 2).contains(&asked), "{asked:?}");
    }
}
