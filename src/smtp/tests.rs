//! The wire under lettre, and what is read from EHLO.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::*;

fn pair() -> (Wire<DuplexStream>, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    (Wire::new(ours), theirs)
}

async fn heard(bytes: &[u8]) -> io::Result<String> {
    let (mut wire, mut server) = pair();
    server.write_all(bytes).await.unwrap();
    drop(server);
    wire.answer().await
}

#[tokio::test]
async fn an_answer_is_put_into_the_form_that_lettre_reads() {
    assert_eq!(heard(b"220 hello\r\n").await.unwrap(), "220 hello\r\n");
    assert_eq!(heard(b"250-a\r\n250-b\r\n250 c\r\n").await.unwrap(), "250-a\r\n250-b\r\n250 c\r\n");
    assert_eq!(heard(b"250 bare line feed\n").await.unwrap(), "250 bare line feed\r\n");
    assert_eq!(heard(b"250\r\n").await.unwrap(), "250 \r\n");
}

#[tokio::test]
async fn an_answer_in_a_charset_of_its_own_is_still_an_answer() {
    let sjis = heard(b"250 \x8e\xf3\x82\xaf\x95t\x82\xaf\r\n").await.unwrap();
    assert_eq!(wire::reply(&sjis).unwrap().code, 250);
}

#[tokio::test]
async fn an_answer_cut_off_is_an_error() {
    assert!(heard(b"25").await.is_err());
    assert!(heard(b"250-a\r\n").await.is_err());
    assert!(heard(b"").await.is_err());
}

#[tokio::test]
async fn an_endless_answer_is_cut_short() {
    assert!(heard(&vec![b'2'; 40_000]).await.is_err());
    assert!(heard(&b"250-x\r\n".repeat(9_000)).await.is_err());
}

#[tokio::test]
async fn one_answer_is_read_at_a_time_and_a_second_one_stops_us() {
    let (mut wire, mut server) = pair();
    server.write_all(b"250 ok\r\n250 and this one too\r\n").await.unwrap();
    let mut read = vec![0; 64];
    let taken = wire.read(&mut read).await.unwrap();
    assert_eq!(&read[..taken], b"250 ok\r\n");
    let refused = wire.write_all(b"MAIL").await.unwrap_err();
    assert!(refused.to_string().contains("out of turn: 250 and this one too"), "{refused}");
}

#[tokio::test]
async fn words_while_we_speak_stop_us() {
    let (mut wire, mut server) = pair();
    wire.write_all(b"the first half of a message\r\n").await.unwrap();
    server.write_all(b"421 going down\r\n").await.unwrap();
    assert!(wire.write_all(b"the second half\r\n").await.is_err());
}

#[tokio::test]
async fn plaintext_behind_the_answer_to_starttls_is_refused() {
    let (mut wire, mut server) = pair();
    server.write_all(b"220 go\r\n250-INJECTED\r\n").await.unwrap();
    assert_eq!(wire.answer().await.unwrap(), "220 go\r\n");
    assert!(wire.into_inner().is_err());
}

#[tokio::test]
async fn the_end_of_a_message_is_seen_however_it_is_cut() {
    for (parts, end) in [
        (&["a\r\n.\r\n"][..], true),
        (&["a\r\n", ".\r\n"], true),
        (&["a\r", "\n.", "\r", "\n"], true),
        (&["a\r\r\n.\r\n"], true),
        (&["a\r\n.\r"], false),
        (&["a\r\n..\r\n"], false),
        (&["a\n.\n"], false),
        (&["a\r\n.x\r\n\r\n"], false),
        (&[".\r\n"], false),
    ] {
        let (mut wire, _server) = pair();
        for part in parts {
            wire.write_all(part.as_bytes()).await.unwrap();
        }
        assert_eq!(wire.seen().end_of_message_left(), end, "{parts:?}");
    }
}

#[test]
fn features_are_read_in_any_spelling() {
    let features = Features::read(
        "250-mx.example.jp hello AUTH\r\n250-size 1000\r\n250-Auth PLAIN login\r\n250-AUTH=LOGIN\r\n\
         250-8bitmime\r\n250 SMTPUTF8\r\n",
    );
    assert_eq!(
        features,
        Features {
            mechanisms: vec!["LOGIN".into(), "PLAIN".into()],
            size: Some(1000),
            eight_bit: true,
            smtp_utf8: true,
            starttls: false,
        }
    );
}

#[test]
fn an_answer_has_a_code_and_one_line_of_words() {
    let reply = wire::reply("550-5.1.1 no such user\r\n550 5.1.1 here\r\n").unwrap();
    assert_eq!((reply.code, reply.text.as_str()), (550, "5.1.1 no such user 5.1.1 here"));
    for odd in ["", "25", "hello", "abc def", "999 x", "100 x", "日本語", "250-a\r\n550 b\r\n"] {
        assert_eq!(wire::reply(odd), None, "{odd:?}");
    }
}

#[tokio::test]
async fn what_a_server_does_wrong_is_told_in_both_languages() {
    for (said, japanese) in [
        (&b""[..], "サーバーが接続を切りました"),
        (b"250-a\r\n", "サーバーが応答の途中で接続を切りました"),
        (&[b'2'; 5_000], "サーバーの応答が長すぎます"),
    ] {
        let words = wire::words(&heard(said).await.unwrap_err());
        assert_eq!(words.told(Lang::Ja), japanese);
        assert!(words.told(Lang::En).is_ascii());
    }
    let reset = wire::words(&io::Error::from(io::ErrorKind::ConnectionReset));
    assert_eq!(reset.told(Lang::Ja), "接続が切れました（connection reset）");
    let words = at(Phase::EndOfMessage, &silence(MESSAGE_LIMIT));
    assert_eq!(words.told(Lang::Ja), "受け取りの確認：10 分待っても返事がありませんでした");
    let reply = Reply { code: 250, text: "odd".into() };
    assert_eq!(
        at(Phase::Data, &unexpected(&reply)).told(Lang::Ja),
        "DATA：想定外の応答でした：250 odd"
    );
}

#[test]
fn trouble_is_told_in_both_languages() {
    let reply = Reply { code: 554, text: "5.7.1 go away".into() };
    let refused = SmtpError::Refused { phase: Phase::Greeting, reply };
    assert_eq!(
        refused.explain(Lang::Ja).what,
        "メールサーバーに断られました（最初の応答）：554 5.7.1 go away"
    );
    assert_eq!(
        refused.explain(Lang::En).what,
        "the mail server refused (waiting for the greeting): 554 5.7.1 go away"
    );
}
