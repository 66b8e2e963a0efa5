//! Beside the user's mail program: Sent, Drafts and `\Answered` on a real Dovecot.

use std::io::Write as _;
use std::process::{Command, Stdio};

use goen::mail::Mail;
use goen::outbox::{Outbox, UnderWay};
use goen::store::Store;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::main_job::{declined, settings};
use crate::support::dovecot::Dovecot;
use crate::support::home::{Home, Running, until};
use crate::support::postfix::Postfix;

/// A home whose account has one declined mail, with a draft of the reply, and the daemon watching.
pub(crate) struct Desk {
    pub(crate) dovecot: Dovecot,
    pub(crate) home: Home,
    pub(crate) daemon: Running,
    pub(crate) id: String,
}

impl Desk {
    pub(crate) fn new(dovecot: Dovecot, settings: &str) -> Self {
        let home = Home::new(settings);
        let daemon = home.run();
        home.account_until("watching");
        dovecot.deliver("hanako", declined(1));
        let result = until("the result is listed", || home.results().first().cloned());
        let id = result["id"].to_string();
        let desk = Self { dovecot, home, daemon, id };
        desk.draft();
        desk
    }

    pub(crate) fn draft(&self) -> Value {
        serde_json::from_str(&self.home.says(&["review", &self.id, "--json"])).unwrap()
    }

    pub(crate) fn approve(&self) {
        let digest = self.draft()["digest"].as_str().unwrap().to_owned();
        self.home.says(&["approve", &self.id, "--digest", &digest]);
    }

    pub(crate) fn until_state(&self, state: &str) -> Value {
        until(&format!("the reply is {state} ({})", self.daemon.log()), || {
            let reply = self.home.status()["replies"][0].clone();
            (reply["state"] == state).then_some(reply)
        })
    }

    /// What `doveadm fetch` says of each message in a mailbox of hanako's.
    pub(crate) fn fetch(&self, what: &str, mailbox: &str) -> Vec<String> {
        let said =
            self.dovecot.doveadm(&["-f", "tab", "fetch", "-u", "hanako", what, "mailbox", mailbox]);
        said.lines().skip(1).map(str::to_owned).collect()
    }

    pub(crate) fn until_answered(&self) {
        until(&format!("the mail is marked ({})", self.daemon.log()), || {
            self.fetch("flags", "INBOX").first()?.contains("\\Answered").then_some(())
        });
    }

    /// Puts a message into Sent, as another mail program does.
    pub(crate) fn send_elsewhere(&self, message: &[u8]) {
        let mut save = self.dovecot.doveadm_command(&["save", "-u", "hanako", "-m", "Sent"]);
        let mut save = save.stdin(Stdio::piped()).spawn().unwrap();
        save.stdin.take().unwrap().write_all(message).unwrap();
        assert!(save.wait().unwrap().success());
    }
}

#[test]
fn after_a_submission_the_copy_is_in_sent_once_and_the_mail_is_marked_answered() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };
    let settings = settings(&dovecot, Some(&postfix));
    let mut desk = Desk::new(dovecot, &settings);
    desk.approve();
    desk.until_state("sent");
    desk.until_answered();
    let sent = until(&format!("a copy is in Sent ({})", desk.daemon.log()), || {
        let flags = desk.fetch("flags", "Sent");
        (!flags.is_empty()).then_some(flags)
    });
    assert_eq!(sent.len(), 1);
    assert!(sent[0].contains("\\Seen"), "{sent:?}");
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());

    // The copy is what left, and it stands in the thread of the mail it answers.
    let store = rusqlite::Connection::open(desk.home.store()).unwrap();
    let approved: Vec<u8> =
        store.query_row("SELECT raw FROM outbox", [], |row| row.get(0)).unwrap();
    let reply = Mail::read(&approved).unwrap();
    assert_eq!(reply.in_reply_to[0].as_str(), "result-1@aoba.example");
    assert_eq!(reply.references.last().unwrap().as_str(), "result-1@aoba.example");
    desk.dovecot.doveadm(&["copy", "-u", "hanako", "INBOX", "mailbox", "Sent", "all"]);
    assert_eq!(thread(&desk.dovecot), "(1 2)");
}

/// The threads of hanako's inbox as Dovecot sees them.
fn thread(dovecot: &Dovecot) -> String {
    let script = "
import imaplib, sys
imap = imaplib.IMAP4('127.0.0.1', int(sys.argv[1]))
imap.authenticate('PLAIN', lambda _: '\\0hanako\\0パスワード'.encode())
imap.select('INBOX', readonly=True)
print(imap.thread('REFERENCES', 'UTF-8', 'ALL')[1][0].decode())";
    let port = dovecot.imap_port.to_string();
    let ran = Command::new("python3").args(["-c", script, &port]).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

#[test]
fn what_is_switched_off_is_left_alone() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };
    let off = settings(&dovecot, Some(&postfix)).replace(
        "undo_seconds = 0\n",
        "undo_seconds = 0\nfile_sent = false\nmark_answered = false\n",
    );
    let mut desk = Desk::new(dovecot, &off);
    desk.approve();
    desk.until_state("sent");
    // Filing has been seen to when nothing of it is left to do.
    until("nothing is left to file", || {
        let store = rusqlite::Connection::open(desk.home.store()).unwrap();
        let left: u32 =
            store.query_row("SELECT count(*) FROM filing", [], |row| row.get(0)).unwrap();
        (left == 0).then_some(())
    });
    assert!(desk.daemon.stop());
    assert!(desk.fetch("flags", "Sent").is_empty());
    assert!(!desk.fetch("flags", "INBOX")[0].contains("\\Answered"));
}

