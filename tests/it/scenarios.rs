//! One suite of scenarios, on each real server we have: Dovecot, and Courier, which is another kind of
//! server in many ways.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use goen::clock::Clock;
use goen::imap::watch::{Wake, watch};
use goen::imap::{Account, Health};
use goen::lang::Lang;
use goen::net::{Security, Server};
use goen::secret::{Credential, Identity, Secret, SecretError};
use tokio::task::LocalSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::support::courier::Courier;
use crate::support::dovecot::Dovecot;
use crate::support::shelf::Shelf;

/// How long anything may take on a busy machine.
const LONG: Duration = Duration::from_mins(2);

/// A real server with the Maildir of alice, whose password is `wonder land`.
trait MailServer {
    fn port(&self) -> u16;
    fn inbox(&self) -> PathBuf;
    fn stop(&mut self);
    fn launch(&mut self);
    /// How long the timed look may be away: a server that announces mail late is to be asked often.
    fn recheck(&self) -> Duration;
    /// Files that hold what the server has made up itself: UIDs and UIDVALIDITY.
    fn is_index(&self, name: &str) -> bool;
    /// Makes a mail appear in `mailbox`.
    fn save(&self, mailbox: &str, message: &str);
    fn create(&self, mailbox: &str);
    /// The user's own mail program opens the mailbox.
    fn visit(&self, mailbox: &str);
    /// Whether it says enough of its UIDs to be relied on. Else each connection looks at all mails again, and
    /// it is for the keeper to know them.
    fn numbers_for_good(&self) -> bool;
}

impl MailServer for Dovecot {
    fn port(&self) -> u16 {
        self.imap_port
    }
    fn inbox(&self) -> PathBuf {
        Self::inbox(self, "alice")
    }
    fn stop(&mut self) {
        Self::stop(self);
    }
    fn launch(&mut self) {
        Self::launch(self);
    }
    fn recheck(&self) -> Duration {
        Duration::from_mins(5)
    }
    fn is_index(&self, name: &str) -> bool {
        name.starts_with("dovecot")
    }
    fn save(&self, mailbox: &str, message: &str) {
        if mailbox == "INBOX" {
            return self.deliver("alice", message);
        }
        let mut doveadm = self.doveadm_command(&["save", "-u", "alice", "-m", mailbox]);
        let mut doveadm = doveadm.stdin(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut doveadm.stdin.take().unwrap(), message.as_bytes()).unwrap();
        assert!(doveadm.wait().unwrap().success());
    }
    fn create(&self, mailbox: &str) {
        self.doveadm(&["mailbox", "create", "-u", "alice", mailbox]);
    }
    fn visit(&self, _mailbox: &str) {}
    fn numbers_for_good(&self) -> bool {
        true
    }
}

impl MailServer for Courier {
    fn port(&self) -> u16 {
        self.port
    }
    fn inbox(&self) -> PathBuf {
        Self::inbox(self)
    }
    fn stop(&mut self) {
        Self::stop(self);
    }
    fn launch(&mut self) {
        Self::launch(self);
    }
    fn recheck(&self) -> Duration {
        // It announces mail once a minute.
        Duration::from_secs(1)
    }
    fn is_index(&self, name: &str) -> bool {
        name.starts_with("courierimapuiddb")
    }
    fn save(&self, mailbox: &str, message: &str) {
        let folder = match mailbox {
            "INBOX" => Self::inbox(self),
            name => Self::inbox(self).join(format!(".{}", name.strip_prefix("INBOX.").unwrap())),
        };
        put(&folder, message);
        Self::visit(self, mailbox);
    }
    fn create(&self, mailbox: &str) {
        let folder =
            Self::inbox(self).join(format!(".{}", mailbox.strip_prefix("INBOX.").unwrap()));
        for part in ["cur", "new", "tmp"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        fs::write(folder.join("maildirfolder"), "").unwrap();
        own(&folder);
    }
    fn visit(&self, mailbox: &str) {
        Self::visit(self, mailbox);
    }
    fn numbers_for_good(&self) -> bool {
        false
    }
}

/// Puts a message into a Maildir, as a delivery agent would.
fn put(folder: &Path, message: &str) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let seconds = Clock::system().now().as_second();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("{seconds}.M{number:06}P{}.test", std::process::id());
    fs::write(folder.join("tmp").join(&name), message).unwrap();
    own(&folder.join("tmp").join(&name));
    fs::rename(folder.join("tmp").join(&name), folder.join("new").join(&name)).unwrap();
}

/// Gives a file or folder to the user that owns the mail.
fn own(path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let owner = path.ancestors().find(|above| above.ends_with("mail")).unwrap().metadata().unwrap();
    for entry in fs::read_dir(path).into_iter().flatten() {
        own(&entry.unwrap().path());
    }
    chown(path, Some(owner.uid()), Some(owner.gid())).unwrap();
}

