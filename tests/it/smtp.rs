//! Submission against a scripted server: each way a server can let us down, and what is made of it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use goen::lang::{Explain as _, Lang};
use goen::net::Security;
use goen::outbox::Outbox;
use goen::outbox::state::{Outcome, Reply};
use goen::smtp::{self, SmtpError, Submission};
use goen::store::Store;
use tokio::time::Instant;

use crate::support::replies::{after, approve, claim, claimed, draft, fill};
use crate::support::smtp::*;

async fn outcome(server: &SmtpServer) -> Outcome {
    let attempt = smtp::submit(&server.account(), claimed(&draft())).await;
    attempt.farewell.say().await;
    attempt.outcome
}

async fn against(script: Script) -> (Outcome, Log) {
    let server = SmtpServer::start(script).await;
    let outcome = outcome(&server).await;
    (outcome, server.log())
}

fn reply(code: u16, text: &str) -> Reply {
    Reply { code, text: text.into() }
}

fn accepted() -> Outcome {
    Outcome::Accepted(reply(250, "2.0.0 Ok: queued as 4F1C2"))
}

const ALL: [Security; 3] = [Security::Plain, Security::Tls, Security::Starttls];

#[tokio::test]
async fn a_reply_is_submitted_and_the_queue_id_is_kept() {
    for security in ALL {
        let (outcome, log) = against(Script::default().secured(security)).await;
        assert_eq!(outcome, accepted(), "{security:?}");
        assert_eq!(log.messages.len(), 1);
    }
}

#[tokio::test]
async fn the_dialogue_is_this_one() {
    let (_, log) = against(Script::default()).await;
    let size = log.messages[0].len();
    assert_eq!(
        log.commands,
        [
            "EHLO [127.0.0.1]",
            "AUTH PLAIN AGhhbmFrb0BleGFtcGxlLmpwAOOBsuOBv+OBpA==",
            &format!("MAIL FROM:<hanako@example.jp> SIZE={size}"),
            "RCPT TO:<jinji@example.co.jp>",
            "DATA",
            "QUIT",
        ]
    );
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_but_ehlo_and_starttls() {
    let (_, log) = against(Script::default().secured(Security::Starttls)).await;
    assert_eq!(log.commands[..3], ["EHLO [127.0.0.1]", "STARTTLS", "EHLO [127.0.0.1]"]);
}

/// Submits an approved reply whose stored bytes were replaced by `tampered`, if given. Gives the
/// bytes that were stored, and what came of them.
async fn stored_and_sent(tampered: Option<&str>) -> (Vec<u8>, Outcome, Log) {
    stored_and_sent_to(Script::default().secured(Security::Tls), tampered).await
}

async fn stored_and_sent_to(script: Script, tampered: Option<&str>) -> (Vec<u8>, Outcome, Log) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("goen.db");
    let store = Store::open(&path).unwrap();
    let id = fill(&store, 1)[0];
    let outbox = Outbox::new(store);
    approve(&outbox, id);
    let sql = rusqlite::Connection::open(&path).unwrap();
    if let Some(raw) = tampered {
        sql.execute("UPDATE outbox SET raw = ?1", [raw.as_bytes()]).unwrap();
    }
    let raw = sql.query_row("SELECT raw FROM outbox", [], |row| row.get(0)).unwrap();
    let server = SmtpServer::start(script).await;
    let attempt = smtp::submit(&server.account(), claim(&outbox, after(1)).unwrap()).await;
    (raw, attempt.outcome, server.log())
}

#[tokio::test]
async fn exactly_the_approved_bytes_arrive() {
    let (approved, outcome, log) = stored_and_sent(None).await;
    assert_eq!(outcome, accepted());
    assert_eq!(log.messages, [approved]);
}

#[tokio::test]
async fn lines_that_begin_with_dots_arrive_as_they_are() {
    let dots = "From: a@example.jp\r\n\r\n.\r\n..\r\n.x\r\n\r\n...\r\n";
    let (stored, outcome, log) = stored_and_sent(Some(dots)).await;
    assert_eq!(outcome, accepted());
    assert_eq!(log.messages, [stored]);
}

#[tokio::test]
async fn a_bare_line_feed_before_a_dot_never_leaves() {
    let smuggled = "From: a@example.jp\r\n\r\nx\n.\nMAIL FROM:<evil@example.com>\r\n";
    for tampered in [smuggled, &smuggled.replace('\n', "\r"), "x\0y\r\n", "no end", "x\r\n\r\n"] {
        let (_, outcome, log) = stored_and_sent(Some(tampered)).await;
        assert_eq!(name(&outcome), "impossible", "{tampered:?}");
        assert!(!log.commands.iter().any(|line| line.starts_with("MAIL")), "{tampered:?}");
    }
}

