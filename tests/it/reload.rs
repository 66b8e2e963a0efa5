//! The settings are read anew while something is going on.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use goen::net::Security;
use tokio::runtime::Runtime;

use crate::beside::Desk;
use crate::main_job::settings;
use crate::support::dovecot::Dovecot;
use crate::support::home::until;
use crate::support::smtp::{Moment, Script, SmtpServer, Step};

/// SIGHUP while the server thinks about the message; then it says yes.
#[test]
fn a_yes_that_comes_after_the_settings_were_read_anew_is_kept_and_acted_on() {
    let runtime = Runtime::new().unwrap();
    let (has_the_message, at_the_dot) = channel();
    let (says_yes, yes) = channel();
    let yes = Mutex::new(yes);
    let server = runtime.block_on(SmtpServer::watched(
        Script::default().secured(Security::Tls),
        Arc::new(move |step, moment| {
            if (step, moment) == (Step::Dot, Moment::Before) {
                has_the_message.send(()).unwrap();
                let () = yes.lock().unwrap().recv().unwrap();
            }
        }),
    ));
    let account = server.account().server;
    let dovecot = Dovecot::start();
    let smtp = format!(
        "[accounts.smtp]\nhost = \"{}\"\nport = {}\nca_file = \"{}\"\n",
        account.host,
        account.port,
        account.ca_file.unwrap().display()
    );
    let settings = settings(&dovecot, None) + &smtp;
    let mut desk = Desk::new(dovecot, &settings);
    desk.approve();
    at_the_dot.recv().unwrap();
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

    says_yes.send(()).unwrap();
    let reply = desk.until_state("sent");
    assert_eq!(reply["detail"]["accepted"]["text"], "2.0.0 Ok: queued as 4F1C2", "{reply}");
    desk.until_answered();
    until("a copy is in Sent", || (desk.fetch("flags", "Sent").len() == 1).then_some(()));
    assert!(desk.daemon.stop(), "{}", desk.daemon.log());
    let log = server.log();
    assert_eq!((log.messages.len(), log.connections), (1, 1));
}
