//! The bytes of a reply, as other programs read them.

use mail_parser::{HeaderValue as Parsed, MessageParser};
use proptest::prelude::*;

use super::*;
use crate::reply::Kind;

fn address(name: &str, addr_spec: &str) -> Address {
    let name = (!name.is_empty()).then(|| name.to_owned());
    Address { name, addr_spec: addr_spec.into() }
}

fn id(text: &str) -> MessageId {
    MessageId::new(text).unwrap()
}

fn draft() -> Draft {
    Draft {
        kind: Kind::Thanks,
        lang: Lang::Ja,
        from: address("山田 花子", "hanako@example.jp"),
        to: address("株式会社サンプル 採用ご担当者様", "jinji@example.co.jp"),
        subject: "Re: 選考結果のご連絡".into(),
        body: "株式会社サンプル\n採用ご担当者様\n\nお世話になっております。\n.\n..\n山田 花子\n"
            .into(),
        in_reply_to: Some(id("kekka-1@example.co.jp")),
        references: vec![id("oubo-1@example.jp"), id("kekka-1@example.co.jp")],
        charset: Charset::Utf8,
    }
}

fn date() -> Zoned {
    let instant: jiff::Timestamp = "2026-11-24T00:30:00Z".parse().unwrap();
    instant.to_zoned(jiff::tz::TimeZone::fixed(jiff::tz::offset(9)))
}

fn composed(draft: &Draft) -> Message {
    compose(draft, &id("goen.1@example.jp"), &date()).unwrap()
}

fn raw(draft: &Draft) -> String {
    String::from_utf8(composed(draft).raw).unwrap()
}

fn header(raw: &str, name: &str) -> Option<String> {
    let unfolded = raw.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
    let prefix = format!("{name}: ");
    unfolded.split("\r\n").find_map(|line| line.strip_prefix(&prefix).map(str::to_owned))
}

#[test]
fn a_reply_looks_like_this_on_the_wire() {
    insta::assert_snapshot!(raw(&draft()).replace("\r\n", "\n"), @r"
    From: =?utf-8?b?5bGx55SwIOiKseWtkA==?= <hanako@example.jp>
    To: =?utf-8?b?5qCq5byP5Lya56S+44K144Oz44OX44OrIOaOoeeUqOOBlOaLheW9kw==?=
     =?utf-8?b?6ICF5qeY?= <jinji@example.co.jp>
    Subject: Re: =?utf-8?b?6YG46ICD57WQ5p6c44Gu44GU6YCj57Wh?=
    Date: Tue, 24 Nov 2026 09:30:00 +0900
    Message-ID: <goen.1@example.jp>
    In-Reply-To: <kekka-1@example.co.jp>
    References: <oubo-1@example.jp> <kekka-1@example.co.jp>
    MIME-Version: 1.0
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: base64

    5qCq5byP5Lya56S+44K144Oz44OX44OrDQrmjqHnlKjjgZTmi4XlvZPogIXmp5gNCg0K44GK5LiW
    6Kmx44Gr44Gq44Gj44Gm44GK44KK44G+44GZ44CCDQouDQouLg0K5bGx55SwIOiKseWtkA0K
    ");
}

#[test]
fn other_programs_read_back_what_was_approved() {
    let draft = draft();
    let message = composed(&draft);
    let read = MessageParser::default().parse(&message.raw).unwrap();
    assert_eq!(read.subject(), Some(draft.subject.as_str()));
    assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n"), draft.body);
    let from = read.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("山田 花子"), Some("hanako@example.jp")));
    let to = read.to().unwrap().first().unwrap();
    assert_eq!(to.name(), draft.to.name.as_deref());
    assert_eq!(to.address(), Some(draft.to.addr_spec.as_str()));
    assert_eq!(read.message_id(), Some("goen.1@example.jp"));
    assert_eq!(read.in_reply_to().as_text(), Some("kekka-1@example.co.jp"));
    let Parsed::TextList(thread) = read.references() else { panic!("no list") };
    assert_eq!(thread, &["oubo-1@example.jp", "kekka-1@example.co.jp"]);
    assert_eq!(message.envelope.reverse_path, "hanako@example.jp");
    assert_eq!(message.envelope.forward_path, "jinji@example.co.jp");
}

#[test]
fn the_date_is_in_the_users_time_zone() {
    assert_eq!(header(&raw(&draft()), "Date").unwrap(), "Tue, 24 Nov 2026 09:30:00 +0900");
}

#[test]
fn there_is_no_sign_of_automation_and_no_hidden_recipient() {
    let raw = raw(&draft());
    for name in ["Auto-Submitted", "Precedence", "Bcc", "X-Mailer", "User-Agent", "Sender"] {
        assert_eq!(header(&raw, name), None, "{name}");
    }
}

