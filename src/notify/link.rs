//! One long-lived connection to the notification server: shows, replaces, closes, hears clicks.
//!
//! A click is believed only if it comes from the program that owns the server's name on the bus, for
//! a notification of ours that is up, and once. The key of an action cannot carry a secret: servers
//! know a click on the text itself by the one key `default`. So nothing hangs on a click but opening
//! a mail, and everything known about a server ends with it: the next one counts from 1 again.

use std::collections::{HashMap, VecDeque};

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zbus::message::Type;
use zbus::{Connection, MatchRule, Message, MessageStream, Variant};

use super::{
    Dressed, Notice, NotifyError, PATH, PATIENCE, SERVER, ServerInfo, Shown, Urgency, told_apart,
};

/// The bus itself, as a sender.
const BUS: &str = "org.freedesktop.DBus";

/// How many messages may wait while an answer is awaited, and how many notifications are
/// remembered: more is a flood that some program makes.
const MOST: usize = 128;

/// Something that happened on the desktop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A notification was clicked. To be followed by [`Link::close`]: GNOME says a click twice, and
    /// some servers leave what was clicked on the screen.
    Clicked {
        /// The key of its notice.
        key: i64,
        /// Lets the program that opens come to the front (`xdg-activation`).
        token: Option<String>,
    },
    /// A notification server came, or another in the place of the one before.
    ServerCame,
    /// These notices were given to a server that went without having taken them.
    Lost(Vec<i64>),
}

/// A connection to the session bus and to the notification server on it, made when needed.
#[derive(Debug, Default)]
pub struct Link {
    address: Option<zbus::Address>,
    bus: Option<Bus>,
    server: Option<Server>,
    up: Vec<Up>,
    /// Comes before the click that it belongs to.
    token: Option<(u32, String)>,
    unanswered: Vec<i64>,
    events: VecDeque<Event>,
}

#[derive(Debug)]
struct Bus {
    connection: Connection,
    // Everything that reaches us, so that nothing is lost between a call and its answer.
    messages: MessageStream,
}

/// A notification server as long as it lives.
#[derive(Debug)]
struct Server {
    /// Its unique name: another one is another server, or the same one started again.
    owner: String,
    info: ServerInfo,
}

/// A notification that is up, as far as we know.
#[derive(Debug)]
struct Up {
    key: i64,
    id: u32,
}

impl Link {
    /// A link over the session bus of the environment.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A link over the bus at `address`.
    #[must_use]
    pub fn to(address: zbus::Address) -> Self {
        Self { address: Some(address), ..Self::default() }
    }

    /// Makes sure that there is a bus, and a server that was asked what it can do.
    pub async fn ready(&mut self) -> Result<(), NotifyError> {
        if self.bus.is_none() {
            let bus = Bus::connect(self.address.clone());
            self.bus =
                Some(timeout(PATIENCE, bus).await.map_err(|_elapsed| NotifyError::NoAnswer)??);
        }
        if self.server.is_some() {
            return Ok(());
        }
        // Addressed by its well-known name, so that the bus starts it where it knows how.
        let (name, vendor, version, spec_version) =
            self.call(SERVER, "GetServerInformation", &()).await?;
        let owner = self.owner().await?;
        let capabilities = self.call(&owner, "GetCapabilities", &()).await?;
        let info = ServerInfo { name, vendor, version, spec_version, capabilities };
        self.server = Some(Server { owner, info });
        Ok(())
    }

    /// Shows `notice`, in the place of one of the same key that is still up. With `open`, a click
    /// on it is an [`Event::Clicked`], where the server can do that; `open` says what it does.
    pub async fn show(
        &mut self,
        notice: &Notice,
        open: Option<&str>,
    ) -> Result<Shown, NotifyError> {
        self.ready().await?;
        let first = self.notify(notice, open).await;
        if !matches!(first, Err(NotifyError::NoServer(_))) {
            return first;
        }
        // The server went between our meeting and this: there may be another.
        self.forget_server();
        self.ready().await?;
        self.notify(notice, open).await
    }

    /// Takes a notification away, if it is still up.
    pub async fn close(&mut self, key: i64) {
        let Some(index) = self.up.iter().position(|up| up.key == key) else { return };
        let Up { id, .. } = self.up.swap_remove(index);
        let Some(owner) = self.server.as_ref().map(|server| server.owner.clone()) else { return };
        // A server that does not know it any more has closed it already.
        let _: Result<(), _> = self.call(&owner, "CloseNotification", &id).await;
    }

    /// The keys of the notifications that are up, as far as is known.
    #[must_use]
    pub fn up(&self) -> Vec<i64> {
        self.up.iter().map(|up| up.key).collect()
    }

    /// The bus, for other questions to the desktop.
    #[must_use]
    pub fn bus(&self) -> Option<Connection> {
        self.bus.as_ref().map(|bus| bus.connection.clone())
    }