/// Watches `mailboxes` while `test` runs.
async fn watched<T>(
    server: &impl MailServer,
    mailboxes: &[String],
    shelf: &Shelf,
    test: impl Future<Output = T>,
) -> T {
    let account = Account {
        name: "real".to_owned(),
        server: Server {
            host: "127.0.0.1".to_owned(),
            port: server.port(),
            security: Security::Plain,
            ca_file: None,
        },
        mailboxes: mailboxes.to_vec(),
        lookback_days: 3_000,
        recheck: server.recheck(),
        idle: true,
        lang: Lang::En,
    };
    let identity = async || {
        let credential = Credential::Password(Secret::new("wonder land".to_owned()));
        Ok::<_, SecretError>(Identity { user: "alice".to_owned(), credential })
    };
    let (_wake, woken) = tokio::sync::watch::channel(Wake::default());
    let clock = Clock::system();
    tokio::select! {
        () = watch(&account, &identity, shelf, &clock, woken, CancellationToken::new()) => {
            panic!("the watcher ended")
        }
        result = timeout(LONG, test) => result.unwrap_or_else(|elapsed| {
            panic!("{elapsed}: {:?} {:?}", shelf.health.borrow(), shelf.cursors.borrow())
        }),
    }
}

fn mail(subject: &str) -> String {
    format!(
        "From: 採用担当 <jinji@example.co.jp>\nMessage-ID: <{subject}@example.co.jp>\n\
         Date: Fri, 20 Nov 2026 10:00:00 +0900\nSubject: {subject}\n\n選考の結果\n"
    )
}

/// The subjects of the messages that were kept. One may have been kept several times, where a mailbox has
/// got a new UIDVALIDITY: then it is for the keeper to know it again (the store's tests show that).
fn subjects(shelf: &Shelf) -> Vec<String> {
    let subject = |text: &String| {
        let line = text.lines().find_map(|line| line.strip_prefix("Subject: "));
        line.unwrap().to_owned()
    };
    let mut subjects: Vec<String> = shelf.messages().keys().map(subject).collect();
    subjects.sort();
    subjects
}

fn assert_kept_once(server: &impl MailServer, shelf: &Shelf) {
    if !server.numbers_for_good() {
        return;
    }
    assert!(shelf.messages().values().all(|&times| times == 1), "{:?}", shelf.messages());
}

async fn news_is_told_and_a_restart_loses_nothing(server: &mut impl MailServer) {
    let inbox = ["INBOX".to_owned()];
    for subject in ["a", "b", "c"] {
        server.save("INBOX", &mail(subject));
    }
    let shelf = Shelf::default();
    watched(server, &inbox, &shelf, async {
        shelf.until(Shelf::is_watching).await;
        assert_eq!((shelf.messages().len(), shelf.loud()), (3, 0), "the first look is quiet");
        server.save("INBOX", &mail("d"));
        shelf.until(|shelf| shelf.loud() == 1).await;
    })
    .await;
    // While nobody watches, and while the server is away.
    server.save("INBOX", &mail("e"));
    watched(server, &inbox, &shelf, shelf.until(|shelf| shelf.messages().len() == 5)).await;
    server.stop();
    shelf.forget_health();
    let lost =
        |shelf: &Shelf| matches!(shelf.health.borrow().last(), Some(Health::Unreachable { .. }));
    watched(server, &inbox, &shelf, shelf.until(lost)).await;
    server.launch();
    server.save("INBOX", &mail("f"));
    watched(server, &inbox, &shelf, shelf.until(|shelf| shelf.messages().len() == 6)).await;
    assert_eq!((subjects(&shelf).join("").as_str(), shelf.backwards.get()), ("abcdef", 0));
    assert_kept_once(server, &shelf);
}

async fn a_mailbox_with_a_new_life_is_looked_through_again(server: &mut impl MailServer) {
    let inbox = ["INBOX".to_owned()];
    for subject in ["a", "b"] {
        server.save("INBOX", &mail(subject));
    }
    let shelf = Shelf::default();
    watched(server, &inbox, &shelf, shelf.until(Shelf::is_watching)).await;
    let before = shelf.cursors.borrow()["INBOX"];
    let first_life = Clock::system().now().as_second();
    server.stop();
    for entry in fs::read_dir(server.inbox()).unwrap() {
        let path = entry.unwrap().path();
        if server.is_index(&path.file_name().unwrap().to_string_lossy()) {
            fs::remove_file(path).unwrap();
        }
    }
    // Servers make a UIDVALIDITY of the time in seconds (Courier of its last nine digits): a rebuild
    // in the same second would not be seen as one.
    while Clock::system().now().as_second() == first_life {
        tokio::task::yield_now().await;
    }
    server.launch();
    server.save("INBOX", &mail("c"));
    watched(server, &inbox, &shelf, shelf.until(|shelf| shelf.messages().len() == 3)).await;
    assert_ne!(before.uid_validity, shelf.cursors.borrow()["INBOX"].uid_validity);
    assert_eq!(subjects(&shelf), ["a", "b", "c"]);
}