#[tokio::test]
async fn eight_bit_text_needs_a_server_that_takes_it() {
    let text = "From: a@example.jp\r\n\r\n日本語\r\n";
    for (features, expected) in
        [(&["AUTH PLAIN", "8BITMIME"][..], "accepted"), (&["AUTH PLAIN"], "impossible")]
    {
        let script = Script::default().offering(features);
        let (_, outcome, log) = stored_and_sent_to(script, Some(text)).await;
        assert_eq!(name(&outcome), expected);
        let declared = log.commands.iter().any(|line| line.ends_with(" BODY=8BITMIME"));
        assert_eq!(declared, expected == "accepted", "{:?}", log.commands);
    }
}

/// What must come of a fault at a step, whatever its words.
fn expected(step: Step, fault: &Fault) -> &'static str {
    use Fault::*;
    let negative = |words: &[u8]| match words.first() {
        Some(b'4') => Some("deferred"),
        Some(b'5') => Some("refused"),
        _ => None,
    };
    match (step, fault) {
        (Step::Quit, _) => "accepted",
        // Before MAIL, everything is the account's trouble.
        (Step::Greeting | Step::Ehlo | Step::Starttls | Step::Auth, _) => "not started",
        (Step::Dot, HangUpAfter | SayMore(_)) => "accepted",
        (Step::Dot, HangUp | Stall) => "lost",
        (Step::Dot, Say(words) | SayAndHangUp(words)) => negative(words).unwrap_or("lost"),
        // The whole message was in the socket before the server did anything.
        (Step::Body, HangUp | HangUpAfter | Stall) => "lost",
        // Said when all of the message has left, it cannot be told from the answer; half of one is
        // completed by the real one.
        (Step::Body, SayMore(words)) if words.starts_with(b"250 ") => "accepted",
        (Step::Body, Say(words)) if words == b"250-half an answer\r\n" => "accepted",
        (Step::Body, Say(words) | SayMore(words) | SayAndHangUp(words)) => {
            negative(words).unwrap_or("lost")
        }
        (_, Say(words) | SayAndHangUp(words)) => negative(words).unwrap_or("not started"),
        (_, HangUp | HangUpAfter | Stall | SayMore(_)) => "not started",
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted(_) => "accepted",
        Outcome::Refused(_) => "refused",
        Outcome::Deferred(_) => "deferred",
        Outcome::Impossible(_) => "impossible",
        Outcome::NotStarted(_) => "not started",
        Outcome::Lost(_) => "lost",
    }
}

fn faults() -> Vec<Fault> {
    let words = |words: &[&str]| -> Vec<Vec<u8>> {
        words.iter().map(|words| words.as_bytes().to_vec()).collect()
    };
    let mut all = vec![Fault::HangUp, Fault::HangUpAfter, Fault::Stall];
    all.extend(
        words(&[
            "421 4.3.2 shutting down\r\n",
            "451 4.7.1 greylisted, try later\r\n",
            "550 5.1.1 no\r\n",
            "554-5.7.1 no\r\n554 5.7.1 way\r\n",
            "hello there\r\n",
            "25",
            "250-half an answer\r\n",
            "250-one\r\n550 other\r\n",
            "999 what\r\n",
            "\r\n",
        ])
        .into_iter()
        .flat_map(|words| [Fault::Say(words.clone()), Fault::SayAndHangUp(words)]),
    );
    all.push(Fault::Say(vec![b'2'; 100_000]));
    all.push(Fault::Say(vec![0xff; 50]));
    all.extend(
        words(&["250 2.0.0 Ok: queued as EARLY\r\n", "421 bye\r\n", "x"])
            .into_iter()
            .map(Fault::SayMore),
    );
    all
}

