//! Submission to a real Postfix, with AUTH and TLS, and what other programs make of what arrived.

use std::process::Command;

use goen::net::{ConnectError, Security};
use goen::outbox::state::Outcome;
use goen::reply::Draft;
use goen::secret::{Credential, Secret};
use goen::smtp::{self, SmtpError};

use crate::support::aiosmtpd::Aiosmtpd;
use crate::support::dovecot::Dovecot;
use crate::support::postfix::{Postfix, SIZE_LIMIT_BYTES};
use crate::support::replies::*;

fn draft_to(recipient: &str) -> Draft {
    let mut draft = draft();
    draft.from.addr_spec = "hanako@test.example".into();
    draft.to.addr_spec = recipient.into();
    draft
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

    // An international address, where the server knows them.
    let attempt = smtp::submit(&account, claimed(&draft_to("採用@test.example"))).await;
    assert!(matches!(attempt.outcome, Outcome::Accepted(_)), "{attempt:?}");

    // What it refuses, for good and for now.
    let attempt = smtp::submit(&account, claimed(&draft_to("reject@test.example"))).await;
    let Outcome::Refused(reply) = attempt.outcome else { panic!("{attempt:?}") };
    assert_eq!((reply.code, reply.enhanced()), (550, Some("5.1.1")));
    let attempt = smtp::submit(&account, claimed(&draft_to("defer@test.example"))).await;
    let Outcome::Deferred(reply) = attempt.outcome else { panic!("{attempt:?}") };
    assert_eq!((reply.code, reply.enhanced()), (451, Some("4.3.0")));

    // What it has announced not to take.
    let mut large = draft_to("jinji@test.example");
    large.body = "大きな本文\n".repeat(SIZE_LIMIT_BYTES / 10);
    let attempt = smtp::submit(&account, claimed(&large)).await;
    assert!(matches!(attempt.outcome, Outcome::Impossible(_)), "{attempt:?}");

    // Who may not send.
    let mut stranger = account.clone();
    stranger.credential = Credential::Password(Secret::new("wrong".into()));
    let trouble = smtp::check(&stranger).await.unwrap_err();
    assert!(matches!(trouble, SmtpError::LoginRefused { .. }), "{trouble:?}");

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
    let attempt = smtp::submit(&account, claimed(&draft_to("採用@test.example"))).await;
    assert!(matches!(attempt.outcome, Outcome::Accepted(_)), "{attempt:?}");
    let attempt = smtp::submit(&account, claimed(&draft_to("reject@test.example"))).await;
    assert!(matches!(attempt.outcome, Outcome::Refused(_)), "{attempt:?}");
    let attempt = smtp::submit(&account, claimed(&draft_to("defer@test.example"))).await;
    assert!(matches!(attempt.outcome, Outcome::Deferred(_)), "{attempt:?}");
    let mut large = draft_to("jinji@test.example");
    large.body = "大きな本文\n".repeat(SIZE_LIMIT_BYTES / 10);
    let attempt = smtp::submit(&account, claimed(&large)).await;
    assert!(matches!(attempt.outcome, Outcome::Impossible(_)), "{attempt:?}");
    let mut stranger = account.clone();
    stranger.credential = Credential::Password(Secret::new("wrong".into()));
    let trouble = smtp::check(&stranger).await.unwrap_err();
    assert!(matches!(trouble, SmtpError::LoginRefused { .. }), "{trouble:?}");
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
