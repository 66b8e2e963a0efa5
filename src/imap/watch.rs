//! One account's loop: connect → log in → catch up → wait → again.
//!
//! Watching may be dropped at any await, because the cursor moves only in [`Keeper::keep`], together
//! with the mail it has passed. Whatever goes wrong with a connection ends that connection; the loop
//! waits a little and begins anew.
//!
//! A mail sorted into a folder by the provider is to be told as fast as one in the inbox. Where the server
//! offers NOTIFY (RFC 5465), one connection hears of all mailboxes and another reads them. Elsewhere each
//! has a connection of its own that sits in IDLE, and beyond four mailboxes the last ones share a
//! connection that looks at them by turns each minute: Gmail allows 15 connections, others fewer, and
//! the user's own mail program needs some too.

mod health;
mod lane;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Mutex, watch::Receiver};
use tokio_util::sync::CancellationToken;

use self::health::Board;
use self::lane::{Ended, Lane};
use super::session::{self, Session, SessionError, Wire};
use super::{Account, Keeper};
use crate::clock::Clock;
use crate::secret::{Identity, SecretError};

/// Mailboxes watched with a connection each.
const OWN_CONNECTIONS: usize = 4;

/// How long the connections have to say goodbye.
const GOODBYE_LIMIT: Duration = Duration::from_secs(3);

/// The longest wait between two tries to connect.
const BACK_OFF_MAX: Duration = Duration::from_mins(15);

/// Reasons not to wait any longer. Each is counted up by whoever knows of one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wake {
    /// The machine woke from sleep, or the network changed: connections may be dead, servers may
    /// be reachable.
    pub network: u64,
    /// The user asks for another try, or a secret was changed: refused logins may be tried again.
    pub retry: u64,
}

/// Watches `account` until `stop`. `identity` is asked for at each login.
pub async fn watch(
    account: &Account,
    identity: &impl AsyncFn() -> Result<Identity, SecretError>,
    keeper: &impl Keeper,
    clock: &Clock,
    wake: Receiver<Wake>,
    stop: CancellationToken,
) {
    let open = async || session::open(&account.server).await;
    watch_over(&open, account, identity, keeper, clock, wake, stop).await;
}

/// Like [`watch`], over connections that `open` makes.
pub async fn watch_over(
    open: &impl AsyncFn() -> Result<Session<Box<dyn Wire>>, SessionError>,
    account: &Account,
    identity: &impl AsyncFn() -> Result<Identity, SecretError>,
    keeper: &impl Keeper,
    clock: &Clock,
    wake: Receiver<Wake>,
    stop: CancellationToken,
) {
    let report = |health| keeper.health(health);
    let shared = |lanes| Shared {
        open,
        account,
        identity,
        keeper,
        clock,
        stop: &stop,
        login: Mutex::new(()),
        refusals: Cell::new(0),
        board: Board::new(lanes, &report),
        spare: RefCell::default(),
    };
    // Boxed: one of the two ways is not taken, and need not be held.
    let running = Box::pin(async {
        let mut spare = None;
        if account.mailboxes.len() > 1 && account.idle {
            let shared = shared(1);
            let lane = Lane::new(&shared, 0, account.mailboxes.clone(), wake.clone());
            let mut lanes = FuturesUnordered::new();
            lanes.push(beating(keeper, 0, lane.run_together()));
            match lanes.next().await {
                Some(Ended::Apart) => spare = shared.spare.take(),
                Some(Ended::Stopped) | None => return,
            }
        }
        let lanes = divide(&account.mailboxes);
        let shared = Shared { spare: RefCell::new(spare), ..shared(lanes.len()) };
        let mut lanes: FuturesUnordered<_> = lanes
            .into_iter()
            .enumerate()
            .map(|(index, mailboxes)| {
                let lane = Lane::new(&shared, index, mailboxes, wake.clone());
                beating(keeper, index, lane.run())
            })
            .collect();
        while lanes.next().await.is_some() {}
    });
    tokio::select! {
        () = running => {}
        () = async { stop.cancelled().await; tokio::time::sleep(GOODBYE_LIMIT).await } => {}
    }
}

/// What the connections of one account have in common.
struct Shared<'a, O, I, K> {
    open: &'a O,
    account: &'a Account,
    identity: &'a I,
    keeper: &'a K,
    clock: &'a Clock,
    stop: &'a CancellationToken,
    /// One login at a time: a keyring asks once, and a refusal is known before the next try.
    login: Mutex<()>,
    /// Refused logins in a row, over all connections.
    refusals: Cell<u32>,
    board: Board<'a>,
    /// A session that is open and that nobody uses yet.
    spare: RefCell<Option<Session<Box<dyn Wire>>>>,
}

/// Runs the task of a connection, and tells the keeper each time it gets to run. Each needs a waker
/// of its own ([`FuturesUnordered`]), or one that is stuck would seem to run whenever another does.
async fn beating<T>(keeper: &impl Keeper, connection: usize, task: impl Future<Output = T>) -> T {
    let mut task = pin!(task);
    poll_fn(|context| {
        let polled = task.as_mut().poll(context);
        keeper.beat(connection, polled.is_pending());
        polled
    })
    .await
}

/// Deals mailboxes out to connections.
fn divide(mailboxes: &[String]) -> Vec<Vec<String>> {
    let own = if mailboxes.len() > OWN_CONNECTIONS { OWN_CONNECTIONS - 1 } else { OWN_CONNECTIONS };
    let (single, shared) = mailboxes.split_at(own.min(mailboxes.len()));
    let mut lanes: Vec<Vec<String>> = single.iter().map(|name| vec![name.clone()]).collect();
    if !shared.is_empty() {
        lanes.push(shared.to_vec());
    }
    lanes
}

/// How long to wait before try number `attempt` (from 0): 1 to 2 s at first, doubled each time up to
/// 15 minutes, the upper half of it by chance (`dice`), so that a server that comes back is not met
/// by everybody at once.
#[must_use]
pub fn back_off(attempt: u32, dice: u32) -> Duration {
    let full = Duration::from_secs(2 << attempt.min(16)).min(BACK_OFF_MAX);
    full / 2 + (full / 2).mul_f64(f64::from(dice) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| n.to_string()).collect()
    }

    #[test]
    fn few_mailboxes_have_a_connection_each_and_many_share_the_last() {
        assert_eq!(divide(&names(1)).len(), 1);
        assert_eq!(divide(&names(4)).len(), 4);
        let lanes = divide(&names(20));
        assert_eq!(lanes.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 17]);
        assert_eq!(lanes.concat(), names(20));
    }

    proptest! {
        #[test]
        fn the_wait_grows_from_a_second_to_a_quarter_of_an_hour(attempt in 0_u32.., dice in any::<u32>()) {
            let wait = back_off(attempt, dice);
            prop_assert!((Duration::from_secs(1)..=BACK_OFF_MAX).contains(&wait));
            prop_assert!(back_off(attempt.saturating_add(1), dice) >= wait);
        }
    }
}
