//! The embedded servers, as clients that we did not write see them; and the demo as its user sees it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use goen::clock::Clock;
use goen::demo::tls::Tls;
use goen::demo::{Login, imap, smtp};
use goen::net::{self, Security};
use goen::secret::Secret;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_rustls::client::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const PYTHON: &str = "/usr/bin/python3";

/// Two alternatives, and lines that begin with dots.
const MESSAGE: &str = "From: Mori <mori@a.example>\r\nTo: hanako@example.jp\r\nSubject: a pass\r\n\
    Message-ID: <one@a.example>\r\nDate: Sat, 21 Nov 2026 12:00:00 +0900\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative; boundary=b1\r\n\r\n--b1\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\n.\r\n..two\r\n--b1\r\n\
    Content-Type: text/html; charset=utf-8\r\n\r\n<p>two</p>\r\n--b1--\r\n";

struct Servers {
    imap: imap::Server,
    smtp: smtp::Server,
    folder: TempDir,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Servers {
    async fn start() -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let tls = Tls::generate().unwrap();
        let folder = TempDir::new().unwrap();
        tls.write_ca(folder.path()).unwrap();
        std::fs::write(folder.path().join("message.eml"), MESSAGE).unwrap();
        let password = Secret::new("correct horse".to_owned());
        let login = Login { user: "hanako@example.jp".to_owned(), password };
        let clock = Clock::from_fn(|| Timestamp::UNIX_EPOCH);
        let imap = imap::Server::start(&tls, login.clone(), clock, &tasks, &stop).await.unwrap();
        let smtp = smtp::Server::start(&tls, login, &tasks, &stop).await.unwrap();
        Self { imap, smtp, folder, tasks, stop }
    }

    fn deliver(&self) {
        self.imap.deliver(MESSAGE.as_bytes(), "2026-11-21T03:04:05Z".parse().unwrap());
    }

    /// Where a client finds the server on `port`.
    fn at(&self, port: u16) -> net::Server {
        let ca_file = Some(self.folder.path().join("ca.pem"));
        net::Server { host: "localhost".to_owned(), port, security: Security::Tls, ca_file }
    }

    /// Runs a client written in Python, and shows what it did not like.
    async fn please(&self, client: &str, port: u16) {
        if !Path::new(PYTHON).exists() {
            eprintln!("skipped: {client} needs {PYTHON}");
            return;
        }
        let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/demo").join(client);
        let run = Command::new(PYTHON)
            .arg(client)
            .arg(port.to_string())
            .arg(self.folder.path().join("ca.pem"))
            .arg(self.folder.path().join("message.eml"))
            .output();
        let ended = run.await.unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    }

    /// Stops everything; hangs, and so fails, if a task does not end.
    async fn end(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn log_in(servers: &Servers) -> async_imap::Session<TlsStream<TcpStream>> {
    let at = servers.at(servers.imap.port());
    let stream = net::secure(&at, net::connect(&at).await.unwrap()).await.unwrap();
    let mut client = async_imap::Client::new(stream);
    client.read_response().await.unwrap();
    client.login("hanako@example.jp", "correct horse").await.map_err(|(error, _)| error).unwrap()
}

#[tokio::test]
async fn python_reads_files_and_removes_mail() {
    let servers = Servers::start().await;
    servers.deliver();
    servers.please("imap_client.py", servers.imap.port()).await;
    assert_eq!(servers.imap.messages("INBOX").len(), 0);
    assert_eq!(servers.imap.messages("Sent").len(), 2);
    servers.end().await;
}

#[tokio::test]
async fn python_submits_and_every_copy_is_kept_as_it_was() {
    let servers = Servers::start().await;
    servers.please("smtp_client.py", servers.smtp.port()).await;
    let received = servers.smtp.received().borrow().clone();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0], received[1]);
    assert_eq!(received[0].reverse_path, "hanako@example.jp");
    assert_eq!(received[0].forward_paths, ["mori@a.example", "aoki@a.example"]);
    assert_eq!(String::from_utf8_lossy(&received[0].message), MESSAGE);
    servers.end().await;
}

