//! Submission to real servers, Postfix, Exim and aiosmtpd, with AUTH and TLS, and what other programs
//! make of what arrived.

use std::process::Command;
use std::sync::Arc;

use goen::net::{ConnectError, Security};
use goen::outbox::state::{Outcome, State};
use goen::outbox::{Outbox, Truth};
use goen::reply::Draft;
use goen::secret::{Credential, Secret};
use goen::smtp::{self, SmtpError, Submission};

use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::dovecot::Dovecot;
use crate::support::exim::Exim;
use crate::support::line::{Line, When};
use crate::support::postfix::Postfix;
use crate::support::replies::*;
use crate::support::submission::SIZE_LIMIT_BYTES;

fn draft_to(recipient: &str) -> Draft {
    let mut draft = draft();
    draft.from.addr_spec = "hanako@test.example".into();
    draft.to.addr_spec = recipient.into();
    draft
}

/// What two makes of server have in common here.
trait RealServer: Send + Sync + 'static {
    fn submission(&self, security: Security) -> Submission;

    /// Breaks all sessions off, and is there again.
    fn restart_at_once(&self);
}

impl RealServer for Postfix {
    fn submission(&self, security: Security) -> Submission {
        self.submission(security)
    }

    fn restart_at_once(&self) {
        self.abort();
        self.up();
    }
}

impl RealServer for Exim {
    fn submission(&self, security: Security) -> Submission {
        self.submission(security)
    }

    fn restart_at_once(&self) {
        self.kill();
        self.up();
    }
}

/// An approved reply to `recipient` in a store of its own.
fn approved(recipient: &str) -> (Outbox, i64) {
    let (outbox, id) = outbox();
    outbox.edit(id, &draft_to(recipient), now()).unwrap();
    approve(&outbox, id);
    (outbox, id)
}

/// An international address is taken, where the server knows them; and what the server refuses, for good
/// and for now, what it has announced not to take, and who may not send, are told apart.
async fn it_refuses_and_defers(account: &Submission) {
    let attempt = smtp::submit(account, claimed(&draft_to("採用@test.example"))).await;
    assert!(matches!(attempt.outcome, Outcome::Accepted(_)), "{attempt:?}");
    let attempt = smtp::submit(account, claimed(&draft_to("reject@test.example"))).await;
    let Outcome::Refused(reply) = attempt.outcome else { panic!("{attempt:?}") };
    assert_eq!((reply.code, reply.enhanced()), (550, Some("5.1.1")));
    let attempt = smtp::submit(account, claimed(&draft_to("defer@test.example"))).await;
    let Outcome::Deferred(reply) = attempt.outcome else { panic!("{attempt:?}") };
    assert_eq!((reply.code, reply.enhanced()), (451, Some("4.3.0")));
    let mut large = draft_to("jinji@test.example");
    large.body = "大きな本文\n".repeat(SIZE_LIMIT_BYTES / 10);
    let attempt = smtp::submit(account, claimed(&large)).await;
    assert!(matches!(attempt.outcome, Outcome::Impossible(_)), "{attempt:?}");
    let mut stranger = account.clone();
    stranger.credential = Credential::Password(Secret::new("wrong".into()));
    let trouble = smtp::check(&stranger).await.unwrap_err();
    assert!(matches!(trouble, SmtpError::LoginRefused { .. }), "{trouble:?}");
}

/// A server that lets strangers wait takes the reply when it is due again.
async fn a_greylisted_reply_leaves_later(server: &impl RealServer) {
    let account = server.submission(Security::Tls);
    let (outbox, id) = approved("grey@test.example");
    let first = claim(&outbox, after(1)).unwrap();
    let first_id = first.id();
    let attempt = smtp::submit(&account, first).await;
    let Outcome::Deferred(reply) = &attempt.outcome else { panic!("{attempt:?}") };
    assert_eq!((reply.code / 100, reply.enhanced()), (4, Some("4.7.1")), "{reply}");
    assert_eq!(outbox.settle(first_id, attempt.outcome, after(1)).unwrap(), State::Approved);

    // When it is due again, and why, is there to be shown.
    let approval = outbox.entry(id).unwrap().unwrap().approval.unwrap();
    assert_eq!(approval.due_at, after(6));
    assert!(approval.words.to_string().contains("greylisted"), "{}", approval.words);
    assert!(claim(&outbox, after(5)).is_none());
    let second = claim(&outbox, after(6)).unwrap();
    let second_id = second.id();
    let attempt = smtp::submit(&account, second).await;
    assert!(matches!(attempt.outcome, Outcome::Accepted(_)), "{attempt:?}");
    let state = outbox.settle(second_id, attempt.outcome, after(6)).unwrap();
    assert!(matches!(state, State::Sent(_)), "{state:?}");
}

