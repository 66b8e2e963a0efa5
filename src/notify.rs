//! Desktop notifications: quiet, replaceable, and never in the daemon's way.
//!
//! Nothing that a notification offers changes anything: any program on the session bus can try to
//! forge a click. A click opens the mail at most, and the body names the command to type. Every
//! exchange with the bus has a time-out, because a notification server may hang for ever.
//!
//! The daemon speaks through one [`link::Link`]; a command that has one thing to say uses a
//! [`Notifier`].

use std::collections::VecDeque;
use std::time::Duration;

use notify_rust::{Hint, Notification, NotificationHandle};
use tokio::sync::Mutex;
use tokio::time::timeout;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

use crate::lang::{Explain, Explanation, Lang};
use crate::{plain, say};

pub mod link;
pub mod portal;

/// How long the bus or the notification server may take for one answer. Servers answer within
/// 200 ms even for their first popup; one that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many notifications are kept: GNOME closes those whose sender has left the bus, and each
/// holds a socket.
const KEPT: usize = 20;

/// The icon for servers that draw one: from the desktop's own theme, so it is always there.
const ICON: &str = "mail-unread";

const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

/// What to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Title, plain text.
    pub summary: String,
    /// Text, plain; lines ended by `\n`.
    pub body: String,
    /// How much attention it may ask for.
    pub urgency: Urgency,
    /// What it is about: a later notice of the same key takes its place.
    pub key: i64,
}

/// How much attention a notification may ask for.
///
/// There is no `Critical`: it pierces "do not disturb" and never leaves, and no mail is worth that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A result.
    Normal,
    /// Something that can wait for a look at the list.
    Low,
}

/// A notification that the server has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// The server's number for it.
    pub id: u32,
    /// It took the place of an earlier one.
    pub replaced: bool,
}

/// The notification server that is on the session bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// Its name, such as `dunst` or `gnome-shell`.
    pub name: String,
    /// Who makes it.
    pub vendor: String,
    /// Its version.
    pub version: String,
    /// The version of the Desktop Notifications Specification it follows.
    pub spec_version: String,
    /// What it says it can do (`body`, `actions`, …).
    pub capabilities: Vec<String>,
}

/// Why nothing was shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// There is no session bus: no desktop session, or its address is not known here.
    #[error("no session bus: {0}")]
    NoBus(String),
    /// There is a bus, but no notification server on it.
    #[error("no notification server on the session bus: {0}")]
    NoServer(String),
    /// The bus or the server did not answer in time.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    NoAnswer,
    /// The server was given it and has not answered: it may be shown yet.
    #[error("the notification server was given it and has not answered within {} s", PATIENCE.as_secs())]
    Unanswered,
    /// The server refused it.
    #[error("the notification server refused: {0}")]
    Refused(String),
}

impl NotifyError {
    /// Whether it may go another time: the session may come up, the server may come back.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        !matches!(self, Self::Refused(_))
    }
}

/// Shows notifications, and remembers those it has shown.
#[derive(Debug, Default)]
pub struct Notifier {
    // One at a time: a replacement must know what it replaces.
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    server: Option<Server>,
    shown: VecDeque<(i64, NotificationHandle)>,
}

/// A notification server as long as it lives.
#[derive(Debug)]
struct Server {
    bus: zbus::Connection,
    /// Its unique name: another one is another server, or the same one started again.
    owner: String,
    info: ServerInfo,
}

impl Notifier {
    /// A notifier that has not yet looked for a bus.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Shows `notice`, in the place of an earlier one of the same key.
    pub async fn show(&self, notice: &Notice) -> Result<Shown, NotifyError> {
        let mut state = self.state.lock().await;
        state.meet_server().await?;
        let Some(server) = &state.server else { return Err(NotifyError::NoAnswer) };

        let mut notification = single(notice, &server.info);
        let earlier = state.shown.iter().position(|(key, _)| *key == notice.key);
        if let Some((_, handle)) = earlier.and_then(|index| state.shown.get(index)) {
            notification.id(handle.id());
        }
        let handle = timeout(PATIENCE, notification.show_async())
            .await
            .map_err(|_elapsed| NotifyError::NoAnswer)?
            .map_err(|error| NotifyError::Refused(error.to_string()))?;

        let id = handle.id();
        let replaced = earlier.and_then(|index| state.shown.remove(index));
        let replaced = replaced.is_some_and(|(_, earlier)| earlier.id() == id);
        state.shown.push_back((notice.key, handle));
        while state.shown.len() > KEPT {
            state.shown.pop_front();
        }
        Ok(Shown { id, replaced })
    }
}

