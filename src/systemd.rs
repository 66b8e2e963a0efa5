//! What systemd is told: ready, how things are, still alive (`sd_notify(3)`). Without systemd all
//! of it does nothing.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::config::Config;
use crate::imap::Health;
use crate::lang::Lang;
use crate::say;
use crate::store::Store;

/// Start-up is done.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The settings are being read again; [`ready`] says when that is done.
pub(crate) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// Stopping has begun.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Says in `systemctl --user status goen` how the accounts are doing.
pub(crate) fn status(store: &Store, config: &Config, lang: Lang) {
    let Ok(accounts) = store.accounts() else { return };
    let known = accounts.iter().filter(|status| config.account(&status.name).is_some());
    let (mut well, mut ill) = (0, Vec::new());
    for status in known {
        match &status.health {
            Health::Watching | Health::CatchingUp { .. } => well += 1,
            Health::Unreachable { .. } | Health::Stopped { .. } => {
                ill.push(status.name.as_str());
            }
        }
    }
    let ill = ill.join(", ");
    let words = if ill.is_empty() {
        say!(lang, "{well} アカウントを見守っています", "watching {well} account(s)")
    } else {
        say!(
            lang,
            "{well} アカウントを見守り中。受信できていません：{ill}",
            "watching {well} account(s); blind: {ill}"
        )
    };
    tell(&[NotifyState::Status(&words)]);
}

/// How often systemd wants to hear that goen is alive: half of the unit's `WatchdogSec`, as
/// `sd_watchdog_enabled(3)` advises. None if it does not ask.
pub(crate) fn watchdog_interval() -> Option<Duration> {
    sd_notify::watchdog_enabled().map(|limit| (limit / 2).max(Duration::from_millis(100)))
}

/// Still alive.
pub(crate) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// Stuck: systemd is to end goen and start it anew, now.
pub(crate) fn stuck() {
    tell(&[NotifyState::WatchdogTrigger]);
}

fn tell(states: &[NotifyState<'_>]) {
    // Without systemd there is nobody to tell, and a lost word is said again soon.
    let _ = sd_notify::notify(states);
}
