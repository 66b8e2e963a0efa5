//! The draft itself: its digest, its gaps, its way through an editor.

use proptest::prelude::*;

use super::samples::address;
use super::*;

pub(crate) fn draft() -> Draft {
    Draft {
        kind: Kind::Thanks,
        lang: Lang::Ja,
        from: address("山田 太郎", "taro@example.jp"),
        to: address("株式会社サンプル 採用担当", "saiyo@example.co.jp"),
        subject: "Re: 選考結果のご連絡".to_owned(),
        body: "お世話になっております。\n\n山田です。\n".to_owned(),
        in_reply_to: MessageId::new("result-1@example.co.jp"),
        references: MessageId::new("result-1@example.co.jp").into_iter().collect(),
        charset: Charset::Utf8,
    }
}

#[test]
fn any_change_of_what_is_approved_changes_the_digest() {
    let id = |text: &str| MessageId::new(text).unwrap();
    let changed = [
        Draft { charset: Charset::Iso2022Jp, ..draft() },
        Draft { from: address("山田 太郎", "jiro@example.jp"), ..draft() },
        Draft { from: address("山田 次郎", "taro@example.jp"), ..draft() },
        Draft { to: address("", "saiyo@example.co.jp"), ..draft() },
        Draft { to: address("株式会社サンプル 採用担当", "x@example.com"), ..draft() },
        Draft { subject: "Re: 選考結果".to_owned(), ..draft() },
        Draft {
            body: "お世話になっております。\n\n山田です\n".to_owned(), ..draft()
        },
        Draft { in_reply_to: None, ..draft() },
        Draft { references: Vec::new(), ..draft() },
        Draft { references: vec![id("a@example.jp"), id("result-1@example.co.jp")], ..draft() },
        // Text that moves from one field to the next.
        Draft {
            subject: "Re: 選考結果のご連絡お世話になっております。".to_owned(),
            body: "\n\n山田です。\n".to_owned(),
            ..draft()
        },
    ];
    let digests: std::collections::HashSet<String> =
        changed.iter().chain([&draft()]).map(|draft| draft.digest().0).collect();
    assert_eq!(digests.len(), changed.len() + 1);
}

/// A stored approval must still fit its draft after an update of goen.
#[test]
fn the_digest_stays_the_same_from_version_to_version() {
    insta::assert_snapshot!(
        draft().digest().0,
        @"3b6edc7e7368a0514867b5ae390630b83a6efd7e8028c55a0540a96188aff6d5"
    );
}

#[test]
fn what_is_still_to_be_filled_in_is_found() {
    let gaps = |body: &str| Draft { body: body.to_owned(), ..draft() }.placeholders();
    assert_eq!(gaps("〇〇と申します。"), ["〇〇"]);
    assert_eq!(gaps("○○株式会社 ●●様 ◯◯"), ["○○", "●●", "◯◯"]);
    assert_eq!(gaps("・［第1希望の日時を記入］\n・［第2希望の日時を記入］").len(), 2);
    assert_eq!(gaps("by [Fill in: date]"), ["[Fill in: date]"]);
    let in_the_subject = Draft { subject: "Re: 〇〇の件".to_owned(), ..draft() };
    assert_eq!(in_the_subject.placeholders(), ["〇〇"]);
}

#[test]
fn years_lists_and_brackets_are_no_gaps() {
    for body in ["二〇〇五年に卒業", "○ 一つ目\n○ 二つ目", "［添付］資料", "[1] see below", "〇"]
    {
        let draft = Draft { body: body.to_owned(), ..draft() };
        assert_eq!(draft.placeholders(), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn an_edit_changes_the_subject_and_the_text_and_nothing_else() {
    let text = draft()
        .to_text()
        .replace("選考結果のご連絡", "お礼")
        .replace("山田です", "山田でございます");
    let edited = draft().edit(&text.replace('\n', "\r\n")).unwrap();
    let expected = Draft {
        subject: "Re: お礼".to_owned(),
        body: "お世話になっております。\n\n山田でございます。\n".to_owned(),
        ..draft()
    };
    assert_eq!(edited, expected);
}

#[test]
fn an_edit_cannot_change_who_gets_the_reply() {
    for (from, to, field) in [
        ("saiyo@example.co.jp", "x@example.com", "To"),
        ("taro@example.jp", "x@example.com", "From"),
    ] {
        let text = draft().to_text().replace(from, to);
        assert_eq!(draft().edit(&text), Err(EditError::HeadChanged(field)));
    }
    let added = draft().to_text().replace("Subject:", "Bcc: x@example.com\nSubject:");
    assert_eq!(draft().edit(&added), Err(EditError::NoHead));
    let added = draft().to_text().replacen("\n\n", "\nBcc: x@example.com\n\n", 1);
    assert_eq!(draft().edit(&added), Err(EditError::NoHead));
}

#[test]
fn an_edit_that_leaves_nothing_to_send_is_refused() {
    let text = |body: &str| format!("{}\n{body}", draft().to_text().split_once("\n\n").unwrap().0);
    assert_eq!(draft().edit(""), Err(EditError::NoHead));
    assert_eq!(draft().edit(&text("\n \n\n")), Err(EditError::NoBody));
    let no_subject = draft().to_text().replace("Re: 選考結果のご連絡", " ");
    assert_eq!(draft().edit(&no_subject), Err(EditError::NoSubject));
    assert_eq!(draft().edit(&text("\na\u{1b}[2Jb")), Err(EditError::ControlCharacter { line: 5 }));
    let long = text(&format!("\n{}", "あ".repeat(TEXT_MAX_CHARS)));
    assert_eq!(draft().edit(&long), Err(EditError::TooLong));
}

proptest! {
    #[test]
    fn a_draft_comes_back_from_an_editor_as_it_went(
        body in "[^\\p{C}]{1,40}(\n[^\\p{C}]{0,40}){0,6}",
        subject in "[^\\p{C}\\s]{1,20}( [^\\p{C}\\s]{1,20}){0,2}",
    ) {
        prop_assume!(!body.trim().is_empty());
        let body = format!("{}\n", body.trim_end_matches('\n'));
        let draft = Draft { body, subject: plain::one_line(&subject), ..draft() };
        prop_assume!(!draft.subject.is_empty());
        prop_assert_eq!(draft.edit(&draft.to_text()), Ok(draft));
    }

    #[test]
    fn no_text_makes_an_edit_panic(text in any::<String>()) {
        let _ = draft().edit(&text);
        let _ = draft().edit(&format!("From: {text}\n\n{text}"));
        let _ = placeholders_in(&text);
    }
}
