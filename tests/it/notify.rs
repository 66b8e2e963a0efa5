//! Notifications on a real desktop: Xvfb, a private session bus, dunst.
//!
//! The bus is found through the environment, which a process shares with all its threads. So the
//! notifier runs in a child: this same binary, told to run [`sender`] alone.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use goen::lang::{Explain as _, Lang};
use goen::notify::{Notice, Notifier, Urgency};
use serde_json::{Value, json};

use crate::support::desktop::{Bus, Desktop};

/// Marks the sender's answers among what the test harness prints.
const MARK: &str = "goen-sender ";

/// The child of the tests below: shows each notice that comes in on standard input, and says how it went.
#[tokio::test]
#[ignore = "not a test: the process that the tests here start and talk to"]
async fn sender() {
    let notifier = Notifier::new();
    for line in std::io::stdin().lines() {
        let asked: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let text = |name: &str| asked[name].as_str().unwrap().to_owned();
        let notice = Notice {
            summary: text("summary"),
            body: text("body"),
            urgency: Urgency::Normal,
            key: asked["key"].as_i64().unwrap(),
        };
        let answer = match notifier.show(&notice).await {
            Ok(shown) => json!({ "id": shown.id, "replaced": shown.replaced }),
            Err(error) => json!({
                "error": format!("{error:?}"),
                "ja": error.explain(Lang::Ja).what,
                "en": error.explain(Lang::En).what,
            }),
        };
        println!("\n{MARK}{answer}");
    }
}

/// A process with a [`Notifier`] in an environment of its own.
struct Sender {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Sender {
    fn start(env: Vec<(&'static str, String)>) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "notify::sender", "--ignored", "--nocapture"])
            .env_remove("DISPLAY")
            .envs(env)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let orders = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, orders, answers }
    }

    /// Has a notice shown and says how it went. The sender stays on the bus.
    fn show(&mut self, key: i64, summary: &str, body: &str) -> Value {
        let order = json!({ "key": key, "summary": summary, "body": body });
        writeln!(self.orders.as_mut().unwrap(), "{order}").unwrap();
        let mut line = String::new();
        while self.answers.read_line(&mut line).unwrap() > 0 {
            if let Some(answer) = line.trim_end().strip_prefix(MARK) {
                return serde_json::from_str(answer).unwrap();
            }
            line.clear();
        }
        panic!("the sender ended");
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        drop(self.orders.take());
        let _ = self.child.wait();
    }
}

/// Where a person finds a picture of what was shown: in `target/tmp`.
fn picture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

const SUMMARY: &str = "株式会社サンプルから、見送りのご連絡です";
const BODY: &str =
    "一次面接の結果です。落ち込むのは自然なことです。返信は任意です。\nくわしく：goen show 3";

#[tokio::test]
async fn a_notification_is_drawn_by_a_real_server_with_the_words_it_was_given() {
    let desktop = Desktop::start().await;
    let empty = desktop.pixels();
    let mut sender = Sender::start(desktop.env());

    let shown = sender.show(3, SUMMARY, BODY);
    assert_eq!(shown["replaced"], false, "{shown}");
    desktop.drawn_since(&empty).await;
    desktop.screenshot(&picture("notification.png"));

    let [told] = &desktop.close_and_tell()[..] else { panic!("one notification") };
    assert_eq!(told["appname"]["data"], "goen");
    assert_eq!(told["summary"]["data"], SUMMARY);
    assert_eq!(told["body"]["data"], BODY);
    assert_eq!(told["category"]["data"], "email.arrived");
}

#[tokio::test]
async fn a_second_notice_about_the_same_mail_takes_the_place_of_the_first() {
    let desktop = Desktop::start().await;
    let mut sender = Sender::start(desktop.env());
    let first = sender.show(3, "first", "x");
    let second = sender.show(3, "second", "x");
    assert_eq!((&second["id"], &second["replaced"]), (&first["id"], &json!(true)));
    let other = sender.show(4, "other", "x");
    assert_ne!(other["id"], first["id"]);
    assert_eq!(desktop.dunstctl(&["count", "displayed"]).trim(), "2");
}

#[tokio::test]
async fn markup_in_a_mail_is_shown_as_it_was_written() {
    let desktop = Desktop::start().await;
    let empty = desktop.pixels();
    let mut sender = Sender::start(desktop.env());
    sender.show(
        3,
        "<b>A</b>\u{202E}",
        "田中 <tanaka@example.jp> <b>unclosed & <a href=\"x\">\u{7}",
    );
    desktop.drawn_since(&empty).await;
    desktop.screenshot(&picture("markup.png"));
    let [told] = &desktop.close_and_tell()[..] else { panic!("one notification") };
    assert_eq!(told["summary"]["data"], "<b>A</b>");
    // What dunst was given: entities, which it draws as the characters they stand for.
    let body = "田中 &lt;tanaka@example.jp&gt; &lt;b&gt;unclosed &amp; &lt;a href=\"x\"&gt;";
    assert_eq!(told["body"]["data"], body);
}

#[tokio::test]
async fn a_notification_server_that_started_again_is_found_again() {
    let mut desktop = Desktop::start().await;
    let mut sender = Sender::start(desktop.env());
    sender.show(3, "before", "x");
    desktop.start_server().await;
    let after = sender.show(3, "after", "x");
    // Numbers of the server before mean nothing to this one.
    assert_eq!(after["replaced"], false, "{after}");
    assert_eq!(desktop.dunstctl(&["count", "displayed"]).trim(), "1");
}

#[tokio::test]
async fn without_a_session_bus_the_error_says_so() {
    let nowhere = "unix:path=/nonexistent/bus".to_owned();
    let mut sender = Sender::start(vec![("DBUS_SESSION_BUS_ADDRESS", nowhere)]);
    let answer = sender.show(3, "x", "x");
    assert!(answer["error"].as_str().unwrap().starts_with("NoBus("), "{answer}");
    assert!(
        answer["ja"].as_str().unwrap().contains("セッション（D-Bus）が見つかりません"),
        "{answer}"
    );
}

#[tokio::test]
async fn without_a_notification_server_the_error_says_so_and_a_later_one_is_found() {
    let mut desktop = Desktop::without_server();
    let mut sender = Sender::start(desktop.env());
    let answer = sender.show(3, "x", "x");
    assert!(answer["error"].as_str().unwrap().starts_with("NoServer("), "{answer}");
    assert!(
        answer["en"].as_str().unwrap().contains("no program that shows notifications"),
        "{answer}"
    );

    desktop.start_server().await;
    let answer = sender.show(3, "x", "x");
    assert_eq!(answer["replaced"], false, "{answer}");
}

#[tokio::test]
async fn a_notification_server_that_hangs_does_not_hang_goen() {
    let bus = Bus::start();
    let hung = bus.connect().await;
    hung.request_name("org.freedesktop.Notifications").await.unwrap();
    let mut sender = Sender::start(bus.env());
    let answer = sender.show(3, "x", "x");
    assert_eq!(answer["error"], "NoAnswer", "{answer}");
}
