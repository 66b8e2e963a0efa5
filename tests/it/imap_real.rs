//! The watcher against a real Dovecot.

use std::time::{Duration, Instant};

use goen::clock::Clock;
use goen::imap::session::{self, SessionError};
use goen::imap::watch::{Wake, watch};
use goen::imap::{Account, Health};
use goen::lang::Lang;
use goen::net::{Security, Server};
use goen::secret::{Credential, Identity, Secret, SecretError};
use tokio::task::LocalSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::dovecot::{Dovecot, USERS};
use crate::support::shelf::Shelf;
use crate::support::tap::Tap;

const LONG: Duration = Duration::from_mins(1);

fn account(server: Server, user: &str, mailboxes: &[&str]) -> Account {
    Account {
        name: user.to_owned(),
        server,
        mailboxes: mailboxes.iter().map(|&name| name.to_owned()).collect(),
        lookback_days: 30,
        recheck: Duration::from_mins(5),
        idle: true,
        lang: Lang::Ja,
    }
}

fn password_of(user: &str) -> Credential {
    let (_name, password) = USERS.iter().find(|(name, _password)| *name == user).unwrap();
    Credential::Password(Secret::new((*password).to_owned()))
}

/// Watches `account` while `test` runs.
async fn watched<T>(account: &Account, shelf: &Shelf, test: impl Future<Output = T>) -> T {
    let (user, credential) = (account.name.clone(), password_of(&account.name));
    let identity = async || {
        Ok::<_, SecretError>(Identity { user: user.clone(), credential: credential.clone() })
    };
    let (_wake, woken) = tokio::sync::watch::channel(Wake::default());
    let stop = CancellationToken::new();
    let clock = Clock::system();
    tokio::select! {
        () = watch(account, &identity, shelf, &clock, woken, stop) => panic!("the watcher ended"),
        result = timeout(LONG, test) => result.unwrap_or_else(|elapsed| {
            panic!("{elapsed}: {:?}", shelf.health.borrow())
        }),
    }
}

fn mail(subject: &str) -> String {
    format!(
        "From: 採用担当 <jinji@example.co.jp>\nMessage-ID: <{subject}@example.co.jp>\nSubject: {subject}\n\n選考の結果\n.\n"
    )
}

fn with_attachment(subject: &str, bytes: usize) -> String {
    let line = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\n";
    let attachment = line.repeat(bytes / line.len());
    format!(
        "From: 採用担当 <jinji@example.co.jp>\nMessage-ID: <{subject}@example.co.jp>\nSubject: {subject}\n\
         MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"outer =_1\"\n\n--outer =_1\n\
         Content-Type: multipart/alternative; boundary=inner\n\n--inner\n\
         Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n次回の面接へお進みください\n\
         --inner\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n<p>次回の面接へお進みください</p>\n--inner--\n\
         --outer =_1\nContent-Type: application/pdf; name=\"a.pdf\"\nContent-Transfer-Encoding: base64\n\
         Content-Disposition: attachment; filename=\"a.pdf\"\n\n{attachment}--outer =_1--\n"
    )
}

#[tokio::test]
async fn mail_is_found_on_a_real_server_and_nothing_is_changed_there() {
    let dovecot = Dovecot::start();
    for subject in ["one", "two"] {
        dovecot.deliver("alice", mail(subject));
    }
    LocalSet::new()
        .run_until(async {
            let tap = Tap::before(dovecot.imap_port).await;
            let server = Server {
                host: "127.0.0.1".to_owned(),
                port: tap.port,
                security: Security::Plain,
                ca_file: None,
            };
            let account = account(server, "alice", &["INBOX"]);
            let shelf = Shelf::default();
            let latency = watched(&account, &shelf, async {
                shelf.until(Shelf::is_watching).await;
                assert_eq!((shelf.messages().len(), shelf.loud()), (2, 0));
                dovecot.deliver("alice", mail("three"));
                let delivered = Instant::now();
                shelf.until(|shelf| shelf.loud() == 1).await;
                delivered.elapsed()
            })
            .await;
            println!("found {} ms after LMTP took it", latency.as_millis());
            assert!(latency < Duration::from_secs(5), "IDLE woke us, not the timed look");

            let said = tap.said();
            assert!(said.iter().any(|line| line.ends_with("EXAMINE \"INBOX\"")), "{said:?}");
            for line in &said {
                let command = line.split_once(' ').map_or(line.as_str(), |(_tag, command)| command);
                let harmless = [
                    "AUTHENTICATE PLAIN",
                    "CAPABILITY",
                    "ID (",
                    "EXAMINE ",
                    "UID SEARCH ",
                    "IDLE",
                    "DONE",
                    "NOOP",
                ]
                .iter()
                .any(|verb| command.starts_with(verb));
                let reads = command.starts_with("UID FETCH ") && !command.contains("BODY[");
                assert!(harmless || reads, "{line}");
            }
        })
        .await;
    let flags = dovecot.doveadm(&["fetch", "-u", "alice", "flags", "mailbox", "INBOX"]);
    assert!(!flags.contains("Seen"), "{flags}");
    assert_eq!(flags.matches("flags:").count(), 3, "{flags}");
}

