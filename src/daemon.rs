//! Starts everything, stops everything: one task an account, one that tells, one that submits.
//!
//! The tasks meet in the store alone and wake each other through a [`Notify`]. Watching may be
//! dropped at any await, because the cursor moves in the same transaction as the mail it has
//! passed. Submitting may not: see [`deliver`].

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::UnixDatagram;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::classify::{Outcome, Rules, classify};
use crate::clock::Clock;
use crate::config::{Config, Paths};
use crate::guide::{Guide, Guidance, Situation};
use crate::imap::cursor::{Cursor, Uid};
use crate::imap::{self, Arrival, Health, Keeper};
use crate::lang::{Explain, Explanation, Lang};
use crate::mail::Mail;
use crate::notify::Notice;
use crate::store::{AccountHealth, Announce, Batch, Found, Store, StoreError, StoredMail};
use crate::{outbox, reply, say, smtp};

/// How long tasks may take to reach a safe point when stopping. Shorter than the unit's
/// `TimeoutStopSec`, so that systemd need not kill.
const GRACE: Duration = Duration::from_secs(20);

/// A notification that could not be shown is tried again after this long.
const NOTIFICATION_RETRY: Duration = Duration::from_mins(1);

/// Longest sleep while something is due later. A monotonic timer stands still while the machine
/// is suspended; looking at the clock this often keeps "due at nine" from becoming "due at eleven".
const LONGEST_SLEEP: Duration = Duration::from_mins(1);
