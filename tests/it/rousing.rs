//! The end of a sleep and the return of the network are heard on the system bus: a private one, with
//! services on it that speak as logind, `NetworkManager` and systemd-networkd do.

use std::collections::HashMap;
use std::process::Stdio;

use tokio::task::LocalSet;
use zbus::{Connection, Variant};

use crate::support::desktop::Bus;
use crate::support::dovecot::Dovecot;
use crate::support::home::{Ended, Home, until};
use crate::support::tap::Tap;

const LOGIND: (&str, &str, &str) =
    ("org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager");
const NETWORK_MANAGER: (&str, &str, &str) = (
    "org.freedesktop.NetworkManager",
    "/org/freedesktop/NetworkManager",
    "org.freedesktop.NetworkManager",
);
const NETWORKD: (&str, &str, &str) =
    ("org.freedesktop.network1", "/org/freedesktop/network1", "org.freedesktop.DBus.Properties");

fn settings(port: u16) -> String {
    format!(
        "[[accounts]]\nname = \"uni\"\naddress = \"alice@test.example\"\nuser = \"alice\"\n\
         [accounts.secret]\npassword_command = [\"echo\", \"wonder land\"]\n\
         [accounts.imap]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"plain\"\n"
    )
}

/// How often goen has asked the server for news.
fn looks(tap: &Tap) -> usize {
    tap.said().iter().filter(|line| line.ends_with(" NOOP")).count()
}

async fn emit(
    bus: &Connection,
    (_, path, interface): (&str, &str, &str),
    member: &str,
    body: &(impl serde::Serialize + zbus::zvariant::DynamicType),
) {
    bus.emit_signal(None::<&str>, path, interface, member, body).await.unwrap();
}

/// Lets other tasks run until `done`.
async fn eventually(what: &str, done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(20), waiting).await;
    assert!(waited.is_ok(), "gave up waiting until {what}");
}

#[tokio::test]
async fn a_resume_and_a_network_that_is_back_are_reasons_to_look_at_once() {
    let (dovecot, bus) = (Dovecot::start(), Bus::start());
    let services = bus.connect().await;
    for (name, ..) in [LOGIND, NETWORK_MANAGER, NETWORKD] {
        services.request_name(name).await.unwrap();
    }
    let forger = bus.connect().await;
    LocalSet::new()
        .run_until(async {
            let tap = Tap::before(dovecot.imap_port).await;
            let home = Home::new(&settings(tap.port));
            let log = std::fs::File::create(home.path().join("log")).unwrap();
            let mut goen = home.command(&["run"]);
            goen.env("DBUS_SYSTEM_BUS_ADDRESS", bus.address()).env("GOEN_LOG", "goen=debug");
            goen.stdout(Stdio::null()).stderr(log);
            let _goen = Ended(goen.spawn().unwrap());
            let log = || std::fs::read_to_string(home.path().join("log")).unwrap();
            eventually("goen listens", || log().contains("Listening on the system bus")).await;
            eventually("goen waits", || tap.said().iter().any(|line| line.ends_with(" IDLE")))
                .await;
            assert_eq!(looks(&tap), 0);

            // What is no reason, and what only looks like one, first: bus and daemon keep the order.
            emit(&services, LOGIND, "PrepareForSleep", &true).await;
            emit(&services, NETWORK_MANAGER, "StateChanged", &20_u32).await;
            let carrier = HashMap::from([("OperationalState", Variant::from("carrier"))]);
            let manager = "org.freedesktop.network1.Manager";
            let none: Vec<String> = Vec::new();
            emit(&services, NETWORKD, "PropertiesChanged", &(manager, carrier, &none)).await;
            emit(&forger, LOGIND, "PrepareForSleep", &false).await;
            emit(&forger, NETWORK_MANAGER, "StateChanged", &70_u32).await;

            emit(&services, LOGIND, "PrepareForSleep", &false).await;
            eventually("goen looks after the resume", || looks(&tap) == 1).await;
            emit(&services, NETWORK_MANAGER, "StateChanged", &70_u32).await;
            eventually("goen looks when NetworkManager says so", || looks(&tap) == 2).await;
            let back = HashMap::from([("OperationalState", Variant::from("routable"))]);
            emit(&services, NETWORKD, "PropertiesChanged", &(manager, back, &none)).await;
            eventually("goen looks when networkd says so", || looks(&tap) == 3).await;
            assert_eq!(looks(&tap), 3, "nothing else was a reason");
        })
        .await;
}

#[test]
fn without_a_system_bus_the_inbox_is_watched_all_the_same() {
    let dovecot = Dovecot::start();
    let home = Home::new(&settings(dovecot.imap_port));
    let log = std::fs::File::create(home.path().join("log")).unwrap();
    let mut goen = home.command(&["run"]);
    goen.env("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent").env("GOEN_LOG", "goen=debug");
    let _goen = Ended(goen.stdout(Stdio::null()).stderr(log).spawn().unwrap());
    home.account_until("watching");
    let log = until("it is in the log", || {
        let log = std::fs::read_to_string(home.path().join("log")).unwrap();
        log.contains("No system bus").then_some(log)
    });
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}
