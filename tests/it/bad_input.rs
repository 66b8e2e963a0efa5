//! What goes wrong is said once, clearly, in the user's language, and nothing is lost.

use std::fs;
use std::sync::Arc;

use goen::clock::Clock;
use goen::demo::imap::Server;
use goen::demo::tls::Tls;
use goen::demo::{Login, inbox};
use goen::secret::Secret;
use rcgen::{CertificateParams, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::support::home::{Home, until};

fn settings(host: &str, port: u16, ca_file: &str, password: &str) -> String {
    format!(
        "[[accounts]]\nname = \"uni\"\naddress = \"hanako@example.jp\"\n\
         [accounts.imap]\nhost = \"{host}\"\nport = {port}\nca_file = \"{ca_file}\"\n\
         [accounts.secret]\npassword_command = [\"echo\", \"{password}\"]\n"
    )
}

/// An IMAP server with the demo's mails; the settings for it.
async fn server(home: &Home, password: &str) -> Server {
    let tls = Tls::generate().unwrap();
    let ca_file = tls.write_ca(home.path()).unwrap();
    let login = Login {
        user: "hanako@example.jp".to_owned(),
        password: Secret::new("wonder land".to_owned()),
    };
    let server =
        Server::start(&tls, login, Clock::system(), &TaskTracker::new(), &CancellationToken::new())
            .await
            .unwrap();
    home.write_settings(&settings("localhost", server.port(), ca_file.to_str().unwrap(), password));
    server
}

/// A TLS server that never gets past the handshake; its port and a file with its own certificate.
async fn with_certificate(
    home: &Home,
    change: impl FnOnce(&mut CertificateParams),
) -> (u16, String) {
    let mut certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    change(&mut certificate);
    // Of an authority of its own: the server's own certificate as `ca_file` would be a pinned one.
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = KeyPair::generate().unwrap();
    let ca_file = home.path().join("ca.pem");
    fs::write(&ca_file, authority.self_signed(&authority_key).unwrap().pem()).unwrap();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let certificate = certificate.signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    TaskTracker::new().spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    (port, ca_file.to_str().unwrap().to_owned())
}

/// What the account's status says of a server that cannot be used.
fn words(home: &Home, state: &str) -> String {
    let mut daemon = home.run();
    let account = home.account_until(state);
    assert!(daemon.stop(), "{}", daemon.log());
    account["words"].as_str().unwrap().to_owned()
}

#[test]
fn missing_settings_are_named_with_what_to_do() {
    let home = Home::new("");
    fs::remove_file(home.path().join(".config/goen/config.toml")).unwrap();
    for (lang, what, hint) in
        [("ja", "がありません", "goen setup"), ("en", "there is no settings file", "goen demo")]
    {
        let (status, complaint) = home.complains(&["run", "--lang", lang]);
        assert_eq!(status, 78, "{complaint}");
        assert!(
            complaint.contains(".config/goen/config.toml") && complaint.contains(what),
            "{complaint}"
        );
        assert!(complaint.contains("hint: ") && complaint.contains(hint), "{complaint}");
    }
}

#[test]
fn an_unknown_key_ends_with_78_and_is_named() {
    let home = Home::new("[watch]\nlook_back = 3\n");
    let (status, complaint) = home.complains(&["run"]);
    assert_eq!(status, 78);
    assert!(complaint.contains("look_back") && complaint.contains("line 2"), "{complaint}");
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let home = Home::new(&settings("localhost", 1, "", "x"));
    home.says(&["list"]);
    let newer = rusqlite::Connection::open(home.store()).unwrap();
    newer.pragma_update(None, "user_version", 99).unwrap();
    drop(newer);
    let before = fs::read(home.store()).unwrap();
    for command in ["run", "list"] {
        let (status, complaint) = home.complains(&[command]);
        assert_eq!(status, 1);
        assert!(complaint.contains("newer goen") && complaint.contains("hint: "), "{complaint}");
    }
    assert_eq!(fs::read(home.store()).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_daemon_on_the_same_state_does_not_start() {
    let home = Home::new("");
    let _server = server(&home, "wonder land").await;
    let _first = home.run();
    home.account_until("watching");
    let (status, complaint) = home.complains(&["run"]);
    assert_eq!(status, 1);
    assert!(complaint.contains("already running"), "{complaint}");
    assert_eq!(home.status()["running"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_stops_the_account_and_is_told_in_the_servers_words() {
    let home = Home::new("");
    let server = server(&home, "wrong").await;
    let words = words(&home, "stopped");
    assert!(words.contains("AUTHENTICATIONFAILED") || words.contains("refused"), "{words}");
    let logins =
        server.verbs().iter().filter(|verb| *verb == "LOGIN" || *verb == "AUTHENTICATE").count();
    assert!(logins <= 3, "three refused logins in a row are enough: {logins}");
}

#[test]
fn an_unknown_host_is_told() {
    let home = Home::new(&settings("imap.invalid", 993, "", "x"));
    let words = words(&home, "unreachable");
    assert!(words.contains("imap.invalid") && words.contains("not found"), "{words}");
}

#[test]
fn a_closed_port_is_told() {
    let home = Home::new(&settings("127.0.0.1", 1, "", "x"));
    let words = words(&home, "unreachable");
    assert!(words.contains("127.0.0.1:1") && words.contains("refused"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_certificate_is_told() {
    let home = Home::new("");
    let (port, ca_file) = with_certificate(&home, |certificate| {
        certificate.not_before = rcgen::date_time_ymd(2020, 1, 1);
        certificate.not_after = rcgen::date_time_ymd(2021, 1, 1);
    })
    .await;
    home.write_settings(&settings("localhost", port, &ca_file, "x"));
    let words = words(&home, "unreachable");
    assert!(words.to_lowercase().contains("expired"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_for_another_name_is_told() {
    let home = Home::new("");
    let (port, ca_file) = with_certificate(&home, |certificate| {
        certificate.subject_alt_names =
            vec![rcgen::SanType::DnsName("mail.example.org".try_into().unwrap())];
    })
    .await;
    home.write_settings(&settings("localhost", port, &ca_file, "x"));
    let words = words(&home, "unreachable");
    assert!(words.contains("not valid for name") || words.contains("NotValidForName"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_does_not_exist_is_named() {
    let home = Home::new("");
    let server = server(&home, "wonder land").await;
    let ca_file = home.path().join("ca.pem");
    let settings = settings("localhost", server.port(), ca_file.to_str().unwrap(), "wonder land");
    home.write_settings(
        &settings.replace("[accounts.imap]", "mailboxes = [\"選考\"]\n[accounts.imap]"),
    );
    let mut daemon = home.run();
    let words = until("the missing mailbox is told", || {
        let account = home.status()["accounts"][0].clone();
        account["words"].as_str().map(str::to_owned)
    });
    assert!(words.contains("選考"), "{words}");
    assert!(daemon.stop());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_session_bus_results_are_kept_and_the_notification_waits() {
    let home = Home::new("");
    let server = server(&home, "wonder land").await;
    let mut daemon = home.run();
    home.account_until("watching");
    let before = home.results().len();
    let sample = inbox::declined(Clock::system().now());
    server.deliver(&sample.message, sample.received_at);
    until("the result is stored", || (home.results().len() == before + 1).then_some(()));
    until("the failure is logged", || {
        daemon.log().contains("A notification could not be shown").then_some(())
    });
    assert!(daemon.stop());
    let store = rusqlite::Connection::open(home.store()).unwrap();
    let waiting: i64 = store
        .query_row("SELECT count(*) FROM notification WHERE state = 'due'", [], |row| row.get(0))
        .unwrap();
    assert_eq!(waiting, 1, "it is shown when there is somebody to show it");
}
