//! The whole main job on this machine, against embedded loopback servers.
//!
//! Servers and sample mails are the demo's own; what works on them is the daemon as it always runs.

mod folder;
pub mod imap;
pub mod inbox;
pub mod smtp;
mod story;
pub mod tls;
mod wire;

use std::fmt::Write as _;
use std::io::{self, Write};
use std::process::ExitCode;

use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::folder::{Folder, Ports};
use self::story::{Ending, Story};
use self::tls::Tls;
use crate::cli::{Console, Failure, Opened};
use crate::clock::Clock;
use crate::config::Config;
use crate::daemon::{self, Daemon, Voice};
use crate::lang::Explanation;
use crate::notify::Notifier;
use crate::say;
use crate::secret::Secret;
use crate::store::Store;

/// The address of the demo's user.
const USER: &str = "hanako@example.jp";

/// Who approves the reply.
pub(crate) enum Consent {
    /// It is approved without asking (`--yes`).
    Given,
    /// A person, whose answer this reads.
    Ask(Box<dyn FnOnce() -> io::Result<String> + Send>),
    /// Nobody is there to ask.
    Nobody,
}

/// The one user that the embedded servers know.
#[derive(Debug, Clone)]
pub struct Login {
    /// The login name: the user's address.
    pub user: String,
    /// The password.
    pub password: Secret,
}

impl Login {
    /// A password that nobody can guess: every program on the machine can reach the ports.
    fn generate() -> io::Result<Self> {
        let mut random = [0; 12];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let mut password = String::new();
        for byte in random {
            let _ = write!(password, "{byte:02x}");
        }
        Ok(Self { user: USER.to_owned(), password: Secret::new(password) })
    }

    /// Whether these are the user's name and password.
    fn is(&self, user: &str, password: &str) -> bool {
        self.user == user && self.password.expose() == password
    }

    /// Whether this is the user's answer to AUTH PLAIN (RFC 4616), in base64.
    fn is_plain(&self, answer: &str) -> bool {
        let Some(answer) = wire::from_base64(answer) else { return false };
        let mut fields = answer.split('\0');
        let (_authorize_as, user, password) = (fields.next(), fields.next(), fields.next());
        fields.next().is_none()
            && user.zip(password).is_some_and(|(user, password)| self.is(user, password))
    }
}

/// Both embedded servers.
struct Servers {
    imap: imap::Server,
    smtp: smtp::Server,
}

