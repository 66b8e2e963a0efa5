//! The exported calendar, read back: byte by byte by the rules of RFC 5545, and by another program's reader.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use goen::imap::cursor::{Cursor, Uid, UidValidity};
use goen::store::{Announce, Batch, Found, Store};
use serde_json::Value;

use crate::support::home::Home;
use crate::support::replies::now;

const SETTINGS: &str = "[profile]\nname = \"山田 花子\"\n\
    [[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
    [accounts.secret]\npassword_command = [\"false\"]\n\
    [accounts.imap]\nhost = \"imap.example.jp\"\n";

/// A company whose name has everything that a calendar gives a meaning to, and is longer than a line.
const COMPANY: &str =
    "青葉; 商事, 株式会社 \\ \"東京\"：関東甲信越統括本部 第二営業部 採用グループ（新卒・中途）";

const OFFER: &str = "From: saiyo@aoba.example\r\nTo: hanako@example.jp\r\n\
    Subject: =?UTF-8?B?5YaF5a6a44Gu44GU6YCj57Wh?=\r\nDate: Tue, 17 Nov 2026 10:00:00 +0900\r\n\
    Message-ID: <offer@aoba.example>\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\
    山田 花子 様\r\n選考の結果、貴殿を採用することに決定いたしました。ここに内定をご通知いたします。\r\n\
    内定承諾書を、2099年12月16日までにご返送くださいますようお願いいたします。\r\n株式会社青葉製作所 人事部\r\n";

const INTERVIEW: &str = "From: jinji@midori.example\r\nTo: hanako@example.jp\r\n\
    Subject: =?UTF-8?B?5LqM5qyh6Z2i5o6l44Gu44GU5qGI5YaF?=\r\nDate: Tue, 17 Nov 2026 11:00:00 +0900\r\n\
    Message-ID: <second@midori.example>\r\nMIME-Version: 1.0\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n\
    山田 花子 様\r\n一次面接の結果、次の選考にお進みいただくこととなりました。\r\n\
    二次面接は、2099年12月3日（木）14時00分から、弊社本社にて行います。\r\n株式会社みどり 人事部\r\n";

fn exported() -> String {
    let home = Home::new(SETTINGS);
    let store = Store::open(&home.store()).unwrap();
    let rules = goen::classify::Rules::built_in().unwrap();
    let found = [OFFER, INTERVIEW].into_iter().enumerate().map(|(number, message)| {
        let mail = goen::mail::Mail::read(message.as_bytes()).unwrap();
        let verdict = goen::classify::classify(&mail, &[], &rules);
        let uid = Uid(u32::try_from(number).unwrap() + 1);
        Found { uid, received_at: now(), mail, verdict }
    });
    let batch = Batch { found: found.collect(), set_aside: vec![] };
    let cursor = Cursor { uid_validity: UidValidity(1), last_uid: 2, old_up_to: 0 };
    store.keep("uni", "INBOX", &batch, cursor, Announce::Quietly, now()).unwrap();
    drop(store);
    home.says(&["app", "rename", "1", "--company", COMPANY]);
    home.says(&["export", "--format", "ics", "--lang", "ja"])
}

#[test]
fn the_calendar_keeps_the_rules_of_rfc_5545() {
    let text = exported();
    // §3.1: lines end in CRLF, and have 75 octets at most; no character is cut.
    assert!(text.ends_with("\r\n"));
    let lines: Vec<&str> = text.strip_suffix("\r\n").unwrap().split("\r\n").collect();
    for line in &lines {
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        assert!((1..=75).contains(&line.len()), "{} octets: {line:?}", line.len());
    }
    assert!(lines.iter().any(|line| line.starts_with(' ')), "nothing was long enough to be folded");
    // §3.4, §3.6.1: what has to be there, and how often.
    let whole = text.replace("\r\n ", "");
    assert!(whole.starts_with("BEGIN:VCALENDAR\r\n") && whole.ends_with("END:VCALENDAR\r\n"));
    let events: Vec<&str> = whole.split("BEGIN:VEVENT\r\n").skip(1).collect();
    assert!(events.len() >= 2, "{whole}");
    let mut uids = BTreeSet::new();
    for event in events {
        let (event, _) = event.split_once("END:VEVENT\r\n").unwrap();
        let values = |name: &str| -> Vec<&str> {
            let lines = event.lines().filter_map(|line| line.split_once(':'));
            lines.filter(|(key, _)| key.split(';').next() == Some(name)).map(|(_, is)| is).collect()
        };
        let [uid] = values("UID")[..] else { panic!("{event}") };
        assert!(uids.insert(uid), "{uid} twice");
        // §3.8.7.2: in UTC.
        let [stamp] = values("DTSTAMP")[..] else { panic!("{event}") };
        assert!(
            stamp.len() == 16 && stamp.ends_with('Z') && stamp.as_bytes()[8] == b'T',
            "{stamp}"
        );
        assert_eq!((values("DTSTART").len(), values("DTEND").len()), (1, 1), "{event}");
        for name in ["SUMMARY", "DESCRIPTION"] {
            let [text] = values(name)[..] else { panic!("{name} in {event}") };
            // §3.3.11: what has a meaning stands behind a backslash, and nothing else does.
            let mut characters = text.chars();
            while let Some(character) = characters.next() {
                assert!(!matches!(character, ';' | ',') && !character.is_control(), "{text}");
                if character == '\\' {
                    assert!(matches!(characters.next(), Some('\\' | ';' | ',' | 'n')), "{text}");
                }
            }
        }
    }
}

#[test]
fn another_program_reads_the_calendar_as_it_was_meant() {
    let mut reader = Command::new("/usr/bin/python3")
        .arg("tests/it/support/read-calendar.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    reader.stdin.take().unwrap().write_all(exported().as_bytes()).unwrap();
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success());
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["version"], "2.0");
    let events = read["events"].as_array().unwrap();
    let one = |start: &str| events.iter().find(|event| event["start"] == start).unwrap();

    let deadline = one("2099-12-16");
    assert_eq!(deadline["end"], "2099-12-17");
    assert_eq!(deadline["transparent"], "TRANSPARENT");
    assert_eq!(deadline["summary"], format!("{COMPANY}：内定への回答の期限"));
    let description = deadline["description"].as_str().unwrap();
    assert!(description.contains("内定承諾書を") && description.ends_with("\ngoen show 1"));

    let interview = one("2099-12-03T05:00:00+00:00");
    assert_eq!(interview["end"], "2099-12-03T06:00:00+00:00");
    assert_eq!(interview["transparent"], "OPAQUE");
}
