//! The main job on real servers: Dovecot, Postfix, a keyring, a notification server.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::desktop::{Bus, Desktop};
use crate::support::dovecot::Dovecot;
use crate::support::home::{Home, keyring, until};
use crate::support::postfix::Postfix;

pub(crate) fn settings(dovecot: &Dovecot, postfix: Option<&Postfix>) -> String {
    let smtp = postfix.map_or_else(String::new, Postfix::settings);
    format!(
        "[profile]\nname = \"山田 花子\"\nsignature = \"hanako@test.example\"\n\
         [reply]\nundo_seconds = 0\nsend_between = \"\"\nworking_days_only = false\n\
         [[accounts]]\nname = \"uni\"\naddress = \"hanako@test.example\"\nuser = \"hanako\"\n\
         [accounts.secret]\npassword_command = [\"echo\", \"パスワード\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n{smtp}",
        dovecot.imaps_port,
        dovecot.ca_file().display()
    )
}

pub(crate) fn declined(number: u32) -> String {
    format!(
        "From: =?utf-8?B?6Z2S6JGJ6KO95L2c5omAIOaOoeeUqOaLheW9kw==?= <alice@test.example>\r\n\
         To: hanako@test.example\r\nSubject: =?utf-8?B?6YG46ICD57WQ5p6c44Gu44GU6YCj57Wh?=\r\n\
         Date: Tue, 17 Nov 2026 10:12:00 +0900\r\nMessage-ID: <result-{number}@aoba.example>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         山田 花子 様\r\n\r\n先日は弊社の最終面接にお越しいただき、ありがとうございました。\r\n\
         慎重に検討いたしました結果、誠に残念ながら今回は採用を見送らせていただくこととなりました。\r\n\
         またの機会がございましたら、ぜひご応募ください。\r\n\r\n株式会社青葉製作所\r\n採用担当 佐藤({number})\r\n"
    )
}

fn header(message: &str, name: &str) -> String {
    let head = message.split("\n\n").next().unwrap();
    let unfolded = head.replace("\n ", " ");
    let line = unfolded
        .lines()
        .find(|line| line.to_lowercase().starts_with(&format!("{name}:").to_lowercase()));
    line.unwrap_or_default().split_once(':').map_or("", |(_, value)| value.trim()).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_arrives_you_are_told_you_approve_a_reply_and_it_leaves_once() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };
    let desktop = Desktop::start().await;
    let home = Home::new(&settings(&dovecot, Some(&postfix))).on_bus(desktop.bus().address());
    let mut daemon = home.run();
    home.account_until("watching");

    dovecot.deliver("hanako", declined(1));
    let result = until("the result is listed", || home.results().first().cloned());
    assert_eq!(result["outcome"], "declined");
    assert_eq!(result["stage"], "final_interview");
    let displayed = || desktop.dunstctl(&["count", "displayed"]).trim() == "1";
    until("the notification is on the screen", || displayed().then_some(()));
    let notification = desktop.close_and_tell()[0].to_string();
    assert!(notification.contains("株式会社青葉製作所"), "{notification}");
    let id = result["id"].to_string();
    assert!(home.says(&["show", &id, "--lang", "ja"]).contains("見送り"));

    let draft: Value = serde_json::from_str(&home.says(&["review", &id, "--json"])).unwrap();
    let wrong = home.complains(&["approve", &id, "--digest", "0000"]);
    assert_eq!(wrong.0, 1, "{}", wrong.1);
    home.says(&["approve", &id, "--digest", draft["digest"].as_str().unwrap()]);
    until("the reply is sent", || {
        let replies = home.status()["replies"].clone();
        (replies[0]["state"] == "sent").then_some(())
    });
    assert!(daemon.stop(), "{}", daemon.log());

    let arrived = dovecot.messages_until("alice", 1);
    assert_eq!(arrived.len(), 1, "one copy");
    let arrived = &arrived[0];
    assert_eq!(header(arrived, "In-Reply-To"), "<result-1@aoba.example>");

    // What lies in the mailbox is what was approved, behind the trace headers of the servers.
    let store = rusqlite::Connection::open(home.store()).unwrap();
    let approved: Vec<u8> =
        store.query_row("SELECT raw FROM outbox", [], |row| row.get(0)).unwrap();
    let approved = String::from_utf8(approved).unwrap().replace("\r\n", "\n");
    assert!(arrived.ends_with(&approved), "approved:\n{approved}\narrived:\n{arrived}");
}