impl Servers {
    async fn start(
        tls: &Tls,
        login: &Login,
        clock: &Clock,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> io::Result<Self> {
        let imap = imap::Server::start(tls, login.clone(), clock.clone(), tasks, stop).await?;
        let smtp = smtp::Server::start(tls, login.clone(), tasks, stop).await?;
        for inbox::Sample { message, received_at } in inbox::waiting(clock.now()) {
            imap.deliver(&message, received_at);
        }
        Ok(Self { imap, smtp })
    }

    fn ports(&self) -> Ports {
        Ports { imap: self.imap.port(), smtp: self.smtp.port() }
    }
}

/// All that the demo needs before goen starts.
struct World {
    servers: Servers,
    login: Login,
    folder: Folder,
    opened: Opened,
}

impl World {
    async fn make(
        console: &Console,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> Result<Self, Failure> {
        let tls = Tls::generate().map_err(|error| {
            Failure::because(Explanation::new(say!(
                console.lang,
                "証明書を作れませんでした：{error}",
                "no certificate could be made: {error}"
            )))
        })?;
        let login = Login::generate()?;
        let servers = Servers::start(&tls, &login, &console.clock, tasks, stop).await?;
        let folder = Folder::create()?;
        folder.furnish(&tls, &login, servers.ports(), console.lang)?;
        let paths = folder.paths();
        let config = Config::load(&paths.config)?;
        let opened = Opened { store: Store::open(&paths.store())?, config, paths };
        Ok(Self { servers, login, folder, opened })
    }
}

/// Runs the demo; with `keep` until interrupted, and its files stay.
pub(crate) fn run(
    consent: Consent,
    keep: bool,
    console: &Console,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, perform(consent, keep, console, out))
}

async fn perform(
    consent: Consent,
    keep: bool,
    console: &Console,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let World { servers, login, folder, opened } = World::make(console, &tasks, &stop).await?;

    let (teller, notices) = mpsc::unbounded_channel();
    let watching = Daemon {
        config: opened.config.clone(),
        paths: opened.paths.clone(),
        clock: console.clock.clone(),
        zone: console.zone.clone(),
        lang: console.lang,
        voice: Voice::Channel(teller),
        under_way: crate::outbox::UnderWay::default(),
    };
    let mut running = std::pin::pin!(daemon::run(watching, stop.clone(), || {}));
    let mut story = Story {
        servers: &servers,
        opened: &opened,
        console,
        notices,
        desktop: Notifier::new(),
        out,
    };
    let mut ending = None;
    let told = async {
        ending = Some(story.tell(consent).await?);
        if keep {
            story.invite(&login)?;
            story.go_on().await?;
        }
        Ok::<(), Failure>(())
    };
    let done = tokio::select! {
        done = told => done,
        stopped = &mut running => return stopped.map(|()| ExitCode::FAILURE).map_err(Failure::new),
        () = interrupted() => Ok(()),
    };
    stop.cancel();
    running.await.map_err(Failure::new)?;
    tasks.close();
    tasks.wait().await;
    drop(opened);
    if keep {
        let _ = folder.keep();
    }
    done?;
    Ok(match ending {
        Some(Ending::Sent | Ending::NotApproved) => ExitCode::SUCCESS,
        Some(Ending::NobodyThere) | None => ExitCode::FAILURE,
    })
}

/// Waits for Ctrl-C or a request to end.
async fn interrupted() {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;
    use crate::cli::text::Style;
    use crate::lang::Lang;

    fn console(lang: Lang) -> Console {
        let (style, zone, clock) = (Style { on: false }, TimeZone::UTC, Clock::system());
        Console { lang, style, zone, clock, columns: 80 }
    }

    /// What the demo prints, and how it ends, when a person answers `answer`.
    fn answered(answer: &'static str, lang: Lang) -> (String, bool) {
        let consent = Consent::Ask(Box::new(|| Ok(answer.to_owned())));
        let mut out = Vec::new();
        let ended = run(consent, false, &console(lang), &mut out);
        let is_success = ended.is_ok_and(|status| status == ExitCode::SUCCESS);
        (String::from_utf8(out).unwrap(), is_success)
    }

    #[test]
    fn a_person_who_says_no_is_heard_and_nothing_is_sent() {
        let (printed, is_success) = answered("n\n", Lang::En);
        assert!(printed.ends_with("All right. Nothing was sent.\n"), "{printed}");
        assert!(is_success);
    }

    #[test]
    fn an_empty_answer_is_no() {
        let (printed, _) = answered("", Lang::Ja);
        assert!(printed.ends_with("承知しました。何も送っていません。\n"), "{printed}");
    }

    #[test]
    fn a_person_who_says_yes_sees_what_arrived_once() {
        let (printed, is_success) = answered("y\n", Lang::En);
        assert!(printed.contains("Copies received: 1."), "{printed}");
        assert!(is_success);
    }

    #[test]
    fn nothing_is_wider_than_eighty_columns() {
        for lang in [Lang::Ja, Lang::En] {
            let (printed, _) = answered("", lang);
            let wide: Vec<&str> = printed.lines().filter(|line| line.width() > 80).collect();
            assert!(wide.is_empty(), "{wide:#?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_does_not_happen_fails_the_demo() {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let console = console(Lang::En);
        let Ok(world) = World::make(&console, &tasks, &stop).await else { panic!("no servers") };
        // No goen watches: the look back never comes to its end.
        let (_teller, notices) = mpsc::unbounded_channel();
        let mut out = Vec::new();
        let mut story = Story {
            servers: &world.servers,
            opened: &world.opened,
            console: &console,
            notices,
            desktop: Notifier::new(),
            out: &mut out,
        };
        let Err(failure) = story.tell(Consent::Given).await else { panic!("it went well") };
        assert_eq!(failure.sentence(Lang::En), "goen did not get as far as waiting for mail");
        assert!(world.servers.smtp.received().borrow().is_empty());
    }
}