#[test]
fn a_reply_sent_from_another_program_retires_the_draft_until_the_user_revives_it() {
    let dovecot = Dovecot::start();
    let with_drafts = settings(&dovecot, None)
        .replace("undo_seconds = 0\n", "undo_seconds = 600\ndrafts = \"imap\"\n");
    let mut desk = Desk::new(dovecot, &with_drafts);
    desk.home.says(&["retry"]);
    until(&format!("a draft is in Drafts ({})", desk.daemon.log()), || {
        (desk.fetch("flags", "Drafts").first()?.contains("\\Draft")).then_some(())
    });
    desk.approve();
    desk.send_elsewhere(
        b"From: hanako@test.example\r\nTo: alice@test.example\r\nSubject: Re: x\r\n\
          Message-ID: <phone-1@test.example>\r\nIn-Reply-To: <result-1@aoba.example>\r\n\r\nThanks\r\n",
    );
    desk.home.says(&["retry"]);
    desk.until_state("retired");
    assert!(desk.home.says(&["show", &desk.id, "--lang", "ja"]).contains("返信済み"));
    let digest = desk.draft()["digest"].as_str().unwrap().to_owned();
    let (status, words) = desk.home.complains(&["approve", &desk.id, "--digest", &digest]);
    assert_eq!(status, 1, "{words}");

    // Edited back to life, it stays alive.
    let outbox = Outbox::new(Store::open(&desk.home.store()).unwrap());
    let entry = outbox.entries().unwrap().remove(0);
    outbox.edit(entry.mail_id, &entry.draft, Timestamp::UNIX_EPOCH).unwrap();
    let errands = outbox.errands("uni", Timestamp::UNIX_EPOCH).unwrap();
    assert!(errands.open.is_empty());
    assert!(desk.daemon.stop());
    assert_eq!(desk.fetch("flags", "Drafts").len(), 1);
}

/// Answered from the phone, by a provider that files Sent mail somewhere else.
#[test]
fn a_mail_that_another_program_has_marked_as_answered_retires_the_draft() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot, None).replace("undo_seconds = 0\n", "undo_seconds = 600\n");
    let mut desk = Desk::new(dovecot, &settings);
    desk.approve();
    desk.dovecot.doveadm(&[
        "flags",
        "add",
        "-u",
        "hanako",
        "\\Answered",
        "mailbox",
        "INBOX",
        "all",
    ]);
    desk.home.says(&["retry"]);
    desk.until_state("retired");
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());
}

#[test]
fn a_reply_of_unknown_end_that_lies_in_sent_did_arrive() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot, None);
    let mut desk = Desk::new(dovecot, &settings);
    assert!(desk.daemon.stop());
    let uncertain = || {
        // A submission that was cut off.
        let outbox = Outbox::new(Store::open(&desk.home.store()).unwrap());
        let entry = outbox.entries().unwrap().remove(0);
        let now = Zoned::strptime("%Y-%m-%dT%H:%M%z", "2026-11-24T09:30+0900").unwrap();
        outbox.approve(entry.mail_id, &entry.digest, now.timestamp(), &now).unwrap();
        drop(outbox.claim_due(now.timestamp(), |_| true).unwrap().unwrap());
        outbox.recover(now.timestamp(), &UnderWay::default()).unwrap();
        outbox.entry(entry.mail_id).unwrap().unwrap().approval.unwrap().message_id
    };
    let message_id = uncertain();

    // Not there: nothing is decided.
    let (status, words) = desk.home.complains(&["settle", &desk.id]);
    assert_eq!(status, 1);
    assert!(words.contains("not in the Sent folder"), "{words}");
    desk.until_state("uncertain");

    desk.send_elsewhere(
        format!("From: hanako@test.example\r\nMessage-ID: <{message_id}>\r\n\r\nx\r\n").as_bytes(),
    );
    // The daemon finds it by itself once the account is reached.
    desk.daemon = desk.home.run();
    desk.until_state("sent");
    desk.until_answered();
    assert!(desk.daemon.stop());
    assert_eq!(desk.fetch("flags", "Sent").len(), 1, "it is not filed twice");
}

/// A mailbox that was renamed or deleted since its mail was read is no reason to stop looking: the
/// answer may lie in Sent, and other mails lie elsewhere.
#[test]
fn a_mailbox_that_is_gone_does_not_keep_answers_from_being_seen() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot, None).replace("undo_seconds = 0\n", "undo_seconds = 600\n");
    let mut desk = Desk::new(dovecot, &settings);
    let store = rusqlite::Connection::open(desk.home.store()).unwrap();
    store.execute("UPDATE mail SET mailbox = '改名したフォルダー'", []).unwrap();
    desk.send_elsewhere(
        b"From: hanako@test.example\r\nTo: alice@test.example\r\nSubject: Re: x\r\n\
          Message-ID: <phone-1@test.example>\r\nIn-Reply-To: <result-1@aoba.example>\r\n\r\nThanks\r\n",
    );
    desk.home.says(&["retry"]);
    desk.until_state("retired");
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());
}

/// SIGHUP, and SIGTERM before the daemon has come back from it.
#[test]
fn a_request_to_stop_is_not_lost_while_the_settings_are_read_anew() {
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot, None);
    let mut desk = Desk::new(dovecot, &settings);
    desk.daemon.signal("HUP");
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());
}
