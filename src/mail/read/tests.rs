//! How a mail is put together: alternatives, attached mails, limits, marks.

use crate::lang::Lang;
use crate::mail::{Mail, Role, Unreadable, join};

fn read(message: &str) -> Mail {
    Mail::read(message.as_bytes()).unwrap()
}

/// A `multipart/alternative` of these two texts.
fn alternative(plain: &str, html: &str) -> Mail {
    read(&format!(
        "Subject: x\nContent-Type: multipart/alternative; boundary=b\n\n\
         --b\nContent-Type: text/plain; charset=utf-8\n\n{plain}\n\
         --b\nContent-Type: text/html; charset=utf-8\n\n{html}\n--b--\n"
    ))
}

#[test]
fn bytes_that_are_no_mail_are_refused() {
    assert_eq!(Mail::read(b""), Err(Unreadable::Empty));
    assert_eq!(Mail::read(b" \r\n\r\n"), Err(Unreadable::Empty));
    assert_eq!(Mail::read(b"just some words\n\nand more"), Err(Unreadable::NoHeader));
    assert_eq!(Mail::read(b"key: value\nother: 1\n\ntext"), Err(Unreadable::NoHeader));
    assert_eq!(Mail::read(b"\0\x01\x02\xff\xfe"), Err(Unreadable::NoHeader));
}

#[test]
fn an_mbox_line_and_empty_lines_before_the_header_are_passed_over() {
    let mail =
        read("\r\nFrom saiyo@example.jp Tue Nov 17 10:12:00 2026\r\nSubject: x\r\n\r\nbody\r\n");
    assert_eq!((mail.subject.as_str(), mail.new_text().as_str()), ("x", "body"));
}

#[test]
fn the_plain_text_is_the_body_and_the_html_the_alternative() {
    let mail =
        alternative("今回は見送りとなりました。", "<p>今回は見送りと<b>なりました</b>。</p>");
    assert_eq!(mail.new_text(), "今回は見送りとなりました。");
    assert_eq!(join(&mail.alternative, Role::New), "今回は見送りとなりました。");
}

#[test]
fn a_stub_gives_way_to_the_html() {
    for stub in [
        "",
        "   \n\n",
        "このメールはHTML形式でお送りしています。表示されない場合は、HTMLメールに対応したソフトでご覧ください。",
        "HTMLメールです",
        "Please view this email in your browser: https://example.com/v/1",
        "──────",
    ] {
        let html = "<p>塚本 莉子 様</p><p>誠に残念ながら、次の選考へのご案内は見送らせていただくこととなりました。またの機会がございましたら、どうぞよろしくお願いいたします。</p>";
        let mail = alternative(stub, html);
        assert!(mail.new_text().contains("見送らせて"), "{stub}: {:?}", mail.body);
        assert_eq!(mail.alternative, [], "{stub}");
    }
}

#[test]
fn a_line_before_a_whole_letter_gives_way_but_is_kept() {
    let letter = "<p>選考の結果、誠に残念ながら今回は見送りとさせていただきます。</p>".repeat(4);
    let mail = alternative("選考結果のご連絡です。", &letter);
    assert!(mail.new_text().contains("見送り"));
    assert_eq!(join(&mail.alternative, Role::New), "選考結果のご連絡です。");
}

#[test]
fn a_plain_part_that_holds_html_source_is_read_as_html() {
    let mail = read(
        "Subject: x\nContent-Type: text/plain; charset=utf-8\n\n<!DOCTYPE html><html><body><p>通<b>過</b></p></body></html>\n",
    );
    assert_eq!(mail.new_text(), "通過");
}

#[test]
fn html_alone_is_the_body() {
    let mail = read("Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>通<i>過</i></p>\n");
    assert_eq!(mail.new_text(), "通過");
    assert_eq!(mail.alternative, []);
}