    /// Waits for something to happen; for ever where there is no bus. May be dropped at any time.
    pub async fn event(&mut self) -> Event {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let Some(bus) = &mut self.bus else { return std::future::pending().await };
            if let Some(Ok(message)) = bus.messages.next().await {
                self.hear(&message);
            } else {
                self.bus = None;
                self.forget_server();
            }
        }
    }

    async fn owner(&mut self) -> Result<String, NotifyError> {
        let answer = self.ask(BUS, "/org/freedesktop/DBus", BUS, "GetNameOwner", &SERVER).await?;
        answer.body().deserialize().map_err(|error| NotifyError::Refused(error.to_string()))
    }

    async fn notify(&mut self, notice: &Notice, open: Option<&str>) -> Result<Shown, NotifyError> {
        let Some(server) = &self.server else { return Err(NotifyError::NoAnswer) };
        let owner = server.owner.clone();
        let dressed = Dressed::of(notice, &server.info);
        let can_act = server.info.capabilities.iter().any(|can| can == "actions");
        let actions: Vec<&str> =
            open.filter(|_| can_act).map_or_else(Vec::new, |label| vec!["default", label]);
        let before = self.up.iter().find(|up| up.key == notice.key).map_or(0, |up| up.id);
        let mut hints: HashMap<&str, Variant<'_>> = HashMap::from([
            ("desktop-entry", "goen".into()),
            ("category", "email.arrived".into()),
            ("urgency", Variant::U8(dressed.urgency)),
        ]);
        if notice.urgency == Urgency::Normal {
            hints.insert("sound-name", "message-new-email".into());
        }
        let words = (
            "goen",
            before,
            super::ICON,
            dressed.summary.as_str(),
            dressed.body.as_str(),
            actions,
            hints,
            // The server's own time.
            -1_i32,
        );
        let id: u32 = match self.call(&owner, "Notify", &words).await {
            Ok(id) => id,
            Err(NotifyError::NoAnswer) => {
                // It lies before the server, which will show it if it ever goes on.
                self.unanswered.push(notice.key);
                return Err(NotifyError::Unanswered);
            }
            Err(error) => return Err(error),
        };
        // Servers answer in order: what was given before has been taken, too.
        self.unanswered.clear();
        self.up.retain(|up| up.key != notice.key && up.id != id);
        if self.up.len() == MOST {
            self.up.remove(0);
        }
        self.up.push(Up { key: notice.key, id });
        Ok(Shown { id, replaced: before == id })
    }

    /// Calls a method of the notification server.
    async fn call<B, T>(&mut self, owner: &str, method: &str, body: &B) -> Result<T, NotifyError>
    where
        B: serde::Serialize + zbus::DynamicType,
        T: for<'a> serde::Deserialize<'a> + zbus::wire::Type,
    {
        let answer = self.ask(owner, PATH, SERVER, method, body).await?;
        answer.body().deserialize().map_err(|error| NotifyError::Refused(error.to_string()))
    }

    /// Calls a method and awaits its answer. What comes meanwhile is heard afterwards, by
    /// [`event`](Self::event): a click may be faster than the answer to what it clicks on.
    async fn ask<B>(
        &mut self,
        destination: &str,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<Message, NotifyError>
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let Some(bus) = &self.bus else { return Err(NotifyError::NoBus(String::new())) };
        let connection = bus.connection.clone();
        let call = connection.call_method(Some(destination), path, Some(interface), method, body);
        match timeout(PATIENCE, call).await {
            Err(_elapsed) => Err(NotifyError::NoAnswer),
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                let error = told_apart(error);
                if matches!(error, NotifyError::NoBus(_)) {
                    self.bus = None;
                    self.forget_server();
                }
                Err(error)
            }
        }
    }

    /// Nothing known about the server holds any more.
    fn forget_server(&mut self) {
        self.server = None;
        self.up.clear();
        self.token = None;
        if !self.unanswered.is_empty() {
            self.events.push_back(Event::Lost(std::mem::take(&mut self.unanswered)));
        }
    }

    fn hear(&mut self, message: &Message) {
        if message.message_type() != Type::Signal || self.events.len() >= MOST {
            return;
        }
        let header = message.header();
        let sender = header.sender().map(zbus::names::UniqueName::as_str);
        let interface = header.interface().map(zbus::names::InterfaceName::as_str);
        let member = header.member().map(zbus::names::MemberName::as_str);
        if (sender, interface, member) == (Some(BUS), Some(BUS), Some("NameOwnerChanged")) {
            let Ok((name, _before, owner)) =
                message.body().deserialize::<(String, String, String)>()
            else {
                return;
            };
            // That we met it already is no news.
            if name == SERVER && self.server.as_ref().is_none_or(|server| server.owner != owner) {
                self.forget_server();
                if !owner.is_empty() {
                    self.events.push_back(Event::ServerCame);
                }
            }
            return;
        }
        let owner = self.server.as_ref().map(|server| server.owner.as_str());
        if owner.is_none() || sender != owner || interface != Some(SERVER) {
            return;
        }
        let body = message.body();
        match member {
            Some("ActivationToken") => {
                self.token = body.deserialize::<(u32, String)>().ok();
            }
            Some("ActionInvoked") => {
                let Ok((id, action)) = body.deserialize::<(u32, String)>() else { return };
                let Some(up) = self.up.iter().find(|up| up.id == id) else { return };
                if action == "default" {
                    let key = up.key;
                    let token = self.token.take().filter(|(of, _)| *of == id);
                    let token = token.map(|(_, token)| token);
                    self.events.push_back(Event::Clicked { key, token });
                }
            }
            Some("NotificationClosed") => {
                let Ok((id, _reason)) = body.deserialize::<(u32, u32)>() else { return };
                self.up.retain(|up| up.id != id);
            }
            _ => {}
        }
    }
}

