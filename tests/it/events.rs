//! `goen events`: what a script sees of results and accounts, while they happen.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::support::dovecot::Dovecot;
use crate::support::home::{Ended, Home, until};

fn settings(dovecot: &Dovecot) -> String {
    format!(
        "[[accounts]]\nname = \"uni\"\naddress = \"alice@test.example\"\nuser = \"alice\"\n\
         [accounts.secret]\npassword_command = [\"echo\", \"wonder land\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
        dovecot.imaps_port,
        dovecot.ca_file().display()
    )
}

fn declined(number: u32) -> String {
    format!(
        "From: recruiting@aoba.example\nTo: alice@test.example\nSubject: Your application\n\
         Message-ID: <result-{number}@aoba.example>\nDate: Tue, 17 Nov 2026 10:12:00 +0900\n\n\
         Dear Alice,\n\nThank you for your interview for the position of engineer. After careful \
         consideration, we regret to inform you that we will not be moving forward with your \
         application.\n\nAoba Works ({number})\n"
    )
}

fn parsed(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_script_sees_each_result_and_each_change_once_as_it_happens() {
    let dovecot = Dovecot::start();
    dovecot.deliver("alice", declined(1));
    let home = Home::new(&settings(&dovecot));
    let mut daemon = home.run();
    home.account_until("watching");

    let earlier = parsed(&home.says(&["events"]));
    let mails: Vec<&Value> = earlier.iter().filter(|event| event["event"] == "mail").collect();
    assert_eq!(mails.len(), 1, "{earlier:?}");
    assert_eq!((&mails[0]["quiet"], &mails[0]["result"]), (&true.into(), &true.into()));
    assert_eq!(mails[0]["outcome"], "declined");
    assert_eq!(earlier.last().unwrap()["state"], "watching");
    let seen = earlier.last().unwrap()["event_id"].to_string();

    let mut command = home.command(&["events", "--follow", "--since", &seen]);
    let mut follower = Ended(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut lines = BufReader::new(follower.0.stdout.take().unwrap()).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap() };

    dovecot.deliver("alice", declined(2));
    let mail = next();
    assert_eq!((&mail["event"], &mail["quiet"]), (&"mail".into(), &false.into()), "{mail}");
    assert_eq!((&mail["account"], &mail["mailbox"]), (&"uni".into(), &"INBOX".into()));
    assert!(mail["id"].is_i64() && mail["event_id"].is_i64() && mail["at"].is_string(), "{mail}");

    dovecot.stop();
    let health = next();
    assert_eq!((&health["event"], &health["state"]), (&"health".into(), &"unreachable".into()));
    assert_eq!(health["account"], "uni");

    dovecot.launch();
    home.says(&["retry"]);
    let health = next();
    assert_eq!(health["state"], "watching", "{health}");
    assert!(daemon.stop(), "{}", daemon.log());

    let all = parsed(&home.says(&["events"]));
    let behind = parsed(&home.says(&["events", "--since", &seen]));
    assert_eq!(all.len(), earlier.len() + behind.len());
    assert_eq!(behind[0], mail);
}

#[test]
fn following_begins_with_now_and_ends_when_nobody_reads() {
    let dovecot = Dovecot::start();
    dovecot.deliver("alice", declined(1));
    let home = Home::new(&settings(&dovecot));
    let mut daemon = home.run();
    home.account_until("watching");
    let mut command = home.command(&["events", "--follow"]);
    let mut follower = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(follower.stdout.take().unwrap());
    // Each delivery is one the follower may still be too young to see; the next one is not.
    let mut number = 1;
    let (told, line) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        drop(out);
        told.send(line).unwrap();
    });
    let first = until("the follower says something", || {
        number += 1;
        dovecot.deliver("alice", declined(number));
        line.recv_timeout(std::time::Duration::from_secs(2)).ok()
    });
    let first: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(first["quiet"], false, "{first}");
    let status = until("the follower ends", || {
        number += 1;
        dovecot.deliver("alice", declined(number));
        follower.try_wait().unwrap()
    });
    assert!(status.success(), "{status}");
    assert!(daemon.stop());
}