#[tokio::test]
async fn tls_and_starttls_work_and_a_certificate_for_another_name_does_not() {
    let dovecot = Dovecot::start();
    let tls = dovecot.server();
    let starttls =
        Server { port: dovecot.imap_port, security: Security::Starttls, ..dovecot.server() };
    for server in [tls, starttls] {
        let mut session = session::open(&server).await.expect("a secure connection");
        session.log_in("hanako", &password_of("hanako")).await.expect("a login");
        session.examine("INBOX").await.expect("an inbox");
        session.logout().await;
    }
    let mut session = session::open(&dovecot.server()).await.unwrap();
    let wrong = Credential::Password(Secret::new("wrong".to_owned()));
    let error = session.log_in("hanako", &wrong).await.expect_err("refused");
    assert!(matches!(error, SessionError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("AUTHENTICATIONFAILED"), "{error}");

    let elsewhere = Server { host: "127.0.0.2".to_owned(), ..dovecot.server() };
    let refused = session::open(&elsewhere).await;
    assert!(format!("{refused:?}").contains("NotValidForName"), "{refused:?}");
    let untrusted = Server { ca_file: None, ..dovecot.server() };
    let refused = session::open(&untrusted).await;
    assert!(format!("{refused:?}").contains("UnknownIssuer"), "{refused:?}");
}

#[tokio::test]
async fn a_large_mail_is_read_without_its_attachment_and_reads_like_the_whole() {
    let dovecot = Dovecot::start();
    let original = with_attachment("large", 2_000_000);
    dovecot.deliver("alice", &original);
    LocalSet::new()
        .run_until(async {
            let tap = Tap::before(dovecot.imap_port).await;
            let server = Server {
                host: "127.0.0.1".to_owned(),
                port: tap.port,
                security: Security::Plain,
                ca_file: None,
            };
            let account = account(server, "alice", &["INBOX"]);
            let shelf = Shelf::default();
            watched(&account, &shelf, shelf.until(Shelf::is_watching)).await;
            assert!(tap.received.get() < 20_000, "{} bytes", tap.received.get());
            let kept = shelf.kept.borrow();
            assert!(kept[0].arrival.truncated);
            assert!(kept[0].arrival.received_at.is_some());
            let read = mail_parser::MessageParser::new().parse(&kept[0].arrival.message).unwrap();
            assert_eq!(read.subject(), Some("large"));
            assert_eq!(read.body_text(0).unwrap().trim_end(), "次回の面接へお進みください");
            assert!(read.body_html(0).unwrap().contains("<p>"));
            assert_eq!(read.attachment_count(), 1);
        })
        .await;
}

#[tokio::test]
async fn a_restart_and_a_cut_line_lose_nothing() {
    let dovecot = Dovecot::start();
    LocalSet::new()
        .run_until(async {
            let tap = Tap::before(dovecot.imap_port).await;
            let server = Server {
                host: "127.0.0.1".to_owned(),
                port: tap.port,
                security: Security::Plain,
                ca_file: None,
            };
            let account = account(server, "bob", &["INBOX"]);
            let shelf = Shelf::default();
            watched(&account, &shelf, async {
                shelf.until(Shelf::is_watching).await;
                dovecot.deliver("bob", mail("before"));
                shelf.until(|shelf| shelf.loud() == 1).await;
                tap.cut();
                dovecot.deliver("bob", mail("while the line was cut"));
                shelf.until(|shelf| shelf.loud() == 2).await;
                dovecot.restart();
                dovecot.deliver("bob", mail("after the restart"));
                shelf.until(|shelf| shelf.loud() == 3).await;
                shelf.until(Shelf::is_watching).await;
            })
            .await;
            assert!(shelf.messages().values().all(|&count| count == 1), "{:?}", shelf.messages());
            let lost = |health: &Health| matches!(health, Health::Unreachable { .. });
            assert!(shelf.health.borrow().iter().any(lost));
        })
        .await;
}

#[tokio::test]
async fn a_mailbox_with_a_japanese_name_is_watched_beside_the_inbox() {
    let dovecot = Dovecot::start();
    dovecot.doveadm(&["mailbox", "create", "-u", "alice", "選考"]);
    LocalSet::new()
        .run_until(async {
            let account = account(dovecot.server(), "alice", &["INBOX", "選考"]);
            let shelf = Shelf::default();
            watched(&account, &shelf, async {
                shelf.until(Shelf::is_watching).await;
                dovecot.deliver("alice", mail("sorted"));
                shelf.until(|shelf| shelf.loud() == 1).await;
                // By NOTIFY: the timed look would come after this test's patience.
                dovecot.doveadm(&["move", "-u", "alice", "選考", "mailbox", "INBOX", "ALL"]);
                shelf.until(|shelf| shelf.loud() == 2).await;
            })
            .await;
            assert_eq!(shelf.kept.borrow()[1].mailbox, "選考");
        })
        .await;
}

#[tokio::test]
async fn a_rebuilt_mailbox_is_looked_through_again() {
    let dovecot = Dovecot::start();
    for subject in ["one", "two", "three"] {
        dovecot.deliver("bob", mail(subject));
    }
    LocalSet::new()
        .run_until(async {
            let account = account(dovecot.server(), "bob", &["INBOX"]);
            let shelf = Shelf::default();
            watched(&account, &shelf, shelf.until(Shelf::is_watching)).await;
            let before = shelf.cursors.borrow()["INBOX"];

            dovecot.stop();
            for entry in std::fs::read_dir(dovecot.inbox("bob")).unwrap() {
                let path = entry.unwrap().path();
                if path.file_name().unwrap().to_string_lossy().starts_with("dovecot") {
                    std::fs::remove_file(path).unwrap();
                }
            }
            dovecot.launch();

            shelf.forget_health();
            watched(&account, &shelf, async {
                shelf.until(Shelf::is_watching).await;
                dovecot.deliver("bob", mail("four"));
                shelf.until(|shelf| shelf.messages().len() == 4).await;
            })
            .await;
            let after = shelf.cursors.borrow()["INBOX"];
            assert_ne!(before.uid_validity, after.uid_validity);
            let counts: Vec<usize> = shelf.messages().into_values().collect();
            assert_eq!(counts.iter().sum::<usize>(), 7, "three twice, for the keeper to recognise");
        })
        .await;
}

/// Prints how long the first look takes and what it transfers, and the same for a start that finds
/// nothing new. Run it in release, by name:
/// `cargo test --release --test it first_look_at_ten_thousand -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn first_look_at_ten_thousand_mails() {
    let dovecot = Dovecot::start();
    dovecot.deliver("alice", mail("first"));
    let new = dovecot.inbox("alice").join("new");
    let small = format!("{}{}", mail("small"), "選考の結果についてお知らせします。\n".repeat(75));
    let mut size = 0;
    for n in 1..10_000 {
        let message = if n % 10 == 0 {
            with_attachment(&n.to_string(), 200_000)
        } else {
            small.replace("small", &n.to_string())
        };
        size += message.len();
        std::fs::write(new.join(format!("1790000000.M{n}P1.test")), message).unwrap();
    }
    LocalSet::new()
        .run_until(async {
            let tap = Tap::before(dovecot.imap_port).await;
            let server = Server {
                host: "127.0.0.1".to_owned(),
                port: tap.port,
                security: Security::Plain,
                ca_file: None,
            };
            let mut account = account(server, "alice", &["INBOX"]);
            account.lookback_days = 3_000;
            let shelf = Shelf::default();
            for look in ["first", "second"] {
                let (began, before) = (Instant::now(), tap.received.get());
                shelf.forget_health();
                watched(&account, &shelf, shelf.until(Shelf::is_watching)).await;
                println!(
                    "{look} look: {} ms, {} of {} kB",
                    began.elapsed().as_millis(),
                    (tap.received.get() - before) / 1000,
                    size / 1000
                );
                assert_eq!(shelf.kept.borrow().len(), 10_000);
            }
            let memory = std::fs::read_to_string("/proc/self/status").unwrap();
            println!("{}", memory.lines().find(|line| line.starts_with("VmHWM")).unwrap());
        })
        .await;
}