impl State {
    /// Makes sure that `server` is the one that is on the bus now.
    async fn meet_server(&mut self) -> Result<(), NotifyError> {
        if let Some(server) = &self.server
            && owner(&server.bus).await.as_ref() == Ok(&server.owner)
        {
            return Ok(());
        }
        // A server that started again counts from 1, so an old number may be another's now.
        self.shown.clear();
        self.server = None;
        self.server = Some(meet().await?);
        Ok(())
    }
}

/// The notification server on the session bus; starts it where the bus knows how.
pub async fn server() -> Result<ServerInfo, NotifyError> {
    meet().await.map(|server| server.info)
}

async fn meet() -> Result<Server, NotifyError> {
    let bus = timeout(PATIENCE, zbus::Connection::session())
        .await
        .map_err(|_elapsed| NotifyError::NoAnswer)?
        .map_err(|error| NotifyError::NoBus(error.to_string()))?;
    let (name, vendor, version, spec_version) = ask(&bus, "GetServerInformation").await?;
    let capabilities = ask(&bus, "GetCapabilities").await?;
    let owner = owner(&bus).await?;
    let info = ServerInfo { name, vendor, version, spec_version, capabilities };
    Ok(Server { bus, owner, info })
}

/// Asks the notification server one question without arguments.
async fn ask<T>(bus: &zbus::Connection, method: &str) -> Result<T, NotifyError>
where
    T: for<'a> serde::Deserialize<'a> + zbus::wire::Type,
{
    let call = bus.call_method(Some(SERVER), PATH, Some(SERVER), method, &());
    let answer = timeout(PATIENCE, call).await.map_err(|_elapsed| NotifyError::NoAnswer)?;
    let answer = answer.map_err(told_apart)?;
    answer.body().deserialize().map_err(|error| NotifyError::Refused(error.to_string()))
}

/// The unique name of the notification server on the bus.
async fn owner(bus: &zbus::Connection) -> Result<String, NotifyError> {
    let question = async {
        let name = BusName::try_from(SERVER)?;
        DBusProxy::new(bus).await?.get_name_owner(name).await.map_err(zbus::Error::from)
    };
    let answer = timeout(PATIENCE, question).await.map_err(|_elapsed| NotifyError::NoAnswer)?;
    answer.map(|owner| owner.to_string()).map_err(told_apart)
}

fn told_apart(error: zbus::Error) -> NotifyError {
    use zbus::fdo::Error as E;
    let words = error.to_string();
    match error {
        zbus::Error::InputOutput(_) => NotifyError::NoBus(words),
        zbus::Error::FDO(error) => match *error {
            E::ServiceUnknown(_)
            | E::NameHasNoOwner(_)
            | E::SpawnExecFailed(_)
            | E::SpawnForkFailed(_)
            | E::SpawnChildExited(_)
            | E::SpawnChildSignaled(_)
            | E::SpawnFailed(_)
            | E::SpawnFailedToSetup(_)
            | E::SpawnServiceNotFound(_) => NotifyError::NoServer(words),
            E::NoReply(_) | E::Timeout(_) | E::TimedOut(_) => NotifyError::NoAnswer,
            _ => NotifyError::Refused(words),
        },
        _ => NotifyError::Refused(words),
    }
}

/// A notice as one server is to be told it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Dressed {
    summary: String,
    body: String,
    /// As the specification counts: 0 low, 1 normal.
    urgency: u8,
}

impl Dressed {
    fn of(notice: &Notice, server: &ServerInfo) -> Self {
        let body = plain::lines(&notice.body);
        let body = if reads_markup(server) { escaped(&body) } else { body };
        Self {
            summary: plain::one_line(&notice.summary),
            body: body.trim_end().to_owned(),
            urgency: match notice.urgency {
                Urgency::Normal => 1,
                Urgency::Low => 0,
            },
        }
    }
}

/// `notice` for a server that is told one thing only.
fn single(notice: &Notice, server: &ServerInfo) -> Notification {
    let dressed = Dressed::of(notice, server);
    let mut notification = Notification::new();
    notification
        .appname("goen")
        .summary(&dressed.summary)
        .body(&dressed.body)
        .icon(ICON)
        .hint(Hint::DesktopEntry("goen".to_owned()))
        .hint(Hint::Category("email.arrived".to_owned()))
        .hint(Hint::Custom("sound-name".to_owned(), "message-new-email".to_owned()))
        .urgency(match notice.urgency {
            Urgency::Normal => notify_rust::Urgency::Normal,
            Urgency::Low => notify_rust::Urgency::Low,
        });
    notification
}