impl Bus {
    async fn connect(address: Option<zbus::Address>) -> Result<Self, NotifyError> {
        let builder = match address {
            Some(address) => zbus::connection::Builder::address(address),
            None => zbus::connection::Builder::session(),
        };
        let no_bus = |error: zbus::Error| NotifyError::NoBus(error.to_string());
        let connection = builder.build().await.map_err(no_bus)?;
        let messages = MessageStream::from(&connection);
        let rule = || MatchRule::builder().msg_type(Type::Signal);
        let rules = [
            rule().sender(SERVER).interface(SERVER).build(),
            rule().sender(BUS).member("NameOwnerChanged").arg(0, SERVER).build(),
        ];
        let proxy = zbus::fdo::DBusProxy::new(&connection).await.map_err(no_bus)?;
        for rule in rules {
            let rule = rule.map_err(no_bus)?;
            proxy.add_match_rule(rule).await.map_err(|error| no_bus(error.into()))?;
        }
        Ok(Self { connection, messages })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: &str = ":1.7";

    fn link() -> Link {
        let info = ServerInfo {
            name: "any".to_owned(),
            vendor: String::new(),
            version: String::new(),
            spec_version: "1.2".to_owned(),
            capabilities: vec!["actions".to_owned()],
        };
        Link {
            server: Some(Server { owner: OWNER.to_owned(), info }),
            up: vec![Up { key: 3, id: 1 }],
            ..Link::default()
        }
    }

    fn signal<B>(sender: &str, interface: &str, member: &str, body: &B) -> Message
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        Message::signal(PATH, interface, member).sender(sender).build(body).unwrap()
    }

    fn clicked(link: &mut Link, sender: &str, id: u32, action: &str) -> Option<Event> {
        link.hear(&signal(sender, SERVER, "ActionInvoked", &(id, action)));
        link.events.pop_front()
    }

    #[test]
    fn a_click_is_believed_from_the_servers_owner_alone() {
        let mut link = link();
        assert_eq!(clicked(&mut link, ":1.8", 1, "default"), None);
        assert_eq!(clicked(&mut link, BUS, 1, "default"), None);
        assert!(clicked(&mut link, OWNER, 1, "default").is_some());
    }

    #[test]
    fn a_click_on_what_is_not_ours_or_not_up_or_not_opening_is_nothing() {
        let mut link = link();
        assert_eq!(clicked(&mut link, OWNER, 2, "default"), None);
        assert_eq!(clicked(&mut link, OWNER, 1, "approve"), None);
        link.hear(&signal(OWNER, SERVER, "NotificationClosed", &(1_u32, 2_u32)));
        assert_eq!(clicked(&mut link, OWNER, 1, "default"), None);
    }

    #[test]
    fn a_click_brings_the_token_that_was_sent_before_it() {
        let mut link = link();
        link.hear(&signal(OWNER, SERVER, "ActivationToken", &(1_u32, "let-me")));
        link.hear(&signal(OWNER, SERVER, "ActionInvoked", &(1_u32, "default")));
        let click = Event::Clicked { key: 3, token: Some("let-me".to_owned()) };
        assert_eq!(link.events, [click]);
    }

    #[test]
    fn after_a_server_came_in_its_place_the_old_numbers_mean_nothing() {
        let mut link = link();
        let changed = |to: &str| signal(BUS, BUS, "NameOwnerChanged", &(SERVER, OWNER, to));
        link.hear(&changed(":1.9"));
        assert_eq!(link.events.pop_front(), Some(Event::ServerCame));
        assert_eq!(link.up(), [0_i64; 0]);
        assert_eq!(clicked(&mut link, ":1.9", 1, "default"), None);
    }

    #[test]
    fn what_a_server_had_not_taken_when_it_went_is_said_to_be_lost() {
        let mut link = link();
        link.unanswered.push(5);
        link.hear(&signal(BUS, BUS, "NameOwnerChanged", &(SERVER, OWNER, "")));
        assert_eq!(link.events, [Event::Lost(vec![5])]);
        // The change of another name is not ours to hear.
        link.hear(&signal(BUS, BUS, "NameOwnerChanged", &("org.example", "", OWNER)));
        assert_eq!(link.events.len(), 1);
    }
}
