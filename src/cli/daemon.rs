//! `goen run` and `goen demo`: where the daemon meets signals, systemd and a terminal.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use clap::Args;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::{Console, Failure};
use crate::config::{self, Config, Paths};
use crate::daemon::{self, Daemon, Voice};
use crate::demo::{self, Consent};
use crate::lang::{Explain as _, Lang};
use crate::notify::link::Link;
use crate::outbox::UnderWay;
use crate::systemd;

#[derive(Debug, Args)]
pub(super) struct DemoArguments {
    /// Approve the reply without asking
    #[arg(long)]
    yes: bool,
    /// Keep the servers running at the end, so that you can try other commands
    #[arg(long)]
    keep: bool,
}

/// Why one run of the daemon ended.
enum Ended {
    Stopped,
    Reload,
}

/// `lang_of` says which language settings ask for: they may change while it runs.
pub(super) fn run(
    config: Config,
    paths: &Paths,
    console: &Console,
    lang_of: impl Fn(&Config) -> Lang,
) -> Result<ExitCode, Failure> {
    log_to_stderr();
    // One thread: everything waits for the network or for the person, and the store is fast.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let mut config = config;
        let mut signals = Signals::listen()?;
        let under_way = UnderWay::default();
        loop {
            let daemon = Daemon {
                config: config.clone(),
                paths: paths.clone(),
                clock: console.clock.clone(),
                zone: console.zone.clone(),
                lang: lang_of(&config),
                voice: Voice::Desktop(Box::new(Link::new())),
                under_way: under_way.clone(),
            };
            match watch_once(daemon, &mut signals).await? {
                Ended::Stopped => return Ok(ExitCode::SUCCESS),
                Ended::Reload => match Config::load(&paths.config) {
                    Ok(fresh) => {
                        let changes = config.changes(&fresh).join(", ");
                        if changes.is_empty() {
                            tracing::info!("Settings read again; nothing has changed");
                        } else {
                            tracing::info!("Settings read again; changed: {changes}");
                        }
                        config = fresh;
                    }
                    // The old settings are better than none: the user is told, and goen goes on.
                    Err(error) => tracing::error!("{}", error.explain(console.lang).what),
                },
            }
        }
    })
}

/// The signals that a daemon hears, from its start on: one that comes while the settings are read
/// anew is not lost.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

async fn watch_once(daemon: Daemon, signals: &mut Signals) -> Result<Ended, Failure> {
    let stop = CancellationToken::new();
    let running = daemon::run(daemon, stop.clone(), systemd::ready);
    tokio::pin!(running);
    let ended = tokio::select! {
        result = &mut running => return result.map(|()| Ended::Stopped).map_err(Failure::new),
        _ = signals.terminate.recv() => Ended::Stopped,
        _ = signals.interrupt.recv() => Ended::Stopped,
        _ = signals.hang_up.recv() => Ended::Reload,
    };
    match ended {
        Ended::Stopped => systemd::stopping(),
        Ended::Reload => systemd::reloading(),
    }
    stop.cancel();
    running.await.map_err(Failure::new)?;
    Ok(ended)
}

/// The log goes to standard error: the journal, or the terminal of whoever runs it by hand.
fn log_to_stderr() {
    let by_hand = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(by_hand)
        .with_target(false);
    // `Targets` knows levels by module, which is all we need; `EnvFilter` would bring a compiler of
    // regular expressions into memory.
    let asked: Option<Targets> = config::log_filter().parse().ok();
    let filter = asked.unwrap_or_else(|| Targets::new().with_default(tracing::Level::WARN));
    let registry = tracing_subscriber::registry();
    if by_hand {
        registry.with(layer.with_filter(filter)).init();
    } else {
        registry.with(layer.without_time().with_filter(filter)).init();
    }
}

pub(super) fn demo(arguments: &DemoArguments, console: &Console) -> Result<ExitCode, Failure> {
    let consent = if arguments.yes {
        Consent::Given
    } else if io::stdin().is_terminal() {
        Consent::Ask(Box::new(|| {
            let mut answer = String::new();
            io::stdin().read_line(&mut answer)?;
            Ok(answer)
        }))
    } else {
        Consent::Nobody
    };
    demo::run(consent, arguments.keep, console, &mut io::stdout())
}
