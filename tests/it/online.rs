//! Accounts that the user has entered in GNOME's settings, against a real Dovecot. The service on the bus
//! is ours, with GNOME's interfaces: GNOME's own needs a person who signs in.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use goen::clock::Clock;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::desktop::Bus;
use crate::support::dovecot::{Dovecot, token};
use crate::support::home::{Ended, Home};
use crate::support::tmux::Terminal;

fn online_accounts(bus: &Bus, account: &Value) -> Ended {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/online_accounts.py");
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script).arg(account.to_string()).envs(bus.env());
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n", "this test needs python3-dbus and python3-gi");
    Ended(child)
}

/// Which server it is, and what alice's login name is, GNOME has to say.
fn settings(dovecot: &Dovecot) -> String {
    format!(
        "[[accounts]]\nname = \"uni\"\naddress = \"a.sato@test.example\"\n\
         [accounts.imap]\nca_file = \"{}\"\n\
         [accounts.secret]\nonline_account = \"A.Sato@test.example\"\n",
        dovecot.ca_file().display()
    )
}

fn account(dovecot: &Dovecot) -> Value {
    let host = format!("localhost:{}", dovecot.imaps_port);
    json!({ "address": "a.sato@test.example", "user": "alice", "host": host })
}

#[test]
fn server_login_name_and_token_or_password_come_from_gnome() {
    let dovecot = Dovecot::offering("plain login xoauth2 oauthbearer");
    let in_an_hour = Clock::system().now() + SignedDuration::from_hours(1);
    for (kind, secret) in
        [("token", token("alice", in_an_hour)), ("password", "wonder land".to_owned())]
    {
        let bus = Bus::start();
        let mut known = account(&dovecot);
        known[kind] = secret.into();
        let _online = online_accounts(&bus, &known);
        let home = Home::new(&settings(&dovecot)).on_bus(bus.address());
        let _running = home.run();
        home.account_until("watching");
    }
}

#[test]
fn an_account_that_has_to_sign_in_again_says_where() {
    let dovecot = Dovecot::start();
    let cases = [
        (json!({ "signed_out": true }), "sign in"),
        (json!({ "disabled": true }), "switched off"),
        (json!({ "address": "bob@test.example" }), "no mail account of that address"),
    ];
    for (more, words) in cases {
        let bus = Bus::start();
        let mut known = account(&dovecot);
        known["password"] = "wonder land".into();
        known.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let _online = online_accounts(&bus, &known);
        let home = Home::new(&settings(&dovecot)).on_bus(bus.address());
        let running = home.run();
        let account = home.account_until("unreachable");
        let said = account["words"].as_str().unwrap();
        assert!(said.contains(words), "{said}");
        assert!(!running.log().contains("a.sato@"), "addresses stay out of the log");
    }
}

#[test]
fn without_gnome_it_says_so() {
    let dovecot = Dovecot::start();
    let bus = Bus::start();
    let home = Home::new(&settings(&dovecot)).on_bus(bus.address());
    let _running = home.run();
    let account = home.account_until("unreachable");
    let said = account["words"].as_str().unwrap();
    assert!(said.contains("GNOME Online Accounts"), "{said}");
}

#[test]
fn setup_offers_what_gnome_has_and_keeps_the_secret_there() {
    let dovecot = Dovecot::start();
    let bus = Bus::start();
    let mut known = account(&dovecot);
    known["password"] = "wonder land".into();
    let _online = online_accounts(&bus, &known);
    let home = Home::empty().on_bus(bus.address());
    let ca_file = dovecot.ca_file();
    let arguments = ["setup", "--ca-file", ca_file.to_str().unwrap(), "--no-smtp", "--lang", "en"];
    let arguments = [&arguments[..], &["--notification", "no"]].concat();
    let terminal = Terminal::start(&home.command(&arguments), home.path());
    terminal.answers("Email address", "1");
    terminal.answers("GNOME keeps the password", "");
    terminal.answers("Your name", "");
    terminal.answers("Watch whenever", "n");
    terminal.answers("Write this to", "");
    terminal.asks("[exit 0]");
    assert!(terminal.screen().contains("1) a.sato@test.example (GNOME)"), "{}", terminal.screen());
    let settings = std::fs::read_to_string(home.path().join(".config/goen/config.toml")).unwrap();
    assert!(settings.contains("online_account = \"a.sato@test.example\""), "{settings}");
    assert!(!settings.contains("wonder land"), "{settings}");
    let _running = home.run();
    home.account_until("watching");
}