#[tokio::test]
async fn a_waiting_client_hears_of_a_delivered_mail() {
    let servers = Servers::start().await;
    let mut session = log_in(&servers).await;
    assert_eq!(session.examine("INBOX").await.unwrap().exists, 0);
    let mut idle = session.idle();
    idle.init().await.unwrap();
    servers.imap.idling().wait_for(|count| *count == 1).await.unwrap();

    let (woken, _interrupt) = idle.wait();
    servers.deliver();
    let woken = woken.await.unwrap();
    assert!(format!("{woken:?}").contains("Exists(1)"), "{woken:?}");

    let mut session = idle.done().await.unwrap();
    let fetched: Vec<_> =
        session.uid_fetch("1:*", "(BODY.PEEK[])").await.unwrap().try_collect().await.unwrap();
    assert_eq!(fetched[0].body(), Some(MESSAGE.as_bytes()));
    session.logout().await.unwrap();
    assert_eq!(servers.imap.verbs(), ["LOGIN", "EXAMINE", "IDLE", "UID FETCH", "LOGOUT"]);
    servers.end().await;
}

#[tokio::test]
async fn a_client_that_vanishes_in_idle_is_no_longer_counted() {
    let servers = Servers::start().await;
    let mut session = log_in(&servers).await;
    session.examine("INBOX").await.unwrap();
    let mut idle = session.idle();
    idle.init().await.unwrap();
    let mut idling = servers.imap.idling();
    idling.wait_for(|count| *count == 1).await.unwrap();
    drop(idle);
    idling.wait_for(|count| *count == 0).await.unwrap();
    servers.end().await;
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_does_not_connect() {
    let servers = Servers::start().await;
    let elsewhere = TempDir::new().unwrap();
    let ca_file = Tls::generate().unwrap().write_ca(elsewhere.path()).unwrap();
    let at = net::Server { ca_file: Some(ca_file), ..servers.at(servers.imap.port()) };
    let refused = net::secure(&at, net::connect(&at).await.unwrap()).await;
    assert!(matches!(refused, Err(net::ConnectError::Tls { .. })));
    servers.end().await;
}

/// `goen demo` with nothing of this machine's environment: no desktop, no settings, no terminal.
fn demo(temporary: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goen"));
    command
        .env_clear()
        .env("HOME", temporary)
        .env("TMPDIR", temporary)
        .env("LANG", "en_US.UTF-8")
        .arg("demo")
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

#[tokio::test]
async fn goen_demo_yes_ends_well_within_fifteen_seconds_and_leaves_nothing() {
    let temporary = TempDir::new().unwrap();
    let begun = Instant::now();
    let ended = demo(temporary.path(), &["--yes"]).output().await.unwrap();
    let printed = String::from_utf8_lossy(&ended.stdout);
    let complained = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{printed}{complained}");
    assert!(printed.contains("Copies received: 1."), "{printed}");
    assert_eq!(complained, "");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn goen_demo_with_nobody_to_ask_sends_nothing_and_says_so() {
    let temporary = TempDir::new().unwrap();
    let ended = demo(temporary.path(), &[]).output().await.unwrap();
    let printed = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(1), "{printed}");
    assert!(printed.trim_end().ends_with("Nothing was sent."), "{printed}");
    assert!(!printed.contains("SMTP server received"), "{printed}");
}

#[tokio::test]
async fn goen_demo_keep_stays_to_be_played_with_until_interrupted() {
    let temporary = TempDir::new().unwrap();
    let mut playing =
        demo(temporary.path(), &["--yes", "--keep"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(playing.stdout.take().unwrap()).lines();
    let mut settings = None;
    loop {
        let line = lines.next_line().await.unwrap().expect("it goes on");
        let exports = line.trim().strip_prefix("export GOEN_CONFIG=");
        if let Some((config, state)) = exports.and_then(|rest| rest.split_once(" GOEN_STATE=")) {
            settings =
                Some((config.trim_matches('\'').to_owned(), state.trim_matches('\'').to_owned()));
        }
        if line.contains("rm -r") {
            break;
        }
    }
    let (config, state) = settings.unwrap();
    // The pass that arrives now is told like any other mail.
    while !lines.next_line().await.unwrap().expect("it goes on").contains("goen show") {}

    let listed = Command::new(env!("CARGO_BIN_EXE_goen"))
        .env_clear()
        .env("HOME", temporary.path())
        .env("GOEN_CONFIG", config)
        .env("GOEN_STATE", state)
        .args(["list", "--mails", "--json", "--limit", "1"])
        .output()
        .await
        .unwrap();
    let newest: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(newest["outcome"], "advanced");

    let pid = playing.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
    assert!(playing.wait().await.unwrap().success());
}
