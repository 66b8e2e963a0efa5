//! What the drafts say, to whom, and what a mail can't do to them.

use std::fmt::Write as _;
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::mail::{Block, Role};
use crate::reply::samples::{self, address, mail, verdict};

static TEMPLATES: LazyLock<Templates> = LazyLock::new(Templates::built_in);

fn profile() -> Profile {
    Profile {
        name: "山田 太郎".to_owned(),
        name_en: "Taro Yamada".to_owned(),
        signature: "例示大学 経済学部\n電話 090-0000-0000".to_owned(),
    }
}

fn draft(mail: &Mail, verdict: &Verdict, kind: Kind) -> Draft {
    try_draft(mail, verdict, kind, &profile()).unwrap()
}

fn try_draft(
    mail: &Mail,
    verdict: &Verdict,
    kind: Kind,
    profile: &Profile,
) -> Result<Draft, DraftError> {
    let from = address("山田 太郎", "taro@example.jp");
    let own_addresses = ["taro@example.jp".to_owned()];
    TEMPLATES.draft(&Request {
        mail,
        verdict,
        kind,
        profile,
        from: &from,
        own_addresses: &own_addresses,
    })
}

fn signed(text: &str) -> Mail {
    Mail { body: vec![Block { role: Role::Signature, text: text.to_owned() }], ..mail() }
}

fn addressed(mail: &Mail, verdict: &Verdict) -> String {
    addressee::of(mail, verdict).lines(mail.lang, verdict.channel)
}

#[test]
fn every_built_in_template_can_be_filled_in_every_situation() {
    for lang in [Lang::Ja, Lang::En] {
        for kind in Kind::ALL {
            assert_eq!(TEMPLATES.check(lang, kind), Ok(()));
        }
    }
}