#[test]
fn the_same_draft_gives_the_same_bytes() {
    assert_eq!(composed(&draft()), composed(&draft()));
}

#[test]
fn a_long_thread_is_folded_and_kept_whole() {
    let mut draft = draft();
    draft.references =
        (0..60).map(|n| id(&format!("{n}.{}@example.co.jp", "x".repeat(90)))).collect();
    let raw = raw(&draft);
    assert!(raw.lines().all(|line| line.len() <= LINE_MAX_BYTES));
    let thread = header(&raw, "References").unwrap();
    assert_eq!(thread.split_whitespace().count(), 60);
}

#[test]
fn control_characters_in_a_name_are_scrubbed() {
    for name in ["a\r\nBcc: x@example.com", "a\nb", "a\0b", "山\u{1b}田", "a\tb", "山\u{2028}田"]
    {
        let mut draft = draft();
        draft.to = address(name, "jinji@example.co.jp");
        draft.from = address(name, "hanako@example.jp");
        let raw = raw(&draft);
        assert_eq!(header(&raw, "Bcc"), None, "{name:?}");
        assert!(header(&raw, "From").unwrap().ends_with("<hanako@example.jp>"), "{name:?}");
        assert!(header(&raw, "To").unwrap().ends_with("<jinji@example.co.jp>"), "{name:?}");
    }
}

#[test]
fn a_name_of_nothing_but_control_characters_is_left_out() {
    let mut draft = draft();
    draft.to = address("\r\n\0", "jinji@example.co.jp");
    assert_eq!(header(&raw(&draft), "To").unwrap(), "jinji@example.co.jp");
}

#[test]
fn a_subject_cannot_bring_a_header_with_it() {
    for subject in ["x\r\nBcc: evil@example.com", "x\nBcc: evil@example.com", "x\rBcc: e", "x\0y"] {
        let mut draft = draft();
        draft.subject = subject.into();
        let raw = raw(&draft);
        assert_eq!(header(&raw, "Bcc"), None);
        assert!(header(&raw, "Subject").unwrap().starts_with('x'));
    }
}

#[test]
fn an_address_that_would_not_arrive_as_written_is_refused() {
    for spec in [
        "",
        "@docomo.ne.jp",
        "jinji",
        "a b@example.com",
        "<a@example.com>",
        "a@example.com>",
        "a@example.com\r\nBcc: c@example.com",
        "a@example.com,b@example.com",
        "foo..bar.@docomo.ne.jp",
        "a\"b@example.com",
        &format!("{}@example.com", "x".repeat(300)),
    ] {
        let mut draft = draft();
        draft.to = address("", spec);
        assert!(compose(&draft, &id("a@example.jp"), &date()).is_err(), "{spec:?}");
    }
}

#[test]
fn unusual_addresses_that_are_valid_are_kept_exactly() {
    for spec in ["\"foo..bar.\"@docomo.ne.jp", "o'brien+jobs@example.com", "採用@例え.jp"] {
        let mut draft = draft();
        draft.to = address("", spec);
        let message = composed(&draft);
        assert_eq!(message.envelope.forward_path, spec);
        assert_eq!(header(std::str::from_utf8(&message.raw).unwrap(), "To").unwrap(), spec);
    }
}

#[test]
fn a_body_with_control_characters_is_refused() {
    for body in ["a\rb", "a\0b", "a\u{1b}[2Jb", "a\u{85}b"] {
        let mut draft = draft();
        draft.body = body.into();
        let refused = compose(&draft, &id("a@example.jp"), &date());
        assert!(matches!(refused, Err(ComposeError::Control(_))), "{body:?}");
    }
}

#[test]
fn an_empty_body_is_refused() {
    let mut draft = draft();
    draft.body = " \n\n　\n".into();
    assert_eq!(compose(&draft, &id("a@example.jp"), &date()), Err(ComposeError::Empty));
}

#[test]
fn the_wire_form_is_strict() {
    assert_eq!(check_wire_form(b"A: b\r\n\r\nc\r\n"), Ok(()));
    let long = format!("{}\r\n", "x".repeat(LINE_MAX_BYTES + 1));
    for bad in [
        &b"a"[..],
        b"a\r\n\r\n",
        b"a\n.\nb\r\n",
        b"a\rb\r\n",
        b"a\0b\r\n",
        long.as_bytes(),
        b"\r\r\n",
    ] {
        assert!(check_wire_form(bad).is_err(), "{bad:?}");
    }
}