#[test]
fn text_parts_of_a_mixed_mail_follow_each_other() {
    let mail = read(
        "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\none\n\
         --b\nContent-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\nAAAA\n\
         --b\nContent-Type: text/plain\n\ntwo\n--b--\n",
    );
    assert_eq!(mail.new_text(), "one\n\ntwo");
    assert_eq!(mail.attachments.len(), 1);
    assert_eq!(mail.attachments[0].name.as_deref(), Some("a.pdf"));
    assert_eq!(mail.attachments[0].content_type, "application/pdf");
}

#[test]
fn an_attached_mail_is_read_whatever_its_encoding() {
    let inner = "From: hr@example.jp\nSubject: inner\nContent-Type: text/plain; charset=utf-8\n\n今回は見送ります。\n";
    let base64 = "RnJvbTogaHJAZXhhbXBsZS5qcApTdWJqZWN0OiBpbm5lcgpDb250ZW50LVR5cGU6IHRleHQvcGxhaW47IGNoYXJzZXQ9dXRmLTgKCuS7iuWbnuOBr+imi+mAgeOCiuOBvuOBmeOAggo=";
    for (encoding, part) in
        [("8bit", inner.to_owned()), ("base64", base64.to_owned()), ("BASE64 ", base64.to_owned())]
    {
        let mail = read(&format!(
            "Subject: outer\nContent-Type: multipart/mixed; boundary=b\n\n\
             --b\nContent-Type: text/plain\n\nsee below\n\
             --b\nContent-Type: message/rfc822\nContent-Transfer-Encoding: {encoding}\n\n{part}\n\
             --b\nContent-Type: text/plain; name=n.txt\nContent-Disposition: attachment\n\nnote\n--b--\n"
        ));
        assert_eq!(mail.new_text(), "see below", "{encoding}");
        assert_eq!(mail.attached.len(), 1, "{encoding}");
        assert_eq!(mail.attached[0].subject, "inner", "{encoding}");
        assert_eq!(mail.attached[0].new_text(), "今回は見送ります。", "{encoding}");
        assert_eq!(mail.attachments.len(), 1, "{encoding}: {:?}", mail.attachments);
        assert!(!mail.truncated);
    }
}

#[test]
fn mails_in_mails_are_read_to_a_bounded_depth() {
    let message =
        "Subject: x\nContent-Type: message/rfc822\n\n".repeat(100) + "Subject: last\n\nend\n";
    let mut mail = &read(&message);
    assert!(!mail.truncated);
    let mut depth = 1;
    while let Some(inner) = mail.attached.first() {
        mail = inner;
        depth += 1;
    }
    assert_eq!(depth, super::DEPTH_MAX);
    assert!(mail.truncated);
}

#[test]
fn a_hundred_thousand_mails_in_each_other_do_not_overflow_a_small_stack() {
    let message = "a:\nContent-Type: message/rfc822\n\n".repeat(100_000);
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    small.spawn(move || drop(Mail::read(message.as_bytes()))).unwrap().join().unwrap();
}

#[test]
fn a_multipart_without_end_gives_what_it_has() {
    let mail = read(
        "Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n途中まで",
    );
    assert_eq!(mail.new_text(), "途中まで");
    assert_eq!(mail.attachments, []);
    let mail = read(
        "Subject: x\nContent-Type: multipart/alternative; boundary=b\n\n\
         --b\nContent-Type: text/plain\n\nHTMLメールです\n\
         --b\nContent-Type: text/html\n\n<p>今回は<b>見送り</b>とさせていただき",
    );
    assert_eq!(mail.new_text(), "今回は見送りとさせていただき");
}

#[test]
fn a_missing_boundary_leaves_the_text_readable() {
    let mail = read("Subject: x\nContent-Type: multipart/mixed\n\n本文です。\n");
    let all: String = mail.body.iter().map(|block| block.text.as_str()).collect();
    assert!(all.contains("本文です。") || !mail.attachments.is_empty(), "{mail:?}");
}