/// The server goes away in the middle of a session, and comes back: one copy arrives.
async fn a_restart_in_mid_session_costs_nothing(
    server: Arc<impl RealServer>,
    dovecot: &Dovecot,
    moments: &[When],
) {
    for (number, when) in moments.iter().enumerate() {
        let recipient = format!("restart-{number}");
        let (outbox, id) = approved(&format!("{recipient}@test.example"));
        let mut account = server.submission(Security::Plain);
        let hand = server.clone();
        let (port, line) =
            Line::to(account.server.port, *when, move || hand.restart_at_once()).await;
        let direct = std::mem::replace(&mut account.server.port, port);
        let first = claim(&outbox, after(1)).unwrap();
        let first_id = first.id();
        let attempt = smtp::submit(&account, first).await;
        line.join_all().await;
        let state = outbox.settle(first_id, attempt.outcome, after(1)).unwrap();
        if matches!(when, When::Said(6) | When::Heard(6)) {
            // All of it had left: only the mailbox knows, and nothing is sent again by itself.
            assert_eq!(state, State::Uncertain);
            assert!(claim(&outbox, after(600)).is_none());
            if *when == When::Heard(6) {
                continue;
            }
            assert!(dovecot.messages(&recipient).is_empty(), "the dot never arrived");
            outbox.resolve(id, Truth::UserSaysNot, after(30)).unwrap();
            approve(&outbox, id);
        } else {
            assert_eq!(state, State::Approved, "{when:?}");
        }
        account.server.port = direct;
        let second = claim(&outbox, after(60)).unwrap();
        let second_id = second.id();
        let attempt = smtp::submit(&account, second).await;
        assert!(matches!(attempt.outcome, Outcome::Accepted(_)), "{when:?}: {attempt:?}");
        outbox.settle(second_id, attempt.outcome, after(60)).unwrap();
        assert_eq!(dovecot.messages_until(&recipient, 1).len(), 1, "{when:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postfix_that_greylists_and_one_that_restarts() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };
    a_greylisted_reply_leaves_later(&postfix).await;
    assert_eq!(dovecot.messages_until("grey", 1).len(), 1);
    // Each restart takes two seconds.
    let moments = [When::Heard(3), When::Said(6), When::Heard(6)];
    a_restart_in_mid_session_costs_nothing(Arc::new(postfix), &dovecot, &moments).await;
}

/// Everything of it at the second make of server.
#[tokio::test(flavor = "multi_thread")]
async fn an_exim_takes_refuses_defers_greylists_and_restarts() {
    let dovecot = Dovecot::start();
    let Some(exim) = Exim::start(&dovecot) else { return };
    for security in [Security::Tls, Security::Starttls] {
        let account = exim.submission(security);
        smtp::check(&account).await.unwrap_or_else(|error| panic!("{error}: {}", exim.log()));
        let attempt = smtp::submit(&account, claimed(&draft_to("jinji@test.example"))).await;
        let Outcome::Accepted(reply) = attempt.outcome else { panic!("{attempt:?}") };
        // Its queue id, in its own words.
        assert!(reply.text.contains("id="), "{reply}");
    }
    let account = exim.submission(Security::Tls);
    assert_eq!(dovecot.messages_until("jinji", 2).len(), 2, "{}", exim.log());

    it_refuses_and_defers(&account).await;
    a_greylisted_reply_leaves_later(&exim).await;
    assert_eq!(dovecot.messages_until("grey", 1).len(), 1);
    let moments: Vec<When> =
        (1..=5).map(When::Heard).chain([When::Said(6), When::Heard(6)]).collect();
    a_restart_in_mid_session_costs_nothing(Arc::new(exim), &dovecot, &moments).await;
    assert_eq!(dovecot.messages("jinji").len(), 2, "nothing else arrived");
}

/// One Postfix for all of it: starting one takes two seconds.
#[tokio::test]
async fn a_real_server_takes_refuses_and_defers_as_we_say() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };

    // Over both ways of securing the connection, with the queue id as proof.
    for security in [Security::Tls, Security::Starttls] {
        let account = postfix.submission(security);
        smtp::check(&account).await.unwrap();
        let attempt = smtp::submit(&account, claimed(&draft_to("jinji@test.example"))).await;
        let Outcome::Accepted(reply) = attempt.outcome else { panic!("{attempt:?}") };
        assert_eq!(reply.enhanced(), Some("2.0.0"), "{reply}");
        assert!(reply.text.contains("queued as "), "{reply}");
    }
    let account = postfix.submission(Security::Tls);
    assert_eq!(dovecot.messages_until("jinji", 2).len(), 2);

    it_refuses_and_defers(&account).await;

    // A server that is away for a while.
    postfix.down();
    let attempt = smtp::submit(&account, claimed(&draft_to("jinji@test.example"))).await;
    assert!(matches!(attempt.outcome, Outcome::NotStarted(_)), "{attempt:?}");
    let trouble = attempt.trouble.unwrap();
    assert!(matches!(trouble, SmtpError::Connect(ConnectError::Connect { .. })), "{trouble:?}");
    assert!(trouble.is_transient());
    postfix.up();
    let attempt = smtp::submit(&account, claimed(&draft_to("jinji@test.example"))).await;
    assert!(matches!(attempt.outcome, Outcome::Accepted(_)), "{attempt:?}");

    assert_eq!(dovecot.messages_until("jinji", 3).len(), 3, "nothing else arrived");
}

