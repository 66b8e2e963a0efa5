//! One session, as a dialogue. Each trap of async-imap 0.12 and imap-proto 0.17 has its test, so that a
//! library update that brings one back is seen.

use std::future::pending;
use std::time::Duration;

use goen::imap::cursor::{Uid, UidValidity};
use goen::imap::session::{self, Care, Described, Session, SessionError, Waited};
use goen::lang::{Explain, Lang};
use goen::net::{Security, Server};
use goen::secret::{Credential, Secret};
use proptest::prelude::*;
use tokio::io::DuplexStream;
use tokio::task::LocalSet;
use tokio::time::Instant;

use crate::support::dialogue::Dialogue;

async fn greeted(dialogue: Dialogue) -> Session<DuplexStream> {
    Session::greet(dialogue.start()).await.expect("a greeting")
}

/// Runs a test where its scripts can run beside it.
async fn beside<T>(test: impl Future<Output = T>) -> T {
    LocalSet::new().run_until(test).await
}

fn password(text: &str) -> Credential {
    Credential::Password(Secret::new(text.to_owned()))
}

fn token() -> Credential {
    Credential::Token(Secret::new("ya29.token".to_owned()))
}

fn described(uid: u32, size: u32) -> Described {
    Described { uid: Uid(uid), size: Some(size), received_at: None }
}

/// A session in a mailbox with three messages; the rest of the script follows.
fn opened() -> Dialogue {
    Dialogue::greeting()
        .hears("EXAMINE \"INBOX\"")
        .says("* 3 EXISTS\r\n* OK [UIDVALIDITY 7] life\r\nTAG OK open\r\n")
}

async fn in_inbox(dialogue: Dialogue) -> Session<DuplexStream> {
    let mut session = greeted(dialogue).await;
    session.examine("INBOX").await.expect("opened");
    session
}