/// Whether the body is read as markup. dunst 1.9 (Debian 12) does so whatever it says
/// (seen 2026-11: `<b>` is swallowed without `body-markup` among its capabilities).
fn reads_markup(server: &ServerInfo) -> bool {
    server.name == "dunst" || server.capabilities.iter().any(|can| can == "body-markup")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Explain for NotifyError {
    fn explain(&self, lang: Lang) -> Explanation {
        let what = say!(
            lang,
            "デスクトップ通知を出せませんでした",
            "could not show a desktop notification"
        );
        let seconds = PATIENCE.as_secs();
        let (why, hint) = match self {
            Self::NoBus(words) => (
                say!(
                    lang,
                    "デスクトップのセッション（D-Bus）が見つかりません：{words}",
                    "no desktop session (D-Bus) was found: {words}"
                ),
                say!(
                    lang,
                    "デスクトップにログインした状態で動かしてください。結果は `goen list` でいつでも見られます",
                    "run goen inside your desktop session; `goen list` shows the results at any time"
                ),
            ),
            Self::NoServer(words) => (
                say!(
                    lang,
                    "通知を表示するプログラムが動いていません：{words}",
                    "no program that shows notifications is running: {words}"
                ),
                say!(
                    lang,
                    "GNOME や KDE では自動で動きます。ほかの環境では dunst や mako などを入れてください。結果は `goen list` で見られます",
                    "GNOME and KDE bring one; elsewhere install one such as dunst or mako. `goen list` shows the results"
                ),
            ),
            Self::NoAnswer | Self::Unanswered => (
                say!(
                    lang,
                    "通知を表示するプログラムが {seconds} 秒たっても応答しません",
                    "the program that shows notifications did not answer within {seconds} s"
                ),
                say!(
                    lang,
                    "そのプログラムを再起動してください。結果は `goen list` で見られます",
                    "restart that program; `goen list` shows the results"
                ),
            ),
            Self::Refused(words) => (
                say!(
                    lang,
                    "通知を表示するプログラムに断られました：{words}",
                    "the program that shows notifications refused it: {words}"
                ),
                say!(
                    lang,
                    "`goen doctor` で通知の状態を確かめられます。結果は `goen list` で見られます",
                    "`goen doctor` checks notifications; `goen list` shows the results"
                ),
            ),
        };
        Explanation::new(say!(lang, "{what}：{why}", "{what}: {why}")).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(name: &str, capabilities: &[&str]) -> ServerInfo {
        ServerInfo {
            name: name.to_owned(),
            vendor: String::new(),
            version: String::new(),
            spec_version: "1.2".to_owned(),
            capabilities: capabilities.iter().map(|can| (*can).to_owned()).collect(),
        }
    }

    fn notice() -> Notice {
        Notice {
            summary: "A\u{202E}<b>\r\nB\u{7}".to_owned(),
            body: "<a href='x'>&\u{202E}\u{0}\ngoen show 3\n".to_owned(),
            urgency: Urgency::Normal,
            key: 3,
        }
    }

    #[test]
    fn a_body_is_escaped_for_servers_that_read_markup_and_plain_for_others() {
        let body = |server: &ServerInfo| Dressed::of(&notice(), server).body;
        let escaped = "&lt;a href='x'&gt;&amp;\ngoen show 3";
        assert_eq!(body(&server("gnome-shell", &["body", "body-markup"])), escaped);
        assert_eq!(body(&server("dunst", &["body"])), escaped);
        assert_eq!(body(&server("other", &["body"])), "<a href='x'>&\ngoen show 3");
    }

    #[test]
    fn a_summary_is_one_line_of_plain_text() {
        assert_eq!(Dressed::of(&notice(), &server("any", &[])).summary, "A<b> B");
    }

    #[test]
    fn a_single_notification_has_no_actions_and_none_is_ever_critical() {
        for urgency in [Urgency::Normal, Urgency::Low] {
            let notice = Notice { urgency, ..notice() };
            let shown = single(&notice, &server("any", &["actions"]));
            assert!(Dressed::of(&notice, &server("any", &[])).urgency < 2);
            assert_eq!(shown.actions, Vec::<String>::new());
            assert!(!format!("{shown:?}").contains("Critical"));
        }
    }
}
