//! The daemon, while a submission server thinks: the settings are read anew, it is killed, and what
//! happens elsewhere before a reply leaves.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use goen::clock::Clock;
use goen::net::{Security, Server};
use goen::outbox::Outbox;
use goen::store::Store;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use tokio::runtime::Runtime;

use crate::beside::Desk;
use crate::main_job::{declined, settings};
use crate::support::dovecot::Dovecot;
use crate::support::home::until;
use crate::support::smtp::{Moment, Script, SmtpServer, Step};

/// A server that thinks about a message until it is told to say yes.
struct Thinking {
    server: SmtpServer,
    at_the_dot: Receiver<()>,
    says_yes: Sender<()>,
    _runtime: Runtime,
}

impl Thinking {
    fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let (has_the_message, at_the_dot) = channel();
        let (says_yes, yes) = channel();
        let yes = Mutex::new(yes);
        let server = runtime.block_on(SmtpServer::watched(
            Script::default().secured(Security::Tls),
            Arc::new(move |step, moment| {
                if (step, moment) == (Step::Dot, Moment::Before) {
                    let _ = has_the_message.send(());
                    // Whoever is not interested any more has hung up.
                    let _ = yes.lock().unwrap().recv();
                }
            }),
        ));
        Self { server, at_the_dot, says_yes, _runtime: runtime }
    }

    /// Settings for goen to submit here; they follow an `[[accounts]]`.
    fn settings(&self) -> String {
        let Server { host, port, ca_file, .. } = self.server.account().server;
        let ca_file = ca_file.unwrap();
        format!(
            "[accounts.smtp]\nhost = \"{host}\"\nport = {port}\nca_file = \"{}\"\n",
            ca_file.display()
        )
    }
}

/// SIGHUP while the server thinks about the message; then it says yes.
#[test]
fn a_yes_that_comes_after_the_settings_were_read_anew_is_kept_and_acted_on() {
    let thinking = Thinking::start();
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot, None) + &thinking.settings();
    let mut desk = Desk::new(dovecot, &settings);
    desk.approve();
    thinking.at_the_dot.recv().unwrap();
    desk.until_state("sending");

    // A second account is watched once a daemon with the new settings runs.
    let uni = &settings[settings.find("[[accounts]]").unwrap()..];
    let other = uni.replace("name = \"uni\"", "name = \"other\"");
    desk.home.write_settings(&format!("{settings}{other}"));
    desk.daemon.signal("HUP");
    until(&format!("the new settings are in force ({})", desk.daemon.log()), || {
        let accounts = desk.home.status()["accounts"].as_array().unwrap().clone();
        accounts.iter().any(|it| it["name"] == "other" && it["state"] == "watching").then_some(())
    });
    desk.until_state("sending");

    thinking.says_yes.send(()).unwrap();
    let reply = desk.until_state("sent");
    assert_eq!(reply["detail"]["accepted"]["text"], "2.0.0 Ok: queued as 4F1C2", "{reply}");
    desk.until_answered();
    until("a copy is in Sent", || (desk.fetch("flags", "Sent").len() == 1).then_some(()));
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());
    let log = thinking.server.log();
    assert_eq!((log.messages.len(), log.connections), (1, 1));
}

/// The daemon is killed while the server thinks. That the copy is not in Sent says nothing; that it is there
/// says all.
#[test]
fn a_submission_that_was_cut_off_is_uncertain_until_its_copy_is_found() {
    let thinking = Thinking::start();
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot, None) + &thinking.settings();
    let mut desk = Desk::new(dovecot, &settings);
    desk.approve();
    thinking.at_the_dot.recv().unwrap();
    desk.daemon.kill();
    desk.until_state("sending");

    desk.daemon = desk.home.run();
    let reply = desk.until_state("uncertain");
    desk.home.account_until("watching");
    desk.home.says(&["retry"]);
    // A mail that comes after that look has been read: so the look is over.
    desk.dovecot.deliver("hanako", declined(2));
    until("the next mail is listed", || (desk.home.results().len() == 2).then_some(()));
    assert_eq!(desk.until_state("uncertain")["approval"]["attempts"], 1);

    let message_id = reply["approval"]["message_id"].as_str().unwrap();
    let copy = format!("From: hanako@test.example\r\nMessage-ID: <{message_id}>\r\n\r\nx\r\n");
    desk.send_elsewhere(copy.as_bytes());
    desk.home.says(&["retry"]);
    desk.until_state("sent");
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());
    assert_eq!(thinking.server.log().connections, 1, "nothing was sent a second time");
}

/// Approved, then the laptop was shut; answered from the phone; opened again when the reply is due.
#[test]
fn a_reply_that_has_waited_does_not_leave_when_the_mail_was_answered_elsewhere_meanwhile() {
    let thinking = Thinking::start();
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot, None) + &thinking.settings();
    let mut desk = Desk::new(dovecot, &settings);
    assert!(desk.daemon.stop());
    let outbox = Outbox::new(Store::open(&desk.home.store()).unwrap());
    let entry = outbox.entries().unwrap().remove(0);
    let now = Clock::system().now().to_zoned(TimeZone::UTC);
    let earlier = now.checked_sub(SignedDuration::from_mins(10)).unwrap();
    outbox.approve(entry.mail_id, &entry.digest, now.timestamp(), &earlier).unwrap();
    desk.send_elsewhere(
        b"From: hanako@test.example\r\nTo: alice@test.example\r\nSubject: Re: x\r\n\
          Message-ID: <phone-1@test.example>\r\nIn-Reply-To: <result-1@aoba.example>\r\n\r\nThanks\r\n",
    );
    desk.daemon = desk.home.run();
    desk.until_state("retired");
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());
    assert_eq!(thinking.server.log().connections, 0);
}

/// The store is held by somebody else for longer than anybody should, just when the server says yes.
#[test]
fn a_yes_is_not_lost_while_the_store_cannot_be_written() {
    let thinking = Thinking::start();
    let dovecot = Dovecot::start();
    let settings = settings(&dovecot, None) + &thinking.settings();
    let mut desk = Desk::new(dovecot, &settings);
    desk.approve();
    thinking.at_the_dot.recv().unwrap();
    let sql = rusqlite::Connection::open(desk.home.store()).unwrap();
    sql.execute_batch("BEGIN IMMEDIATE").unwrap();
    thinking.says_yes.send(()).unwrap();
    until("it is seen that it cannot be stored", || {
        desk.daemon.log().contains("cannot be stored yet").then_some(())
    });
    sql.execute_batch("COMMIT").unwrap();
    let reply = desk.until_state("sent");
    assert_eq!(reply["detail"]["accepted"]["text"], "2.0.0 Ok: queued as 4F1C2", "{reply}");
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());
    assert_eq!(thinking.server.log().connections, 1);
}
