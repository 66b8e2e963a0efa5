//! An account that nothing is received from is told of, on a real desktop with a real server.

use std::time::Duration;

use goen::clock::Clock;
use goen::config::{Config, Paths};
use goen::daemon::{self, Daemon, Voice};
use goen::lang::Lang;
use goen::outbox::UnderWay;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::support::desktop::Desktop;
use crate::support::dovecot::{Dovecot, free_ports};
use crate::support::home::{Home, until};

fn settings(dovecot: &Dovecot, mailbox: &str) -> String {
    format!(
        "lang = \"ja\"\n[[accounts]]\nname = \"uni\"\naddress = \"alice@test.example\"\nuser = \"alice\"\n\
         mailboxes = [\"{mailbox}\"]\n\
         [accounts.secret]\npassword_command = [\"echo\", \"wonder land\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
        dovecot.imaps_port,
        dovecot.ca_file().display()
    )
}

/// Everything shown since the notification server started, the newest first.
fn shown(desktop: &Desktop) -> Vec<String> {
    let text = |notification: &serde_json::Value, field: &str| {
        notification[field]["data"].as_str().unwrap_or_default().to_owned()
    };
    let told = desktop.close_and_tell();
    told.iter().map(|one| format!("{}\n{}", text(one, "summary"), text(one, "body"))).collect()
}

#[tokio::test]
async fn a_stopped_account_is_told_of_once_and_again_when_it_is_well() {
    let dovecot = Dovecot::start();
    let desktop = Desktop::start().await;
    let env = desktop.env();
    let (_, bus) = env.iter().find(|(name, _)| *name == "DBUS_SESSION_BUS_ADDRESS").unwrap();
    let home = Home::new(&settings(&dovecot, "選考")).on_bus(bus);

    let mut daemon = home.run();
    home.account_until("stopped");
    let told = until("the user is told", || {
        let shown = shown(&desktop);
        (!shown.is_empty()).then_some(shown)
    });
    assert_eq!(told.len(), 1, "{told:?}");
    for part in ["受信が止まっています（uni）", "選考", "goen doctor uni", "goen retry"]
    {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }

    // A restart does not say it again: what is told next is the good news.
    assert!(daemon.stop(), "{}", daemon.log());
    let mut daemon = home.run();
    home.account_until("stopped");
    dovecot.doveadm(&["mailbox", "create", "-u", "alice", "選考"]);
    home.says(&["retry"]);
    home.account_until("watching");
    let told = until("the good news is told", || {
        let shown = shown(&desktop);
        (shown.len() > 1).then_some(shown)
    });
    assert!(daemon.stop(), "{}", daemon.log());
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].contains("また受信できるようになりました（uni）"), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_cannot_be_reached_is_told_of_after_an_hour_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let [nobody] = free_ports();
    let paths = Paths {
        config: folder.path().join("config.toml"),
        state: folder.path().join("state"),
        runtime: folder.path().join("state"),
        credentials: None,
    };
    let settings = format!(
        "[[accounts]]\nname = \"uni\"\naddress = \"alice@test.example\"\n\
         [accounts.imap]\nhost = \"127.0.0.1\"\nport = {nobody}\nsecurity = \"plain\"\n"
    );
    std::fs::write(&paths.config, settings).unwrap();
    let (teller, mut notices) = mpsc::unbounded_channel();
    let (start, start_time) = (Instant::now(), "2026-11-20T00:00:00Z".parse().unwrap());
    let daemon = Daemon {
        config: Config::load(&paths.config).unwrap(),
        paths,
        clock: Clock::from_fn(move || {
            let start_time: jiff::Timestamp = start_time;
            start_time + start.elapsed()
        }),
        zone: jiff::tz::TimeZone::UTC,
        lang: Lang::En,
        voice: Voice::Channel(teller),
        under_way: UnderWay::default(),
    };
    let stop = CancellationToken::new();
    LocalSet::new()
        .run_until(async {
            let running = daemon::run(daemon, stop.clone(), || {});
            let told = async {
                let notice = notices.recv().await.unwrap();
                let minutes = start.elapsed().as_secs() / 60;
                assert!((60..=61).contains(&minutes), "{minutes}");
                assert!(notice.summary.starts_with("No mail received since"), "{notice:?}");
                assert!(notice.body.contains("refused"), "{notice:?}");
                let again = timeout(Duration::from_hours(5), notices.recv()).await;
                assert!(again.is_err(), "{again:?}");
                stop.cancel();
            };
            let (ended, ()) = tokio::join!(running, told);
            ended.unwrap();
        })
        .await;
}