proptest! {
    /// Subject and names come from the mail, the body from the user's editor.
    #[test]
    fn whatever_is_in_a_draft_the_bytes_are_fit_for_the_wire(
        subject in ".{0,200}", name in ".{0,200}", body in "(?s).{0,400}"
    ) {
        let draft = Draft { subject, to: address(&name, "jinji@example.co.jp"), body, ..draft() };
        if let Ok(message) = compose(&draft, &id("goen.1@example.jp"), &date()) {
            prop_assert_eq!(check_wire_form(&message.raw), Ok(()));
            let head = String::from_utf8(message.raw).unwrap();
            let head = head.split("\r\n\r\n").next().unwrap().to_owned();
            let names: Vec<_> = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']))
                .map(|line| line.split(':').next().unwrap().to_owned()).collect();
            prop_assert_eq!(names, ["From", "To", "Subject", "Date", "Message-ID", "In-Reply-To",
                "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]);
        }
    }
}

#[test]
fn an_international_domain_goes_out_in_its_ascii_form() {
    for written in ["例え.jp", "xn--r8jz45g.jp"] {
        let to = address("採用ご担当者様", &format!("jinji@{written}"));
        let message = composed(&Draft { to, ..draft() });
        // No server has to know SMTPUTF8 for it.
        assert_eq!(message.envelope.forward_path, "jinji@xn--r8jz45g.jp");
        assert!(message.raw.is_ascii());
        let text = String::from_utf8(message.raw).unwrap();
        assert!(header(&text, "To").unwrap().ends_with("<jinji@xn--r8jz45g.jp>"), "{text}");
    }
    // A local part has no such form.
    let message = composed(&Draft { to: address("", "採用@例え.jp"), ..draft() });
    assert_eq!(message.envelope.forward_path, "採用@例え.jp");
    assert!(!message.raw.is_ascii());
}

#[test]
fn a_domain_that_does_not_come_back_as_it_was_is_not_written_to() {
    for domain in ["xn--a.jp", "ｅｘａｍｐｌｅ.jp", "例\u{200d}え.jp"] {
        let draft = Draft { to: address("", &format!("jinji@{domain}")), ..draft() };
        let refused = compose(&draft, &id("goen.1@example.jp"), &date());
        assert!(matches!(refused, Err(ComposeError::Address { .. })), "{domain}");
    }
}

#[test]
fn an_old_correspondent_gets_iso_2022_jp() {
    let draft = Draft { charset: Charset::Iso2022Jp, ..draft() };
    let raw = raw(&draft);
    assert!(raw.is_ascii());
    insta::assert_snapshot!(raw.split("\r\n\r\n").next().unwrap().replace("\r\n", "\n"), @"
    From: =?ISO-2022-JP?B?GyRCOzNFRBsoQiAbJEIyVjtSGyhC?=
     <hanako@example.jp>
    To: =?ISO-2022-JP?B?GyRCM3Q8MDJxPFIlNSVzJVclaxsoQiAbJEI6Tk1RGyhC?=
     =?ISO-2022-JP?B?GyRCJDRDNEV2PFRNTRsoQg==?=
     <jinji@example.co.jp>
    Subject: Re: =?ISO-2022-JP?B?GyRCQSo5TTdrMkwkTiQ0TyJNbRsoQg==?=
    Date: Tue, 24 Nov 2026 09:30:00 +0900
    Message-ID: <goen.1@example.jp>
    In-Reply-To: <kekka-1@example.co.jp>
    References: <oubo-1@example.jp> <kekka-1@example.co.jp>
    MIME-Version: 1.0
    Content-Type: text/plain; charset=iso-2022-jp
    Content-Transfer-Encoding: 7bit
    ");
    let parsed = MessageParser::default().parse(raw.as_bytes()).unwrap();
    assert_eq!(parsed.subject(), Some("Re: 選考結果のご連絡"));
    assert_eq!(parsed.from().unwrap().first().unwrap().name(), Some("山田 花子"));
    assert_eq!(parsed.to().unwrap().first().unwrap().name(), draft.to.name.as_deref());
    assert_eq!(parsed.body_text(0).unwrap().replace("\r\n", "\n"), draft.body);
}

#[test]
fn what_iso_2022_jp_lacks_leaves_in_utf_8_whole() {
    let draft = Draft { charset: Charset::Iso2022Jp, body: "ﾊﾝｶｸ\n".into(), ..draft() };
    assert_eq!(fits_charset(&draft), Err(Some('ﾊ')));
    let raw = raw(&draft);
    assert!(raw.contains("charset=utf-8") && !raw.contains("ISO-2022-JP"), "{raw}");
    let parsed = MessageParser::default().parse(raw.as_bytes()).unwrap();
    assert_eq!(parsed.body_text(0).unwrap().trim_end(), "ﾊﾝｶｸ");
}