async fn of_twenty_mailboxes_none_is_forgotten(server: &mut impl MailServer, prefix: &str) {
    let mut mailboxes = vec!["INBOX".to_owned()];
    mailboxes.extend((1..20).map(|n| format!("{prefix}box{n:02}")));
    for mailbox in &mailboxes[1..] {
        server.create(mailbox);
    }
    server.save("INBOX", &mail("old"));
    let shelf = Shelf::default();
    watched(server, &mailboxes, &shelf, async {
        shelf.until(Shelf::is_watching).await;
        for (count, mailbox) in mailboxes.iter().enumerate() {
            server.save(mailbox, &mail(mailbox));
            shelf.until(|shelf| shelf.messages().len() == count + 2).await;
        }
    })
    .await;
    let mut expected = mailboxes;
    expected.push("old".to_owned());
    expected.sort();
    assert_eq!(subjects(&shelf), expected);
    assert_kept_once(server, &shelf);
}

async fn ten_thousand_mails_are_read_once_each(server: &mut impl MailServer) {
    let folder = server.inbox();
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    for n in 0..10_000 {
        put(&folder, &mail(&format!("{n:05}")));
    }
    own(&folder);
    server.visit("INBOX");
    let shelf = Shelf::default();
    watched(server, &["INBOX".to_owned()], &shelf, async {
        shelf.until(Shelf::is_watching).await;
        server.save("INBOX", &mail("news"));
        shelf.until(|shelf| shelf.loud() == 1).await;
    })
    .await;
    let mut expected: Vec<String> = (0..10_000).map(|n| format!("{n:05}")).collect();
    expected.push("news".to_owned());
    assert_eq!(subjects(&shelf), expected);
    assert_kept_once(server, &shelf);
}

async fn expunged_and_moved_mails_and_a_mailbox_that_comes_back(
    server: &mut impl MailServer,
    mailbox: &str,
) {
    let mailboxes = ["INBOX".to_owned(), mailbox.to_owned()];
    server.save("INBOX", &mail("a"));
    let shelf = Shelf::default();
    let missing = |shelf: &Shelf| {
        let stopped = matches!(shelf.health.borrow().last(), Some(Health::Stopped { .. }));
        // The inbox is read all the same.
        stopped && shelf.messages().len() == 1
    };
    watched(server, &mailboxes, &shelf, shelf.until(missing)).await;
    server.create(mailbox);
    watched(server, &mailboxes, &shelf, async {
        shelf.until(Shelf::is_watching).await;
        // All mails of the inbox go, and one comes back as a new one.
        for part in ["cur", "new"] {
            for entry in fs::read_dir(server.inbox().join(part)).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
        }
        server.save("INBOX", &mail("b"));
        server.save(mailbox, &mail("c"));
        shelf.until(|shelf| shelf.messages().len() == 3).await;
    })
    .await;
    assert_eq!(subjects(&shelf), ["a", "b", "c"]);
    assert_eq!(shelf.backwards.get(), 0);
    assert_kept_once(server, &shelf);
}

/// Courier numbers messages anew for each connection, as long as nobody opens the mailbox for writing.
#[tokio::test]
async fn a_mail_that_has_the_uid_of_one_that_has_gone_is_found_on_courier() {
    let Some(server) = Courier::start() else { return };
    for subject in ["a", "b"] {
        server.save("INBOX", &mail(subject));
    }
    let folder = Courier::inbox(&server);
    let shelf = Shelf::default();
    LocalSet::new()
        .run_until(async {
            let inbox = ["INBOX".to_owned()];
            put(&folder, &mail("c"));
            let there = |count| move |shelf: &Shelf| shelf.messages().len() == count;
            watched(&server, &inbox, &shelf, shelf.until(there(3))).await;
            let newest = shelf.cursors.borrow()["INBOX"];
            for part in ["cur", "new"] {
                for entry in fs::read_dir(folder.join(part)).unwrap() {
                    let path = entry.unwrap().path();
                    if fs::read_to_string(&path).unwrap().contains("Subject: c\n") {
                        fs::remove_file(path).unwrap();
                    }
                }
            }
            put(&folder, &mail("d"));
            watched(&server, &inbox, &shelf, shelf.until(there(4))).await;
            assert_eq!(shelf.cursors.borrow()["INBOX"], newest, "the UID is the same");
        })
        .await;
    assert_eq!(subjects(&shelf), ["a", "b", "c", "d"]);
}

/// Makes one test a server of each scenario. What is given is for Dovecot and for Courier, whose
/// mailboxes are below the inbox.
macro_rules! scenarios {
    ($($name:ident($($dovecot:literal, $courier:literal)?);)*) => {
        mod on_dovecot {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let mut server = Dovecot::start();
                LocalSet::new().run_until(super::$name(&mut server $(, $dovecot)?)).await;
            })*
        }

        mod on_courier {
            use super::*;
            $(#[tokio::test]
            async fn $name() {
                let Some(mut server) = Courier::start() else { return };
                LocalSet::new().run_until(super::$name(&mut server $(, $courier)?)).await;
            })*
        }
    };
}

scenarios! {
    news_is_told_and_a_restart_loses_nothing();
    a_mailbox_with_a_new_life_is_looked_through_again();
    of_twenty_mailboxes_none_is_forgotten("", "INBOX.");
    ten_thousand_mails_are_read_once_each();
    expunged_and_moved_mails_and_a_mailbox_that_comes_back("later", "INBOX.later");
}