#[test]
fn without_an_approval_nothing_reaches_the_submission_server() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };
    let home = Home::new(&settings(&dovecot, Some(&postfix)));
    let mut daemon = home.run();
    home.account_until("watching");
    dovecot.deliver("hanako", declined(1));
    let id = until("the result is listed", || home.results().first().cloned())["id"].to_string();
    // Everything one can do but approve.
    home.says(&["show", &id]);
    home.says(&["review", &id, "--json"]);
    home.complains(&["approve", &id, "--digest", "0000"]);
    home.says(&["status"]);
    home.says(&["discard", &id]);
    assert!(daemon.stop());
    assert!(!postfix.log().contains("from=<hanako"), "{}", postfix.log());
    assert!(dovecot.messages("alice").is_empty());
}

#[test]
fn killed_ten_times_while_200_mails_arrive_every_result_is_stored_exactly_once() {
    const MAILS: u32 = 200;
    let dovecot = Dovecot::start();
    let home = Home::new(&settings(&dovecot, None));
    let mut moment: u64 = 0x9E37_79B9_7F4A_7C15;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..MAILS {
                dovecot.deliver("hanako", declined(number));
            }
        });
        for _ in 0..10 {
            let mut daemon = home.run();
            // Not a wait for anything: a moment by chance is the point (xorshift, so that a run can be repeated).
            moment ^= moment << 13;
            moment ^= moment >> 7;
            moment ^= moment << 17;
            std::thread::sleep(std::time::Duration::from_millis(60 + moment % 600));
            daemon.kill();
        }
    });
    let mut daemon = home.run();
    let results = until("all results are stored", || {
        let results = home.results();
        (results.len() >= MAILS as usize).then_some(results)
    });
    assert!(daemon.stop());
    let mut ids: Vec<i64> = results.iter().map(|result| result["id"].as_i64().unwrap()).collect();
    ids.dedup();
    assert_eq!(results.len(), MAILS as usize);
    assert_eq!(ids.len(), MAILS as usize);
    let store = rusqlite::Connection::open(home.store()).unwrap();
    let distinct: u32 = store
        .query_row("SELECT count(DISTINCT message_id) FROM mail", [], |row| row.get(0))
        .unwrap();
    assert_eq!(distinct, MAILS);
    println!("killed 10 times, {MAILS} results stored once each");
}

/// Stores the password as the README says.
fn store_password(bus: &Bus, home: &Home) {
    until("the keyring takes the password", || {
        let mut tool = Command::new("secret-tool")
            .args(["store", "--label=goen", "service", "goen", "account", "uni"])
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home.path())
            .env("DBUS_SESSION_BUS_ADDRESS", bus.address())
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tool.stdin.take().unwrap().write_all("パスワード".as_bytes()).unwrap();
        tool.wait().unwrap().success().then_some(())
    });
}

#[test]
fn the_password_comes_from_a_real_keyring_and_a_locked_one_is_waited_for() {
    let dovecot = Dovecot::start();
    let bus = Bus::start();
    let settings = settings(&dovecot, None)
        .replace("password_command = [\"echo\", \"パスワード\"]", "keyring = true");
    let home = Home::new(&settings).on_bus(bus.address());

    let mut daemon = home.run();
    let words = home.account_until("unreachable")["words"].clone();
    assert!(words.as_str().unwrap().contains("no keyring"), "{words}");

    let mut unlocked = keyring(&bus, &home, true);
    store_password(&bus, &home);
    home.says(&["retry"]);
    home.account_until("watching");
    assert!(daemon.stop());
    unlocked.end();

    let mut locked = keyring(&bus, &home, false);
    let mut daemon = home.run();
    until("the locked keyring is told", || {
        let words = home.status()["accounts"][0]["words"].clone();
        words.as_str().filter(|words| words.contains("locked")).map(str::to_owned)
    });
    assert!(daemon.stop());
    locked.end();
}