#[tokio::test]
async fn what_a_real_server_delivers_is_what_was_approved_byte_for_byte() {
    let dovecot = Dovecot::start();
    let Some(postfix) = Postfix::start(&dovecot) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goen.db");
    let store = goen::store::Store::open(&path).unwrap();
    let id = fill(&store, 1)[0];
    let outbox = goen::outbox::Outbox::new(store);
    outbox.edit(id, &draft_to("jinji@test.example"), now()).unwrap();
    approve(&outbox, id);
    let approved: Vec<u8> = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("SELECT raw FROM outbox", [], |row| row.get(0))
        .unwrap();
    let approved = String::from_utf8(approved).unwrap().replace("\r\n", "\n");

    let claim = claim(&outbox, after(1)).unwrap();
    let claim_id = claim.id();
    let attempt = smtp::submit(&postfix.submission(Security::Tls), claim).await;
    outbox.settle(claim_id, attempt.outcome, after(1)).unwrap();

    let arrived = dovecot.messages_until("jinji", 1).remove(0);
    let received = arrived.find("From: ").unwrap();
    assert_eq!(&arrived[received..], approved);
    assert!(arrived[..received].lines().all(|line| {
        ["Return-Path:", "Delivered-To:", "Received:", "\t", " "]
            .iter()
            .any(|header| line.starts_with(header))
    }));
    read_by_python(&arrived);
}

#[tokio::test]
async fn a_server_of_another_make_takes_refuses_and_defers_as_well() {
    let server = Aiosmtpd::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goen.db");
    let store = goen::store::Store::open(&path).unwrap();
    let outbox = goen::outbox::Outbox::new(store.clone());
    for (id, security) in fill(&store, 2).into_iter().zip([Security::Tls, Security::Starttls]) {
        outbox.edit(id, &draft_to("jinji@test.example"), now()).unwrap();
        approve(&outbox, id);
        let claim = claim(&outbox, after(1)).unwrap();
        let claim_id = claim.id();
        let attempt = smtp::submit(&server.submission(security), claim).await;
        let Outcome::Accepted(reply) = &attempt.outcome else { panic!("{attempt:?}") };
        assert_eq!(reply.enhanced(), Some("2.0.0"), "{reply}");
        outbox.settle(claim_id, attempt.outcome, after(1)).unwrap();
    }
    let connection = rusqlite::Connection::open(&path).unwrap();
    let mut statement = connection.prepare("SELECT raw FROM outbox").unwrap();
    let approved = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    let mut approved: Vec<Vec<u8>> = approved.map(Result::unwrap).collect();
    let mut taken = server.messages();
    approved.sort();
    taken.sort();
    assert_eq!(taken, approved, "byte for byte");

    let account = server.submission(Security::Tls);
    it_refuses_and_defers(&account).await;
    assert_eq!(server.messages().len(), 3, "nothing else was taken");
}

/// Python's `email` package reads the reply as it was written, in its thread.
fn read_by_python(message: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reply.eml");
    std::fs::write(&file, message).unwrap();
    let script = "
import sys, email, email.policy
mail = email.message_from_binary_file(open(sys.argv[1], 'rb'), policy=email.policy.default)
print(repr([str(mail[name]) for name in ('From', 'To', 'Subject', 'Date', 'In-Reply-To', 'References')]))
print(mail.get_content(), end='')
print(mail.defects)";
    let output = Command::new("python3").args(["-c", script]).arg(&file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    assert_eq!(
        text,
        format!(
            "['山田 花子 <hanako@test.example>', '採用ご担当者様 <jinji@test.example>', \
             'Re: 選考結果のご連絡', 'Tue, 24 Nov 2026 09:30:00 +0900', \
             '<kekka-1@example.co.jp>', '<kekka-1@example.co.jp>']\n{}[]\n",
            draft().body
        ),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