#[test]
fn too_much_text_is_cut_and_marked() {
    let mail = read(&("Subject: x\n\n".to_owned() + &"長い本文。\n".repeat(100_000)));
    assert!(mail.truncated);
    assert!(mail.new_text().len() <= super::TEXT_MAX_BYTES);
    assert!(mail.new_text().starts_with("長い本文。"));
}

#[test]
fn identifiers_and_roles_are_read() {
    let mail = read(
        "Message-ID: <m@example.jp>\nIn-Reply-To: <p@example.jp>\nReferences: <r@example.jp>\n <p@example.jp>\n\
         From: HR <hr@example.jp>\nSender: HR <hr@example.jp>\nReply-To: saiyo@example.jp\n\
         To: a@example.jp, b@example.jp\nCc: c@example.jp\nSubject: x\n\ny\n",
    );
    assert_eq!(mail.message_id.unwrap().bracketed(), "<m@example.jp>");
    assert_eq!(mail.in_reply_to.len(), 1);
    assert_eq!(mail.references.len(), 2);
    assert_eq!(mail.sender, None, "the same as the author");
    assert_eq!(mail.reply_to[0].addr_spec, "saiyo@example.jp");
    assert_eq!((mail.to.len(), mail.cc.len()), (2, 1));
}

#[test]
fn marks_are_read_from_the_topmost_headers() {
    let mail = read(
        "Return-Path: <>\nAuthentication-Results: mx.example.jp; dmarc=fail\n\
         Authentication-Results: evil.example; dmarc=pass\nAuto-Submitted: auto-replied (vacation)\n\
         Precedence: Bulk\nList-Id: <l.example.jp>\nList-Unsubscribe: <mailto:u@example.jp>\n\
         X-Auto-Response-Suppress: All\nX-Mailer: =?UTF-8?B?44Oh44O844Op?=\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n\nfailed\n--b--\n",
    );
    let marks = &mail.marks;
    assert!(marks.null_return_path && marks.auto_submitted && marks.bulk && marks.list);
    assert!(marks.list_unsubscribe && marks.suppress_auto_response && marks.report);
    assert_eq!(marks.dmarc.as_deref(), Some("fail"));
    assert_eq!(marks.mailer.as_deref(), Some("メーラ"));
}

#[test]
fn a_personal_mail_has_no_marks() {
    let mail = read(
        "Return-Path: <hr@example.jp>\nAuto-Submitted: no\nPrecedence: normal\nSubject: x\n\ny\n",
    );
    assert_eq!(mail.marks, super::super::Marks::default());
}

#[test]
fn the_language_is_that_of_the_new_text() {
    for (text, lang) in [
        ("選考の結果、不採用です。", Lang::Ja),
        ("Dear 山田 花子 様, thank you for applying.", Lang::En),
        ("Thank you.\n\n> ありがとうございます。\n> よろしくお願いします。", Lang::En),
        (
            "マイページ https://example.jp/a/very/long/path/that/has/many/latin/letters/in/it をご覧ください",
            Lang::Ja,
        ),
        (
            "このたびはご応募いただき、誠にありがとうございました。\n\nThank you very much for your application to our company. We look forward to meeting you.",
            Lang::Ja,
        ),
        ("不採用", Lang::Ja),
    ] {
        let mail =
            read(&format!("Subject: Re: x\nContent-Type: text/plain; charset=utf-8\n\n{text}\n"));
        assert_eq!(mail.lang, lang, "{text}");
    }
}

#[test]
fn answers_and_forwards_are_told_by_subject_and_parent() {
    for (subject, has_parent, answers) in [
        ("Re: x", false, true),
        ("RE：x", false, true),
        ("ｘ", true, true),
        ("Fwd: x", true, false),
        ("FW: Re: x", true, false),
        ("転送: x", false, false),
        ("Result", false, false),
    ] {
        assert_eq!(super::answers(subject, has_parent), answers, "{subject}");
    }
}