#[test]
fn the_drafts_read_as_they_were_reviewed() {
    let interviewed = Verdict { stage: Stage::FinalInterview, ..verdict() };
    let open = Verdict { door: Door::Open, ..interviewed.clone() };
    let agent = Verdict { channel: Channel::Agent, ..interviewed.clone() };
    let agents_mail = Mail {
        from: vec![address("例示キャリア株式会社 佐藤 次郎", "sato@agent.example.com")],
        ..mail()
    };
    let offer = Verdict { outcome: Outcome::Offer, ..verdict() };
    let advanced = Verdict { outcome: Outcome::Advanced, ..verdict() };
    let waiting = Verdict { outcome: Outcome::InProcess, ..verdict() };
    let english = Mail {
        lang: Lang::En,
        subject: "Your application".to_owned(),
        from: vec![address("Jane Doe", "jane@example.com")],
        ..mail()
    };
    let in_english = |verdict: &Verdict| Verdict {
        company: Some("Example Inc.".to_owned()),
        position: Some("Data Engineer".to_owned()),
        ..verdict.clone()
    };
    let mut all = String::new();
    for (mail, verdict, kind) in [
        (&mail(), &verdict(), Kind::Thanks),
        (&mail(), &interviewed, Kind::Thanks),
        (&mail(), &open, Kind::KeepInTouch),
        (&mail(), &interviewed, Kind::AskReason),
        (&agents_mail, &agent, Kind::AgentFeedback),
        (&agents_mail, &agent, Kind::Thanks),
        (&mail(), &advanced, Kind::AcceptNext),
        (&mail(), &offer, Kind::OfferThanks),
        (&mail(), &waiting, Kind::AskWhen),
        (&agents_mail, &agent, Kind::AskWhen),
        (&english, &in_english(&waiting), Kind::AskWhen),
        (&english, &in_english(&verdict()), Kind::Thanks),
        (&english, &in_english(&open), Kind::KeepInTouch),
        (&english, &in_english(&interviewed), Kind::AskReason),
        (&english, &in_english(&agent), Kind::AgentFeedback),
        (&english, &in_english(&agent), Kind::Thanks),
        (&english, &in_english(&advanced), Kind::AcceptNext),
        (&english, &in_english(&offer), Kind::OfferThanks),
    ] {
        let text = draft(mail, verdict, kind).to_text();
        write!(all, "==== {kind:?}\n{text}\n").unwrap();
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_thanks_in_japanese_has_the_length_that_is_customary() {
    for stage in [Stage::Document, Stage::FinalInterview] {
        for channel in [Channel::Company, Channel::Agent] {
            let verdict = Verdict { stage, channel, ..verdict() };
            let body = draft(&mail(), &verdict, Kind::Thanks).body;
            let letter = body.split_once("-----").unwrap().0;
            let length = letter.chars().filter(|c| !c.is_whitespace()).count();
            assert!((280..=400).contains(&length), "{length}: {letter}");
        }
    }
}

#[test]
fn a_finished_profile_leaves_no_gap_but_dates() {
    for kind in Kind::ALL {
        for lang in [Lang::Ja, Lang::En] {
            let gaps = draft(&Mail { lang, ..mail() }, &verdict(), kind).placeholders();
            let dates = matches!(kind, Kind::AcceptNext | Kind::OfferThanks);
            assert_eq!(!gaps.is_empty(), dates, "{kind:?}: {gaps:?}");
        }
    }
}

#[test]
fn a_missing_name_is_a_gap_that_blocks_approval() {
    for lang in [Lang::Ja, Lang::En] {
        let mail = Mail { lang, ..mail() };
        let draft = try_draft(&mail, &verdict(), Kind::Thanks, &Profile::default()).unwrap();
        assert!(!draft.placeholders().is_empty());
    }
}

#[test]
fn the_reply_goes_to_reply_to_and_to_nobody_else() {
    let mail = Mail {
        reply_to: vec![address("人事部", "jinji@example.co.jp")],
        cc: vec![address("", "other@example.co.jp")],
        ..mail()
    };
    assert_eq!(draft(&mail, &verdict(), Kind::Thanks).to, mail.reply_to[0]);
    let refused = Mail { from: vec![address("", "noreply@example.com")], ..mail };
    let refused = Mail { reply_to: Vec::new(), ..refused };
    assert_eq!(
        try_draft(&refused, &verdict(), Kind::Thanks, &profile()),
        Err(DraftError::Refused(Refusal::NoReplyAddress))
    );
}

#[test]
fn the_addressee_is_who_the_mail_says_it_is_from() {
    let from = |name: &str| Mail { from: vec![address(name, "saiyo@example.co.jp")], ..mail() };
    let wrote = |text: &str| Mail {
        from: vec![address("", "saiyo@example.co.jp")],
        body: vec![Block { role: Role::New, text: text.to_owned() }],
        ..mail()
    };
    for (mail, person) in [
        (from("株式会社サンプル 採用担当"), "採用ご担当者様"),
        (from("株式会社サンプル 人事部 田中 花子"), "人事部 田中 花子様"),
        (from("田中花子（株式会社サンプル）"), "採用ご担当者様"),
        (from("長谷部 誠"), "長谷部 誠様"),
        (from("採用チーム"), "採用ご担当者様"),
        (from("株式会社サンプル 新卒採用事務局"), "採用ご担当者様"),
        (from("【株式会社サンプル】採用担当"), "採用ご担当者様"),
        (from("サンプル採用チーム(人事)"), "採用ご担当者様"),
        (from("株式会社サンプル 採用担当 田中"), "田中様"),
        (from("サンプル 人事部長 山本 誠"), "山本 誠様"),
        (from("株式会社サンプル／人事部／高橋"), "人事部 高橋様"),
        (from("㈱サンプル・斎藤"), "採用ご担当者様"),
        (from("Sample Inc. HR"), "採用ご担当者様"),
        (from("マイナビ転職"), "採用ご担当者様"),
        (from("株式会社サンプル ジョン スミス"), "ジョン スミス様"),
        (from("例示 運輸"), "採用ご担当者様"),
        (from("任天堂"), "採用ご担当者様"),
        (from("株式会社サンプル"), "採用ご担当者様"),
        (from("Hanako Tanaka"), "Hanako Tanaka様"),
        (from("Sample Recruiting Team"), "採用ご担当者様"),
        (wrote("山田 太郎 様\n\n株式会社サンプル 人事部の田中でございます。"), "人事部 田中様"),
        (wrote("山田様\n株式会社サンプル採用担当の鈴木と申します。"), "鈴木様"),
        (wrote("お世話になっております。担当の者です。"), "採用ご担当者様"),
        (wrote("選考の結果です。"), "採用ご担当者様"),
        (wrote("今回は採用の見送りです。"), "採用ご担当者様"),
        (wrote("弊社の採用方針です。"), "採用ご担当者様"),
        (wrote("人事部の判断です。"), "採用ご担当者様"),
        (
            signed("株式会社サンプル\n人事部 採用グループ 佐々木 一郎\nTEL 03-0000-0000"),
            "採用グループ 佐々木 一郎様",
        ),
        (signed("採用担当 林\n東京都千代田区"), "林様"),
        (signed("東京都 千代田区 丸の内"), "採用ご担当者様"),
    ] {
        assert_eq!(addressed(&mail, &verdict()), format!("株式会社サンプル\n{person}"), "{mail:?}");
    }
    let unknown = Verdict { company: None, ..verdict() };
    assert_eq!(addressed(&wrote("結果です。"), &unknown), "採用ご担当者様");
}

#[test]
fn an_agent_is_addressed_by_name_and_firm_and_not_as_the_employer() {
    let agent = Verdict { channel: Channel::Agent, ..verdict() };
    let from = |name: &str| Mail { from: vec![address(name, "a@agent.example.com")], ..mail() };
    let mail = from("例示キャリア株式会社 佐藤 次郎");
    assert_eq!(addressed(&mail, &agent), "例示キャリア株式会社\n佐藤 次郎様");
    assert_eq!(addressed(&from("例示エージェント"), &agent), "ご担当者様");
}

#[test]
fn an_english_letter_greets_a_person_or_the_team() {
    let from =
        |name: &str| Mail { lang: Lang::En, from: vec![address(name, "hr@example.com")], ..mail() };
    let known = Verdict { company: Some("Example Inc.".to_owned()), ..verdict() };
    let unknown = Verdict { company: None, ..verdict() };
    assert_eq!(addressed(&from("Jane Doe via ATS"), &known), "Dear Jane Doe,");
    assert_eq!(addressed(&from("Mary-Ann O'Hara (Example)"), &known), "Dear Mary-Ann O'Hara,");
    assert_eq!(addressed(&from("Example Talent Team"), &known), "Dear Example Inc. team,");
    assert_eq!(addressed(&from("jobs"), &unknown), "Dear Hiring Team,");
}

#[test]
fn a_bank_a_school_and_a_hospital_are_written_to_in_their_own_words() {
    for (name, word) in [
        ("株式会社例示銀行", "貴行"),
        ("学校法人例示大学", "貴学"),
        ("医療法人 例示病院", "貴院"),
        ("一般財団法人例示会", "貴財団"),
        ("株式会社大学生協サービス", "貴社"),
        ("株式会社サンプル", "貴社"),
    ] {
        assert_eq!(your_company(name), word, "{name}");
    }
}

#[test]
fn the_subject_says_re_once() {
    for subject in
        ["選考結果", "Re: 選考結果", "RE: Re:選考結果", "Re[2]: 選考結果", "返信：Re：選考結果"]
    {
        assert_eq!(reply_subject(subject, Lang::Ja), "Re: 選考結果");
    }
    assert_eq!(
        reply_subject("Regarding your application", Lang::En),
        "Re: Regarding your application"
    );
    assert_eq!(reply_subject(" Re: ", Lang::En), "Re: your message");
    assert_eq!(reply_subject("a\r\nBcc: x@example.com", Lang::Ja), "Re: a Bcc: x@example.com");
    assert!(reply_subject(&"あ".repeat(9_000), Lang::Ja).chars().count() <= SUBJECT_MAX_CHARS + 4);
}

#[test]
fn a_reply_joins_the_thread_and_the_chain_stays_bounded() {
    let id = |n: usize| MessageId::new(&format!("{n}@example.jp")).unwrap();
    let answer = |references: Vec<MessageId>, in_reply_to: Vec<MessageId>| {
        thread(&Mail { references, in_reply_to, message_id: Some(id(0)), ..mail() })
    };
    assert_eq!(answer(vec![], vec![]), [id(0)]);
    assert_eq!(answer(vec![id(1), id(2), id(1)], vec![id(9)]), [id(1), id(2), id(0)]);
    assert_eq!(answer(vec![], vec![id(9)]), [id(9), id(0)], "a parent without References");
    let long = answer((1..=500).map(id).collect(), vec![]);
    assert_eq!(long.len(), REFERENCES_KEPT_LAST + 1);
    assert_eq!((&long[0], &long[1], &long[20]), (&id(1), &id(482), &id(0)));
}

#[test]
fn a_template_of_the_users_own_is_used_and_checked_when_it_is_read() {
    let file =
        |text: &str| [TemplateFile { lang: Lang::Ja, kind: Kind::Thanks, text: text.to_owned() }];
    let own = Templates::load(&file("{{ addressee }}\n\n{{ me }}より")).unwrap();
    let from = address("", "taro@example.jp");
    let request = Request {
        mail: &mail(),
        verdict: &verdict(),
        kind: Kind::Thanks,
        profile: &profile(),
        from: &from,
        own_addresses: &[],
    };
    let body = own.draft(&request).unwrap().body;
    assert_eq!(body, "株式会社サンプル\n採用ご担当者様\n\n山田 太郎より\n");

    for (text, words) in [
        ("{{ adressee }}", "undefined"),
        ("{% if company %}", "unexpected end"),
        ("x {% if interviewed %}{{ oops }}{% endif %}", "undefined"),
        ("  \n", "empty"),
    ] {
        let error = Templates::load(&file(text)).unwrap_err().to_string();
        assert!(error.starts_with("replies/ja/thanks.txt: "), "{error}");
        assert!(error.contains(words), "{words}: {error}");
    }
}

const RIGHT_TO_LEFT: char = '\u{202E}';

proptest! {
    #[test]
    fn nothing_in_a_mail_alters_the_structure_of_a_draft(
        company in any::<String>(),
        name in "\\PC*|[^a-z]*",
        subject in any::<String>(),
    ) {
        let hostile = format!("{name}\r\nBcc: x@example.com\n\n{{{{ me }}}}\u{202E}");
        let mail = Mail { subject, from: vec![address(&hostile, "saiyo@example.co.jp")], ..mail() };
        let verdict = Verdict {
            company: Some(format!("{company}\r\n\r\n.\r\n{hostile}")),
            position: Some(hostile),
            stage: Stage::FinalInterview,
            ..verdict()
        };
        let harmless = Verdict { company: Some("例".to_owned()), position: Some("例".to_owned()), ..verdict.clone() };
        let usual = draft(&samples::mail(), &harmless, Kind::Thanks);
        let draft = draft(&mail, &verdict, Kind::Thanks);
        prop_assert_eq!(draft.body.lines().count(), usual.body.lines().count());
        prop_assert!(!draft.subject.contains(['\r', '\n']));
        prop_assert!(draft.body.chars().all(|c| c == '\n' || !c.is_control()));
        prop_assert!(!draft.to_text().contains(RIGHT_TO_LEFT));
        prop_assert_eq!(&draft.to.addr_spec, "saiyo@example.co.jp");
        prop_assert!(!draft.to.name.unwrap_or_default().contains('\n'));
    }
}
