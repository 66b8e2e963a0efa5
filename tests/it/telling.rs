//! How results are told on real notification servers: clicks, forgeries, servers that come and go,
//! quiet, and many results at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt as _;
use goen::notify::link::{Event, Link};
use goen::notify::{Notice, NotifyError, Urgency};
use tokio::task::JoinSet;
use tokio::time::timeout;
use zbus::wire::OwnedObjectPath;
use zbus::{Connection, MessageStream, OwnedVariant};

use crate::support::desktop::{Bus, Desktop, Shows};
use crate::support::dovecot::Dovecot;
use crate::support::home::{Home, until};

const SERVER: &str = "org.freedesktop.Notifications";
const PATH: &str = "/org/freedesktop/Notifications";

fn link(bus: &Bus) -> Link {
    Link::to(bus.address().parse().unwrap())
}

fn notice(key: i64, body: &str) -> Notice {
    Notice {
        summary: "株式会社サンプルから、見送りのご連絡です".to_owned(),
        body: format!("{body}\nくわしく：goen show {key}"),
        urgency: Urgency::Normal,
        key,
    }
}

async fn event(link: &mut Link) -> Event {
    timeout(Duration::from_secs(30), link.event()).await.expect("nothing happened")
}

/// Where a person finds a picture of what was shown: in `target/tmp`.
fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

const ATTACK: &str = "田中 <tanaka@example.jp> <b>unclosed & <a href=\"https://example.org\">x</a> \
                      <img src=\"/etc/passwd\"> &amp;\u{202E}\u{7}";

#[tokio::test]
async fn a_click_is_heard_and_a_forged_one_is_not() {
    let desktop = Desktop::start().await;
    let mut link = link(desktop.bus());
    link.show(&notice(3, "一"), Some("メールを開く")).await.unwrap();
    let second = link.show(&notice(4, "二"), Some("メールを開く")).await.unwrap();
    until("both are on the screen", || (displayed(&desktop) == 2).then_some(()));
    // Any program on the bus can say this, to all or to us alone.
    let forger = desktop.bus().connect().await;
    let us = link.bus().unwrap().unique_name().unwrap().to_string();
    for to in [None, Some(us.as_str())] {
        let click = (second.id, "default");
        forger.emit_signal(to, PATH, SERVER, "ActionInvoked", &click).await.unwrap();
    }
    // Behind an answer from the bus, so that what was forged is on its way before the click.
    zbus::fdo::DBusProxy::new(&forger).await.unwrap().get_id().await.unwrap();
    desktop.dunstctl(&["action", "0"]);
    assert_eq!(event(&mut link).await, Event::Clicked { key: 3, token: None });
}

// The picture is for people to look at: the attack must be there as text.
#[tokio::test]
async fn a_click_on_the_button_that_xfce_draws_is_heard() {
    let mut desktop = Desktop::without_server();
    desktop.start_server_as(Shows::Xfce).await;
    let mut link = link(desktop.bus());
    let empty = desktop.pixels();
    link.show(&notice(3, ATTACK), Some("メールを開く")).await.unwrap();
    desktop.drawn_since(&empty).await;
    desktop.screenshot(&picture("xfce.png"));
    let clicked = async {
        loop {
            desktop.click(947, 165);
            if let Ok(event) = timeout(Duration::from_millis(300), link.event()).await {
                return event;
            }
        }
    };
    let clicked = timeout(Duration::from_secs(30), clicked).await.expect("the button was not hit");
    assert_eq!(clicked, Event::Clicked { key: 3, token: None });
}

#[tokio::test]
async fn a_server_killed_while_a_notification_is_up_is_forgotten_and_the_next_one_found() {
    let mut desktop = Desktop::start().await;
    let mut link = link(desktop.bus());
    link.show(&notice(3, "一"), None).await.unwrap();
    assert_eq!(link.up(), [3]);
    desktop.kill_server();
    desktop.start_server().await;
    assert_eq!(event(&mut link).await, Event::ServerCame);
    assert_eq!(link.up(), [0_i64; 0]);
    let again = link.show(&notice(3, "一"), None).await.unwrap();
    assert!(!again.replaced);
    link.close(3).await;
    assert_eq!(desktop.dunstctl(&["count", "displayed"]).trim(), "0");
}

