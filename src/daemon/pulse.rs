//! Whether each account's connections are still being worked on: what systemd's watchdog is fed by.
//!
//! A connection that waits is woken by its own timers: in IDLE for the timed look (5 minutes at
//! most), between two tries each half minute, in an exchange by the exchange's time limit. One that
//! did not get to run for much longer waits for something that will never come.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// How long a connection's task may go without running. The longest that is meant to happen is a
/// turn at logging in behind three others, each with a keyring that asks for a passphrase (2 minutes).
const STUCK_AFTER: Duration = Duration::from_mins(15);

/// When each connection's task last got to run. On the monotonic clock, which stands still while the
/// machine sleeps: nothing is stuck because the lid was closed.
#[derive(Debug, Default)]
pub(super) struct Pulse(RefCell<HashMap<(String, usize), Instant>>);

impl Pulse {
    /// Notes that a connection's task got to run, or that it has come to its end.
    pub(super) fn beat(&self, account: &str, connection: usize, runs: bool) {
        let key = (account.to_owned(), connection);
        if runs {
            self.0.borrow_mut().insert(key, Instant::now());
        } else {
            self.0.borrow_mut().remove(&key);
        }
    }

    /// An account with a connection that is stuck.
    fn stuck(&self, now: Instant) -> Option<String> {
        let beats = self.0.borrow();
        let mut late =
            beats.iter().filter(|(_, last)| now.saturating_duration_since(**last) > STUCK_AFTER);
        late.next().map(|((account, _), _)| account.clone())
    }

    /// Calls `alive` at each interval while no connection is stuck, else `stuck`; for ever.
    pub(super) async fn feed(&self, every: Duration, alive: impl Fn(), stuck: impl Fn(&str)) {
        let mut pulse = interval(every);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pulse.tick().await;
            match self.stuck(Instant::now()) {
                None => alive(),
                Some(account) => stuck(&account),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::convert::Infallible;
    use std::future::pending;

    use tokio::time::timeout;
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
