//! The reader on whole messages: every way in which Japanese mail is known to go wrong.
//!
//! The samples in `tests/samples/mail` are made up; each has one trouble, and its name says which. The first
//! part of the names: `cs` charset labels, `ew` encoded words, `jisms` Microsoft's ISO-2022-JP, `mis`
//! charset and label do not fit, `name` file names, `raw` bytes in headers.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use goen::lang::Lang;
use goen::mail::{Mail, Role, join};
use proptest::prelude::*;

fn sample(name: &str) -> Vec<u8> {
    std::fs::read(format!("tests/samples/mail/{name}.eml")).unwrap()
}

fn read(name: &str) -> Mail {
    Mail::read(&sample(name)).unwrap()
}

/// Name, new text, and whether the charset had to be guessed.
const TEXTS: &[(&str, &str, bool)] = &[
    ("cs-Big5", "日本語 のメール", false),
    ("cs-CP932", "日本語①髙㈱", false),
    ("cs-EUC-JP", "日本語のメール", false),
    ("cs-EUC-KR", "日本語 のメ?ル", false),
    ("cs-GB2312", "日本語 のメール", false),
    ("cs-MS932", "日本語①髙㈱", false),
    ("cs-Shift_JIS", "日本語①髙㈱", false),
    ("cs-UTF-16", "日本語のメール", false),
    ("cs-UTF-7", "日本語のメール", false),
    ("cs-Windows-31J", "日本語①髙㈱", false),
    ("cs-gb18030", "日本語 のメール", false),
    ("cs-iso-8859-1", "日本語のメール", true),
    ("cs-ks_c_5601-1987", "日本語 のメ?ル", false),
    ("cs-unknown-8bit", "日本語①髙㈱", true),
    ("cs-us-ascii", "日本語のメール", true),
    ("cs-utf-8", "日本語のメール", false),
    ("cs-x-euc-jp", "日本語のメール", false),
    ("cs-x-sjis", "日本語①髙㈱", false),
    ("html-jis", HTML, false),
    ("html-sjis-meta-only", HTML, false),
    ("jis", SENTENCE, false),
    ("jis-qp-eq", SENTENCE, false),
    ("jisms-CP50221", "①②③㈱ ｶﾅ 日本", false),
    ("jisms-ISO-2022-JP", "①②③㈱ ｶﾅ 日本", false),
    ("jisms-ISO-2022-JP-1", "①②③㈱ ｶﾅ 日本", false),
    ("jisms-csISO2022JP", "①②③㈱ ｶﾅ 日本", false),
    ("jisms-iso-2022-jp-ms", "①②③㈱ ｶﾅ 日本", false),
    ("mis-ascii-jis", SENTENCE, true),
    ("mis-iso2022-is-sjis", SENTENCE, true),
    ("mis-iso2022-is-utf8", SENTENCE, true),
    ("mis-none-jis", SENTENCE, true),
    ("mis-none-sjis", SENTENCE, true),
    ("mis-none-utf8", SENTENCE, true),
    ("mis-utf8-is-sjis", SENTENCE, true),
    ("mis-utf8-jis", SENTENCE, true),
    ("half-width-kana-raw", "ｻｲﾖｳの結果", true),
    ("mac-line-ends", "一行目\n二行目\n三行目終", false),
    ("cut-off", "今回は見送り\u{fffd}", false),
];

const SENTENCE: &str = "日本語のメールです。返信をお願いします。";
const HTML: &str = "田中様\n\nお世話になっております。\n株式会社 山田です。♥\n\n日時\t11月22日\n場所\t東京\n\n一つ目\n二つ目\n\nこちら";