#[tokio::test]
async fn a_server_killed_and_started_between_two_notices_is_found_without_waiting_for_news() {
    let mut desktop = Desktop::start().await;
    let mut link = link(desktop.bus());
    link.show(&notice(3, "一"), None).await.unwrap();
    desktop.start_server().await;
    // The news that the server went still waits to be heard.
    let shown = link.show(&notice(4, "二"), None).await.unwrap();
    assert!(!shown.replaced);
    assert_eq!(link.up(), [4]);
}

#[tokio::test]
async fn a_server_that_is_absent_at_first_announces_itself() {
    let mut desktop = Desktop::without_server();
    let mut link = link(desktop.bus());
    let error = link.show(&notice(3, "一"), None).await.unwrap_err();
    assert!(matches!(error, NotifyError::NoServer(_)), "{error:?}");
    desktop.start_server().await;
    assert_eq!(event(&mut link).await, Event::ServerCame);
    link.show(&notice(3, "一"), None).await.unwrap();
}

/// The method calls that reach a program on the bus.
async fn calls(bus: &Bus, name: &str) -> (Connection, MessageStream) {
    let connection = bus.connect().await;
    let messages = MessageStream::from(&connection);
    connection.request_name(name).await.unwrap();
    (connection, messages)
}

/// Says what it is and what it can do, and takes a notification without ever answering.
async fn stuck(connection: Connection, mut messages: MessageStream) {
    while let Some(Ok(call)) = messages.next().await {
        let header = call.header();
        match header.member().map(zbus::names::MemberName::as_str) {
            Some("GetServerInformation") => {
                connection.reply(&header, &("stuck", "", "1", "1.2")).await.unwrap();
            }
            Some("GetCapabilities") => connection.reply(&header, &vec!["body"]).await.unwrap(),
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_a_stuck_server_was_given_is_told_again_only_when_it_is_gone() {
    let mut desktop = Desktop::without_server();
    let (connection, messages) = calls(desktop.bus(), SERVER).await;
    let mut tasks = JoinSet::new();
    tasks.spawn(stuck(connection.clone(), messages));
    let mut link = link(desktop.bus());
    let error = link.show(&notice(3, "一"), Some("メールを開く")).await.unwrap_err();
    assert_eq!(error, NotifyError::Unanswered);
    connection.release_name(SERVER).await.unwrap();
    assert_eq!(event(&mut link).await, Event::Lost(vec![3]));
    desktop.start_server().await;
    assert_eq!(event(&mut link).await, Event::ServerCame);
}

/// A desktop portal that writes down what it is to open, and can open what begins with `opens`.
struct Portal {
    asked: Arc<Mutex<Vec<String>>>,
    _task: JoinSet<()>,
}

impl Portal {
    async fn start(bus: &Bus, opens: &'static str) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let mut task = JoinSet::new();
        let (connection, mut messages) = calls(bus, "org.freedesktop.portal.Desktop").await;
        let note = Arc::clone(&asked);
        task.spawn(async move {
            while let Some(Ok(call)) = messages.next().await {
                let header = call.header();
                match header.member().map(zbus::names::MemberName::as_str) {
                    // As portals before 1.20 do.
                    Some("SchemeSupported") => {
                        let unknown = "org.freedesktop.DBus.Error.UnknownMethod";
                        connection.reply_error(&header, unknown, &"no such method").await.unwrap();
                    }
                    Some("OpenURI") => {
                        let (_parent, uri, _options): (
                            String,
                            String,
                            HashMap<String, OwnedVariant>,
                        ) = call.body().deserialize().unwrap();
                        let code: u32 = if uri.starts_with(opens) { 0 } else { 2 };
                        note.lock().unwrap().push(uri);
                        let handle = "/org/freedesktop/portal/desktop/request/1";
                        let path = OwnedObjectPath::try_from(handle).unwrap();
                        connection.reply(&header, &path).await.unwrap();
                        let to = header.sender().unwrap().to_string();
                        let results: HashMap<&str, OwnedVariant> = HashMap::new();
                        let request = "org.freedesktop.portal.Request";
                        let response = (code, results);
                        connection
                            .emit_signal(Some(to.as_str()), handle, request, "Response", &response)
                            .await
                            .unwrap();
                    }
                    _ => {}
                }
            }
        });
        Self { asked, _task: task }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn settings(dovecot: &Dovecot, notify: &str) -> String {
    format!(
        "lang = \"ja\"\n[notify]\n{notify}\n[[accounts]]\nname = \"uni\"\naddress = \"hanako@test.example\"\n\
         user = \"hanako\"\n[accounts.secret]\npassword_command = [\"echo\", \"パスワード\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
        dovecot.imaps_port,
        dovecot.ca_file().display()
    )
}

fn declined(number: u32) -> String {
    format!(
        "From: saiyo@aoba.example\r\nTo: hanako@test.example\r\nSubject: =?utf-8?B?6YG46ICD57WQ5p6c44Gu44GU6YCj57Wh?=\r\n\
         Date: Tue, 17 Nov 2026 10:12:00 +0900\r\nMessage-ID: <result-{number}@aoba.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         山田 花子 様\r\n\r\n先日は弊社の最終面接にお越しいただき、ありがとうございました。\r\n\
         慎重に検討いたしました結果、誠に残念ながら今回は採用を見送らせていただくこととなりました。\r\n\
         株式会社青葉製作所\r\n採用担当 佐藤({number})\r\n"
    )
}

fn displayed(desktop: &Desktop) -> u32 {
    desktop.dunstctl(&["count", "displayed"]).trim().parse().unwrap()
}

fn waiting(home: &Home) -> u64 {
    home.status()["notifications"]["waiting"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_click_opens_the_mail_and_reading_it_elsewhere_takes_the_notification_away() {
    let dovecot = Dovecot::start();
    let desktop = Desktop::start().await;
    let portal = Portal::start(desktop.bus(), "mid:").await;
    let home = Home::new(&settings(&dovecot, "")).on_bus(desktop.bus().address());
    let mut daemon = home.run();
    home.account_until("watching");

    dovecot.deliver("hanako", declined(1));
    until("the result is on the screen", || (displayed(&desktop) == 1).then_some(()));
    desktop.dunstctl(&["action", "0"]);
    until("the mail is opened", || (!portal.asked().is_empty()).then_some(()));
    assert_eq!(portal.asked(), ["mid:result-1@aoba.example"]);
    until("what was clicked is gone", || (displayed(&desktop) == 0).then_some(()));

    dovecot.deliver("hanako", declined(2));
    until("the next is on the screen", || (displayed(&desktop) == 1).then_some(()));
    let id = home.results()[0]["id"].to_string();
    home.says(&["show", &id]);
    until("what was read is gone", || (displayed(&desktop) == 0).then_some(()));
    assert!(daemon.stop(), "{}", daemon.log());
    assert_eq!(portal.asked().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_opens_mail_a_click_says_what_to_type_and_approves_nothing() {
    let dovecot = Dovecot::start();
    let desktop = Desktop::start().await;
    let portal = Portal::start(desktop.bus(), "nothing").await;
    let home = Home::new(&settings(&dovecot, "")).on_bus(desktop.bus().address());
    let mut daemon = home.run();
    home.account_until("watching");
    dovecot.deliver("hanako", declined(1));
    until("the result is on the screen", || (displayed(&desktop) == 1).then_some(()));
    let id = home.results()[0]["id"].to_string();
    home.says(&["review", &id, "--json"]);
    let before = home.status()["replies"].clone();
    desktop.dunstctl(&["action", "0"]);
    until("the portal is asked", || (!portal.asked().is_empty()).then_some(()));
    until("the answer is on the screen", || (displayed(&desktop) == 1).then_some(()));
    desktop.screenshot(&picture("not-opened.png"));
    let told = desktop.close_and_tell()[0].to_string();
    assert!(told.contains(&format!("goen show {id}")), "{told}");
    assert_eq!(home.status()["replies"], before);
    assert!(daemon.stop(), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_waits_for_a_notification_server_and_is_told_when_one_comes() {
    let dovecot = Dovecot::start();
    let mut desktop = Desktop::without_server();
    let home = Home::new(&settings(&dovecot, "")).on_bus(desktop.bus().address());
    let mut daemon = home.run();
    home.account_until("watching");
    dovecot.deliver("hanako", declined(1));
    until("the trouble is in the log", || {
        daemon.log().contains("no notification server").then_some(())
    });
    assert_eq!(waiting(&home), 1);
    desktop.start_server().await;
    until("the result is on the screen", || (displayed(&desktop) == 1).then_some(()));
    assert_eq!(waiting(&home), 0);
    // And once only: the next server is told nothing of it.
    desktop.kill_server();
    desktop.start_server().await;
    dovecot.deliver("hanako", declined(2));
    until("the next is on the screen", || (displayed(&desktop) == 1).then_some(()));
    assert!(desktop.close_and_tell()[0].to_string().contains("goen show 2"));
    assert!(daemon.stop(), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_holds_results_back_until_it_is_off() {
    let dovecot = Dovecot::start();
    let desktop = Desktop::start().await;
    let home = Home::new(&settings(&dovecot, "")).on_bus(desktop.bus().address());
    let mut daemon = home.run();
    home.account_until("watching");
    assert!(home.says(&["quiet", "3h"]).contains("控えています"));
    dovecot.deliver("hanako", declined(1));
    until("the result waits", || (waiting(&home) == 1).then_some(()));
    assert_eq!(displayed(&desktop), 0);
    assert!(home.says(&["status"]).contains("これからお伝えする結果が 1 件"));
    home.says(&["quiet", "off"]);
    until("the result is on the screen", || (displayed(&desktop) == 1).then_some(()));
    assert_eq!(waiting(&home), 0);
    assert!(home.complains(&["quiet", "forever"]).1.contains("goen quiet 3h"));
    assert!(daemon.stop(), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_results_at_once_are_three_notifications_and_a_summary() {
    let dovecot = Dovecot::start();
    let desktop = Desktop::start().await;
    let home = Home::new(&settings(&dovecot, "")).on_bus(desktop.bus().address());
    let mut daemon = home.run();
    home.account_until("watching");
    home.says(&["quiet", "3h"]);
    for number in 1..=12 {
        dovecot.deliver("hanako", declined(number));
    }
    until("all wait", || (waiting(&home) == 12).then_some(()));
    home.says(&["quiet", "off"]);
    until("they are on the screen", || (displayed(&desktop) == 4).then_some(()));
    desktop.screenshot(&picture("many.png"));
    let told = desktop.close_and_tell();
    let summaries: Vec<_> = told
        .iter()
        .filter(|one| one["body"]["data"].as_str().unwrap().contains("goen list"))
        .collect();
    assert_eq!((told.len(), summaries.len()), (4, 1), "{told:?}");
    assert_eq!(summaries[0]["summary"]["data"], "選考のメールが、ほかに9通届いています");
    assert_eq!(waiting(&home), 0);
    assert!(daemon.stop(), "{}", daemon.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_news_of_the_time_before_a_start_is_not_shown_at_once() {
    let dovecot = Dovecot::start();
    let desktop = Desktop::start().await;
    let home = Home::new(&settings(&dovecot, "")).on_bus(desktop.bus().address());
    let mut daemon = home.run();
    home.account_until("watching");
    home.says(&["quiet", "3h"]);
    dovecot.deliver("hanako", declined(1));
    until("the result waits", || (waiting(&home) == 1).then_some(()));
    assert!(daemon.stop(), "{}", daemon.log());
    // Until the second in which it came is over: mail servers count in those.
    std::thread::sleep(Duration::from_millis(1100));
    home.says(&["quiet", "off"]);
    let mut daemon = home.run();
    // Results that come now are told; the one from before is not, though it was first. Which second
    // the telling began in is not to be seen from here: so one comes each second.
    let mut number = 2;
    until("a new one is on the screen", || {
        dovecot.deliver("hanako", declined(number));
        number += 1;
        std::thread::sleep(Duration::from_secs(1));
        (displayed(&desktop) > 0).then_some(())
    });
    for told in desktop.close_and_tell() {
        assert!(!told["body"]["data"].as_str().unwrap().ends_with("goen show 1"), "{told}");
    }
    assert!(waiting(&home) > 0);
    assert!(daemon.stop(), "{}", daemon.log());
}