/// Silence is waited for in paused time, so the minutes of RFC 5321 pass at once.
#[tokio::test(start_paused = true)]
async fn every_fault_at_every_step_has_the_one_safe_outcome() {
    let mut cases = 0;
    for security in ALL {
        for step in Step::ALL {
            if step == Step::Starttls && security != Security::Starttls {
                continue;
            }
            for fault in faults() {
                let case = format!("{security:?} {step:?} {fault:?}");
                let script = Script::fault(step, fault.clone()).secured(security);
                let (outcome, log) = against(script).await;
                let got = name(&outcome);
                assert_eq!(got, expected(step, &fault), "{case}: {outcome:?}");
                let held = log.messages.len();
                match got {
                    "accepted" => assert_eq!(held, 1, "{case}"),
                    "lost" => assert!(held <= 1, "{case}"),
                    _ if step == Step::Body => {}
                    _ => assert_eq!(held, 0, "{case}: {outcome:?}"),
                }
                assert_eq!(log.connections, 1, "{case}");
                cases += 1;
            }
        }
    }
    println!("fault matrix: {cases} cases");
}

#[tokio::test(start_paused = true)]
async fn an_early_answer_is_not_taken_for_the_answer_to_the_message() {
    let early = Fault::SayMore(b"250 2.0.0 Ok: queued as EARLY\r\n".to_vec());
    let (outcome, log) = against(Script::fault(Step::Data, early)).await;
    let Outcome::NotStarted(words) = outcome else { panic!("{outcome:?}") };
    let told = words.to_string();
    assert!(told.contains("out of turn: 250 2.0.0 Ok: queued as EARLY"), "{told}");
    assert_eq!(log.messages.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn silence_after_the_dot_is_lost_after_ten_minutes_and_not_before() {
    let server = SmtpServer::start(Script::fault(Step::Dot, Fault::Stall)).await;
    let start = Instant::now();
    let Outcome::Lost(words) = outcome(&server).await else { panic!() };
    let waited = start.elapsed();
    assert!((Duration::from_mins(10)..Duration::from_secs(601)).contains(&waited), "{waited:?}");
    let words = words.to_string();
    assert_eq!(words, "waiting for the answer to the message: no answer within 10 minutes");
}

#[tokio::test(start_paused = true)]
async fn data_that_is_not_answered_by_354_sends_nothing() {
    for words in ["250 odd\r\n", "334 odd\r\n", "200 odd\r\n"] {
        let (outcome, log) = against(Script::fault(Step::Data, Fault::Say(words.into()))).await;
        assert_eq!(name(&outcome), "not started", "{words:?}");
        assert!(log.messages.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_354_after_the_dot_is_no_acceptance() {
    let (outcome, _) = against(Script::fault(Step::Dot, Fault::Say(b"354 what\r\n".into()))).await;
    assert_eq!(name(&outcome), "lost");
}

#[tokio::test]
async fn an_acceptance_in_odd_form_is_an_acceptance() {
    for words in [
        &b"250\r\n"[..],
        b"250 bare line feed\n",
        b"250 \x8e\xf3\x95t\r\n",
        b"250-2.0.0 Ok\r\n250 2.0.0 queued as 1\r\n",
        b"251 will forward\r\n",
    ] {
        let (outcome, _) = against(Script::fault(Step::Dot, Fault::Say(words.to_vec()))).await;
        assert_eq!(name(&outcome), "accepted", "{words:?}");
    }
}

#[tokio::test]
async fn a_refusal_keeps_the_servers_words() {
    let words = b"550-5.1.1 no such\r\n550 5.1.1 user here\r\n".to_vec();
    let (outcome, _) = against(Script::fault(Step::Rcpt, Fault::Say(words))).await;
    assert_eq!(outcome, Outcome::Refused(reply(550, "5.1.1 no such 5.1.1 user here")));
}

#[tokio::test]
async fn what_happens_at_quit_changes_nothing() {
    let garbage = Fault::SayAndHangUp(b"554 5.0.0 never mind\r\n".into());
    for fault in [Fault::HangUp, garbage] {
        let (outcome, _) = against(Script::fault(Step::Quit, fault)).await;
        assert_eq!(outcome, accepted());
    }
}

/// A server that answers QUIT slowly, and a daemon that is killed meanwhile, must not cost the answer.
#[tokio::test]
async fn the_outcome_is_known_before_goodbye_is_said() {
    let server = SmtpServer::start(Script::fault(Step::Quit, Fault::Stall)).await;
    let attempt = smtp::submit(&server.account(), claimed(&draft())).await;
    assert_eq!(attempt.outcome, accepted());
    assert_eq!(server.log().commands.last().unwrap(), "DATA");
}

async fn trouble(server: &SmtpServer, account: &Submission) -> SmtpError {
    let attempt = smtp::submit(account, claimed(&draft())).await;
    assert_eq!(name(&attempt.outcome), "not started", "{:?}", attempt.outcome);
    assert!(server.messages().is_empty());
    attempt.trouble.unwrap()
}

#[tokio::test]
async fn plaintext_injected_behind_starttls_is_refused() {
    let injected = b"220 go\r\n250-INJECTED\r\n250 AUTH PLAIN\r\n".to_vec();
    let script = Script::fault(Step::Starttls, Fault::Say(injected)).secured(Security::Starttls);
    let server = SmtpServer::start(script).await;
    let error = trouble(&server, &server.account()).await;
    assert!(matches!(error, SmtpError::Injection { .. }), "{error:?}");
    assert!(!error.is_transient());
    assert!(!server.log().commands.iter().any(|line| line.starts_with("AUTH")));
}

#[tokio::test]
async fn a_server_without_starttls_hears_no_password() {
    let server = SmtpServer::start(Script::default()).await;
    let mut account = server.account();
    account.server.security = Security::Starttls;
    let error = trouble(&server, &account).await;
    assert!(matches!(error, SmtpError::NoStarttls { .. }), "{error:?}");
    assert_eq!(server.log().commands, ["EHLO [127.0.0.1]"]);
}

#[tokio::test]
async fn an_unknown_certificate_hears_nothing() {
    let server = SmtpServer::start(Script::default().secured(Security::Tls)).await;
    let other = SmtpServer::start(Script::default()).await;
    let mut account = server.account();
    account.server.ca_file = other.account().server.ca_file;
    let error = trouble(&server, &account).await;
    assert!(matches!(error, SmtpError::Connect(_)), "{error:?}");
    assert!(server.log().commands.is_empty());
}

#[tokio::test]
async fn a_refused_password_is_the_accounts_trouble() {
    let refused = Fault::Say(b"535 5.7.8 authentication failed\r\n".to_vec());
    let server = SmtpServer::start(Script::fault(Step::Auth, refused)).await;
    let error = trouble(&server, &server.account()).await;
    assert!(matches!(&error, SmtpError::LoginRefused { reply, .. } if reply.code == 535));
    assert!(!error.is_transient());
    assert!(error.explain(Lang::Ja).hint.unwrap().contains("アプリパスワード"));
}

#[tokio::test]
async fn a_login_that_cannot_be_checked_now_is_not_refused() {
    let later = Fault::Say(b"454 4.7.0 temporary failure\r\n".to_vec());
    let server = SmtpServer::start(Script::fault(Step::Auth, later)).await;
    let error = trouble(&server, &server.account()).await;
    assert!(error.is_transient(), "{error:?}");
}

#[tokio::test]
async fn a_refused_token_is_told_from_a_protocol_error() {
    for mechanism in ["XOAUTH2", "OAUTHBEARER"] {
        let auth = format!("AUTH {mechanism}");
        let script = Script::fault(Step::Auth, Fault::Say(REFUSED_TOKEN.to_vec()));
        let server = SmtpServer::start(script.offering(&[&auth])).await;
        let error = trouble(&server, &server.with_token()).await;
        let SmtpError::TokenRefused { words, .. } = error else { panic!("{error:?}") };
        assert_eq!(words, r#"535 5.7.8 not accepted {"status":"401"}"#);
    }
}

#[tokio::test]
async fn the_best_mechanism_offered_is_used() {
    for (offered, first_line) in [
        ("AUTH LOGIN PLAIN", "AUTH PLAIN AGhhbmFrb0BleGFtcGxlLmpwAOOBsuOBv+OBpA=="),
        ("AUTH LOGIN", "AUTH LOGIN"),
    ] {
        let server = SmtpServer::start(Script::default().offering(&[offered])).await;
        assert_eq!(outcome(&server).await, accepted());
        assert_eq!(server.log().commands[1], first_line);
    }
    for (offered, scheme) in
        [("AUTH XOAUTH2 PLAIN", "AUTH XOAUTH2 "), ("AUTH XOAUTH2 OAUTHBEARER", "AUTH OAUTHBEARER ")]
    {
        let server = SmtpServer::start(Script::default().offering(&[offered])).await;
        let attempt = smtp::submit(&server.with_token(), claimed(&draft())).await;
        assert_eq!(attempt.outcome, accepted());
        assert!(server.log().commands[1].starts_with(scheme));
    }
}

#[tokio::test]
async fn login_answers_both_prompts() {
    let server = SmtpServer::start(Script::default().offering(&["AUTH LOGIN"])).await;
    outcome(&server).await;
    let log = server.log();
    assert_eq!(log.commands[2..4], ["aGFuYWtvQGV4YW1wbGUuanA=", "44Gy44G/44Gk"]);
}

#[tokio::test]
async fn a_server_that_knows_no_way_to_log_in_is_told_apart() {
    for offered in ["AUTH CRAM-MD5", "SIZE 1000"] {
        let server = SmtpServer::start(Script::default().offering(&[offered])).await;
        let error = trouble(&server, &server.account()).await;
        assert!(matches!(error, SmtpError::NoMechanism { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_message_larger_than_the_servers_limit_is_not_begun() {
    let server = SmtpServer::start(Script::default().offering(&["AUTH PLAIN", "SIZE 100"])).await;
    let Outcome::Impossible(words) = outcome(&server).await else { panic!() };
    assert!(words.to_string().ends_with("the server takes 100 at most"), "{words}");
    assert!(
        words.told(Lang::Ja).contains("サーバーの上限（100 バイト）"),
        "{}",
        words.told(Lang::Ja)
    );
    assert!(!server.log().commands.iter().any(|line| line.starts_with("MAIL")));
}

#[tokio::test]
async fn size_is_declared_only_where_it_is_offered() {
    let server = SmtpServer::start(Script::default().offering(&["AUTH PLAIN"])).await;
    assert_eq!(outcome(&server).await, accepted());
    assert_eq!(server.log().commands[2], "MAIL FROM:<hanako@example.jp>");
}

#[tokio::test]
async fn an_international_address_needs_a_server_that_knows_them() {
    let mut international = draft();
    // A domain has an ASCII form, which every server takes; a local part has none.
    international.to.addr_spec = "saiyo@例え.jp".into();
    let plain = SmtpServer::start(Script::default().offering(&["AUTH PLAIN"])).await;
    let attempt = smtp::submit(&plain.account(), claimed(&international)).await;
    assert_eq!(attempt.outcome, accepted());
    assert_eq!(plain.log().commands[3], "RCPT TO:<saiyo@xn--r8jz45g.jp>");
    international.to.addr_spec = "採用@例え.example".into();
    let server = SmtpServer::start(Script::default()).await;
    let attempt = smtp::submit(&server.account(), claimed(&international)).await;
    assert_eq!(attempt.outcome, accepted());
    assert!(server.log().commands[2].ends_with(" BODY=8BITMIME SMTPUTF8"));
    assert_eq!(server.log().commands[3], "RCPT TO:<採用@例え.example>");

    for offered in [&["AUTH PLAIN", "8BITMIME"][..], &["AUTH PLAIN"]] {
        let server = SmtpServer::start(Script::default().offering(offered)).await;
        let attempt = smtp::submit(&server.account(), claimed(&international)).await;
        assert_eq!(name(&attempt.outcome), "impossible");
    }
}

#[tokio::test]
async fn a_message_that_was_cut_off_before_its_end_was_never_there() {
    // Larger than what the sockets hold, so that the end cannot have left.
    let mut long = draft();
    long.body = "長い本文です。\n".repeat(200_000);
    let server = SmtpServer::start(
        Script::fault(Step::Body, Fault::HangUp).offering(&["AUTH PLAIN", "SIZE 0"]),
    )
    .await;
    let attempt = smtp::submit(&server.account(), claimed(&long)).await;
    assert_eq!(name(&attempt.outcome), "not started", "{:?}", attempt.outcome);
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_check_logs_in_and_sends_nothing() {
    let server = SmtpServer::start(Script::default().secured(Security::Tls)).await;
    smtp::check(&server.account()).await.unwrap();
    let log = server.log();
    assert_eq!(log.commands.len(), 3);
    assert_eq!(log.commands[2], "QUIT");
}

#[tokio::test]
async fn no_secret_is_in_what_an_error_says() {
    let seen = AtomicUsize::new(0);
    for step in [Step::Greeting, Step::Ehlo, Step::Auth] {
        let server =
            SmtpServer::start(Script::fault(step, Fault::SayAndHangUp(b"5\r\n".into()))).await;
        let error = trouble(&server, &server.account()).await;
        for text in [format!("{error:?}"), error.to_string(), error.explain(Lang::En).what] {
            assert!(!text.contains("ひみつ") && !text.contains("AGhhbmFrb"), "{text}");
            seen.fetch_add(1, Ordering::Relaxed);
        }
    }
    assert_eq!(seen.into_inner(), 9);
}