#[tokio::test(start_paused = true)]
async fn a_refused_or_cut_off_command_is_never_an_empty_success() {
    beside(async {
        let cases = [
            ("TAG NO [SERVERBUG] x\r\n", "refused NOOP"),
            ("TAG BAD x\r\n", "does not understand NOOP"),
            ("TAG BAD\r\n", "does not understand NOOP"),
            ("* OK still here\r\n", "connection was lost"),
            ("", "connection was lost"),
            ("T", "connection was lost"),
            ("X9 OK done\r\n", "a command that was not given"),
            ("X9 NO stale\r\n", "a command that was not given"),
            ("* BYE shutting down\r\n", "ended the connection: shutting down"),
            ("+ go on\r\n", "waits for more"),
            ("garbage\r\n", "cannot be parsed"),
            ("* SEARCH 1 2 (MODSEQ 99)\r\n", "cannot be parsed"),
        ];
        for (answer, expected) in cases {
            let script = Dialogue::greeting().hears("NOOP").says(answer).hangs_up();
            let error = greeted(script).await.noop().await.expect_err(answer).to_string();
            assert!(error.contains(expected), "{answer:?} gave {error:?}");
        }
        println!("{} ways to answer a command wrongly", cases.len());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn answers_nobody_asked_for_do_not_end_the_session() {
    beside(async {
        let flood = "* 9 EXISTS\r\n".repeat(150);
        for answer in [
            "* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n",
            "* ESEARCH (TAG \"A1\") UID ALL 1:3\r\n",
            "\r\n",
            "* ID (\"name\" {4}\r\nfake)\r\n",
            "* VANISHED (EARLIER) 1:5\r\n",
            "* OK [ALERT]日本語\r\n",
            "* OK \u{93}\r\n",
            "* 1 FETCH (INTERNALDATE NIL)\r\n",
            "* 1 FETCH (FLAGS (\\Seen) UID 4)\r\n",
            &flood,
        ] {
            let script =
                Dialogue::greeting().hears("NOOP").says(format!("{answer}TAG OK done\r\n"));
            greeted(script).await.noop().await.expect(answer);
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_greeting_that_is_not_ours_is_refused() {
    beside(async {
        for (greeting, expected) in [
            ("* PREAUTH welcome back\r\n", "PREAUTH"),
            ("* BYE too busy\r\n", "too busy"),
            ("A1 OK what\r\n", "does not begin with a greeting"),
            ("HTTP/1.1 400 Bad Request\r\n", "cannot be parsed"),
        ] {
            let error =
                Session::greet(Dialogue::new().says(greeting).start()).await.expect_err(greeting);
            assert!(error.to_string().contains(expected), "{error}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_is_given_up_after_a_minute() {
    beside(async {
        let began = Instant::now();
        let error = Session::greet(Dialogue::new().start()).await.expect_err("silence");
        assert!(matches!(error, SessionError::Timeout { .. }), "{error}");
        assert_eq!(began.elapsed().as_secs(), 60);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn starttls_that_is_not_offered_or_tampered_with_ends_the_connection() {
    beside(async {
        let stripped =
            Dialogue::greeting().hears("CAPABILITY").says("* CAPABILITY IMAP4rev1\r\nTAG OK\r\n");
        let error = greeted(stripped).await.starttls().await.expect_err("stripped");
        assert!(matches!(error, SessionError::Insecure(_)), "{error}");

        let injected = Dialogue::new()
            .says("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n")
            .hears("STARTTLS")
            .says("TAG OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nG2 OK injected\r\n");
        let error = greeted(injected).await.starttls().await.expect_err("injected");
        assert!(matches!(error, SessionError::Insecure(_)), "{error}");

        let refused = Dialogue::new()
            .says("* OK [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n")
            .hears("STARTTLS")
            .says("TAG NO not now\r\n");
        let error = greeted(refused).await.starttls().await.expect_err("refused");
        assert!(matches!(error, SessionError::No { .. }), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_opens_only_with_its_uidvalidity() {
    beside(async {
        let script = || Dialogue::greeting().hears("EXAMINE \"INBOX\"");
        let full = script().says(
            "* 3 EXISTS\r\n* OK [UIDVALIDITY 4000000000] x\r\n* OK [UIDNEXT 9] x\r\nTAG OK\r\n",
        );
        let mailbox = greeted(full).await.examine("INBOX").await.unwrap();
        assert_eq!(mailbox.uid_validity, UidValidity(4_000_000_000));
        assert_eq!((mailbox.uid_next, mailbox.exists), (Some(9), 3));

        let without = script().says("* 3 EXISTS\r\nTAG OK\r\n");
        let error = greeted(without).await.examine("INBOX").await.expect_err("no UIDVALIDITY");
        assert!(error.to_string().contains("UIDVALIDITY"), "{error}");

        let cut_off = script().says("* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n").hangs_up();
        let error = greeted(cut_off).await.examine("INBOX").await.expect_err("cut off");
        assert!(matches!(error, SessionError::Connection(_)), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_japanese_mailbox_is_asked_for_in_modified_utf_7() {
    beside(async {
        let script = Dialogue::greeting()
            .hears("EXAMINE \"&kHiAAw-/2026 \\\"A\\\"\"")
            .says("TAG NO [NONEXISTENT] no\r\n");
        let error = greeted(script).await.examine("選考/2026 \"A\"").await.expect_err("missing");
        assert!(matches!(&error, SessionError::NoMailbox { mailbox, .. } if mailbox == "選考/2026 \"A\""));
        assert!(error.explain(Lang::Ja).what.contains("選考"), "{error:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_password_goes_the_best_way_the_server_offers() {
    beside(async {
        for (offered, line) in [
            (" AUTH=PLAIN SASL-IR", "AUTHENTICATE PLAIN AGhhbmFrbwDjg5E="),
            ("", "LOGIN \"hanako\" \"パ\""),
        ] {
            let script = Dialogue::new()
                .says(format!("* OK [CAPABILITY IMAP4rev1{offered}] hi\r\n"))
                .hears(line)
                .says("TAG OK [CAPABILITY IMAP4rev1 IDLE] in\r\n");
            let mut session = greeted(script).await;
            session.log_in("hanako", &password("パ")).await.expect(offered);
            assert!(session.offers("IDLE").await.unwrap(), "after login the server is asked again");
        }
        let script = Dialogue::new()
            .says("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=LOGIN] hi\r\n")
            .hears("AUTHENTICATE LOGIN")
            .says("+ VXNlcm5hbWU6\r\n")
            .hears("aGFuYWtv")
            .says("+ UGFzc3dvcmQ6\r\n")
            .hears("44OR")
            .says("TAG OK [CAPABILITY IMAP4rev1] in\r\n");
        greeted(script).await.log_in("hanako", &password("パ")).await.expect("LOGIN mechanism");

        let script =
            Dialogue::new().says("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2] hi\r\n");
        let error =
            greeted(script).await.log_in("hanako", &password("x")).await.expect_err("no way");
        assert!(error.to_string().contains("XOAUTH2"), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_password_cannot_smuggle_a_command() {
    beside(async {
        let script = Dialogue::new().says("* OK [CAPABILITY IMAP4rev1] hi\r\n");
        let error = greeted(script)
            .await
            .log_in("u", &password("x\r\nA DELETE INBOX"))
            .await
            .expect_err("refused");
        assert!(error.to_string().contains("line break"), "{error}");
        assert!(!error.to_string().contains("DELETE"), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_told_with_the_reason_in_the_challenge() {
    beside(async {
        // {"status":"400","schemes":"Bearer"}
        let challenge = "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=";
        for (mechanism, line, answer) in [
            ("XOAUTH2", "AUTHENTICATE XOAUTH2", ""),
            ("OAUTHBEARER", "AUTHENTICATE OAUTHBEARER", "AQ=="),
        ] {
            let initial = if mechanism == "XOAUTH2" {
                "dXNlcj1tZQFhdXRoPUJlYXJlciB5YTI5LnRva2VuAQE="
            } else {
                "bixhPW1lLAFhdXRoPUJlYXJlciB5YTI5LnRva2VuAQE="
            };
            let script = Dialogue::new()
                .says(format!("* OK [CAPABILITY IMAP4rev1 AUTH={mechanism}] hi\r\n"))
                .hears(line)
                .says("+ \r\n")
                .hears(initial)
                .says(format!("+ {challenge}\r\n"))
                .hears(answer)
                .says("G1 NO [AUTHENTICATIONFAILED] Invalid credentials\r\n");
            let error = greeted(script).await.log_in("me", &token()).await.expect_err(mechanism);
            assert!(matches!(error, SessionError::Refused { .. }), "{error}");
            assert!(error.to_string().contains("\"status\":\"400\""), "{error}");
            assert!(!error.to_string().contains("ya29"), "{error}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn refusals_are_sorted_by_their_codes() {
    beside(async {
        for (words, busy) in [
            ("[AUTHENTICATIONFAILED] wrong", false),
            ("wrong", false),
            ("[ALERT] Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)", false),
            ("[UNAVAILABLE] backend down", true),
            ("[INUSE] locked", true),
            ("[LIMIT] too many", true),
            ("[ALERT] Too many simultaneous connections. (Failure)", true),
        ] {
            let script = Dialogue::new()
                .says("* OK [CAPABILITY IMAP4rev1] hi\r\n")
                .hears("LOGIN \"me@example.jp\" \"x\"")
                .says(format!("TAG NO {words}\r\n"));
            let error = greeted(script).await.log_in("me@example.jp", &password("x")).await.expect_err(words);
            assert_eq!(matches!(error, SessionError::Busy(_)), busy, "{words}");
            assert_eq!(matches!(error, SessionError::Refused { .. }), !busy, "{words}");
            for lang in [Lang::Ja, Lang::En] {
                let explanation = error.explain(lang);
                assert!(explanation.what.ends_with(words), "{}", explanation.what);
                assert_eq!(explanation.hint.is_some_and(|hint| hint.contains("Gmail")), words.contains("google.com"));
            }
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_wakes_for_mail_and_not_for_keepalives() {
    beside(async {
        let script = opened()
            .hears("IDLE")
            .says("+ idling\r\n* OK Still here\r\n* 1 RECENT\r\n* 2 FETCH (FLAGS (\\Seen))\r\n* 4 EXISTS\r\n")
            .hears("DONE")
            .says("G2 OK done\r\n");
        let mut session = in_inbox(script).await;
        let waited = session.idle(Instant::now() + Duration::from_mins(5), pending()).await.unwrap();
        assert_eq!(waited, Waited::Changed);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_notices_mail_announced_before_it_began() {
    beside(async {
        let script = opened()
            .hears("IDLE")
            .says("* 9 EXISTS\r\n+ idling\r\n")
            .hears("DONE")
            .says("G2 OK done\r\n");
        let mut session = in_inbox(script).await;
        let waited =
            session.idle(Instant::now() + Duration::from_mins(5), pending()).await.unwrap();
        assert_eq!(waited, Waited::Changed);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_ends_when_its_time_is_up_or_we_are_woken() {
    beside(async {
        let script =
            opened().hears("IDLE").says("+ idling\r\n").hears("DONE").says("G2 OK done\r\n");
        let mut session = in_inbox(script).await;
        let began = Instant::now();
        let waited = session.idle(began + Duration::from_mins(5), pending()).await.unwrap();
        assert_eq!((waited, began.elapsed().as_secs()), (Waited::TimedOut, 300));

        let script =
            opened().hears("IDLE").says("+ idling\r\n").hears("DONE").says("G2 OK done\r\n");
        let mut session = in_inbox(script).await;
        let woken = tokio::time::sleep(Duration::from_secs(3));
        let waited = session.idle(Instant::now() + Duration::from_mins(5), woken).await.unwrap();
        assert_eq!(waited, Waited::Woken);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn idle_that_is_refused_ended_or_cut_off_is_noticed() {
    beside(async {
        let until = || Instant::now() + Duration::from_mins(5);
        let idling = |answer: &str| opened().hears("IDLE").says(answer).hangs_up();

        let error =
            in_inbox(idling("TAG NO no\r\n")).await.idle(until(), pending()).await.unwrap_err();
        assert!(matches!(error, SessionError::No { .. }), "{error}");
        let error =
            in_inbox(idling("TAG BAD\r\n")).await.idle(until(), pending()).await.unwrap_err();
        assert!(matches!(error, SessionError::No { .. }), "{error}");
        let waited = in_inbox(idling("+ x\r\nTAG OK over\r\n"))
            .await
            .idle(until(), pending())
            .await
            .unwrap();
        assert_eq!(waited, Waited::ServerEnded);
        let error = in_inbox(idling("+ x\r\n* BYE autologout\r\n"))
            .await
            .idle(until(), pending())
            .await
            .unwrap_err();
        assert!(matches!(error, SessionError::Bye(_)), "{error}");
        let error = in_inbox(idling("+ x\r\n")).await.idle(until(), pending()).await.unwrap_err();
        assert!(matches!(error, SessionError::Connection(_)), "{error}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_died_in_idle_is_noticed_soon_after_it_is_asked() {
    beside(async {
        let script = opened().hears("IDLE").says("+ idling\r\n");
        let mut session = in_inbox(script).await;
        let began = Instant::now();
        let error = session.idle(began + Duration::from_mins(5), pending()).await.unwrap_err();
        assert!(matches!(error, SessionError::Timeout { .. }), "{error}");
        assert_eq!(began.elapsed().as_secs(), 315, "in under six minutes");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn messages_are_matched_by_uid_whatever_else_the_server_says() {
    beside(async {
        let script = opened().hears("UID FETCH 5,7,9 (UID BODY.PEEK[]<0.131072>)").says(
            "* 7 FETCH (FLAGS (\\Seen))\r\n* 4 EXISTS\r\n* 1 FETCH (UID 5 BODY[]<0> {3}\r\nabc)\r\n\
                 * 2 FETCH (BODY[]<0> {3}\r\ndef)\r\n* 2 FETCH (UID 7)\r\n\
                 * 3 FETCH (UID 4 BODY[]<0> {3}\r\nxxx)\r\nTAG OK\r\n",
        );
        let mut session = in_inbox(script).await;
        let batch = [described(5, 3), described(7, 3), described(9, 3)];
        let fetched = session.fetch(&batch, Care::Usual).await.unwrap();
        let texts: Vec<_> =
            fetched.arrivals.iter().map(|a| (a.uid.0, a.message.as_slice())).collect();
        assert_eq!(texts, [(5, &b"abc"[..]), (7, b"def")]);
        assert_eq!(fetched.missing, [Uid(9)], "expunged meanwhile");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_large_message_is_read_without_its_attachments() {
    beside(async {
        let structure = "((\"text\" \"plain\" (\"charset\" \"utf-8\") NIL NIL \"8bit\" 6 1 NIL NIL NIL NIL)\
            (\"application\" \"pdf\" NIL NIL NIL \"base64\" 5000000 NIL (\"attachment\" (\"filename\" \"履歴書(1).pdf\")) NIL NIL) \
            \"mixed\" (\"boundary\" \"b=1\") NIL NIL NIL)";
        let script = opened()
            .hears("UID FETCH 5 (UID BODYSTRUCTURE)")
            .says(format!("* 1 FETCH (UID 5 BODYSTRUCTURE {structure})\r\nTAG OK\r\n"))
            .hears("UID FETCH 5 (UID BODY.PEEK[HEADER]<0.65536> BODY.PEEK[1.MIME]<0.8192> BODY.PEEK[2.MIME]<0.8192> BODY.PEEK[1]<0.6>)")
            .says(
                "* 1 FETCH (UID 5 BODY[HEADER]<0> {38}\r\nContent-Type: multipart/mixed; ...\r\n\r\n \
                 BODY[1.MIME]<0> {28}\r\nContent-Type: text/plain\r\n\r\n BODY[2.MIME]<0> {33}\r\n\
                 Content-Type: application/pdf\r\n\r\n BODY[1]<0> {6}\r\n通過)\r\nTAG OK\r\n",
            );
        let mut session = in_inbox(script).await;
        let fetched = session.fetch(&[described(5, 5_100_000)], Care::Usual).await.unwrap();
        let arrival = &fetched.arrivals[0];
        assert!(arrival.truncated);
        assert_eq!(
            String::from_utf8_lossy(&arrival.message),
            "Content-Type: multipart/mixed; ...\r\n\r\n--b=1\r\nContent-Type: text/plain\r\n\r\n通過\r\n\
             --b=1\r\nContent-Type: application/pdf\r\n\r\n\r\n--b=1--\r\n"
        );
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_structure_that_is_not_told_falls_back_to_the_first_bytes() {
    beside(async {
        let script = opened()
            .hears("UID FETCH 5 (UID BODYSTRUCTURE)")
            .says("* 1 FETCH (UID 5)\r\nTAG OK\r\n")
            .hears("UID FETCH 5 (UID BODY.PEEK[]<0.131072>)")
            .says("* 1 FETCH (UID 5 BODY[]<0> {3}\r\nabc)\r\nTAG OK\r\n");
        let mut session = in_inbox(script).await;
        let fetched = session.fetch(&[described(5, 5_100_000)], Care::Usual).await.unwrap();
        assert_eq!(fetched.arrivals[0].message, b"abc");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_floods_us_is_left() {
    beside(async {
        for answer in [
            format!("* 1 FETCH (UID 5 BODY[] {{{}}}\r\n", 500_000_000),
            format!("* OK {}", "a".repeat(2 << 20)),
            format!("* 1 FETCH (BODYSTRUCTURE {}\r\n", "(".repeat(400)),
        ] {
            let script = opened().hears("UID FETCH 5 (UID BODY.PEEK[]<0.131072>)").says(answer);
            let mut session = in_inbox(script).await;
            let error = session.fetch(&[described(5, 3)], Care::Usual).await.unwrap_err();
            assert!(matches!(error, SessionError::Protocol(_)), "{error}");
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_drips_for_ever_is_given_up() {
    beside(async {
        let (ours, theirs) = tokio::io::duplex(1024);
        tokio::task::spawn_local(async move {
            use tokio::io::AsyncWriteExt;
            let mut theirs = theirs;
            theirs.write_all(b"* OK hi\r\n").await.unwrap();
            while theirs.write_all(b"* OK still thinking\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_secs(30)).await;
            }
        });
        let mut session = Session::greet(ours).await.unwrap();
        let began = Instant::now();
        let error = session.noop().await.unwrap_err();
        assert!(matches!(error, SessionError::Timeout { .. }), "{error}");
        assert!(began.elapsed() <= Duration::from_mins(11), "{:?}", began.elapsed());
    })
    .await;
}

/// Pieces of answers, to be put together at random.
const PIECES: [&str; 24] = [
    "* ",
    "1 FETCH (",
    "UID 5",
    " BODY[] ",
    "BODYSTRUCTURE ",
    "(\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 5 1)",
    "(\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7BIT\" 5 ",
    "INTERNALDATE \"17-Jul-1996 02:44:25 -0700\"",
    "INTERNALDATE NIL",
    "RFC822.SIZE 4294967295",
    "{3}\r\nabc",
    "{0}\r\n",
    "NIL",
    "\"日本\"",
    "(",
    ")",
    " ",
    "\r\n",
    "OK [ALERT]",
    "日",
    "[UIDVALIDITY 7]",
    "5 EXPUNGE",
    "G3 OK done\r\n",
    "BYE",
];

proptest! {
    #[test]
    fn no_answer_makes_the_session_panic_or_hang(
        pieces in prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..40)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        LocalSet::new().block_on(&runtime, async {
            let script = opened()
                .hears("UID FETCH 5 (UID BODYSTRUCTURE)")
                .says(pieces.concat())
                .hangs_up();
            let mut session = in_inbox(script).await;
            let batch = [described(5, 5_000_000)];
            let ended = session.fetch(&batch, Care::Usual);
            let ended = tokio::time::timeout(Duration::from_hours(1), ended).await;
            assert!(ended.is_ok(), "it hangs");
        });
    }
}

const NOTIFY: &str = "NOTIFY SET (mailboxes (\"INBOX\" \"&kHiAAw-\") (MessageNew MessageExpunge)) \
                      (personal (MessageNew MessageExpunge))";

fn told() -> Dialogue {
    opened().hears(NOTIFY).says("TAG OK set\r\n")
}

async fn listening(script: Dialogue) -> Session<DuplexStream> {
    let mut session = in_inbox(script).await;
    session.notify(&["INBOX".to_owned(), "選考".to_owned()]).await.unwrap();
    session
}

#[tokio::test(start_paused = true)]
async fn one_connection_hears_of_many_mailboxes() {
    beside(async {
        let until = || Instant::now() + Duration::from_mins(5);
        let script = told().says(
            "* OK Still here\r\n* 2 FETCH (FLAGS (\\Seen))\r\n\
             * STATUS \"&kHiAAw-\" (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7 HIGHESTMODSEQ 12)\r\n",
        );
        let mut session = listening(script).await;
        assert_eq!(session.listen(until(), pending()).await.unwrap(), Waited::Changed);
        assert_eq!(session.take_news(), [("選考".to_owned(), Some(9))].into());
        let began = Instant::now();
        assert_eq!(session.listen(until(), pending()).await.unwrap(), Waited::TimedOut);
        assert_eq!(began.elapsed().as_secs(), 300, "told once");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_that_dovecot_names_in_utf_8_is_known_by_that_name() {
    beside(async {
        let script = told().says("* STATUS {6}\r\n選考 (MESSAGES 1 UIDNEXT 2 UNSEEN 1)\r\n");
        let mut session = listening(script).await;
        assert_eq!(session.listen(Instant::now(), pending()).await.unwrap(), Waited::Changed);
        assert_eq!(session.take_news(), [("選考".to_owned(), Some(2))].into());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn news_that_came_before_the_wait_is_not_slept_through() {
    beside(async {
        let script = opened()
            .hears(NOTIFY)
            .says("* STATUS INBOX (MESSAGES 3 UIDNEXT 9 UIDVALIDITY 7)\r\nTAG OK set\r\n");
        let mut session = listening(script).await;
        let waited = session.listen(Instant::now(), pending()).await.unwrap();
        assert_eq!(waited, Waited::Changed);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_telling_or_dies_is_noticed() {
    beside(async {
        let until = || Instant::now() + Duration::from_mins(5);
        let script = told().says("* OK [NOTIFICATIONOVERFLOW] too much\r\n");
        let error = listening(script).await.listen(until(), pending()).await.unwrap_err();
        assert!(matches!(error, SessionError::No { .. }), "{error}");
        let error =
            listening(told().hangs_up()).await.listen(until(), pending()).await.unwrap_err();
        assert!(matches!(error, SessionError::Connection(_)), "{error}");
        // After a resume a connection that does not answer is given up at once.
        let mut session = listening(told()).await;
        let began = Instant::now();
        let woken = tokio::time::sleep(Duration::from_secs(3));
        let error = session.listen(until(), woken).await.unwrap_err();
        assert!(matches!(error, SessionError::Timeout { .. }), "{error}");
        assert_eq!(began.elapsed().as_secs(), 5);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_status_that_nobody_asked_for_does_not_reach_the_parser() {
    beside(async {
        let script =
            opened().hears("NOOP").says("* STATUS INBOX (MAILBOXID (F1))\r\nTAG OK done\r\n");
        in_inbox(script).await.noop().await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_half_way_into_tls_is_given_up() {
    let mut cases = 0;
    for said in [
        &b""[..],
        b"\x16",
        b"\x16\x03\x03\x40\x00",
        b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03",
        b"\x15\x03\x03\x00\x02\x02\x28",
        b"* OK no TLS here\r\n",
    ] {
        for hangs_up in [true, false] {
            beside(async {
                let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
                let server = Server {
                    host: "127.0.0.1".to_owned(),
                    port: listener.local_addr().unwrap().port(),
                    security: Security::Tls,
                    ca_file: None,
                };
                tokio::task::spawn_local(async move {
                    let (mut line, _address) = listener.accept().await.unwrap();
                    let _ = tokio::io::AsyncWriteExt::write_all(&mut line, said).await;
                    if !hangs_up {
                        pending::<()>().await;
                    }
                });
                let opened = tokio::time::timeout(Duration::from_mins(2), session::open(&server));
                let opened = opened.await.unwrap_or_else(|_| panic!("{said:?}: it hangs"));
                assert!(opened.is_err(), "{said:?}");
            })
            .await;
            cases += 1;
        }
    }
    println!("{cases} handshakes that end half way");
    assert_eq!(cases, 12);
}
