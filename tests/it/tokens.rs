//! Logging in with OAuth tokens at a real Dovecot, which checks them itself (JWT, RFC 7519).

use goen::clock::Clock;
use goen::imap::session::{self, SessionError};
use goen::lang::{Explain as _, Lang};
use goen::secret::{Credential, Secret};
use jiff::SignedDuration;

use crate::support::dovecot::{Dovecot, token};
use crate::support::home::Home;

/// A token of alice's that ends in so many minutes.
fn token_for(minutes: i64) -> String {
    let expires = Clock::system().now().checked_add(SignedDuration::from_mins(minutes)).unwrap();
    token("alice", expires)
}

fn credential(token: String) -> Credential {
    Credential::Token(Secret::new(token))
}

#[tokio::test]
async fn a_token_logs_in_by_xoauth2_and_by_oauthbearer() {
    for mechanism in ["xoauth2", "oauthbearer"] {
        let dovecot = Dovecot::offering(&format!("plain login {mechanism}"));
        let mut session = session::open(&dovecot.server()).await.unwrap();
        let logged_in = session.log_in("alice", &credential(token_for(60))).await;
        assert!(logged_in.is_ok(), "{mechanism}: {logged_in:?}\n{}", dovecot.logs());
        session.examine("INBOX").await.unwrap();
        session.logout().await;
    }
}

#[tokio::test]
async fn an_expired_token_is_refused_in_the_servers_words() {
    for mechanism in ["xoauth2", "oauthbearer"] {
        let dovecot = Dovecot::offering(&format!("plain login {mechanism}"));
        let mut session = session::open(&dovecot.server()).await.unwrap();
        let error = session.log_in("alice", &credential(token_for(-10))).await.unwrap_err();
        assert!(matches!(error, SessionError::Refused { .. }), "{mechanism}: {error:?}");
        // The reason comes base64-coded, as JSON (RFC 7628 §3.2.2).
        assert!(error.to_string().contains("\"status\":"), "{mechanism}: {error}");
        let hint = error.explain(Lang::En).hint.unwrap();
        assert!(hint.contains("token_command"), "{mechanism}: {hint}");
    }
}

#[tokio::test]
async fn a_server_that_takes_no_tokens_says_what_it_takes() {
    let dovecot = Dovecot::start();
    let mut session = session::open(&dovecot.server()).await.unwrap();
    let error = session.log_in("alice", &credential(token_for(60))).await.unwrap_err();
    assert!(matches!(error, SessionError::NoLogin { with: "token", .. }), "{error:?}");
    assert!(error.to_string().contains("PLAIN"), "{error}");
}

#[test]
fn an_account_with_a_token_command_is_watched() {
    let dovecot = Dovecot::offering("oauthbearer xoauth2");
    let home = Home::new(&format!(
        "[[accounts]]\nname = \"uni\"\naddress = \"alice@test.example\"\nuser = \"alice\"\n\
         [accounts.secret]\ntoken_command = [\"echo\", \"{}\"]\n\
         [accounts.imap]\nhost = \"localhost\"\nport = {}\nca_file = \"{}\"\n",
        token_for(60),
        dovecot.imaps_port,
        dovecot.ca_file().display()
    ));
    let mut daemon = home.run();
    home.account_until("watching");
    assert!(daemon.stop(), "{}", daemon.log());
    assert!(!daemon.log().contains("eyJ"), "no token in the log");
}