#[test]
fn text_is_read_in_every_charset_and_under_every_label() {
    let mut wrong = Vec::new();
    for (name, text, guessed) in TEXTS {
        let mail = read(name);
        if (mail.new_text().as_str(), mail.charset_guessed) != (text, *guessed) {
            wrong.push(format!("{name}: {:?}, guessed {}", mail.new_text(), mail.charset_guessed));
        }
        if mail.lang != Lang::Ja {
            wrong.push(format!("{name}: {:?}", mail.lang));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn subjects_are_read_however_they_are_encoded() {
    for (name, subject) in [
        ("ew-adjacent", "Re: 会議の件 (2)"),
        ("ew-noquote-long", "会議の件"),
        ("ew-split-jis-noesc", "あいうえおかきくけこさしすせそ"),
        ("ew-split-sjis", "会議の件"),
        ("ew-split-utf8", "会議の件"),
        ("jis", "会議の件"),
        ("raw-subj-cp932", "会議の件"),
        ("raw-subj-euc-jp", "会議の件"),
        ("raw-subj-iso-2022-jp", "会議の件"),
        ("raw-subj-utf-8", "会議の件"),
        ("half-width-kana-raw", "ｻｲﾖｳｽﾚﾌ ｹｯｶ"),
        ("spoofed-name", "a b"),
        ("mailto-group", ""),
    ] {
        assert_eq!(read(name).subject, subject, "{name}");
    }
}

#[test]
fn the_author_is_found_however_the_name_is_written() {
    for (name, author, addr_spec) in [
        ("cs-utf-8", Some("山田"), "taro@example.jp"),
        ("ew-in-quotes", Some("山田太郎"), "t@example.jp"),
        ("raw-subj-cp932", Some("山田"), "t@example.jp"),
        ("raw-subj-euc-jp", Some("山田"), "t@example.jp"),
        ("raw-subj-iso-2022-jp", Some("山田"), "t@example.jp"),
        ("raw-subj-utf-8", Some("山田"), "t@example.jp"),
        ("half-width-kana-raw", Some("ｻｲﾖｳ"), "s@example.jp"),
        ("docomo", None, "foo..bar.@docomo.example"),
        ("spoofed-name", Some("人事 Bcc: x <evil@example.com>"), "hr@example.co.jp"),
    ] {
        let mail = read(name);
        let found = mail.author().unwrap();
        assert_eq!(
            (found.name.as_deref(), found.addr_spec.as_str()),
            (author, addr_spec),
            "{name}"
        );
    }
    assert_eq!(read("mailto-group").from, []);
}

#[test]
fn carrier_addresses_come_through_exactly_as_written() {
    let to = read("docomo").to;
    let specs: Vec<&str> = to.iter().map(|address| address.addr_spec.as_str()).collect();
    assert_eq!(specs, ["\"foo..bar.\"@docomo.example", ".abc@ezweb.example"]);
}

#[test]
fn file_names_are_read_in_all_four_ways() {
    for (name, file) in
        [("name-ew", "見積書.pdf"), ("name-raw-sjis", "見積書表.pdf"), ("rfc2231", "見積書.pdf")]
    {
        let attachments = read(name).attachments;
        assert_eq!(attachments[0].name.as_deref(), Some(file), "{name}");
        assert_eq!(attachments[0].content_type, "application/pdf", "{name}");
    }
}

#[test]
fn identifiers_are_read_and_unsafe_ones_are_not() {
    let mail = read("msgid");
    assert_eq!(mail.message_id.unwrap().as_str(), "a@example.jp");
    let ids = |ids: &[goen::mail::MessageId]| -> Vec<String> {
        ids.iter().map(|id| id.as_str().to_owned()).collect()
    };
    assert_eq!(ids(&mail.in_reply_to), ["p1@example.jp", "p2@example.jp"]);
    assert_eq!(ids(&mail.references), ["r1@example.jp", "r2@example.jp", "r3@example.jp"]);
    assert_eq!(ids(&read("spoofed-name").in_reply_to), ["badid@example.jp"]);
}

#[test]
fn a_date_with_its_zone_in_a_comment_is_read() {
    assert_eq!(read("date-bad").date, Some("2026-11-22T05:01:00Z".parse().unwrap()));
}

#[test]
fn flowed_text_is_put_together_and_its_signature_found() {
    let mail = read("flowed");
    assert_eq!(mail.new_text(), "これは長い文のつづきです。");
    assert_eq!(join(&mail.body, Role::Forwarded), "引用の続き");
    assert_eq!(join(&mail.body, Role::Signature), "--\n署名");
}

#[test]
fn a_gmail_answer_has_the_same_new_words_in_both_alternatives() {
    let mail = read("gmail-answer");
    let new = "山田様\n\nご丁寧にありがとうございます。\n結果は今週中にご連絡します。";
    assert_eq!(mail.new_text(), new);
    assert_eq!(join(&mail.alternative, Role::New), new);
    for blocks in [&mail.body, &mail.alternative] {
        let quoted = join(blocks, Role::Quoted);
        assert!(quoted.starts_with("2026年11月17日(火) 10:12 山田 花子"), "{quoted}");
        assert!(quoted.ends_with("不採用でも後悔のない時間でした。"), "{quoted}");
    }
}

#[test]
fn an_outlook_answer_in_html_shows_only_its_new_words_as_new() {
    let mail = read("outlook-answer-html");
    assert_eq!(mail.new_text(), "Dear Hanako,\n\nMonday works – see you at ten.");
    assert!(join(&mail.body, Role::Quoted).ends_with("so any day is fine."));
    assert_eq!(mail.lang, Lang::En);
}

#[test]
fn a_gmail_forward_keeps_the_news_as_forwarded() {
    let mail = read("gmail-forward-html");
    assert_eq!(mail.new_text(), "お知らせが届きました。");
    assert!(join(&mail.body, Role::Forwarded).ends_with("一次面接は通過です。"));
}

#[test]
fn a_forwarded_mail_in_an_attachment_is_read_like_any_mail() {
    let mail = read("agent-forward-rfc822-jis");
    assert_eq!(mail.subject, "選考結果のご連絡");
    assert_eq!(mail.new_text(), "企業様のメールを添付します。");
    assert_eq!(mail.attached.len(), 1);
    assert_eq!(mail.attached[0].subject, "面接結果");
    assert_eq!(mail.attached[0].new_text(), "今回は採用を見送らせていただきます。");
    assert_eq!(mail.attachments, []);
}

#[test]
fn hidden_text_that_contradicts_the_visible_one_is_not_read() {
    let mail = read("hidden-preheader");
    assert_eq!(
        mail.new_text(),
        "山田 花子 様\n誠に残念ながら、今回は見送らせていただきます。\n企業\t例社",
    );
}

#[test]
fn a_frame_around_the_result_stays_and_the_one_around_the_signature_goes() {
    let mail = read("signed-jis-plain");
    assert_eq!(
        mail.new_text(),
        "山田様\n\n■━━━━━━━━━━\n　選考結果：お見送り\n━━━━━━━━━━■\n\nまたのご応募をお待ちしております。",
    );
    assert!(join(&mail.body, Role::Signature).contains("TEL 03-0000-0000"));
}

#[test]
fn every_sample_is_named_in_a_test() {
    let tests = include_str!("reader.rs");
    for entry in std::fs::read_dir("tests/samples/mail").unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".eml").unwrap();
        assert!(tests.contains(&format!("\"{name}\"")), "{name}");
    }
}

fn samples() -> Vec<Vec<u8>> {
    let mut files: Vec<_> = std::fs::read_dir("tests/samples/mail")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// What holds for every mail, however broken the message was.
fn assert_clean(mail: &Mail) {
    let names = mail.from.iter().chain(&mail.to).chain(&mail.reply_to);
    let one_line = names
        .filter_map(|address| address.name.as_deref())
        .chain([mail.subject.as_str()])
        .chain(mail.attachments.iter().filter_map(|attachment| attachment.name.as_deref()));
    for text in one_line {
        assert!(!text.contains(char::is_control), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{200b}', '\u{feff}']), "{text:?}");
    }
    for block in mail.body.iter().chain(&mail.alternative) {
        assert!(!block.text.trim().is_empty());
        assert!(block.text.ends_with('\n'));
        assert!(
            !block.text.contains(|c: char| c.is_control() && c != '\n' && c != '\t'),
            "{block:?}"
        );
    }
    for address in mail.from.iter().chain(&mail.reply_to) {
        assert!(address.addr_spec.contains('@'));
        assert!(!address.addr_spec.contains(['\n', '\r', '\0']));
    }
    mail.attached.iter().for_each(assert_clean);
}

/// Pieces that bring a message into the corners of the reader.
const PIECES: &[&str] = &[
    "Content-Type: multipart/mixed; boundary=b\n",
    "Content-Type: message/rfc822\n",
    "\n--b\n",
    "\n--b--\n",
    "\n\n",
    "Content-Transfer-Encoding: base64\n",
    "Content-Transfer-Encoding: quoted-printable\n",
    "Content-Type: text/html\n",
    "Content-Type: text/plain; charset=iso-2022-jp; format=flowed\n",
    "Subject: =?iso-2022-jp?b?GyRC?=\n",
    "From: \"a\\\" (b <c@d>, e:;\n",
    "<div style='display:none'>",
    "<blockquote>",
    "</table><td>",
    "&#x1F600;&nbsp",
    "> ",
    "-- \n",
    "-----Original Message-----\n",
    "From: a\nSent: b\nTo: c\nSubject: d\n",
    "\x1b$B",
    "\x1b(I",
    "=?",
    "?=",
    "Content-Disposition: attachment; filename*0*=x''%E3; filename*1=\"\n",
    "+AGE-",
    "─────\n",
    "日本語",
    "\u{202e}",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        if let Ok(mail) = Mail::read(&bytes) {
            assert_clean(&mail);
        }
    }

    #[test]
    fn any_pieces_of_mail_never_panic(picks in prop::collection::vec(0..PIECES.len(), 0..60)) {
        let message: String = picks.iter().map(|pick| PIECES[*pick]).collect();
        if let Ok(mail) = Mail::read(format!("Subject: x\n{message}").as_bytes()) {
            assert_clean(&mail);
        }
    }

    #[test]
    fn damaged_samples_never_panic(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let samples = samples();
        let mut message = which.get(&samples).clone();
        for (at, byte) in changes {
            let at = at.index(message.len());
            message[at] = byte;
        }
        message.truncate(cut.index(message.len()) + 1);
        if let Ok(mail) = Mail::read(&message) {
            assert_clean(&mail);
        }
    }
}
